//! What can go wrong in kernel regression, with the numbers that explain it.

use std::error::Error;

/// The error a caller's fill or read routine may give back: any error type converts into it with `?`.
pub type FillError = Box<dyn Error + Send + Sync + 'static>;

/// An error of the regression module. Each message is one line and carries its numbers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegressionError {
    /// There is nothing to fit or to score.
    #[error("{what} is empty: at least one is needed")]
    Empty {
        /// What is empty.
        what: &'static str,
    },
    /// A ridge that is negative, infinite or NaN.
    #[error("ridge {ridge} is not a finite number of 0 or more")]
    Ridge {
        /// The ridge as it was given.
        ridge: f64,
    },
    /// Fewer than two classes: the argmax would be the same for every image.
    #[error("{classes} class(es) cannot be told apart: classification needs 2 to {max}")]
    Classes {
        /// The number of classes as it was given.
        classes: usize,
        /// The largest number of classes.
        max: usize,
    },
    /// A label outside the classes.
    #[error("label {label} at index {index} is outside the {classes} classes 0 to {last}", last = classes.saturating_sub(1))]
    Label {
        /// Position of the label.
        index: usize,
        /// The label.
        label: u16,
        /// The number of classes.
        classes: usize,
    },
    /// Two things that must have the same length do not.
    #[error("{what}: {got} given, {expected} expected")]
    Length {
        /// What was counted.
        what: &'static str,
        /// The length given.
        got: usize,
        /// The length needed.
        expected: usize,
    },
    /// The n×n matrix does not fit in memory (or in the address space).
    #[error(
        "no memory for the {n}x{n} kernel matrix: {gib:.2} GiB of f{bits} needed",
        gib = (*n as f64) * (*n as f64) * (*bytes as f64) / 1073741824.0,
        bits = bytes * 8
    )]
    Memory {
        /// The number of training images.
        n: usize,
        /// The bytes of a number.
        bytes: usize,
    },
    /// The worker threads could not be started.
    #[error("cannot start {threads} solver threads: {reason}")]
    Threads {
        /// The number of threads as it was given (0: one per core).
        threads: usize,
        /// Why.
        reason: String,
    },
    /// The caller's routine that fills the kernel matrix failed.
    #[error("the kernel matrix could not be filled: {0}")]
    Fill(#[source] FillError),
    /// A solve was asked for before a matrix was loaded.
    #[error("no kernel matrix is loaded: load one before solving")]
    NotLoaded,
    /// A tile or an index that lies outside its matrix.
    #[error("a block of {rows}x{cols} at row {row0}, column {col0} does not fit in the {height}x{width} matrix")]
    Outside {
        /// First row of the block.
        row0: usize,
        /// First column of the block.
        col0: usize,
        /// Rows of the block.
        rows: usize,
        /// Columns of the block.
        cols: usize,
        /// Rows of the matrix.
        height: usize,
        /// Columns of the matrix.
        width: usize,
    },
    /// A block of test rows that does not continue the sums where they stand.
    #[error("row {row} has its kernel columns up to {next}, so the next block starts there, not at column {col0}")]
    Order {
        /// The first row that does not match.
        row: usize,
        /// The column with which this row goes on.
        next: usize,
        /// The column with which the block starts.
        col0: usize,
    },
    /// A test row for which not all kernel columns were given.
    #[error("row {row} is incomplete: {got} of its {expected} kernel columns were given")]
    Incomplete {
        /// The first incomplete row.
        row: usize,
        /// Columns given.
        got: usize,
        /// Columns needed.
        expected: usize,
    },
    /// An entry that is infinite or NaN (a training entry that was never written reads as NaN).
    #[error("{what} holds {kind} at row {row}, column {col}")]
    NonFinite {
        /// Which matrix.
        what: &'static str,
        /// "NaN", "+infinity" or "-infinity".
        kind: &'static str,
        /// Row of the first such entry.
        row: usize,
        /// Column of the first such entry.
        col: usize,
    },
    /// The numbers left the range of f64 during the factorisation.
    #[error(
        "the Cholesky factor overflows at pivot {pivot_index} of {n}: the largest entry is {largest:e}, rescale the kernel"
    )]
    Overflow {
        /// Index (from 0) of the pivot that is not finite.
        pivot_index: usize,
        /// The number of training images.
        n: usize,
        /// max |K_ij|.
        largest: f64,
    },
    /// The solution left the range of f64: the matrix is singular in all but name.
    #[error(
        "the regression weights overflow: the condition number is about {condition:.1e} with ridge {ridge:e}, raise the ridge"
    )]
    Solution {
        /// The condition estimate.
        condition: f64,
        /// The ridge that was used.
        ridge: f64,
    },
    /// A time of training that is negative or NaN.
    #[error("time {time} is not a number of 0 or more, or inf")]
    Time {
        /// The time as it was given.
        time: f64,
    },
    /// The eigenvalues were not found.
    #[error(
        "the eigenvalues of the {n}x{n} kernel matrix were not found: its numbers leave the range of f64, rescale the kernel"
    )]
    Eigenvalues {
        /// The number of training images.
        n: usize,
    },
    /// The least eigenvalue of K + ridge·I is not positive, or lost in the rounding of the largest.
    #[error(
        "K + ridge*I is not positive definite: the eigenvalues of the {n}x{n} kernel matrix reach from {least:.3e} to {largest:.3e} and the ridge is {ridge:e}; ridge {suggested:e} would do"
    )]
    Indefinite {
        /// The number of training images.
        n: usize,
        /// The ridge that was not enough.
        ridge: f64,
        /// The least eigenvalue of K.
        least: f64,
        /// The largest.
        largest: f64,
        /// A ridge that is enough.
        suggested: f64,
    },
    /// K + ridge·I is not positive definite.
    #[error("K + ridge*I is not positive definite: {0}")]
    NotPositiveDefinite(NotPositiveDefinite),
    /// An iteration has met a direction p in which pᵀ(K + ridge·I)p is lost in rounding: two images that are the same, or the sums of some.
    #[error(
        "K + ridge*I is singular to working precision: with ridge {ridge:e} iteration {iterations} meets a curvature of {size:.1e}, within the \
         rounding of a norm of {norm:.1e}; ridge {suggested_ridge:e}, the size of the errors of a kernel in f32, makes it regular",
        size = curvature.abs()
    )]
    Singular {
        /// The number of training images.
        n: usize,
        /// The ridge that was not enough.
        ridge: f64,
        /// pᵀ(K + ridge·I)p/pᵀp, of either sign.
        curvature: f64,
        /// ‖K + ridge·I‖₁.
        norm: f64,
        /// The iterations before; 0 if the failed pivot of a factor in f32 has shown it.
        iterations: usize,
        /// A ridge (the total, in place of `ridge`), if possible one with which the factorisation was tried and succeeded.
        suggested_ridge: f64,
    },
    /// An iteration has met a direction p with pᵀ(K + ridge·I)p < 0.
    #[error(
        "K + ridge*I is not positive definite: with ridge {ridge:e} iteration {iterations} meets the curvature {curvature:.3e} \
         (the smallest eigenvalue of {n} is at most that); {}",
        advice(*suggested_ridge)
    )]
    Curvature {
        /// The number of training images.
        n: usize,
        /// The ridge that was not enough.
        ridge: f64,
        /// pᵀ(K + ridge·I)p/pᵀp, negative, an upper bound on the smallest eigenvalue.
        curvature: f64,
        /// The iterations before; 0 if the failed pivot of a factor in f32 has shown it.
        iterations: usize,
        /// A ridge (the total, in place of `ridge`) with which the factorisation was tried and succeeded.
        suggested_ridge: Option<f64>,
    },
    /// An iteration that comes no nearer to a solution.
    #[error(
        "K + ridge*I cannot be solved by an iteration: with ridge {ridge:e} and n = {n}, a relative residual of {residual:.1e} is left \
         after {iterations} iterations; {}",
        advice(*suggested_ridge)
    )]
    Stagnation {
        /// The number of training images.
        n: usize,
        /// The ridge.
        ridge: f64,
        /// max ‖y − A·x‖₂/‖y‖₂ over the columns.
        residual: f64,
        /// The iterations.
        iterations: usize,
        /// A ridge (the total, in place of `ridge`) with which the factorisation was tried and succeeded.
        suggested_ridge: Option<f64>,
    },
}

/// How a factorisation failed, and a ridge that repairs it.
#[derive(Debug, Clone, PartialEq)]
pub struct NotPositiveDefinite {
    /// The number of training images.
    pub n: usize,
    /// The ridge that was not enough.
    pub ridge: f64,
    /// Index (from 0) of the pivot that was not positive; the leading block of this size *is* positive definite.
    pub pivot_index: usize,
    /// The pivot d_k = K_kk + ridge − Σ_{j<k} L_kj² there, zero or negative. All pivots before it were positive, so it is the
    /// smallest one met; those after it were not computed.
    pub pivot: f64,
    /// An upper bound on the smallest eigenvalue of K + ridge·I, zero or negative: d_k/‖v‖² with v = (−L₁₁⁻ᵀl_k, 1, 0, …), for
    /// which vᵀ(K + ridge·I)v = d_k. No ridge below `ridge − eigenvalue_bound` can make the matrix positive definite.
    pub eigenvalue_bound: f64,
    /// A ridge (the total, in place of `ridge`) with which the factorisation was tried and succeeded; `None` if none was found.
    pub suggested_ridge: Option<f64>,
}

impl std::fmt::Display for NotPositiveDefinite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "with ridge {:e} pivot {} of {} is {:.3e} (smallest eigenvalue at most {:.3e}); ",
            self.ridge, self.pivot_index, self.n, self.pivot, self.eigenvalue_bound
        )?;
        match self.suggested_ridge {
            Some(_) => f.write_str(&advice(self.suggested_ridge)),
            None => f.write_str("no ridge was found that works"),
        }
    }
}

/// What to do about a matrix that an iteration cannot solve.
fn advice(suggested_ridge: Option<f64>) -> String {
    match suggested_ridge {
        Some(ridge) => format!("ridge {ridge:e} was tried and works"),
        None => "raise the ridge".to_owned(),
    }
}

/// Names a number that is not finite.
pub(super) fn kind_of(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "+infinity"
    } else {
        "-infinity"
    }
}
