//! Scores of test images, summed as the blocks of k(x, X) come in.

use faer::{Mat, MatRef};

use super::error::{RegressionError, kind_of};
use super::lower::check_block;

/// Sums f(x) = k(x, X)·α over blocks of k(x, X).
///
/// For each test row the blocks must come with ascending columns and without gaps; the rows may be taken in any order. Each score is
/// then one running sum over the training images from the first to the last, so its bits depend neither on the shape of the
/// blocks nor on the order of the rows.
pub struct Predictor {
    /// Row-major, so that the weights of one training image are contiguous.
    alpha: Vec<f64>,
    scores: Vec<f64>,
    /// Per test row, the number of kernel columns summed.
    summed: Vec<usize>,
    n: usize,
    classes: usize,
}

impl Predictor {
    /// A predictor for `rows` test images with the weights `alpha`.
    ///
    /// # Shapes
    /// `alpha`: n × classes.
    ///
    /// # Errors
    /// [`RegressionError::Empty`] if there are no test rows or no weights, [`RegressionError::NonFinite`] for a weight that is not
    /// finite, [`RegressionError::Memory`] if the scores do not fit.
    pub fn new(alpha: MatRef<'_, f64>, rows: usize) -> Result<Self, RegressionError> {
        let (n, classes) = (alpha.nrows(), alpha.ncols());
        if rows == 0 {
            return Err(RegressionError::Empty { what: "the test set" });
        }
        if n == 0 || classes == 0 {
            return Err(RegressionError::Empty { what: "the weight matrix" });
        }
        let mut weights = Vec::with_capacity(n * classes);
        for row in 0..n {
            for col in 0..classes {
                let value = alpha[(row, col)];
                if !value.is_finite() {
                    return Err(RegressionError::NonFinite {
                        what: "the weight matrix",
                        kind: kind_of(value),
                        row,
                        col,
                    });
                }
                weights.push(value);
            }
        }
        let memory = |_| RegressionError::Length { what: "test rows beyond memory", got: rows, expected: 0 };
        let (mut scores, mut summed) = (Vec::new(), Vec::new());
        let len = rows.saturating_mul(classes);
        scores.try_reserve_exact(len).map_err(memory)?;
        scores.resize(len, 0.0);
        summed.try_reserve_exact(rows).map_err(memory)?;
        summed.resize(rows, 0);
        Ok(Self { alpha: weights, scores, summed, n, classes })
    }

    /// Adds a block of k(x, X) whose first entry belongs to test image `row0` and training image `col0`, given row by row.
    ///
    /// A block that is refused leaves the scores as they were.
    ///
    /// # Shapes
    /// `block`: `rows` × `cols`, row-major, f32 or f64.
    ///
    /// # Accuracy
    /// Each score is a plain sum in f64, entries of f32 being widened exactly: within n·ε of Σ |k α|, where 1e-14 is tested, for n below 60
    /// (`host/src/regression/tests/scores.rs`).
    ///
    /// # Errors
    /// [`RegressionError::Outside`] and [`RegressionError::Length`] if the block does not fit, [`RegressionError::Order`] if one of
    /// its rows does not go on at `col0`, [`RegressionError::NonFinite`] with the row and column of the kernel for an entry that is
    /// not finite.
    ///
    /// # Cost
    /// 2·rows·cols·classes operations on the calling thread.
    pub fn add_block<T: Copy + Into<f64>>(
        &mut self,
        row0: usize,
        col0: usize,
        rows: usize,
        cols: usize,
        block: &[T],
    ) -> Result<(), RegressionError> {
        check_block((row0, col0), (rows, cols), (self.summed.len(), self.n), block.len())?;
        if rows == 0 || cols == 0 {
            return Ok(());
        }
        if let Some(i) = self.summed[row0..row0 + rows].iter().position(|&next| next != col0) {
            return Err(RegressionError::Order { row: row0 + i, next: self.summed[row0 + i], col0 });
        }
        if let Some(at) = block.iter().position(|&value| !value.into().is_finite()) {
            let kind = kind_of(block[at].into());
            let (row, col) = (row0 + at / cols, col0 + at % cols);
            return Err(RegressionError::NonFinite { what: "the test kernel", kind, row, col });
        }
        let weights = &self.alpha[col0 * self.classes..(col0 + cols) * self.classes];
        let scores = &mut self.scores[row0 * self.classes..(row0 + rows) * self.classes];
        for (f, kernel) in scores.chunks_exact_mut(self.classes).zip(block.chunks_exact(cols)) {
            for (&k, alpha) in kernel.iter().zip(weights.chunks_exact(self.classes)) {
                let k: f64 = k.into();
                for (f, a) in f.iter_mut().zip(alpha) {
                    *f += k * a;
                }
            }
        }
        self.summed[row0..row0 + rows].fill(col0 + cols);
        Ok(())
    }

    /// The scores f(x), once every test row has met every training image.
    ///
    /// # Shapes
    /// test rows × classes.
    ///
    /// # Accuracy
    /// Nothing is rounded here: that of [`add_block`](Self::add_block), with the same bits for blocks of any shape in any order of the rows.
    ///
    /// # Errors
    /// [`RegressionError::Incomplete`] with the first row for which kernel columns are missing.
    pub fn finish(self) -> Result<Mat<f64>, RegressionError> {
        if let Some(row) = self.summed.iter().position(|&got| got != self.n) {
            return Err(RegressionError::Incomplete { row, got: self.summed[row], expected: self.n });
        }
        Ok(Mat::from_fn(self.summed.len(), self.classes, |i, c| self.scores[i * self.classes + c]))
    }
}
