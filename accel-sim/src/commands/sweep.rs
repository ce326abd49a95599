//! `ultrawide-accel-sim sweep`.

use super::{csv_writer, folder, net, progress_bar};
use anyhow::ensure;
use std::collections::BTreeSet;
use std::path::PathBuf;
use ultrawide::cli::print;
use ultrawide_accel_sim::machine::Machine;
use ultrawide_accel_sim::sweep::{Axis, sweep};
use ultrawide_plot::{Curve, Panel, plot};

/// What is drawn of each point, beside each other.
const MEASURES: [&str; 2] = ["seconds a pair", "joules a pair"];

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
    net: net::NetArgs,
    /// What to vary; all of them by default
    #[arg(long, value_enum, value_delimiter = ',')]
    axis: Vec<Axis>,
    /// The folder for sweep.csv and sweep.svg
    #[arg(long, default_value = ".")]
    out: PathBuf,
}

impl Args {
    pub fn run(self) -> anyhow::Result<bool> {
        let net = self.net.net()?;
        let axes = if self.axis.is_empty() { Axis::ALL.to_vec() } else { self.axis };
        let machines: Vec<Machine> = self.machine.iter().map(|name| Machine::find(name)).collect::<Result<_, _>>()?;
        let mut names = BTreeSet::new();
        for machine in &machines {
            let name = &machine.name;
            ensure!(
                names.insert(name),
                "--machine: two machines have the name {name}; give one another one in its file"
            );
        }
        folder(&self.out)?;
        let path = self.out.join("sweep.csv");
        let columns = ["machine", "axis", "value", "lanes", MEASURES[0], MEASURES[1], "images", "bound by", "error"];
        let mut file = csv_writer(&path, &columns)?;
        let bar = progress_bar((axes.len() * machines.len()) as u64, "sweep");
        let mut panels = Vec::new();
        for axis in axes {
            let mut curves = MEASURES.map(|_| Vec::new());
            for machine in &machines {
                let mut points = Vec::new();
                for point in sweep(machine, &net, axis)? {
                    let start =
                        [machine.name.clone(), axis.name().to_owned(), point.value.clone(), point.lanes.to_string()];
                    let rest = match point.report {
                        Ok(report) => {
                            points.push((point.value, [report.seconds_per_pair, report.joules_per_pair]));
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
                for (measure, curves) in curves.iter_mut().enumerate() {
                    let (name, number) = (&machine.name, curves.len());
                    let points = points.iter().map(|(value, measured)| (value.clone(), measured[measure]));
                    curves.push(match axis {
                        Axis::Format => Curve::named(name, number, points),
                        _ => Curve::new(name, number, points.filter_map(|(value, of)| Some((value.parse().ok()?, of)))),
                    });
                }
                bar.inc(1);
            }
            let what = match axis {
                Axis::Scratchpad => "bytes of scratchpad",
                Axis::Lanes => "lanes",
                Axis::Bandwidth => "DMA, bytes a cycle",
                Axis::Format => "number format",
                Axis::Depth => "depth",
            };
            for (measure, curves) in MEASURES.into_iter().zip(curves) {
                let caption = format!("{}: {measure}", axis.name());
                panels.push(Panel { caption, axes: [what, measure], curves, ..Panel::default() });
            }
        }
        bar.finish_and_clear();
        file.flush()?;
        plot(&self.out.join("sweep.svg"), MEASURES.len(), &panels)?;
        print(&format!("{} and sweep.svg written\n", path.display()))?;
        Ok(true)
    }
}
