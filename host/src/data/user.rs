//! The user's own images and labels.

use std::path::Path;

use super::images::{Dataset, Images, Labelled};
use super::normalise::normalise;
use super::{DataError, npy};

/// Makes a data set of four `.npy` files; the classes are called by their numbers, from 0 to the largest label.
///
/// With `normalised`, both sets are brought to mean 0 and standard deviation 1 per channel by the training set's
/// statistics (for `(n, features)` arrays: per feature). Without it the numbers are used as they are, bytes as 0 to 255.
///
/// # Accuracy
///
/// As [`load`](super::load) with `normalised`, exact without (`host/src/data/tests/load.rs`).
///
/// # Errors
///
/// Those of [`npy::read_images`] and [`npy::read_labels`]; not as many labels as images; training and test images of
/// different shapes; with `normalised`, a channel whose training pixels are all equal.
pub fn load_npy(
    train_x: &Path,
    train_y: &Path,
    test_x: &Path,
    test_y: &Path,
    normalised: bool,
) -> Result<Dataset, DataError> {
    let mut train = labelled(train_x, train_y)?;
    let mut test = labelled(test_x, test_y)?;
    if train.images.shape() != test.images.shape() {
        let value = |images: &Images| format!("images of shape {}", images.shape());
        return Err(mismatch(train_x, value(&train.images), test_x, value(&test.images)));
    }
    if normalised {
        let inside = |error: DataError| error.inside(&train_x.display().to_string());
        normalise(&mut train.images, &mut test.images, 1.0).map_err(inside)?;
    }
    let largest = train.labels.iter().chain(&test.labels).max().copied().unwrap_or(0);
    let classes = (0..=largest).map(|class| class.to_string()).collect();
    Ok(Dataset { name: "npy".to_owned(), classes, train, test, source: train_x.display().to_string() })
}

fn labelled(x: &Path, y: &Path) -> Result<Labelled, DataError> {
    let (images, labels) = (npy::read_images(x)?, npy::read_labels(y)?);
    if images.len() != labels.len() {
        return Err(mismatch(x, format!("{} images", images.len()), y, format!("{} labels", labels.len())));
    }
    Ok(Labelled { images, labels })
}

fn mismatch(first: &Path, first_value: String, second: &Path, second_value: String) -> DataError {
    DataError::Mismatch {
        first: first.display().to_string(),
        first_value,
        second: second.display().to_string(),
        second_value,
    }
}
