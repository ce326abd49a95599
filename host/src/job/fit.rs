//! The regression on one output of a pass.

use std::time::Instant;

use faer::Mat;

use super::{Float, JobError, Row};
use crate::gram::TileSource;
use crate::regression::{Evaluation, Fit, Predictor, RegressionError, Targets, Workspace, evaluate};

/// Regression on one kernel after another, with one n×n matrix of memory for all of them.
pub struct Solver<'a> {
    /// The matrix, made when the first kernel comes.
    workspace: Option<Workspace>,
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
    /// A solver for these labels.
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
        Ok(Solver { workspace: None, threads, ridge, targets, test_labels, classes, seconds: 0.0 })
    }

    /// Fits one output of the training kernel and predicts from the test kernel; the results go into `row`.
    ///
    /// A kernel for which there is no solution is noted in the row and is no error: the others may have one.
    ///
    /// # Errors
    /// Tiles that cannot be read, matrices of other sizes than the labels, no memory.
    pub fn tiles<S: Float>(
        &mut self,
        train: &dyn TileSource<S>,
        test: &dyn TileSource<S>,
        output: usize,
        row: &mut Row,
    ) -> Result<(), JobError> {
        let load = |workspace: &mut Workspace| load_tiles(workspace, train, output);
        let predict = |fit: &Fit| {
            let tile = test.tile();
            let mut predictor = Predictor::new(fit.alpha.as_ref(), test.plan().rows)?;
            let mut values = Vec::new();
            for (i, j) in test.plan().tiles(tile) {
                test.read(output, i, j, &mut values)?;
                let (rows, columns) = test.plan().tile_shape(tile, i, j).unwrap_or_default();
                predictor.add_block(i * tile, j * tile, rows, columns, &values)?;
            }
            Ok(predictor.finish()?)
        };
        self.one(train.plan().rows, load, predict, row)
    }

    /// The regression with any source of kernels.
    pub(super) fn one(
        &mut self,
        n: usize,
        load: impl FnOnce(&mut Workspace) -> Result<(), RegressionError>,
        predict: impl FnOnce(&Fit) -> Result<Mat<f64>, JobError>,
        row: &mut Row,
    ) -> Result<(), JobError> {
        let clock = Instant::now();
        let workspace = match &mut self.workspace {
            Some(workspace) => workspace,
            empty => empty.insert(Workspace::new(n, self.threads)?),
        };
        load(workspace)?;
        let result = workspace.solve(self.ridge, self.targets);
        let fit = match result {
            Ok(fit) => fit,
            Err(
                error @ (RegressionError::NotPositiveDefinite(_)
                | RegressionError::Overflow { .. }
                | RegressionError::Solution { .. }),
            ) => {
                if let RegressionError::NotPositiveDefinite(failure) = &error {
                    row.pivot_failed = Some(failure.pivot);
                    row.suggested_ridge = failure.suggested_ridge;
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
        let scores = predict(&fit)?;
        row.predictions = match self.test_labels {
            Some(labels) => {
                let evaluation = evaluate(scores.as_ref(), labels, self.targets.classes())?;
                row.score(&evaluation, self.classes);
                evaluation.predictions
            }
            None => predicted(&scores)?,
        };
        row.solve = Some(fit.report);
        self.seconds += clock.elapsed().as_secs_f64();
        Ok(())
    }
}

/// Loads one output of a training kernel.
///
/// # Errors
/// Tiles that cannot be read; those of [`Workspace::load`].
pub(super) fn load_tiles<S: Float>(
    workspace: &mut Workspace,
    train: &dyn TileSource<S>,
    output: usize,
) -> Result<(), RegressionError> {
    let tile = train.tile();
    workspace.load(|lower| {
        let mut values = Vec::new();
        for (i, j) in train.plan().tiles(tile) {
            train.read(output, i, j, &mut values)?;
            let (rows, columns) = train.plan().tile_shape(tile, i, j).unwrap_or_default();
            lower.set_tile(i * tile, j * tile, rows, columns, &values)?;
        }
        Ok(())
    })
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
