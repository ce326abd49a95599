//! What the accuracy tests of the dual activations share with `examples/kappa_exhaustive.rs`.
#![allow(dead_code, reason = "each program that includes this module uses a part of it")]

pub mod precision;
pub mod reference;
pub mod ulp;
