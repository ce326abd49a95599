//! Regression on kernels that were computed before: of `.npy` files, or of a store.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::fit::{Kernels, Output};
use super::memory::{Need, choose, offered};
use super::report::{MemoryUse, Report, Row, Software};
use super::symmetric::load_symmetric;
use super::{Float, JobError, Solver, Watch, checksum_labels, cores};
use crate::data::npy::{Block, Matrices};
use crate::data::{Dataset, Kind, LoadOptions, Subset, load};
use crate::gram::{Stored, TileSource};

use crate::regression::{Entry, FillError, LowerMut, Method, Targets, Tiles};
use crate::store::{Precision, Store};

/// The classes of the images.
#[derive(Clone, Debug)]
pub struct Classes {
    /// Of the training images.
    pub train: Vec<u16>,
    /// Of the test images, if they are known.
    pub test: Option<Vec<u16>>,
    /// The names of the classes.
    pub names: Vec<String>,
}

impl Classes {
    /// Classes called by their numbers, from 0 to the largest label.
    pub fn numbered(train: Vec<u16>, test: Option<Vec<u16>>) -> Self {
        let largest = train.iter().chain(test.iter().flatten()).max().copied().unwrap_or(0);
        Classes { train, test, names: (0..=largest).map(|class| class.to_string()).collect() }
    }
}

impl From<&Dataset> for Classes {
    fn from(data: &Dataset) -> Self {
        let (train, test) = (data.train.labels.clone(), data.test.labels.clone());
        Classes { train, test: Some(test), names: data.classes.clone() }
    }
}

/// Regression on the matrices of two files, as [`kernel()`](super::kernel()) writes them: (n, n) and (m, n), or both with
/// the same numbers of depths, or of kernels and depths, before that.
///
/// # Accuracy
/// That of [`Solver::tiles`].
///
/// # Errors
/// Files that do not fit each other or the labels; a training kernel that is not symmetric.
///
/// # Cost
/// Memory: one n×n matrix of f64, or of f32 where `solver` is mixed, into which the file is read, and some MB.
pub fn regress_arrays(
    train: &mut Matrices,
    test: &mut Matrices,
    classes: &Classes,
    ridge: f64,
    solver: Option<Method>,
    threads: Option<usize>,
    watch: &dyn Watch,
) -> Result<Report, JobError> {
    let clock = Instant::now();
    let threads = threads.unwrap_or_else(cores);
    let targets = Targets::new(&classes.train, classes.names.len())?;
    let asked = solver;
    let solver = Solver::new(&targets, classes.test.as_deref(), &classes.names, ridge, threads)?;
    check_shapes(train, test)?;
    check_labels(train.rows(), test.rows(), classes)?;
    let methods = offered(asked, train.is_f32(), false)?;
    let need = |method| Need::default().solving(method, train.rows(), targets.classes());
    let method = choose(asked, &methods, need)?;
    let (mut solver, planned_bytes) = (solver.by(method), need(method).bytes());
    let mut rows = Vec::new();
    each_matrix(train, test, |mut kernels, mut row| {
        solver.one(&mut kernels, &mut row, watch)?;
        rows.push(row);
        Ok(())
    })?;
    watch.end();
    let settings = json!({
        "train": train.name(),
        "test": test.name(),
        "ridge": ridge,
        "solver": asked.map_or("auto", Method::name),
        "labels_sha256": checksum_labels(&classes.train),
    });
    Ok(report(settings, threads, solver.seconds, (planned_bytes, clock), rows))
}

/// One matrix of either file.
pub(super) struct Arrays<'a> {
    train: &'a mut Matrices,
    test: &'a mut Matrices,
    index: usize,
}

/// Hands the matrices of the two files, whose shapes fit, to `take` in turn, with what is known of them.
///
/// # Errors
/// The first of `take`.
pub(super) fn each_matrix(
    train: &mut Matrices,
    test: &mut Matrices,
    mut take: impl FnMut(Arrays<'_>, Row) -> Result<(), JobError>,
) -> Result<(), JobError> {
    for index in 0..train.count() {
        let mut row = Row { net: train.name().to_owned(), depth: index, ..Row::default() };
        if let [_, depths] = *train.outer() {
            (row.kernel, row.depth) = ((index / depths).to_string(), index % depths);
        }
        take(Arrays { train: &mut *train, test: &mut *test, index }, row)?;
    }
    Ok(())
}

impl Kernels for Arrays<'_> {
    fn n(&self) -> usize {
        self.train.rows()
    }

    fn load<T: Entry>(&mut self, lower: &mut LowerMut<'_, T>) -> Result<(), FillError> {
        Ok(load_symmetric(self.train, self.index, lower)?)
    }

    fn tiles(&self) -> Option<&dyn Tiles> {
        None
    }

    fn tests(&self) -> usize {
        self.test.rows()
    }

    fn blocks(&mut self, take: &mut dyn FnMut(Block<'_>) -> Result<(), JobError>) -> Result<(), JobError> {
        self.test.blocks(self.index, take)
    }
}

/// Checks that the files hold training and test kernels of the same images.
pub(super) fn check_shapes(train: &Matrices, test: &Matrices) -> Result<(), JobError> {
    let text = |shape: &[usize]| shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let (have, n) = (text(train.shape()), train.rows());
    if train.columns() != n {
        let reason = format!("{}: a training kernel is square, this one is ({have})", train.name());
        return Err(JobError::Input(reason));
    }
    if (train.outer(), n) != (test.outer(), test.columns()) {
        let need = text(&[train.outer(), &[test.rows(), n]].concat());
        return Err(JobError::Input(format!(
            "{} is ({have}), {} is ({}): a test kernel that fits is ({need}), test images before training images",
            train.name(),
            test.name(),
            text(test.shape())
        )));
    }
    Ok(())
}

/// Regression on all kernels of a finished store.
///
/// # Accuracy
/// That of [`Solver::tiles`].
///
/// # Errors
/// A store of something else than a run; tiles that are missing, with their number; labels that do not fit.
pub fn regress_store(
    store: &Store,
    classes: &Classes,
    ridge: f64,
    solver: Option<Method>,
    threads: Option<usize>,
    watch: &dyn Watch,
) -> Result<Report, JobError> {
    match store.plan().precision {
        Precision::F32 => regress_stored::<f32>(store, classes, ridge, solver, threads, watch),
        Precision::F64 => regress_stored::<f64>(store, classes, ridge, solver, threads, watch),
    }
}

fn regress_stored<S: Float>(
    store: &Store,
    classes: &Classes,
    ridge: f64,
    solver: Option<Method>,
    threads: Option<usize>,
    watch: &dyn Watch,
) -> Result<Report, JobError> {
    let clock = Instant::now();
    let threads = threads.unwrap_or_else(cores);
    let targets = Targets::new(&classes.train, classes.names.len())?;
    let asked = solver;
    let methods = offered(asked, S::PRECISION == Precision::F32, true)?;
    let solver = Solver::new(&targets, classes.test.as_deref(), &classes.names, ridge, threads)?;
    let n = store.plan().arrays.iter().map(|array| array.cols).max().unwrap_or(0);
    let need = |method| Need::default().solving(method, n, targets.classes());
    let method = choose(asked, &methods, need)?;
    let (mut solver, planned_bytes) = (solver.by(method), need(method).bytes());
    let mut rows = Vec::new();
    each_output::<S>(store, classes, |mut kernels, mut row| {
        solver.one(&mut kernels, &mut row, watch)?;
        rows.push(row);
        Ok(())
    })?;
    watch.end();
    let settings = json!({
        "store": store.path().display().to_string(),
        "manifest": store.manifest(),
        "ridge": ridge,
        "solver": asked.map_or("auto", Method::name),
    });
    Ok(report(settings, threads, solver.seconds, (planned_bytes, clock), rows))
}

/// Hands the outputs of a finished store to `take` in turn, with what is known of them.
///
/// # Errors
/// A store of something else than a run; tiles that are missing, with their number; labels that do not fit; the first of `take`.
pub(super) fn each_output<S: Float>(
    store: &Store,
    classes: &Classes,
    mut take: impl FnMut(Output<'_, S>, Row) -> Result<(), JobError>,
) -> Result<(), JobError> {
    let (plan, path) = (store.plan(), store.path().display());
    let (mut missing, mut all) = (0, 0);
    for array in &plan.arrays {
        missing += store.missing_tiles(&array.name)?.len();
        all += array.tiles(plan.tile).count();
    }
    if missing > 0 {
        return Err(JobError::Input(format!(
            "{path}: {missing} of {all} tiles are missing; run with --resume or its --shard computes them"
        )));
    }
    for array in &plan.arrays {
        let Some(pass) = array.name.strip_suffix("-train") else { continue };
        let train = Stored::new(store, &array.name)?;
        let test = Stored::new(store, &format!("{pass}-test"))?;
        let (train, test): (&dyn TileSource<S>, &dyn TileSource<S>) = (&train, &test);
        if !array.symmetric || test.plan().cols != array.rows || test.plan().outputs != array.outputs {
            return Err(JobError::Input(format!("{path}: the arrays of {pass} do not belong together")));
        }
        check_labels(array.rows, test.plan().rows, classes)?;
        let trained = store.manifest().get("passes").and_then(|passes| passes.get(pass)?.get("trained")?.as_str());
        for (index, output) in array.outputs.iter().enumerate() {
            // As `Output` writes it: "cntk-v ntk depth 3".
            let mut words = output.split(' ');
            let row = Row {
                net: words.next().unwrap_or_default().to_owned(),
                kernel: words.next().unwrap_or_default().to_owned(),
                trained: trained.unwrap_or_default().to_owned(),
                depth: words.nth(1).and_then(|depth| depth.parse().ok()).unwrap_or(index),
                ..Row::default()
            };
            take(Output { train, test, output: index }, row)?;
        }
    }
    Ok(())
}

/// The data set that a store was made of, loaded again as its manifest tells.
///
/// # Errors
/// A store of arrays, or of something else than a run; a data set that is not there or has changed since.
pub fn stored_data(store: &Store, data_dir: Option<&Path>) -> Result<Dataset, JobError> {
    let path = store.path().display();
    let data = store.manifest().get("data");
    let text = |field: &str| data.and_then(|data| data.get(field)?.as_str()).unwrap_or_default();
    let set = |set: &str, field: &str| data.and_then(|data| data.get(set)?.get(field)).cloned().unwrap_or(Value::Null);
    let size = |name: &str| set(name, "images").as_u64().and_then(|size| usize::try_from(size).ok());
    let kind: Kind = text("name").parse().map_err(|_| {
        let name = text("name");
        JobError::Input(format!("{path}: made of {name:?}, which is no known data set: name its labels with --labels"))
    })?;
    if kind == Kind::Digits && data_dir.is_some() {
        let reason = format!("--data-dir: {path} is made of the digits, which are bundled");
        return Err(JobError::Usage(reason));
    }
    let subset: Subset =
        text("subset").parse().map_err(|error| JobError::Input(format!("{path}: the manifest: {error}")))?;
    let data_dir = data_dir.map(Path::to_owned);
    let data = load(&LoadOptions { kind, data_dir, train_size: size("train"), test_size: size("test"), subset })?;
    for (name, labels) in [("train", &data.train.labels), ("test", &data.test.labels)] {
        if set(name, "labels_sha256").as_str() != Some(&checksum_labels(labels)) {
            let reason = format!("{path}: the {name} labels of {kind} are not those that the store was made with");
            return Err(JobError::Input(reason));
        }
    }
    Ok(data)
}

/// Checks the numbers of labels.
pub(super) fn check_labels(n: usize, m: usize, classes: &Classes) -> Result<(), JobError> {
    let counts = [("training", n, Some(&classes.train)), ("test", m, classes.test.as_ref())];
    for (what, images, labels) in counts {
        if let Some(labels) = labels
            && labels.len() != images
        {
            let labels = labels.len();
            return Err(JobError::Input(format!("{labels} {what} labels for kernels of {images} {what} images")));
        }
    }
    Ok(())
}

fn report(
    settings: Value,
    threads: usize,
    seconds: f64,
    (planned_bytes, clock): (f64, Instant),
    results: Vec<Row>,
) -> Report {
    Report {
        software: Software::default(),
        command: "regress",
        settings,
        data: None,
        backend: None,
        threads,
        seed: None,
        passes: Vec::new(),
        pairs: 0,
        kernel_seconds: 0.0,
        seconds_per_pair: None,
        regression_seconds: seconds,
        seconds: clock.elapsed().as_secs_f64(),
        memory: MemoryUse::until_now(planned_bytes),
        results,
    }
}
