//! Oracles for `ultrawide`, and the commands that measure its numbers against them.
//!
//! - [`big`]: a number of 384 bits on which the core's own recursions run;
//! - [`naive`]: the kernels straight from the paper in multi-precision, sharing nothing with the core but the description of a net.
//!
//! The crate is not published: what proves the numbers does not burden who uses them.

pub mod arc;
pub mod big;
pub mod common;
pub mod compare;
pub mod naive;

pub use big::Big;
