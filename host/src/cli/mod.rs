//! The command `ultrawide`: one file for each subcommand, and what they share.

mod args;
mod completions;
mod data;
mod experiment;
mod export;
mod failure;
mod info;
mod kernel;
mod kernels;
mod output;
mod plan;
mod progress;
#[cfg(feature = "mpi")]
mod ranks;
mod regress;
mod run;
mod sweep;
mod table;

pub use output::print;

use clap::{ArgAction, CommandFactory, Parser, Subcommand};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::filter::LevelFilter;

const EXAMPLES: &str = "\
Examples:
  ultrawide run                                     the accuracy table on the bundled digits
  ultrawide run --data cifar10 --data-dir cifar-10-batches-bin --net cntk-v --train-size 2000
  ultrawide plan --data cifar10 --data-dir cifar-10-batches-bin --net cntk-gap --depth 21 --nodes 100
  ultrawide kernel --x X.npy --out K.npy --net cntk-gap --depth 11
  ultrawide regress --train K.npy --test KT.npy --labels y.npy --out predictions.npy
  ultrawide sweep --store kernels.zarr --ridge 0,1e-4,1e-2
  ultrawide export --target c --out digits.c        a classifier for a microcontroller

Exit codes: 0 done, 1 the run failed, 2 wrong usage.
ULTRAWIDE_SIMD=scalar|avx2|avx512|neon forces an instruction set; `ultrawide info` names those of this machine.";

/// Exact kernels (NNGP, NTK, CNTK) of infinitely wide networks, and kernel regression with them
#[derive(Parser)]
#[command(version, after_help = EXAMPLES, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// No progress, no warnings; errors are still told
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// More figures and what is being done; twice for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

#[derive(Subcommand)]
enum Command {
    /// Kernels of a data set, regression, table of accuracies
    Run(Box<run::Run>),
    /// What a run costs, without running it
    Plan(Box<plan::Plan>),
    /// Kernels of your own arrays
    Kernel(Box<kernel::Kernel>),
    /// Regression on kernels that are stored
    Regress(Box<regress::Regress>),
    /// Ridges, leave-one-out errors, times of training and variances on kernels that are stored
    Sweep(Box<sweep::Sweep>),
    /// A trained classifier as source code for small machines
    Export(Box<export::Export>),
    /// Networks of finite width against the infinite one
    Experiment(Box<experiment::Experiment>),
    /// The machine, its instruction sets, and versions
    Info(info::Info),
    /// Completions for a shell, to standard output
    Completions(completions::Completions),
}

/// How much to tell.
#[derive(Clone, Copy)]
struct Talk {
    quiet: bool,
    verbose: bool,
}

/// Checks a command line, the program's name first, as far as that can be done without a file: its options, and the network that they
/// describe. Nothing is run.
///
/// # Errors
/// What the command would say, one line. A request for help or for the version is none.
pub fn check(arguments: impl IntoIterator<Item = OsString>) -> Result<(), String> {
    let checked = match Cli::try_parse_from(arguments) {
        Ok(Cli { command: Command::Run(run), .. }) => run.settings(),
        Ok(Cli { command: Command::Plan(plan), .. }) => plan.settings(),
        Ok(Cli { command: Command::Kernel(kernel), .. }) => kernel.settings(),
        Ok(Cli { command: Command::Export(export), .. }) => export.settings(),
        Ok(Cli { command: Command::Experiment(experiment), .. }) => {
            return experiment.check().map_err(|error| failure::line(&error));
        }
        Ok(_) => return Ok(()),
        Err(error) => return failure::line_of_clap(&error).map_or(Ok(()), Err),
    };
    checked.map(drop).map_err(|error| failure::line(&error))
}

/// Every word that the command knows, as it is typed: subcommands, long options, and the values of what takes one of a list. For whoever makes
/// command lines up.
pub fn words() -> BTreeSet<String> {
    fn collect(command: &clap::Command, words: &mut BTreeSet<String>) {
        for argument in command.get_arguments() {
            words.extend(argument.get_long().map(|long| format!("--{long}")));
            words.extend(argument.get_possible_values().iter().map(|value| value.get_name().to_owned()));
        }
        for subcommand in command.get_subcommands() {
            words.insert(subcommand.get_name().to_owned());
            collect(subcommand, words);
        }
    }
    let (mut command, mut words) = (Cli::command(), BTreeSet::new());
    // Adds what clap brings: help and versions.
    command.build();
    collect(&command, &mut words);
    words
}

/// Runs the command and tells its exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::usage_of_clap(&error),
    };
    let level = match (cli.quiet, cli.verbose) {
        (true, _) => LevelFilter::OFF,
        (_, 0) => LevelFilter::WARN,
        (_, 1) => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .without_time()
        .init();
    let talk = Talk { quiet: cli.quiet, verbose: cli.verbose > 0 };
    let result = match cli.command {
        Command::Run(run) => run.execute(talk),
        Command::Plan(plan) => plan.execute(),
        Command::Kernel(kernel) => kernel.execute(talk),
        Command::Regress(regress) => regress.execute(talk),
        Command::Sweep(sweep) => sweep.execute(talk),
        Command::Export(export) => export.execute(talk),
        Command::Experiment(experiment) => experiment.execute(talk),
        Command::Info(info) => info.execute(),
        Command::Completions(completions) => completions.execute(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}
