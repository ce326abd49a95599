//! `ultrawide regress`.

use anyhow::bail;
use clap::Args;
use std::path::PathBuf;

use super::args::Solver;
use super::kernels::KernelArgs;
use super::progress::Progress;
use super::{Talk, args, output, table};
use crate::data::npy::write_array;
use crate::job::{Report, check_writable, regress_arrays, regress_store};

const EXAMPLES: &str = "\
Examples:
  ultrawide regress --train K.npy --test KT.npy --labels y.npy --test-labels yt.npy --ridge 1e-4
        K: (n, n), KT: (m, n), rows are test images; or with (depths) or (kernels, depths) before that, as kernel writes them
  ultrawide regress --train K.npy --test KT.npy --labels y.npy --out predictions.npy
        predictions: (m), the class of each test image; or with (depths) or (kernels, depths) before that
  ultrawide regress --store kernels.zarr --ridge 1e-3 --report ridge.csv
        the kernels of `ultrawide run --store`; the labels come from the data set
  ultrawide regress --store kernels.zarr --solver cg
        with next to no memory: the store is read again for every iteration";

/// Kernel regression on stored kernels.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Regress {
    #[command(flatten)]
    kernels: KernelArgs,
    /// Added to the diagonal of the training kernel
    #[arg(long, value_name = "R", default_value_t = 0.0, value_parser = args::ridge, allow_negative_numbers = true)]
    ridge: f64,
    /// How the regression is solved: cholesky in f64; mixed, with half of the memory, by a factor in f32 and an iteration in
    /// f64 to a relative residual of 1e-10; cg, which holds no matrix, by an iteration alone; auto, cholesky where it takes at most half of the memory, otherwise the first of the others for which there is enough
    #[arg(long, value_name = "SOLVER", default_value = "auto", value_parser = args::solvers())]
    solver: Solver,
    /// Write the predicted classes to this .npy file (uint16)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write f(x) of the test images to this .npy file (float64): (m, classes); or with (depths) or (kernels, depths) before that
    #[arg(long, value_name = "FILE")]
    mean: Option<PathBuf>,
    /// Threads, at most 1024 [default: one per core]
    #[arg(long, value_name = "N", value_parser = args::threads(), allow_negative_numbers = true)]
    threads: Option<usize>,
    /// Write everything to this file; .json or .csv
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Regress {
    pub(super) fn execute(&self, talk: Talk) -> anyhow::Result<()> {
        let outputs =
            [("--out", self.out.as_ref()), ("--mean", self.mean.as_ref()), ("--report", self.report.as_ref())];
        args::check_distinct(&outputs, &self.kernels.inputs(), self.kernels.store.as_ref())?;
        args::check_report(self.report.as_ref())?;
        for path in [&self.out, &self.mean].into_iter().flatten() {
            check_writable(path)?;
        }
        let watch = Progress::new(talk.quiet);
        let (ridge, solver) = (self.ridge, self.solver.0);
        let (report, outer) = if let Some((store, classes)) = self.kernels.stored()? {
            let report = regress_store(&store, &classes, ridge, solver, self.threads, &watch)?;
            let outer = if report.results.len() == 1 { vec![] } else { vec![report.results.len()] };
            (report, outer)
        } else {
            let (mut train, mut test, classes) = self.kernels.files()?;
            let report = regress_arrays(&mut train, &mut test, &classes, ridge, solver, self.threads, &watch)?;
            (report, train.outer().to_vec())
        };
        let failed = report.failures().next();
        let written = self.write(&report, &outer, failed.is_some());
        output::print_beside(written, &table::render(&report, talk.verbose))?;
        match failed {
            None => Ok(()),
            Some(row) => bail!("{}: {}", row.name(), row.error.as_deref().unwrap_or_default()),
        }
    }

    /// Writes the files that were asked for, after a failure the report alone. `outer` is the shape of the kernels' lists.
    fn write(&self, report: &Report, outer: &[usize], failed: bool) -> anyhow::Result<()> {
        // The report first: it has everything that the table tells.
        if let Some(path) = &self.report {
            report.write(path)?;
        }
        if failed {
            return Ok(());
        }
        let rows = &report.results;
        let images = rows.first().map_or(0, |row| row.predictions.len());
        if let Some(path) = &self.out {
            write_array(
                path,
                &[outer, &[images]].concat(),
                rows.iter().flat_map(|row| row.predictions.iter().copied()),
            )?;
        }
        if let Some(path) = &self.mean {
            let classes = rows.first().map_or(0, |row| row.scores.len() / images.max(1));
            let shape = [outer, &[images, classes]].concat();
            write_array(path, &shape, rows.iter().flat_map(|row| row.scores.iter().copied()))?;
        }
        Ok(())
    }
}
