//! Kernels of a fixed set of inputs: nets of every kind, each with an image and four partners.
//!
//! They run on any number type. On those whose multiply-add rounds twice they must have the bits of [`expected`], which the package
//! `expected` writes on the host.
#![no_std]

#[cfg(any(target_os = "none", target_arch = "wasm32"))]
pub mod check;
pub mod expected;
mod images;
mod sets;

pub use images::PARTNERS;
pub use sets::{Net, SETS, Set};
