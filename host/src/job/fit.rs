//! The regression on one output of a pass.

use std::sync::Mutex;
use std::time::Instant;

use faer::{Mat, MatRef};

use super::{Float, JobError, Row, Watch};
use crate::data::npy::Block;
use crate::gram::TileSource;
use crate::regression::{
    Entry, Evaluation, FillError, Fit, LowerMut, Method, Predictor, RegressionError, Targets, Tell, Tiles, Workspace,
    evaluate, solve_tiles,
};
#[cfg(feature = "mpi")]
use crate::regression::{Products, solve_products};

/// Where the two kernels of a regression come from.
pub(super) trait Kernels {
    /// The number of training images.
    fn n(&self) -> usize;

    /// Writes the training kernel.
    ///
    /// # Errors
    /// What cannot be read.
    fn load<T: Entry>(&mut self, lower: &mut LowerMut<'_, T>) -> Result<(), FillError>;

    /// The training kernel as tiles that can be read again and again, if it has such.
    fn tiles(&self) -> Option<&dyn Tiles>;

    /// The number of test images.
    fn tests(&self) -> usize;

    /// Hands the test kernel to `take` part by part: of each row the columns from the first to the last.
    ///
    /// # Errors
    /// What cannot be read; the first error of `take`.
    fn blocks(&mut self, take: &mut dyn FnMut(Block<'_>) -> Result<(), JobError>) -> Result<(), JobError>;

    /// f(x) of the test images with these weights.
    ///
    /// # Errors
    /// What cannot be read, or does not fit.
    fn predict(&mut self, weights: MatRef<'_, f64>) -> Result<Mat<f64>, JobError> {
        let mut predictor = Predictor::new(weights, self.tests())?;
        self.blocks(&mut |Block { row, column, rows, columns, values }| {
            Ok(predictor.add_block(row, column, rows, columns, values)?)
        })?;
        Ok(predictor.finish()?)
    }
}

/// One output of a training and a test kernel.
pub(super) struct Output<'a, S> {
    pub(super) train: &'a dyn TileSource<S>,
    pub(super) test: &'a dyn TileSource<S>,
    pub(super) output: usize,
}

impl<S: Float> Kernels for Output<'_, S> {
    fn n(&self) -> usize {
        self.train.plan().rows
    }

    fn load<T: Entry>(&mut self, lower: &mut LowerMut<'_, T>) -> Result<(), FillError> {
        load_tiles(lower, self.train, self.output)
    }

    fn tiles(&self) -> Option<&dyn Tiles> {
        Some(self)
    }

    fn tests(&self) -> usize {
        self.test.plan().rows
    }

    fn blocks(&mut self, take: &mut dyn FnMut(Block<'_>) -> Result<(), JobError>) -> Result<(), JobError> {
        let (test, tile) = (self.test, self.test.tile());
        let (mut values, mut wide) = (Vec::new(), Vec::<f64>::new());
        for (i, j) in test.plan().tiles(tile) {
            test.read(self.output, i, j, &mut values)?;
            let (rows, columns) = test.plan().tile_shape(tile, i, j).unwrap_or_default();
            wide.clear();
            wide.extend(values.iter().map(|&value| Into::<f64>::into(value)));
            take(Block { row: i * tile, column: j * tile, rows, columns, values: &wide })?;
        }
        Ok(())
    }
}

impl<S: Float> Tiles for Output<'_, S> {
    fn n(&self) -> usize {
        self.train.plan().rows
    }

    fn edge(&self) -> usize {
        self.train.tile()
    }

    fn read(&self, i: usize, j: usize, out: &mut Vec<f64>) -> Result<(), FillError> {
        let mut values = Vec::new();
        self.train.read(self.output, i, j, &mut values)?;
        out.clear();
        out.extend(values.into_iter().map(Into::<f64>::into));
        Ok(())
    }
}

/// The memory of the solves, made when the first kernel comes.
enum Memory {
    Cholesky(Option<Workspace>),
    Mixed(Option<Workspace<f32>>),
    Cg,
}

/// Regression on one kernel after another, with one n×n matrix of memory, or less, for all of them.
pub struct Solver<'a> {
    memory: Memory,
    threads: usize,
    ridge: f64,
    targets: &'a Targets,
    /// The classes of the test images, if they are known.
    test_labels: Option<&'a [u16]>,
    classes: &'a [String],
    /// The seconds that all regressions took.
    pub seconds: f64,
}

impl<'a> Solver<'a> {
    /// A solver for these labels, by Cholesky in f64.
    ///
    /// # Errors
    /// A ridge that is negative or not finite; a test label that names no class.
    pub fn new(
        targets: &'a Targets,
        test_labels: Option<&'a [u16]>,
        classes: &'a [String],
        ridge: f64,
        threads: usize,
    ) -> Result<Self, JobError> {
        if !ridge.is_finite() || ridge < 0.0 {
            return Err(JobError::Usage(RegressionError::Ridge { ridge }.to_string()));
        }
        if let Some(labels) = test_labels {
            // The same check as on the training labels, before hours of work.
            Targets::new(labels, targets.classes())?;
        }
        Ok(Solver { memory: Memory::Cholesky(None), threads, ridge, targets, test_labels, classes, seconds: 0.0 })
    }

    /// The same by another method.
    pub fn by(self, method: Method) -> Self {
        let memory = match method {
            Method::Cholesky => Memory::Cholesky(None),
            Method::Mixed => Memory::Mixed(None),
            Method::Cg => Memory::Cg,
        };
        Solver { memory, ..self }
    }

    /// Fits one output of the training kernel and predicts from the test kernel; the results go into `row`.
    ///
    /// A kernel for which there is no solution is noted in the row and is no error: the others may have one.
    ///
    /// # Accuracy
    /// Weights: [`Workspace::solve`], by the other methods [`solve_tiles`]; scores: [`Predictor::add_block`].
    ///
    /// # Errors
    /// Tiles that cannot be read, matrices of other sizes than the labels, no memory.
    pub fn tiles<S: Float>(
        &mut self,
        train: &dyn TileSource<S>,
        test: &dyn TileSource<S>,
        output: usize,
        row: &mut Row,
        watch: &dyn Watch,
    ) -> Result<(), JobError> {
        self.one(&mut Output { train, test, output }, row, watch)
    }

    /// The same by conjugate gradients with products that others form.
    #[cfg(feature = "mpi")]
    pub(super) fn tiles_with<S: Float>(
        &mut self,
        products: &dyn Products,
        train: &dyn TileSource<S>,
        test: &dyn TileSource<S>,
        output: usize,
        row: &mut Row,
        watch: &dyn Watch,
    ) -> Result<(), JobError> {
        let (threads, ridge, targets) = (self.threads, self.ridge, self.targets);
        let fit = |kernels: &mut Output<'_, S>, tell: Tell<'_>| {
            solve_products(products, kernels, ridge, targets.one_hot().as_ref(), threads, tell)
        };
        self.one_by(&mut Output { train, test, output }, row, watch, |_, kernels, tell| fit(kernels, tell))
    }

    /// The regression with any source of kernels.
    pub(super) fn one(&mut self, kernels: &mut impl Kernels, row: &mut Row, watch: &dyn Watch) -> Result<(), JobError> {
        self.one_by(kernels, row, watch, Self::fit)
    }

    fn one_by<K: Kernels>(
        &mut self,
        kernels: &mut K,
        row: &mut Row,
        watch: &dyn Watch,
        fit: impl FnOnce(&mut Self, &mut K, Tell<'_>) -> Result<Fit, RegressionError>,
    ) -> Result<(), JobError> {
        let clock = Instant::now();
        let stage = format!("regression: {}", row.name());
        watch.stage(&stage);
        let fit = match fit(self, kernels, &told(&stage, watch)) {
            Ok(fit) => fit,
            Err(
                error @ (RegressionError::NotPositiveDefinite(_)
                | RegressionError::Curvature { .. }
                | RegressionError::Singular { .. }
                | RegressionError::Stagnation { .. }
                | RegressionError::Overflow { .. }
                | RegressionError::Solution { .. }),
            ) => {
                match &error {
                    RegressionError::NotPositiveDefinite(failure) => {
                        row.pivot_failed = Some(failure.pivot);
                        row.suggested_ridge = failure.suggested_ridge;
                    }
                    RegressionError::Curvature { suggested_ridge, .. }
                    | RegressionError::Stagnation { suggested_ridge, .. } => row.suggested_ridge = *suggested_ridge,
                    RegressionError::Singular { suggested_ridge, .. } => row.suggested_ridge = Some(*suggested_ridge),
                    _ => {}
                }
                row.error = Some(error.to_string());
                self.seconds += clock.elapsed().as_secs_f64();
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(warning) = fit.report.warning() {
            tracing::warn!("{}: {warning}", row.name());
        }
        let scores = kernels.predict(fit.alpha.as_ref())?;
        row.predictions = match self.test_labels {
            Some(labels) => {
                let evaluation = evaluate(scores.as_ref(), labels, self.targets.classes())?;
                row.score(&evaluation, self.classes);
                evaluation.predictions
            }
            None => predicted(&scores)?,
        };
        row.scores = flat(&scores);
        row.solve = Some(fit.report);
        self.seconds += clock.elapsed().as_secs_f64();
        Ok(())
    }

    fn fit(&mut self, kernels: &mut impl Kernels, tell: Tell<'_>) -> Result<Fit, RegressionError> {
        let (n, threads, ridge, targets) = (kernels.n(), self.threads, self.ridge, self.targets);
        match (&mut self.memory, kernels.tiles()) {
            (Memory::Cg, Some(tiles)) => solve_tiles(tiles, ridge, targets.one_hot().as_ref(), threads, tell),
            (Memory::Cg, None) => Err(RegressionError::NotLoaded),
            (Memory::Cholesky(memory), _) => fit(memory, || Workspace::new(n, threads), kernels, ridge, targets, tell),
            (Memory::Mixed(memory), _) => fit(memory, || Workspace::mixed(n, threads), kernels, ridge, targets, tell),
        }
    }
}

/// Hands on what a solve tells: what stands before a colon is a stage, and told when it begins.
fn told<'a>(name: &'a str, watch: &'a dyn Watch) -> impl Fn(&str) + Sync + 'a {
    let last = Mutex::new(String::new());
    move |text| {
        let stage = text.split_once(':').map_or(text, |(stage, _)| stage);
        // A thread that panicked while it held the lock has left a whole text behind.
        let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let text = format!("{name}: {text}");
        if *last == stage {
            watch.step(&text);
        } else {
            stage.clone_into(&mut last);
            watch.stage(&text);
        }
    }
}

/// The fit in a matrix that is made when the first kernel comes.
fn fit<T: Entry>(
    memory: &mut Option<Workspace<T>>,
    make: impl FnOnce() -> Result<Workspace<T>, RegressionError>,
    kernels: &mut impl Kernels,
    ridge: f64,
    targets: &Targets,
    tell: Tell<'_>,
) -> Result<Fit, RegressionError> {
    let workspace = match memory {
        Some(workspace) => workspace,
        empty => empty.insert(make()?),
    };
    tell("reading the kernel");
    workspace.load(|lower| kernels.load(lower))?;
    workspace.solve_watched(ridge, targets, tell)
}

/// Writes one output of a training kernel.
///
/// # Errors
/// Tiles that cannot be read or do not fit.
pub(super) fn load_tiles<S: Float, T: Entry>(
    lower: &mut LowerMut<'_, T>,
    train: &dyn TileSource<S>,
    output: usize,
) -> Result<(), FillError> {
    let tile = train.tile();
    let mut values = Vec::new();
    for (i, j) in train.plan().tiles(tile) {
        train.read(output, i, j, &mut values)?;
        let (rows, columns) = train.plan().tile_shape(tile, i, j).unwrap_or_default();
        lower.set_tile(i * tile, j * tile, rows, columns, &values)?;
    }
    Ok(())
}

/// The scores, image by image.
pub(super) fn flat(scores: &Mat<f64>) -> Vec<f64> {
    (0..scores.nrows()).flat_map(|i| (0..scores.ncols()).map(move |c| (i, c))).map(|at| scores[at]).collect()
}

/// The class of the largest score of each row.
///
/// # Errors
/// Those of [`evaluate`].
pub fn predicted(scores: &Mat<f64>) -> Result<Vec<u16>, RegressionError> {
    // The labels only serve the accuracy, which nobody asks for here.
    let Evaluation { predictions, .. } = evaluate(scores.as_ref(), &vec![0; scores.nrows()], scores.ncols())?;
    Ok(predictions)
}
