//! The main job: kernels of all pairs of images, regression, accuracies.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::json;

use super::kernels::{compute, missing};
use super::manifest::kernel_name;
use super::memory::{Need, choose, offered};
use super::report::{MemoryUse, PassInfo, Report, Row, Software};
use super::setup::{Grams, Setup};
use super::{Float, JobError, Machine, NetKind, NetSettings, Pass, Solver, Watch, Work};
use crate::data::Dataset;
use crate::gram::{Net, Output};
use crate::regression::{Method, Targets};
use crate::store::Precision;

/// What to do with a data set.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The networks.
    pub nets: NetSettings,
    /// The precision of the kernels; the regression always runs in f64.
    pub precision: Precision,
    /// Whether to average with the mirrored images.
    pub flip: bool,
    /// The images along the side of a tile; `None` for [`tile_for`](super::tile_for).
    pub tile: Option<usize>,
    /// What is added to the diagonal of the training kernel.
    pub ridge: f64,
    /// How the regression is solved; `None` for the fastest way that the memory allows.
    pub solver: Option<Method>,
    /// The folder of the store; `None` to keep the kernels in memory.
    pub store: Option<PathBuf>,
    /// Whether to go on with what is in the store.
    pub resume: bool,
    /// How the images were chosen: goes into the report and the manifest.
    pub subset: String,
}

/// The kernels of all networks, the regression on each, and the accuracies.
///
/// The arrays of a store are called `PASS-train` (symmetric) and `PASS-test` (rows: test images, columns: training images).
///
/// # Accuracy
/// Kernels: [`Gram::tile`](crate::gram::Gram::tile); weights and scores: [`Solver::tiles`].
///
/// # Errors
/// All settings, the labels, the images and the store are checked before the first kernel. A kernel for which there is no
/// solution is no error but a [failed row](Report::failures).
///
/// # Cost
/// Memory: the tiles of one pass, unless there is a store; one n×n matrix of f64, or less ([`Method::bytes`]); some
/// MB for each thread.
pub fn run(data: &Dataset, options: &RunOptions, machine: &Machine, watch: &dyn Watch) -> Result<Report, JobError> {
    match options.precision {
        Precision::F32 => run_in::<f32>(data, options, machine, watch),
        Precision::F64 => run_in::<f64>(data, options, machine, watch),
    }
}

fn run_in<S: Float>(
    data: &Dataset,
    options: &RunOptions,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<Report, JobError> {
    let clock = Instant::now();
    let (train, test) = (&data.train, &data.test);
    let passes = options.nets.passes(train.images.shape())?;
    let methods = offered(options.solver, options.precision == Precision::F32, true)?;
    let classes = data.classes.len();
    let targets = Targets::new(&train.labels, classes)?;
    let solver = Solver::new(&targets, Some(&test.labels), &data.classes, options.ridge, machine.threads())?;
    let setup = Setup::new::<S>(data, options, &passes, machine)?;
    let need = |method| need::<S>(&setup.grams, options.store.is_some(), machine, method, classes);
    let method = choose(options.solver, &methods, need)?;
    let (mut solver, planned_bytes) = (solver.by(method), need(method).bytes());
    let store = setup.open_store(options, None, machine, watch)?;
    setup.begin(store.as_ref(), None, watch)?;

    let (mut infos, mut rows) = (Vec::new(), Vec::new());
    for (pass, [(train_name, train), (test_name, test)]) in passes.iter().zip(&setup.grams) {
        let mut work = Work::default();
        for (name, gram) in [(train_name, train), (test_name, test)] {
            work = work.plus(Work::sum(gram, missing(gram, name, store.as_ref())?));
        }
        let clock = Instant::now();
        let train = compute::<S>(train, train_name, store.as_ref(), machine, watch)?;
        let test = compute::<S>(test, test_name, store.as_ref(), machine, watch)?;
        infos.push(pass_info(pass, work, clock.elapsed().as_secs_f64(), machine.threads()));
        for (index, output) in pass.net.outputs().iter().enumerate() {
            let mut row = Row::new(&pass.net, output);
            solver.tiles(&*train, &*test, index, &mut row, watch)?;
            rows.push((*output, row));
        }
    }
    watch.end();
    let (threads, regression_seconds) = (machine.threads(), solver.seconds);
    let outcome = Outcome { infos, rows, threads, regression_seconds, planned_bytes };
    Ok(report(options, machine, &passes, setup, outcome, clock))
}

/// What the passes and the regressions have given.
pub(super) struct Outcome {
    pub(super) infos: Vec<PassInfo>,
    pub(super) rows: Vec<(Output, Row)>,
    pub(super) threads: usize,
    pub(super) regression_seconds: f64,
    pub(super) planned_bytes: f64,
}

/// The report of a run that began with `clock`.
pub(super) fn report(
    options: &RunOptions,
    machine: &Machine,
    passes: &[Pass],
    setup: Setup<'_>,
    outcome: Outcome,
    clock: Instant,
) -> Report {
    let Outcome { infos, mut rows, threads, regression_seconds, planned_bytes } = outcome;
    rows.sort_by_key(|(output, _)| order(&options.nets, output));
    let kernel_seconds = infos.iter().map(|pass| pass.seconds).sum();
    let pairs = infos.iter().map(|pass| pass.pairs).sum();
    Report {
        software: Software::default(),
        command: "run",
        settings: settings(options, passes, setup.plan.tile),
        data: Some(setup.info),
        backend: Some(machine.backend.to_string()),
        threads,
        seed: None,
        passes: infos,
        pairs,
        kernel_seconds,
        seconds_per_pair: (pairs > 0).then(|| kernel_seconds / pairs as f64),
        regression_seconds,
        seconds: clock.elapsed().as_secs_f64(),
        memory: MemoryUse::until_now(planned_bytes),
        results: rows.into_iter().map(|(_, row)| row).collect(),
    }
}

/// The rows come in the order of the user's lists.
fn order(nets: &NetSettings, output: &Output) -> (usize, usize, usize) {
    let net = nets.nets.iter().position(|&net| net == NetKind::of(output));
    let kernel = nets.kernels.iter().position(|&kernel| kernel == output.kernel);
    (net.unwrap_or(0), kernel.unwrap_or(0), output.depth)
}

/// What the passes need, one after another, each with its regressions.
pub(super) fn need<S: Float>(
    grams: &[Grams<'_>],
    stored: bool,
    machine: &Machine,
    method: Method,
    classes: usize,
) -> Need {
    let pass = |[(_, train), (_, test)]: &Grams<'_>| {
        let n = train.x.len();
        let [train, test] = [train, test].map(|gram| Need::of::<S>(gram, !stored, machine));
        train.then(test).solving(method, n, classes)
    };
    grams.iter().map(pass).max_by(|a, b| a.bytes().total_cmp(&b.bytes())).unwrap_or_default()
}

pub(super) fn pass_info(pass: &Pass, work: Work, seconds: f64, threads: usize) -> PassInfo {
    let net = &pass.net;
    PassInfo {
        name: pass.name.clone(),
        trained: net.trained_name(),
        outputs: net.outputs().iter().map(ToString::to_string).collect(),
        filter: match net {
            Net::Dense { .. } => None,
            Net::Conv(conv) => Some(conv.filter()),
        },
        layers: net.request().layers(),
        entries: net.entries(),
        pairs: work.pairs,
        seconds,
        ns_per_entry_layer: (work.pairs > 0).then(|| seconds * threads as f64 / work.entry_layers * 1e9),
    }
}

pub(super) fn settings(options: &RunOptions, passes: &[Pass], tile: usize) -> serde_json::Value {
    let nets = &options.nets;
    let depths = passes.first().map(|pass| pass.net.request().depths());
    json!({
        "nets": nets.nets.iter().map(|net| net.name()).collect::<Vec<_>>(),
        "depths": depths,
        "kernels": nets.kernels.iter().copied().map(kernel_name).collect::<Vec<_>>(),
        "filter": nets.filter,
        "lap": nets.lap,
        "slope": nets.slope,
        "residual": nets.residual,
        "flip": options.flip,
        "precision": options.precision.zarr_name(),
        "tile": tile,
        "ridge": options.ridge,
        "solver": options.solver.map_or("auto", Method::name),
        "store": options.store.as_ref().map(|path| path.display().to_string()),
        "resume": options.resume,
    })
}
