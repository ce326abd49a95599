//! Exact kernels of infinitely wide ReLU networks on real images, and kernel regression with them.
//!
//! The mathematics lives in [`ultrawide_core`]; this crate drives it on a computer with files, threads and vector instructions:
//!
//! - [`data`]: data sets and NumPy arrays, normalised;
//! - [`simd`]: vectors of floats as numbers of the core, and which instruction set runs;
//! - [`gram`]: Gram matrices, tile by tile, over all threads;
//! - [`store`]: their tiles on disk, as a Zarr group that a killed run can go on with;
//! - [`regression`]: kernel regression in f64, with what there is to know about its reliability;
//! - [`job`]: all of it together, as the command `ultrawide` does it;
//! - [`experiment`]: networks of finite width against the infinite one;
//! - [`cli`]: that command.
//!
//! ```
//! use ultrawide::data::{Kind, LoadOptions, load};
//! use ultrawide::job::{Machine, NetKind, NetSettings, RunOptions, Silent, run};
//! use ultrawide::simd::Backend;
//! use ultrawide::store::Precision;
//! use ultrawide_core::Kernel;
//!
//! let mut images = LoadOptions::new(Kind::Digits);
//! (images.train_size, images.test_size) = (Some(60), Some(20));
//! let nets = NetSettings {
//!     nets: vec![NetKind::CntkV, NetKind::Fc],
//!     depths: vec![3, 6],
//!     kernels: vec![Kernel::Ntk],
//!     trained: None,
//!     lap: None,
//!     filter: 3,
//!     slope: 0.0,
//!     residual: None,
//! };
//! let options = RunOptions {
//!     nets,
//!     precision: Precision::F32,
//!     flip: false,
//!     tile: None,
//!     ridge: 0.0,
//!     solver: None,
//!     store: None,
//!     resume: false,
//!     subset: "first".to_owned(),
//! };
//! let machine = Machine::new(Backend::select()?, None)?;
//! let report = run(&load(&images)?, &options, &machine, &Silent)?;
//! for row in &report.results {
//!     println!("{}: {:.1} %", row.name(), 100.0 * row.accuracy.unwrap_or(f64::NAN));
//! }
//! assert_eq!(report.results.len(), 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod cli;
pub mod data;
pub mod experiment;
pub mod gram;
pub mod job;
#[cfg(test)]
#[allow(dead_code, reason = "a file of the core's tests, of which a part is used")]
#[path = "../../core/tests/common/precision.rs"]
mod precision;
pub mod regression;
pub mod store;
pub use ultrawide_simd as simd;
