//! Regression on kernels that were computed before: of `.npy` files, or of a store.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::report::{Report, Row, Software};
use super::{Float, JobError, Solver, Watch, checksum_labels, cores};
use crate::data::npy::Matrices;
use crate::data::{Dataset, Kind, LoadOptions, Subset, load};
use crate::gram::{Stored, TileSource};
use crate::regression::{Predictor, Targets};
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

impl From<Dataset> for Classes {
    fn from(data: Dataset) -> Self {
        Classes { train: data.train.labels, test: Some(data.test.labels), names: data.classes }
    }
}

/// Regression on the matrices of two files, (n, n) and (m, n), or (depths, n, n) and (depths, m, n).
///
/// # Errors
/// Files that do not fit each other or the labels; a training kernel that is not symmetric.
///
/// # Cost
/// Memory: two n×n matrices of f64, one to read and one to factor.
pub fn regress_arrays(
    train: &Path,
    test: &Path,
    classes: &Classes,
    ridge: f64,
    threads: Option<usize>,
    watch: &dyn Watch,
) -> Result<Report, JobError> {
    let clock = Instant::now();
    let threads = threads.unwrap_or_else(cores);
    let targets = Targets::new(&classes.train, classes.names.len())?;
    let mut solver = Solver::new(&targets, classes.test.as_deref(), &classes.names, ridge, threads)?;
    let (mut train_file, mut test_file) = (Matrices::open(train)?, Matrices::open(test)?);
    let n = train_file.rows();
    let (train_name, test_name) = (train.display(), test.display());
    let mismatch = |what: String| Err(JobError::Input(what));
    if train_file.columns() != n {
        return mismatch(format!(
            "{train_name}: a training kernel is square, this one is {n}x{}",
            train_file.columns()
        ));
    }
    if (test_file.count(), test_file.columns()) != (train_file.count(), n) {
        let (count, columns) = (test_file.count(), test_file.columns());
        return mismatch(format!(
            "{train_name} holds {} kernels with {n} columns, {test_name} holds {count} with {columns} columns: they must be \
             equal",
            train_file.count()
        ));
    }
    check_labels(n, test_file.rows(), classes)?;
    let mut rows = Vec::new();
    for index in 0..train_file.count() {
        let mut row = Row { net: train_name.to_string(), depth: index, ..Row::default() };
        watch.stage(&format!("regression: matrix {index}"));
        let values = train_file.read(index)?;
        check_symmetric(&values, n, &train_name.to_string(), index)?;
        let m = test_file.rows();
        solver.one(
            n,
            |workspace| workspace.load(|lower| Ok(lower.set_tile(0, 0, n, n, &values)?)),
            |fit| {
                let mut predictor = Predictor::new(fit.alpha.as_ref(), m)?;
                predictor.add_block(0, 0, m, n, &test_file.read(index)?)?;
                Ok(predictor.finish()?)
            },
            &mut row,
        )?;
        rows.push(row);
    }
    watch.end();
    let settings = json!({
        "train": train_name.to_string(),
        "test": test_name.to_string(),
        "ridge": ridge,
        "labels_sha256": checksum_labels(&classes.train),
    });
    Ok(report(settings, threads, solver.seconds, clock, rows))
}

/// Regression on all kernels of a finished store.
///
/// # Errors
/// A store of something else than a run; tiles that are missing, with their number; labels that do not fit.
pub fn regress_store(
    store: &Store,
    classes: &Classes,
    ridge: f64,
    threads: Option<usize>,
    watch: &dyn Watch,
) -> Result<Report, JobError> {
    match store.plan().precision {
        Precision::F32 => regress_stored::<f32>(store, classes, ridge, threads, watch),
        Precision::F64 => regress_stored::<f64>(store, classes, ridge, threads, watch),
    }
}

fn regress_stored<S: Float>(
    store: &Store,
    classes: &Classes,
    ridge: f64,
    threads: Option<usize>,
    watch: &dyn Watch,
) -> Result<Report, JobError> {
    let clock = Instant::now();
    let threads = threads.unwrap_or_else(cores);
    let targets = Targets::new(&classes.train, classes.names.len())?;
    let mut solver = Solver::new(&targets, classes.test.as_deref(), &classes.names, ridge, threads)?;
    let missing: usize = store
        .plan()
        .arrays
        .iter()
        .map(|array| Ok(store.missing_tiles(&array.name)?.len()))
        .sum::<Result<_, JobError>>()?;
    let path = store.path().display();
    if missing > 0 {
        return Err(JobError::Input(format!("{path}: {missing} tiles are missing; run with --resume computes them")));
    }
    let mut rows = Vec::new();
    for array in &store.plan().arrays {
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
            let mut row = Row {
                net: words.next().unwrap_or_default().to_owned(),
                kernel: words.next().unwrap_or_default().to_owned(),
                trained: trained.unwrap_or_default().to_owned(),
                depth: words.nth(1).and_then(|depth| depth.parse().ok()).unwrap_or(index),
                ..Row::default()
            };
            watch.stage(&format!("regression: {}", row.name()));
            solver.tiles(train, test, index, &mut row)?;
            rows.push(row);
        }
    }
    watch.end();
    let settings = json!({ "store": path.to_string(), "manifest": store.manifest(), "ridge": ridge });
    Ok(report(settings, threads, solver.seconds, clock, rows))
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
    let subset: Subset = text("subset").parse()?;
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

fn check_labels(n: usize, m: usize, classes: &Classes) -> Result<(), JobError> {
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

/// A training kernel that is not symmetric is a mistake: two files exchanged, or a matrix of something else.
fn check_symmetric(values: &[f64], n: usize, file: &str, index: usize) -> Result<(), JobError> {
    // Far above the rounding of any kernel in f32, far below any mistake.
    const TOLERANCE: f64 = 1e-3;
    let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    for row in 0..n {
        for column in 0..row {
            let (a, b) = (values[row * n + column], values[column * n + row]);
            if (a - b).abs() > TOLERANCE * largest {
                let reason = format!(
                    "{file}: matrix {index} is not symmetric: {a:e} at ({row}, {column}), {b:e} at ({column}, {row})"
                );
                return Err(JobError::Input(reason));
            }
        }
    }
    Ok(())
}

fn report(settings: Value, threads: usize, seconds: f64, clock: Instant, results: Vec<Row>) -> Report {
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
        results,
    }
}
