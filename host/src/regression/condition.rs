//! The condition number, estimated from the factor.

use faer::{Mat, MatRef};

use super::cholesky::solve;
use super::entry::Entry;

/// Columns of the block: four find what one misses, and the factor is read once for all of them.
const COLUMNS: usize = 4;
/// More than five steps of the estimator are never worth their solves (Higham and Tisseur 2000, section 5).
const STEPS: usize = 5;

/// A lower bound on ‖A⁻¹‖₁ for A = L·Lᵀ, nearly always within a factor of 3; +∞ where a solve overflows, never NaN.
///
/// ‖A⁻¹x‖₁ is convex, so over ‖x‖₁ ≤ 1 it is largest at a unit vector. The search moves [`COLUMNS`] vectors at a time to the unit vectors e_j where a row of
/// A⁻¹ sign(A⁻¹X) is largest, until the largest norm no longer climbs. Of the vectors that it starts with
/// - one has equal entries, as in the method for one vector;
/// - one has alternating signs that grow, which guards against the matrices on which the gradient of the first vanishes;
/// - one is the unit vector of the smallest pivot d, where ‖A⁻¹e‖₁ ≥ 1/d: of two images that are nearly the same the second has such a pivot, and vectors that
///   are even over the two see nothing of it;
/// - one has signs that look random and are the same every time.
///
/// No bound from above is known that would hold for every matrix and be of use.
///
/// # Cost
/// At most 10 solves with four right-hand sides, 8n² operations each; usually 4 or 5. Call it inside the pool.
///
/// # Source
/// N. J. Higham and F. Tisseur, "A block algorithm for matrix 1-norm estimation, with an application to 1-norm pseudospectra", SIAM J. Matrix
/// Anal. Appl. 21 (2000), Algorithm 2.4, with another starting block; the alternating signs are those of N. J. Higham, ACM TOMS 14 (1988), Algorithm 674.
pub(super) fn inverse_norm_one<T: Entry>(l: MatRef<'_, T>) -> f64 {
    let n = l.nrows();
    let columns = COLUMNS.min(n);
    let apply = |mut x: Mat<f64>| {
        solve(l, x.as_mut());
        x
    };
    if n <= COLUMNS {
        return norms(&apply(Mat::identity(n, n))).into_iter().fold(0.0, f64::max);
    }
    let pivot = |i: usize| -> f64 { l[(i, i)].into() };
    let least = (1..n).fold(0, |least, i| if pivot(i) < pivot(least) { i } else { least });
    let mut signs = Signs(0x9e37_79b9_7f4a_7c15);
    let ramp = |i: usize| (1.0 + i as f64 / (n - 1) as f64) * if i.is_multiple_of(2) { 1.0 } else { -1.0 };
    let random: Vec<f64> = (0..n).map(|_| signs.next()).collect();
    let mut x = Mat::from_fn(n, columns, |i, c| match c {
        0 => 1.0 / n as f64,
        1 => ramp(i) / (1.5 * n as f64),
        2 => f64::from(u8::from(i == least)),
        _ => random[i] / n as f64,
    });
    let mut best = 0.0;
    let (mut seen, mut before) = (vec![least], Mat::<f64>::zeros(n, 0));
    for step in 1..=STEPS {
        let y = apply(x);
        let each = norms(&y);
        let (column, norm) =
            each.iter().enumerate().fold((0, 0.0), |most, (c, &norm)| if norm > most.1 { (c, norm) } else { most });
        if norm <= best {
            break;
        }
        best = norm;
        // From the second step on the columns are those of the unit vectors seen last.
        let at = if step > 1 { seen.get(seen.len() - columns + column).copied() } else { None };
        if step == STEPS || best.is_infinite() {
            break;
        }
        let mut s = Mat::from_fn(n, columns, |i, c| if y[(i, c)] < 0.0 { -1.0 } else { 1.0 });
        let known = |s: &Mat<f64>, c: usize| (0..before.ncols()).any(|b| parallel(s, c, &before, b));
        if (0..columns).all(|c| known(&s, c)) {
            break;
        }
        for c in 0..columns {
            // Another one in the place of a vector that tells nothing new; with so many rows the first try will do.
            for _ in 0..columns {
                if !known(&s, c) && (0..c).all(|other| !parallel(&s, c, &s, other)) {
                    break;
                }
                s.col_as_slice_mut(c).iter_mut().for_each(|value| *value = signs.next());
            }
        }
        let z = apply(s.clone());
        let height = |i: usize| (0..columns).fold(0.0, |max: f64, c| max.max(z[(i, c)].abs()));
        let heights: Vec<f64> = (0..n).map(height).collect();
        let highest = heights.iter().copied().fold(0.0, f64::max);
        if at.is_some_and(|at| heights[at] >= highest) {
            break;
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| heights[b].total_cmp(&heights[a]));
        if order[..columns].iter().all(|i| seen.contains(i)) {
            break;
        }
        let next: Vec<usize> = order.into_iter().filter(|i| !seen.contains(i)).take(columns).collect();
        if next.len() < columns {
            break;
        }
        x = Mat::from_fn(n, columns, |i, c| f64::from(u8::from(next[c] == i)));
        seen.extend(next);
        before = s;
    }
    best
}

/// ‖y‖₁ of each column; +∞ if an entry is not a number, so that the comparisons above need not think of NaN.
fn norms(y: &Mat<f64>) -> Vec<f64> {
    let norm = |c| y.col_as_slice(c).iter().map(|value: &f64| value.abs()).sum();
    (0..y.ncols()).map(norm).map(|value: f64| if value.is_nan() { f64::INFINITY } else { value }).collect()
}

/// Whether two vectors of signs are equal or opposite.
fn parallel(a: &Mat<f64>, i: usize, b: &Mat<f64>, j: usize) -> bool {
    let (a, b) = (a.col_as_slice(i), b.col_as_slice(j));
    let same = a.first() == b.first();
    a.iter().zip(b).all(|(x, y)| (x == y) == same)
}

/// Signs that look random (xorshift64*) and are the same every time.
struct Signs(u64);

impl Signs {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        if self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 63 == 0 { 1.0 } else { -1.0 }
    }
}
