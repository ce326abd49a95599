//! Cholesky factorisation and triangular solves whose bits do not depend on the number of threads.
//!
//! The matrix is cut into tiles of a fixed size, faer computes each tile sequentially, and only the tiles are shared out: every
//! number comes from the same operations in the same order on 1 thread and on 100. faer's own parallel `llt` gave equal bits for 1,
//! 2 and 3 threads when this was written, but does not promise it, and it uses the upper halves of its diagonal blocks as working
//! space, where [`Matrix`](super::matrix::Matrix) keeps the kernel. On one thread this costs 10 to 25 % against faer's (45 to 56 against
//! 56 to 62 GFLOP/s on an AVX-512 Xeon core), on two nothing in the quietest runs (84 to 97 against 87 to 99); see `tests/speed.rs`.
//!
//! Left-looking, one panel of [`PANEL`] columns at a time (block row p of the panel, tile row i):
//! 1. all tiles in parallel: A_ip ← A_ip − Σ_{q<p} L_iq L_pqᵀ, one product with the long inner dimension that matrix
//!    multiplication likes; a right-looking order would read and write the rest of the matrix once per panel instead;
//! 2. the diagonal block is factored by one thread;
//! 3. all tiles below in parallel: L_ip ← A_ip L_pp⁻ᵀ.
//!
//! The diagonal block is updated and factored in a copy, so that the kernel above it stays whole.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{LltError, LltParams, cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::prelude::*;
use faer::{Accum, Mat, MatMut, MatRef, Par, Spec};
use rayon::prelude::*;

use super::entry::Entry;

/// Columns per panel of the factorisation and of the solves.
pub(super) const PANEL: usize = 256;
/// Rows per tile: the unit that one thread computes. With fewer, the panel's rows are packed too often; with more, threads stay idle.
pub(super) const TILE: usize = 256;
/// Rows per tile of the solves, which are as fast as the factor is read: columns long enough to be fetched in advance.
const LONG: usize = 2048;
/// Columns per tile of the backward solve.
const NARROW: usize = 32;

/// Rows per tile of a factorisation of size n: more where there are tiles enough for many threads.
fn tile(n: usize) -> usize {
    if n < 8192 { TILE } else { 2 * TILE }
}

/// The pivot at which a factorisation stopped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure {
    /// Its index.
    pub(super) index: usize,
    /// Its value K_kk − Σ_j L_kj²: zero, negative or not finite.
    pub(super) pivot: f64,
}

/// Replaces the lower triangle A by L with A = L·Lᵀ; the strict upper triangle is neither read nor written.
///
/// After a failure at pivot k, the first k columns of row k and of the rows above it hold L. Call it inside the pool. After each panel `done`
/// is told what part of the operations, from 0 to 1, is behind.
///
/// # Cost
/// n³/3 operations; scratch of `PANEL`² numbers.
pub(super) fn factor<T: Entry>(mut a: MatMut<'_, T>, done: &dyn Fn(f64)) -> Result<(), Failure> {
    let (n, rows) = (a.nrows(), tile(a.nrows()));
    let mut own = Mat::<T>::zeros(PANEL.min(n), PANEL.min(n));
    let params: Spec<LltParams, T> = Spec::default();
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<T>(PANEL.min(n), Par::Seq, params));
    for start in (0..n).step_by(PANEL) {
        let width = PANEL.min(n - start);
        let (left, right) = a.rb_mut().split_at_col_mut(start);
        let (_, panel) = right.subcols_mut(0, width).split_at_row_mut(start);
        let (mut diagonal, mut below) = panel.split_at_row_mut(width);
        let left = left.rb();
        let pivot_rows = left.subrows(start, width);
        let mut own = own.as_mut().submatrix_mut(0, 0, width, width);
        own.fill(T::rounded(0.0));
        own.copy_from_triangular_lower(diagonal.rb());

        if start > 0 {
            let own_tiles = own.rb_mut().par_row_chunks_mut(rows).enumerate().map(|(t, tile)| (start + t * rows, tile));
            let tiles = below.rb_mut().par_row_chunks_mut(rows).enumerate();
            own_tiles.chain(tiles.map(|(t, tile)| (start + width + t * rows, tile))).for_each(|(row, tile)| {
                let left = left.subrows(row, tile.nrows());
                matmul(tile, Accum::Add, left, pivot_rows.transpose(), T::rounded(-1.0), Par::Seq);
            });
        }
        let result = cholesky_in_place(own.rb_mut(), Default::default(), Par::Seq, MemStack::new(&mut memory), params);
        diagonal.copy_from_triangular_lower(own.rb());
        if let Err(LltError::NonPositivePivot { index }) = result {
            // faer has written the reduced diagonal entry back before it looks at it.
            return Err(Failure { index: start + index, pivot: own[(index, index)].into() });
        }
        let own = own.rb();
        below.par_row_chunks_mut(rows).for_each(|tile| {
            solve_lower_triangular_in_place(own, tile.transpose_mut(), Par::Seq);
        });
        let columns = (start + width) as f64 / n as f64;
        done(columns * columns * (3.0 - 2.0 * columns));
    }
    Ok(())
}

/// Solves L·Lᵀ X = B in place, all columns of B at once, in f64 whatever L consists of. Call it inside the pool.
///
/// # Cost
/// 2n² operations per column; a factor in f32 is widened block by block.
pub(super) fn solve<T: Entry>(l: MatRef<'_, T>, mut b: MatMut<'_, f64>) {
    solve_forward(l, b.rb_mut());
    solve_backward(l, b);
}

/// Solves L X = B in place.
fn solve_forward<T: Entry>(l: MatRef<'_, T>, mut b: MatMut<'_, f64>) {
    let n = l.nrows();
    for start in (0..n).step_by(PANEL) {
        let width = PANEL.min(n - start);
        let (done, below) = b.rb_mut().split_at_row_mut(start + width);
        let mut x = done.subrows_mut(start, width);
        T::widened(l.submatrix(start, start, width, width), |_, own| {
            solve_lower_triangular_in_place(own, x.rb_mut(), Par::Seq);
        });
        let x = x.rb();
        below.par_row_chunks_mut(LONG).enumerate().for_each(|(t, mut tile)| {
            let block = l.submatrix(start + width + t * LONG, start, tile.nrows(), width);
            T::widened(block, |at, strip| {
                matmul(tile.rb_mut(), Accum::Add, strip, x.subrows(at, strip.ncols()), -1.0, Par::Seq);
            });
        });
    }
}

/// Solves Lᵀ X = B in place.
pub(super) fn solve_backward<T: Entry>(l: MatRef<'_, T>, mut b: MatMut<'_, f64>) {
    let n = l.nrows();
    for start in (0..n).step_by(PANEL).rev() {
        let width = PANEL.min(n - start);
        let (above, done) = b.rb_mut().split_at_row_mut(start + width);
        let (mut x, done) = (above.subrows_mut(start, width), done.rb());
        // Down the columns, as they lie in memory, each in parts of a fixed length: that fixes the order of the sum, too.
        x.rb_mut().par_row_chunks_mut(NARROW).enumerate().for_each(|(t, mut tile)| {
            let panel = l.submatrix(start + width, start + t * NARROW, done.nrows(), tile.nrows());
            for row in (0..done.nrows()).step_by(LONG) {
                let height = LONG.min(done.nrows() - row);
                T::widened(panel.subrows(row, height), |at, strip| {
                    let part = tile.rb_mut().subrows_mut(at, strip.ncols());
                    matmul(part, Accum::Add, strip.transpose(), done.subrows(row, height), -1.0, Par::Seq);
                });
            }
        });
        T::widened(l.submatrix(start, start, width, width), |_, own| {
            solve_upper_triangular_in_place(own.transpose(), x.rb_mut(), Par::Seq);
        });
    }
}
