//! `ultrawide sweep`.

use anyhow::bail;
use clap::Args;
use std::path::PathBuf;

use super::kernels::KernelArgs;
use super::progress::Progress;
use super::{Talk, args, output, table};
use crate::data::npy::{Matrices, write_array};
use crate::job::{SweepOptions, SweepRow, check_writable, sweep_arrays, sweep_store};

const EXAMPLES: &str = "\
Examples:
  ultrawide sweep --store kernels.zarr --ridge 0,1e-6,1e-4,1e-2
        test accuracy, leave-one-out accuracy and error of four ridges, for every kernel of `ultrawide run --store`
  ultrawide sweep --store kernels.zarr --time 1,10,100,inf --report times.csv
        the accuracy at four times of training by gradient flow; inf is kernel regression
  ultrawide kernel --x XT.npy --diagonal --out KD.npy --net fc --depth 3 --kernel nngp
  ultrawide sweep --train K.npy --test KT.npy --test-diagonal KD.npy --labels y.npy --ridge 0.01 --mean f.npy --variance v.npy
        mean and variance of the Gaussian process with that kernel and noise of variance 0.01

One eigendecomposition of each kernel serves all ridges and times: up to some 10,000 training images.";

/// Ridges, leave-one-out errors, times of training and variances from one decomposition of each kernel.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Sweep {
    #[command(flatten)]
    kernels: KernelArgs,
    /// Ridges: each is added to the diagonal of the training kernel in turn [default: 0, unless there are times]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = args::ridge, allow_negative_numbers = true)]
    ridge: Vec<f64>,
    /// Times of training by gradient flow from f = 0, df/dt = -K (f - y) on the training images; inf is its end
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = time, allow_negative_numbers = true)]
    time: Vec<f64>,
    /// k(x, x) of the test images, .npy: (1, m), or with (depths) or (kernels, depths) before that, as kernel --diagonal writes it
    #[arg(long, value_name = "FILE", requires = "test")]
    test_diagonal: Option<PathBuf>,
    /// Write f(x) of the test images to this .npy file: (kernels, ridges and times, m, classes)
    #[arg(long, value_name = "FILE")]
    mean: Option<PathBuf>,
    /// Write the variances of the test images to this .npy file: (kernels, ridges, m)
    #[arg(long, value_name = "FILE", requires = "test_diagonal", conflicts_with = "time")]
    variance: Option<PathBuf>,
    /// Threads, at most 1024 [default: one per core]
    #[arg(long, value_name = "N", value_parser = args::threads(), allow_negative_numbers = true)]
    threads: Option<usize>,
    /// Write the table to this file; .json or .csv
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Sweep {
    pub(super) fn execute(&self, talk: Talk) -> anyhow::Result<()> {
        let outputs = [
            ("--mean", self.mean.as_ref()),
            ("--variance", self.variance.as_ref()),
            ("--report", self.report.as_ref()),
        ];
        let mut inputs = self.kernels.inputs();
        inputs.push(("--test-diagonal", self.test_diagonal.as_ref()));
        args::check_distinct(&outputs, &inputs, self.kernels.store.as_ref())?;
        args::check_report(self.report.as_ref())?;
        for path in [&self.mean, &self.variance].into_iter().flatten() {
            check_writable(path)?;
        }
        let mut ridges = self.ridge.clone();
        if ridges.is_empty() && self.time.is_empty() {
            ridges.push(0.0);
        }
        let options = SweepOptions { ridges, times: self.time.clone() };
        let watch = Progress::new(talk.quiet);
        let mut outer = Vec::new();
        let report = if let Some((store, classes)) = self.kernels.stored()? {
            let report = sweep_store(&store, &classes, &options, self.threads, &watch)?;
            outer.push(report.results.len() / options.count().max(1));
            report
        } else {
            let (mut train, mut test, classes) = self.kernels.files()?;
            let mut diagonal = self.test_diagonal.as_deref().map(Matrices::open).transpose()?;
            outer = train.outer().to_vec();
            sweep_arrays((&mut train, &mut test, diagonal.as_mut()), &classes, &options, self.threads, &watch)?
        };
        let failed = report.results.iter().find(|row| row.error.is_some());
        if failed.is_none() {
            let (tests, settings) = (report.tests, options.count());
            let classes = report.results.first().map_or(0, |row| row.scores.len() / tests.max(1));
            for (path, inner, of) in [
                (
                    &self.mean,
                    &[settings, tests, classes][..],
                    (|row: &SweepRow| &row.scores) as fn(&SweepRow) -> &Vec<f64>,
                ),
                (&self.variance, &[settings, tests], |row| &row.variances),
            ] {
                if let Some(path) = path {
                    let shape = [&outer, inner].concat();
                    write_array(path, &shape, report.results.iter().flat_map(|row| of(row).iter().copied()))?;
                }
            }
        }
        if let Some(path) = &self.report {
            report.write(path)?;
        }
        output::print(&table::sweep(&report))?;
        match failed {
            None => Ok(()),
            Some(row) => {
                bail!("{} {} depth {}: {}", row.net, row.kernel, row.depth, row.error.as_deref().unwrap_or_default())
            }
        }
    }
}

/// A time of training.
fn time(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(time) if time >= 0.0 => Ok(time),
        _ => Err("a time is a number of 0 or more, or inf".to_owned()),
    }
}
