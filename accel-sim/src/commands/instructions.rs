//! `ultrawide-accel-sim instructions`.

use super::table;
use anyhow::Context;
use std::path::PathBuf;
use ultrawide_accel_sim::cost::cntk;
use ultrawide_accel_sim::machine::Machine;
use ultrawide_accel_sim::schedule::run;
use ultrawide_core::{Readout, Shape, Trained};

/// What a prediction may be off by.
const TOLERANCE: f64 = 0.15;

#[derive(clap::Args)]
pub struct Args {
    /// What was counted, as `accel-sim/cortex-m4f` prints it: net, side, depth, instructions
    #[arg(long, default_value = "docs/accel-sim/cortex-m4f.csv")]
    measured: PathBuf,
}

impl Args {
    /// Whether all predictions are within the tolerance.
    pub fn run(self) -> anyhow::Result<bool> {
        let machine = Machine::find("cortex-m4f")?;
        let name = self.measured.display().to_string();
        let mut file = csv::Reader::from_path(&self.measured).with_context(|| format!("cannot read {name}"))?;
        let mut table = table(&["net", "image", "depth", "predicted", "counted", "predicted / counted"]);
        let mut good = true;
        for record in file.deserialize() {
            let (net, side, depth, counted): (String, usize, usize, f64) = record.with_context(|| name.clone())?;
            let readout = match net.as_str() {
                "vanilla" => Readout::Vanilla,
                "gap" => Readout::Gap,
                // A dense net has no displacements: it is not modelled.
                _ => continue,
            };
            let shape = Shape { channels: 1, height: side, width: side };
            let predicted = run(&machine, &cntk(shape, readout, &[depth], Trained::All)?)?.instructions_per_pair;
            let ratio = predicted / counted;
            good &= (ratio - 1.0).abs() <= TOLERANCE;
            table.add_row([
                net,
                shape.to_string(),
                depth.to_string(),
                format!("{predicted:.0}"),
                format!("{counted:.0}"),
                format!("{ratio:.2}"),
            ]);
        }
        println!("{table}");
        Ok(good)
    }
}
