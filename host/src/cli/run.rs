//! `ultrawide run`.

use anyhow::bail;
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::args::{self, NetArgs, Solver};
use super::data::DataArgs;
#[cfg(not(feature = "mpi"))]
use super::failure::Usage;
use super::progress::Progress;
use super::{Talk, output, table};
use crate::data::Dataset;
use crate::job::{Machine, NetKind, NetSettings, Report, RunOptions, ShareReport, run, run_share};
use crate::store::Share;

const EXAMPLES: &str = "\
Examples:
  ultrawide run
        CNTK with three readouts at five depths on the bundled digits
  ultrawide run --data cifar10 --data-dir cifar-10-binary.tar.gz --net cntk-v --train-size 2000 --report result.json
        the vanilla CNTK of the first 2,000 images of CIFAR-10, tested on all 10,000
  ultrawide run --data fashion-mnist --train-size 1000 --test-size 1000 --net fc,cntk-v --depth 3 --kernel ntk,nngp
  ultrawide run --data cifar10 --data-dir . --net cntk-gap --depth 11 --store kernels.zarr
  ultrawide run --data cifar10 --data-dir . --net cntk-gap --depth 11 --store kernels.zarr --resume
        hours of work that go on where they were stopped
  ultrawide run --data cifar10 --data-dir . --net cntk-gap --depth 11 --store kernels.zarr --shard 3/8
        an eighth of the kernels, for job arrays; when all are there: ultrawide regress --store kernels.zarr
  mpirun --map-by ppr:1:node --bind-to none ultrawide run --mpi --data cifar10 --data-dir . --net cntk-gap --depth 11 --store kernels.zarr
        on many machines that share the folder, one rank with all cores on each; the same command goes on where it was stopped
  ultrawide run --data cifar10 --data-dir . --net cntk-v --depth 3 --store kernels.zarr --solver mixed
        50,000 training images: 10 GB for the regression instead of 20
  ultrawide run --train-x X.npy --train-y y.npy --test-x XT.npy --test-y yt.npy --net fc --depth 3 --ridge 1e-4

The report has no seed: nothing here is random. The same job gives the same bits with any number of threads, any tile, and on
every machine with fused multiply-add.";

/// Kernels of all pairs of images, regression, and the test accuracy of every network and depth.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) args: RunArgs,
    /// Share the work with the other ranks of an MPI job, as `mpirun -n N ultrawide run --mpi …` starts it: tiles into the one store, then the
    /// regression (cg) with a part of each kernel in the memory of each rank. Goes on with what the store holds, with any number of
    /// ranks. Needs a build with --features mpi
    #[arg(long, requires = "store", conflicts_with = "shard")]
    mpi: bool,
}

/// What to run: of `run` and of `plan`.
#[derive(Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Networks: fc, cntk-v (flattened), cntk-gap (global average pooling), cntk-lap (local average pooling)
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "cntk-v,cntk-gap,cntk-lap", value_parser = args::nets())]
    net: Vec<NetKind>,
    /// Depths, counted in layers with weights: the deepest decides the time
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "3,4,6,11,21", value_parser = args::whole, allow_negative_numbers = true)]
    depth: Vec<usize>,
    #[command(flatten)]
    nets: NetArgs,
    /// Added to the diagonal of the training kernel
    #[arg(long, value_name = "R", default_value_t = 0.0, value_parser = args::ridge, allow_negative_numbers = true)]
    ridge: f64,
    /// How the regression is solved: cholesky in f64; mixed, with half of the memory, by a factor in f32 and an iteration in
    /// f64 to a relative residual of 1e-10; cg, which holds no matrix, by an iteration alone; auto, cholesky where it takes at most half of the memory, otherwise the first of the others for which there is enough
    #[arg(long, value_name = "SOLVER", default_value = "auto", value_parser = args::solvers())]
    solver: Solver,
    /// Keep the kernels in this folder, tile by tile (Zarr v3)
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Go on with what the store holds; refused where settings or data differ
    #[arg(long, requires = "store")]
    resume: bool,
    /// Compute the i-th of n shares of the kernels into the store, without regression; the processes with the other shares may run at
    /// the same time, on other machines too, or later. The same command goes on where it was stopped
    #[arg(long, value_name = "i/n", requires = "store", allow_hyphen_values = true)]
    shard: Option<Share>,
    /// Write everything to this file; .json or .csv
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
}

/// What the options of a run say, with the data.
pub(super) struct Loaded {
    pub(super) data: Dataset,
    pub(super) options: RunOptions,
    pub(super) machine: Machine,
    pub(super) shard: Option<Share>,
    pub(super) report: Option<PathBuf>,
    /// How long the data took.
    pub(super) loading: Duration,
}

impl RunArgs {
    /// The networks.
    pub(super) fn settings(&self) -> anyhow::Result<NetSettings> {
        self.nets.settings(&self.net, &self.depth)
    }

    /// Checks all options and loads the data.
    pub(super) fn load(&self) -> anyhow::Result<Loaded> {
        let nets = self.settings()?;
        args::check_distinct(&[("--report", self.report.as_ref())], &self.data.inputs(), self.store.as_ref())?;
        self.data.check()?;
        let machine = self.nets.machine()?;
        args::check_report(self.report.as_ref())?;
        let clock = Instant::now();
        let data = self.data.load()?;
        let loading = clock.elapsed();
        if let Some(path) = &self.data.train_x {
            args::check_pixels(&self.net, data.train.images.shape(), path)?;
        }
        let options = RunOptions {
            nets,
            precision: self.nets.precision,
            flip: self.nets.flip,
            tile: self.nets.tile,
            ridge: self.ridge,
            solver: self.solver.0,
            store: self.store.clone(),
            resume: self.resume,
            subset: if self.data.train_x.is_some() { "all".to_owned() } else { self.data.subset.to_string() },
        };
        tracing::info!("{} from {}, backend {}", data.name, data.source, machine.backend);
        Ok(Loaded { data, options, machine, shard: self.shard, report: self.report.clone(), loading })
    }
}

impl Run {
    /// The networks.
    pub(super) fn settings(&self) -> anyhow::Result<NetSettings> {
        self.args.settings()
    }

    pub(super) fn execute(&self, talk: Talk) -> anyhow::Result<()> {
        if let (Some(_), Some(report)) = (&self.args.shard, &self.args.report) {
            ShareReport::check_format(report)?;
        }
        if self.mpi {
            return self.execute_mpi(talk);
        }
        let Loaded { data, options, machine, shard, report: path, .. } = self.args.load()?;
        let progress = Progress::new(talk.quiet);
        if let Some(share) = shard {
            let report = run_share(&data, &options, share, &machine, &progress)?;
            let written = path.as_deref().map_or(Ok(()), |path| report.write(path));
            return output::print_beside(written.map_err(Into::into), &table::share(&report, options.store.as_deref()));
        }
        finish(&run(&data, &options, &machine, &progress)?, path.as_deref(), talk)
    }

    #[cfg(feature = "mpi")]
    fn execute_mpi(&self, talk: Talk) -> anyhow::Result<()> {
        super::ranks::execute(self, talk)
    }

    #[cfg(not(feature = "mpi"))]
    fn execute_mpi(&self, _: Talk) -> anyhow::Result<()> {
        bail!(Usage("--mpi: this build has no MPI; cargo build --release --features mpi makes one that has".to_owned()))
    }
}

/// Tells what a run has found.
pub(super) fn finish(report: &Report, path: Option<&Path>, talk: Talk) -> anyhow::Result<()> {
    let written = path.map_or(Ok(()), |path| report.write(path));
    output::print_beside(written.map_err(Into::into), &table::render(report, talk.verbose))?;
    match report.failures().next() {
        None => Ok(()),
        Some(row) => bail!("{}: {}", row.name(), row.error.as_deref().unwrap_or_default()),
    }
}
