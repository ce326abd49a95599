//! What a job tells when it is done: JSON for programs, CSV for tables.

use std::path::Path;

use serde::Serialize;

use super::available::peak_memory;
use super::manifest::SetInfo;
use super::{JobError, write_atomically};
use crate::data::Dataset;
use crate::gram::{Net, Output};
use crate::regression::{Evaluation, SolveReport};

/// The software that ran.
#[derive(Clone, Debug, Serialize)]
pub struct Software {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The target triple that it was built for.
    pub target: &'static str,
    /// The version of `ultrawide-core`, where the build knew it.
    pub core: Option<&'static str>,
    /// The version of `faer`, which factors and solves.
    pub faer: Option<&'static str>,
    /// The version of `zarrs`, which writes the store.
    pub zarrs: Option<&'static str>,
}

impl Default for Software {
    fn default() -> Self {
        Software {
            name: "ultrawide",
            version: env!("CARGO_PKG_VERSION"),
            target: env!("ULTRAWIDE_TARGET"),
            core: option_env!("ULTRAWIDE_CORE"),
            faer: option_env!("ULTRAWIDE_FAER"),
            zarrs: option_env!("ULTRAWIDE_ZARRS"),
        }
    }
}

/// The data that a job ran on.
#[derive(Clone, Debug, Serialize)]
pub struct DataInfo {
    /// The data set, or `npy`.
    pub name: String,
    /// Where it came from.
    pub source: String,
    /// Channels × height × width.
    pub shape: String,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// `first` or `balanced`; of arrays `all`.
    pub subset: String,
    /// The training set.
    pub train: SetInfo,
    /// The test set.
    pub test: SetInfo,
}

impl DataInfo {
    /// Counts and checksums of a data set.
    pub fn of(data: &Dataset, subset: &str) -> Self {
        DataInfo {
            name: data.name.clone(),
            source: data.source.clone(),
            shape: data.train.images.shape().to_string(),
            classes: data.classes.clone(),
            subset: subset.to_owned(),
            train: SetInfo::of(&data.train),
            test: SetInfo::of(&data.test),
        }
    }
}

/// One pass over all pairs of images.
#[derive(Clone, Debug, Serialize)]
pub struct PassInfo {
    /// The name of the pass, with which its arrays in a store begin.
    pub name: String,
    /// `all` or `hidden`.
    pub trained: &'static str,
    /// The outputs, as a store names them.
    pub outputs: Vec<String>,
    /// The size of the filters; `None` for a dense net.
    pub filter: Option<usize>,
    /// The ReLU layers of the recursion.
    pub layers: usize,
    /// The entries of a pair of images in each layer.
    pub entries: f64,
    /// The pairs that this run computed; what lay in the store is not counted.
    pub pairs: u64,
    /// The seconds that it took.
    pub seconds: f64,
    /// `seconds` · threads / (pairs · entries · layers), in nanoseconds.
    pub ns_per_entry_layer: Option<f64>,
}

/// The memory of a job.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MemoryUse {
    /// The bytes that were found to be needed, and to be there, before the work: kernels and solver, without the program and the images.
    pub planned_bytes: f64,
    /// The most that the process had at a time, all it is included, where the system tells.
    pub peak_bytes: Option<u64>,
}

impl MemoryUse {
    /// That of this process up to now.
    pub(super) fn until_now(planned_bytes: f64) -> Self {
        MemoryUse { planned_bytes, peak_bytes: peak_memory() }
    }
}

/// How many images of one class were recognised.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassResult {
    /// The class.
    pub class: String,
    /// Test images of the class whose prediction is the class.
    pub correct: usize,
    /// Test images of the class.
    pub total: usize,
    /// correct/total; `None` for a class without test images.
    pub accuracy: Option<f64>,
}

/// The result of one kernel.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    /// The network, for instance `cntk-lap(2)`; of kernels read from a file the file.
    pub net: String,
    /// `ntk` or `nngp`; of several kernels read from a file their number, from 0.
    pub kernel: String,
    /// `all` or `hidden`, if known.
    pub trained: String,
    /// The depth; of kernels read from a file its place among the depths, from 0.
    pub depth: usize,
    /// The fraction of test images recognised, from 0 to 1.
    pub accuracy: Option<f64>,
    /// Test images recognised.
    pub correct: Option<usize>,
    /// Test images.
    pub total: Option<usize>,
    /// The same for each class.
    pub per_class: Vec<ClassResult>,
    /// Figures of the solve.
    pub solve: Option<SolveReport>,
    /// Why there is no result.
    pub error: Option<String>,
    /// The pivot at which the factorisation failed.
    pub pivot_failed: Option<f64>,
    /// A ridge that was tried and works.
    pub suggested_ridge: Option<f64>,
    /// The predicted class of each test image.
    #[serde(skip)]
    pub predictions: Vec<u16>,
    /// f(x) of the test images, image by image, a number a class.
    #[serde(skip)]
    pub scores: Vec<f64>,
}

impl Row {
    /// A row without results.
    pub fn new(net: &Net, output: &Output) -> Self {
        Row {
            net: output.net_name(),
            kernel: output.kernel_name().to_owned(),
            trained: net.trained_name().to_owned(),
            depth: output.depth,
            ..Row::default()
        }
    }

    /// What the row is about, in words.
    pub fn name(&self) -> String {
        // Of kernels read from a file nothing but their numbers are known.
        if self.trained.is_empty() {
            let kernel = if self.kernel.is_empty() { String::new() } else { format!(" kernel {}", self.kernel) };
            return format!("{}{kernel} matrix {}", self.net, self.depth);
        }
        format!("{} {} {} depth {}", self.net, self.kernel, self.trained, self.depth)
    }

    /// Takes in the accuracies.
    pub(super) fn score(&mut self, evaluation: &Evaluation, classes: &[String]) {
        self.accuracy = Some(evaluation.accuracy);
        self.correct = Some(evaluation.overall.correct);
        self.total = Some(evaluation.overall.total);
        let class = |(score, class): (&crate::regression::ClassScore, &String)| ClassResult {
            class: class.clone(),
            correct: score.correct,
            total: score.total,
            accuracy: score.accuracy(),
        };
        self.per_class = evaluation.per_class.iter().zip(classes).map(class).collect();
    }
}

/// The report of a job.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The software that ran.
    pub software: Software,
    /// The subcommand.
    pub command: &'static str,
    /// The settings, as they were used: defaults filled in.
    pub settings: serde_json::Value,
    /// The data, if known.
    pub data: Option<DataInfo>,
    /// The instruction set; `None` where no kernel was computed.
    pub backend: Option<String>,
    /// The number of threads.
    pub threads: usize,
    /// The seed of the random numbers: always `None`, because there are none.
    pub seed: Option<u64>,
    /// The passes over the pairs of images.
    pub passes: Vec<PassInfo>,
    /// The pairs that were computed, over all passes.
    pub pairs: u64,
    /// The seconds that the kernels took.
    pub kernel_seconds: f64,
    /// `kernel_seconds` over `pairs`.
    pub seconds_per_pair: Option<f64>,
    /// The seconds that the regressions took.
    pub regression_seconds: f64,
    /// The seconds from the first check to the last result.
    pub seconds: f64,
    /// The memory; of ranks that of the first.
    pub memory: MemoryUse,
    /// One row per network, kernel and depth.
    pub results: Vec<Row>,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `.json`: everything.
    Json,
    /// `.csv`: one line per result.
    Csv,
}

impl Format {
    /// The format that the file's extension names.
    ///
    /// # Errors
    /// Any other extension than `.json` and `.csv`.
    pub fn of(path: &Path) -> Result<Self, JobError> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Ok(Self::Json),
            Some("csv") => Ok(Self::Csv),
            _ => Err(JobError::Usage(format!("{}: a report ends in .json or .csv", path.display()))),
        }
    }
}

impl Report {
    /// The rows for which there is no result.
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.results.iter().filter(|row| row.error.is_some())
    }

    /// Writes the report, whole or not at all.
    ///
    /// # Errors
    /// An extension that names no format; a file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), JobError> {
        let bytes = match Format::of(path)? {
            Format::Json => to_json(self)?,
            Format::Csv => self.csv()?,
        };
        write_atomically(path, &bytes)
    }

    /// One line per result; what concerns the whole job stands in every line.
    fn csv(&self) -> Result<Vec<u8>, JobError> {
        let failed = |error: csv::Error| JobError::Input(format!("the report cannot be written as CSV: {error}"));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let classes: &[String] = self.data.as_ref().map_or(&[], |data| &data.classes);
        let classes: Vec<&String> = match self.results.iter().find(|row| !row.per_class.is_empty()) {
            Some(row) => row.per_class.iter().map(|class| &class.class).collect(),
            None => classes.iter().collect(),
        };
        let fixed = [
            "net",
            "kernel",
            "trained",
            "depth",
            "accuracy",
            "correct",
            "total",
            "ridge",
            "condition",
            "condition_is_bound",
            "pivot_min",
            "pivot_max",
            "backward_error",
            "factor_seconds",
            "solve_seconds",
            "factor_gflops",
            "solver",
            "iterations",
            "relative_residual",
            "shift",
            "suggested_ridge",
            "error",
            "data",
            "train_images",
            "test_images",
            "train_sha256",
            "test_sha256",
            "backend",
            "threads",
            "seed",
            "pairs",
            "kernel_seconds",
            "regression_seconds",
            "planned_bytes",
            "peak_bytes",
            "version",
            "settings",
        ];
        let names = fixed.iter().map(|&name| name.to_owned());
        writer.write_record(names.chain(classes.iter().map(|class| format!("accuracy {class}")))).map_err(failed)?;
        for row in &self.results {
            let text = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
            let count = |value: Option<usize>| value.map_or(String::new(), |value| value.to_string());
            let solve = |figure: fn(&SolveReport) -> f64| text(row.solve.as_ref().map(figure));
            let data = |field: fn(&DataInfo) -> String| self.data.as_ref().map(field).unwrap_or_default();
            let mut fields = vec![
                row.net.clone(),
                row.kernel.clone(),
                row.trained.clone(),
                row.depth.to_string(),
                text(row.accuracy),
                count(row.correct),
                count(row.total),
                solve(|solve| solve.ridge),
                solve(|solve| solve.condition),
                row.solve.map_or(String::new(), |solve| solve.condition_is_bound.to_string()),
                solve(|solve| solve.pivot_min),
                solve(|solve| solve.pivot_max),
                solve(|solve| solve.backward_error),
                solve(|solve| solve.factor_seconds),
                solve(|solve| solve.solve_seconds),
                solve(|solve| solve.factor_gflops),
                row.solve.map_or(String::new(), |solve| solve.solver.to_string()),
                count(row.solve.map(|solve| solve.iterations)),
                solve(|solve| solve.relative_residual),
                solve(|solve| solve.shift),
                text(row.suggested_ridge),
                row.error.clone().unwrap_or_default(),
                data(|data| data.name.clone()),
                data(|data| data.train.images.to_string()),
                data(|data| data.test.images.to_string()),
                data(|data| data.train.sha256.clone()),
                data(|data| data.test.sha256.clone()),
                self.backend.clone().unwrap_or_default(),
                self.threads.to_string(),
                self.seed.map_or("none".to_owned(), |seed| seed.to_string()),
                self.pairs.to_string(),
                self.kernel_seconds.to_string(),
                self.regression_seconds.to_string(),
                self.memory.planned_bytes.to_string(),
                self.memory.peak_bytes.map_or(String::new(), |bytes| bytes.to_string()),
                self.software.version.to_owned(),
                self.settings.to_string(),
            ];
            for class in 0..classes.len() {
                fields.push(text(row.per_class.get(class).and_then(|class| class.accuracy)));
            }
            writer.write_record(fields).map_err(failed)?;
        }
        writer.into_inner().map_err(|error| failed(error.into_error().into()))
    }
}

/// Anything as indented JSON with a final line break.
pub(super) fn to_json(value: &impl Serialize) -> Result<Vec<u8>, JobError> {
    let json = serde_json::to_vec_pretty(value);
    let mut json = json.map_err(|error| JobError::Input(format!("the report cannot be written as JSON: {error}")))?;
    json.push(b'\n');
    Ok(json)
}
