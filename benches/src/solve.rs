//! The solvers beside what they are made of: faer's product and factorisation, and the memory's copy rate.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::matmul::matmul;
use faer::traits::RealField;
use faer::{Accum, Mat, Par};
use std::hint::black_box;
use std::time::Instant;
use ultrawide::regression::{Entry, RegressionError, SolveReport, Targets, Workspace};

/// Columns of the product that the factorisation is compared with.
const COLUMNS: usize = 512;

/// exp(−|i − j|/50): positive definite in f32, too.
fn entry<T: Entry>(i: usize, j: usize) -> T {
    T::rounded((-(i.abs_diff(j) as f64) / 50.0).exp())
}

fn loaded<T: Entry>(mut workspace: Workspace<T>) -> Result<Workspace<T>, RegressionError> {
    workspace.load(|k| {
        for (j, column) in k.columns_mut().enumerate() {
            (j..).zip(column).for_each(|(i, value)| *value = entry(i, j));
        }
        Ok(())
    })?;
    Ok(workspace)
}

fn targets(n: usize) -> Result<Targets, RegressionError> {
    Targets::new(&(0..n).map(|i| (i * 7 % 10) as u16).collect::<Vec<_>>(), 10)
}

/// What one precision reached, in runs in turn.
#[derive(Default)]
pub struct Speeds {
    /// GFLOP/s of this project's factorisation.
    pub own: Vec<f64>,
    /// GFLOP/s of faer's factorisation.
    pub faer: Vec<f64>,
    /// GFLOP/s of faer's product of n×n by n×512.
    pub product: Vec<f64>,
    /// The reports of the solves.
    pub reports: Vec<SolveReport>,
}

fn speeds<T: Entry>(
    n: usize,
    threads: usize,
    rounds: usize,
    workspace: Workspace<T>,
) -> Result<Speeds, RegressionError> {
    let (mut workspace, targets, mut speeds) = (loaded(workspace)?, targets(n)?, Speeds::default());
    let right = Mat::<T>::from_fn(n, COLUMNS, entry);
    for _ in 0..rounds {
        let report = workspace.solve(0.0, &targets)?.report;
        speeds.own.push(report.factor_gflops);
        speeds.reports.push(report);
        let mut a = Mat::<T>::from_fn(n, n, entry);
        let mut out = Mat::<T>::from_fn(n, COLUMNS, |_, _| T::rounded(0.0));
        let clock = Instant::now();
        matmul(out.as_mut(), Accum::Replace, a.as_ref(), right.as_ref(), T::rounded(1.0), Par::rayon(threads));
        let seconds = clock.elapsed().as_secs_f64();
        speeds.product.push(2.0 * (n * n * COLUMNS) as f64 / seconds / 1e9);
        black_box(&out);
        speeds.faer.push((n as f64).powi(3) / 3e9 / factor(&mut a, Par::rayon(threads)));
    }
    Ok(speeds)
}

/// Seconds of faer's own factorisation.
fn factor<T: RealField>(a: &mut Mat<T>, par: Par) -> f64 {
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<T>(a.nrows(), par, Default::default()));
    let (stack, clock) = (MemStack::new(&mut memory), Instant::now());
    let done = cholesky_in_place(a.as_mut(), Default::default(), par, stack, Default::default());
    assert!(done.is_ok(), "{done:?}");
    clock.elapsed().as_secs_f64()
}

/// Both precisions.
///
/// # Errors
/// No memory.
pub fn both(n: usize, threads: usize, rounds: usize) -> Result<[Speeds; 2], RegressionError> {
    Ok([
        speeds(n, threads, rounds, Workspace::new(n, threads)?)?,
        speeds(n, threads, rounds, Workspace::mixed(n, threads)?)?,
    ])
}

/// Seconds of this project's factorisation in f64 and in f32.
///
/// # Errors
/// No memory.
pub fn factor_seconds(n: usize, threads: usize) -> Result<[f64; 2], RegressionError> {
    let double = loaded(Workspace::new(n, threads)?)?.solve(0.0, &targets(n)?)?.report.factor_seconds;
    let single = loaded(Workspace::mixed(n, threads)?)?.solve(0.0, &targets(n)?)?.report.factor_seconds;
    Ok([double, single])
}

/// The bytes of f32 that an iteration of the mixed solver reads: half of the matrix for the product, the factor twice.
pub fn iteration_bytes(report: &SolveReport) -> f64 {
    let n = report.n as f64;
    3.0 * 2.0 * n * n * report.iterations as f64
}

/// Bytes a second that are read and written while `threads` threads copy 400 MB, the best of some rounds.
pub fn copy_rate(threads: usize) -> f64 {
    let len = 50_000_000;
    let (from, mut to) = (vec![1.0_f64; len], vec![0.0_f64; len]);
    let part = len.div_ceil(threads);
    let mut best = 0.0_f64;
    for _ in 0..5 {
        let clock = Instant::now();
        std::thread::scope(|scope| {
            for (to, from) in to.chunks_mut(part).zip(from.chunks(part)) {
                scope.spawn(|| to.copy_from_slice(from));
            }
        });
        best = best.max(16.0 * len as f64 / clock.elapsed().as_secs_f64());
        black_box(&to);
    }
    best
}
