//! The number types of the n×n array.

use std::cell::RefCell;

use faer::prelude::*;
use faer::traits::RealField;
use faer::{MatMut, MatRef};

use super::error::RegressionError;
use super::matrix::Matrix;
use super::workspace::{Fit, Tell};
use super::{direct, mixed};

/// A float that the n×n array of a [`Workspace`](super::Workspace) may hold: `f64`, which is solved directly, and `f32`, which takes half of
/// the memory and is solved by an iteration.
pub trait Entry: RealField + Copy + Into<f64> + Send + Sync + sealed::Solve {
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

        /// Has `act` work on the block in f64.
        fn widened<R>(block: MatRef<'_, Self>, act: impl FnOnce(MatRef<'_, f64>) -> R) -> R;

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

    fn widened<R>(block: MatRef<'_, f64>, act: impl FnOnce(MatRef<'_, f64>) -> R) -> R {
        act(block)
    }

    fn solve(matrix: &mut Matrix<f64>, ridge: f64, y: MatRef<'_, f64>, tell: Tell<'_>) -> Result<Fit, RegressionError> {
        direct::solve(matrix, ridge, y, tell)
    }
}

thread_local! {
    /// A block in f64, kept from one to the next: taking and giving back its memory would cost as much as the block's product.
    static WIDE: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
}

impl sealed::Solve for f32 {
    const NAN: f32 = f32::NAN;

    fn widened<R>(block: MatRef<'_, f32>, act: impl FnOnce(MatRef<'_, f64>) -> R) -> R {
        let (rows, columns) = block.shape();
        WIDE.with_borrow_mut(|wide| {
            wide.resize((rows * columns).max(wide.len()), 0.0);
            let wide = &mut wide[..rows * columns];
            let mut copy = MatMut::from_column_major_slice_mut(wide, rows, columns);
            for (to, from) in copy.rb_mut().col_iter_mut().zip(block.col_iter()) {
                to.iter_mut().zip(from.iter()).for_each(|(to, &from)| *to = f64::from(from));
            }
            act(copy.rb())
        })
    }

    fn solve(matrix: &mut Matrix<f32>, ridge: f64, y: MatRef<'_, f64>, tell: Tell<'_>) -> Result<Fit, RegressionError> {
        mixed::solve(matrix, ridge, y, tell)
    }
}
