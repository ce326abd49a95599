//! What the tests of the core share, with this crate too: tolerances, images, and one call for one pair.
#![allow(missing_docs, dead_code, reason = "files of the core's tests, which are not a library")]

#[path = "../../core/tests/common/images.rs"]
pub mod images;
#[path = "../../core/tests/common/naive.rs"]
pub mod naive;
#[path = "../../core/tests/common/precision.rs"]
pub mod precision;
#[path = "../../core/tests/common/single.rs"]
pub mod single;
#[path = "../../core/tests/common/ulp.rs"]
pub mod ulp;
