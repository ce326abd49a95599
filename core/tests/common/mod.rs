//! What the tests of this crate share with each other, with `examples/kappa_exhaustive.rs` and with the tests of the host.
#![allow(dead_code, reason = "each program that includes this module uses a part of it")]

pub mod images;
pub mod naive;
pub mod precision;
pub mod reference;
pub mod single;
pub mod ulp;
