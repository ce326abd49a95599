//! `ultrawide run`.

use anyhow::bail;
use clap::Args;
use std::path::PathBuf;

use super::args::{self, NetArgs};
use super::failure::Usage;
use super::progress::Progress;
use super::{Talk, output, table};
use crate::data::{Dataset, Kind, LoadOptions, Subset, load, load_npy};
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
  ultrawide run --train-x X.npy --train-y y.npy --test-x XT.npy --test-y yt.npy --net fc --depth 3 --ridge 1e-4

The report has no seed: nothing here is random. The same job gives the same bits with any number of threads, any tile, and on
every machine with fused multiply-add.";

/// Kernels of all pairs of images, regression, and the test accuracy of every network and depth.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Run {
    /// Data set [default: digits, which are bundled]
    #[arg(long, value_name = "NAME", value_parser = args::kinds(), conflicts_with = "train_x")]
    data: Option<Kind>,
    /// The folder with the files of the data set; for CIFAR-10 also the archive cifar-10-binary.tar.gz
    #[arg(long, value_name = "PATH", conflicts_with = "train_x")]
    data_dir: Option<PathBuf>,
    /// Training images to use [default: all]
    #[arg(long, value_name = "N", value_parser = args::sizes(1 << 40), allow_negative_numbers = true, conflicts_with = "train_x")]
    train_size: Option<usize>,
    /// Test images to use [default: all]
    #[arg(long, value_name = "N", value_parser = args::sizes(1 << 40), allow_negative_numbers = true, conflicts_with = "train_x")]
    test_size: Option<usize>,
    /// Which images, where not all: the first ones, or as many of each class
    #[arg(long, value_name = "WHICH", value_parser = args::subsets(), default_value = "first", conflicts_with = "train_x")]
    subset: Subset,
    /// Your own training images, .npy: (n, features) for fc, (n, channels, height, width) for all networks
    #[arg(long, value_name = "FILE", requires_all = ["train_y", "test_x", "test_y"])]
    train_x: Option<PathBuf>,
    /// Their classes, .npy: integers
    #[arg(long, value_name = "FILE", requires = "train_x")]
    train_y: Option<PathBuf>,
    /// Your own test images
    #[arg(long, value_name = "FILE", requires = "train_x")]
    test_x: Option<PathBuf>,
    /// Their classes
    #[arg(long, value_name = "FILE", requires = "train_x")]
    test_y: Option<PathBuf>,
    /// Bring your own images to mean 0 and standard deviation 1 per channel, as data sets always are
    #[arg(long, requires = "train_x")]
    normalise: bool,
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
        let inputs = [
            ("--train-x", self.train_x.as_ref()),
            ("--train-y", self.train_y.as_ref()),
            ("--test-x", self.test_x.as_ref()),
            ("--test-y", self.test_y.as_ref()),
        ];
        args::check_distinct(&[("--report", self.report.as_ref())], &inputs, self.store.as_ref())?;
        let kind = self.data.unwrap_or(Kind::Digits);
        if kind == Kind::Digits && self.data_dir.is_some() {
            bail!(Usage("--data-dir: the digits are bundled, name another data set with --data".to_owned()));
        }
        let machine = self.nets.machine()?;
        args::check_report(self.report.as_ref())?;
        let data = self.load()?;
        if let Some(path) = &self.train_x {
            args::check_pixels(&self.net, data.train.images.shape(), path)?;
        }
        let options = RunOptions {
            nets,
            precision: self.nets.precision,
            flip: self.nets.flip,
            tile: self.nets.tile,
            ridge: self.ridge,
            store: self.store.clone(),
            resume: self.resume,
            subset: if self.train_x.is_some() { "all".to_owned() } else { self.subset.to_string() },
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

    fn load(&self) -> anyhow::Result<Dataset> {
        if let (Some(train_x), Some(train_y), Some(test_x), Some(test_y)) =
            (&self.train_x, &self.train_y, &self.test_x, &self.test_y)
        {
            return Ok(load_npy(train_x, train_y, test_x, test_y, self.normalise)?);
        }
        Ok(load(&LoadOptions {
            kind: self.data.unwrap_or(Kind::Digits),
            data_dir: self.data_dir.clone(),
            train_size: self.train_size,
            test_size: self.test_size,
            subset: self.subset,
        })?)
    }
}
