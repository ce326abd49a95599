//! Oracles for `ultrawide`, and the commands that measure its numbers against them.
//!
//! - [`arithmetic`]: kernels of one pair in each way that this machine rounds;
//! - [`big`]: a number of 384 bits on which the core's own recursions run;
//! - [`growth`]: the errors of whole kernels, by depth;
//! - [`kappa`]: κ0 and κ1 rounded to the nearest float, for very many arguments;
//! - [`naive`]: the kernels straight from the paper in multi-precision, sharing nothing with the core but the description of a net;
//! - [`search`]: random networks and pairs of inputs, in search of large errors;
//! - [`spectrum`]: the smallest eigenvalues of Gram matrices of real images.
//!
//! The crate is not published: what proves the numbers does not burden who uses them.

pub mod arc;
pub mod arithmetic;
pub mod big;
pub mod common;
pub mod compare;
pub mod growth;
pub mod kappa;
pub mod naive;
pub mod search;
pub mod spectrum;

pub use big::Big;

/// A bar that tells how much of `len` is done, and when the rest will be.
pub fn progress_bar(len: u64, what: &str) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new(len).with_prefix(what.to_owned());
    match indicatif::ProgressStyle::with_template("{prefix} [{elapsed}] {wide_bar} {percent} % (eta {eta})") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
