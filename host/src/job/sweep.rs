//! Many regressions on each kernel from one decomposition: ridges with their leave-one-out errors, times of training, and the mean
//! and variance of a Gaussian process.

use std::path::Path;
use std::time::Instant;

use faer::Mat;
use serde::Serialize;
use serde_json::{Value, json};

use super::fit::{Kernels, predicted};
use super::memory::Need;
use super::regress::{check_labels, check_shapes, each_matrix, each_output};
use super::report::{Format, Row, Software, to_json};
use super::{Classes, JobError, Watch, checksum_labels, cores, write_atomically};
use crate::data::npy::Matrices;
use crate::regression::{RegressionError, Spectrum, Targets, Workspace, evaluate};
use crate::store::{ArrayPlan, Precision, Store};

/// What to read off each kernel.
#[derive(Clone, Debug)]
pub struct SweepOptions {
    /// Each is added to the diagonal of the training kernel in turn.
    pub ridges: Vec<f64>,
    /// Times of gradient flow without a ridge; ∞ is its end.
    pub times: Vec<f64>,
}

impl SweepOptions {
    /// The rows for each kernel.
    pub fn count(&self) -> usize {
        self.ridges.len() + self.times.len()
    }
}

/// One ridge, or one time, of one kernel.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SweepRow {
    /// The network, or the file.
    pub net: String,
    /// The kernel.
    pub kernel: String,
    /// The trained layers, if known.
    pub trained: String,
    /// The depth, or the place among the matrices of a file.
    pub depth: usize,
    /// The ridge.
    pub ridge: Option<f64>,
    /// The time of training.
    pub time: Option<f64>,
    /// The fraction of test images recognised, if their classes are known.
    pub accuracy: Option<f64>,
    /// The fraction of training images that a regression on all the others recognises.
    pub leave_one_out_accuracy: Option<f64>,
    /// The mean of (f₋ᵢ(x_i) − y_i)² over training images and classes.
    pub leave_one_out_error: Option<f64>,
    /// (λ_max + ridge) / (λ_min + ridge).
    pub condition: Option<f64>,
    /// The mean variance of the test images, where it is wanted.
    pub variance: Option<f64>,
    /// Why there is no result.
    pub error: Option<String>,
    /// f(x) of the test images, image by image, a number a class.
    #[serde(skip)]
    pub scores: Vec<f64>,
    /// The variance of each test image.
    #[serde(skip)]
    pub variances: Vec<f64>,
}

/// What a sweep tells.
#[derive(Clone, Debug, Serialize)]
pub struct SweepReport {
    /// The software that ran.
    pub software: Software,
    /// The subcommand.
    pub command: &'static str,
    /// The settings, as they were used.
    pub settings: Value,
    /// The number of threads.
    pub threads: usize,
    /// The seconds from the first check to the last result.
    pub seconds: f64,
    /// The number of test images.
    pub tests: usize,
    /// One row for each kernel and ridge or time.
    pub results: Vec<SweepRow>,
}

impl SweepReport {
    /// Writes the report, whole or not at all.
    ///
    /// # Errors
    /// An extension that names no format; a file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), JobError> {
        let bytes = match Format::of(path)? {
            Format::Json => to_json(self)?,
            Format::Csv => {
                let failed =
                    |error: csv::Error| JobError::Input(format!("the report cannot be written as CSV: {error}"));
                let mut writer = csv::Writer::from_writer(Vec::new());
                self.results.iter().try_for_each(|row| writer.serialize(row)).map_err(failed)?;
                writer.into_inner().map_err(|error| failed(error.into_error().into()))?
            }
        };
        write_atomically(path, &bytes)
    }
}

/// What is known of the test images.
struct Tests<'a> {
    /// Their classes.
    labels: Option<&'a [u16]>,
    /// k(x, x) of each, where the variances are wanted.
    diagonal: Option<&'a [f64]>,
}

/// Sweeps over the matrices of two files; a third one holds k(x, x) of the test images, matrices of one row, where variances are wanted.
///
/// # Errors
/// Files that do not fit each other or the labels; a training kernel that is not symmetric; those of [`Spectrum`]'s methods but
/// [`RegressionError::Indefinite`], which is noted in the row.
///
/// # Cost
/// About 9 n³ operations and four n×n matrices of f64 for each training kernel; one m×n where variances are wanted.
pub fn sweep_arrays(
    (train, test, mut diagonal): (&mut Matrices, &mut Matrices, Option<&mut Matrices>),
    classes: &Classes,
    options: &SweepOptions,
    threads: Option<usize>,
    watch: &dyn Watch,
) -> Result<SweepReport, JobError> {
    check_shapes(train, test)?;
    check_labels(train.rows(), test.rows(), classes)?;
    if let Some(diagonal) = &diagonal
        && (diagonal.outer(), diagonal.rows(), diagonal.columns()) != (test.outer(), 1, test.rows())
    {
        let (name, shape, m) = (diagonal.name(), diagonal.shape(), test.rows());
        let reason = format!(
            "{name} has the shape {shape:?}: k(x, x) of {m} test images has a last row of {m} numbers, (1, {m})"
        );
        return Err(JobError::Input(reason));
    }
    let settings =
        json!({ "train": train.name(), "test": test.name(), "labels_sha256": checksum_labels(&classes.train) });
    let mut sweep = Sweep::new(classes, options, (train.rows(), test.rows()), threads, diagonal.is_some())?;
    let mut index = 0;
    each_matrix(train, test, |mut kernels, row| {
        let diagonal = diagonal.as_mut().map(|diagonal| diagonal.read(index)).transpose()?;
        index += 1;
        sweep.one(&mut kernels, &row, diagonal.as_deref(), watch)
    })?;
    watch.end();
    Ok(sweep.report(settings))
}

/// Sweeps over all kernels of a finished store, without variances: the kernels of the test images with themselves are not in it.
///
/// # Errors
/// A store of something else than a run; tiles that are missing, with their number; labels that do not fit; as [`sweep_arrays`].
pub fn sweep_store(
    store: &Store,
    classes: &Classes,
    options: &SweepOptions,
    threads: Option<usize>,
    watch: &dyn Watch,
) -> Result<SweepReport, JobError> {
    let sides = |array: &ArrayPlan| (array.cols, array.rows);
    let (n, m) = store.plan().arrays.iter().find(|array| !array.symmetric).map_or((0, 0), sides);
    let mut sweep = Sweep::new(classes, options, (n, m), threads, false)?;
    match store.plan().precision {
        Precision::F32 => {
            each_output::<f32>(store, classes, |mut kernels, row| sweep.one(&mut kernels, &row, None, watch))
        }
        Precision::F64 => {
            each_output::<f64>(store, classes, |mut kernels, row| sweep.one(&mut kernels, &row, None, watch))
        }
    }?;
    watch.end();
    Ok(sweep.report(json!({ "store": store.path().display().to_string(), "manifest": store.manifest() })))
}

/// A sweep under way.
struct Sweep<'a> {
    clock: Instant,
    options: &'a SweepOptions,
    targets: Targets,
    labels: Option<&'a [u16]>,
    threads: usize,
    tests: usize,
    rows: Vec<SweepRow>,
}

impl<'a> Sweep<'a> {
    /// Checks what can be checked without a kernel: the settings, the labels, and the memory for n training and m test images.
    fn new(
        classes: &'a Classes,
        options: &'a SweepOptions,
        (n, m): (usize, usize),
        threads: Option<usize>,
        variance: bool,
    ) -> Result<Self, JobError> {
        let targets = Targets::new(&classes.train, classes.names.len())?;
        if let Some(labels) = &classes.test {
            Targets::new(labels, targets.classes())?;
        }
        // The kernel, its eigenvectors, and as much again while they are found; the scores and the test kernel come later.
        let (n, m) = (n as f64, m as f64);
        let after = 8.0 * n * if variance { f64::max(4.0 * n, n + 2.0 * m) } else { 4.0 * n };
        Need { after, ..Need::default() }.check()?;
        let labels = classes.test.as_deref();
        let threads = threads.unwrap_or_else(cores);
        Ok(Sweep { clock: Instant::now(), options, targets, labels, threads, tests: m as usize, rows: Vec::new() })
    }

    fn one(
        &mut self,
        kernels: &mut impl Kernels,
        of: &Row,
        diagonal: Option<&[f64]>,
        watch: &dyn Watch,
    ) -> Result<(), JobError> {
        let tests = Tests { labels: self.labels, diagonal };
        let rows = sweep_one(kernels, of, self.options, (&self.targets, &tests), self.threads, watch)?;
        self.rows.extend(rows);
        Ok(())
    }

    fn report(self, mut settings: Value) -> SweepReport {
        settings["ridges"] = json!(self.options.ridges);
        // JSON has no infinity.
        settings["times"] = json!(self.options.times.iter().map(f64::to_string).collect::<Vec<_>>());
        SweepReport {
            software: Software::default(),
            command: "sweep",
            settings,
            threads: self.threads,
            seconds: self.clock.elapsed().as_secs_f64(),
            tests: self.tests,
            results: self.rows,
        }
    }
}

/// The rows of one kernel.
///
/// # Errors
/// What cannot be read, sizes that do not fit, no memory. A ridge that is not enough is noted in its row and is no error.
///
/// # Cost
/// About 9 n³ operations; four n×n matrices of f64, and one m×n where variances are wanted.
fn sweep_one(
    kernels: &mut impl Kernels,
    of: &Row,
    options: &SweepOptions,
    (targets, tests): (&Targets, &Tests<'_>),
    threads: usize,
    watch: &dyn Watch,
) -> Result<Vec<SweepRow>, JobError> {
    watch.stage(&format!("eigenvalues: {}", of.name()));
    let mut workspace = Workspace::new(kernels.n(), threads)?;
    workspace.load(|lower| kernels.load(lower))?;
    let spectrum = workspace.spectrum(targets)?;
    drop(workspace);
    let settings = options.ridges.iter().map(|&ridge| (Some(ridge), None));
    let settings = settings.chain(options.times.iter().map(|&time| (None, Some(time))));
    let (mut rows, mut weights) = (Vec::new(), Vec::new());
    for (ridge, time) in settings {
        let mut row = SweepRow {
            net: of.net.clone(),
            kernel: of.kernel.clone(),
            trained: of.trained.clone(),
            depth: of.depth,
            ridge,
            time,
            ..SweepRow::default()
        };
        match weights_of(&spectrum, targets, &mut row) {
            Ok(found) => weights.push(found),
            Err(error @ RegressionError::Indefinite { .. }) => row.error = Some(error.to_string()),
            Err(error) => return Err(error.into()),
        }
        rows.push(row);
    }
    watch.stage(&format!("predictions: {}", of.name()));
    predict(kernels, &weights, &mut rows, targets, tests)?;
    if let Some(diagonal) = tests.diagonal {
        variances(kernels, &spectrum, diagonal, &mut rows)?;
    }
    Ok(rows)
}

/// The weights of a row, and what the training images tell of it.
fn weights_of(spectrum: &Spectrum, targets: &Targets, row: &mut SweepRow) -> Result<Mat<f64>, RegressionError> {
    let Some(ridge) = row.ridge else {
        return spectrum.flow(row.time.unwrap_or(f64::INFINITY));
    };
    let left_out = spectrum.leave_one_out(ridge)?;
    let y = targets.one_hot();
    let squares =
        (0..y.ncols()).flat_map(|c| (0..y.nrows()).map(move |i| (i, c))).map(|at| (left_out[at] - y[at]).powi(2));
    row.leave_one_out_error = Some(squares.sum::<f64>() / (y.nrows() * y.ncols()) as f64);
    row.leave_one_out_accuracy = Some(evaluate(left_out.as_ref(), targets.labels(), targets.classes())?.accuracy);
    row.condition = Some(spectrum.condition(ridge));
    spectrum.weights(ridge)
}

/// The scores of all rows that have weights, with the test kernel read once.
fn predict(
    kernels: &mut impl Kernels,
    weights: &[Mat<f64>],
    rows: &mut [SweepRow],
    targets: &Targets,
    tests: &Tests<'_>,
) -> Result<(), JobError> {
    let classes = targets.classes();
    if weights.is_empty() {
        return Ok(());
    }
    let all =
        Mat::from_fn(targets.labels().len(), weights.len() * classes, |i, c| weights[c / classes][(i, c % classes)]);
    let scores = kernels.predict(all.as_ref())?;
    for (index, row) in rows.iter_mut().filter(|row| row.error.is_none()).enumerate() {
        let own = Mat::from_fn(scores.nrows(), classes, |i, c| scores[(i, index * classes + c)]);
        row.scores = (0..own.nrows()).flat_map(|i| (0..classes).map(move |c| (i, c))).map(|at| own[at]).collect();
        match tests.labels {
            Some(labels) => row.accuracy = Some(evaluate(own.as_ref(), labels, classes)?.accuracy),
            // Scores that are no numbers are found here, too.
            None => drop(predicted(&own)?),
        }
    }
    Ok(())
}

/// The variances of all rows with a ridge.
fn variances(
    kernels: &mut impl Kernels,
    spectrum: &Spectrum,
    diagonal: &[f64],
    rows: &mut [SweepRow],
) -> Result<(), JobError> {
    let mut test = Mat::zeros(kernels.tests(), spectrum.n());
    kernels.blocks(&mut |block| {
        for (row, line) in (block.row..).zip(block.values.chunks_exact(block.columns)) {
            for (column, &value) in (block.column..).zip(line) {
                test[(row, column)] = value;
            }
        }
        Ok(())
    })?;
    let mut wanted: Vec<&mut SweepRow> =
        rows.iter_mut().filter(|row| row.ridge.is_some() && row.error.is_none()).collect();
    let ridges: Vec<f64> = wanted.iter().filter_map(|row| row.ridge).collect();
    for (row, explained) in wanted.iter_mut().zip(spectrum.explained(&ridges, test.as_ref())?) {
        // What is left may be lost in the rounding of k(x, x), but no variance is negative.
        row.variances = diagonal.iter().zip(explained).map(|(k, explained)| (k - explained).max(0.0)).collect();
        row.variance = Some(row.variances.iter().sum::<f64>() / diagonal.len() as f64);
    }
    Ok(())
}
