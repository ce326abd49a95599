//! The command `accuracy`: measures the library's numbers against multi-precision.

mod commands;

use clap::Parser;
use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    commands::Command::parse().run()
}
