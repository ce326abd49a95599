//! Kernel regression: f(x) = k(x, X) (K + ridge·I)⁻¹ Y, and the class of an image is the argmax of f.
//!
//! Y holds the one-hot labels less 0.1, so −0.1 and 0.9; the lowest class wins a tie.
//!
//! 1. [`Workspace::load`] has the caller write the training kernel K, from memory or from a store, tile by tile.
//! 2. [`Workspace::solve`] factors K + ridge·I in f64 and solves for all classes at once: [`Fit`]. The kernel survives the
//!    factorisation, so further ridges need no second load. One of [`Workspace::mixed`] precision factors in f32 and iterates in f64.
//! 3. [`Predictor`] sums the scores of the test images as the tiles of k(x, X) come in.
//!    [`Workspace::spectrum`] decomposes it instead: [`Spectrum`] then has the weights of any ridge and of any time of training.
//! 4. [`evaluate()`] turns scores into predictions and accuracies.
//!
//! Without any matrix in memory [`solve_tiles`] does the same as 1 and 2; with [`Rows`] of it in the memories of many machines,
//! [`solve_products`]. [`Method`] names the three ways.
//!
//! Every result has the same bits for any number of threads, on the same machine. Nothing here panics on bad input: wrong shapes,
//! entries that are not finite and matrices that are not positive definite come back as a [`RegressionError`] with their numbers.

mod cg;
mod cholesky;
mod condition;
mod direct;
mod entry;
mod error;
mod evaluate;
mod lower;
mod matrix;
mod method;
mod mixed;
mod pivoted;
mod predict;
mod product;
mod residual;
mod ridge;
mod rows;
mod spectrum;
mod targets;
mod tiled;
mod workspace;

#[cfg(test)]
mod tests;

pub use entry::Entry;
pub use error::{FillError, NotPositiveDefinite, RegressionError};
pub use evaluate::{ClassScore, Evaluation, evaluate};
pub use lower::LowerMut;
pub use method::Method;
pub use pivoted::RANK;
pub use predict::Predictor;
pub use product::Tiles;
pub use rows::Rows;
pub use spectrum::{Explained, Spectrum};
pub use targets::{MAX_CLASSES, TARGET_OFFSET, Targets};
pub use tiled::{Products, solve_products, solve_tiles};
pub use workspace::{Fit, MAX_THREADS, SolveReport, Tell, Workspace, fit};
