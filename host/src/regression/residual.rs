//! How well a solution satisfies its equations.

use faer::linalg::matmul::matmul;
use faer::prelude::*;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

use super::cholesky::TILE;
use super::matrix::Matrix;

/// The residual Y − A·X for A = K + ridge·I.
///
/// # Cost
/// 2n² operations per column, and one copy of Y. Call it inside the pool.
pub(super) fn residual(matrix: &Matrix<f64>, ridge: f64, x: MatRef<'_, f64>, y: MatRef<'_, f64>) -> Mat<f64> {
    let (n, kernel, diagonal) = (matrix.n(), matrix.view(), matrix.diagonal());
    let mut residual: Mat<f64> = y.to_owned();
    residual.as_mut().par_row_chunks_mut(TILE).enumerate().for_each(|(t, mut tile)| {
        let (start, height) = (t * TILE, tile.nrows());
        let end = start + height;
        // Rows start..end of K, read from above the diagonal only: left of the diagonal block they stand transposed.
        if start > 0 {
            let block = kernel.submatrix(0, start, start, height).transpose();
            matmul(tile.rb_mut(), Accum::Add, block, x.subrows(0, start), -1.0, Par::Seq);
        }
        if end < n {
            let block = kernel.submatrix(start, end, height, n - end);
            matmul(tile.rb_mut(), Accum::Add, block, x.subrows(end, n - end), -1.0, Par::Seq);
        }
        for c in 0..x.ncols() {
            for i in 0..height {
                let row = start + i;
                let mut sum = (diagonal[row] + ridge) * x[(row, c)];
                for j in 0..height {
                    if i != j {
                        sum += kernel[(start + i.min(j), start + i.max(j))] * x[(start + j, c)];
                    }
                }
                tile[(i, c)] -= sum;
            }
        }
    });
    residual
}

/// The normwise backward error of A·X = Y with the given residual and ‖A‖∞, the largest over the columns:
/// ‖y − A·x‖∞ / (‖A‖∞ ‖x‖∞ + ‖y‖∞); +∞ where a product overflows, never NaN.
///
/// It tells by how much, relatively, the matrix and the targets would have to change for X to be exact. A stable solve reaches a
/// small multiple of 1.1e-16, whatever the condition number.
///
/// # Source
/// J. L. Rigal and J. Gaches, "On the compatibility of a given solution with the data of a linear system", J. ACM 14 (1967).
pub(super) fn backward_error(residual: MatRef<'_, f64>, norm: f64, x: MatRef<'_, f64>, y: MatRef<'_, f64>) -> f64 {
    let column = |c| ratio(largest(residual, c), norm * largest(x, c) + largest(y, c));
    (0..x.ncols()).map(column).fold(0.0, f64::max)
}

/// ‖y − A·x‖₂/‖y‖₂, the largest over the columns; +∞ where it overflows, never NaN.
pub(super) fn relative(residual: MatRef<'_, f64>, y: MatRef<'_, f64>) -> f64 {
    let column = |c| {
        // Relative to the largest entry, so that no square leaves the range of f64.
        let scale = largest(y, c);
        let norm = |v: MatRef<'_, f64>| v.col(c).iter().map(|v| (v / scale).powi(2)).sum::<f64>().sqrt();
        if largest(residual, c) == 0.0 { 0.0 } else { ratio(norm(residual), norm(y)) }
    };
    (0..y.ncols()).map(column).fold(0.0, f64::max)
}

fn ratio(top: f64, bottom: f64) -> f64 {
    // 0/0 is an all-zero column, solved exactly.
    let ratio = if top == 0.0 { 0.0 } else { top / bottom };
    if ratio.is_nan() { f64::INFINITY } else { ratio }
}

/// max |v_i| of a column; +∞ if one of its entries is not a number.
pub(super) fn largest(v: MatRef<'_, f64>, c: usize) -> f64 {
    (0..v.nrows()).map(|i| v[(i, c)].abs()).fold(
        0.0,
        |max, value| {
            if value.is_nan() { f64::INFINITY } else { max.max(value) }
        },
    )
}
