//! Exact kernels of infinitely wide ReLU networks: NNGP and NTK, dense and convolutional.
#![no_std]
#![forbid(unsafe_code)]

mod coefficients;
mod number;
mod shape;

pub use number::{Number, Scalar};
pub use shape::Shape;
