//! What the tests share with those of the core, and a fixed set of kernels.
#![allow(dead_code, reason = "each program that includes this module uses a part of it")]

pub mod fixed;
#[path = "../../../core/tests/common/images.rs"]
pub mod images;
#[path = "../../../core/tests/common/single.rs"]
pub mod single;
