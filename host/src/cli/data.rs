//! The options that say which images.

use anyhow::bail;
use clap::Args;
use std::path::PathBuf;

use super::args;
use super::failure::Usage;
use crate::data::{Dataset, Kind, LoadOptions, Subset, load, load_npy};

/// Data sets and own arrays.
#[derive(Args)]
pub(super) struct DataArgs {
    /// Data set [default: digits, which are bundled]
    #[arg(long, value_name = "NAME", value_parser = args::kinds(), conflicts_with = "train_x")]
    data: Option<Kind>,
    /// The folder with the files of the data set; for CIFAR-10 also the archive cifar-10-binary.tar.gz
    #[arg(long, value_name = "PATH", conflicts_with = "train_x")]
    data_dir: Option<PathBuf>,
    /// Training images to use [default: all; of an experiment some]
    #[arg(long, value_name = "N", value_parser = args::sizes(1 << 40), allow_negative_numbers = true, conflicts_with = "train_x")]
    train_size: Option<usize>,
    /// Test images to use [default: all; of an experiment some]
    #[arg(long, value_name = "N", value_parser = args::sizes(1 << 40), allow_negative_numbers = true, conflicts_with = "train_x")]
    test_size: Option<usize>,
    /// Which images, where not all: the first ones, or as many of each class
    #[arg(long, value_name = "WHICH", value_parser = args::subsets(), default_value = "first", conflicts_with = "train_x")]
    pub(super) subset: Subset,
    /// Your own training images, .npy: (n, features) for fc, (n, channels, height, width) for all networks
    #[arg(long, value_name = "FILE", requires_all = ["train_y", "test_x", "test_y"])]
    pub(super) train_x: Option<PathBuf>,
    /// Their classes, .npy: integers
    #[arg(long, value_name = "FILE", requires = "train_x")]
    train_y: Option<PathBuf>,
    /// Your own test images
    #[arg(long, value_name = "FILE", requires = "train_x")]
    test_x: Option<PathBuf>,
    /// Their classes
    #[arg(long, value_name = "FILE", requires = "train_x")]
    test_y: Option<PathBuf>,
    /// Bring your own images to mean 0 and standard deviation 1 per channel, as data sets always are
    #[arg(long, requires = "train_x")]
    normalise: bool,
}

impl DataArgs {
    /// The files that are named, with their options.
    pub(super) fn inputs(&self) -> [(&'static str, Option<&PathBuf>); 4] {
        [
            ("--train-x", self.train_x.as_ref()),
            ("--train-y", self.train_y.as_ref()),
            ("--test-x", self.test_x.as_ref()),
            ("--test-y", self.test_y.as_ref()),
        ]
    }

    /// Checks what can be checked before anything is read.
    ///
    /// # Errors
    /// [`Usage`]: a folder for the digits, which are bundled; a choice where nothing is left out.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.kind() == Kind::Digits && self.data_dir.is_some() {
            bail!(Usage("--data-dir: the digits are bundled, name another data set with --data".to_owned()));
        }
        if self.subset != Subset::First && self.sizes() == (None, None) {
            bail!(Usage(
                "--subset says which images where not all are used: give --train-size or --test-size".to_owned()
            ));
        }
        Ok(())
    }

    pub(super) fn load(&self) -> anyhow::Result<Dataset> {
        if let (Some(train_x), Some(train_y), Some(test_x), Some(test_y)) =
            (&self.train_x, &self.train_y, &self.test_x, &self.test_y)
        {
            return Ok(load_npy(train_x, train_y, test_x, test_y, self.normalise)?);
        }
        Ok(load(&LoadOptions {
            kind: self.kind(),
            data_dir: self.data_dir.clone(),
            train_size: self.train_size,
            test_size: self.test_size,
            subset: self.subset,
        })?)
    }

    /// The options that name the images, but for their numbers, as a shell takes them.
    pub(super) fn options(&self) -> String {
        let data = self.data.map(|kind| format!("--data {}", kind.name()));
        let files = [("--data-dir", self.data_dir.as_ref())].into_iter().chain(self.inputs());
        let files =
            files.filter_map(|(option, path)| Some(format!("{option} {}", quoted(&path?.display().to_string()))));
        let subset = (self.subset != Subset::First).then(|| format!("--subset {}", self.subset.name()));
        let normalise = self.normalise.then(|| "--normalise".to_owned());
        data.into_iter().chain(files).chain(subset).chain(normalise).collect::<Vec<_>>().join(" ")
    }

    /// The numbers of training and of test images, where they are named.
    pub(super) fn sizes(&self) -> (Option<usize>, Option<usize>) {
        (self.train_size, self.test_size)
    }

    fn kind(&self) -> Kind {
        self.data.unwrap_or(Kind::Digits)
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    if word.chars().all(|c| c.is_alphanumeric() || "/._-+".contains(c)) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(quoted("/data/cifar-10.tar.gz"), "/data/cifar-10.tar.gz");
        assert_eq!(quoted("my data"), "'my data'");
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
    }
}
