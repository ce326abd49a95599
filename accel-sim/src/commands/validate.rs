//! `ultrawide-accel-sim validate`.

use super::{progress_bar, quantity, table};
use anyhow::Context;
use std::path::PathBuf;
use ultrawide::simd::Backend;
use ultrawide_accel_sim::validate::{TOLERANCE, machine_of, row};

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
    #[arg(long, default_value = "docs/accel-sim")]
    out: PathBuf,
}

impl Args {
    /// Whether all predictions are within the tolerance.
    pub fn run(self) -> anyhow::Result<bool> {
        std::fs::create_dir_all(&self.out).with_context(|| format!("cannot create {}", self.out.display()))?;
        let backends: Vec<Backend> =
            Backend::available().into_iter().filter(|&backend| machine_of(backend).is_some()).collect();
        anyhow::ensure!(!backends.is_empty(), "no backend of this machine has a machine file: AVX2 and AVX-512 have");
        let path = self.out.join("validate.csv");
        let mut file = csv::Writer::from_path(&path).with_context(|| format!("cannot write {}", path.display()))?;
        file.write_record(["backend", "side", "depth", "clock", "predicted", "best", "median", "ratio"])?;
        let bar = progress_bar((backends.len() * self.side.len() * self.depth.len()) as u64, "validate");
        let mut table =
            table(&["backend", "image", "depth", "predicted", "measured, best", "median", "predicted / best"]);
        let mut worst = 1.0f64;
        for &backend in &backends {
            for &side in &self.side {
                for &depth in &self.depth {
                    let row = row(backend, side, depth, self.seconds)?;
                    bar.inc(1);
                    let ratio = row.ratio();
                    if (ratio - 1.0).abs() > (worst - 1.0).abs() {
                        worst = ratio;
                    }
                    table.add_row([
                        backend.to_string(),
                        format!("3x{side}x{side}"),
                        depth.to_string(),
                        quantity(row.predicted, "s"),
                        quantity(row.best, "s"),
                        quantity(row.median, "s"),
                        format!("{ratio:.2}"),
                    ]);
                    file.write_record([
                        backend.to_string(),
                        side.to_string(),
                        depth.to_string(),
                        format!("{:.3e}", row.clock),
                        format!("{:.4e}", row.predicted),
                        format!("{:.4e}", row.best),
                        format!("{:.4e}", row.median),
                        format!("{ratio:.3}"),
                    ])?;
                }
            }
        }
        bar.finish_and_clear();
        file.flush()?;
        println!("{table}\n\nfarthest from 1: {worst:.2}; admitted: {} to {}", 1.0 - TOLERANCE, 1.0 + TOLERANCE);
        Ok((worst - 1.0).abs() <= TOLERANCE)
    }
}
