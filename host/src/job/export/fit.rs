//! The weights of the support images, by all training images.
//!
//! ```text
//! f(x) = Σ_{i ∈ S} k(x, x_i) α_i,     α minimises Σ_n |f(x_n) − y_n|² + ridge · αᵀ K_SS α
//! (K_SN K_NS + ridge · K_SS) α = K_SN Y,     or where S holds all images   (K + ridge) α = Y
//! ```
//!
//! With few support images this is worth much more than a regression on them alone: 200 of the digits then classify as 700 do.
//!
//! Source: the "subset of regressors" of Smola and Bartlett 2001, Sparse Greedy Gaussian Process Regression, NIPS 13.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};

use super::table::{self, Table};
use crate::data::{Dataset, Images, Pixels};
use crate::gram::{Gram, Net, TileSource};
use crate::job::fit::load_tiles;
use crate::job::kernels::compute;
use crate::job::memory::Need;
use crate::job::settings::tile_for;
use crate::job::{JobError, Machine, Pass, Watch};
use crate::regression::{SolveReport, Targets, Workspace};

/// Fits the weights to what the table holds of the images.
pub(super) fn train(
    mut table: Table,
    data: &Dataset,
    net: &Net,
    ridge: f64,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<(Table, SolveReport), JobError> {
    let support = Images::new(table.shape(), Pixels::F32(table.decoded()?))?;
    let images = table::normalised(&data.train.images)?;
    let targets = Targets::new(&data.train.labels, data.classes.len())?;
    let tile = tile_for(&[Pass { name: String::new(), net: net.clone() }], support.len());
    let own = Gram { net, flip: false, x: &support, y: None, tile };
    let all = Gram { x: &images, y: Some(&support), ..own };
    all.check::<f32>()?;
    let whole = support.len() == images.len();
    let (m, n) = (support.len() as f64, images.len() as f64);
    let need = Need::of::<f32>(&own, true, machine);
    let need = if whole { need } else { need.then(Need::of::<f32>(&all, true, machine)) };
    Need { after: if whole { 8.0 * m * m } else { 8.0 * m * (n + 2.0 * m) }, ..need }.check()?;

    let own = compute::<f32>(&own, "support", None, machine, watch)?;
    let mut workspace = Workspace::new(support.len(), machine.threads())?;
    let fit = if whole {
        watch.stage("regression");
        workspace.load(|lower| load_tiles(lower, &*own, 0))?;
        workspace.solve(ridge, &targets)?
    } else {
        let all = compute::<f32>(&all, "train", None, machine, watch)?;
        watch.stage("regression");
        let (k, own) = (matrix(&*all)?, matrix(&*own)?);
        let par = Par::rayon(0);
        let mut square = Mat::<f64>::zeros(support.len(), support.len());
        let mut right = Mat::<f64>::zeros(support.len(), data.classes.len());
        machine.pool.install(|| {
            matmul(square.as_mut(), Accum::Replace, k.transpose(), k.as_ref(), 1.0, par);
            matmul(right.as_mut(), Accum::Replace, k.transpose(), targets.one_hot().as_ref(), 1.0, par);
        });
        workspace.load(|lower| {
            for (j, column) in lower.columns_mut().enumerate() {
                for (i, value) in (j..).zip(column) {
                    *value = square[(i, j)] + ridge * own[(i, j)];
                }
            }
            Ok(())
        })?;
        workspace.solve_values(0.0, right.as_ref())?
    };
    if let Some(warning) = fit.report.warning() {
        tracing::warn!("{warning}");
    }
    table.set_weights(fit.alpha.as_ref())?;
    Ok((table, fit.report))
}

/// A kernel in f64; of a symmetric one what lies on and below the diagonal.
fn matrix(source: &dyn TileSource<f32>) -> Result<Mat<f64>, JobError> {
    let (plan, tile) = (source.plan(), source.tile());
    let mut whole = Mat::zeros(plan.rows, plan.cols);
    let mut values = Vec::new();
    for (i, j) in plan.tiles(tile) {
        source.read(0, i, j, &mut values)?;
        let (_, columns) = plan.tile_shape(tile, i, j).unwrap_or_default();
        for (row, line) in values.chunks_exact(columns).enumerate() {
            for (column, &value) in line.iter().enumerate() {
                whole[(i * tile + row, j * tile + column)] = f64::from(value);
            }
        }
    }
    Ok(whole)
}
