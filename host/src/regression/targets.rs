//! Labels and the one-hot targets that stand for them.

use faer::Mat;

use super::error::RegressionError;

/// The largest number of classes: one for each label.
pub const MAX_CLASSES: usize = 1 << 16;
/// What is subtracted from the one-hot vectors, so that the targets of ten classes have mean 0.
pub const TARGET_OFFSET: f64 = 0.1;

/// The labels of a training set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets {
    labels: Vec<u16>,
    classes: usize,
}

impl Targets {
    /// Checks the labels of a training set with the given number of classes.
    ///
    /// A class that no label names is allowed: a small subset may miss one.
    ///
    /// # Errors
    /// [`RegressionError::Empty`] without labels; [`RegressionError::Classes`] for fewer than two classes, where every prediction
    /// would be the same, or for more than [`MAX_CLASSES`]; [`RegressionError::Label`] for a label of `classes` or more.
    pub fn new(labels: &[u16], classes: usize) -> Result<Self, RegressionError> {
        if labels.is_empty() {
            return Err(RegressionError::Empty { what: "the list of labels" });
        }
        check_labels(labels, classes)?;
        Ok(Self { labels: labels.to_vec(), classes })
    }

    /// The labels, one per training image.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Y: 0.9 in the column of the label, −0.1 in the others.
    ///
    /// # Shapes
    /// labels × classes.
    ///
    /// # Accuracy
    /// The `f64` nearest to 0.9 and −0.1.
    ///
    /// # Source
    /// Arora et al. 2019, section 6.
    pub fn one_hot(&self) -> Mat<f64> {
        let hot = |i: usize, c: usize| {
            if usize::from(self.labels[i]) == c { 1.0 } else { 0.0 }
        };
        Mat::from_fn(self.labels.len(), self.classes, |i, c| hot(i, c) - TARGET_OFFSET)
    }
}

/// Checks the number of classes and that each label names one.
pub(super) fn check_labels(labels: &[u16], classes: usize) -> Result<(), RegressionError> {
    if !(2..=MAX_CLASSES).contains(&classes) {
        return Err(RegressionError::Classes { classes, max: MAX_CLASSES });
    }
    match labels.iter().position(|&label| usize::from(label) >= classes) {
        Some(index) => Err(RegressionError::Label { index, label: labels[index], classes }),
        None => Ok(()),
    }
}
