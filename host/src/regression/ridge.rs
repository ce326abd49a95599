//! Checking a ridge, and finding one when the given ridge is not enough.

use std::time::Instant;

use faer::{Mat, MatRef};

use super::cholesky::{Failure, factor, solve_backward};
use super::direct::told;
use super::entry::Entry;
use super::error::{NotPositiveDefinite, RegressionError};
use super::matrix::Matrix;
use super::workspace::Tell;

/// The next ridge to be tried is at least this many times the last.
const GROWTH: f64 = 4.0;
/// From 1e-308 to 1e308 there are about 1,000 steps of `GROWTH`; the bound on the norm stops the search long before.
const TRIES: usize = 64;

/// Checks that a ridge is finite and not negative.
pub(super) fn check(ridge: f64) -> Result<(), RegressionError> {
    if ridge.is_finite() && ridge >= 0.0 { Ok(()) } else { Err(RegressionError::Ridge { ridge }) }
}

/// Explains a failed factorisation and searches a ridge with which it succeeds. Call it inside the pool.
///
/// The search starts at the largest of
/// - 2·ridge;
/// - ridge − 2·bound, twice what the failed pivot shows to be missing;
/// - mean(K_ii)·ε₃₂·√n: the entries of an f32 kernel are off by about mean(K_ii)·ε₃₂, and the largest eigenvalue of a matrix of
///   independent errors of that size grows with √n;
///
/// rounded up to one digit, and each further try takes the larger of `GROWTH` times the last and what its own failed pivot shows.
/// It ends at 2‖K‖₁, which exceeds every eigenvalue.
///
/// # Cost
/// One factorisation per try, usually one to three. The matrix is left overwritten.
pub(super) fn explain<T: Entry>(
    matrix: &mut Matrix<T>,
    ridge: f64,
    failure: Failure,
    tell: Tell<'_>,
) -> RegressionError {
    let n = matrix.n();
    if !failure.pivot.is_finite() {
        return RegressionError::Overflow { pivot_index: failure.index, n, largest: matrix.largest() };
    }
    let eigenvalue_bound = eigenvalue_bound(matrix.view(), failure);
    RegressionError::NotPositiveDefinite(NotPositiveDefinite {
        n,
        ridge,
        pivot_index: failure.index,
        pivot: failure.pivot,
        eigenvalue_bound,
        suggested_ridge: search(matrix, ridge, eigenvalue_bound, tell).map(|found| found.ridge),
    })
}

/// A ridge with which the factorisation succeeded, and the seconds of that one.
pub(super) struct Found {
    pub(super) ridge: f64,
    pub(super) seconds: f64,
}

/// Searches as [`explain`] does; what is found leaves its factor in the matrix.
pub(super) fn search<T: Entry>(matrix: &mut Matrix<T>, ridge: f64, bound: f64, tell: Tell<'_>) -> Option<Found> {
    let noise = noise(matrix.diagonal(), matrix.largest());
    let last = round_up((2.0 * matrix.norm_one(0.0)).max(noise));
    let mut next = round_up((2.0 * ridge).max(ridge - 2.0 * bound).max(noise));
    for _ in 0..TRIES {
        if !next.is_finite() {
            return None;
        }
        let clock = Instant::now();
        matrix.restore(next);
        let stage = format!("trying ridge {next:e}");
        tell(&stage);
        let Err(failure) = factor(matrix.view_mut(), &told(&stage, tell)) else {
            return Some(Found { ridge: next, seconds: clock.elapsed().as_secs_f64() });
        };
        if next >= last || !failure.pivot.is_finite() {
            return None;
        }
        let missing = next - 2.0 * eigenvalue_bound(matrix.view(), failure);
        next = round_up((GROWTH * next).max(missing)).min(last);
    }
    None
}

/// An upper bound, at most 0, on the smallest eigenvalue of a matrix whose factorisation failed at pivot k.
///
/// With L₁₁ the factor of the leading k×k block and l the first k entries of row k of L, the vector v = (−L₁₁⁻ᵀl, 1, 0, …) has
/// vᵀAv = d_k, the failed pivot; so the smallest eigenvalue is at most d_k/‖v‖².
pub(super) fn eigenvalue_bound<T: Entry>(l: MatRef<'_, T>, failure: Failure) -> f64 {
    let v = direction(l, failure);
    let squares: f64 = (0..failure.index).map(|j| v[(j, 0)] * v[(j, 0)]).sum();
    let bound = failure.pivot / (1.0 + squares);
    // Where ‖v‖ overflows, all that is known is the sign of the pivot.
    if bound.is_nan() { 0.0 } else { bound.min(0.0) }
}

/// L₁₁⁻ᵀl of [`eigenvalue_bound`], −v without the 1 and what follows it.
pub(super) fn direction<T: Entry>(l: MatRef<'_, T>, failure: Failure) -> Mat<f64> {
    let k = failure.index;
    let mut v = Mat::from_fn(k, 1, |j, _| l[(k, j)].into());
    solve_backward(l.submatrix(0, 0, k, k), v.as_mut());
    v
}

/// The size of the errors of an f32 kernel as a matrix, see [`explain`].
pub(super) fn noise(diagonal: &[f64], largest: f64) -> f64 {
    let n = diagonal.len() as f64;
    let mean = diagonal.iter().map(|d| d / n).sum::<f64>();
    let scale = [mean, largest].into_iter().find(|&s| s > 0.0).unwrap_or(1.0);
    scale * f64::from(f32::EPSILON) * n.sqrt()
}

/// The smallest d·10^e ≥ `value` with one digit d, so that a suggestion is easy to type; `value` itself if it is not positive.
pub(super) fn round_up(value: f64) -> f64 {
    if !(value > 0.0 && value.is_finite()) {
        return value;
    }
    let exponent = value.log10().floor() as i32;
    // log10 may be off by one at a power of ten, hence the step on either side.
    let decimals = (exponent - 1..=exponent + 1).flat_map(|e| (1..10).map(move |d| format!("{d}e{e}")));
    decimals.filter_map(|text| text.parse().ok()).find(|&rounded: &f64| rounded >= value).unwrap_or(value)
}
