//! How long the regressions take: a smaller one is done.

use super::super::{Float, JobError, Row, Silent, Solver};
use crate::data::Dataset;
use crate::gram::Memory;
use crate::regression::{Method, Targets};
use crate::store::ArrayPlan;
use ultrawide_core::Scalar;

/// The training images of the regression that is done: 3·10⁹ operations.
const TRAIN: usize = 2048;
/// Its test images.
const TEST: usize = 512;

/// The seconds of one regression with the numbers of images of `data`, kernels in memory.
///
/// The factorisation grows with n³, the solution and its checks with n², the prediction with n·m. The small one is done twice,
/// since the first takes the memory.
pub(super) fn seconds<S: Float>(data: &Dataset, method: Method, threads: usize) -> Result<f64, JobError> {
    let (n, m) = (data.train.images.len(), data.test.images.len());
    let (small_n, small_m) = (n.min(TRAIN), m.min(TEST));
    // No more than a tile in each direction is needed.
    let train = kernel::<S>("train", small_n, small_n, true)?;
    let test = kernel::<S>("test", small_m, small_n, false)?;
    let targets = Targets::new(data.train.labels.get(..small_n).unwrap_or_default(), data.classes.len())?;
    let mut solver = Solver::new(&targets, None, &data.classes, 0.0, threads)?.by(method);
    let (mut row, mut first) = (Row::default(), 0.0);
    for _ in 0..2 {
        first = solver.seconds;
        row = Row::default();
        solver.tiles::<S>(&train, &test, 0, &mut row, &Silent)?;
    }
    let all = solver.seconds - first;
    let grown = |large: usize, small: usize| large as f64 / small as f64;
    let side = grown(n, small_n);
    let Some(solve) = row.solve else { return Ok(all * side.powi(3)) };
    let rest = solve.fill_seconds + solve.solve_seconds + solve.check_seconds;
    let predict = (all - rest - solve.factor_seconds).max(0.0);
    Ok(solve.factor_seconds * side.powi(3) + rest * side.powi(2) + predict * side * grown(m, small_m))
}

/// exp(−|i − j|/8), which is positive definite.
fn kernel<S: Float>(name: &str, rows: usize, cols: usize, symmetric: bool) -> Result<Memory<S>, JobError> {
    let tile = rows.max(cols);
    let plan = ArrayPlan { name: name.to_owned(), rows, cols, symmetric, outputs: vec![name.to_owned()] };
    let memory = Memory::new(plan, tile);
    let values = (0..rows).flat_map(|i| (0..cols).map(move |j| (-(i.abs_diff(j) as f64) / 8.0).exp()));
    memory.set(0, 0, values.map(<S as Scalar>::from_f64).collect())?;
    Ok(memory)
}
