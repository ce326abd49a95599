//! `ultrawide-accel-sim validate`.

use super::{csv_records, csv_writer, folder, progress_bar, quantity, table};
use anyhow::ensure;
use std::path::PathBuf;
use ultrawide::cli::print;
use ultrawide::simd::Backend;
use ultrawide_accel_sim::validate::{TOLERANCE, machine_of, not_zen4, row};

#[derive(clap::Args)]
pub struct Args {
    /// Depths
    #[arg(long, value_delimiter = ',', default_value = "3,6,11,21")]
    depth: Vec<usize>,
    /// Pixels along the sides of the images
    #[arg(long, value_delimiter = ',', default_value = "8,16,24,32")]
    side: Vec<usize>,
    /// Seconds of measuring for each
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// The folder for validate.csv
    #[arg(long, default_value = ".")]
    out: PathBuf,
    /// Measures nothing, and prints what this validate.csv of a run before says
    #[arg(long, value_name = "CSV", conflicts_with_all = ["depth", "side", "seconds", "out"])]
    from: Option<PathBuf>,
}

/// Columns of the file.
const COLUMNS: [&str; 8] = ["backend", "side", "depth", "clock", "predicted", "best", "median", "ratio"];

/// A row of it.
type Record = (String, usize, usize, f64, f64, f64, f64, f64);

impl Args {
    /// Whether all predictions are within the tolerance.
    pub fn run(self) -> anyhow::Result<bool> {
        let path = match &self.from {
            Some(path) => path.clone(),
            None => self.measure()?,
        };
        let records: Vec<Record> = csv_records(&path)?;
        ensure!(!records.is_empty(), "{}: no rows", path.display());
        let mut table =
            table(&["backend", "image", "depth", "predicted", "measured, best", "median", "predicted / best"]);
        let mut worst = 1.0f64;
        for (backend, side, depth, _, predicted, best, median, ratio) in records {
            if (ratio - 1.0).abs() > (worst - 1.0).abs() {
                worst = ratio;
            }
            table.add_row([
                backend,
                format!("3x{side}x{side}"),
                depth.to_string(),
                quantity(predicted, "s"),
                quantity(best, "s"),
                quantity(median, "s"),
                format!("{ratio:.2}"),
            ]);
        }
        let (least, most) = (1.0 - TOLERANCE, 1.0 + TOLERANCE);
        print(&format!("{table}\n\nfarthest from 1: {worst:.2}; admitted: {least} to {most}\n"))?;
        Ok((worst - 1.0).abs() <= TOLERANCE)
    }

    /// Writes the file.
    fn measure(&self) -> anyhow::Result<PathBuf> {
        let backends: Vec<Backend> =
            Backend::available().into_iter().filter(|&backend| machine_of(backend).is_some()).collect();
        ensure!(!backends.is_empty(), "no backend of this machine has a machine file: AVX2 and AVX-512 have");
        if let Some(other) = not_zen4() {
            eprintln!(
                "warning: the machine files describe a core of Zen 4, and this is {other}: ratios tell nothing of the model"
            );
        }
        folder(&self.out)?;
        let path = self.out.join("validate.csv");
        let mut file = csv_writer(&path, &COLUMNS)?;
        let bar = progress_bar((backends.len() * self.side.len() * self.depth.len()) as u64, "validate");
        for &backend in &backends {
            for &side in &self.side {
                for &depth in &self.depth {
                    let row = row(backend, side, depth, self.seconds)?;
                    bar.inc(1);
                    file.write_record([
                        backend.to_string(),
                        side.to_string(),
                        depth.to_string(),
                        format!("{:.3e}", row.clock),
                        format!("{:.4e}", row.predicted),
                        format!("{:.4e}", row.best),
                        format!("{:.4e}", row.median),
                        format!("{:.3}", row.ratio()),
                    ])?;
                }
            }
        }
        bar.finish_and_clear();
        file.flush()?;
        Ok(path)
    }
}
