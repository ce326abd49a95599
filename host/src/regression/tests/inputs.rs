//! Bad input: each has its error and none panics.

use super::oracle::*;
use crate::regression::{LowerMut, RegressionError, Targets, Workspace, fit};

fn message<T>(result: Result<T, RegressionError>) -> String {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn entries_that_are_not_finite_are_found() {
    let n = 300;
    for (row, col) in [(0, 0), (1, 0), (299, 0), (130, 70), (257, 256), (299, 299)] {
        for (value, kind) in [(f64::NAN, "NaN"), (f64::INFINITY, "+infinity"), (f64::NEG_INFINITY, "-infinity")] {
            let mut a = diagonal(&vec![1.0; n]);
            a[row][col] = value;
            // A later one, which must not be the one reported.
            a[299][299] = if (row, col) == (299, 299) { value } else { f64::NAN };
            let text = message(loaded(&a, 2));
            assert_eq!(text, format!("the kernel matrix holds {kind} at row {row}, column {col}"));
        }
    }
}

#[test]
fn an_entry_that_is_not_written_is_found() {
    let mut workspace = Workspace::new(3, 1).unwrap();
    load(&mut workspace, &diagonal(&[1.0; 3])).unwrap();
    let partly = workspace.load(|k| Ok(k.set_tile(0, 0, 2, 2, &[1.0f32, 0.0, 0.0, 1.0])?));
    assert!(message(partly).contains("NaN at row 2, column 0"));
    // Nothing is loaded any more.
    let targets = Targets::new(&[0, 1, 0], 2).unwrap();
    assert!(matches!(workspace.solve(0.0, &targets), Err(RegressionError::NotLoaded)));
}

#[test]
fn ridges_are_checked_before_the_kernel_is_filled() {
    let targets = Targets::new(&[0, 1], 2).unwrap();
    let mut workspace = Workspace::new(2, 1).unwrap();
    for ridge in [-1.0, -1e-300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let result = fit(&mut workspace, ridge, |_| panic!("filled"), &targets);
        assert!(matches!(result, Err(RegressionError::Ridge { .. })), "{ridge}");
    }
    load(&mut workspace, &diagonal(&[1.0, 1.0])).unwrap();
    assert!(workspace.solve(-0.0, &targets).is_ok());
    assert!(matches!(workspace.solve(f64::NAN, &targets), Err(RegressionError::Ridge { .. })));
}

#[test]
fn sizes_are_checked() {
    assert!(message(Workspace::new(0, 1)).contains("the training set is empty"));
    for n in [usize::MAX, usize::MAX - 3, 1 << 32, 1 << 40] {
        assert!(matches!(Workspace::new(n, 1), Err(RegressionError::Memory { .. })), "{n}");
    }
    assert!(matches!(Workspace::new(2, usize::MAX), Err(RegressionError::Threads { .. })));
    let targets = Targets::new(&[0, 1], 2).unwrap();
    let mut workspace = loaded(&diagonal(&[1.0; 3]), 1).unwrap();
    assert_eq!(message(workspace.solve(0.0, &targets)), "labels: 2 given, 3 expected");
    assert!(message(workspace.solve_values(0.0, faer::Mat::zeros(3, 0).as_ref())).contains("target matrix is empty"));
    let mut y = faer::Mat::zeros(3, 2);
    y[(1, 1)] = f64::INFINITY;
    let text = message(workspace.solve_values(0.0, y.as_ref()));
    assert_eq!(text, "the target matrix holds +infinity at row 1, column 1");
}

#[test]
fn labels_are_checked() {
    let table: [(&[u16], usize, &str); 6] = [
        (&[], 2, "the list of labels is empty: at least one is needed"),
        (&[0, 0], 1, "1 class(es) cannot be told apart: classification needs 2 to 65536"),
        (&[0], 0, "0 class(es) cannot be told apart: classification needs 2 to 65536"),
        (&[0], 65537, "65537 class(es) cannot be told apart: classification needs 2 to 65536"),
        (&[0, 3, 2], 3, "label 3 at index 1 is outside the 3 classes 0 to 2"),
        (&[65535], 65535, "label 65535 at index 0 is outside the 65535 classes 0 to 65534"),
    ];
    for (labels, classes, expected) in table {
        assert_eq!(message(Targets::new(labels, classes)), expected);
    }
    // A class without a training image is no error.
    let y = Targets::new(&[2, 0], 3).unwrap().one_hot();
    assert_eq!(rows_of(&y), [[-0.1, -0.1, 0.9], [0.9, -0.1, -0.1]]);
}

#[test]
fn the_error_of_the_fill_routine_is_passed_on() {
    let mut workspace = Workspace::new(2, 1).unwrap();
    let text = message(workspace.load(|_| Err("tile 7 is missing".into())));
    assert_eq!(text, "the kernel matrix could not be filled: tile 7 is missing");
    let text = message(workspace.load(|_| Err(anyhow::anyhow!("disk full"))?));
    assert!(text.ends_with("disk full"));
    let outside = |k: &mut LowerMut<'_>| Ok(k.set_tile(1, 0, 2, 1, &[1.0, 1.0])?);
    let text = message(workspace.load(outside));
    assert!(text.ends_with("a block of 2x1 at row 1, column 0 does not fit in the 2x2 matrix"), "{text}");
    let text = message(workspace.load(|k| Ok(k.set_tile(0, 0, 2, 2, &[1.0])?)));
    assert!(text.ends_with("values in a block: 1 given, 4 expected"));
    for (row, col) in [(2, 0), (0, 2), (usize::MAX, usize::MAX)] {
        assert!(workspace.load(|k| Ok(k.set(row, col, 1.0)?)).is_err());
    }
    assert!(workspace.load(|k| Ok(k.set_tile(usize::MAX, 0, 2, 0, &[0.0; 0])?)).is_err());
}

#[test]
fn tiles_may_stand_on_either_side_of_the_diagonal() {
    let a = random_spd(7, 1.0, 5);
    let expected = solve(&a, 0.0).unwrap();
    let targets = Targets::new(&labels(7, 3), 3).unwrap();
    let mut workspace = Workspace::new(7, 1).unwrap();
    // A tile of the whole matrix in which the upper half is wrong: the lower one is kept.
    let mixed: Vec<f64> = (0..49).map(|t| if t % 7 > t / 7 { 9.0 } else { a[t / 7][t % 7] }).collect();
    workspace.load(|k| Ok(k.set_tile(0, 0, 7, 7, &mixed)?)).unwrap();
    assert_eq!(workspace.solve(0.0, &targets).unwrap().alpha, expected.alpha);
    // Strips of rows cut at column 4, both triangles from above the diagonal only.
    let tile = |rows: std::ops::Range<usize>, cols: std::ops::Range<usize>| -> Vec<f64> {
        rows.flat_map(|i| cols.clone().map(move |j| (i, j))).map(|(i, j)| a[i][j]).collect()
    };
    workspace
        .load(|k| {
            k.set_tile(0, 0, 4, 4, &tile(0..4, 0..4))?;
            k.set_tile(0, 4, 4, 3, &tile(0..4, 4..7))?;
            k.set_tile(4, 4, 3, 3, &tile(4..7, 4..7))?;
            Ok(())
        })
        .unwrap();
    assert_eq!(workspace.solve(0.0, &targets).unwrap().alpha, expected.alpha);
    workspace
        .load(|k| {
            assert_eq!(k.n(), 7);
            assert!(k.column_mut(7).is_none());
            for (j, row) in a.iter().enumerate() {
                k.column_mut(j).unwrap_or_default().copy_from_slice(&row[j..]);
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(workspace.solve(0.0, &targets).unwrap().alpha, expected.alpha);
}
