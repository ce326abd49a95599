//! Kernels that were computed before, as `regress` and `sweep` take them: of two files, or of a store.

use anyhow::bail;
use clap::Args;
use std::path::PathBuf;

use super::failure::Usage;
use crate::data::Dataset;
use crate::data::npy::{Matrices, read_labels};
use crate::job::{Classes, stored_data};
use crate::store::Store;

/// Where the kernels lie, and the classes of their images.
#[derive(Args)]
pub(super) struct KernelArgs {
    /// Kernel of the training images with themselves, .npy
    #[arg(long, value_name = "FILE", requires = "test", requires = "labels", required_unless_present = "store")]
    pub(super) train: Option<PathBuf>,
    /// Kernel of the test images (rows) with the training images (columns), .npy
    #[arg(long, value_name = "FILE", requires = "train")]
    pub(super) test: Option<PathBuf>,
    /// The store of a finished run
    #[arg(long, value_name = "DIR", conflicts_with = "train")]
    pub(super) store: Option<PathBuf>,
    /// Where the data set of the store lies, if not where it lies by default
    #[arg(long, value_name = "PATH", requires = "store", conflicts_with = "labels")]
    data_dir: Option<PathBuf>,
    /// Classes of the training images, .npy of integers
    #[arg(long, value_name = "FILE")]
    pub(super) labels: Option<PathBuf>,
    /// Classes of the test images, if they are known
    #[arg(long, value_name = "FILE", requires = "labels")]
    test_labels: Option<PathBuf>,
}

impl KernelArgs {
    /// The files that are read.
    pub(super) fn inputs(&self) -> Vec<(&'static str, Option<&PathBuf>)> {
        vec![
            ("--train", self.train.as_ref()),
            ("--test", self.test.as_ref()),
            ("--labels", self.labels.as_ref()),
            ("--test-labels", self.test_labels.as_ref()),
        ]
    }

    /// The store and the classes of its images, if a store is named.
    pub(super) fn stored(&self) -> anyhow::Result<Option<(Store, Classes)>> {
        Ok(self.stored_data()?.map(|(store, classes, _)| (store, classes)))
    }

    /// The same with the data set, where no file names the classes.
    pub(super) fn stored_data(&self) -> anyhow::Result<Option<(Store, Classes, Option<Dataset>)>> {
        let Some(path) = &self.store else { return Ok(None) };
        let store = Store::open(path)?;
        Ok(Some(match self.classes()? {
            Some(classes) => (store, classes, None),
            None => {
                let data = stored_data(&store, self.data_dir.as_deref())?;
                (store, Classes::from(&data), Some(data))
            }
        }))
    }

    /// The files of the kernels and the classes, where no store is named.
    pub(super) fn files(&self) -> anyhow::Result<(Matrices, Matrices, Classes)> {
        match (&self.train, &self.test, self.classes()?) {
            (Some(train), Some(test), Some(classes)) => Ok((Matrices::open(train)?, Matrices::open(test)?, classes)),
            _ => bail!(Usage("--train, --test and --labels are needed, or --store".to_owned())),
        }
    }

    fn classes(&self) -> anyhow::Result<Option<Classes>> {
        let Some(labels) = &self.labels else { return Ok(None) };
        let test = self.test_labels.as_deref().map(read_labels).transpose()?;
        Ok(Some(Classes::numbered(read_labels(labels)?, test)))
    }
}
