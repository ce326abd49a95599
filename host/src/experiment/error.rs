//! What can go wrong.

use thiserror::Error;

use crate::data::DataError;
use crate::gram::GramError;
use crate::job::JobError;
use crate::regression::RegressionError;

/// An experiment that has no finding.
#[derive(Debug, Error)]
pub enum ExperimentError {
    /// Of kernels, files and settings.
    #[error(transparent)]
    Job(#[from] JobError),
    /// Of a network that cannot be.
    #[error(transparent)]
    Network(#[from] ultrawide_finite::Error),
    /// A plot that cannot be drawn.
    #[error("the plot: {0}")]
    Plot(String),
}

impl From<DataError> for ExperimentError {
    fn from(error: DataError) -> Self {
        JobError::from(error).into()
    }
}

impl From<GramError> for ExperimentError {
    fn from(error: GramError) -> Self {
        JobError::from(error).into()
    }
}

impl From<RegressionError> for ExperimentError {
    fn from(error: RegressionError) -> Self {
        JobError::from(error).into()
    }
}

impl From<ultrawide_core::Error> for ExperimentError {
    fn from(error: ultrawide_core::Error) -> Self {
        JobError::from(error).into()
    }
}
