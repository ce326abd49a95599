//! Preconditioned conjugate gradients for many right-hand sides at once.
//!
//! Each column has its own step lengths, as if it were solved alone; what they share is the product, so that the matrix is read once
//! for all of them. The residual that the recurrence carries drifts from the true one, so when all columns seem solved the true one is
//! formed, and the iteration starts again from there as long as that helps.

use faer::{Mat, MatMut, MatRef};

use super::error::RegressionError;
use super::residual::largest;
use super::workspace::Tell;

/// What is solved: ‖y − A·x‖₂ < `TOLERANCE`·‖y‖₂ for every column.
pub(super) const TOLERANCE: f64 = 1e-10;
/// A solution all the same, where rounding ends all progress: no farther than this, which is what a kernel in f32 promises ...
const ENOUGH: f64 = 1e-6;
/// ... and no farther than so many roundings of A·x, ‖y − A·x‖₂ ≤ `ROUNDINGS`·ε‖A‖₁‖x‖₂: a small backward error. Where f64 is what ends an iteration, a quarter of
/// one to five were left, with the kernels below.
const ROUNDINGS: f64 = 32.0;
/// Where the iteration ends, by its own residual, so that the true one seldom needs another round.
const AIM: f64 = TOLERANCE / 2.0;
/// So many iterations in which the residual was not halved are taken for the end of all progress. Kernels of 2,000 images of CIFAR-10 took at most 13, 800 images
/// with near duplicates and a condition number of 10⁹ 35; as the number of all iterations does, this one grows with n, less than in proportion.
const PATIENCE: usize = 300;
/// No problem that is worth solving takes more: twelve kernels of 1,000 and 2,000 images took 45 to 201 iterations, up to 1.9 times as many with each doubling
/// of n; carried on to 50,000 images that is at most 3,700.
const MOST: usize = 5000;

/// A symmetric positive definite A and its preconditioner M.
pub(super) trait System {
    /// Y ← A·X.
    ///
    /// # Errors
    /// A part of A that cannot be read.
    fn apply(&self, x: MatRef<'_, f64>, y: MatMut<'_, f64>) -> Result<(), RegressionError>;

    /// Z ← M⁻¹·Z.
    fn precondition(&self, z: MatMut<'_, f64>);
}

/// A solution and what the way to it has shown.
pub(super) struct Solution {
    pub(super) x: Mat<f64>,
    /// Y − A·X, formed anew.
    pub(super) residual: Mat<f64>,
    pub(super) iterations: usize,
    /// The least pᵀAp/pᵀp of all directions p: above the smallest eigenvalue of A.
    pub(super) curvature: f64,
}

/// Why there is no solution.
pub(super) enum Stop {
    /// A direction with |pᵀAp| ≤ ε‖A‖₁pᵀp: whatever the sign is, it may be that of a rounding.
    Singular { curvature: f64, iterations: usize },
    /// A direction with pᵀAp < 0: A is not positive definite. pᵀAp/pᵀp is above the smallest eigenvalue.
    Curvature { curvature: f64, iterations: usize },
    /// The residual falls no more.
    Stagnation { residual: f64, iterations: usize },
    /// Numbers left the range of f64.
    Overflow,
    /// A could not be read.
    Failed(RegressionError),
}

impl From<RegressionError> for Stop {
    fn from(error: RegressionError) -> Self {
        Stop::Failed(error)
    }
}

impl Stop {
    /// What a direction of this curvature says of a matrix of this ‖A‖₁: none if it may be positive definite.
    pub(super) fn of(curvature: f64, norm: f64, iterations: usize) -> Option<Self> {
        if curvature.is_nan() {
            // A direction whose square leaves the range of f64.
            Some(Stop::Overflow)
        } else if curvature.abs() <= f64::EPSILON / 2.0 * norm {
            Some(Stop::Singular { curvature, iterations })
        } else if curvature < 0.0 {
            Some(Stop::Curvature { curvature, iterations })
        } else {
            None
        }
    }
}

/// Solves A·X = Y, for an A with ‖A‖₁ = `norm`, to [`TOLERANCE`], or where f64 does not reach that as near as it comes: see [`ROUNDINGS`]. What runs on many threads is the system's.
///
/// # Cost
/// One product and one use of the preconditioner per iteration, for all columns; six arrays like Y.
///
/// # Source
/// M. R. Hestenes and E. Stiefel, "Methods of conjugate gradients for solving linear systems", J. Res. NBS 49 (1952); the restarts as
/// in H. A. van der Vorst and Q. Ye, "Residual replacement strategies for Krylov subspace iterative methods", SIAM J. Sci. Comput. 22
/// (2000), but only at the end.
pub(super) fn solve(system: &impl System, norm: f64, y: MatRef<'_, f64>, tell: Tell<'_>) -> Result<Solution, Stop> {
    let (n, columns) = y.shape();
    // A power of two, so that nothing is rounded, and squares stay within the range of f64.
    let scales: Vec<f64> = (0..columns).map(|c| power_of_two(largest(y, c))).collect();
    let y = Mat::from_fn(n, columns, |i, c| y[(i, c)] / scales[c]);
    let mut run = Run {
        norm,
        norms: (0..columns).map(|c| dot(&y, &y, c).sqrt()).collect(),
        x: Mat::zeros(n, columns),
        r: y.clone(),
        q: Mat::zeros(n, columns),
        iterations: 0,
        curvature: f64::INFINITY,
    };
    let mut before = f64::INFINITY;
    let mut progress = true;
    loop {
        let (worst, iterations) = (run.worst(), run.iterations);
        if worst < TOLERANCE {
            break;
        }
        if worst.is_nan() || worst.is_infinite() {
            return Err(Stop::Overflow);
        }
        if !progress || worst > before / 2.0 || iterations >= MOST {
            if worst < ENOUGH && (0..columns).all(|c| run.is_near(c)) {
                break;
            }
            return Err(Stop::Stagnation { residual: worst, iterations });
        }
        before = worst;
        progress = run.descend(system, tell)?;
        system.apply(run.x.as_ref(), run.q.as_mut())?;
        run.r = &y - &run.q;
    }
    let Run { mut x, mut r, iterations, curvature, .. } = run;
    for (c, &scale) in scales.iter().enumerate() {
        x.col_as_slice_mut(c).iter_mut().for_each(|x| *x *= scale);
        r.col_as_slice_mut(c).iter_mut().for_each(|r| *r *= scale);
    }
    Ok(Solution { x, residual: r, iterations, curvature })
}

/// The state from one restart to the next.
struct Run {
    /// ‖A‖₁.
    norm: f64,
    /// ‖y‖₂ of each column.
    norms: Vec<f64>,
    x: Mat<f64>,
    r: Mat<f64>,
    /// A·p, and z = M⁻¹·r when that is no longer needed.
    q: Mat<f64>,
    iterations: usize,
    curvature: f64,
}

impl Run {
    /// ‖r‖₂/‖y‖₂ of a column; 0 for targets of zeros, which are solved from the start.
    fn relative(&self, c: usize) -> f64 {
        let norm = dot(&self.r, &self.r, c).sqrt();
        if norm == 0.0 { 0.0 } else { norm / self.norms[c] }
    }

    /// Whether a column is solved, or as nearly as f64 allows.
    fn is_near(&self, c: usize) -> bool {
        let (left, size) = (dot(&self.r, &self.r, c).sqrt(), dot(&self.x, &self.x, c).sqrt());
        self.relative(c) < TOLERANCE || left <= ROUNDINGS * f64::EPSILON / 2.0 * self.norm * size
    }

    /// Whether the residual that a column carries is so small that the true one, with the rounding of a product, is not.
    fn is_lost(&self, c: usize) -> bool {
        let (left, size) = (dot(&self.r, &self.r, c).sqrt(), dot(&self.x, &self.x, c).sqrt());
        left <= f64::EPSILON / 2.0 / ROUNDINGS * self.norm * size
    }

    /// The largest over the columns; NaN if one is NaN.
    fn worst(&self) -> f64 {
        (0..self.norms.len()).map(|c| self.relative(c)).fold(0.0, |max, value| if value <= max { max } else { value })
    }

    /// Conjugate gradients until the recurrence says that all columns are solved; false if progress ends before.
    fn descend(&mut self, system: &impl System, tell: Tell<'_>) -> Result<bool, Stop> {
        let (n, columns) = self.x.shape();
        let (mut p, mut rho) = (Mat::<f64>::zeros(n, columns), vec![1.0; columns]);
        let mut open: Vec<bool> = (0..columns).map(|c| self.relative(c) >= AIM).collect();
        let mut best = (f64::INFINITY, self.iterations);
        while open.contains(&true) {
            let worst = self.worst();
            if worst < best.0 / 2.0 {
                best = (worst, self.iterations);
            }
            if self.iterations >= best.1 + PATIENCE || self.iterations >= MOST {
                return Ok(false);
            }
            tell(&format!("iteration: {}, residual {worst:.1e}", self.iterations));
            self.q.copy_from(&self.r);
            system.precondition(self.q.as_mut());
            for c in (0..columns).filter(|&c| open[c]) {
                let next = dot(&self.r, &self.q, c);
                let beta = next / rho[c];
                rho[c] = next;
                for (p, z) in p.col_as_slice_mut(c).iter_mut().zip(self.q.col_as_slice(c)) {
                    *p = z + beta * *p;
                }
            }
            system.apply(p.as_ref(), self.q.as_mut())?;
            self.iterations += 1;
            for c in 0..columns {
                if !open[c] {
                    continue;
                }
                let (bent, square) = (dot(&p, &self.q, c), dot(&p, &p, c));
                if !(bent.is_finite() && rho[c].is_finite()) {
                    return Err(Stop::Overflow);
                }
                if let Some(stop) = Stop::of(bent / square, self.norm, self.iterations) {
                    return Err(stop);
                }
                self.curvature = self.curvature.min(bent / square);
                let step = rho[c] / bent;
                add(self.x.col_as_slice_mut(c), step, p.col_as_slice(c));
                add(self.r.col_as_slice_mut(c), -step, self.q.col_as_slice(c));
                if self.relative(c) < AIM || self.is_lost(c) {
                    open[c] = false;
                    p.col_as_slice_mut(c).fill(0.0);
                }
            }
        }
        Ok(true)
    }
}

/// The product of two columns, summed from the first entry to the last.
fn dot(a: &Mat<f64>, b: &Mat<f64>, c: usize) -> f64 {
    a.col_as_slice(c).iter().zip(b.col_as_slice(c)).map(|(a, b)| a * b).sum()
}

/// y ← y + a·x.
fn add(y: &mut [f64], a: f64, x: &[f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += a * x);
}

/// The power of two at or below a positive number, within the normal range; 1 for 0.
fn power_of_two(value: f64) -> f64 {
    let power = f64::from_bits(value.to_bits() & f64::INFINITY.to_bits());
    if power > 0.0 && power.is_finite() { power } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// diag(1, 2, …, n), of which each product is off by `noise`, relative, in another way.
    struct Noisy {
        noise: f64,
        calls: AtomicUsize,
    }

    impl System for Noisy {
        fn apply(&self, x: MatRef<'_, f64>, mut y: MatMut<'_, f64>) -> Result<(), RegressionError> {
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            for i in 0..x.nrows() {
                let bits = ((call + 1) * 1000 + i) as u64;
                let sign = if bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40 & 1 == 0 { 1.0 } else { -1.0 };
                y[(i, 0)] = (i + 1) as f64 * x[(i, 0)] * (1.0 + sign * self.noise);
            }
            Ok(())
        }

        fn precondition(&self, _: MatMut<'_, f64>) {}
    }

    fn solved(noise: f64) -> Result<Solution, Stop> {
        let n = 20;
        let y = Mat::from_fn(n, 1, |i, _| 1.0 - (i % 3) as f64);
        solve(&Noisy { noise, calls: AtomicUsize::new(0) }, n as f64, y.as_ref(), &|_| ())
    }

    #[test]
    fn what_f64_does_better_is_no_solution() {
        assert!(solved(0.0).is_ok());
        // With a condition number of 20, a residual of 1e-8 has another cause than rounding, though it is below `ENOUGH`.
        match solved(1e-8) {
            Err(Stop::Stagnation { residual, iterations }) => {
                assert!(residual < ENOUGH, "{residual:e}");
                assert!(iterations < 2 * PATIENCE, "{iterations}");
            }
            Err(_) => panic!("another stop"),
            Ok(solution) => panic!("solved in {} iterations", solution.iterations),
        }
    }
}
