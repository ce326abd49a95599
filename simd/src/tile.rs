//! Where a tile lies in its matrix, and what it reads.

use std::ops::Range;
use ultrawide_core::Number;

/// Images by number.
pub trait Images<S> {
    /// Writes all numbers of an image.
    fn write(&self, index: usize, out: &mut [S]);
}

/// The images of a tile.
pub struct Tile {
    /// Those of its rows.
    pub rows: Range<usize>,
    /// Those of its columns.
    pub columns: Range<usize>,
    /// On the diagonal of a symmetric matrix: only the entries on and below the diagonal are computed.
    pub diagonal: bool,
}

impl Tile {
    /// Puts the outputs of one row image and the column images from `first` on, one in each lane, where they belong.
    #[inline(always)]
    pub(crate) fn put<N: Number>(&self, out: &mut [N::Scalar], row: usize, first: usize, values: &[N]) {
        let (rows, columns) = (self.rows.len(), self.columns.len());
        let (row, first) = (row - self.rows.start, first - self.columns.start);
        for (matrix, value) in out.chunks_exact_mut(rows * columns).zip(values) {
            value.write(&mut matrix[row * columns..][first..columns]);
        }
    }
}
