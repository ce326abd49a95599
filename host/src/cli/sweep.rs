//! `ultrawide sweep`.

use anyhow::bail;
use clap::Args;
use std::path::PathBuf;

use super::failure::Usage;
use super::kernels::KernelArgs;
use super::progress::Progress;
use super::{Talk, args, output, table};
use crate::data::npy::{Matrices, write_array};
use crate::job::{SweepOptions, SweepReport, check_writable, sweep_arrays, sweep_store};

const EXAMPLES: &str = "\
Examples:
  ultrawide sweep --store kernels.zarr --ridge 0,1e-6,1e-4,1e-2
        test accuracy, leave-one-out accuracy and error of four ridges, for every kernel of `ultrawide run --store`
  ultrawide sweep --store kernels.zarr --time 1,10,100,inf --report times.csv
        the accuracy at four times of training by gradient flow; inf is kernel regression
  ultrawide sweep --store nngp.zarr --ridge 1e-2 --variance v.npy
        variances of the Gaussian process, where `ultrawide run --store` had --kernel nngp
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
    /// Write the variances of the test images to this .npy file: (kernels, ridges, m). Needs --test-diagonal, or a --store of a data set, of
    /// whose test images k(x, x) is computed
    #[arg(long, value_name = "FILE", conflicts_with = "time")]
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
        let missing = match (&self.variance, &self.kernels.store) {
            (Some(_), None) if self.test_diagonal.is_none() => Some("--variance needs --test-diagonal, or --store"),
            (Some(_), Some(_)) if self.kernels.labels.is_some() => Some(
                "--variance needs the images of --store, which --labels says are not known: use kernel --diagonal and --test-diagonal",
            ),
            _ => None,
        };
        if let Some(missing) = missing {
            bail!(Usage(missing.to_owned()));
        }
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
        let report = if let Some((store, classes, data)) = self.kernels.stored_data()? {
            let data = data.filter(|_| self.variance.is_some());
            let report = sweep_store(&store, &classes, &options, data.as_ref(), self.threads, &watch)?;
            outer.push(report.results.len() / options.count().max(1));
            report
        } else {
            let (mut train, mut test, classes) = self.kernels.files()?;
            let mut diagonal = self.test_diagonal.as_deref().map(Matrices::open).transpose()?;
            outer = train.outer().to_vec();
            sweep_arrays((&mut train, &mut test, diagonal.as_mut()), &classes, &options, self.threads, &watch)?
        };
        let failed = report.results.iter().find(|row| row.error.is_some());
        let written = self.write(&report, &outer, options.count(), failed.is_some());
        output::print_beside(written, &table::sweep(&report))?;
        match failed {
            None => Ok(()),
            Some(row) => {
                bail!("{} {} depth {}: {}", row.net, row.kernel, row.depth, row.error.as_deref().unwrap_or_default())
            }
        }
    }

    /// Writes the files that were asked for, after a failure the report alone. `outer` is the shape of the kernels' lists, each with so
    /// many `settings`.
    fn write(&self, report: &SweepReport, outer: &[usize], settings: usize, failed: bool) -> anyhow::Result<()> {
        // The report first: it has everything that the table tells.
        if let Some(path) = &self.report {
            report.write(path)?;
        }
        if failed {
            return Ok(());
        }
        let (rows, tests) = (&report.results, report.tests);
        let classes = rows.first().map_or(0, |row| row.scores.len() / tests.max(1));
        if let Some(path) = &self.mean {
            let shape = [outer, &[settings, tests, classes]].concat();
            write_array(path, &shape, rows.iter().flat_map(|row| row.scores.iter().copied()))?;
        }
        if let Some(path) = &self.variance {
            let shape = [outer, &[settings, tests]].concat();
            write_array(path, &shape, rows.iter().flat_map(|row| row.variances.iter().copied()))?;
        }
        Ok(())
    }
}

/// A time of training.
fn time(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(time) if time >= 0.0 => Ok(time),
        _ => Err("a time is a number of 0 or more, or inf".to_owned()),
    }
}
