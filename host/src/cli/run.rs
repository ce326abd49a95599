//! `ultrawide run`.

use anyhow::bail;
use clap::Args;
use std::path::PathBuf;

use super::args::{self, NetArgs, Solver};
use super::data::DataArgs;
use super::progress::Progress;
use super::{Talk, output, table};
use crate::job::{NetKind, NetSettings, RunOptions, run};

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
    /// f64 to a relative residual of 1e-10; cg, which holds no matrix, by an iteration alone; auto, the first of them for which there is memory
    #[arg(long, value_name = "SOLVER", default_value = "auto", value_parser = args::solvers())]
    solver: Solver,
    /// Keep the kernels in this folder, tile by tile (Zarr v3)
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Go on with what the store holds; refused where settings or data differ
    #[arg(long, requires = "store")]
    resume: bool,
    /// Write everything to this file; .json or .csv
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Run {
    /// The networks.
    pub(super) fn settings(&self) -> anyhow::Result<NetSettings> {
        self.nets.settings(&self.net, &self.depth)
    }

    pub(super) fn execute(&self, talk: Talk) -> anyhow::Result<()> {
        let nets = self.settings()?;
        args::check_distinct(&[("--report", self.report.as_ref())], &self.data.inputs(), self.store.as_ref())?;
        self.data.check()?;
        let machine = self.nets.machine()?;
        args::check_report(self.report.as_ref())?;
        let data = self.data.load()?;
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
        let report = run(&data, &options, &machine, &Progress::new(talk.quiet))?;
        // The file first: nothing that happens to the terminal can take it away.
        if let Some(path) = &self.report {
            report.write(path)?;
        }
        output::print(&table::render(&report, talk.verbose))?;
        match report.failures().next() {
            None => Ok(()),
            Some(row) => bail!("{}: {}", row.name(), row.error.as_deref().unwrap_or_default()),
        }
    }
}
