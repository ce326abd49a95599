//! The command `ultrawide-accel-sim`.

mod commands;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match commands::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            // One line: the causes that their predecessors have not told.
            let mut line = String::new();
            for cause in error.chain().map(ToString::to_string) {
                if !line.contains(&cause) {
                    line.push_str(if line.is_empty() { "" } else { ": " });
                    line.push_str(&cause.replace('\n', " "));
                }
            }
            eprintln!("error: {line}");
            ExitCode::FAILURE
        }
    }
}
