//! Slow, plain linear algebra to compare with, and inputs.

use faer::Mat;

use crate::regression::{Fit, RegressionError, Targets, Workspace};

/// A dense matrix as rows.
pub type Rows = Vec<Vec<f64>>;

/// A small deterministic generator (xorshift64*), uniform in [−1, 1).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11;
        bits as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// The symmetric matrix with the given lower triangle.
pub fn symmetric(n: usize, mut lower: impl FnMut(usize, usize) -> f64) -> Rows {
    let half: Rows = (0..n).map(|i| (0..=i).map(|j| lower(i, j)).collect()).collect();
    (0..n).map(|i| (0..n).map(|j| half[i.max(j)][i.min(j)]).collect()).collect()
}

/// B·Bᵀ/n + shift·I for a random B: positive definite, well conditioned for a shift near 1.
pub fn random_spd(n: usize, shift: f64, seed: u64) -> Rows {
    let mut random = Random(seed | 1);
    let b: Rows = (0..n).map(|_| (0..n).map(|_| random.next()).collect()).collect();
    let dot = |i: usize, j: usize| b[i].iter().zip(&b[j]).map(|(x, y)| x * y).sum::<f64>();
    symmetric(n, |i, j| dot(i, j) / n as f64 + if i == j { shift } else { 0.0 })
}

/// The Hilbert matrix 1/(i + j + 1), condition number about e^{3.5n}.
pub fn hilbert(n: usize) -> Rows {
    (0..n).map(|i| (0..n).map(|j| 1.0 / (i + j + 1) as f64).collect()).collect()
}

/// A matrix with the given diagonal and nothing else.
pub fn diagonal(values: &[f64]) -> Rows {
    let entry = |i: usize, j: usize| if i == j { values[i] } else { 0.0 };
    (0..values.len()).map(|i| (0..values.len()).map(|j| entry(i, j)).collect()).collect()
}

/// A·X = B by Gaussian elimination with partial pivoting.
pub fn eliminate(a: &Rows, b: &Rows) -> Rows {
    let n = a.len();
    let mut work: Rows = a.iter().zip(b).map(|(a, b)| [a.clone(), b.clone()].concat()).collect();
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| work[i][k].abs().total_cmp(&work[j][k].abs())).unwrap();
        work.swap(k, pivot);
        let row = work[k].clone();
        for line in &mut work[k + 1..] {
            let factor = line[k] / row[k];
            for (x, y) in line.iter_mut().zip(&row).skip(k) {
                *x -= factor * y;
            }
        }
    }
    let mut x = vec![vec![0.0; b[0].len()]; n];
    for k in (0..n).rev() {
        for c in 0..b[0].len() {
            let known: f64 = (k + 1..n).map(|j| work[k][j] * x[j][c]).sum();
            x[k][c] = (work[k][n + c] - known) / work[k][k];
        }
    }
    x
}

/// ‖A‖₁‖A⁻¹‖₁ with the inverse written out.
pub fn condition_one(a: &Rows) -> f64 {
    norm_one(a) * norm_one(&eliminate(a, &diagonal(&vec![1.0; a.len()])))
}

pub fn norm_one(a: &Rows) -> f64 {
    (0..a.len()).map(|j| a.iter().map(|row| row[j].abs()).sum()).fold(0.0, f64::max)
}

pub fn plus_ridge(a: &Rows, ridge: f64) -> Rows {
    let mut sum = a.clone();
    for (i, row) in sum.iter_mut().enumerate() {
        row[i] += ridge;
    }
    sum
}

/// Labels that use every class in turn.
pub fn labels(n: usize, classes: usize) -> Vec<u16> {
    (0..n).map(|i| (i * 7 % classes) as u16).collect()
}

pub fn rows_of(m: &Mat<f64>) -> Rows {
    (0..m.nrows()).map(|i| (0..m.ncols()).map(|j| m[(i, j)]).collect()).collect()
}

/// A loaded workspace.
pub fn loaded(a: &Rows, threads: usize) -> Result<Workspace, RegressionError> {
    let mut workspace = Workspace::new(a.len(), threads)?;
    load(&mut workspace, a)?;
    Ok(workspace)
}

pub fn load(workspace: &mut Workspace, a: &Rows) -> Result<(), RegressionError> {
    workspace.load(|k| {
        for (i, row) in a.iter().enumerate() {
            for (j, &value) in row.iter().enumerate().take(i + 1) {
                k.set(i, j, value)?;
            }
        }
        Ok(())
    })
}

/// Loads and solves for one-hot targets of three classes.
pub fn solve(a: &Rows, ridge: f64) -> Result<Fit, RegressionError> {
    let targets = Targets::new(&labels(a.len(), 3), 3)?;
    loaded(a, 1)?.solve(ridge, &targets)
}

/// The largest |x − y|, relative to the largest |y|.
pub fn distance(x: &Rows, y: &Rows) -> f64 {
    let size = y.iter().flatten().fold(0.0, |m: f64, v| m.max(v.abs()));
    let pairs = x.iter().flatten().zip(y.iter().flatten());
    pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max) / size
}
