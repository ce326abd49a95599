//! The number types of the n×n array.

use std::cell::RefCell;

use bytemuck::Pod;
use faer::prelude::*;
use faer::traits::RealField;
use faer::{MatMut, MatRef};

use super::error::RegressionError;
use super::matrix::Matrix;
use super::workspace::{Fit, Tell};
use super::{direct, mixed};

/// A float that the n×n array of a [`Workspace`](super::Workspace) may hold: `f64`, which is solved directly, and `f32`, which takes half of
/// the memory and is solved by an iteration.
pub trait Entry: RealField + Pod + Into<f64> + Send + Sync + sealed::Solve {
    /// The nearest number of this type.
    fn rounded(value: f64) -> Self;
}

impl Entry for f32 {
    fn rounded(value: f64) -> f32 {
        value as f32
    }
}

impl Entry for f64 {
    fn rounded(value: f64) -> f64 {
        value
    }
}

pub(super) mod sealed {
    use super::*;

    /// What the module itself needs of the two.
    pub trait Solve: Sized {
        const NAN: Self;

        /// Has `act` work on the block in f64: strip after strip of its columns, with the first column of each.
        fn widened(block: MatRef<'_, Self>, act: impl FnMut(usize, MatRef<'_, f64>));

        /// Solves (K + ridge·I) X = Y for the kernel of `matrix`, inside the pool, on checked input.
        fn solve(
            matrix: &mut Matrix<Self>,
            ridge: f64,
            y: MatRef<'_, f64>,
            tell: Tell<'_>,
        ) -> Result<Fit, RegressionError>
        where
            Self: Entry;
    }
}

impl sealed::Solve for f64 {
    const NAN: f64 = f64::NAN;

    fn widened(block: MatRef<'_, f64>, mut act: impl FnMut(usize, MatRef<'_, f64>)) {
        act(0, block);
    }

    fn solve(matrix: &mut Matrix<f64>, ridge: f64, y: MatRef<'_, f64>, tell: Tell<'_>) -> Result<Fit, RegressionError> {
        direct::solve(matrix, ridge, y, tell)
    }
}

/// Numbers in a strip, which stays in a second-level cache.
const STRIP: usize = 1 << 16;

thread_local! {
    /// A strip in f64, kept from one to the next: taking and giving back its memory would cost as much as its product.
    static WIDE: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
}

impl sealed::Solve for f32 {
    const NAN: f32 = f32::NAN;

    fn widened(block: MatRef<'_, f32>, mut act: impl FnMut(usize, MatRef<'_, f64>)) {
        let (rows, columns) = block.shape();
        let width = (STRIP / rows.max(1)).clamp(1, columns.max(1));
        WIDE.with_borrow_mut(|wide| {
            wide.resize((rows * width).max(wide.len()), 0.0);
            for start in (0..columns).step_by(width) {
                let strip = block.subcols(start, width.min(columns - start));
                let wide = &mut wide[..rows * strip.ncols()];
                let mut copy = MatMut::from_column_major_slice_mut(wide, rows, strip.ncols());
                for (to, from) in copy.rb_mut().col_iter_mut().zip(strip.col_iter()) {
                    to.iter_mut().zip(from.iter()).for_each(|(to, &from)| *to = f64::from(from));
                }
                act(start, copy.rb());
            }
        });
    }

    fn solve(matrix: &mut Matrix<f32>, ridge: f64, y: MatRef<'_, f64>, tell: Tell<'_>) -> Result<Fit, RegressionError> {
        mixed::solve(matrix, ridge, y, tell)
    }
}
