//! The one n×n array: the lower triangle is worked on, the strict upper triangle keeps the kernel.
//!
//! A symmetric matrix needs half of its array, and so does its Cholesky factor. So both fit: the factor below and on the
//! diagonal, the untouched kernel above it, its diagonal aside. A failed factorisation is then repeated with another ridge, and
//! the residual of a solution is formed, without a second matrix and without asking the caller for K again.

use faer::prelude::*;
use faer::{MatMut, MatRef};
use memmap2::MmapMut;
use rayon::prelude::*;
use std::marker::PhantomData;

use super::entry::Entry;
use super::error::{RegressionError, kind_of};
use super::lower::LowerMut;

/// Width of the square blocks in which the triangles are copied onto each other, chosen to stay in the first-level cache.
const COPY: usize = 64;
/// The bytes of a cache line, on which each column starts.
const LINE: usize = 64;
/// A column stride that is a multiple of these bytes would put a whole row of entries into the same few cache sets.
const ALIAS: usize = 4096;

/// Storage of a symmetric matrix and of its factor.
pub struct Matrix<T> {
    data: MmapMut,
    stride: usize,
    n: usize,
    /// Of the kernel, without the ridge.
    diagonal: Vec<f64>,
    /// Per column, the sum of |K_ij| over i ≠ j.
    off_diagonal_sums: Vec<f64>,
    largest: f64,
    /// Whether the kernel still stands below the diagonal, too.
    whole: bool,
    entries: PhantomData<T>,
}

impl<T: Entry> Matrix<T> {
    /// Numbers in a cache line.
    const LINE: usize = LINE / size_of::<T>();

    /// Allocates an n×n matrix, or says that there is no memory for it.
    pub(super) fn new(n: usize) -> Result<Self, RegressionError> {
        if n == 0 {
            return Err(RegressionError::Empty { what: "the training set" });
        }
        let memory = || RegressionError::Memory { n, bytes: size_of::<T>() };
        let mut stride = n.checked_next_multiple_of(Self::LINE).ok_or_else(memory)?;
        if stride.is_multiple_of(ALIAS / size_of::<T>()) {
            stride += Self::LINE;
        }
        let bytes = n.checked_mul(stride).and_then(|len| len.checked_mul(size_of::<T>())).ok_or_else(memory)?;
        let data = pages(bytes).ok_or_else(memory)?;
        let diagonal = reserved(n, f64::NAN).ok_or_else(memory)?;
        let off_diagonal_sums = reserved(n, f64::NAN).ok_or_else(memory)?;
        Ok(Self { data, stride, n, diagonal, off_diagonal_sums, largest: 0.0, whole: false, entries: PhantomData })
    }

    /// The number of rows and columns, at least 1.
    pub(super) fn n(&self) -> usize {
        self.n
    }

    fn values_mut(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.data)
    }

    /// The whole array: factor or kernel on and below the diagonal, the kernel above it.
    pub(super) fn view(&self) -> MatRef<'_, T> {
        let values = bytemuck::cast_slice(&self.data);
        MatRef::from_column_major_slice_with_stride(values, self.n, self.n, self.stride)
    }

    /// As [`view`](Self::view), to be written. What stands above the diagonal must be left alone.
    pub(super) fn view_mut(&mut self) -> MatMut<'_, T> {
        self.whole = false;
        let (n, stride) = (self.n, self.stride);
        MatMut::from_column_major_slice_with_stride_mut(self.values_mut(), n, n, stride)
    }

    /// The diagonal of the kernel, without the ridge.
    pub(super) fn diagonal(&self) -> &[f64] {
        &self.diagonal
    }

    /// The largest |K_ij|.
    pub(super) fn largest(&self) -> f64 {
        self.largest
    }

    /// ‖K + ridge·I‖₁, the largest column sum of absolute values; it may be +∞.
    pub(super) fn norm_one(&self, ridge: f64) -> f64 {
        let sums = self.off_diagonal_sums.iter().zip(&self.diagonal);
        sums.map(|(sum, d)| sum + (d + ridge).abs()).fold(0.0, f64::max)
    }

    /// The caller's view for filling. Every entry starts as NaN, so that one that is forgotten is found by [`keep`](Self::keep).
    pub(super) fn fill_view(&mut self) -> LowerMut<'_, T> {
        let (n, stride) = (self.n, self.stride);
        let values = self.values_mut();
        for (j, column) in values.chunks_mut(stride).enumerate() {
            column[j..n].fill(T::NAN);
        }
        LowerMut::new(values, n, stride)
    }

    /// Checks the filled triangle, copies it above the diagonal and sums the columns. Call it inside the pool.
    ///
    /// # Errors
    /// The first entry, in column-major order, that is not finite.
    pub(super) fn keep(&mut self) -> Result<(), RegressionError> {
        let n = self.n;
        let view = self.view();
        let bad = (0..n).into_par_iter().find_map_first(|j| {
            (j..n)
                .map(|i| (i, view[(i, j)].into()))
                .find(|(_, value)| !value.is_finite())
                .map(|(i, value)| (i, j, value))
        });
        if let Some((row, col, value)) = bad {
            return Err(RegressionError::NonFinite { what: "the kernel matrix", kind: kind_of(value), row, col });
        }
        for start in (0..n).step_by(COPY) {
            let width = COPY.min(n - start);
            let (left, right) = self.view_mut().split_at_col_mut(start);
            let (above, below) = right.subcols_mut(0, width).split_at_row_mut(start);
            let left = left.rb();
            above.par_row_chunks_mut(COPY).enumerate().for_each(|(t, mut block)| {
                let source = left.submatrix(start, t * COPY, width, block.nrows());
                block.copy_from(source.transpose());
            });
            let mut own = below.subrows_mut(0, width);
            for j in 0..width {
                for i in j + 1..width {
                    own[(j, i)] = own[(i, j)];
                }
            }
        }
        // Both triangles hold K now, so a column is contiguous.
        let mut sums = std::mem::take(&mut self.off_diagonal_sums);
        let mut diagonal = std::mem::take(&mut self.diagonal);
        let view = self.view();
        let each = sums.par_iter_mut().zip(&mut diagonal).enumerate();
        let largest = each.map(|(j, (sum, own))| {
            *own = view[(j, j)].into();
            let column = view.col(j);
            let size = |&value: &T| -> f64 { value.into().abs() };
            *sum = column.iter().enumerate().filter(|&(i, _)| i != j).map(|(_, value)| size(value)).sum();
            column.iter().map(size).fold(0.0, f64::max)
        });
        self.largest = largest.reduce(|| 0.0, f64::max);
        self.off_diagonal_sums = sums;
        self.diagonal = diagonal;
        self.whole = true;
        Ok(())
    }

    /// Puts K + ridge·I back on and below the diagonal. Call it inside the pool, after [`keep`](Self::keep).
    pub(super) fn restore(&mut self, ridge: f64) {
        let n = self.n;
        // After `keep` there is nothing to copy.
        let copied = if self.whole { n } else { 0 };
        for start in (copied..n).step_by(COPY) {
            let width = COPY.min(n - start);
            let (left, right) = self.view_mut().split_at_col_mut(start);
            let (above, below) = right.subcols_mut(0, width).split_at_row_mut(start);
            let above = above.rb();
            left.subrows_mut(start, width).par_col_chunks_mut(COPY).enumerate().for_each(|(t, mut block)| {
                let source = above.subrows(t * COPY, block.ncols());
                block.copy_from(source.transpose());
            });
            let mut own = below.subrows_mut(0, width);
            for j in 0..width {
                for i in j + 1..width {
                    own[(i, j)] = own[(j, i)];
                }
            }
        }
        let diagonal = std::mem::take(&mut self.diagonal);
        let mut view = self.view_mut();
        for (j, value) in diagonal.iter().enumerate() {
            view[(j, j)] = T::rounded(value + ridge);
        }
        self.diagonal = diagonal;
    }
}

/// So many bytes of zeros, aligned to a page, or None where there is no memory for them. In large pages where the system has any: in small ones each
/// column of a tile lies on a page of its own, and its address has to be looked up (`docs/performance.md`).
fn pages(bytes: usize) -> Option<MmapMut> {
    let map = MmapMut::map_anon(bytes).ok()?;
    #[cfg(target_os = "linux")]
    if let Err(error) = map.advise(memmap2::Advice::HugePage) {
        tracing::debug!("no large pages for {bytes} bytes: {error}");
    }
    Some(map)
}

/// `len` times `value`, or None where there is no memory for it.
fn reserved<T: Clone>(len: usize, value: T) -> Option<Vec<T>> {
    let mut data = Vec::new();
    data.try_reserve_exact(len).ok()?;
    data.resize(len, value);
    Some(data)
}
