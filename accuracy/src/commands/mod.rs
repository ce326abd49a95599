//! What can be asked for.

mod growth;
mod kappa;
mod plot;
mod spectrum;

use clap::Parser;
use std::process::ExitCode;

/// Measure the numbers of ultrawide against multi-precision
#[derive(Parser)]
#[command(name = "accuracy", version)]
pub enum Command {
    /// κ0 and κ1: every f32 in [−1, 1], or many f64; fails if one is off by more than the tolerance
    Kappa(kappa::Args),
    /// Errors of whole kernels at depths up to 200, as a table and as plots
    Growth(growth::Args),
    /// Smallest eigenvalues of Gram matrices of real images, as a table and as plots; fails if rounding does not explain a negative one
    Spectrum(spectrum::Args),
}

impl Command {
    /// Runs the command; failure is a number beyond its tolerance.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let good = match self {
            Command::Kappa(args) => args.run(),
            Command::Growth(args) => args.run()?,
            Command::Spectrum(args) => args.run()?,
        };
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
