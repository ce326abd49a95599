//! The solve with half of the memory: a Cholesky factor in f32, then conjugate gradients in f64.
//!
//! The factor of A = K + ridge·I in f32 is that of a matrix which is off by about ε₃₂‖A‖. As long as this is less than the smallest
//! eigenvalue, a handful of iterations make up for it. Beyond that the factorisation may break down although A is positive
//! definite: then it is that of A + shift·I, with which the iteration takes longer but still solves A.
//!
//! The triangular solves run in f64 with the numbers of the factor: so the preconditioner is one fixed positive definite matrix,
//! as the theory of conjugate gradients wants it, and not another one for each residual.

use std::time::Instant;

use faer::prelude::*;
use faer::{Mat, MatMut, MatRef};

use super::cg::{self, Stop, System};
use super::direct::{gflops, pivots, told};
use super::error::{NotPositiveDefinite, RegressionError};
use super::matrix::Matrix;
use super::method::Method;
use super::product::multiply;
use super::ridge::Found;
use super::workspace::{Fit, SolveReport, Tell, first_non_finite};
use super::{cholesky, condition, ridge as ridges};

/// The kernel above the diagonal of the matrix, the factor below.
struct Factored<'a> {
    matrix: &'a Matrix<f32>,
    ridge: f64,
}

impl System for Factored<'_> {
    fn apply(&self, x: MatRef<'_, f64>, mut y: MatMut<'_, f64>) -> Result<(), RegressionError> {
        multiply(self.matrix, x, y.rb_mut())?;
        add_ridge(self.ridge, x, y);
        Ok(())
    }

    fn precondition(&self, z: MatMut<'_, f64>) {
        cholesky::solve(self.matrix.view(), z);
    }
}

/// Y ← Y + ridge·X.
pub(super) fn add_ridge(ridge: f64, x: MatRef<'_, f64>, y: MatMut<'_, f64>) {
    if ridge > 0.0 {
        zip!(y, x).for_each(|unzip!(y, x)| *y += ridge * x);
    }
}

/// The solve proper, inside the pool, on checked input.
pub(super) fn solve(
    matrix: &mut Matrix<f32>,
    ridge: f64,
    y: MatRef<'_, f64>,
    tell: Tell<'_>,
) -> Result<Fit, RegressionError> {
    let n = matrix.n();
    let clock = Instant::now();
    matrix.restore(ridge);
    tell("factorisation");
    let first = cholesky::factor(matrix.view_mut(), &told("factorisation", tell));
    let mut factor_seconds = clock.elapsed().as_secs_f64();
    let mut search_seconds = 0.0;
    let (mut shift, mut curvature, mut suggested) = (0.0, f64::INFINITY, None);
    if let Err(failure) = first {
        if !failure.pivot.is_finite() {
            return Err(RegressionError::Overflow { pivot_index: failure.index, n, largest: matrix.largest() });
        }
        tell("the factorisation in f32 failed");
        let bound = ridges::eigenvalue_bound(matrix.view(), failure);
        curvature = bend(matrix, ridge, &ridges::direction(matrix.view(), failure))?;
        let found = ridges::search(matrix, ridge, bound, tell);
        let all_seconds = clock.elapsed().as_secs_f64();
        suggested = found.as_ref().map(|found| found.ridge);
        if let Some(stop) = Stop::of(curvature, matrix.norm_one(ridge), 0) {
            let ridges = Ridges { tried: suggested, noise: ridges::noise(matrix.diagonal(), matrix.largest()) };
            return Err(explain(stop, (n, ridge, matrix.norm_one(ridge)), f64::INFINITY, ridges));
        }
        let Some(Found { ridge: total, seconds }) = found else {
            return Err(RegressionError::NotPositiveDefinite(NotPositiveDefinite {
                n,
                ridge,
                pivot_index: failure.index,
                pivot: failure.pivot,
                eigenvalue_bound: bound,
                suggested_ridge: None,
            }));
        };
        (shift, factor_seconds, search_seconds) = (total - ridge, seconds, all_seconds - seconds);
    }

    let clock = Instant::now();
    let norm = matrix.norm_one(ridge);
    let solution = match cg::solve(&Factored { matrix, ridge }, norm, y, tell) {
        Ok(solution) => solution,
        Err(stop) => {
            let ridges = Ridges { tried: suggested, noise: ridges::noise(matrix.diagonal(), matrix.largest()) };
            return Err(explain(stop, (n, ridge, norm), norm / curvature, ridges));
        }
    };
    let solve_seconds = clock.elapsed().as_secs_f64();

    let clock = Instant::now();
    tell("condition number");
    let l = matrix.view();
    let estimate = if shift > 0.0 { 0.0 } else { condition::inverse_norm_one(l) };
    // ‖A⁻¹‖₁ is at least 1/λ for the smallest eigenvalue λ, which is at most what any direction shows.
    let condition = norm * estimate.max(1.0 / curvature.min(solution.curvature));
    let condition = if condition.is_nan() { f64::INFINITY } else { condition };
    let (pivot_min, pivot_max) = pivots((0..n).map(|i| f64::from(l[(i, i)]).powi(2)));
    let check_seconds = search_seconds + clock.elapsed().as_secs_f64();
    let report = SolveReport {
        solver: Method::Mixed,
        shift,
        condition_is_bound: shift > 0.0,
        pivot_min,
        pivot_max,
        factor_seconds,
        factor_gflops: gflops(n, factor_seconds),
        solve_seconds,
        check_seconds,
        ..SolveReport::of_solution(&solution, y, ridge, norm, condition)
    };
    finished(solution.x, report)
}

/// vᵀAv/vᵀv in f64 of the direction in which the factorisation failed: what looks negative in f32 need not be.
fn bend(matrix: &Matrix<f32>, ridge: f64, head: &Mat<f64>) -> Result<f64, RegressionError> {
    let (n, k) = (matrix.n(), head.nrows());
    let entry = |i: usize| match i {
        i if i < k => -head[(i, 0)],
        i if i == k => 1.0,
        _ => 0.0,
    };
    let v = Mat::from_fn(n, 1, |i, _| entry(i));
    let mut product = Mat::zeros(n, 1);
    Factored { matrix, ridge }.apply(v.as_ref(), product.as_mut())?;
    let sum = |w: &Mat<f64>| (0..n).map(|i| v[(i, 0)] * w[(i, 0)]).sum::<f64>();
    let bend = sum(&product) / sum(&v);
    // A direction that leaves the range of f64 shows nothing.
    Ok(if bend.is_nan() { f64::INFINITY } else { bend })
}

/// Ridges that may help.
pub(super) struct Ridges {
    /// One with which a factorisation has succeeded.
    pub(super) tried: Option<f64>,
    /// The size of the errors of an f32 kernel.
    pub(super) noise: f64,
}

/// Why an iteration has found no solution of n equations with this ridge and ‖A‖₁.
pub(super) fn explain(
    stop: Stop,
    (n, ridge, norm): (usize, f64, f64),
    condition: f64,
    ridges: Ridges,
) -> RegressionError {
    let suggested_ridge = ridges.tried;
    match stop {
        Stop::Failed(error) => error,
        Stop::Overflow => RegressionError::Solution { condition, ridge },
        Stop::Singular { curvature, iterations } => {
            let suggested_ridge = suggested_ridge.unwrap_or_else(|| ridges::round_up(ridges.noise.max(2.0 * ridge)));
            RegressionError::Singular { n, ridge, curvature, norm, iterations, suggested_ridge }
        }
        Stop::Curvature { curvature, iterations } => {
            RegressionError::Curvature { n, ridge, curvature, iterations, suggested_ridge }
        }
        Stop::Stagnation { residual, iterations } => {
            RegressionError::Stagnation { n, ridge, residual, iterations, suggested_ridge }
        }
    }
}

/// A solution that is finite.
pub(super) fn finished(alpha: Mat<f64>, report: SolveReport) -> Result<Fit, RegressionError> {
    match first_non_finite(alpha.as_ref()) {
        Some(_) => Err(RegressionError::Solution { condition: report.condition, ridge: report.ridge }),
        None => Ok(Fit { alpha, report }),
    }
}
