//! Exact kernels of infinitely wide ReLU networks: NNGP and NTK, dense and convolutional; of leaky ReLUs, and with residual connections, too.
//!
//! No allocation, no `unsafe`, no file, thread or clock: the recursions run in buffers that the caller owns, over any
//! [`Number`]. Every entry point has a `…_len` function that tells the buffer it needs, and a buffer of another size is an
//! [`Error`] that names both. The mathematics: [`dual`] (κ0, κ1, one layer), [`conv_pair`], [`dense_pair`].
//!
//! ```
//! use ultrawide_core::*;
//!
//! // The vanilla CNTK and the NNGP kernel of two images of 2×2 pixels, at depths 3 and 4.
//! let shape = Shape { channels: 1, height: 2, width: 2 };
//! let request = Request::new(&[Kernel::Ntk, Kernel::Nngp], &[3, 4], Trained::All)?;
//! let net = Conv::new(shape, 3, &[Readout::Vanilla], request)?;
//! let (x, y) = ([1.0_f64, 0.5, 0.0, -1.0], [0.25, 1.0, 2.0, 0.0]);
//!
//! let (mut x_prepared, mut y_prepared) = ([0.0; 64], [0.0; 64]);
//! let len = prepared_len(&net);
//! prepare(&net, &x, &mut x_prepared[..len])?;
//! prepare(&net, &y, &mut y_prepared[..len])?;
//! let (mut scratch, mut kernels) = ([0.0; 64], [0.0; 4]);
//! assert!(conv_scratch_len(&net) <= scratch.len());
//! let cap = identity_cap(&x, &y);
//! conv_pair(&net, &x_prepared[..len], &y_prepared[..len], cap, &mut scratch, &mut kernels)?;
//!
//! let [ntk_3, _, nngp_3, _] = kernels;
//! assert!(ntk_3 > nngp_3 && nngp_3 > 0.0);
//! # Ok::<(), Error>(())
//! ```
//!
//! The recursions are those of Arora et al. 2019, arXiv 1904.11955v2, §4 and App. G, with their scale.
#![no_std]
#![forbid(unsafe_code)]

mod accumulate;
mod close;
mod coefficients;
mod conv;
mod dense;
pub mod dual;
mod error;
pub mod network;
mod number;
#[cfg(test)]
#[allow(dead_code, reason = "a file of the tests, of which a part is used")]
#[path = "../tests/common/precision.rs"]
mod precision;
mod readout;
mod scale;
mod shape;
mod variance;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;

pub use conv::{conv_pair, conv_scratch_len};
pub use dense::{FEATURE_BLOCK, add_exactly, block_products, dense_deviation, dense_layers, dense_pair};
pub use error::Error;
pub use network::{Conv, Dense, Kernel, Readout, Request, Trained};
pub use number::{Number, Scalar, polynomial};
pub use shape::Shape;
pub use variance::{average_flipped, flip, identity_cap, prepare, prepared_len};
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use wasm::{F32x4, F64x2};
