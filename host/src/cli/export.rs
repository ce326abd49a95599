//! `ultrawide export`.

use anyhow::bail;
use clap::Args;
use std::fmt::Write;
use std::path::PathBuf;

use super::args;
use super::data::DataArgs;
use super::failure::Usage;
use super::progress::Progress;
use super::{Talk, output};
use crate::data::Dataset;
use crate::job::{self, ExportOptions, Form, Language, Machine, NetKind, NetSettings, Source, check_writable};
use crate::simd::Backend;
use ultrawide_core::{Kernel, Trained};

const EXAMPLES: &str = "\
Examples:
  ultrawide export --target rust --out classifier.rs
        the bundled digits: 400 support images as bytes, 42 KB of flash; for the crate ultrawide-classifier
  ultrawide export --target c --out digits.c --name digits --tests digits_tests.c
        for ultrawide.h; the second file holds test images, and what the target must make of them to the bit
  ultrawide export --target c --out fashion.c --data fashion-mnist --train-size 5000 --support 300 --net cntk-gap --depth 4
  ultrawide export --target rust --out own.rs --train-x X.npy --train-y y.npy --test-x XT.npy --test-y yt.npy --net fc --ridge 1e-3

The weights of the support images are fitted by all training images. The accuracy that is printed is the target's: the test images
are classified by the code that runs there. Images of other data than bytes lose at most 1/510 of a channel's range as u8.";

/// A trained classifier as source code for small machines.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Export {
    /// Language of the source: rust (crate ultrawide-classifier, no_std) or c (C99, ultrawide.h)
    #[arg(long, value_name = "LANGUAGE", value_parser = args::languages())]
    target: Language,
    /// Where to write the classifier
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Also write test images, with the classes and the bits of the scores that the target must get, to this file
    #[arg(long, value_name = "FILE")]
    tests: Option<PathBuf>,
    /// What the names in C begin with [default: classifier]
    #[arg(long, value_name = "NAME", value_parser = identifier)]
    name: Option<String>,
    #[command(flatten)]
    data: DataArgs,
    /// Support images, spread evenly over the training images of each class [default: 400, or all where there are fewer]
    #[arg(long, value_name = "N", value_parser = args::sizes(1 << 40), allow_negative_numbers = true)]
    support: Option<usize>,
    /// How support images are stored: u8 (a byte a pixel) or f32
    #[arg(long, value_name = "FORM", default_value = "u8", value_parser = args::forms())]
    quantise: Form,
    /// Network: fc, cntk-v (flattened), cntk-gap (global average pooling), cntk-lap (local average pooling)
    #[arg(long, default_value = "cntk-v", value_parser = args::nets())]
    net: NetKind,
    /// Depth, counted in layers with weights
    #[arg(long, value_name = "D", default_value = "3", value_parser = args::whole, allow_negative_numbers = true)]
    depth: usize,
    /// Kernel: ntk (training by gradient flow) or nngp (the covariance at initialisation)
    #[arg(long, default_value = "ntk", value_parser = args::kernels())]
    kernel: Kernel,
    /// Trained layers; hidden freezes the first and the last [default: hidden for cntk-gap, all for the others]
    #[arg(long, value_name = "LAYERS", value_parser = args::trained())]
    train: Option<Trained>,
    /// Half width c of the windows of cntk-lap, (2c+1)x(2c+1) pixels [default: as for `run`]
    #[arg(long, value_name = "C", value_parser = args::whole, allow_negative_numbers = true)]
    lap: Option<usize>,
    /// Size of the filters, odd [default: 3]
    #[arg(long, value_name = "Q", value_parser = args::whole, allow_negative_numbers = true)]
    filter: Option<usize>,
    /// Weight of the penalty on large weights: errors^2 + R alpha'K alpha is minimised
    #[arg(long, value_name = "R", default_value_t = 0.0, value_parser = args::ridge, allow_negative_numbers = true)]
    ridge: f64,
    /// Threads, at most 1024 [default: one per core]
    #[arg(long, value_name = "N", value_parser = args::threads(), allow_negative_numbers = true)]
    threads: Option<usize>,
}

impl Export {
    /// The network.
    pub(super) fn settings(&self) -> anyhow::Result<NetSettings> {
        args::check_options(&[self.net], self.lap, self.filter)?;
        let settings = NetSettings {
            nets: vec![self.net],
            depths: vec![self.depth],
            kernels: vec![self.kernel],
            trained: self.train,
            lap: self.lap,
            filter: self.filter.unwrap_or(3),
            slope: 0.0,
            residual: None,
        };
        settings.check().map_err(|error| Usage(error.to_string()))?;
        Ok(settings)
    }

    pub(super) fn execute(&self, talk: Talk) -> anyhow::Result<()> {
        let nets = self.settings()?;
        if self.name.is_some() && self.target == Language::Rust {
            bail!(Usage("--name concerns C alone: in Rust a module keeps names apart".to_owned()));
        }
        let outputs = [("--out", Some(&self.out)), ("--tests", self.tests.as_ref())];
        args::check_distinct(&outputs, &self.data.inputs(), None)?;
        self.data.check()?;
        let machine = Machine::new(Backend::select()?, self.threads)?;
        check_writable(&self.out)?;
        self.tests.as_deref().map(check_writable).transpose()?;
        let data = self.data.load()?;
        if let Some(path) = &self.data.train_x {
            args::check_pixels(&[self.net], data.train.images.shape(), path)?;
        }
        let options = ExportOptions { nets, support: self.support, form: self.quantise, ridge: self.ridge };
        let export = job::export(&data, &options, &machine, &Progress::new(talk.quiet))?;
        let source = Source { language: self.target, name: self.name.as_deref().unwrap_or("classifier") };
        job::write_atomically(&self.out, source.table(&data, &export).as_bytes())?;
        if let Some(path) = &self.tests {
            job::write_atomically(path, source.tests(&data, &export.answers).as_bytes())?;
        }
        output::print(&self.summary(&data, &export))
    }

    fn summary(&self, data: &Dataset, export: &job::Export) -> String {
        let (table, tests) = (&export.table, data.test.labels.len());
        let percent = |right: usize| format!("{:.2} %", 100.0 * right as f64 / tests as f64);
        let (form, accuracy) = (table.form(), percent(export.answers.right));
        let other = match export.other {
            Some((other, right)) => format!("{} with images as {other}", percent(right)),
            None => format!("the same bits with images as {}", form.other()),
        };
        let workspace = table.model().workspace_len().unwrap_or(0) * size_of::<f32>();
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name:<11}{value}");
        };
        line(
            "classifier",
            format!(
                "{}: {}, {} support images of {}",
                self.out.display(),
                table.name(),
                table.support(),
                table.shape()
            ),
        );
        line(
            "flash",
            format!(
                "{} bytes: {} of images as {form}, {} of weights",
                table.bytes(),
                table.image_bytes(),
                table.weight_bytes()
            ),
        );
        line("workspace", format!("{workspace} bytes"));
        line("accuracy", format!("{accuracy} of {tests} test images; {other}"));
        text
    }
}

/// The words that C, up to C23, and C++ as far as the header goes, keep to themselves, and the name that a program starts at.
const KEYWORDS: &str = "\
    alignas alignof auto bool break case catch char class const constexpr continue default delete do \
    double else enum explicit extern false float for goto if inline int long main namespace new nullptr \
    operator register restrict return short signed sizeof static static_assert struct switch \
    thread_local true typedef typeof typeof_unqual union unsigned using void volatile while";

/// A name of C that neither the language nor `ultrawide.h` has taken.
fn identifier(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !(text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(good) && text.len() <= 31) {
        return Err("a name of C is needed: letters, digits and _, a letter first, at most 31 characters".to_owned());
    }
    if KEYWORDS.split(' ').any(|word| word == text) {
        return Err("is a word of C, another name is needed".to_owned());
    }
    if ["uw_", "UW_"].iter().any(|prefix| text.starts_with(prefix)) {
        return Err("names that begin with uw_ or UW_ are those of ultrawide.h".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_c() {
        for name in ["classifier", "digits_2", "x", "uwe", "Int"] {
            assert_eq!(identifier(name).as_deref(), Ok(name));
        }
        let long = "a".repeat(32);
        for name in ["", "2x", "_x", "a b", "ä", "int", "typeof", "main", "class", "uw_classifier", "UW_GAP", &long] {
            assert!(identifier(name).is_err(), "{name}");
        }
    }
}
