//! Errors as one line on stderr, and the exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::error::ErrorKind;
use ultrawide::job::JobError;
use ultrawide::simd::BackendError;

/// A mistake on the command line that clap does not know of.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub(super) String);

/// Tells an error and gives its exit code: 2 for wrong usage, 1 for all else.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    let usage = error.chain().any(|cause| {
        cause.is::<Usage>()
            || cause.is::<BackendError>()
            || cause.downcast_ref::<JobError>().is_some_and(JobError::is_usage)
    });
    tell(&one_line(error));
    ExitCode::from(if usage { 2 } else { 1 })
}

/// The causes joined by colons; one that its predecessor has already told is left out.
fn one_line(error: &anyhow::Error) -> String {
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
    line
}

/// What clap has to say: help and versions as they are, mistakes on one line.
pub(super) fn usage_of_clap(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A closed pipe is no reason to complain.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            tell("a subcommand is needed: run, kernel, regress, info or completions (--help tells more)");
            ExitCode::from(2)
        }
        _ => {
            let text = error.to_string();
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let told =
                lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
            let line = told.collect::<Vec<_>>().join(" ");
            tell(line.strip_prefix("error: ").unwrap_or(&line));
            ExitCode::from(2)
        }
    }
}

fn tell(line: &str) {
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // Nobody is left to be told if this fails.
    let _ = writeln!(std::io::stderr().lock(), "error: {line}");
}
