//! What is read off an eigendecomposition, against eliminations and a matrix exponential written out.

use faer::Mat;
use std::f64::consts::PI;

use super::oracle::*;
use crate::precision::{FLOW, SPECTRUM};
use crate::regression::{RegressionError, Spectrum, Targets};

fn spectrum(a: &Rows, threads: usize) -> (Spectrum, Rows) {
    let targets = Targets::new(&labels(a.len(), 3), 3).unwrap();
    (loaded(a, threads).unwrap().spectrum(&targets).unwrap(), rows_of(&targets.one_hot()))
}

fn times(a: &Rows, b: &Rows) -> Rows {
    let dot = |row: &[f64], c: usize| row.iter().zip(b).map(|(x, y)| x * y[c]).sum();
    a.iter().map(|row| (0..b[0].len()).map(|c| dot(row, c)).collect()).collect()
}

/// e^(−tA) by its power series for t / 2^8, squared eight times: each squaring may double the rounding error.
fn exponential(a: &Rows, t: f64) -> Rows {
    let n = a.len();
    let step: Rows = a.iter().map(|row| row.iter().map(|x| -t * x / f64::from(1 << 8)).collect()).collect();
    let (mut sum, mut term) = (diagonal(&vec![1.0; n]), diagonal(&vec![1.0; n]));
    for k in 1..30 {
        term = times(&term, &step).iter().map(|row| row.iter().map(|x| x / f64::from(k)).collect()).collect();
        for (sum, term) in sum.iter_mut().flatten().zip(term.iter().flatten()) {
            *sum += term;
        }
    }
    for _ in 0..8 {
        sum = times(&sum, &sum);
    }
    sum
}

#[test]
fn ridges_are_those_of_elimination() {
    for n in [1, 2, 3, 40, 257] {
        let a = random_spd(n, 0.1, n as u64);
        let (spectrum, y) = spectrum(&a, 2);
        assert_eq!(spectrum.n(), n);
        for ridge in [0.0, 1e-3, 2.0] {
            let shifted = plus_ridge(&a, ridge);
            let error = distance(&rows_of(&spectrum.weights(ridge).unwrap()), &eliminate(&shifted, &y));
            let condition = spectrum.condition(ridge);
            assert!(error <= SPECTRUM * condition, "n {n} ridge {ridge}: {error:e}");
            // ‖A‖₂‖A⁻¹‖₂ is below n times the same in the 1-norm, and above its n-th part.
            let ratio = condition / condition_one(&shifted);
            assert!((1.0 / n as f64..=n as f64).contains(&ratio), "n {n}: {ratio}");
        }
    }
}

/// The tridiagonal matrix of 2 and −1 has the eigenvalues 2 − 2 cos(kπ/(n + 1)); its inverse, (i + 1)(n − j)/(n + 1) for i ≤ j, is dense.
#[test]
fn eigenvalues_are_the_known_ones() {
    for n in [1, 2, 3, 40, 257] {
        let sparse = symmetric(n, |i, j| match i - j {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });
        let dense = symmetric(n, |i, j| ((j + 1) * (n - i)) as f64 / (n + 1) as f64);
        // 2 − 2 cos x = 4 sin²(x/2), which cancels nothing.
        let of = |k: usize| 4.0 * (PI * k as f64 / (2 * n + 2) as f64).sin().powi(2);
        for (what, a, [least, largest]) in
            [("sparse", sparse, [of(1), of(n)]), ("dense", dense, [1.0 / of(n), 1.0 / of(1)])]
        {
            let (spectrum, _) = spectrum(&a, 2);
            let found = spectrum.extremes();
            for (found, expected) in found.into_iter().zip([least, largest]) {
                assert!((found - expected).abs() <= SPECTRUM * largest, "{what}, n {n}: {found:e} {expected:e}");
            }
            for ridge in [0.0, 1e-3, 2.0] {
                let (found, expected) = (spectrum.condition(ridge), (largest + ridge) / (least + ridge));
                let error = (found / expected - 1.0).abs();
                assert!(error <= SPECTRUM * expected, "{what}, n {n} ridge {ridge}: {found:e} {expected:e}");
            }
        }
    }
}

#[test]
fn each_image_is_really_left_out() {
    let n = 37;
    let a = random_spd(n, 0.2, 5);
    let (spectrum, y) = spectrum(&a, 2);
    for ridge in [0.0, 0.3] {
        let got = rows_of(&spectrum.leave_one_out(ridge).unwrap());
        let expected: Rows = (0..n)
            .map(|left| {
                let others = || (0..n).filter(|&i| i != left);
                let rest: Rows = others().map(|i| others().map(|j| a[i][j]).collect()).collect();
                let weights = eliminate(&plus_ridge(&rest, ridge), &others().map(|i| y[i].clone()).collect());
                let kernels = vec![others().map(|i| a[left][i]).collect()];
                times(&kernels, &weights).remove(0)
            })
            .collect();
        let error = distance(&got, &expected);
        assert!(error <= SPECTRUM * spectrum.condition(ridge), "ridge {ridge}: {error:e}");
    }
}

/// The predictions on the training images are u(t) = (I − e^(−tK)) y, also where K is singular.
#[test]
fn training_follows_the_matrix_exponential() {
    let n = 24;
    let mut singular = random_spd(n, 0.1, 11);
    // The last image is the first one again.
    let mut copy = singular[0].clone();
    copy[n - 1] = copy[0];
    for (row, &value) in singular.iter_mut().zip(&copy) {
        row[n - 1] = value;
    }
    singular[n - 1] = copy;
    for a in [random_spd(n, 0.1, 7), singular] {
        let (spectrum, y) = spectrum(&a, 2);
        for time in [0.0, 1e-3, 0.7, 30.0] {
            let predicted = times(&a, &rows_of(&spectrum.flow(time).unwrap()));
            let left = times(&exponential(&a, time), &y);
            let expected: Rows =
                y.iter().zip(&left).map(|(y, left)| y.iter().zip(left).map(|(y, left)| y - left).collect()).collect();
            let largest = spectrum.extremes()[1];
            let pairs = predicted.iter().flatten().zip(expected.iter().flatten());
            let error = pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
            assert!(error <= FLOW * (1.0 + time * largest), "time {time}: {error:e}");
        }
    }
    let (spectrum, _) = spectrum(&random_spd(n, 0.1, 7), 1);
    assert_eq!(rows_of(&spectrum.flow(f64::INFINITY).unwrap()), rows_of(&spectrum.weights(0.0).unwrap()));
    let late = distance(&rows_of(&spectrum.flow(1e6).unwrap()), &rows_of(&spectrum.weights(0.0).unwrap()));
    assert!(late <= SPECTRUM, "{late:e}");
}

#[test]
fn variance_is_that_of_elimination() {
    let (n, points) = (50, 7);
    let a = random_spd(n, 0.1, 3);
    let mut random = Random(77);
    let kernels: Rows = (0..points).map(|_| (0..n).map(|_| random.next()).collect()).collect();
    let (spectrum, _) = spectrum(&a, 2);
    let given = Mat::from_fn(points, n, |i, j| kernels[i][j]);
    let ridges = [0.0, 0.5];
    for (ridge, got) in ridges.into_iter().zip(spectrum.explained(&ridges, given.as_ref()).unwrap()) {
        let columns: Rows = (0..n).map(|j| kernels.iter().map(|row| row[j]).collect()).collect();
        let weights = eliminate(&plus_ridge(&a, ridge), &columns);
        let sums = |term: &dyn Fn(usize, usize) -> f64| -> Rows {
            vec![(0..points).map(|p| (0..n).map(|j| term(p, j)).sum()).collect()]
        };
        let variance = sums(&|p, j| kernels[p][j] * weights[j][p]);
        let squares = sums(&|p, j| weights[j][p] * weights[j][p]);
        for (got, expected) in [
            (got.iter().map(|one| one.variance).collect(), variance),
            (got.iter().map(|one| one.weights).collect(), squares),
        ] {
            let error = distance(&vec![got], &expected);
            assert!(error <= SPECTRUM * spectrum.condition(ridge), "ridge {ridge}: {error:e}");
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_threads() {
    let a = random_spd(300, 0.01, 1);
    let all = |threads| {
        let (spectrum, _) = spectrum(&a, threads);
        [spectrum.weights(1e-3), spectrum.leave_one_out(1e-3), spectrum.flow(5.0)].map(|m| rows_of(&m.unwrap()))
    };
    let one = all(1);
    for threads in [2, 3, 8] {
        assert!(all(threads) == one, "{threads} threads");
    }
}

#[test]
fn what_cannot_be_is_named() {
    let (good, _) = spectrum(&diagonal(&[1.0, 2.0]), 1);
    for ridge in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(good.weights(ridge), Err(RegressionError::Ridge { .. })), "{ridge}");
    }
    for time in [-1.0, f64::NAN] {
        assert!(matches!(good.flow(time), Err(RegressionError::Time { .. })), "{time}");
    }
    let narrow = Mat::zeros(3, 1);
    assert!(matches!(
        good.explained(&[0.0], narrow.as_ref()),
        Err(RegressionError::Length { got: 1, expected: 2, .. })
    ));
    for values in [[1.0, -0.5], [1.0, 0.0], [1.0, 1e-17], [-1.0, -2.0]] {
        let (bad, _) = spectrum(&diagonal(&values), 1);
        for result in [bad.weights(0.0), bad.leave_one_out(0.0), bad.flow(f64::INFINITY)] {
            let Err(error @ RegressionError::Indefinite { suggested, .. }) = result else { panic!("{values:?}") };
            assert!(error.to_string().contains(&format!("ridge {suggested:e} would do")), "{error}");
            assert!(bad.weights(suggested).is_ok(), "{values:?}: {suggested}");
        }
    }
    let targets = Targets::new(&[0, 1, 1], 2).unwrap();
    let mut workspace = loaded(&diagonal(&[1.0, 2.0]), 1).unwrap();
    assert!(matches!(workspace.spectrum(&targets), Err(RegressionError::Length { .. })));
    // The kernel is still there, and a regression after the decomposition finds it.
    let targets = Targets::new(&[0, 1], 2).unwrap();
    workspace.spectrum(&targets).unwrap();
    let fit = workspace.solve(0.0, &targets).unwrap();
    assert!((fit.alpha[(1, 1)] / 0.45 - 1.0).abs() < SPECTRUM, "{}", fit.alpha[(1, 1)]);
    let huge = diagonal(&[f64::MAX, 1.0]);
    let targets = Targets::new(&[0, 1], 2).unwrap();
    let found = loaded(&huge, 1).unwrap().spectrum(&targets).map(|spectrum| spectrum.weights(0.0).map(|m| rows_of(&m)));
    if let Ok(Ok(weights)) = &found {
        assert!(weights.iter().flatten().all(|weight| weight.is_finite()), "{weights:?}");
    }
}
