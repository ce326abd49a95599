//! How long the regressions take: a smaller one is done.

use super::super::{Float, JobError, Row, Silent, Solver};
use crate::data::Dataset;
use crate::gram::Memory;
use crate::regression::{Method, RANK, Targets};
use crate::store::ArrayPlan;
use ultrawide_core::Scalar;

/// The training images of the regression that is done: 3·10⁹ operations.
const TRAIN: usize = 2048;
/// Its test images.
const TEST: usize = 512;
/// What is added to its diagonal where it is solved by an iteration: a few steps are enough to time one, and their number would tell
/// nothing of real kernels.
const RIDGE: f64 = 1.0;

/// The seconds of one regression with the numbers of images of the job, kernels in memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timing {
    /// All but the steps of the iteration.
    pub(super) once: f64,
    /// Of a step, the product with the kernel; 0 where there is none.
    pub(super) product: f64,
    /// Of a step, the rest.
    pub(super) rest: f64,
}

impl Timing {
    /// So many steps, of which `nodes` machines divide the products.
    pub(super) fn seconds(self, steps: f64, nodes: usize) -> f64 {
        self.once + steps * (self.product / nodes as f64 + self.rest)
    }
}

/// The fewest and the most steps that an iteration takes for kernels without a ridge: what was met, carried on to other sizes.
///
/// `cg` took 45 to 108 steps for twelve kernels of 1,000 images of CIFAR-10 (dense and vanilla, depths 2 to 21, NTK and NNGP) and 61 to 201 for 2,000: with each
/// doubling 1.36 to 1.86 times as many. With a ridge there are fewer. `mixed` took 2 or 3, and 4 to 12 where near
/// duplicates make the condition number 10⁶ to 10⁹; with a shift there are more.
pub(super) fn steps(method: Method, n: usize) -> Option<[f64; 2]> {
    let thousands = (n as f64 / 1000.0).max(0.1);
    match method {
        Method::Cholesky => None,
        Method::Mixed => Some([2.0, 12.0]),
        Method::Cg => Some([45.0 * thousands.powf(0.44), 108.0 * thousands.powf(0.9)]),
    }
}

/// Times a small regression and carries it on to the numbers of images of `data`.
///
/// The factorisation grows with n³, that of the preconditioner of `cg` with n, the product and the checks with n², the prediction with n·m. The small one is
/// done twice where there is a matrix, since the first takes its memory.
pub(super) fn measure<S: Float>(
    data: &Dataset,
    method: Method,
    tile: usize,
    threads: usize,
) -> Result<Timing, JobError> {
    let (n, m) = (data.train.images.len(), data.test.images.len());
    let (small_n, small_m) = (n.min(TRAIN), m.min(TEST));
    // Threads take tiles of the one that is read for each product; of the others no more than a tile in each direction is needed.
    let edge = if method == Method::Cg { tile.min(small_n) } else { small_n };
    let train = kernel::<S>("train", small_n, small_n, true, edge)?;
    let test = kernel::<S>("test", small_m, small_n, false, small_m.max(small_n))?;
    let targets = Targets::new(data.train.labels.get(..small_n).unwrap_or_default(), data.classes.len())?;
    let ridge = if method == Method::Cholesky { 0.0 } else { RIDGE };
    let mut solver = Solver::new(&targets, None, &data.classes, ridge, threads)?.by(method);
    let (mut row, mut first) = (Row::default(), 0.0);
    for _ in 0..if method == Method::Cg { 1 } else { 2 } {
        first = solver.seconds;
        row = Row::default();
        solver.tiles::<S>(&train, &test, 0, &mut row, &Silent)?;
    }
    let all = if method == Method::Cg { solver.seconds } else { solver.seconds - first };
    let grown = |large: usize, small: usize| large as f64 / small as f64;
    let (side, tests) = (grown(n, small_n), grown(m, small_m));
    let Some(solve) = row.solve else { return Ok(Timing { once: all * side.powi(3), ..Timing::default() }) };
    let checks = solve.fill_seconds + solve.check_seconds;
    let predict = (all - checks - solve.solve_seconds - solve.factor_seconds).max(0.0) * side * tests;
    let factor = solve.factor_seconds;
    // At the end the residual is formed once more.
    let step = solve.solve_seconds / (solve.iterations + 1) as f64;
    Ok(match method {
        Method::Cholesky => {
            let once = factor * side.powi(3) + (checks + solve.solve_seconds) * side.powi(2) + predict;
            Timing { once, ..Timing::default() }
        }
        Method::Mixed => {
            let once = factor * side.powi(3) + checks * side.powi(2) + predict;
            Timing { once, product: step * side.powi(2), rest: 0.0 }
        }
        Method::Cg => {
            // 2n² operations of the product beside 4nr of the preconditioner of rank r.
            let (product, rank) = (small_n as f64, 2.0 * RANK as f64);
            let share = product / (product + rank);
            let once = factor * side + checks * side.powi(2) + predict;
            Timing { once, product: step * share * side.powi(2), rest: step * (1.0 - share) * side }
        }
    })
}

/// exp(−|i − j|/8), which is positive definite, in tiles of this edge.
fn kernel<S: Float>(name: &str, rows: usize, cols: usize, symmetric: bool, edge: usize) -> Result<Memory<S>, JobError> {
    let plan = ArrayPlan { name: name.to_owned(), rows, cols, symmetric, outputs: vec![name.to_owned()] };
    let tiles: Vec<(usize, usize)> = plan.tiles(edge).collect();
    let shapes: Vec<(usize, usize)> =
        tiles.iter().map(|&(i, j)| plan.tile_shape(edge, i, j).unwrap_or_default()).collect();
    let memory = Memory::new(plan, edge);
    for ((i, j), (rows, cols)) in tiles.into_iter().zip(shapes) {
        let (rows, cols) = (i * edge..i * edge + rows, j * edge..j * edge + cols);
        let values = rows.flat_map(|i| cols.clone().map(move |j| (-(i.abs_diff(j) as f64) / 8.0).exp()));
        memory.set(i, j, values.map(<S as Scalar>::from_f64).collect())?;
    }
    Ok(memory)
}
