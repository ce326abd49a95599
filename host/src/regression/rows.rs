//! Whole rows of a symmetric matrix: what one of many machines holds of a kernel that no single one can hold.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::prelude::*;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::entry::Entry;
use super::error::RegressionError;
use super::product::{Read, Tiles};

/// Rows that one thread multiplies at a time. They are counted from the beginning of each tile row, so that a row's products are the same
/// whatever other rows are held.
const PART: usize = 64;
/// Columns that are widened to f64 at a time.
const WIDTH: usize = 512;

/// The rows of some tile rows.
pub struct Rows<T> {
    n: usize,
    edge: usize,
    /// One part of [`PART`] rows, or fewer, after the other, each column by column.
    values: Vec<T>,
    sums: Vec<f64>,
}

impl<T: Entry> Rows<T> {
    /// The tile rows of part `index` of `count`, counted from 0: of a grid of `grid` as many for each part, to one.
    pub fn share(grid: usize, index: usize, count: usize) -> Range<usize> {
        let start = |index: usize| (grid as u128 * index as u128 / count.max(1) as u128) as usize;
        start(index)..start(index + 1)
    }

    /// Reads the tile rows: n tiles of each, from either side of the diagonal. Call it inside the pool.
    ///
    /// # Errors
    /// [`RegressionError::Memory`]; [`RegressionError::Fill`] for a tile that cannot be read, [`RegressionError::NonFinite`] for one
    /// that holds a number which is not finite.
    pub fn read(tiles: &dyn Tiles, tile_rows: Range<usize>) -> Result<Self, RegressionError> {
        let (n, edge) = (tiles.n(), tiles.edge());
        let rows = (tile_rows.end * edge).min(n).saturating_sub(tile_rows.start * edge);
        let mut values = Vec::new();
        let too_large = |_| RegressionError::Memory { n, bytes: size_of::<T>() };
        values.try_reserve_exact(rows.saturating_mul(n)).map_err(too_large)?;
        values.resize(rows * n, T::rounded(0.0));
        let mut sums = vec![0.0; rows];
        let tiles = Read(tiles, |value| value);
        let parts = values.par_chunks_mut(edge * n).zip(sums.par_chunks_mut(edge)).zip(tile_rows);
        let read: Vec<_> = parts
            .map(|((values, sums), i)| {
                (0..n.div_ceil(edge)).try_for_each(|j| {
                    tiles.block(i, j, |block| {
                        for (part, values) in values.chunks_mut(PART * n).enumerate() {
                            let height = values.len() / n;
                            let block = block.subrows(part * PART, height);
                            let columns = values[j * edge * height..].chunks_exact_mut(height).zip(block.col_iter());
                            columns.for_each(|(to, from)| {
                                to.iter_mut().zip(from.iter()).for_each(|(to, &from)| *to = T::rounded(from));
                            });
                        }
                        for (sum, row) in sums.iter_mut().zip(block.row_iter()) {
                            row.iter().for_each(|value| *sum += value.abs());
                        }
                    })
                })
            })
            .collect();
        read.into_iter().collect::<Result<(), _>>()?;
        Ok(Rows { n, edge, values, sums })
    }

    /// The number of columns.
    pub fn n(&self) -> usize {
        self.n
    }

    /// The number of rows that are held.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// Σ_j |K_ij| of each row that is held.
    ///
    /// # Accuracy
    /// A sum of n numbers in f64, from the first column to the last (`host/src/regression/tests/rows.rs`).
    pub fn sums(&self) -> &[f64] {
        &self.sums
    }

    /// Y ← K·X for the rows that are held. Call it inside the pool.
    ///
    /// # Shapes
    /// `x`: n × `columns`, `y`: rows × `columns`, both row by row.
    ///
    /// # Accuracy
    /// Sums in f64 of 512 products at a time. A row has the same bits whatever other rows are held, and for any number of threads
    /// (`host/src/regression/tests/rows.rs`).
    ///
    /// # Errors
    /// [`RegressionError::Length`].
    ///
    /// # Cost
    /// 2·rows·n operations per column.
    pub fn multiply(&self, x: &[f64], columns: usize, y: &mut [f64]) -> Result<(), RegressionError> {
        let (n, rows) = (self.n, self.sums.len());
        for (what, got, expected) in
            [("numbers to multiply", x.len(), n * columns), ("numbers of a product", y.len(), rows * columns)]
        {
            if got != expected {
                return Err(RegressionError::Length { what, got, expected });
            }
        }
        if columns == 0 {
            return Ok(());
        }
        let x = MatRef::from_row_major_slice(x, n, columns);
        let tile_rows = self.values.chunks(self.edge * n).zip(y.chunks_mut(self.edge * columns));
        let parts: Vec<_> =
            tile_rows.flat_map(|(values, y)| values.chunks(PART * n).zip(y.chunks_mut(PART * columns))).collect();
        parts.into_par_iter().for_each(|(values, y)| {
            let height = values.len() / n;
            let mut y = MatMut::from_row_major_slice_mut(y, height, columns);
            y.fill(0.0);
            for start in (0..n).step_by(WIDTH) {
                let width = WIDTH.min(n - start);
                let block = MatRef::from_column_major_slice(&values[start * height..][..width * height], height, width);
                T::widened(block, |at, strip| {
                    let x = x.subrows(start + at, strip.ncols());
                    matmul(y.rb_mut(), Accum::Add, strip, x, 1.0, Par::Seq);
                });
            }
        });
        Ok(())
    }
}
