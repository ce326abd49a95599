//! A run on many machines: the ranks of MPI compute tiles into one store, and hold the rows of a kernel between them to solve with it.
//!
//! MPI is called from the main thread of each process alone.

mod cluster;
mod deal;
mod product;

use std::time::Instant;

use serde_json::json;

use super::memory::Need;
use super::report::{Report, Row};
use super::run::{Outcome, pass_info, report};
use super::setup::Setup;
use super::{Float, JobError, Machine, RunOptions, Solver, Watch, Work, missing, share};
use crate::data::Dataset;
use crate::gram::Stored;
use crate::regression::{Entry, Method, Rows, Targets};
use crate::store::{Precision, Share, Store};

pub use cluster::Cluster;

use product::{Held, serve};

/// As [`run()`](super::run()), by all ranks together, each of which calls this with the same options; the first one has the report. The
/// store is made where there is none, and gone on with where there is one. The regression is by conjugate gradients over the rows
/// that the ranks hold.
///
/// # Accuracy
/// Kernels have the bits of [`run()`](super::run()); weights are those of [`solve_products`](crate::regression::solve_products).
///
/// # Errors
/// As [`run_share`](super::run_share), and [`JobError::Usage`] where another solver is asked for. The other ranks wait for one that has failed:
/// it ends the job with [`Cluster::abort`].
///
/// # Cost
/// Memory: of each rank its part of an n×n matrix in the precision of the kernels; of the first, what
/// [`Method::Cg`] needs.
pub fn run_ranks(
    cluster: &Cluster,
    data: &Dataset,
    options: &RunOptions,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<Option<Report>, JobError> {
    match options.precision {
        Precision::F32 => run_in::<f32>(cluster, data, options, machine, watch),
        Precision::F64 => run_in::<f64>(cluster, data, options, machine, watch),
    }
}

fn run_in<S: Float + Entry>(
    cluster: &Cluster,
    data: &Dataset,
    options: &RunOptions,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<Option<Report>, JobError> {
    let clock = Instant::now();
    // Each check together, so that a mistake is told once.
    let passes = cluster.together(options.nets.passes(data.train.images.shape()))?;
    let targets = cluster.together(Targets::new(&data.train.labels, data.classes.len()))?;
    let solver = Solver::new(&targets, Some(&data.test.labels), &data.classes, options.ridge, machine.threads());
    let mut solver = cluster.together(solver)?.by(Method::Cg);
    // All ranks are asked, so before any has failed.
    let neighbours = cluster.neighbours();
    let checked = || {
        if let Some(method @ (Method::Cholesky | Method::Mixed)) = options.solver {
            return Err(JobError::Usage(format!(
                "--solver {method}: ranks solve by cg; ultrawide regress --store has the others"
            )));
        }
        let setup = Setup::new::<S>(data, options, &passes, machine)?;
        let (n, classes) = (data.train.images.len(), targets.classes());
        cluster.check_count(n, classes)?;
        let need = need::<S>(cluster, &setup, (n, classes), machine);
        need.times(neighbours).check()?;
        Ok((setup, need.bytes()))
    };
    let (setup, planned_bytes) = cluster.together(checked())?;
    // The first makes the store, or clears up what killed ranks have left.
    let join = || setup.open_store(options, Share::new(cluster.rank() + 1, cluster.size()), machine, watch);
    let first = cluster.together(if cluster.is_first() { join() } else { Ok(None) })?;
    // The disk was looked at by the first; of a large store each look is a list of millions of files.
    let again = || {
        let share = Share::new(cluster.rank() + 1, cluster.size());
        let join = |(path, share)| machine.pool.install(|| Store::join(path, &setup.plan, share));
        options.store.as_deref().zip(share).map(join).transpose().map_err(JobError::from)
    };
    let store = cluster.together(if cluster.is_first() { Ok(first) } else { again() })?;
    let Some(store) = store else {
        return Err(JobError::Usage("ranks need a store that they share".to_owned()));
    };
    // As others see it: no tile is another's.
    let whole = if cluster.is_first() { Some(Store::open(store.path())?) } else { None };
    if whole.is_some() {
        setup.begin(whole.as_ref(), None, watch)?;
    }

    let threads = cluster.sum(machine.threads());
    let mut infos = Vec::new();
    for (pass, grams) in passes.iter().zip(&setup.grams) {
        let clock = Instant::now();
        let mut wanted = Vec::new();
        let mut work = Work::default();
        if let Some(whole) = &whole {
            for (index, (name, gram)) in grams.iter().enumerate() {
                let tiles = missing(gram, name, Some(whole))?;
                work = work.plus(Work::sum(gram, tiles.iter().copied()));
                wanted.extend(tiles.into_iter().map(|(i, j)| (index, i, j)));
            }
        }
        deal::compute::<S>(cluster, grams, wanted, &store, machine, watch)?;
        cluster.barrier();
        infos.push(pass_info(pass, work, clock.elapsed().as_secs_f64(), threads));
    }

    if !cluster.is_first() {
        serve::<S>(cluster, &setup, &store, machine)?;
        return Ok(None);
    }
    let mut rows = Vec::new();
    for (index, (pass, [(train, _), (test, _)])) in passes.iter().zip(&setup.grams).enumerate() {
        let (train, test) = (Stored::new(&store, train)?, Stored::new(&store, test)?);
        for (output, of) in pass.net.outputs().iter().enumerate() {
            let mut row = Row::new(&pass.net, of);
            watch.stage(&format!("reading the kernel: {}", row.name()));
            let held = Held::<S>::read(cluster, &train, (index, output), machine)?;
            solver.tiles_with::<S>(&held, &train, &test, output, &mut row, watch)?;
            rows.push((*of, row));
        }
    }
    product::stop(cluster);
    watch.end();
    let outcome = Outcome { infos, rows, threads, regression_seconds: solver.seconds, planned_bytes };
    let mut report = report(options, machine, &passes, setup, outcome, clock);
    report.settings["ranks"] = json!(cluster.size());
    Ok(Some(report))
}

/// What this rank needs.
fn need<S: Float + Entry>(
    cluster: &Cluster,
    setup: &Setup<'_>,
    (n, classes): (usize, usize),
    machine: &Machine,
) -> Need {
    let grid = n.div_ceil(setup.plan.tile);
    let rows = (Rows::<S>::share(grid, cluster.rank(), cluster.size()).len() * setup.plan.tile).min(n);
    let held = rows as f64 * n as f64 * S::PRECISION.bytes() as f64;
    let root = if cluster.is_first() { Method::Cg.bytes(n, classes) } else { 0.0 };
    Need { after: held + root, solver: Some(Method::Cg), ..share::need::<S>(&setup.grams, machine) }
}
