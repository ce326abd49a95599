//! The solve of a matrix that no memory holds: conjugate gradients that read its tiles again and again.

use std::time::Instant;

use faer::prelude::*;
use faer::{Mat, MatMut, MatRef};
use rayon::ThreadPool;

use super::cg::{self, System};
use super::error::RegressionError;
use super::mixed::{Ridges, add_ridge, explain, finished};
use super::pivoted::{Pivoted, diagonal};
use super::product::{Read, Tiles, multiply};
use super::ridge as ridges;
use super::workspace::{Fit, SolveReport, Tell, check_targets, pool};

/// Who multiplies with a kernel K of which this process need not hold anything.
///
/// # Accuracy
/// Sums in f64; that of [`solve_products`] is as good as these ([`Rows`](super::Rows) are its test).
pub trait Products {
    /// Σ_j |K_ij| of each row.
    ///
    /// # Errors
    /// What cannot be read, or holds a number that is not finite.
    fn sums(&self) -> Result<Vec<f64>, RegressionError>;

    /// Y ← K·X; called from the thread that called [`solve_products`].
    ///
    /// # Shapes
    /// `x`, `y`: n × columns.
    ///
    /// # Errors
    /// As [`sums`](Self::sums).
    fn multiply(&self, x: MatRef<'_, f64>, y: MatMut<'_, f64>) -> Result<(), RegressionError>;
}

/// Products by reading the tiles.
struct Here<'a> {
    tiles: &'a dyn Tiles,
    pool: &'a ThreadPool,
}

impl Products for Here<'_> {
    fn sums(&self) -> Result<Vec<f64>, RegressionError> {
        let n = self.tiles.n();
        let (ones, mut sums) = (Mat::full(n, 1, 1.0), Mat::zeros(n, 1));
        self.pool.install(|| multiply(&Read(self.tiles, f64::abs), ones.as_ref(), sums.as_mut()))?;
        Ok(sums.col_as_slice(0).to_vec())
    }

    fn multiply(&self, x: MatRef<'_, f64>, y: MatMut<'_, f64>) -> Result<(), RegressionError> {
        self.pool.install(|| multiply(&Read(self.tiles, |value| value), x, y))
    }
}

/// K + ridge·I and its preconditioner.
struct Tiled<'a> {
    products: &'a dyn Products,
    pool: &'a ThreadPool,
    ridge: f64,
    preconditioner: Pivoted,
}

impl System for Tiled<'_> {
    fn apply(&self, x: MatRef<'_, f64>, mut y: MatMut<'_, f64>) -> Result<(), RegressionError> {
        self.products.multiply(x, y.rb_mut())?;
        add_ridge(self.ridge, x, y);
        Ok(())
    }

    fn precondition(&self, z: MatMut<'_, f64>) {
        let preconditioner = &self.preconditioner;
        self.pool.install(|| preconditioner.solve(z));
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
/// ‖y − A·α‖₂/‖y‖₂ below 1e-10 for every column, of a residual formed anew, or as small as f64 makes it, with a warning; tested with the two other solvers to 1e-8 of the largest weight
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
    check(tiles, ridge, y)?;
    let pool = pool(threads)?;
    solve(&Here { tiles, pool: &pool }, tiles, ridge, y, &pool, tell)
}

/// The same with products that others form; the tiles are read for the preconditioner alone.
///
/// # Accuracy
/// That of [`solve_tiles`]; the bits are those of the products.
///
/// # Errors
/// Those of [`solve_tiles`] and of `products`.
///
/// # Cost
/// The memory of [`solve_tiles`].
pub fn solve_products(
    products: &dyn Products,
    tiles: &dyn Tiles,
    ridge: f64,
    y: MatRef<'_, f64>,
    threads: usize,
    tell: Tell<'_>,
) -> Result<Fit, RegressionError> {
    check(tiles, ridge, y)?;
    solve(products, tiles, ridge, y, &pool(threads)?, tell)
}

fn check(tiles: &dyn Tiles, ridge: f64, y: MatRef<'_, f64>) -> Result<(), RegressionError> {
    ridges::check(ridge)?;
    if tiles.n() == 0 {
        return Err(RegressionError::Empty { what: "the training set" });
    }
    check_targets(tiles.n(), y)
}

fn solve(
    products: &dyn Products,
    tiles: &dyn Tiles,
    ridge: f64,
    y: MatRef<'_, f64>,
    pool: &ThreadPool,
    tell: Tell<'_>,
) -> Result<Fit, RegressionError> {
    let n = tiles.n();
    let clock = Instant::now();
    tell("checking the tiles");
    let sums = products.sums()?;
    let tiles = Read(tiles, |value| value);
    let diagonal = pool.install(|| diagonal(&tiles))?;
    let column = |(d, sum): (&f64, &f64)| sum - d.abs() + (d + ridge).abs();
    let norm = diagonal.iter().zip(&sums).map(column).fold(0.0, f64::max);
    let fill_seconds = clock.elapsed().as_secs_f64();

    let clock = Instant::now();
    tell("making the preconditioner");
    // Of a kernel no entry is larger than the largest of the diagonal.
    let largest = diagonal.iter().fold(0.0, |max: f64, d| max.max(d.abs()));
    let errors = ridges::noise(&diagonal, largest);
    let noise = errors / (n as f64).sqrt();
    let preconditioner = pool.install(|| Pivoted::new(&tiles, &diagonal, ridge, noise))?;
    let (pivot_max, pivot_min) = preconditioner.pivots;
    let factor_seconds = clock.elapsed().as_secs_f64();

    let clock = Instant::now();
    let system = Tiled { products, pool, ridge, preconditioner };
    let ridges = Ridges { tried: None, noise: errors };
    let solution =
        cg::solve(&system, norm, y, tell).map_err(|stop| explain(stop, (n, ridge, norm), f64::INFINITY, ridges))?;
    let solve_seconds = clock.elapsed().as_secs_f64();
    // ‖A⁻¹‖₁ is at least 1/λ for the smallest eigenvalue λ, which is at most what any direction shows.
    let condition = norm / solution.curvature;
    let report = SolveReport {
        pivot_min: pivot_min + ridge,
        pivot_max: pivot_max + ridge,
        threads: pool.current_num_threads(),
        fill_seconds,
        factor_seconds,
        solve_seconds,
        ..SolveReport::of_solution(&solution, y, ridge, norm, condition)
    };
    finished(solution.x, report)
}
