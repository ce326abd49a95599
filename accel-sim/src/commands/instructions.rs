//! `ultrawide-accel-sim instructions`.

use super::table;
use anyhow::Context;
use std::io::Read;
use std::path::PathBuf;
use ultrawide::cli::print;
use ultrawide_accel_sim::cost::cntk;
use ultrawide_accel_sim::machine::Machine;
use ultrawide_accel_sim::schedule::run;
use ultrawide_core::{Readout, Shape, Trained};

/// What a prediction may be off by.
const TOLERANCE: f64 = 0.15;

/// What was counted.
const COUNTED: &str = include_str!("../../../docs/accel-sim/cortex-m4f.csv");

#[derive(clap::Args)]
pub struct Args {
    /// What was counted, as `accel-sim/cortex-m4f` prints it: net, side, depth, instructions; by default what the project counted
    #[arg(long, value_name = "CSV")]
    measured: Option<PathBuf>,
}

impl Args {
    /// Whether all predictions are within the tolerance.
    pub fn run(self) -> anyhow::Result<bool> {
        let machine = Machine::find("cortex-m4f")?;
        let name = self.measured.as_ref().map_or("the project's count".to_owned(), |path| path.display().to_string());
        let text: Box<dyn Read> = match self.measured {
            Some(path) => Box::new(std::fs::File::open(path).with_context(|| format!("cannot read {name}"))?),
            None => Box::new(COUNTED.as_bytes()),
        };
        let mut file = csv::Reader::from_reader(text);
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
        anyhow::ensure!(table.row_count() > 0, "{name}: no vanilla or gap net");
        print(&format!("{table}\n"))?;
        Ok(good)
    }
}
