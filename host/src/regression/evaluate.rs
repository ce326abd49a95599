//! From scores to classes and accuracies.

use faer::MatRef;
use serde::{Deserialize, Serialize};

use super::error::{RegressionError, kind_of};
use super::targets::check_labels;

/// How many test images of one class were recognised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassScore {
    /// Images of the class whose prediction is the class.
    pub correct: usize,
    /// Images of the class.
    pub total: usize,
}

impl ClassScore {
    /// correct/total, or None for a class without images.
    ///
    /// # Accuracy
    /// Correctly rounded.
    pub fn accuracy(&self) -> Option<f64> {
        (self.total > 0).then(|| self.correct as f64 / self.total as f64)
    }
}

/// The predictions for a test set and what they are worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The fraction of test images whose prediction is their label, from 0 to 1.
    pub accuracy: f64,
    /// The same as counts.
    pub overall: ClassScore,
    /// Counts per class.
    pub per_class: Vec<ClassScore>,
    /// The predicted class of each test image.
    pub predictions: Vec<u16>,
}

/// Predicts the class of the largest score, the lowest class where several are equal, and compares it with the labels.
///
/// # Shapes
/// `scores`: test images × classes; `labels`: one per test image.
///
/// # Accuracy
/// Scores are compared as they are, without a tolerance, and counted; the quotient is correctly rounded.
///
/// # Errors
/// [`RegressionError::Empty`] without test images, [`RegressionError::Length`] if the shapes differ, [`RegressionError::Classes`]
/// and [`RegressionError::Label`] as for [`Targets`](super::Targets), [`RegressionError::NonFinite`] for a score that is not finite.
pub fn evaluate(scores: MatRef<'_, f64>, labels: &[u16], classes: usize) -> Result<Evaluation, RegressionError> {
    if scores.nrows() == 0 {
        return Err(RegressionError::Empty { what: "the test set" });
    }
    let same = |what, got, expected| {
        if got == expected { Ok(()) } else { Err(RegressionError::Length { what, got, expected }) }
    };
    same("test labels", labels.len(), scores.nrows())?;
    same("score columns", scores.ncols(), classes)?;
    check_labels(labels, classes)?;

    let mut per_class = vec![ClassScore::default(); classes];
    let mut predictions = Vec::with_capacity(labels.len());
    for (row, &label) in labels.iter().enumerate() {
        let mut best = 0;
        for col in 0..classes {
            let value = scores[(row, col)];
            if !value.is_finite() {
                return Err(RegressionError::NonFinite { what: "the score matrix", kind: kind_of(value), row, col });
            }
            if value > scores[(row, best)] {
                best = col;
            }
        }
        // classes <= 2^16, so an index of a class is a u16.
        predictions.push(best as u16);
        let class = &mut per_class[usize::from(label)];
        class.total += 1;
        class.correct += usize::from(best == usize::from(label));
    }
    let correct = per_class.iter().map(|class| class.correct).sum();
    let overall = ClassScore { correct, total: labels.len() };
    Ok(Evaluation { accuracy: correct as f64 / labels.len() as f64, overall, per_class, predictions })
}
