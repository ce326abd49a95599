//! `ultrawide experiment`.

use clap::Args;
use clap::builder::TypedValueParser;
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::data::DataArgs;
use super::progress::duration;
use super::table::new_table;
use super::{Talk, args, output};
use crate::experiment::{Experiment as Which, Finding, Setting, Sizes, Steps, shown, write_report};
use crate::job::{Machine, make_folder};
use crate::simd::Backend;

const EXAMPLES: &str = "\
Examples:
  ultrawide experiment init
        the kernel of random nets against the closed form, by width, on the bundled digits
  ultrawide experiment equivalence --quick --report figures
        the same question asked of trained nets, in seconds; figures/index.html, equivalence.csv, .json and .svg
  ultrawide experiment all --report figures
        every statement on one page
  ultrawide experiment init --data cifar10 --data-dir cifar-10-batches-bin --seed 7
  ultrawide experiment table --data cifar10 --data-dir cifar-10-batches-bin --train-size 2000 --depth 3,4,6 --width 128 --epochs 100
        days rather than minutes
";

/// The experiments that are asked for.
#[derive(Clone)]
pub(super) struct Chosen(pub(super) Vec<Which>);

/// Networks of finite width against the infinite one.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Experiment {
    /// init: the kernel at initialisation; drift: how weights and kernel move in training; flow: the course of training;
    /// equivalence: trained nets against kernel regression; table: convolutional nets and their kernels on the same images;
    /// double-descent: the error against width; all: each of them
    #[arg(value_name = "WHICH", value_parser = args::experiments())]
    which: Chosen,
    #[command(flatten)]
    data: DataArgs,
    /// The seed of the random networks: the same gives the same figures
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The widths of the networks [default: by the experiment]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = args::sizes(1 << 16))]
    width: Vec<usize>,
    /// Layers with weights; a list for table [default: 3, of table 3,4, of double-descent 2]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = args::sizes(1 << 8))]
    depth: Vec<usize>,
    /// Random networks of each width [default: by the experiment]
    #[arg(long, value_name = "N", value_parser = args::sizes(1 << 16).map(|seeds| seeds as u64))]
    seeds: Option<u64>,
    /// Passes over the training images of table [default: 60]
    #[arg(long, value_name = "N", value_parser = args::sizes(1 << 20))]
    epochs: Option<usize>,
    /// Smaller, in some seconds
    #[arg(long)]
    quick: bool,
    /// Write a page, index.html, and WHICH.csv, WHICH.json and WHICH.svg into this folder, which is made
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Threads, at most 1024; the figures do not depend on them [default: one per core]
    #[arg(long, value_name = "N", value_parser = args::threads(), allow_negative_numbers = true)]
    threads: Option<usize>,
}

impl Experiment {
    pub(super) fn execute(&self, talk: Talk) -> anyhow::Result<()> {
        self.data.check()?;
        if let Some(folder) = &self.report {
            make_folder(folder)?;
        }
        let data = self.data.load()?;
        let machine = Machine::new(Backend::select()?, self.threads)?;
        let steps = Bar::new(talk.quiet);
        let (train, test) = self.data.sizes();
        let (widths, depths) = (self.width.clone(), self.depth.clone());
        let sizes = Sizes { train, test, widths, depths, seeds: self.seeds, epochs: self.epochs };
        let setting =
            Setting { data: &data, seed: self.seed, quick: self.quick, sizes, machine: &machine, steps: &steps };
        let mut findings = Vec::new();
        for which in &self.which.0 {
            let finding = which.run(&setting)?;
            steps.end();
            output::print(&text(&finding))?;
            findings.push(finding);
        }
        if let Some(folder) = &self.report {
            write_report(&setting, &findings, folder)?;
        }
        Ok(())
    }
}

/// A finding for people.
fn text(finding: &Finding) -> String {
    let mut table = new_table(finding.columns.iter().copied(), 1);
    for row in &finding.rows {
        table.add_row(row.iter().map(shown));
    }
    let mut text = format!("{}\n{}\n\n{table}\n\n", finding.title, finding.formula);
    for sentence in &finding.text {
        let _ = writeln!(text, "{sentence}");
    }
    for claim in finding.claims.iter() {
        let expected = claim.expected.map_or(String::new(), |expected| format!(", expected {expected}"));
        let _ = writeln!(text, "{}: {:.3} ± {:.3}{expected}", claim.what, claim.found.center, claim.found.half);
    }
    let _ = writeln!(text, "{}", duration(finding.seconds));
    text
}

/// Progress on stderr: a bar on a terminal, a plain line every ten seconds elsewhere.
struct Bar {
    quiet: bool,
    state: Mutex<State>,
}

struct State {
    bar: Option<ProgressBar>,
    what: String,
    done: u64,
    total: u64,
    started: Instant,
    told: Instant,
}

impl Bar {
    fn new(quiet: bool) -> Self {
        let (started, told) = (Instant::now(), Instant::now());
        Bar { quiet, state: Mutex::new(State { bar: None, what: String::new(), done: 0, total: 0, started, told }) }
    }

    fn with(&self, act: impl FnOnce(&mut State)) {
        if !self.quiet {
            act(&mut self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        }
    }

    fn end(&self) {
        self.with(|state| {
            if let Some(bar) = state.bar.take() {
                bar.finish_and_clear();
            }
        });
    }
}

impl Steps for Bar {
    fn begin(&self, what: &str, total: u64) {
        self.end();
        self.with(|state| {
            (state.what, state.done, state.total, state.started) = (what.to_owned(), 0, total, Instant::now());
            if std::io::stderr().is_terminal() {
                let bar = ProgressBar::new(total);
                if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}, {eta} left") {
                    bar.set_style(style);
                }
                bar.set_message(what.to_owned());
                bar.enable_steady_tick(Duration::from_millis(500));
                state.bar = Some(bar);
            }
        });
    }

    fn add(&self, steps: u64) {
        self.with(|state| {
            state.done += steps;
            if let Some(bar) = &state.bar {
                bar.inc(steps);
            } else if state.told.elapsed() >= Duration::from_secs(10) {
                state.told = Instant::now();
                let seconds = state.started.elapsed().as_secs_f64();
                let left = seconds * (state.total - state.done.min(state.total)) as f64 / state.done.max(1) as f64;
                let percent = 100 * state.done / state.total.max(1);
                // Progress that cannot be shown is no reason to stop.
                let _ = std::io::Write::write_fmt(
                    &mut std::io::stderr().lock(),
                    format_args!("{}: {percent} %, {} left\n", state.what, duration(left)),
                );
            }
        });
    }
}
