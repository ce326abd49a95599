//! The memory and the threads of a fit, reused from one kernel to the next.

use std::sync::Arc;
use std::time::Instant;

use faer::{Mat, MatRef};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::Serialize;

use super::cg::{Solution, TOLERANCE};
use super::entry::Entry;
use super::error::{FillError, RegressionError, kind_of};
use super::lower::LowerMut;
use super::matrix::Matrix;
use super::method::Method;
use super::spectrum::Spectrum;
use super::targets::Targets;
use super::{residual, ridge as ridges};

/// More threads than this are taken for a mistake: they would share the cores, and each takes memory of its own.
pub const MAX_THREADS: usize = 1024;

/// Who is told what a solve does, in words, as each stage begins, and after a colon how far that is.
pub type Tell<'a> = &'a (dyn Fn(&str) + Sync);

/// The weights of a kernel regression.
#[derive(Debug, Clone)]
pub struct Fit {
    /// α = (K + ridge·I)⁻¹ Y, n × classes.
    pub alpha: Mat<f64>,
    /// How the solution came about and how far to trust it.
    pub report: SolveReport,
}

/// Figures of one solve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SolveReport {
    /// The number of training images.
    pub n: usize,
    /// The ridge that was added to the diagonal.
    pub ridge: f64,
    /// How it was solved.
    pub solver: Method,
    /// The iterations; 0 for a direct solve.
    pub iterations: usize,
    /// ‖y − A·α‖₂/‖y‖₂, the largest over the classes, from a residual that was formed anew: below 1e-10 for the solvers that iterate, or
    /// as small as it gets in f64, some roundings of A·α and at most 1e-6, with a [`warning`](Self::warning).
    pub relative_residual: f64,
    /// What was added to the diagonal, beside the ridge, of the matrix that was factored in f32 as a preconditioner; 0 nearly always. The
    /// equations that were solved are those without it.
    pub shift: f64,
    /// An estimate, from below, of the condition number ‖A‖₁‖A⁻¹‖₁ of A = K + ridge·I; +∞ where it leaves the range of f64. The
    /// relative error of α is at most about this times 1e-16 for the rounding of the solve, and about this times the relative
    /// error of the kernel itself (6e-8 for one computed in f32).
    pub condition: f64,
    /// Whether it is a bound from below and no more, from the directions of the iteration, which may be far from the condition number: with `cg`, or
    /// with a shift.
    pub condition_is_bound: bool,
    /// Whether the condition number exceeds 1/ε = 4.5e15, so that not one digit of α needs to be right.
    pub ill_conditioned: bool,
    /// The smallest pivot L_kk², of A + shift·I or of its preconditioner, above the smallest eigenvalue of the former.
    pub pivot_min: f64,
    /// The largest pivot L_kk²; below the largest eigenvalue of A + shift·I.
    pub pivot_max: f64,
    /// The normwise backward error ‖y − A·α‖∞ / (‖A‖∞ ‖α‖∞ + ‖y‖∞), the largest over the classes: near 1e-16 when the solve was
    /// stable, also for an ill-conditioned matrix.
    pub backward_error: f64,
    /// The number of threads.
    pub threads: usize,
    /// Seconds spent in the caller's fill routine and in checking what it wrote; the same for all solves of one load.
    pub fill_seconds: f64,
    /// Seconds of the Cholesky factorisation that succeeded, or of making the preconditioner.
    pub factor_seconds: f64,
    /// The speed of the factorisation, n³/3 operations per `factor_seconds`, in 10⁹ operations per second; 0 if too fast to time, or if
    /// there was none.
    pub factor_gflops: f64,
    /// Seconds of the triangular solves with all targets, or of the iteration.
    pub solve_seconds: f64,
    /// Seconds of the condition estimate, of the backward error, and of a search for a shift.
    pub check_seconds: f64,
}

impl SolveReport {
    /// What there is to tell of every solution of an iteration, apart from times and pivots.
    pub(super) fn of_solution(solution: &Solution, y: MatRef<'_, f64>, ridge: f64, norm: f64, condition: f64) -> Self {
        let (x, left) = (solution.x.as_ref(), solution.residual.as_ref());
        SolveReport {
            n: y.nrows(),
            ridge,
            solver: Method::Cg,
            iterations: solution.iterations,
            relative_residual: residual::relative(left, y),
            shift: 0.0,
            condition,
            condition_is_bound: true,
            ill_conditioned: condition > 1.0 / f64::EPSILON,
            pivot_min: 0.0,
            pivot_max: 0.0,
            backward_error: residual::backward_error(left, norm, x, y),
            threads: 0,
            fill_seconds: 0.0,
            factor_seconds: 0.0,
            factor_gflops: 0.0,
            solve_seconds: 0.0,
            check_seconds: 0.0,
        }
    }

    /// One line for the user if the solution should not be trusted, or was hard to get.
    pub fn warning(&self) -> Option<String> {
        let about = if self.condition_is_bound { "at least" } else { "about" };
        let mut warnings = Vec::new();
        if self.ill_conditioned {
            warnings.push(format!(
                "the condition number of K + ridge*I is {about} {:.1e}, beyond 4.5e15: the regression weights may have no correct digit; raise the ridge (now {:e})",
                self.condition, self.ridge
            ));
        }
        if self.solver != Method::Cholesky && self.relative_residual >= TOLERANCE {
            warnings.push(format!(
                "the solution has a relative residual of {:.1e} after {} iterations, not 1e-10: with a condition number of {about} {:.1e} f64 comes no nearer; \
                 a ridge (now {:e}) brings more digits",
                self.relative_residual, self.iterations, self.condition, self.ridge
            ));
        }
        if self.shift > 0.0 {
            warnings.push(format!(
                "K + ridge*I is not positive definite in f32: the preconditioner has {:.1e} more on its diagonal, the equations were solved \
                 without it in {} iterations to a relative residual of {:.1e}",
                self.shift, self.iterations, self.relative_residual
            ));
        }
        if warnings.is_empty() { None } else { Some(warnings.join("; ")) }
    }
}

/// The n×n matrix and the threads that work on it.
///
/// It holds one n×n matrix of f64 (800 MB for n = 10,000) and nothing else of that order, and may be loaded again and again. One of
/// [`mixed`](Workspace::mixed) precision holds it in f32.
///
/// ```
/// use ultrawide::regression::{Targets, Workspace};
///
/// let x = [0.0, 0.1, 1.0, 1.1_f64];
/// let mut workspace = Workspace::new(4, 1)?;
/// workspace.load(|k| {
///     for (j, column) in k.columns_mut().enumerate() {
///         for (i, value) in (j..).zip(column) {
///             *value = (-(x[i] - x[j]).powi(2)).exp();
///         }
///     }
///     Ok(())
/// })?;
/// let targets = Targets::new(&[0, 0, 1, 1], 2)?;
/// for ridge in [1e-3, 1e-6] {
///     let fit = workspace.solve(ridge, &targets)?;
///     assert!(fit.report.warning().is_none());
/// }
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub struct Workspace<T: Entry = f64> {
    matrix: Matrix<T>,
    pool: Arc<ThreadPool>,
    loaded: bool,
    fill_seconds: f64,
}

impl Workspace {
    /// Allocates an n×n matrix and starts `threads` threads (0: one per core).
    ///
    /// The results have the same bits for every number of threads.
    ///
    /// # Errors
    /// [`RegressionError::Empty`] for n = 0, [`RegressionError::Memory`] if the allocation is refused, [`RegressionError::Threads`]
    /// if the threads cannot be started.
    pub fn new(n: usize, threads: usize) -> Result<Self, RegressionError> {
        Self::with(n, threads)
    }

    /// The eigendecomposition of the loaded kernel, with one-hot targets.
    ///
    /// # Accuracy
    /// That of what is read off it: see the methods of [`Spectrum`].
    ///
    /// # Errors
    /// [`RegressionError::NotLoaded`], [`RegressionError::Length`], [`RegressionError::Memory`], [`RegressionError::Eigenvalues`].
    ///
    /// # Cost
    /// About 9 n³ operations; three n×n matrices beside this one.
    pub fn spectrum(&mut self, targets: &Targets) -> Result<Spectrum, RegressionError> {
        if !self.loaded {
            return Err(RegressionError::NotLoaded);
        }
        self.check_rows("labels", targets.labels().len())?;
        let matrix = &mut self.matrix;
        self.pool.install(|| matrix.restore(0.0));
        Spectrum::new(matrix.view(), targets.one_hot(), &self.pool)
    }
}

impl Workspace<f32> {
    /// As [`new`](Workspace::new), for a matrix of f32: half of the memory, and a solve that iterates. The kernel is rounded to f32; one
    /// that was computed in f32 loses nothing.
    ///
    /// # Errors
    /// As [`new`](Workspace::new).
    pub fn mixed(n: usize, threads: usize) -> Result<Self, RegressionError> {
        Self::with(n, threads)
    }
}

impl<T: Entry> Workspace<T> {
    fn with(n: usize, threads: usize) -> Result<Self, RegressionError> {
        let (matrix, pool) = (Matrix::new(n)?, Arc::new(pool(threads)?));
        Ok(Self { matrix, pool, loaded: false, fill_seconds: 0.0 })
    }

    /// The number of training images.
    pub fn n(&self) -> usize {
        self.matrix.n()
    }

    /// The number of threads.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Has `fill` write the kernel, called once on this thread, and checks it. It then serves any number of solves.
    ///
    /// # Errors
    /// [`RegressionError::Fill`] with the error of `fill`, [`RegressionError::NonFinite`] for the first entry, in column-major
    /// order, that is not finite or was not written. Nothing is loaded then.
    ///
    /// # Cost
    /// n² reads and writes beside `fill`.
    pub fn load(
        &mut self,
        fill: impl FnOnce(&mut LowerMut<'_, T>) -> Result<(), FillError>,
    ) -> Result<(), RegressionError> {
        let clock = Instant::now();
        self.loaded = false;
        fill(&mut self.matrix.fill_view()).map_err(RegressionError::Fill)?;
        let matrix = &mut self.matrix;
        self.pool.install(|| matrix.keep())?;
        self.loaded = true;
        self.fill_seconds = clock.elapsed().as_secs_f64();
        Ok(())
    }

    /// Solves (K + ridge·I) α = Y for the one-hot targets of the loaded kernel.
    ///
    /// # Accuracy
    /// As [`solve_values`](Self::solve_values).
    ///
    /// # Errors
    /// As [`solve_values`](Self::solve_values).
    pub fn solve(&mut self, ridge: f64, targets: &Targets) -> Result<Fit, RegressionError> {
        self.solve_watched(ridge, targets, &|_| ())
    }

    /// As [`solve`](Self::solve), and tells how far it is.
    ///
    /// # Accuracy
    /// As [`solve_values`](Self::solve_values).
    ///
    /// # Errors
    /// As [`solve_values`](Self::solve_values).
    pub fn solve_watched(&mut self, ridge: f64, targets: &Targets, tell: Tell<'_>) -> Result<Fit, RegressionError> {
        self.check_rows("labels", targets.labels().len())?;
        self.solve_told(ridge, targets.one_hot().as_ref(), tell)
    }

    /// Solves (K + ridge·I) α = Y for targets of any values.
    ///
    /// # Shapes
    /// `y`: n × columns.
    ///
    /// # Accuracy
    /// Of f64, Cholesky's: α is exact for a matrix and targets that differ from the given ones by `backward_error`, a small multiple of
    /// 1.1e-16; `condition` tells what that means for α. Tested up to n = 600 (`host/src/regression/tests/solves.rs`): a backward error of at
    /// most 1e-14; α within 1e-14 times the condition number, relative to its largest entry; the estimate of the condition number at most 1e-6
    /// above it (more beyond 1e8, where it is rounded itself), and of the matrices of the tests, with near duplicates among them, at least a third of it, which no
    /// estimate of this kind can promise for all. The bits do not depend on the number of threads.
    ///
    /// Of f32, as [`solve_tiles`](super::solve_tiles), for the kernel rounded to f32.
    ///
    /// # Errors
    /// [`RegressionError::Ridge`] for a ridge that is negative or not finite; [`RegressionError::NotLoaded`];
    /// [`RegressionError::Length`], [`RegressionError::Empty`] and [`RegressionError::NonFinite`] for unfit targets;
    /// [`RegressionError::NotPositiveDefinite`] with the failing pivot and a ridge that was tried and works;
    /// [`RegressionError::Curvature`] and [`RegressionError::Stagnation`] where an iteration ends without a solution;
    /// [`RegressionError::Overflow`] and [`RegressionError::Solution`] where numbers leave the range of f64.
    ///
    /// # Cost
    /// n³/3 operations for the factorisation, 4n² per target column for solving and checking, 8n² for each of the 4 to 10 solves of
    /// the condition estimate. Of f32, 6n² per column and iteration instead of the solving. A failure costs further factorisations, usually one to three, in search of a ridge.
    pub fn solve_values(&mut self, ridge: f64, y: MatRef<'_, f64>) -> Result<Fit, RegressionError> {
        self.solve_told(ridge, y, &|_| ())
    }

    fn solve_told(&mut self, ridge: f64, y: MatRef<'_, f64>, tell: Tell<'_>) -> Result<Fit, RegressionError> {
        ridges::check(ridge)?;
        if !self.loaded {
            return Err(RegressionError::NotLoaded);
        }
        check_targets(self.n(), y)?;
        let (threads, fill_seconds) = (self.threads(), self.fill_seconds);
        let matrix = &mut self.matrix;
        let fit = self.pool.install(|| T::solve(matrix, ridge, y, tell))?;
        Ok(Fit { report: SolveReport { threads, fill_seconds, ..fit.report }, ..fit })
    }

    fn check_rows(&self, what: &'static str, got: usize) -> Result<(), RegressionError> {
        check_length(what, got, self.n())
    }
}

/// Starts the threads of a solve.
pub(super) fn pool(threads: usize) -> Result<ThreadPool, RegressionError> {
    if threads > MAX_THREADS {
        return Err(RegressionError::Threads { threads, reason: format!("at most {MAX_THREADS} are allowed") });
    }
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("regression-{i}"))
        .build()
        .map_err(|error| RegressionError::Threads { threads, reason: error.to_string() })
}

fn check_length(what: &'static str, got: usize, expected: usize) -> Result<(), RegressionError> {
    if got == expected { Ok(()) } else { Err(RegressionError::Length { what, got, expected }) }
}

/// Checks targets for n training images.
pub(super) fn check_targets(n: usize, y: MatRef<'_, f64>) -> Result<(), RegressionError> {
    check_length("target rows", y.nrows(), n)?;
    if y.ncols() == 0 {
        return Err(RegressionError::Empty { what: "the target matrix" });
    }
    match first_non_finite(y) {
        Some((row, col)) => {
            let kind = kind_of(y[(row, col)]);
            Err(RegressionError::NonFinite { what: "the target matrix", kind, row, col })
        }
        None => Ok(()),
    }
}

/// Loads a kernel and solves it for one ridge: [`Workspace::load`], then [`Workspace::solve`].
///
/// # Accuracy
/// That of [`Workspace::solve_values`].
///
/// # Errors
/// Those of both; what needs no kernel is checked before `fill` is called.
pub fn fit<T: Entry>(
    workspace: &mut Workspace<T>,
    ridge: f64,
    fill: impl FnOnce(&mut LowerMut<'_, T>) -> Result<(), FillError>,
    targets: &Targets,
) -> Result<Fit, RegressionError> {
    ridges::check(ridge)?;
    workspace.check_rows("labels", targets.labels().len())?;
    workspace.load(fill)?;
    workspace.solve(ridge, targets)
}

/// The first entry, in column-major order, that is not finite.
pub(super) fn first_non_finite(m: MatRef<'_, f64>) -> Option<(usize, usize)> {
    (0..m.ncols()).find_map(|c| (0..m.nrows()).find(|&r| !m[(r, c)].is_finite()).map(|r| (r, c)))
}
