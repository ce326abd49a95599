//! Scores, predictions, accuracies.

use faer::Mat;
use proptest::prelude::*;

use super::oracle::*;
use crate::precision::{SCORE, SOLVE};
use crate::regression::{ClassScore, Predictor, RegressionError, Targets, evaluate};

fn kernel(rows: usize, cols: usize, seed: u64) -> Rows {
    let mut random = Random(seed | 1);
    (0..rows).map(|_| (0..cols).map(|_| random.next()).collect()).collect()
}

/// Feeds k in tiles of the given shape, rows of tiles in reverse order.
fn scores(k: &Rows, alpha: &Mat<f64>, height: usize, width: usize) -> Mat<f64> {
    let (m, n) = (k.len(), alpha.nrows());
    let mut predictor = Predictor::new(alpha.as_ref(), m).unwrap();
    for row in (0..m).step_by(height).rev() {
        for col in (0..n).step_by(width) {
            let (rows, cols) = (height.min(m - row), width.min(n - col));
            let block: Vec<f64> = k[row..row + rows].iter().flat_map(|r| r[col..col + cols].to_vec()).collect();
            predictor.add_block(row, col, rows, cols, &block).unwrap();
        }
    }
    predictor.finish().unwrap()
}

#[test]
fn training_images_get_their_own_targets_back() {
    // Without a ridge, the regression interpolates: f(X) = Y, so the training accuracy is 1.
    let a = random_spd(300, 0.1, 8);
    let targets = Targets::new(&labels(300, 10), 10).unwrap();
    let fit = loaded(&a, 2).unwrap().solve(0.0, &targets).unwrap();
    let f = scores(&a, &fit.alpha, 64, 64);
    let error = distance(&rows_of(&f), &rows_of(&targets.one_hot()));
    assert!(error <= SOLVE * fit.report.condition, "{error:e}");
    let evaluation = evaluate(f.as_ref(), targets.labels(), 10).unwrap();
    assert_eq!(evaluation.accuracy, 1.0);
    assert_eq!(evaluation.predictions, targets.labels());
    assert_eq!(evaluation.per_class, vec![ClassScore { correct: 30, total: 30 }; 10]);
}

#[test]
fn f32_blocks_are_widened_exactly() {
    let alpha = Mat::from_fn(2, 2, |i, j| (1 + i + 2 * j) as f64);
    let mut predictor = Predictor::new(alpha.as_ref(), 1).unwrap();
    predictor.add_block(0, 0, 1, 2, &[0.1f32, 0.2]).unwrap();
    let f = predictor.finish().unwrap();
    let (x, y) = (f64::from(0.1f32), f64::from(0.2f32));
    assert_eq!(rows_of(&f), [[x + 2.0 * y, 3.0 * x + 4.0 * y]]);
}

#[test]
fn blocks_are_checked() {
    let alpha = Mat::from_fn(4, 2, |i, j| (i + j) as f64);
    let mut p = Predictor::new(alpha.as_ref(), 3).unwrap();
    let mut refused =
        |row, col, rows, cols, values: &[f64]| p.add_block(row, col, rows, cols, values).unwrap_err().to_string();
    assert_eq!(refused(2, 0, 2, 1, &[0.0; 2]), "a block of 2x1 at row 2, column 0 does not fit in the 3x4 matrix");
    assert!(refused(0, usize::MAX, 1, 2, &[0.0; 2]).contains("does not fit"));
    assert_eq!(refused(0, 0, 1, 4, &[0.0; 3]), "values in a block: 3 given, 4 expected");
    assert_eq!(refused(1, 0, 2, 2, &[0.0, 0.0, 0.0, f64::NAN]), "the test kernel holds NaN at row 2, column 1");
    assert!(refused(0, 2, 1, 2, &[0.0; 2]).contains("row 0 has its kernel columns up to 0"));
    p.add_block(0, 0, 2, 4, &[1.0; 8]).unwrap();
    assert!(matches!(p.add_block(0, 0, 1, 4, &[1.0; 4]), Err(RegressionError::Order { row: 0, next: 4, col0: 0 })));
    p.add_block(2, 0, 1, 3, &[1.0; 3]).unwrap();
    assert!(matches!(p.finish(), Err(RegressionError::Incomplete { row: 2, got: 3, expected: 4 })));

    assert!(Predictor::new(alpha.as_ref(), 0).is_err());
    assert!(Predictor::new(alpha.as_ref(), usize::MAX).is_err());
    assert!(Predictor::new(Mat::zeros(0, 2).as_ref(), 1).is_err());
    assert!(Predictor::new(Mat::zeros(2, 0).as_ref(), 1).is_err());
    assert!(Predictor::new(Mat::from_fn(1, 1, |_, _| f64::NAN).as_ref(), 1).is_err());
}

#[test]
fn the_lowest_class_wins_a_tie() {
    let rows = [[0.5, 0.5, 0.1], [0.0, 0.0, 0.0], [-1.0, -0.5, -0.5], [0.1, 0.2, 0.3], [-0.0, 0.0, -0.0]];
    let scores = Mat::from_fn(5, 3, |i, j| rows[i][j]);
    let e = evaluate(scores.as_ref(), &[0, 1, 1, 2, 0], 3).unwrap();
    assert_eq!(e.predictions, [0, 0, 1, 2, 0]);
    assert_eq!(e.accuracy, 0.8);
    assert_eq!(e.overall, ClassScore { correct: 4, total: 5 });
    let counts: Vec<_> = e.per_class.iter().map(|c| (c.correct, c.total)).collect();
    assert_eq!(counts, [(2, 2), (1, 2), (1, 1)]);
    assert_eq!(e.per_class[1].accuracy(), Some(0.5));
    assert_eq!(ClassScore::default().accuracy(), None);
}

#[test]
fn evaluations_are_checked() {
    let scores = Mat::from_fn(2, 2, |i, j| if (i, j) == (1, 0) { f64::NAN } else { 0.0 });
    let refused =
        |m: &Mat<f64>, labels: &[u16], classes| evaluate(m.as_ref(), labels, classes).unwrap_err().to_string();
    assert_eq!(refused(&scores, &[0, 1], 2), "the score matrix holds NaN at row 1, column 0");
    assert_eq!(refused(&scores, &[0], 2), "test labels: 1 given, 2 expected");
    assert_eq!(refused(&scores, &[0, 1], 3), "score columns: 2 given, 3 expected");
    assert!(refused(&scores, &[0, 2], 2).contains("label 2 at index 1"));
    assert!(refused(&Mat::zeros(0, 2), &[], 2).contains("test set is empty"));
    assert!(refused(&Mat::zeros(1, 1), &[0], 1).contains("cannot be told apart"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_shape_of_the_blocks_does_not_change_a_bit(
        m in 1usize..20, n in 1usize..60, classes in 2usize..12, height in 1usize..25, width in 1usize..70, seed: u64,
    ) {
        let k = kernel(m, n, seed);
        let weights = kernel(n, classes, seed ^ 0x5555);
        let alpha = Mat::from_fn(n, classes, |i, j| weights[i][j]);
        let whole = scores(&k, &alpha, m, n);
        prop_assert_eq!(&scores(&k, &alpha, height, width), &whole);
        for i in 0..m {
            for c in 0..classes {
                let products = (0..n).map(|j| k[i][j] * weights[j][c]);
                let size: f64 = products.clone().map(f64::abs).sum();
                prop_assert!((whole[(i, c)] - products.rev().sum::<f64>()).abs() <= SCORE * size);
            }
        }
    }
}
