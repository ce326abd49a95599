//! What can go wrong on the way from images to accuracies.

use std::io;
use std::path::{Path, PathBuf};

use crate::data::{DataError, bare};
use crate::gram::GramError;
use crate::regression::{Method, RegressionError};
use crate::simd::BackendError;
use crate::store::StoreError;

/// Why a job failed. Each message is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The settings describe no network; this is found before anything is read or written.
    #[error(transparent)]
    Settings(#[from] ultrawide_core::Error),
    /// A setting that cannot be used, also found before anything is read or written.
    #[error("{0}")]
    Usage(String),
    /// The data set cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A Gram matrix was not computed or cannot be read.
    #[error(transparent)]
    Gram(#[from] GramError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The regression failed.
    #[error(transparent)]
    Regression(#[from] RegressionError),
    /// The instruction set that is asked for cannot be used.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A file cannot be written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// More memory is needed than there is.
    #[error(
        "{needed:.0} bytes of memory are needed ({threads} threads with {thread:.0} each, kernels {kernels:.0}, {} {after:.0}), \
         {available} bytes are available{limit}: {advice}",
        solver.map_or("regression and files".to_owned(), |solver| format!("regression by {solver}"))
    )]
    Memory {
        /// The bytes that are needed.
        needed: f64,
        /// The threads that compute tiles at the same time.
        threads: f64,
        /// The bytes of each.
        thread: f64,
        /// The bytes of the kernels that stay in memory.
        kernels: f64,
        /// The bytes that the regression or the writing needs when the threads have ended.
        after: f64,
        /// The solver that needs them.
        solver: Option<Method>,
        /// What may help.
        advice: &'static str,
        /// The bytes there are.
        available: u64,
        /// What ends them, in words; empty for the memory of the machine.
        limit: &'static str,
    },
    /// Inputs that do not fit together.
    #[error("{0}")]
    Input(String),
}

impl JobError {
    pub(crate) fn file(path: &Path, cause: io::Error) -> Self {
        Self::File { path: path.to_owned(), cause: bare(cause) }
    }

    /// Whether the mistake is in the settings, so that the same command fails on every machine and every input.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Settings(_) | Self::Usage(_) | Self::Backend(_))
    }
}
