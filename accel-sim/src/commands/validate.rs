//! `ultrawide-accel-sim validate`.

use super::{csv_records, folder, progress_bar, quantity, table};
use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use ultrawide::cli::print;
use ultrawide::simd::{Backend, REVISION};
use ultrawide_accel_sim::validate::{Core, TOLERANCE, predicted, row};

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

/// A row of the file: a machine file, what ran, the clock, seconds of a pair and the revision of the kernels that took them.
#[derive(Serialize, Deserialize)]
struct Record {
    machine: String,
    side: usize,
    depth: usize,
    clock: f64,
    best: f64,
    median: f64,
    revision: u32,
}

impl Args {
    /// Whether all predictions are within the tolerance.
    pub fn run(self) -> anyhow::Result<bool> {
        let path = match &self.from {
            Some(path) => path.clone(),
            None => self.measure()?,
        };
        let records: Vec<Record> = csv_records(&path)?;
        ensure!(!records.is_empty(), "{}: no rows", path.display());
        let mut table = table(&[
            "machine",
            "revision",
            "image",
            "depth",
            "predicted",
            "measured, best",
            "median",
            "predicted / best",
        ]);
        let mut worst = 1.0f64;
        for Record { machine, side, depth, clock, best, median, revision } in records {
            let predicted = predicted(&machine, side, depth, clock)?;
            let ratio = predicted / best;
            if (ratio - 1.0).abs() > (worst - 1.0).abs() {
                worst = ratio;
            }
            table.add_row([
                machine,
                revision.to_string(),
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
        let core = Core::here().unwrap_or_else(|other| {
            eprintln!(
                "warning: the machine files describe cores of Zen 4 and Zen 5, and this is {other}: beside Zen 4, ratios tell nothing of the model"
            );
            Core::Zen4
        });
        let machine_of = |backend| core.machine(backend).map(|machine| (backend, machine));
        let machines: Vec<_> = Backend::available().into_iter().filter_map(machine_of).collect();
        ensure!(!machines.is_empty(), "no backend of this machine has a machine file: AVX2 and AVX-512 have");
        folder(&self.out)?;
        let path = self.out.join("validate.csv");
        let mut file = csv::Writer::from_path(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let bar = progress_bar((machines.len() * self.side.len() * self.depth.len()) as u64, "validate");
        for &(backend, machine) in &machines {
            for &side in &self.side {
                for &depth in &self.depth {
                    let row = row(machine, backend, side, depth, self.seconds)?;
                    bar.inc(1);
                    let digits = |value: f64| (value * 1e12).round() / 1e12;
                    file.serialize(Record {
                        machine: row.machine.to_owned(),
                        side,
                        depth,
                        clock: row.clock.round(),
                        best: digits(row.best),
                        median: digits(row.median),
                        revision: REVISION,
                    })?;
                }
            }
        }
        bar.finish_and_clear();
        file.flush()?;
        Ok(path)
    }
}
