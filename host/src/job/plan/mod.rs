//! What a run costs, before it: pairs, operations, time, memory, disk.
//!
//! The time is that of a run for which this machine has nothing else to do; how busy it was is told as well. For about two seconds the job's own kernels are computed on a few of
//! its images with all threads, tiles are written where the store is to be, and a small regression is done; all of it is then extrapolated. The
//! checks that a run begins with are done as well, and timed. How many steps an iteration will take, the kernel decides, which nobody knows yet: for these
//! there is a range.

mod disk;
mod kernels;
mod regression;

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::memory::{Need, offered, pick};
use super::report::{DataInfo, Software, to_json};
use super::setup::Setup;
use super::{Float, Format, JobError, Machine, Pass, RunOptions, Work, available_memory, run, share, write_atomically};
use crate::data::Dataset;
use crate::gram::{Gram, Net};
use crate::regression::{Method, Targets};
use crate::store::{ArrayPlan, Free, Precision, Share, Space, Store, StorePlan};
use disk::Disk;
use kernels::{Rate, Sample, vectors};

/// How long the kernels of all passes are computed, once the samples are chosen.
const BUDGET: f64 = 1.2;
/// The least of it that a pass gets.
const LEAST: f64 = 0.1;
/// Operations for each entry and layer: 20 multiplications or multiply-adds, 9 sums, a maximum and a root
/// ([`conv_pair`](ultrawide_core::conv_pair)).
const OPERATIONS: f64 = 31.0;

/// What to plan for beside what a run is told.
#[derive(Clone, Copy, Debug)]
pub struct PlanOptions {
    /// The share, if it is one of a run that is divided.
    pub share: Option<Share>,
    /// Machines like this one that divide the kernels among them.
    pub nodes: usize,
    /// How long the data took to load, which a run does again.
    pub loading: Duration,
}

/// What one pass costs. What a resumed run finds in its store is not counted.
#[derive(Clone, Debug, Serialize)]
pub struct PassPlan {
    /// The name of the pass.
    pub name: String,
    /// The number of outputs.
    pub outputs: usize,
    /// The ReLU layers of the recursion.
    pub layers: usize,
    /// The entries of a pair of images in each layer.
    pub entries: f64,
    /// Tiles.
    pub tiles: usize,
    /// Pairs of images.
    pub pairs: u64,
    /// Entries times layers of all pairs.
    pub entry_layers: f64,
    /// Arithmetic operations, a multiply-add as one.
    pub operations: f64,
    /// Seconds, writing to the store included.
    pub seconds: f64,
    /// Of these, seconds of writing.
    pub write_seconds: f64,
    /// Seconds where the nodes divide the pass.
    pub nodes_seconds: f64,
}

/// What the regressions cost, one for each output.
#[derive(Clone, Debug, Serialize)]
pub struct RegressionPlan {
    /// How many there are.
    pub count: usize,
    /// How they are solved.
    pub solver: Method,
    /// Operations of the factorisations, n³/3 each.
    pub operations: f64,
    /// Seconds, reading from the store included; of an iteration with the geometric mean of the fewest and the most steps.
    pub seconds: f64,
    /// The fewest and the most steps of an iteration: what was met with other kernels, not a promise.
    pub steps: Option<[f64; 2]>,
    /// The seconds with these.
    pub seconds_range: [f64; 2],
    /// How they are solved where there are nodes: `cg` is divided among them (`run --mpi`), the others are done by one.
    pub nodes_solver: Method,
    /// Seconds there.
    pub nodes_seconds: f64,
    /// The same with the fewest and the most steps.
    pub nodes_seconds_range: [f64; 2],
}

/// The memory that is needed.
#[derive(Clone, Debug, Serialize)]
pub struct MemoryPlan {
    /// Bytes at the peak.
    pub bytes: f64,
    /// Of these, of all threads that compute tiles.
    pub threads: f64,
    /// The kernels that stay in memory.
    pub kernels: f64,
    /// What the regression takes when the threads have ended.
    pub regression: f64,
    /// Bytes there are, where the system tells.
    pub available: Option<u64>,
    /// Whether that is enough; a run would be refused otherwise.
    pub fits: Option<bool>,
}

/// The disk that a store takes.
#[derive(Clone, Debug, Serialize)]
pub struct DiskPlan {
    /// Bytes of all files of the store when it is finished.
    pub bytes: u64,
    /// Their number.
    pub files: u64,
    /// The folder; `None` where the run has no store.
    pub folder: Option<String>,
    /// Bytes of disk that are still to be written there, in whole blocks.
    pub missing: Option<u64>,
    /// Bytes that are free there, where the system tells.
    pub free: Option<u64>,
    /// Why the run would be refused.
    pub refused: Option<String>,
}

/// What a run costs.
#[derive(Clone, Debug, Serialize)]
pub struct PlanReport {
    /// The software that ran.
    pub software: Software,
    /// The subcommand.
    pub command: &'static str,
    /// The settings, as a run would use them.
    pub settings: serde_json::Value,
    /// The data.
    pub data: DataInfo,
    /// The instruction set.
    pub backend: String,
    /// The number of threads of a machine.
    pub threads: usize,
    /// The number of machines.
    pub nodes: usize,
    /// The share, if it is one.
    pub shard: Option<String>,
    /// The passes.
    pub passes: Vec<PassPlan>,
    /// The regressions; `None` for a share, which does none.
    pub regression: Option<RegressionPlan>,
    /// Seconds of loading and checking the data.
    pub preparation_seconds: f64,
    /// Pairs of all passes.
    pub pairs: u64,
    /// Operations in all.
    pub operations: f64,
    /// Seconds in all, if the machine has nothing else to do.
    pub seconds: f64,
    /// The part of the cores that this process got while it tried: 1 on a machine with nothing else to do.
    pub cores_got: f64,
    /// Seconds in all where the nodes divide the kernels, and the products of `cg`.
    pub nodes_seconds: f64,
    /// The memory of one machine that does it alone.
    pub memory: MemoryPlan,
    /// Where nodes divide the regression, that of the first of them, which needs most: its rows of the kernel, the preconditioner and the vectors.
    pub nodes_memory: Option<MemoryPlan>,
    /// The disk.
    pub disk: DiskPlan,
    /// What finding all this out took.
    pub planning_seconds: f64,
}

impl PlanReport {
    /// Writes the report, whole or not at all: everything as JSON, or a line for each pass as CSV.
    ///
    /// # Errors
    /// An extension that names no format; a file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), JobError> {
        let bytes = match Format::of(path)? {
            Format::Json => to_json(self)?,
            Format::Csv => self.csv()?,
        };
        write_atomically(path, &bytes)
    }

    /// A line for each pass, one for the preparation, one for the regressions and one for the total.
    fn csv(&self) -> Result<Vec<u8>, JobError> {
        let failed = |error: csv::Error| JobError::Input(format!("the plan cannot be written as CSV: {error}"));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = [
            "part",
            "outputs",
            "layers",
            "entries",
            "tiles",
            "pairs",
            "entry_layers",
            "operations",
            "seconds",
            "nodes",
            "nodes_seconds",
            "memory_bytes",
            "disk_bytes",
        ];
        writer.write_record(header).map_err(failed)?;
        let nodes = self.nodes.to_string();
        for pass in &self.passes {
            let counts = [&pass.outputs, &pass.layers].map(ToString::to_string);
            let mut fields = vec![pass.name.clone()];
            fields.extend(counts);
            fields.extend([pass.entries.to_string(), pass.tiles.to_string(), pass.pairs.to_string()]);
            fields.extend([pass.entry_layers, pass.operations, pass.seconds].map(|figure| figure.to_string()));
            fields.extend([nodes.clone(), pass.nodes_seconds.to_string(), String::new(), String::new()]);
            writer.write_record(fields).map_err(failed)?;
        }
        let mut other = |part: &str, outputs: &str, operations: f64, seconds: [f64; 2], sizes: [String; 2]| {
            let [seconds, nodes_seconds] = seconds.map(|seconds| seconds.to_string());
            let (operations, [memory, disk]) = (operations.to_string(), sizes);
            let fields =
                [part, outputs, "", "", "", "", "", &operations, &seconds, &nodes, &nodes_seconds, &memory, &disk];
            writer.write_record(fields).map_err(failed)
        };
        let none = || [String::new(), String::new()];
        other("preparation", "", 0.0, [self.preparation_seconds; 2], none())?;
        if let Some(RegressionPlan { count, operations, seconds, nodes_seconds, .. }) = &self.regression {
            other("regression", &count.to_string(), *operations, [*seconds, *nodes_seconds], none())?;
        }
        let sizes = [self.memory.bytes.to_string(), self.disk.bytes.to_string()];
        other("total", "", self.operations, [self.seconds, self.nodes_seconds], sizes)?;
        writer.into_inner().map_err(|error| failed(error.into_error().into()))
    }
}

/// What a [`run()`](super::run()) with these options costs; with a share what [`run_share`](super::run_share) does.
///
/// The time of the kernels and of regressions by Cholesky is met within 20 % for jobs of a minute and more where nothing else runs (`docs/performance.md`); that
/// of regressions by iteration has the range of [`RegressionPlan::seconds_range`].
///
/// # Errors
/// As a run, for settings and data that it refuses; too little memory or disk is no error here but part of the report.
///
/// # Cost
/// About two seconds beside the checks, whatever the size of the job.
pub fn plan(
    data: &Dataset,
    options: &RunOptions,
    planned: &PlanOptions,
    machine: &Machine,
) -> Result<PlanReport, JobError> {
    match options.precision {
        Precision::F32 => plan_in::<f32>(data, options, planned, machine),
        Precision::F64 => plan_in::<f64>(data, options, planned, machine),
    }
}

fn plan_in<S: Float>(
    data: &Dataset,
    options: &RunOptions,
    planned: &PlanOptions,
    machine: &Machine,
) -> Result<PlanReport, JobError> {
    let clock = Instant::now();
    let &PlanOptions { share, nodes, loading } = planned;
    let passes = options.nets.passes(data.train.images.shape())?;
    for labels in [&data.train.labels, &data.test.labels] {
        Targets::new(labels, data.classes.len())?;
    }
    let setup = Setup::new::<S>(data, options, &passes, machine)?;
    let preparation = (loading + clock.elapsed()).as_secs_f64();

    let path = options.store.as_deref();
    let methods = offered(options.solver, options.precision == Precision::F32, true)?;
    let solving = |method| run::need::<S>(&setup.grams, path.is_some(), machine, method, data.classes.len());
    let method = pick(options.solver, &methods, solving);
    let need = match share {
        Some(_) => share::need::<S>(&setup.grams, machine),
        None => solving(method),
    };
    // `run --mpi` solves by cg, with the rows of the kernel held by all.
    let divided = nodes > 1 && share.is_none() && matches!(options.solver, None | Some(Method::Cg));
    let nodes_memory = divided.then(|| {
        let (n, tile) = (data.train.images.len(), setup.plan.tile);
        let rows = (n.div_ceil(tile).div_ceil(nodes) * tile).min(n);
        let held = rows as f64 * n as f64 * S::PRECISION.bytes() as f64;
        let after = held + Method::Cg.bytes(n, data.classes.len());
        memory_plan(Need { after, solver: Some(Method::Cg), ..share::need::<S>(&setup.grams, machine) })
    });
    let speed = path.map(|path| Disk::measure::<S>(path, &setup.plan, machine)).transpose()?;
    let speed = speed.unwrap_or_default();
    let begun = match path {
        Some(path) if (options.resume || share.is_some()) && Store::agrees(path, &setup.plan)? => {
            Some(Store::open(path)?)
        }
        _ => None,
    };
    let samples = setup.grams.iter().map(|[(_, train), _]| Sample::new::<S>(*train, machine));
    let samples: Vec<Sample<'_>> = samples.collect::<Result<_, _>>()?;
    let parts: Vec<[Part; 2]> = setup
        .grams
        .iter()
        .map(|grams| {
            let [train, test] = grams;
            let part = |(name, gram): &(String, Gram<'_>)| Part::new::<S>(gram, name, share, begun.as_ref(), machine);
            Ok([part(train)?, part(test)?])
        })
        .collect::<Result<_, JobError>>()?;
    // The time goes to the passes as the work does.
    let rough = |(sample, parts): (&Sample<'_>, &[Part; 2])| sample.rough * (parts[0].vectors + parts[1].vectors);
    let all: f64 = samples.iter().zip(&parts).map(rough).sum();
    let (mut planned_passes, mut tried) = (Vec::new(), Rate::default());
    for ((pass, sample), parts) in passes.iter().zip(&samples).zip(&parts) {
        let budget = (BUDGET * rough((sample, parts)) / all.max(f64::MIN_POSITIVE)).clamp(LEAST, BUDGET);
        let rate = sample.rate::<S>(machine, Duration::from_secs_f64(budget))?;
        tried = tried.plus(rate);
        planned_passes.push(of_pass(pass, parts, rate.vectors, speed.write, machine.threads(), nodes, options.flip));
    }

    let cores_got = (tried.computed / tried.passed).min(1.0);
    let n = data.train.images.len() as f64;
    let regression = match share {
        Some(_) => None,
        None => {
            let count: usize = planned_passes.iter().map(|pass| pass.outputs).sum();
            // An iteration without a factor takes as many operations as it takes steps.
            let factors = if method == Method::Cg { 0.0 } else { n * n * n / 3.0 };
            let bytes = |symmetric: bool| -> f64 {
                let arrays = setup.plan.arrays.iter().filter(|array| array.symmetric == symmetric);
                arrays.map(|array| array_bytes(&setup.plan, array)).sum()
            };
            let (train, test) = (bytes(true) * speed.read, bytes(false) * speed.read);
            let threads = machine.threads();
            let time = |method: Method, nodes: usize| {
                let timing = regression::measure::<S>(data, method, setup.plan.tile, threads)?;
                let steps = regression::steps(method, data.train.images.len());
                // Its threads wait for each other, so what passes is measured, on a machine as busy as before. Each regression reads its output of all
                // tiles: once, or by all threads for every step, or each node its rows, which are whole.
                let seconds = |steps: f64| {
                    let reading = match method {
                        Method::Cg if nodes > 1 => 2.0 * train / (nodes * threads) as f64,
                        Method::Cg => (steps + 3.0) * train / threads as f64,
                        _ => train,
                    };
                    timing.seconds(steps, nodes) * cores_got * count as f64 + reading + test
                };
                let range = steps.map_or([seconds(0.0); 2], |steps| steps.map(seconds));
                let middle = steps.map_or(range[0], |[few, many]| seconds((few * many).sqrt()));
                Ok::<_, JobError>((middle, range, steps))
            };
            let (seconds, seconds_range, steps) = time(method, 1)?;
            let (nodes_solver, nodes_seconds, nodes_seconds_range) = if divided {
                let (seconds, range, _) = time(Method::Cg, nodes)?;
                (Method::Cg, seconds, range)
            } else {
                (method, seconds, seconds_range)
            };
            Some(RegressionPlan {
                count,
                solver: method,
                operations: factors * count as f64,
                seconds,
                steps,
                seconds_range,
                nodes_solver,
                nodes_seconds,
                nodes_seconds_range,
            })
        }
    };
    let nodes_solving = regression.as_ref().map_or(0.0, |regression| regression.nodes_seconds);
    let solving = regression.as_ref().map_or(0.0, |regression| regression.seconds);
    let sum = |figure: fn(&PassPlan) -> f64| planned_passes.iter().map(figure).sum::<f64>();
    Ok(PlanReport {
        software: Software::default(),
        command: "plan",
        settings: run::settings(options, &passes, setup.plan.tile),
        backend: machine.backend.to_string(),
        threads: machine.threads(),
        nodes,
        shard: share.map(|share| share.to_string()),
        preparation_seconds: preparation,
        pairs: planned_passes.iter().map(|pass| pass.pairs).sum(),
        operations: sum(|pass| pass.operations) + regression.as_ref().map_or(0.0, |regression| regression.operations),
        seconds: preparation + sum(|pass| pass.seconds) + solving,
        cores_got,
        nodes_seconds: preparation + sum(|pass| pass.nodes_seconds) + nodes_solving,
        passes: planned_passes,
        regression,
        memory: memory_plan(need),
        nodes_memory,
        disk: disk_plan(&setup, path)?,
        data: setup.info,
        planning_seconds: (loading + clock.elapsed()).as_secs_f64(),
    })
}

/// What is to be computed of a Gram matrix.
#[derive(Default)]
struct Part {
    work: Work,
    tiles: usize,
    /// Rows × vectors of partners.
    vectors: f64,
    /// Bytes of its tiles in a store.
    bytes: f64,
}

impl Part {
    fn new<S: Float>(
        gram: &Gram<'_>,
        name: &str,
        share: Option<Share>,
        begun: Option<&Store>,
        machine: &Machine,
    ) -> Result<Self, JobError> {
        let (plan, lanes) = (gram.plan(name), machine.backend.lanes::<S>());
        let missing = begun.map(|store| store.missing_tiles(name)).transpose()?;
        let to_do = |tile: &(usize, usize)| missing.as_ref().is_none_or(|missing| missing.binary_search(tile).is_ok());
        let own = Share::filter(share, &plan, gram.tile);
        let mut part = Part::default();
        for (i, j) in plan.tiles(gram.tile).filter(own).filter(to_do) {
            let (rows, columns) = plan.tile_shape(gram.tile, i, j).unwrap_or_default();
            part.tiles += 1;
            part.work = part.work.plus(Work::of(gram, (i, j)));
            part.vectors += vectors(rows, columns, plan.symmetric && i == j, lanes);
        }
        let numbers = (plan.outputs.len() * S::PRECISION.bytes()) as f64 * (gram.tile as f64).powi(2);
        part.bytes = part.tiles as f64 * numbers;
        Ok(part)
    }

    /// How much longer `threads` threads take than if the tiles could be divided.
    fn waiting(&self, threads: usize) -> f64 {
        if self.tiles == 0 { 1.0 } else { (self.tiles.div_ceil(threads) * threads) as f64 / self.tiles as f64 }
    }
}

fn of_pass(
    pass: &Pass,
    parts: &[Part; 2],
    rate: f64,
    write: f64,
    threads: usize,
    nodes: usize,
    flip: bool,
) -> PassPlan {
    let seconds = |nodes: usize| {
        let kernels = |part: &Part| part.vectors / rate * part.waiting(threads.saturating_mul(nodes));
        parts.iter().map(kernels).sum::<f64>() / nodes as f64
    };
    let work = parts[0].work.plus(parts[1].work);
    let write_seconds = parts.iter().map(|part| part.bytes * write).sum::<f64>() / threads as f64;
    let net = &pass.net;
    // A dense net has one entry a pair; before its layers, a product of all numbers of the images.
    let products = match net {
        Net::Dense { shape, .. } => shape.len().unwrap_or(usize::MAX) as f64 * if flip { 2.0 } else { 1.0 },
        Net::Conv(_) => 0.0,
    };
    PassPlan {
        name: pass.name.clone(),
        outputs: net.outputs().len(),
        layers: net.request().layers(),
        entries: net.entries(),
        tiles: parts.iter().map(|part| part.tiles).sum(),
        pairs: work.pairs,
        entry_layers: work.entry_layers,
        operations: work.entry_layers * OPERATIONS + work.pairs as f64 * products,
        seconds: seconds(1) + write_seconds,
        write_seconds,
        nodes_seconds: seconds(nodes) + write_seconds / nodes as f64,
    }
}

/// The bytes of an array's tiles.
fn array_bytes(plan: &StorePlan, array: &ArrayPlan) -> f64 {
    plan.chunk_bytes(array) as f64 * array.tile_count(plan.tile).unwrap_or(usize::MAX) as f64
}

fn memory_plan(need: Need) -> MemoryPlan {
    let available = available_memory();
    MemoryPlan {
        bytes: need.bytes(),
        threads: need.threads * need.thread,
        kernels: need.kernels,
        regression: need.after,
        available,
        fits: available.map(|available| need.bytes() <= available as f64),
    }
}

fn disk_plan(setup: &Setup<'_>, path: Option<&Path>) -> Result<DiskPlan, JobError> {
    let all = Space::of(&setup.plan)?;
    let mut disk =
        DiskPlan { bytes: all.bytes(), files: all.files(), folder: None, missing: None, free: None, refused: None };
    if let Some(path) = path {
        let (missing, free) = (Space::missing(path, &setup.plan)?, Free::at(path));
        disk.folder = Some(path.display().to_string());
        disk.missing = Some(missing.on_disk(free.map_or(1, |free| free.block)));
        disk.free = free.map(|free| free.bytes);
        disk.refused = missing.check(path, free).err().map(|error| error.to_string());
    }
    Ok(disk)
}
