//! The solve of a matrix that no memory holds: conjugate gradients that read its tiles again and again.

use std::time::Instant;

use faer::prelude::*;
use faer::{Mat, MatMut, MatRef};

use super::cg::{self, System};
use super::error::RegressionError;
use super::mixed::{add_ridge, explain, finished};
use super::pivoted::{Pivoted, diagonal};
use super::product::{Read, Tiles, multiply};
use super::ridge as ridges;
use super::workspace::{Fit, SolveReport, Tell, check_targets, pool};

/// The kernel as tiles.
struct Tiled<'a> {
    tiles: Read<'a>,
    ridge: f64,
    preconditioner: Pivoted,
}

impl System for Tiled<'_> {
    fn apply(&self, x: MatRef<'_, f64>, mut y: MatMut<'_, f64>) -> Result<(), RegressionError> {
        multiply(&self.tiles, x, y.rb_mut())?;
        add_ridge(self.ridge, x, y);
        Ok(())
    }

    fn precondition(&self, z: MatMut<'_, f64>) {
        self.preconditioner.solve(z);
    }
}

/// Solves (K + ridge·I) α = Y for all columns of Y at once, reading K tile by tile, and tells how far it is.
///
/// One pass over the tiles checks them and sums their columns; a second one, in part, makes the preconditioner of rank [`RANK`](super::RANK);
/// then each iteration is a pass. `threads` is 0 for one per core.
///
/// # Shapes
/// `y`: n × columns.
///
/// # Accuracy
/// ‖y − A·α‖₂/‖y‖₂ below 1e-10 for every column, of a residual formed anew; tested with the two other solvers to 1e-8 of the largest weight
/// where the condition number is below 1e6 (`host/src/regression/tests/methods.rs`). The bits depend on the edge of the tiles, not on the number of
/// threads.
///
/// # Errors
/// Those of [`Workspace::solve_values`](super::Workspace::solve_values) but for [`RegressionError::NotPositiveDefinite`]: instead there are
/// [`RegressionError::Curvature`] and [`RegressionError::Stagnation`]; [`RegressionError::Fill`] for a tile that cannot be read,
/// [`RegressionError::NonFinite`] for one that holds a number which is not finite. A negative eigenvalue in whose directions the targets
/// have no part is not noticed.
///
/// # Cost
/// 2n² operations per column and iteration; memory for n(200 + 9·columns) numbers ([`Method::bytes`](super::Method::bytes)) and a tile per thread.
pub fn solve_tiles(
    tiles: &dyn Tiles,
    ridge: f64,
    y: MatRef<'_, f64>,
    threads: usize,
    tell: Tell<'_>,
) -> Result<Fit, RegressionError> {
    ridges::check(ridge)?;
    if tiles.n() == 0 {
        return Err(RegressionError::Empty { what: "the training set" });
    }
    check_targets(tiles.n(), y)?;
    let pool = pool(threads)?;
    let fit = pool.install(|| solve(tiles, ridge, y, tell))?;
    Ok(Fit { report: SolveReport { threads: pool.current_num_threads(), ..fit.report }, ..fit })
}

fn solve(tiles: &dyn Tiles, ridge: f64, y: MatRef<'_, f64>, tell: Tell<'_>) -> Result<Fit, RegressionError> {
    let n = tiles.n();
    let clock = Instant::now();
    tell("checking the tiles");
    let (ones, mut sums) = (Mat::full(n, 1, 1.0), Mat::zeros(n, 1));
    multiply(&Read(tiles, f64::abs), ones.as_ref(), sums.as_mut())?;
    let tiles = Read(tiles, |value| value);
    let diagonal = diagonal(&tiles)?;
    let column = |(i, d): (usize, &f64)| sums[(i, 0)] - d.abs() + (d + ridge).abs();
    let norm = diagonal.iter().enumerate().map(column).fold(0.0, f64::max);
    let fill_seconds = clock.elapsed().as_secs_f64();

    let clock = Instant::now();
    tell("making the preconditioner");
    // Of a kernel no entry is larger than the largest of the diagonal.
    let largest = diagonal.iter().fold(0.0, |max: f64, d| max.max(d.abs()));
    let noise = ridges::noise(&diagonal, largest) / (n as f64).sqrt();
    let preconditioner = Pivoted::new(&tiles, &diagonal, ridge, noise)?;
    let (pivot_max, pivot_min) = preconditioner.pivots;
    let factor_seconds = clock.elapsed().as_secs_f64();

    let clock = Instant::now();
    let system = Tiled { tiles, ridge, preconditioner };
    let solution = cg::solve(&system, y, tell).map_err(|stop| explain(stop, n, ridge, f64::INFINITY, None))?;
    let solve_seconds = clock.elapsed().as_secs_f64();
    // ‖A⁻¹‖₁ is at least 1/λ for the smallest eigenvalue λ, which is at most what any direction shows.
    let condition = norm / solution.curvature;
    let report = SolveReport {
        pivot_min: pivot_min + ridge,
        pivot_max: pivot_max + ridge,
        fill_seconds,
        factor_seconds,
        solve_seconds,
        ..SolveReport::of_solution(&solution, y, ridge, norm, condition)
    };
    finished(solution.x, report)
}
