//! `ultrawide-accel-sim machines`.

use super::{quantity, table};
use anyhow::Context;
use ultrawide::cli::print;
use ultrawide_accel_sim::cost::cntk;
use ultrawide_accel_sim::machine::{BUNDLED, Machine};
use ultrawide_accel_sim::schedule::run;
use ultrawide_core::{Readout, Shape, Trained};

#[derive(clap::Args)]
pub struct Args {
    /// Prints the file of this machine
    #[arg(long, value_name = "NAME")]
    show: Option<String>,
}

impl Args {
    pub fn run(self) -> anyhow::Result<bool> {
        if let Some(name) = self.show {
            let known = BUNDLED.map(|(name, _)| name).join(", ");
            let machine = BUNDLED.iter().find(|(bundled, _)| *bundled == name);
            let (_, text) = machine.with_context(|| format!("machine {name}: none of the bundled ones: {known}"))?;
            print(text)?;
            return Ok(true);
        }
        let net = cntk(Shape { channels: 3, height: 32, width: 32 }, Readout::Gap, &[11], Trained::Hidden)?;
        let mut notes = Vec::new();
        let mut table =
            table(&["machine", "about", "format", "images", "time a pair", "energy a pair", "power", "bound by"]);
        for (name, _) in BUNDLED {
            let machine = Machine::find(name)?;
            let row = match run(&machine, &net) {
                Ok(report) => [
                    format!("{:?}, {} buffers", report.plan.images, report.plan.buffers).to_lowercase(),
                    quantity(report.seconds_per_pair, "s"),
                    quantity(report.joules_per_pair, "J"),
                    quantity(report.watts(), "W"),
                    format!("{:?}", report.bound).to_lowercase(),
                ],
                Err(error) => {
                    notes.push(error.to_string());
                    ["does not fit", "", "", "", ""].map(str::to_owned)
                }
            };
            let start = [machine.name, machine.about, machine.arithmetic.format.to_string()];
            table.add_row(start.into_iter().chain(row));
        }
        let notes: String = notes.iter().map(|note| format!("\n{note}\n")).collect();
        print(&format!("CNTK-GAP, images 3x32x32, depth 11\n\n{table}\n{notes}"))?;
        Ok(true)
    }
}
