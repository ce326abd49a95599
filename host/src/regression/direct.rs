//! The solve by a Cholesky factor in f64.

use std::time::Instant;

use faer::MatRef;

use super::error::RegressionError;
use super::matrix::Matrix;
use super::method::Method;
use super::workspace::{Fit, SolveReport, Tell, first_non_finite};
use super::{cholesky, condition, residual, ridge as ridges};

/// The solve proper, inside the pool, on checked input.
pub(super) fn solve(
    matrix: &mut Matrix<f64>,
    ridge: f64,
    y: MatRef<'_, f64>,
    tell: Tell<'_>,
) -> Result<Fit, RegressionError> {
    let n = matrix.n();
    let clock = Instant::now();
    matrix.restore(ridge);
    tell("factorisation");
    if let Err(failure) = cholesky::factor(matrix.view_mut(), &told("factorisation", tell)) {
        return Err(ridges::explain(matrix, ridge, failure, tell));
    }
    let factor_seconds = clock.elapsed().as_secs_f64();

    let clock = Instant::now();
    let l = matrix.view();
    let mut alpha = y.to_owned();
    cholesky::solve(l, alpha.as_mut());
    let solve_seconds = clock.elapsed().as_secs_f64();

    let clock = Instant::now();
    tell("condition number and residual");
    let product = matrix.norm_one(ridge) * condition::inverse_norm_one(l);
    // 0·∞ can only come from a matrix whose inverse overflows.
    let condition = if product.is_nan() { f64::INFINITY } else { product };
    if first_non_finite(alpha.as_ref()).is_some() {
        return Err(RegressionError::Solution { condition, ridge });
    }
    let left = residual::residual(matrix, ridge, alpha.as_ref(), y);
    let backward_error = residual::backward_error(left.as_ref(), matrix.norm_one(ridge), alpha.as_ref(), y);
    let relative_residual = residual::relative(left.as_ref(), y);
    let check_seconds = clock.elapsed().as_secs_f64();

    let (pivot_min, pivot_max) = pivots((0..n).map(|i| l[(i, i)] * l[(i, i)]));
    let report = SolveReport {
        n,
        ridge,
        solver: Method::Cholesky,
        iterations: 0,
        relative_residual,
        shift: 0.0,
        condition,
        condition_is_bound: false,
        ill_conditioned: condition > 1.0 / f64::EPSILON,
        pivot_min,
        pivot_max,
        backward_error,
        threads: 0,
        fill_seconds: 0.0,
        factor_seconds,
        factor_gflops: gflops(n, factor_seconds),
        solve_seconds,
        check_seconds,
    };
    Ok(Fit { alpha, report })
}

/// What a factorisation tells of its progress.
pub(super) fn told<'a>(stage: &'a str, tell: Tell<'a>) -> impl Fn(f64) + 'a {
    move |part| tell(&format!("{stage}: {:.0} %", 100.0 * part))
}

/// The smallest and the largest.
pub(super) fn pivots(pivots: impl Iterator<Item = f64>) -> (f64, f64) {
    pivots.fold((f64::INFINITY, 0.0), |(min, max), pivot| (pivot.min(min), pivot.max(max)))
}

/// The speed of n³/3 operations, in 10⁹ a second; 0 if too fast to time.
pub(super) fn gflops(n: usize, seconds: f64) -> f64 {
    let n = n as f64;
    if seconds > 0.0 { n * n * n / 3.0 / seconds / 1e9 } else { 0.0 }
}
