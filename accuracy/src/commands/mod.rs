//! What can be asked for.

mod growth;
mod kappa;
mod search;
mod spectrum;

use clap::Parser;
use std::process::ExitCode;
use ultrawide_accuracy::growth::Net;
use ultrawide_plot::Curve;

/// Measure the numbers of ultrawide against multi-precision
#[derive(Parser)]
#[command(name = "accuracy", version)]
pub enum Command {
    /// κ0 and κ1: every f32 in [−1, 1], or many f64; fails if one is off by more than the tolerance
    Kappa(kappa::Args),
    /// Errors of whole kernels at depths up to 200, as a table and as plots
    Growth(growth::Args),
    /// Kernels in f32 of random networks and pairs of inputs of many kinds; fails if one is off by more than is promised
    Search(search::Args),
    /// Smallest eigenvalues of Gram matrices of real images, as a table and as plots; fails if rounding does not explain a negative one
    Spectrum(spectrum::Args),
}

impl Command {
    /// Runs the command; failure is a number beyond its tolerance.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let good = match self {
            Command::Kappa(args) => args.run(),
            Command::Growth(args) => args.run()?,
            Command::Search(args) => args.run(),
            Command::Spectrum(args) => args.run()?,
        };
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The networks, in the order of their colours in the plots.
const NETS: [Net; 4] = [Net::Dense, Net::Vanilla, Net::Gap, Net::Lap];

/// The curve of a network over the depth.
fn curve(net: Net, points: impl IntoIterator<Item = (usize, f64)>) -> Curve {
    let number = NETS.iter().position(|&other| other == net).unwrap_or(NETS.len());
    let points = points.into_iter().map(|(depth, value)| (depth as f64, value));
    Curve::new(format!("{net:?}").to_lowercase(), number, points)
}
