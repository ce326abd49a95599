//! Products with a symmetric matrix of which each tile is read once.
//!
//! A tile T_ij below the diagonal serves twice: y_i += T_ij x_j and y_j += T_ijᵀ x_i. In step d = 0, 1, … the tiles (i, i + d mod t) of
//! a grid of t×t are taken at the same time: each block row then gets one product of either kind, added in this order. So the bits depend
//! on the edge of the tiles, but on the number of threads and on who finishes first they do not; and every step but the last of
//! an even grid has work for t threads.

use std::cell::RefCell;

use faer::linalg::matmul::matmul;
use faer::prelude::*;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::entry::Entry;
use super::error::{FillError, RegressionError, kind_of};
use super::matrix::Matrix;

/// A symmetric matrix in square tiles; the tiles of the last row and column may be smaller.
pub trait Tiles: Sync {
    /// The number of rows and columns.
    fn n(&self) -> usize;

    /// The edge of a tile, at least 1.
    fn edge(&self) -> usize;

    /// Reads tile (i, j), row by row, into `out`; `j` is at most `i`, and a tile on the diagonal is given whole.
    ///
    /// # Errors
    /// A tile that cannot be read.
    fn read(&self, i: usize, j: usize, out: &mut Vec<f64>) -> Result<(), FillError>;
}

/// A part of a block in f64, with the row and the column of the block at which it starts.
pub(super) struct Part<'a> {
    pub(super) row: usize,
    pub(super) col: usize,
    pub(super) values: MatRef<'a, f64>,
    /// Whether its mirror image belongs to the matrix, too, without being given: not where a square on the diagonal is given whole.
    pub(super) mirrored: bool,
}

/// A symmetric matrix whose blocks come in f64.
pub(super) trait Blocks: Sync {
    fn n(&self) -> usize;

    fn edge(&self) -> usize;

    /// Gives block (i, j), for i ≤ j, part after part.
    ///
    /// # Errors
    /// A block that cannot be read.
    fn parts(&self, i: usize, j: usize, act: impl FnMut(Part<'_>)) -> Result<(), RegressionError>;
}

/// Edge of the blocks of a matrix in memory: columns long enough to be fetched in advance.
const EDGE: usize = 1024;
/// Edge of the squares on the diagonal of which the lower half is filled in.
const SQUARE: usize = 64;

/// The kernel that stands above the diagonal of a matrix, without a ridge.
impl<T: Entry> Blocks for Matrix<T> {
    fn n(&self) -> usize {
        self.n()
    }

    fn edge(&self) -> usize {
        EDGE
    }

    fn parts(&self, i: usize, j: usize, mut act: impl FnMut(Part<'_>)) -> Result<(), RegressionError> {
        let (view, n) = (self.view(), self.n());
        let (top, left) = (i * EDGE, j * EDGE);
        let (end, right) = (n.min(top + EDGE), n.min(left + EDGE));
        if i < j {
            T::widened(view.submatrix(top, left, end - top, right - left), |col, values| {
                act(Part { row: 0, col, values, mirrored: true });
            });
            return Ok(());
        }
        for start in (top..end).step_by(SQUARE) {
            let (width, col) = (SQUARE.min(end - start), start - top);
            T::widened(view.submatrix(top, start, col, width), |at, values| {
                act(Part { row: 0, col: col + at, values, mirrored: true });
            });
            let square = Mat::from_fn(width, width, |r, c| match r == c {
                true => self.diagonal()[start + r],
                false => view[(start + r.min(c), start + r.max(c))].into(),
            });
            act(Part { row: col, col, values: square.as_ref(), mirrored: false });
        }
        Ok(())
    }
}

thread_local! {
    /// A tile, kept from one to the next.
    static TILE: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
}

/// Tiles as they are read, their numbers changed by the function.
pub(super) struct Read<'a>(pub(super) &'a dyn Tiles, pub(super) fn(f64) -> f64);

impl Read<'_> {
    /// Has `act` work on block (i, j), from either side of the diagonal.
    ///
    /// # Errors
    /// A tile that cannot be read.
    pub(super) fn block<R>(
        &self,
        i: usize,
        j: usize,
        act: impl FnOnce(MatRef<'_, f64>) -> R,
    ) -> Result<R, RegressionError> {
        let side = |at: usize| self.edge().min(self.n() - at * self.edge());
        let (low, high) = (i.max(j), i.min(j));
        let (rows, cols) = (side(low), side(high));
        TILE.with_borrow_mut(|values| {
            self.0.read(low, high, values).map_err(RegressionError::Fill)?;
            if values.len() != rows * cols {
                let what = "values in a tile";
                return Err(RegressionError::Length { what, got: values.len(), expected: rows * cols });
            }
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                let (what, kind) = ("the kernel matrix", kind_of(values[at]));
                let (row, col) = (low * self.edge() + at / cols, high * self.edge() + at % cols);
                return Err(RegressionError::NonFinite { what, kind, row, col });
            }
            values.iter_mut().for_each(|value| *value = self.1(*value));
            let tile = MatRef::from_row_major_slice(values, rows, cols);
            Ok(act(if i >= j { tile } else { tile.transpose() }))
        })
    }
}

impl Blocks for Read<'_> {
    fn n(&self) -> usize {
        self.0.n()
    }

    fn edge(&self) -> usize {
        self.0.edge()
    }

    fn parts(&self, i: usize, j: usize, mut act: impl FnMut(Part<'_>)) -> Result<(), RegressionError> {
        self.block(i, j, |values| act(Part { row: 0, col: 0, values, mirrored: i != j }))
    }
}

/// Y ← K·X. Call it inside the pool.
///
/// # Shapes
/// `x`, `y`: n × columns.
///
/// # Accuracy
/// Sums in f64 of `edge` products at a time.
///
/// # Errors
/// The first tile, in the order of the steps, that cannot be read or holds a number that is not finite.
///
/// # Cost
/// 2n² operations per column; every tile is read once. Scratch of 2n numbers per column, and of a tile per thread.
pub(super) fn multiply(tiles: &impl Blocks, x: MatRef<'_, f64>, mut y: MatMut<'_, f64>) -> Result<(), RegressionError> {
    let (n, edge, columns) = (x.nrows(), tiles.edge(), x.ncols());
    let grid = n.div_ceil(edge);
    let (mut down, mut across) = (Mat::<f64>::zeros(n, columns), Mat::<f64>::zeros(n, columns));
    y.fill(0.0);
    for step in 0..=grid / 2 {
        let half = step > 0 && 2 * step == grid;
        down.fill(0.0);
        across.fill(0.0);
        let mut mirrored: Vec<MatMut<'_, f64>> = across.as_mut().par_row_chunks_mut(edge).collect();
        mirrored.rotate_left(step);
        let both = down.as_mut().par_row_chunks_mut(edge).zip(mirrored).enumerate();
        let both = both.take(if half { step } else { grid });
        let results: Vec<_> = both
            .map(|(i, (down, across))| {
                let j = (i + step) % grid;
                let (low, high, mut of_low, mut of_high) =
                    if i <= j { (i, j, down, across) } else { (j, i, across, down) };
                tiles.parts(low, high, |Part { row, col, values, mirrored }| {
                    let (rows, cols) = values.shape();
                    let (right, left) = (x.subrows(high * edge + col, cols), x.subrows(low * edge + row, rows));
                    matmul(of_low.rb_mut().subrows_mut(row, rows), Accum::Add, values, right, 1.0, Par::Seq);
                    if mirrored {
                        let below = of_high.rb_mut().subrows_mut(col, cols);
                        matmul(below, Accum::Add, values.transpose(), left, 1.0, Par::Seq);
                    }
                })
            })
            .collect();
        results.into_iter().collect::<Result<(), _>>()?;
        let sums = down.as_ref().par_row_chunks(edge).zip(across.as_ref().par_row_chunks(edge));
        y.rb_mut().par_row_chunks_mut(edge).zip(sums).for_each(|(mut y, (down, across))| y += down + across);
    }
    Ok(())
}
