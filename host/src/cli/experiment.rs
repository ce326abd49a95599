//! `ultrawide experiment`.

use anyhow::bail;
use clap::Args;
use clap::builder::TypedValueParser;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::data::DataArgs;
use super::failure::Usage;
use super::progress::{Place, duration};
use super::table::new_table;
use super::{Talk, args, output};
use crate::experiment::{Experiment as Which, Finding, Setting, Sizes, Steps, shown, write_page};
use crate::job::{Machine, make_folder};
use crate::simd::Backend;

const EXAMPLES: &str = "\
Examples:
  ultrawide experiment init
        the kernel of random nets against the closed form, by width, on the bundled digits
  ultrawide experiment equivalence --quick --report figures
        the same question asked of trained nets, in seconds; figures/equivalence.html, .csv, .json and .svg
  ultrawide experiment all --report figures
        every statement on one page, figures/index.html
  ultrawide experiment init --data cifar10 --data-dir cifar-10-batches-bin --seed 7
        a minute on two cores
  ultrawide experiment table --data cifar10 --data-dir cifar-10-batches-bin --train-size 2000 --depth 3,4,6 --width 128 --epochs 100
        3·10¹⁶ operations for all depths, readouts, step sizes and seeds: days of two cores; docs/theory.md has the full size
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
    /// double-descent: the error against width; tricks: leaky ReLUs, the absolute value and residual connections at initialisation; all: each of them
    #[arg(value_name = "WHICH", value_parser = args::experiments())]
    which: Chosen,
    #[command(flatten)]
    data: DataArgs,
    /// The seed of the random networks: the same gives the same figures
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// The widths of the networks, of which table takes the first [default: by the experiment]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = args::sizes(1 << 16), allow_negative_numbers = true)]
    width: Vec<usize>,
    /// Layers with weights; a list for table [default: 3, of table 3,4, of double-descent 2, of tricks 4]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = args::sizes(1 << 8), allow_negative_numbers = true)]
    depth: Vec<usize>,
    /// Random networks of each width [default: by the experiment]
    #[arg(long, value_name = "N", value_parser = args::sizes(1 << 16).map(|seeds| seeds as u64), allow_negative_numbers = true)]
    seeds: Option<u64>,
    /// Passes over the training images of table [default: 40, 20 with --quick; of large images 20, 5 with --quick]
    #[arg(long, value_name = "N", value_parser = args::sizes(1 << 20), allow_negative_numbers = true)]
    epochs: Option<usize>,
    /// Images that a step of stochastic gradient descent takes, for table [default: 5]
    #[arg(long, value_name = "N", value_parser = args::sizes(1 << 20), allow_negative_numbers = true)]
    batch: Option<usize>,
    /// Sizes of these steps that are tried for each net of table, over the largest stable one [default: 0.5,1,2]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = step, allow_negative_numbers = true)]
    step: Vec<f64>,
    /// Smaller, in some seconds
    #[arg(long)]
    quick: bool,
    /// Write a page, WHICH.html (of all: index.html), and WHICH.csv, WHICH.json and WHICH.svg into this folder, which is made
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Threads, at most 1024; the figures do not depend on them [default: one per core]
    #[arg(long, value_name = "N", value_parser = args::threads(), allow_negative_numbers = true)]
    threads: Option<usize>,
}

impl Experiment {
    /// Checks what can be checked before anything is read: options that would change nothing among others.
    ///
    /// # Errors
    /// [`Usage`], which names the option.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        self.data.check()?;
        let asked = |one: Which| self.which.0.contains(&one);
        let (_, test) = self.data.sizes();
        let untested = !self.which.0.iter().copied().any(Which::is_tested);
        let alone = self.which.0.len() == 1;
        let mistakes = [
            (self.epochs.is_some() && !asked(Which::Table), "--epochs concerns table alone"),
            (self.batch.is_some() && !asked(Which::Table), "--batch concerns table alone"),
            (!self.step.is_empty() && !asked(Which::Table), "--step concerns table alone"),
            (self.depth.len() > 1 && !asked(Which::Table), "--depth: a list is for table, the others take one depth"),
            (
                asked(Which::Tricks) && self.depth.iter().any(|&depth| depth < 3),
                "--depth: tricks takes 3 or more, as residual connections lead around hidden layers but the first",
            ),
            (self.width.len() > 1 && alone && asked(Which::Table), "--width: table takes one width"),
            (test.is_some() && untested, "--test-size: init, drift and tricks have no test images"),
        ];
        if let Some((_, mistake)) = mistakes.iter().find(|mistake| mistake.0) {
            bail!(Usage((*mistake).to_owned()));
        }
        Ok(())
    }

    pub(super) fn execute(&self, talk: Talk) -> anyhow::Result<()> {
        self.check()?;
        if let Some(folder) = &self.report {
            make_folder(folder)?;
        }
        let data = self.data.load()?;
        let machine = Machine::new(Backend::select()?, self.threads)?;
        let steps = Bar::new(talk.quiet);
        let (train, test) = self.data.sizes();
        let (widths, depths) = (self.width.clone(), self.depth.clone());
        let sizes = Sizes {
            train,
            test,
            widths,
            depths,
            seeds: self.seeds,
            epochs: self.epochs,
            batch: self.batch,
            steps: self.step.clone(),
        };
        let setting = Setting {
            data: &data,
            images: self.data.options(),
            seed: self.seed,
            quick: self.quick,
            sizes,
            machine: &machine,
            steps: &steps,
        };
        // One that is run again does not take the place of the page of all.
        let page = if let [one] = self.which.0[..] { one.name() } else { "index" };
        let mut findings = Vec::new();
        for which in &self.which.0 {
            let finding = which.run(&setting)?;
            steps.end();
            // What the next experiment meets does not take away what this one has found.
            let written = self.report.as_ref().map_or(Ok(()), |folder| finding.write(folder));
            output::print_beside(written.map_err(Into::into), &text(&finding))?;
            findings.push(finding);
            if let Some(folder) = &self.report {
                write_page(&setting, &findings, folder, page)?;
            }
        }
        Ok(())
    }
}

/// The size of a step: above 0, finite.
fn step(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(step) if step.is_finite() && step > 0.0 => Ok(step),
        _ => Err("a step size is a finite number above 0".to_owned()),
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
        let _ = writeln!(text, "{}: {}{expected}", claim.what, claim.found);
    }
    let _ = writeln!(text, "{}", duration(finding.seconds));
    text
}

/// Progress on stderr, with the time that is left by the steps that are.
struct Bar {
    quiet: bool,
    state: Mutex<State>,
}

struct State {
    place: Place,
    what: String,
    done: u64,
    total: u64,
    started: Instant,
}

impl Bar {
    fn new(quiet: bool) -> Self {
        let (what, started) = (String::new(), Instant::now());
        Bar { quiet, state: Mutex::new(State { place: Place::new(), what, done: 0, total: 0, started }) }
    }

    fn with(&self, act: impl FnOnce(&mut State)) {
        if !self.quiet {
            act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn end(&self) {
        self.with(|state| state.place.end());
    }
}

impl Steps for Bar {
    fn begin(&self, what: &str, total: u64) {
        self.with(|state| {
            (state.what, state.done, state.total, state.started) = (what.to_owned(), 0, total, Instant::now());
            // An experiment may have several stages.
            state.place.end();
            state.place.begin();
            state.place.show(0.0, what.to_owned());
        });
    }

    fn add(&self, steps: u64) {
        self.with(|state| {
            state.done += steps;
            let part = state.done as f64 / state.total.max(1) as f64;
            let seconds = state.started.elapsed().as_secs_f64();
            let text = format!(
                "{}: {:.0} %/min, {} left",
                state.what,
                6000.0 * part / seconds,
                duration(seconds * (1.0 / part - 1.0))
            );
            state.place.show(part, text);
        });
    }
}
