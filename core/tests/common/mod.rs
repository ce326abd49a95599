//! What the tests of this crate share with each other, with the crate `accuracy` and with the tests of the host.
#![allow(dead_code, reason = "each program that includes this module uses a part of it")]

pub mod finite;
pub mod images;
pub mod naive;
pub mod precision;
pub mod reference;
pub mod single;
pub mod statistics;
pub mod ulp;

/// The tolerance of `f32` kernels; with the feature `micromath` a wider one.
pub fn of_f32(tolerance: f64) -> f64 {
    if cfg!(feature = "micromath") { precision::MICROMATH_FACTOR * tolerance } else { tolerance }
}
