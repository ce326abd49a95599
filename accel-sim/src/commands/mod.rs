//! What can be asked for.

mod formats;
mod instructions;
mod machines;
mod net;
mod run;
mod sweep;
mod validate;

use anyhow::Context;
use clap::{Parser, Subcommand};
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  ultrawide-accel-sim machines
  ultrawide-accel-sim run --machine npu-64k --net cntk-gap --shape 3x32x32 --depth 11
  ultrawide-accel-sim run --machine mine.toml --net cntk-v --shape 1x28x28 --depth 6 --json
  ultrawide-accel-sim machines --show npu-64k > mine.toml
  ultrawide-accel-sim sweep --machine npu-64k,h200-sm --axis lanes,format
  ultrawide-accel-sim formats --format f16,q7.24 --depth 3,11 --out figures
  ultrawide-accel-sim formats --from figures/formats.csv
  ultrawide-accel-sim validate
  ultrawide-accel-sim instructions

A machine is one of the bundled ones or a TOML file; `machines --show NAME` prints one to begin with.
Exit codes: 0 done, 1 failed or a prediction beyond its tolerance, 2 wrong usage.";

/// What an accelerator would make of ultrawide's kernels: its numbers, its time, its energy
#[derive(Parser)]
#[command(name = "ultrawide-accel-sim", version, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The bundled machines, and what CNTK-GAP costs on each
    Machines(machines::Args),
    /// One net on one machine: cycles, utilisation, bytes, energy, what bounds it
    Run(run::Args),
    /// A machine with other scratchpads, lanes, bandwidths, formats, depths, as CSV and plots
    Sweep(sweep::Args),
    /// Which number format is good enough: errors, eigenvalues and accuracies on the digits
    Formats(formats::Args),
    /// Predicted against measured on this machine, AVX2 and AVX-512
    Validate(validate::Args),
    /// Predicted against counted instructions of a Cortex-M4F
    Instructions(instructions::Args),
}

impl Cli {
    /// Runs the command; failure is a prediction beyond its tolerance.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let good = match self.command {
            Command::Machines(args) => args.run()?,
            Command::Run(args) => args.run()?,
            Command::Sweep(args) => args.run()?,
            Command::Formats(args) => args.run()?,
            Command::Validate(args) => args.run()?,
            Command::Instructions(args) => args.run()?,
        };
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// A table as Markdown, the first column to the left.
fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN).set_header(header);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_cell_alignment(if index == 0 { CellAlignment::Left } else { CellAlignment::Right });
    }
    table
}

/// A bar that tells how much of `len` is done, and when the rest will be.
fn progress_bar(len: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(len).with_prefix(what.to_owned());
    match ProgressStyle::with_template("{prefix} [{elapsed}] {wide_bar} {percent} % (eta {eta})") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Makes the folder for results if it is not there.
fn folder(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))
}

/// A CSV file with these columns.
fn csv_writer(path: &Path, columns: &[&str]) -> anyhow::Result<csv::Writer<File>> {
    let mut file = csv::Writer::from_path(path).with_context(|| format!("cannot write {}", path.display()))?;
    file.write_record(columns)?;
    Ok(file)
}

/// The records of a CSV file that a run before has written.
fn csv_records<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let mut file = csv::Reader::from_path(path).with_context(|| format!("cannot read {}", path.display()))?;
    file.deserialize().collect::<Result<_, _>>().with_context(|| path.display().to_string())
}

/// A quantity with three digits and a prefix of its unit.
fn quantity(value: f64, unit: &str) -> String {
    const PREFIXES: [(f64, &str); 8] =
        [(1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p")];
    let (scale, prefix) = PREFIXES.into_iter().find(|(scale, _)| value.abs() >= *scale).unwrap_or((1.0, ""));
    let scaled = value / scale;
    let digits = if scaled >= 100.0 {
        0
    } else if scaled >= 10.0 {
        1
    } else {
        2
    };
    format!("{scaled:.digits$} {prefix}{unit}")
}
