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
    /// More memory is needed than there is.
    #[error(
        "networks of width {width} and kernels of {images} images need {needed:.0} bytes of memory, {available} are available: use a smaller --width or --train-size"
    )]
    Memory {
        /// The width of the networks.
        width: usize,
        /// The images that they are trained on.
        images: usize,
        /// The bytes that are needed.
        needed: f64,
        /// The bytes there are.
        available: u64,
    },
    /// A plot that cannot be drawn.
    #[error("the plot: {0}")]
    Plot(String),
}

impl ExperimentError {
    /// Whether the mistake is in the settings, so that the same command fails on every machine and every input.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Job(error) => error.is_usage(),
            Self::Network(_) => true,
            Self::Memory { .. } | Self::Plot(_) => false,
        }
    }
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
