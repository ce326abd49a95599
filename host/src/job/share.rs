//! A share of the kernels of a run, into a store that other processes fill as well.

use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use super::kernels::{compute, missing};
use super::memory::Need;
use super::report::{DataInfo, PassInfo, Software, to_json};
use super::run::{pass_info, settings};
use super::setup::{Grams, Setup};
use super::{Float, Format, JobError, Machine, RunOptions, Watch, Work, write_atomically};
use crate::data::Dataset;
use crate::regression::Targets;
use crate::store::{Precision, Share};

/// What a process did for its share.
#[derive(Clone, Debug, Serialize)]
pub struct ShareReport {
    /// The software that ran.
    pub software: Software,
    /// The subcommand.
    pub command: &'static str,
    /// The settings, as they were used: defaults filled in.
    pub settings: serde_json::Value,
    /// The share, `i/n`.
    pub shard: String,
    /// The data.
    pub data: DataInfo,
    /// The instruction set.
    pub backend: String,
    /// The number of threads.
    pub threads: usize,
    /// The passes over the pairs of images.
    pub passes: Vec<PassInfo>,
    /// The pairs that were computed, over all passes.
    pub pairs: u64,
    /// The seconds that the kernels took.
    pub kernel_seconds: f64,
    /// The seconds from the first check to the last tile.
    pub seconds: f64,
    /// The tiles of the share, all of which are in the store.
    pub tiles: usize,
    /// The tiles that were computed now.
    pub computed_tiles: usize,
    /// The tiles of the whole store that are still missing; other processes may be at work on them.
    pub missing_tiles: usize,
}

impl ShareReport {
    /// Writes the report as JSON, whole or not at all.
    ///
    /// # Errors
    /// Another extension than `.json`; a file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), JobError> {
        Self::check_format(path)?;
        write_atomically(path, &to_json(self)?)
    }

    /// Checks the name of a report's file.
    ///
    /// # Errors
    /// Another extension than `.json`.
    pub fn check_format(path: &Path) -> Result<(), JobError> {
        match Format::of(path)? {
            Format::Json => Ok(()),
            Format::Csv => Err(JobError::Usage(format!("{}: the report of a shard ends in .json", path.display()))),
        }
    }
}

/// Computes the tiles of `share` that the store of `options` has not got, without regression. The store is made where there is
/// none; processes with other shares may use it at the same time, on this machine or on others.
///
/// # Accuracy
/// The bits of [`run()`](super::run()).
///
/// # Errors
/// As [`run()`](super::run()); [`JobError::Usage`] without a store. Those of [`Store::join`](crate::store::Store::join).
///
/// # Cost
/// Memory: some MB for each thread.
pub fn run_share(
    data: &Dataset,
    options: &RunOptions,
    share: Share,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<ShareReport, JobError> {
    match options.precision {
        Precision::F32 => run_share_in::<f32>(data, options, share, machine, watch),
        Precision::F64 => run_share_in::<f64>(data, options, share, machine, watch),
    }
}

fn run_share_in<S: Float>(
    data: &Dataset,
    options: &RunOptions,
    share: Share,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<ShareReport, JobError> {
    let clock = Instant::now();
    let passes = options.nets.passes(data.train.images.shape())?;
    // What the regression would refuse is told before the kernels.
    for labels in [&data.train.labels, &data.test.labels] {
        Targets::new(labels, data.classes.len())?;
    }
    let setup = Setup::new::<S>(data, options, &passes, machine)?;
    need::<S>(&setup.grams, machine).check()?;
    let store = setup.open_store(options, Some(share), machine, watch)?;
    let Some(store) = &store else {
        return Err(JobError::Usage("a shard needs a store that it is a part of".to_owned()));
    };
    setup.begin(Some(store), Some(share), watch)?;

    let (mut infos, mut tiles, mut computed_tiles) = (Vec::new(), 0, 0);
    for (pass, grams) in passes.iter().zip(&setup.grams) {
        let mut work = Work::default();
        let clock = Instant::now();
        for (name, gram) in grams {
            let wanted = missing(gram, name, Some(store))?;
            let plan = gram.plan(name);
            tiles += plan.tiles(gram.tile).filter(Share::filter(Some(share), &plan, gram.tile)).count();
            computed_tiles += wanted.len();
            work = work.plus(Work::sum(gram, wanted));
            compute::<S>(gram, name, Some(store), machine, watch)?;
        }
        infos.push(pass_info(pass, work, clock.elapsed().as_secs_f64(), machine.threads()));
    }
    watch.end();
    let mut missing_tiles = 0;
    for (name, _) in setup.grams.iter().flatten() {
        missing_tiles += store.missing_tiles(name)?.len();
    }
    Ok(ShareReport {
        software: Software::default(),
        command: "run",
        settings: settings(options, &passes, setup.plan.tile),
        shard: share.to_string(),
        data: setup.info,
        backend: machine.backend.to_string(),
        threads: machine.threads(),
        pairs: infos.iter().map(|pass| pass.pairs).sum(),
        kernel_seconds: infos.iter().map(|pass| pass.seconds).sum(),
        passes: infos,
        seconds: clock.elapsed().as_secs_f64(),
        tiles,
        computed_tiles,
        missing_tiles,
    })
}

/// What the passes need, one after another; nothing stays in memory.
pub(super) fn need<S: Float>(grams: &[Grams<'_>], machine: &Machine) -> Need {
    let needs = grams.iter().flatten().map(|(_, gram)| Need::of::<S>(gram, false, machine));
    needs.max_by(|a, b| a.bytes().total_cmp(&b.bytes())).unwrap_or_default()
}
