//! What the tests of the core and of the host share: images, references, tolerances.
#![allow(dead_code, reason = "files of the core's tests, of which a part is used")]

#[path = "../../core/tests/common/naive.rs"]
pub mod naive;
#[path = "../../core/tests/common/precision.rs"]
pub mod precision;
#[path = "../../core/tests/common/reference.rs"]
pub mod reference;
#[path = "../../core/tests/common/ulp.rs"]
pub mod ulp;
