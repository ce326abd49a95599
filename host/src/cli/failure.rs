//! Errors as one line on stderr, and the exit code.

use std::io::Write;
use std::process::ExitCode;

use crate::experiment::ExperimentError;
use crate::job::JobError;
use crate::simd::BackendError;
use clap::error::ErrorKind;

/// A mistake on the command line that clap does not know of.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub(super) String);

/// Tells an error and gives its exit code: 2 for wrong usage, 1 for all else.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(code(error))
}

/// The same, as a number.
pub(super) fn code(error: &anyhow::Error) -> u8 {
    let usage = error.chain().any(|cause| {
        cause.is::<Usage>()
            || cause.is::<BackendError>()
            || cause.downcast_ref::<JobError>().is_some_and(JobError::is_usage)
            || cause.downcast_ref::<ExperimentError>().is_some_and(ExperimentError::is_usage)
    });
    tell(&line(error));
    if usage { 2 } else { 1 }
}

/// The causes joined by colons; one that its predecessor has already told is left out.
pub(super) fn line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if line.contains(&text) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&text);
    }
    printable(&line)
}

/// What clap has to say: help and versions as they are, mistakes on one line.
pub(super) fn usage_of_clap(error: &clap::Error) -> ExitCode {
    match line_of_clap(error) {
        None => {
            // A closed pipe is no reason to complain.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        Some(line) => {
            tell(&line);
            ExitCode::from(2)
        }
    }
}

/// A mistake on one line; none where help or the version was asked for.
pub(super) fn line_of_clap(error: &clap::Error) -> Option<String> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => None,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Some(
            "a subcommand is needed: run, plan, kernel, regress, sweep, export, experiment, info or completions (--help tells more)"
                .to_owned(),
        ),
        _ => {
            let text = error.to_string();
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let told =
                lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
            let line = told.collect::<Vec<_>>().join(" ");
            Some(printable(line.strip_prefix("error: ").unwrap_or(&line)))
        }
    }
}

fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn tell(line: &str) {
    // In one piece, as other processes may write to the same terminal. Nobody is left to be told if this fails.
    let _ = std::io::stderr().lock().write_all(format!("error: {line}\n").as_bytes());
}
