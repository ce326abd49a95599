//! `ultrawide-accel-sim run`.

use super::{net, quantity, table};
use ultrawide::cli::print;
use ultrawide_accel_sim::machine::Machine;
use ultrawide_accel_sim::schedule::run;

#[derive(clap::Args)]
pub struct Args {
    /// A bundled machine, or a TOML file
    #[arg(long, value_name = "NAME|FILE")]
    machine: String,
    #[command(flatten)]
    net: net::NetArgs,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub fn run(self) -> anyhow::Result<bool> {
        let machine = Machine::find(&self.machine)?;
        let report = run(&machine, &self.net.net()?)?;
        if self.json {
            print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
            return Ok(true);
        }
        let mut figures = table(&["figure", "value"]);
        let plan = &report.plan;
        for (name, value) in [
            ("time of a pair", quantity(report.seconds_per_pair, "s")),
            ("bound by", format!("{:?}", report.bound).to_lowercase()),
            ("energy of a pair", quantity(report.joules_per_pair, "J")),
            ("power", quantity(report.watts(), "W")),
            ("instructions of a pair", quantity(report.instructions_per_pair, "")),
            (
                "instructions of a vector of entries and a layer",
                format!("{:.1}", report.instructions_per_entry_and_layer),
            ),
            ("pairs, jobs, cycles of the run", format!("{}, {}, {:.0}", report.pairs, report.jobs, report.cycles)),
            ("scratchpad", format!("{} of {} bytes", plan.bytes, machine.memory.scratchpad)),
            (
                "images",
                format!("{:?}, {} buffers, {} contexts", plan.images, plan.buffers, plan.contexts).to_lowercase(),
            ),
            ("bytes from and to the scratchpad", quantity(report.scratchpad_bytes, "B")),
            ("bytes over the off-chip link", quantity(report.offchip_bytes, "B")),
        ] {
            figures.add_row([name.to_owned(), value]);
        }
        let mut usage = table(&["in use", "share of the time"]);
        for unit in &report.utilisation {
            usage.add_row([unit.name.clone(), format!("{:.1} %", 100.0 * unit.share)]);
        }
        print(&format!("{figures}\n\n{usage}\n"))?;
        Ok(true)
    }
}
