//! The three ways to solve the same equations, and what the iterations refuse.

use super::oracle::*;
use crate::data::{Kind, LoadOptions, load as load_data};
use crate::gram::TileSource;
use crate::job::{Machine, NetKind, NetSettings, Silent, compute, tile_for};
use crate::precision::{CONDITION_BELOW, METHODS, RESIDUAL, RESIDUAL_WARNED};
use crate::regression::{FillError, Fit, Method, RegressionError, Targets, Tiles, Workspace, solve_tiles};
use crate::simd::Backend;
use ultrawide_core::Kernel;

/// A matrix as tiles of any edge.
pub struct Cut<'a>(pub &'a Rows, pub usize);

impl Tiles for Cut<'_> {
    fn n(&self) -> usize {
        self.0.len()
    }

    fn edge(&self) -> usize {
        self.1
    }

    fn read(&self, i: usize, j: usize, out: &mut Vec<f64>) -> Result<(), FillError> {
        assert!(j <= i, "tile ({i}, {j}) stands above the diagonal");
        let part = |at: usize| at * self.1..(at * self.1 + self.1).min(self.n());
        out.clear();
        out.extend(part(i).flat_map(|row| part(j).map(move |column| (row, column))).map(|(i, j)| self.0[i][j]));
        Ok(())
    }
}

/// A matrix whose entries f32 holds.
pub fn single(a: &Rows) -> Rows {
    a.iter().map(|row| row.iter().map(|&value| f64::from(value as f32)).collect()).collect()
}

fn mixed(a: &Rows, ridge: f64, threads: usize) -> Result<Fit, RegressionError> {
    let mut workspace = Workspace::mixed(a.len(), threads)?;
    workspace.load(|k| {
        for (i, row) in a.iter().enumerate() {
            k.set_tile(i, 0, 1, i + 1, &row[..=i])?;
        }
        Ok(())
    })?;
    workspace.solve(ridge, &Targets::new(&labels(a.len(), 3), 3)?)
}

fn tiled(a: &Rows, ridge: f64, edge: usize, threads: usize) -> Result<Fit, RegressionError> {
    solve_tiles(&Cut(a, edge), ridge, Targets::new(&labels(a.len(), 3), 3)?.one_hot().as_ref(), threads, &|_| ())
}

/// Solves in all three ways and compares; the reports of the two iterations.
fn agree(what: &str, a: &Rows, ridge: f64) -> [Fit; 2] {
    let expected = rows_of(&solve(a, ridge).unwrap().alpha);
    let fits = [mixed(a, ridge, 2).unwrap(), tiled(a, ridge, 100, 2).unwrap()];
    for (fit, method) in fits.iter().zip([Method::Mixed, Method::Cg]) {
        let report = &fit.report;
        assert_eq!((report.solver, report.n, report.ridge, report.threads), (method, a.len(), ridge, 2));
        assert!(report.relative_residual < RESIDUAL, "{what} {method}: {:e}", report.relative_residual);
        let error = distance(&rows_of(&fit.alpha), &expected);
        assert!(error <= METHODS, "{what} {method}: {error:e}, {report:?}");
        assert!(0.0 < report.pivot_min && report.pivot_min <= report.pivot_max, "{what}: {report:?}");
    }
    fits
}

#[test]
fn all_solvers_agree_on_random_matrices() {
    for n in [1, 2, 3, 16, 99, 100, 101, 199, 255, 256, 257, 384, 512, 600] {
        for (shift, ridge) in [(1.0, 0.0), (1e-3, 0.0), (0.1, 0.5)] {
            let a = single(&random_spd(n, shift, n as u64));
            let fits = agree(&format!("n {n} shift {shift} ridge {ridge}"), &a, ridge);
            assert!(fits.iter().all(|fit| fit.report.warning().is_none() && fit.report.shift == 0.0));
        }
    }
}

/// The training kernel of the first `n` digits.
fn digits(net: NetKind, depth: usize, n: usize) -> Rows {
    let mut options = LoadOptions::new(Kind::Digits);
    options.train_size = Some(n);
    let data = load_data(&options).unwrap();
    let settings = NetSettings {
        nets: vec![net],
        depths: vec![depth],
        kernels: vec![Kernel::Ntk],
        trained: None,
        lap: None,
        filter: 3,
        slope: 0.0,
        residual: None,
    };
    let passes = settings.passes(data.train.images.shape()).unwrap();
    let tile = tile_for(&passes, n);
    let gram = crate::gram::Gram { net: &passes[0].net, flip: false, x: &data.train.images, y: None, tile };
    let machine = Machine::new(Backend::select().unwrap(), Some(2)).unwrap();
    let tiles: Box<dyn TileSource<f32>> = compute(&gram, "train", None, &machine, &Silent).unwrap();
    let mut k = vec![vec![0.0; n]; n];
    let mut values = Vec::new();
    for (i, j) in tiles.plan().tiles(tile) {
        tiles.read(0, i, j, &mut values).unwrap();
        let (_, columns) = tiles.plan().tile_shape(tile, i, j).unwrap();
        for (at, &value) in values.iter().enumerate() {
            let (row, column) = (i * tile + at / columns, j * tile + at % columns);
            (k[row][column], k[column][row]) = (f64::from(value), f64::from(value));
        }
    }
    k
}

#[test]
fn all_solvers_agree_on_the_kernels_of_digits() {
    for (net, depth, n) in [(NetKind::Fc, 3, 1400), (NetKind::Fc, 2, 700), (NetKind::CntkV, 3, 300)] {
        let a = digits(net, depth, n);
        let mean = (0..n).map(|i| a[i][i]).sum::<f64>() / n as f64;
        for ridge in [0.0, mean * 1e-4] {
            agree(&format!("{net:?} depth {depth} ridge {ridge:e}"), &a, ridge);
        }
    }
}

/// A matrix of whole numbers, so exact in f32, of rank `rank`.
fn deficient(n: usize, rank: usize) -> Rows {
    let mut random = Random(n as u64 | 1);
    let b: Rows = (0..n).map(|_| (0..rank).map(|_| (4.0 * random.next()).round()).collect()).collect();
    symmetric(n, |i, j| b[i].iter().zip(&b[j]).map(|(x, y)| x * y).sum())
}

#[test]
fn what_f32_cannot_factor_is_solved_with_a_shift() {
    // Two images that are the same, and a ridge that f32 cannot add to 1: there the pivot is exactly zero. They are of two classes, so that
    // the weights are large where the eigenvalue is small, and a residual of 1e-10 says how exact they are. It can be reached, in f64, because they
    // are two of many.
    let n = 3000;
    let pair = [10, 11];
    let entry = |i: usize, j: usize| match (pair.contains(&i), pair.contains(&j)) {
        (true, true) => 1.0,
        (false, false) => (-(i.abs_diff(j) as f64) / 5.0).exp(),
        _ => 0.0,
    };
    let a = single(&symmetric(n, entry));
    let ridge = f64::from(f32::EPSILON) / 2.0;
    let [mixed, _] = agree("two equal images", &a, ridge);
    let report = mixed.report;
    assert!(report.shift > 0.0 && report.iterations > 1, "{report:?}");
    let text = report.warning().unwrap();
    assert!(text.contains("not positive definite in f32") && text.contains("iterations"), "{text}");
    // The failed pivot has shown the smallest eigenvalue, the ridge.
    assert!(report.condition * CONDITION_BELOW >= solve(&a, ridge).unwrap().report.condition, "{report:?}");
}

#[test]
fn matrices_that_are_not_positive_definite_are_refused() {
    let negative = |n: usize, at: usize| {
        let mut a = random_spd(n, 0.5, at as u64);
        a[at][at] -= 2.0;
        single(&a)
    };
    let mut cases = vec![diagonal(&[-3.0; 20]), vec![vec![-1.0]]];
    cases.extend([(40, 7), (300, 299), (600, 300)].map(|(n, at)| negative(n, at)));
    for a in cases {
        let n = a.len();
        for (method, result) in [(Method::Mixed, mixed(&a, 0.0, 2)), (Method::Cg, tiled(&a, 0.0, 64, 2))] {
            let error = match result {
                Ok(fit) => panic!("n {n} {method}: solved, {:?}", fit.report),
                Err(error) => error,
            };
            let RegressionError::Curvature { curvature, suggested_ridge, .. } = &error else {
                panic!("{method}: {error}")
            };
            assert!(*curvature <= 0.0, "n {n} {method}: {curvature:e}");
            let text = error.to_string();
            assert!(text.contains("not positive definite") && !text.contains('\n'), "{text}");
            if method == Method::Mixed {
                let ridge = suggested_ridge.unwrap();
                assert!(text.contains(&format!("ridge {ridge:e} was tried and works")), "{text}");
                assert!(mixed(&a, ridge, 1).unwrap().report.shift == 0.0);
            }
        }
    }
}

#[test]
fn a_singular_matrix_is_called_so() {
    // Targets outside of the range of the matrix: no solution, and no direction that bends the other way but for rounding.
    let twins = |n: usize| {
        let place = |i: usize| if i == 11 { 10 } else { i };
        single(&symmetric(n, |i, j| (-(place(i).abs_diff(place(j)) as f64) / 5.0).exp()))
    };
    for a in [deficient(200, 100), twins(40), twins(300), diagonal(&[0.0; 300]), vec![vec![0.0]]] {
        let n = a.len();
        for (method, result) in [(Method::Mixed, mixed(&a, 0.0, 2)), (Method::Cg, tiled(&a, 0.0, 64, 2))] {
            let error = match result {
                Ok(fit) => panic!("n {n} {method}: solved, {:?}", fit.report),
                Err(error) => error,
            };
            let RegressionError::Singular { suggested_ridge, .. } = error else { panic!("n {n} {method}: {error}") };
            let text = error.to_string();
            assert!(text.contains("singular to working precision") && !text.contains('\n'), "{text}");
            // What is suggested is enough for a solution, if not for 1e-10.
            assert!(mixed(&a, suggested_ridge, 2).is_ok(), "n {n} {method}");
        }
    }
}

/// Two warnings about one solution are both told.
#[test]
fn no_warning_hides_another() {
    let report = tiled(&diagonal(&[1.0, 2.0]), 0.0, 2, 1).unwrap().report;
    assert!(report.condition_is_bound && report.warning().is_none());
    let report =
        crate::regression::SolveReport { shift: 0.5, ill_conditioned: true, relative_residual: 1e-7, ..report };
    let text = report.warning().unwrap();
    for part in ["4.5e15", "f64 comes no nearer", "not positive definite in f32"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains('\n'));
}

#[test]
fn the_number_of_threads_does_not_change_a_bit_of_an_iteration() {
    for (n, edge) in [(100, 7), (700, 256), (513, 64)] {
        let a = single(&random_spd(n, 1e-3, 3));
        let bits = |fit: Fit| {
            let r = fit.report;
            (
                fit.alpha,
                r.iterations,
                [r.relative_residual, r.condition, r.pivot_min, r.backward_error].map(f64::to_bits),
            )
        };
        for solve in
            [&(|threads| mixed(&a, 0.0, threads)) as &dyn Fn(usize) -> Result<Fit, RegressionError>, &|threads| {
                tiled(&a, 0.0, edge, threads)
            }]
        {
            let first = bits(solve(1).unwrap());
            for threads in [2, 3, 8] {
                assert!(bits(solve(threads).unwrap()) == first, "n {n}, {threads} threads");
            }
        }
    }
}

#[test]
fn numbers_that_are_not_finite_are_named() {
    for (row, col) in [(0, 0), (299, 5), (130, 70), (299, 299)] {
        for (value, kind) in [(f64::NAN, "NaN"), (f64::INFINITY, "+infinity"), (1e39, "+infinity")] {
            let mut a = diagonal(&vec![1.0; 300]);
            (a[row][col], a[col][row]) = (value, value);
            let expected = format!("the kernel matrix holds {kind} at row {row}, column {col}");
            // 1e39 is a number, but not one of f32.
            assert_eq!(mixed(&a, 0.0, 2).unwrap_err().to_string(), expected);
            if value != 1e39 {
                assert_eq!(tiled(&a, 0.0, 64, 2).unwrap_err().to_string(), expected);
            }
        }
    }
}

#[test]
fn tiles_that_cannot_be_read_are_an_error() {
    struct Broken(bool);
    impl Tiles for Broken {
        fn n(&self) -> usize {
            10
        }

        fn edge(&self) -> usize {
            4
        }

        fn read(&self, i: usize, j: usize, out: &mut Vec<f64>) -> Result<(), FillError> {
            out.clear();
            out.resize(if self.0 { 16 } else { 3 }, 1.0);
            if self.0 && (i, j) == (2, 1) { Err("tile (2, 1) is missing".into()) } else { Ok(()) }
        }
    }
    let solve = |tiles| {
        let targets = Targets::new(&labels(10, 3), 3).unwrap();
        solve_tiles(&Broken(tiles), 0.0, targets.one_hot().as_ref(), 2, &|_| ()).unwrap_err().to_string()
    };
    assert_eq!(solve(false), "values in a tile: 3 given, 16 expected");
    // Of tiles of 16 numbers the last row's are too long.
    assert_eq!(solve(true), "values in a tile: 16 given, 4 expected");
    let targets = Targets::new(&labels(9, 3), 3).unwrap();
    let a = diagonal(&[1.0; 10]);
    let text = solve_tiles(&Cut(&a, 4), 0.0, targets.one_hot().as_ref(), 1, &|_| ()).unwrap_err().to_string();
    assert_eq!(text, "target rows: 9 given, 10 expected");
    assert!(solve_tiles(&Cut(&a, 4), -1.0, targets.one_hot().as_ref(), 1, &|_| ()).is_err());
}

#[test]
fn an_iteration_tells_how_far_it_is() {
    let a = single(&random_spd(300, 1e-3, 8));
    let targets = Targets::new(&labels(300, 3), 3).unwrap();
    let told = std::sync::Mutex::new(Vec::new());
    let tell = |text: &str| told.lock().unwrap().push(text.to_owned());
    let fit = solve_tiles(&Cut(&a, 64), 0.0, targets.one_hot().as_ref(), 2, &tell).unwrap();
    let iterations = told.into_inner().unwrap().iter().filter(|text| text.starts_with("iteration")).count();
    assert_eq!(iterations, fit.report.iterations);
}

#[test]
fn tiny_and_huge_kernels_are_solved_too() {
    for scale in [1e-30, 1e30] {
        let mut a = random_spd(150, 0.1, 2);
        a.iter_mut().flatten().for_each(|value| *value *= scale);
        agree(&format!("scale {scale:e}"), &single(&a), 0.0);
    }
}

#[test]
fn where_f64_comes_no_nearer_the_solution_has_a_warning() {
    // Eigenvalues from 1 to 1e-11: rounding alone leaves a residual of about ε times the condition number.
    let n = 300;
    let a = symmetric(n, |i, j| {
        let wave = |k: usize, i: usize| (std::f64::consts::PI * (2 * i + 1) as f64 * k as f64 / (2 * n) as f64).cos();
        let scale = |k: usize| if k == 0 { 1.0 } else { 2.0 };
        (0..n).map(|k| 10f64.powf(-11.0 * k as f64 / (n - 1) as f64) * scale(k) * wave(k, i) * wave(k, j)).sum::<f64>()
            / n as f64
    });
    let fit = tiled(&a, 0.0, 64, 2).unwrap();
    let report = fit.report;
    assert!((RESIDUAL..RESIDUAL_WARNED).contains(&report.relative_residual), "{report:?}");
    let text = report.warning().unwrap();
    assert!(text.contains("f64 comes no nearer") && !text.contains('\n'), "{text}");
}
