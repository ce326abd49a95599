//! Exact kernels of infinitely wide ReLU networks: NNGP and NTK, dense and convolutional.
#![no_std]
#![forbid(unsafe_code)]

mod accumulate;
mod coefficients;
mod conv;
mod dense;
pub mod dual;
mod error;
pub mod network;
mod number;
mod readout;
mod shape;
mod variance;

pub use conv::{conv_pair, conv_scratch_len};
pub use dense::{FEATURE_BLOCK, add_exactly, block_products, dense_deviation, dense_layers, dense_pair};
pub use error::Error;
pub use network::{Conv, Dense, Kernel, Readout, Request, Trained};
pub use number::{Number, Scalar};
pub use shape::Shape;
pub use variance::{flip, identity_cap, prepare, prepared_len};
