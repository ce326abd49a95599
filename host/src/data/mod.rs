//! Data sets: real images to compute kernels of, and the user's own arrays.
//!
//! [`load`] gives one of the known data sets, already cut to the wanted number of images and normalised; [`load_npy`] makes
//! one of NumPy arrays. [`npy`] reads and writes single arrays. The readers trust no byte: whatever a file holds, the result
//! is images or a [`DataError`] of one line, and no memory is asked for that the file has no bytes for.

mod checksum;
mod cifar;
mod cifar_archive;
mod digits;
mod error;
mod idx;
mod images;
mod input;
mod mnist;
mod normalise;
pub mod npy;
mod quota;
#[cfg(test)]
mod tests;
mod user;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

pub(crate) use checksum::hexadecimal;
pub use error::DataError;
pub(crate) use error::bare;
pub use images::{Dataset, Images, Labelled, Pixels};
pub use mnist::FASHION_DIR;
pub use normalise::Normalisation;
pub use user::load_npy;

use normalise::normalise;
use quota::Quota;

/// The readers of single files, for callers that bring their own bytes.
pub mod readers {
    pub use super::cifar::{FILE_LEN, RECORD_LEN, SHAPE, read_archive, read_records};
    pub use super::idx::{MAX_COUNT, MAX_SIDE, read_images, read_labels};
    pub use super::input::gunzip;
}

const TEN_DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const CIFAR: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
const FASHION: [&str; 10] =
    ["T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

/// A known data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The bundled digits: 1,438 training and 359 test images of 1×8×8.
    Digits,
    /// CIFAR-10: 50,000 and 10,000 images of 3×32×32.
    Cifar10,
    /// The first two classes of CIFAR-10, airplane and automobile: 10,000 and 2,000 images.
    Cifar2,
    /// MNIST: 60,000 and 10,000 images of 1×28×28.
    Mnist,
    /// Fashion-MNIST: 60,000 and 10,000 images of 1×28×28.
    FashionMnist,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Digits, Self::Cifar10, Self::Cifar2, Self::FashionMnist, Self::Mnist];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Cifar10 => "cifar10",
            Self::Cifar2 => "cifar2",
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
        }
    }

    /// The names of the classes, in the order of the labels.
    pub fn classes(self) -> &'static [&'static str] {
        match self {
            Self::Digits | Self::Mnist => &TEN_DIGITS,
            Self::Cifar10 => &CIFAR,
            Self::Cifar2 => &CIFAR[..2],
            Self::FashionMnist => &FASHION,
        }
    }

    /// The factor that brings pixels to [0, 1].
    pub fn scale(self) -> f64 {
        match self {
            Self::Digits => digits::SCALE,
            _ => 1.0 / 255.0,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = DataError;

    fn from_str(name: &str) -> Result<Self, DataError> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| DataError::Unknown {
            what: "data set",
            found: name.to_owned(),
            known: "digits, cifar10, cifar2, fashion-mnist, mnist",
        })
    }
}

/// Which images to take where not all are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Subset {
    /// The first ones.
    #[default]
    First,
    /// The first ones of each class, as many of each, in the order of the file. Where the number of images is no multiple
    /// of the number of classes, the first classes get one more.
    Balanced,
}

impl Subset {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Balanced => "balanced",
        }
    }
}

impl fmt::Display for Subset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Subset {
    type Err = DataError;

    fn from_str(name: &str) -> Result<Self, DataError> {
        [Self::First, Self::Balanced]
            .into_iter()
            .find(|subset| subset.name() == name)
            .ok_or_else(|| DataError::Unknown { what: "subset", found: name.to_owned(), known: "first, balanced" })
    }
}

/// What to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// The data set.
    pub kind: Kind,
    /// The folder with its files, for CIFAR-10 also the folder above or the archive. `Digits` needs none and ignores it;
    /// `FashionMnist` looks in [`FASHION_DIR`] where none is named.
    pub data_dir: Option<PathBuf>,
    /// The number of training images; `None` for all.
    pub train_size: Option<usize>,
    /// The number of test images; `None` for all.
    pub test_size: Option<usize>,
    /// Which images, where not all.
    pub subset: Subset,
}

impl LoadOptions {
    /// All images of a data set, from where it lies by default.
    pub fn new(kind: Kind) -> Self {
        Self { kind, data_dir: None, train_size: None, test_size: None, subset: Subset::First }
    }
}

/// Loads a data set: takes the wanted images, then normalises both sets by what the *used* training images have.
///
/// Pixels are scaled to [0, 1]; then each channel has the mean subtracted and is divided by the (population) standard
/// deviation of all its pixels in the training images taken.
///
/// # Accuracy
///
/// The normalised training images have mean 0 and variance 1 within 1e-12 (`host/src/data/tests/load.rs`).
///
/// # Errors
///
/// Files that are not there (the error says which, of what size, and where to get them), of a wrong size or with contents
/// that their format does not allow; fewer images than wanted, in all or of one class; 0 images wanted; a channel whose
/// training pixels are all equal.
///
/// # Cost
///
/// No more of a file is read than the wanted images need; pixels stay bytes in memory.
pub fn load(options: &LoadOptions) -> Result<Dataset, DataError> {
    let &LoadOptions { kind, train_size, test_size, subset, .. } = options;
    let quota = |set, size| Quota::new(set, kind.name(), size, subset, kind.classes());
    let (train, test) = (quota("training", train_size)?, quota("test", test_size)?);
    let data_dir = options.data_dir.as_deref();
    let (mut train, mut test, source) = match kind {
        Kind::Digits => {
            let (train, test) = digits::load(train, test)?;
            (train, test, "bundled (UCI, Optical Recognition of Handwritten Digits, CC BY 4.0)".to_owned())
        }
        Kind::Cifar10 | Kind::Cifar2 => {
            let (train, test, path) = cifar::load(kind, data_dir, train, test)?;
            (train, test, path.display().to_string())
        }
        Kind::Mnist | Kind::FashionMnist => {
            let (train, test, path) = mnist::load(kind, data_dir, train, test)?;
            (train, test, path.display().to_string())
        }
    };
    normalise(&mut train.images, &mut test.images, kind.scale()).map_err(|error| error.inside(&source))?;
    let classes = kind.classes().iter().map(|&class| class.to_owned()).collect();
    Ok(Dataset { name: kind.name().to_owned(), classes, train, test, source })
}
