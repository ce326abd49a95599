//! Many regressions on each kernel from one decomposition: ridges with their leave-one-out errors, times of training, and the mean
//! and variance of a Gaussian process.

use std::path::Path;
use std::time::Instant;

use faer::Mat;
use serde::Serialize;
use serde_json::{Value, json};

use super::fit::{Kernels, flat, predicted};
use super::kernel::own_kernels;
use super::manifest::stored_net;
use super::memory::Need;
use super::regress::{check_labels, check_shapes, each_matrix, each_output};
use super::report::{Format, MemoryUse, Row, Software, to_json};
use super::{Classes, Float, JobError, Machine, Silent, Watch, checksum_labels, cores, write_atomically};
use crate::data::npy::Matrices;
use crate::data::{Dataset, Images};
use crate::gram::Gram;
use crate::regression::{Explained, RegressionError, Spectrum, Targets, Workspace, evaluate};
use crate::simd::Backend;
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
    /// The memory.
    pub memory: MemoryUse,
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
    /// The rounding of the kernels.
    epsilon: f64,
}

/// By how many roundings an entry of a kernel may be off: 2e-6 of f32 are some thirty (`docs/accuracy.md`), of which a matrix shows fewer, as
/// the errors of its entries cancel.
const ROUNDINGS: f64 = 16.0;

/// Sweeps over the matrices of two files; a third one holds k(x, x) of the test images, matrices of one row, where variances are wanted.
///
/// # Accuracy
/// That of [`Spectrum`]: some 1e-12 times the condition number. A variance that rounding has made negative is 0.
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
    let single = train.is_f32() || test.is_f32() || diagonal.as_ref().is_some_and(|diagonal| diagonal.is_f32());
    let epsilon = epsilon(if single { Precision::F32 } else { Precision::F64 });
    let mut index = 0;
    each_matrix(train, test, |mut kernels, row| {
        let prior = diagonal.as_mut().map(|diagonal| prior(diagonal, index)).transpose()?;
        index += 1;
        sweep.one(&mut kernels, &row, (prior.as_deref(), epsilon), watch)
    })?;
    watch.end();
    Ok(sweep.report(settings))
}

/// k(x, x) of the test images as a file tells it.
///
/// # Errors
/// A number that k(x, x) is not. An image of zeros has 0.
fn prior(diagonal: &mut Matrices, index: usize) -> Result<Vec<f64>, JobError> {
    let values = diagonal.read(index)?;
    match values.iter().position(|value| !(value.is_finite() && *value >= 0.0)) {
        None => Ok(values),
        Some(image) => Err(JobError::Input(format!(
            "{}: k(x, x) of test image {image} is {:e}, and no kernel is negative there",
            diagonal.name(),
            values[image]
        ))),
    }
}

/// Half the distance of two numbers beside 1.
fn epsilon(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => f64::from(f32::EPSILON) / 2.0,
        Precision::F64 => f64::EPSILON / 2.0,
    }
}

/// Sweeps over all kernels of a finished store. Variances need the data set that it was made of ([`stored_data`](super::stored_data)), as the
/// kernels of the test images with themselves are not in it: they are computed again.
///
/// # Accuracy
/// As [`sweep_arrays`].
///
/// # Errors
/// A store of something else than a run, or of other images; tiles that are missing, with their number; labels that do not fit; as [`sweep_arrays`].
pub fn sweep_store(
    store: &Store,
    classes: &Classes,
    options: &SweepOptions,
    variances: Option<&Dataset>,
    threads: Option<usize>,
    watch: &dyn Watch,
) -> Result<SweepReport, JobError> {
    match store.plan().precision {
        Precision::F32 => sweep_stored::<f32>(store, classes, options, variances, threads, watch),
        Precision::F64 => sweep_stored::<f64>(store, classes, options, variances, threads, watch),
    }
}

fn sweep_stored<S: Float>(
    store: &Store,
    classes: &Classes,
    options: &SweepOptions,
    variances: Option<&Dataset>,
    threads: Option<usize>,
    watch: &dyn Watch,
) -> Result<SweepReport, JobError> {
    let sides = |array: &ArrayPlan| (array.cols, array.rows);
    let (n, m) = store.plan().arrays.iter().find(|array| !array.symmetric).map_or((0, 0), sides);
    let mut priors = variances.map(|data| Priors::new(store, data, threads)).transpose()?;
    let mut sweep = Sweep::new(classes, options, (n, m), threads, variances.is_some())?;
    each_output::<S>(store, classes, |mut kernels, row| {
        let pass = kernels.train.plan().name.trim_end_matches("-train");
        let prior = priors.as_mut().map(|priors| priors.of::<S>(pass, kernels.output, watch)).transpose()?;
        sweep.one(&mut kernels, &row, (prior, epsilon(S::PRECISION)), watch)
    })?;
    watch.end();
    Ok(sweep.report(json!({ "store": store.path().display().to_string(), "manifest": store.manifest() })))
}

/// k(x, x) of the test images of a store, of which it holds the kernels with the training images alone.
struct Priors<'a> {
    store: &'a Store,
    test: &'a Images,
    machine: Machine,
    /// Of one pass, for each output.
    of: Option<(String, Vec<Vec<f64>>)>,
}

impl<'a> Priors<'a> {
    /// # Errors
    /// Other images than those that the store was made with.
    fn new(store: &'a Store, data: &'a Dataset, threads: Option<usize>) -> Result<Self, JobError> {
        let test = &data.test.images;
        let known = store.manifest().get("data").and_then(|data| data.get("test")?.get("sha256")?.as_str());
        if known != Some(&test.checksum()) {
            let path = store.path().display();
            return Err(JobError::Input(format!(
                "{path}: the test images of {} are not those of the store",
                data.name
            )));
        }
        Ok(Priors { store, test, machine: Machine::new(Backend::select()?, threads)?, of: None })
    }

    /// # Errors
    /// A manifest that describes no network; those of [`Gram::tile`].
    fn of<S: Float>(&mut self, pass: &str, output: usize, watch: &dyn Watch) -> Result<&[f64], JobError> {
        let known = match self.of.take() {
            Some(known) if known.0 == pass => known,
            _ => {
                watch.stage(&format!("kernels of {} test images with themselves: {pass}", self.test.len()));
                let (net, flip) = stored_net(self.store, pass, self.test.shape())?;
                let gram = Gram { net: &net, flip, x: self.test, y: None, tile: 1 };
                gram.check::<S>()?;
                let values = own_kernels::<S>(&gram, &self.machine, &Silent)?;
                let wide = |values: Vec<S>| values.into_iter().map(Into::into).collect();
                (pass.to_owned(), values.into_iter().map(wide).collect())
            }
        };
        let (_, values) = self.of.insert(known);
        Ok(values.get(output).map(Vec::as_slice).unwrap_or_default())
    }
}

/// A sweep under way.
struct Sweep<'a> {
    clock: Instant,
    planned_bytes: f64,
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
        let need = Need { after, ..Need::default() };
        need.check()?;
        let labels = classes.test.as_deref();
        let threads = threads.unwrap_or_else(cores);
        let (clock, planned_bytes, tests) = (Instant::now(), need.bytes(), m as usize);
        Ok(Sweep { clock, planned_bytes, options, targets, labels, threads, tests, rows: Vec::new() })
    }

    fn one(
        &mut self,
        kernels: &mut impl Kernels,
        of: &Row,
        (diagonal, epsilon): (Option<&[f64]>, f64),
        watch: &dyn Watch,
    ) -> Result<(), JobError> {
        let tests = Tests { labels: self.labels, diagonal, epsilon };
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
            memory: MemoryUse::until_now(self.planned_bytes),
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
    let stage = |what: &str| watch.stage(&format!("{what}: {}", of.name()));
    stage("reading the kernel");
    let mut workspace = Workspace::new(kernels.n(), threads)?;
    workspace.load(|lower| kernels.load(lower))?;
    stage("eigenvalues");
    let spectrum = workspace.spectrum(targets)?;
    drop(workspace);
    stage("weights and left-out images");
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
    stage("predictions");
    predict(kernels, &weights, &mut rows, targets, tests)?;
    if let Some(diagonal) = tests.diagonal {
        stage("variances");
        variances(kernels, &spectrum, (diagonal, tests.epsilon), &mut rows)?;
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
        row.scores = flat(&own);
        match tests.labels {
            Some(labels) => row.accuracy = Some(evaluate(own.as_ref(), labels, classes)?.accuracy),
            // Scores that are no numbers are found here, too.
            None => drop(predicted(&own)?),
        }
    }
    Ok(())
}

/// The variances of all rows with a ridge, and what rounding may make of them.
///
/// k(x, x), k(x, X) and K together are a matrix with the eigenvalues of a kernel, and the variance is what elimination leaves of k(x, x): it is not
/// negative but for the errors of that matrix. Of these the rounding of its entries makes about ε√n times the largest one, and the decomposition nε₆₄
/// times the largest eigenvalue.
///
/// # Errors
/// A variance that is negative beyond that.
fn variances(
    kernels: &mut impl Kernels,
    spectrum: &Spectrum,
    (diagonal, epsilon): (&[f64], f64),
    rows: &mut [SweepRow],
) -> Result<(), JobError> {
    let mut test = Mat::zeros(kernels.tests(), spectrum.n());
    let mut largest = diagonal.iter().fold(0.0, |max: f64, value| max.max(*value));
    kernels.blocks(&mut |block| {
        for (row, line) in (block.row..).zip(block.values.chunks_exact(block.columns)) {
            for (column, &value) in (block.column..).zip(line) {
                test[(row, column)] = value;
                largest = largest.max(value.abs());
            }
        }
        Ok(())
    })?;
    let (n, [_, top]) = (spectrum.n() as f64, spectrum.extremes());
    let errors = ROUNDINGS * epsilon * n.sqrt() * largest + n * f64::EPSILON * top;
    let mut wanted: Vec<&mut SweepRow> =
        rows.iter_mut().filter(|row| row.ridge.is_some() && row.error.is_none()).collect();
    let ridges: Vec<f64> = wanted.iter().filter_map(|row| row.ridge).collect();
    for (row, explained) in wanted.iter_mut().zip(spectrum.explained(&ridges, test.as_ref())?) {
        let each = diagonal.iter().zip(explained).enumerate();
        let variance = each.map(|(image, (k, Explained { variance: explained, weights }))| {
            let (variance, rounding) = (k - explained, errors * (1.0 + weights));
            if variance < -rounding {
                let ridge = row.ridge.unwrap_or_default();
                return Err(JobError::Input(format!(
                    "the variance of test image {image} is {variance:.1e} with ridge {ridge:e}, of which rounding explains {rounding:.0e}: \
                     k(x, x) = {k:.3e} is not of the images of the test kernel, or of images that were normalised otherwise"
                )));
            }
            Ok(variance.max(0.0))
        });
        row.variances = variance.collect::<Result<_, _>>()?;
        row.variance = Some(row.variances.iter().sum::<f64>() / diagonal.len() as f64);
    }
    Ok(())
}
