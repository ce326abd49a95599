//! Matrices that have no Cholesky factor.

use proptest::prelude::*;

use super::oracle::*;
use crate::precision::{BACKWARD, PIVOT, SUGGESTED_RIDGE};
use crate::regression::ridge::round_up;
use crate::regression::{NotPositiveDefinite, RegressionError, Targets};

fn failure(a: &Rows, ridge: f64) -> NotPositiveDefinite {
    match solve(a, ridge) {
        Err(RegressionError::NotPositiveDefinite(found)) => found,
        Err(other) => panic!("{other}"),
        Ok(fit) => panic!("solved: {:?}", fit.report),
    }
}

/// The checks that hold for every failure.
fn check(a: &Rows, ridge: f64) -> NotPositiveDefinite {
    let found = failure(a, ridge);
    assert!(found.pivot <= 0.0 && found.eigenvalue_bound <= 0.0, "{found:?}");
    assert!(found.eigenvalue_bound >= found.pivot, "{found:?}");
    let suggested = found.suggested_ridge.unwrap();
    assert!(suggested > ridge, "{found:?}");
    let fit = solve(a, suggested).unwrap();
    assert!(!fit.report.ill_conditioned && fit.report.backward_error <= BACKWARD);
    let text = RegressionError::NotPositiveDefinite(found.clone()).to_string();
    assert!(!text.contains("NaN") && !text.contains('\n'), "{text}");
    assert!(text.contains(&format!("{suggested:e}")) && text.contains(&found.pivot_index.to_string()), "{text}");
    found
}

#[test]
fn the_failing_pivot_is_named_wherever_it_stands() {
    // A negative diagonal entry at every boundary of the factorisation, in a matrix whose other pivots are known.
    let n = 600;
    for at in [0, 1, 15, 16, 31, 63, 64, 65, 127, 128, 200, 255, 256, 257, 300, 511, 512, 599] {
        let mut values = vec![2.0; n];
        values[at] = -0.25;
        let found = check(&diagonal(&values), 0.0);
        assert_eq!((found.pivot_index, found.pivot, found.eigenvalue_bound), (at, -0.25, -0.25));
    }
}

#[test]
fn the_failing_pivot_is_the_schur_complement() {
    let n = 400;
    for at in [5, 70, 130, 290, 399] {
        let mut a = random_spd(n, 0.5, at as u64);
        a[at][at] -= 2.0;
        let found = check(&a, 0.0);
        let head: Rows = a[..at].iter().map(|row| row[..at].to_vec()).collect();
        let column: Rows = (0..at).map(|i| vec![a[i][at]]).collect();
        let v = eliminate(&head, &column);
        let pivot = a[at][at] - (0..at).map(|i| v[i][0] * a[i][at]).sum::<f64>();
        let squares = 1.0 + v.iter().map(|row| row[0] * row[0]).sum::<f64>();
        assert_eq!(found.pivot_index, at);
        assert!((found.pivot / pivot - 1.0).abs() < PIVOT, "{found:?} {pivot}");
        assert!((found.eigenvalue_bound / (pivot / squares) - 1.0).abs() < PIVOT, "{found:?}");
    }
}

#[test]
fn a_repeated_training_image_makes_the_kernel_singular() {
    let n = 150;
    let mut a = diagonal(&vec![1.0; n]);
    // Images 20 and 140 are the same: equal rows and columns, exactly.
    (a[140][20], a[20][140]) = (1.0, 1.0);
    let found = check(&a, 0.0);
    assert_eq!((found.pivot_index, found.pivot), (140, 0.0));
    assert!(found.suggested_ridge.unwrap() < SUGGESTED_RIDGE, "{found:?}");
}

#[test]
fn a_ridge_that_is_too_small_is_raised() {
    let a = diagonal(&[1.0, -2.0, 1.0]);
    let found = check(&a, 0.5);
    assert_eq!((found.ridge, found.pivot_index, found.pivot), (0.5, 1, -1.5));
    assert!(found.suggested_ridge.unwrap() > -a[1][1]);
    assert!(solve(&a, 2.5).is_ok());
}

#[test]
fn odd_matrices_get_a_ridge_too() {
    let ones = vec![vec![1.0; 30]; 30];
    let far: Rows = (0..40).map(|i| (0..40).map(|j| if i == j { 0.0 } else { 1e6 }).collect()).collect();
    for a in [vec![vec![0.0]], diagonal(&[-3.0; 20]), diagonal(&[0.0; 300]), ones, far, diagonal(&[1e-300, -1e-300])] {
        check(&a, 0.0);
    }
}

#[test]
fn a_failure_leaves_the_workspace_usable() {
    let mut a = random_spd(300, 0.5, 1);
    a[280][280] = -1.0;
    let targets = Targets::new(&labels(300, 3), 3).unwrap();
    let mut workspace = loaded(&a, 2).unwrap();
    let Err(RegressionError::NotPositiveDefinite(found)) = workspace.solve(0.0, &targets) else { panic!() };
    let ridge = found.suggested_ridge.unwrap();
    let after = workspace.solve(ridge, &targets).unwrap();
    let fresh = loaded(&a, 1).unwrap().solve(ridge, &targets).unwrap();
    assert_eq!(after.alpha, fresh.alpha);
}

#[test]
fn numbers_beyond_f64_are_an_error_not_a_nan() {
    let huge = f64::MAX;
    let cases: [(Rows, f64); 6] = [
        (vec![vec![huge]], huge),
        (vec![vec![1e-300, 1e10], vec![1e10, huge]], 0.0),
        (vec![vec![huge, huge], vec![huge, huge]], 0.0),
        (vec![vec![f64::MIN_POSITIVE * 1e-10]], 0.0),
        (vec![vec![-huge, huge], vec![huge, -huge]], 0.0),
        (vec![vec![1.0, huge], vec![huge, 1.0]], 0.0),
    ];
    for (a, ridge) in cases {
        match solve(&a, ridge) {
            Ok(fit) => {
                assert!(rows_of(&fit.alpha).iter().flatten().all(|v| v.is_finite()));
                assert!(!fit.report.condition.is_nan() && !fit.report.backward_error.is_nan());
            }
            Err(error) => assert!(!error.to_string().contains("NaN"), "{error}"),
        }
    }
}

#[test]
fn ridges_are_rounded_up_to_one_digit() {
    let table = [(1.0, 1.0), (1.01, 2.0), (9.5, 10.0), (0.00012, 2e-4), (3e-5, 3e-5), (999.0, 1000.0), (0.0, 0.0)];
    for (value, expected) in table {
        assert_eq!(round_up(value), expected, "{value}");
    }
    for exponent in -300..300 {
        let power: f64 = format!("1e{exponent}").parse().unwrap();
        assert_eq!(round_up(power), power);
    }
    for end in [5e-324, f64::MAX] {
        assert!(round_up(end) >= end);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn symmetric_matrices_of_any_kind(n in 1usize..30, log_scale in -100.0..100.0f64, shift in -1.0..1.0f64, seed: u64) {
        let scale = 10f64.powf(log_scale);
        let mut random = Random(seed | 1);
        let a = symmetric(n, |i, j| scale * (random.next() + if i == j { shift } else { 0.0 }));
        if solve(&a, 0.0).is_err() {
            check(&a, 0.0);
        }
    }
}
