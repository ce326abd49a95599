//! The view through which a caller writes the kernel matrix.

use super::entry::Entry;
use super::error::RegressionError;

/// The lower triangle, diagonal included, of a symmetric n×n matrix.
///
/// Entries that are never written are reported as NaN when the matrix is checked.
pub struct LowerMut<'a, T = f64> {
    values: &'a mut [T],
    n: usize,
    stride: usize,
}

impl<'a, T: Entry> LowerMut<'a, T> {
    pub(super) fn new(values: &'a mut [T], n: usize, stride: usize) -> Self {
        Self { values, n, stride }
    }

    /// The number of rows and columns.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Writes K(row, col) = K(col, row) = `value`; either order names the entry.
    ///
    /// # Errors
    /// [`RegressionError::Outside`] if an index is `n` or more.
    pub fn set(&mut self, row: usize, col: usize, value: f64) -> Result<(), RegressionError> {
        self.set_tile(row, col, 1, 1, &[value])
    }

    /// Writes the tile of K whose first entry is at (`row0`, `col0`), given row by row, from either side of the diagonal.
    ///
    /// An entry above the diagonal is written to its mirror image. Where the tile holds both, the lower one is kept, so that a
    /// tile on the diagonal may be given whole.
    ///
    /// # Shapes
    /// `values`: `rows` × `cols`, row-major, f32 or f64; they are rounded where the matrix is one of f32.
    ///
    /// # Errors
    /// [`RegressionError::Outside`] if the tile leaves the matrix, [`RegressionError::Length`] if `values` has another length.
    pub fn set_tile<V: Copy + Into<f64>>(
        &mut self,
        row0: usize,
        col0: usize,
        rows: usize,
        cols: usize,
        values: &[V],
    ) -> Result<(), RegressionError> {
        check_block((row0, col0), (rows, cols), (self.n, self.n), values.len())?;
        if rows == 0 || cols == 0 {
            return Ok(());
        }
        // Row by row, the lower entry of a mirrored pair comes second and stays.
        for (i, line) in (row0..).zip(values.chunks_exact(cols)) {
            for (j, &value) in (col0..).zip(line) {
                self.values[i.min(j) * self.stride + i.max(j)] = T::rounded(value.into());
            }
        }
        Ok(())
    }

    /// Column `col` from the diagonal down: K(col, col), K(col + 1, col), …, K(n − 1, col). None if `col` is `n` or more.
    pub fn column_mut(&mut self, col: usize) -> Option<&mut [T]> {
        if col >= self.n {
            return None;
        }
        let start = col * self.stride;
        self.values.get_mut(start + col..start + self.n)
    }

    /// All columns in order, each from its diagonal down; the slices are disjoint, so they may go to different threads.
    pub fn columns_mut(&mut self) -> impl Iterator<Item = &mut [T]> {
        let n = self.n;
        self.values.chunks_mut(self.stride).enumerate().map(move |(j, column)| &mut column[j..n])
    }
}

/// Checks that a block lies within a matrix of `size` and that `len` values fill it.
pub(super) fn check_block(
    at: (usize, usize),
    block: (usize, usize),
    size: (usize, usize),
    len: usize,
) -> Result<(), RegressionError> {
    let inside = |start: usize, count: usize, limit: usize| start.checked_add(count).is_some_and(|end| end <= limit);
    if !inside(at.0, block.0, size.0) || !inside(at.1, block.1, size.1) {
        return Err(RegressionError::Outside {
            row0: at.0,
            col0: at.1,
            rows: block.0,
            cols: block.1,
            height: size.0,
            width: size.1,
        });
    }
    // Both factors are at most the sides of an allocated array, but a test matrix may be larger than the address space.
    let expected = block.0.saturating_mul(block.1);
    if len != expected {
        return Err(RegressionError::Length { what: "values in a block", got: len, expected });
    }
    Ok(())
}
