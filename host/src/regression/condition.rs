//! The condition number, estimated from the factor.

use faer::{Mat, MatRef};

use super::cholesky::solve;
use super::entry::Entry;

/// More than five steps of the estimator are never worth their solves (Higham 1988, section 4).
const STEPS: usize = 5;

/// A lower bound on ‖A⁻¹‖₁ for A = L·Lᵀ, nearly always within a factor of 3; +∞ where a solve overflows, never NaN.
///
/// ‖A⁻¹x‖₁ is convex, so over ‖x‖₁ ≤ 1 it is largest at a unit vector. The search starts at x = (1/n, …, 1/n) and moves to the
/// unit vector e_j where the gradient A⁻¹ sign(A⁻¹x) is largest, until it no longer climbs. A last vector of alternating signs
/// guards against the matrices on which the gradient vanishes.
///
/// # Cost
/// At most 11 solves with one right-hand side, 2n² operations each; usually 5. Call it inside the pool.
///
/// # Source
/// W. W. Hager, "Condition estimates", SIAM J. Sci. Stat. Comput. 5 (1984); N. J. Higham, "FORTRAN codes for estimating the
/// one-norm of a real or complex matrix, with applications to condition estimation", ACM TOMS 14 (1988), Algorithm 674.
pub(super) fn inverse_norm_one<T: Entry>(l: MatRef<'_, T>) -> f64 {
    let n = l.nrows();
    let apply = |mut x: Mat<f64>| {
        solve(l, x.as_mut());
        x
    };
    let signs = |y: &Mat<f64>| Mat::from_fn(n, 1, |i, _| if y[(i, 0)] < 0.0 { -1.0 } else { 1.0 });

    let mut y = apply(Mat::from_fn(n, 1, |_, _| 1.0 / n as f64));
    let mut best = norm(&y);
    if n == 1 {
        return finite(best);
    }
    let mut s = signs(&y);
    let mut previous = None;
    for _ in 1..STEPS {
        let z = apply(s.clone());
        let j = steepest(&z);
        if previous.is_some_and(|p: usize| z[(p, 0)].abs() >= z[(j, 0)].abs()) {
            break;
        }
        previous = Some(j);
        y = apply(Mat::from_fn(n, 1, |i, _| if i == j { 1.0 } else { 0.0 }));
        let value = norm(&y);
        let next = signs(&y);
        let climbed = value > best;
        best = best.max(value);
        if !climbed || next == s {
            break;
        }
        s = next;
    }
    let ramp = |i: usize| (1.0 + i as f64 / (n - 1) as f64) * if i.is_multiple_of(2) { 1.0 } else { -1.0 };
    let guard = 2.0 * norm(&apply(Mat::from_fn(n, 1, |i, _| ramp(i)))) / (3.0 * n as f64);
    finite(best.max(guard))
}

/// ‖y‖₁; +∞ if an entry is not a number, so that the comparisons above need not think of NaN.
fn norm(y: &Mat<f64>) -> f64 {
    finite((0..y.nrows()).map(|i| y[(i, 0)].abs()).sum())
}

fn finite(value: f64) -> f64 {
    if value.is_nan() { f64::INFINITY } else { value }
}

/// The first index of the entry of largest absolute value.
fn steepest(z: &Mat<f64>) -> usize {
    let better = |best: usize, i: usize| {
        if z[(i, 0)].abs() > z[(best, 0)].abs() { i } else { best }
    };
    (1..z.nrows()).fold(0, better)
}
