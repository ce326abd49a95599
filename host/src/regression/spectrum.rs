//! The eigendecomposition of a training kernel: from one factorisation every ridge, its leave-one-out error, the predictions at every
//! time of training, and the variance of a Gaussian process.
//!
//! With K = Q Λ Qᵀ:
//!
//! ```text
//! ridge ρ          α = Q (Λ + ρ)⁻¹ Qᵀ Y
//! leave one out    f₋ᵢ(x_i) = y_i − α_i / [(K + ρ I)⁻¹]_ii
//! time t           α_t = Q φ_t(Λ) Qᵀ Y,   φ_t(λ) = (1 − e^(−tλ)) / λ
//! variance         k(x, x) − k(x, X) (K + ρ I)⁻¹ k(X, x) = k(x, x) − Σ_j (k(x, X) q_j)² / (λ_j + ρ)
//! ```
//!
//! and f(x) = k(x, X) α.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, SelfAdjointEvdParams, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::{Accum, Col, Mat, MatRef, Par, Spec};
use rayon::ThreadPool;
use rayon::prelude::*;
use std::sync::Arc;

use super::error::RegressionError;
use super::ridge as ridges;

/// Into how many parts faer cuts its work. A fixed number, so that the bits do not depend on the threads, which take the parts as they come.
const PARTS: usize = 16;
/// Rows that one thread sums at a time.
const ROWS: usize = 512;

/// The eigenvalues and eigenvectors of a training kernel, and its targets.
pub struct Spectrum {
    /// λ, ascending.
    values: Col<f64>,
    /// Q.
    vectors: Mat<f64>,
    targets: Mat<f64>,
    /// Qᵀ Y.
    projected: Mat<f64>,
    pool: Arc<ThreadPool>,
}

/// What the training images tell of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Explained {
    /// By how much they lower the variance: k(x, X) (K + ρ I)⁻¹ k(X, x).
    pub variance: f64,
    /// ‖(K + ρ I)⁻¹ k(X, x)‖². Errors of the kernels of 2-norm δ, of the point's own among them, change the variance by at most δ times (1 + this), to first order.
    pub weights: f64,
}

impl Spectrum {
    /// Decomposes the kernel whose lower triangle is `kernel`, on the threads of `pool`, which go on to serve.
    ///
    /// # Errors
    /// [`RegressionError::Eigenvalues`] where the iteration does not converge, or leaves the range of f64; [`RegressionError::Memory`].
    ///
    /// # Cost
    /// About 9 n³ operations; two more n×n matrices beside `kernel`, and a third while it runs.
    pub(super) fn new(
        kernel: MatRef<'_, f64>,
        targets: Mat<f64>,
        pool: &Arc<ThreadPool>,
    ) -> Result<Self, RegressionError> {
        let (values, vectors) = pool.install(|| Self::decomposed(kernel))?;
        let projected = pool.install(|| product(vectors.transpose(), targets.as_ref()));
        Ok(Spectrum { values, vectors, targets, projected, pool: pool.clone() })
    }

    fn decomposed(kernel: MatRef<'_, f64>) -> Result<(Col<f64>, Mat<f64>), RegressionError> {
        let n = kernel.nrows();
        let par = Par::rayon(PARTS);
        let params: Spec<SelfAdjointEvdParams, f64> = Spec::default();
        let scratch = self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, par, params);
        let mut memory =
            MemBuffer::try_new(scratch).map_err(|_| RegressionError::Memory { n, bytes: size_of::<f64>() })?;
        let (mut values, mut vectors) = (Col::zeros(n), Mat::zeros(n, n));
        self_adjoint_evd(
            kernel,
            values.as_diagonal_mut(),
            Some(vectors.as_mut()),
            par,
            MemStack::new(&mut memory),
            params,
        )
        .map_err(|_| RegressionError::Eigenvalues { n })?;
        if !values.iter().all(|value| value.is_finite()) {
            return Err(RegressionError::Eigenvalues { n });
        }
        Ok((values, vectors))
    }

    /// The number of training images.
    pub fn n(&self) -> usize {
        self.values.nrows()
    }

    /// The least and the largest eigenvalue of K.
    ///
    /// # Accuracy
    /// 1e-13 of the largest (`host/src/regression/tests/spectrum.rs`).
    pub fn extremes(&self) -> [f64; 2] {
        let last = self.n().saturating_sub(1);
        [self.values[0], self.values[last]]
    }

    /// (λ_max + ρ) / (λ_min + ρ): the condition number of K + ρ I in the 2-norm.
    ///
    /// # Accuracy
    /// That of the eigenvalues: 1e-13 of the largest, so this much times the result itself, relative.
    pub fn condition(&self, ridge: f64) -> f64 {
        let [least, largest] = self.extremes();
        (largest + ridge) / (least + ridge)
    }

    /// The weights of kernel regression with a ridge: α = Q (Λ + ρ)⁻¹ Qᵀ Y.
    ///
    /// # Shapes
    /// n × classes.
    ///
    /// # Accuracy
    /// Relative to the largest weight, 1e-13 times the condition number (`host/src/regression/tests/spectrum.rs`).
    ///
    /// # Errors
    /// [`RegressionError::Ridge`]; [`RegressionError::Indefinite`] where λ_min + ρ is not above the rounding of λ_max, with a ridge for which it is.
    ///
    /// # Cost
    /// 2 n² operations a class.
    pub fn weights(&self, ridge: f64) -> Result<Mat<f64>, RegressionError> {
        self.check(ridge)?;
        Ok(self.applied(|value| 1.0 / (value + ridge)))
    }

    /// What each training image would be predicted by a regression on all the others.
    ///
    /// # Shapes
    /// n × classes.
    ///
    /// # Accuracy
    /// As [`weights`](Self::weights), relative to the largest of targets and predictions.
    ///
    /// # Errors
    /// As [`weights`](Self::weights).
    ///
    /// # Cost
    /// 2 n² operations beside those of [`weights`](Self::weights).
    ///
    /// # Source
    /// Rasmussen and Williams 2006, eq. 5.12.
    pub fn leave_one_out(&self, ridge: f64) -> Result<Mat<f64>, RegressionError> {
        let weights = self.weights(ridge)?;
        let inverse: Vec<f64> =
            self.each_row(self.vectors.as_ref(), 0.0, |sum, square, value| sum + square / (value + ridge));
        Ok(Mat::from_fn(self.n(), self.targets.ncols(), |i, c| self.targets[(i, c)] - weights[(i, c)] / inverse[i]))
    }

    /// The weights after training for a time t by gradient flow on ½ Σ (f − y)² from f = 0: du/dt = −K (u − y) on the training images.
    ///
    /// t = ∞ is kernel regression without a ridge. The unit of t is that of 1/K: by t the part of the targets along an eigenvector is
    /// learnt up to e^(−tλ). An eigenvalue that rounding has made negative counts as 0, where φ_t = t.
    ///
    /// # Shapes
    /// n × classes.
    ///
    /// # Accuracy
    /// Of the predictions on the training images, 1e-12 (1 + tλ_max) (`host/src/regression/tests/spectrum.rs`).
    ///
    /// # Errors
    /// [`RegressionError::Time`] for a time that is negative or not a number; for t = ∞ as [`weights`](Self::weights).
    ///
    /// # Cost
    /// 2 n² operations a class.
    ///
    /// # Source
    /// Jacot et al. 2018, §5; Lee et al. 2019, eq. 10 with f₀ = 0.
    pub fn flow(&self, time: f64) -> Result<Mat<f64>, RegressionError> {
        if time.is_nan() || time < 0.0 {
            return Err(RegressionError::Time { time });
        }
        if time == f64::INFINITY {
            return self.weights(0.0);
        }
        Ok(self.applied(|value| if value > 0.0 { -(-time * value).exp_m1() / value } else { time }))
    }

    /// By how much the training images lower the variance of a Gaussian process at each of some points, for each ridge:
    /// k(x, X) (K + ρ I)⁻¹ k(X, x).
    ///
    /// # Shapes
    /// `kernels`: points × n, k(x, X).
    ///
    /// # Accuracy
    /// Relative to its own size, 1e-13 times the condition number (`host/src/regression/tests/spectrum.rs`).
    ///
    /// # Errors
    /// As [`weights`](Self::weights); [`RegressionError::Length`].
    ///
    /// # Cost
    /// 2 n² operations a point, and 3 n for each ridge.
    ///
    /// # Source
    /// Rasmussen and Williams 2006, eq. 2.26.
    pub fn explained(&self, ridges: &[f64], kernels: MatRef<'_, f64>) -> Result<Vec<Vec<Explained>>, RegressionError> {
        ridges.iter().try_for_each(|&ridge| self.check(ridge))?;
        if kernels.ncols() != self.n() {
            let (got, expected) = (kernels.ncols(), self.n());
            return Err(RegressionError::Length { what: "kernels of a point", got, expected });
        }
        let along = self.pool.install(|| product(kernels, self.vectors.as_ref()));
        let of = |&ridge: &f64| {
            self.each_row(along.as_ref(), Explained { variance: 0.0, weights: 0.0 }, |sum, square, value| Explained {
                variance: sum.variance + square / (value + ridge),
                weights: sum.weights + square / ((value + ridge) * (value + ridge)),
            })
        };
        Ok(ridges.iter().map(of).collect())
    }

    /// Of each row of `matrix`, which has as many columns as there are eigenvalues, what `add` makes of the squares of its entries and of these
    /// values, from the first to the last.
    fn each_row<T: Copy + Send + Sync>(
        &self,
        matrix: MatRef<'_, f64>,
        zero: T,
        add: impl Fn(T, f64, f64) -> T + Sync,
    ) -> Vec<T> {
        let mut sums = vec![zero; matrix.nrows()];
        self.pool.install(|| {
            // Down the columns, as they lie in memory, each in parts that stay in the cache.
            sums.par_chunks_mut(ROWS).enumerate().for_each(|(part, sums)| {
                for j in 0..matrix.ncols() {
                    let column = matrix.col(j).subrows(part * ROWS, sums.len());
                    sums.iter_mut().zip(column.iter()).for_each(|(sum, q)| *sum = add(*sum, q * q, self.values[j]));
                }
            });
        });
        sums
    }

    /// Q g(Λ) Qᵀ Y.
    fn applied(&self, g: impl Fn(f64) -> f64) -> Mat<f64> {
        let scaled = Mat::from_fn(self.n(), self.projected.ncols(), |j, c| g(self.values[j]) * self.projected[(j, c)]);
        self.pool.install(|| product(self.vectors.as_ref(), scaled.as_ref()))
    }

    fn check(&self, ridge: f64) -> Result<(), RegressionError> {
        ridges::check(ridge)?;
        let ([least, largest], n) = (self.extremes(), self.n());
        // An eigenvalue below this may as well be negative.
        let rounding = n as f64 * f64::EPSILON * largest.abs();
        if least + ridge > rounding {
            return Ok(());
        }
        let suggested = ridges::round_up(2.0 * (rounding - least));
        Err(RegressionError::Indefinite { n, ridge, least, largest, suggested })
    }
}

fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    matmul(out.as_mut(), Accum::Replace, a, b, 1.0, Par::rayon(PARTS));
    out
}
