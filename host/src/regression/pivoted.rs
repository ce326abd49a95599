//! The preconditioner that needs a few columns of the kernel: a partial Cholesky factor with pivoting.

use faer::linalg::matmul::matmul;
use faer::prelude::*;
use faer::{Accum, Mat, MatMut, Par};
use rayon::prelude::*;

use super::cholesky;
use super::error::RegressionError;
use super::product::{Blocks, Read};

/// The rank of the preconditioner, as long as there are so many images.
pub const RANK: usize = 200;
/// Rows that one thread works on; more than a tile of a factorisation, as each part leaves a matrix of rank × classes.
const ROWS: usize = 2048;

/// M = L·Lᵀ + δ·I, with L of n × rank.
pub(super) struct Pivoted {
    l: Mat<f64>,
    /// The factor of δ·I + LᵀL.
    inner: Mat<f64>,
    delta: f64,
    /// The first and the last pivot.
    pub(super) pivots: (f64, f64),
}

impl Pivoted {
    /// Takes the largest remaining diagonal entry as the next pivot, of equal ones the first, until there are [`RANK`] columns or
    /// nothing is left. δ is the ridge and the mean of what remains, but at least `noise`, which is the size of the kernel's own errors.
    /// Call it inside the pool.
    ///
    /// # Errors
    /// A tile that cannot be read.
    ///
    /// # Cost
    /// For each of the r columns a row and a column of tiles is read; 2nr² operations; n(r + 2) numbers.
    ///
    /// # Source
    /// H. Harbrecht, M. Peters and R. Schneider, "On the low-rank approximation by the pivoted Cholesky decomposition", Appl. Numer.
    /// Math. 62 (2012); as a preconditioner J. R. Gardner et al., "GPyTorch: blackbox matrix-matrix Gaussian process inference with GPU
    /// acceleration", NeurIPS (2018).
    pub(super) fn new(tiles: &Read<'_>, diagonal: &[f64], ridge: f64, noise: f64) -> Result<Self, RegressionError> {
        let n = diagonal.len();
        let rank = RANK.min(n);
        let mut l = Mat::<f64>::zeros(n, rank);
        let mut left = diagonal.to_vec();
        let mut pivots: Option<(f64, f64)> = None;
        let mut taken = 0;
        while taken < rank {
            let larger = |best: usize, i: usize| if left[i] > left[best] { i } else { best };
            let pivot = (1..n).fold(0, larger);
            let value = left[pivot];
            if !(value > 0.0 && value >= pivots.map_or(0.0, |(first, _)| first * f64::EPSILON)) {
                break;
            }
            pivots = Some((pivots.map_or(value, |(first, _)| first), value));
            let mut column = column(tiles, pivot)?;
            let done = l.get(.., ..taken);
            let own: Vec<f64> = done.row(pivot).iter().copied().collect();
            let root = value.sqrt();
            column.par_iter_mut().zip(&mut left).enumerate().for_each(|(i, (entry, left))| {
                let known: f64 = done.row(i).iter().zip(&own).map(|(a, b)| a * b).sum();
                *entry = (*entry - known) / root;
                *left -= *entry * *entry;
            });
            // Exactly, so that rounding does not choose it again.
            left[pivot] = 0.0;
            l.col_as_slice_mut(taken).copy_from_slice(&column);
            taken += 1;
        }
        let l = l.get(.., ..taken).to_owned();
        let remaining = left.iter().map(|value| value.max(0.0) / n as f64).sum::<f64>();
        let delta = (ridge + remaining).max(noise);
        let mut inner = sum(n, taken, taken, |start, rows, part| {
            let l = l.get(start..start + rows, ..);
            matmul(part, Accum::Replace, l.transpose(), l, 1.0, Par::Seq);
        });
        (0..taken).for_each(|k| inner[(k, k)] += delta);
        if cholesky::factor(inner.as_mut(), &|_| ()).is_err() {
            // LᵀL of numbers near the end of f64: better no preconditioner than a wrong one.
            return Ok(Pivoted { l: Mat::zeros(n, 0), inner: Mat::zeros(0, 0), delta: 1.0, pivots: (0.0, 0.0) });
        }
        Ok(Pivoted { l, inner, delta, pivots: pivots.unwrap_or_default() })
    }

    /// Z ← M⁻¹·Z = (Z − L (δ·I + LᵀL)⁻¹ LᵀZ)/δ, by the formula of Woodbury. Call it inside the pool.
    ///
    /// # Cost
    /// 4·n·rank operations per column.
    pub(super) fn solve(&self, mut z: MatMut<'_, f64>) {
        let rank = self.l.ncols();
        if rank > 0 {
            let right = z.rb();
            let mut small = sum(z.nrows(), rank, z.ncols(), |start, rows, part| {
                let l = self.l.get(start..start + rows, ..);
                matmul(part, Accum::Replace, l.transpose(), right.subrows(start, rows), 1.0, Par::Seq);
            });
            cholesky::solve(self.inner.as_ref(), small.as_mut());
            let parts = z.rb_mut().par_row_chunks_mut(ROWS).zip(self.l.par_row_chunks(ROWS));
            parts.for_each(|(z, l)| matmul(z, Accum::Add, l, small.as_ref(), -1.0, Par::Seq));
        }
        zip!(z).for_each(|unzip!(z)| *z /= self.delta);
    }
}

/// The sum of the matrices that `make` makes of each part of the rows, in their order: the same bits for any number of threads.
fn sum(n: usize, rows: usize, columns: usize, make: impl Fn(usize, usize, MatMut<'_, f64>) + Sync) -> Mat<f64> {
    let parts: Vec<Mat<f64>> = (0..n.div_ceil(ROWS))
        .into_par_iter()
        .map(|part| {
            let (start, mut out) = (part * ROWS, Mat::zeros(rows, columns));
            make(start, ROWS.min(n - start), out.as_mut());
            out
        })
        .collect();
    let mut total = Mat::zeros(rows, columns);
    parts.iter().for_each(|part| total += part);
    total
}

/// Column `at` of the kernel.
fn column(tiles: &Read<'_>, at: usize) -> Result<Vec<f64>, RegressionError> {
    let (edge, j) = (tiles.edge(), at / tiles.edge());
    let parts: Vec<_> = (0..tiles.n().div_ceil(edge))
        .into_par_iter()
        .map(|i| tiles.block(i, j, |block| block.col(at % edge).iter().copied().collect::<Vec<f64>>()))
        .collect();
    let parts: Vec<Vec<f64>> = parts.into_iter().collect::<Result<_, _>>()?;
    Ok(parts.concat())
}

/// The diagonal of the kernel.
pub(super) fn diagonal(tiles: &Read<'_>) -> Result<Vec<f64>, RegressionError> {
    let parts: Vec<_> = (0..tiles.n().div_ceil(tiles.edge()))
        .into_par_iter()
        .map(|i| tiles.block(i, i, |block| (0..block.nrows()).map(|k| block[(k, k)]).collect::<Vec<f64>>()))
        .collect();
    let parts: Vec<Vec<f64>> = parts.into_iter().collect::<Result<_, _>>()?;
    Ok(parts.concat())
}
