//! `ultrawide-accel-sim sweep`.

use super::{net, progress_bar};
use anyhow::Context;
use std::path::PathBuf;
use ultrawide_accel_sim::machine::Machine;
use ultrawide_accel_sim::sweep::{Axis, sweep};
use ultrawide_plot::{Curve, Panel, plot};

#[derive(clap::Args)]
pub struct Args {
    /// Bundled machines or TOML files
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NAME|FILE",
        default_value = "cortex-m7,npu-64k,bf16-dsp,zen4-avx512,h200-sm"
    )]
    machine: Vec<String>,
    #[command(flatten)]
    net: net::Args,
    /// What to vary; all of them by default
    #[arg(long, value_enum, value_delimiter = ',')]
    axis: Vec<Axis>,
    /// The folder for sweep.csv and sweep.svg
    #[arg(long, default_value = "docs/accel-sim")]
    out: PathBuf,
}

impl Args {
    pub fn run(self) -> anyhow::Result<bool> {
        std::fs::create_dir_all(&self.out).with_context(|| format!("cannot create {}", self.out.display()))?;
        let net = self.net.net()?;
        let axes = if self.axis.is_empty() { Axis::ALL.to_vec() } else { self.axis };
        let machines: Vec<Machine> = self.machine.iter().map(|name| Machine::find(name)).collect::<Result<_, _>>()?;
        let path = self.out.join("sweep.csv");
        let mut file = csv::Writer::from_path(&path).with_context(|| format!("cannot write {}", path.display()))?;
        file.write_record([
            "machine",
            "axis",
            "value",
            "seconds a pair",
            "joules a pair",
            "images",
            "bound by",
            "error",
        ])?;
        let bar = progress_bar((axes.len() * machines.len()) as u64, "sweep");
        let mut panels = Vec::new();
        for axis in axes {
            let mut curves = Vec::new();
            for machine in &machines {
                let mut points = Vec::new();
                for point in sweep(machine, &net, axis)? {
                    let start = [machine.name.clone(), axis.name().to_owned(), point.value];
                    let rest = match point.report {
                        Ok(report) => {
                            points.push((point.place, report.seconds_per_pair));
                            [
                                format!("{:.4e}", report.seconds_per_pair),
                                format!("{:.4e}", report.joules_per_pair),
                                format!("{:?}", report.plan.images).to_lowercase(),
                                format!("{:?}", report.bound).to_lowercase(),
                                String::new(),
                            ]
                        }
                        Err(error) => [String::new(), String::new(), String::new(), String::new(), error.to_string()],
                    };
                    file.write_record(start.iter().chain(&rest))?;
                }
                curves.push(Curve::new(&machine.name, curves.len(), points));
                bar.inc(1);
            }
            let what = match axis {
                Axis::Scratchpad => "bytes of scratchpad",
                Axis::Lanes => "lanes",
                Axis::Bandwidth => "DMA, bytes a cycle",
                Axis::Format => "bytes of a number",
                Axis::Depth => "depth",
            };
            panels.push(Panel { caption: axis.name().to_owned(), axes: [what, "seconds a pair"], range: None, curves });
        }
        bar.finish_and_clear();
        file.flush()?;
        plot(&self.out.join("sweep.svg"), 3, &panels)?;
        println!("{} and sweep.svg written", path.display());
        Ok(true)
    }
}
