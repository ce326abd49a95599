//! Rows of a kernel that several machines hold between them.

use std::cell::Cell;

use faer::{Mat, MatMut, MatRef};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::methods::{Cut, single};
use super::oracle::*;
use crate::precision::{METHODS, RESIDUAL};
use crate::regression::{Entry, Method, Products, RegressionError, Rows, Targets, solve_products};

/// Machines with rows each, all in one process.
struct Machines<T> {
    held: Vec<Rows<T>>,
    pool: ThreadPool,
    products: Cell<usize>,
}

impl<T: Entry> Machines<T> {
    fn new(tiles: &Cut<'_>, count: usize, threads: usize) -> Result<Self, RegressionError> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let grid = tiles.0.len().div_ceil(tiles.1);
        let read = |index| pool.install(|| Rows::read(tiles, Rows::<T>::share(grid, index, count)));
        let held = (0..count).map(read).collect::<Result<_, _>>()?;
        Ok(Machines { held, pool, products: Cell::new(0) })
    }
}

impl<T: Entry> Products for Machines<T> {
    fn sums(&self) -> Result<Vec<f64>, RegressionError> {
        Ok(self.held.iter().flat_map(|rows| rows.sums().to_vec()).collect())
    }

    fn multiply(&self, x: MatRef<'_, f64>, mut y: MatMut<'_, f64>) -> Result<(), RegressionError> {
        self.products.set(self.products.get() + 1);
        let flat: Vec<f64> = x.row_iter().flat_map(|row| row.iter().copied()).collect();
        let mut all = Vec::new();
        for rows in &self.held {
            let mut part = vec![f64::NAN; rows.len() * x.ncols()];
            self.pool.install(|| rows.multiply(&flat, x.ncols(), &mut part))?;
            all.extend(part);
        }
        y.copy_from(MatRef::from_row_major_slice(&all, x.nrows(), x.ncols()));
        Ok(())
    }
}

#[test]
fn rows_agree_with_the_factor_and_their_bits_do_not_depend_on_who_holds_them() {
    // Tiles of fewer rows than a thread takes, of as many, of more; the last one smaller; widths beyond one block.
    for (n, edge) in [(1, 16), (99, 16), (100, 7), (257, 64), (300, 100), (600, 256)] {
        let a = single(&random_spd(n, 0.1, n as u64));
        let (ridge, classes) = (0.01, 3);
        let targets = Targets::new(&labels(n, 3), classes).unwrap();
        let expected = rows_of(&solve(&a, ridge).unwrap().alpha);
        let tiles = Cut(&a, edge);
        let fit = |machines: &dyn Products| {
            solve_products(machines, &tiles, ridge, targets.one_hot().as_ref(), 2, &|_| ()).unwrap()
        };
        let mut first: Option<Mat<f64>> = None;
        for (count, threads) in [(1, 1), (1, 3), (2, 1), (3, 2), (50, 1)] {
            let machines = Machines::<f32>::new(&tiles, count, threads).unwrap();
            let fit = fit(&machines);
            assert_eq!((fit.report.solver, fit.report.n, fit.report.threads), (Method::Cg, n, 2));
            assert!(fit.report.relative_residual < RESIDUAL, "n {n}: {:?}", fit.report);
            assert!(machines.products.get() > fit.report.iterations);
            let error = distance(&rows_of(&fit.alpha), &expected);
            assert!(error <= METHODS, "n {n} edge {edge}: {error:e}");
            let first = first.get_or_insert_with(|| fit.alpha.clone());
            assert!(*first == fit.alpha, "n {n} edge {edge}: other bits by {count} machines of {threads} threads");
        }
        // Numbers that f32 holds: the same in f64.
        let wide = fit(&Machines::<f64>::new(&tiles, 2, 2).unwrap());
        assert!(distance(&rows_of(&wide.alpha), &expected) <= METHODS);
    }
}

#[test]
fn every_tile_row_has_one_holder() {
    for (grid, count) in [(1, 1), (1, 5), (7, 3), (196, 100), (5, 5)] {
        let shares: Vec<_> = (0..count).map(|index| Rows::<f32>::share(grid, index, count)).collect();
        let rows: Vec<usize> = shares.iter().cloned().flatten().collect();
        assert_eq!(rows, (0..grid).collect::<Vec<_>>());
        let lens = || shares.iter().map(ExactSizeIterator::len);
        assert!(lens().max().unwrap() - lens().min().unwrap() <= 1);
    }
}

#[test]
fn sums_are_of_absolute_values_and_wrong_sizes_are_told() {
    let a = symmetric(5, |i, j| if (i + j) % 2 == 0 { (i + 1) as f64 } else { -((j + 1) as f64) });
    let rows = Rows::<f64>::read(&Cut(&a, 2), 1..3).unwrap();
    assert_eq!((rows.n(), rows.len(), rows.is_empty()), (5, 3, false));
    let expected: Vec<f64> = a[2..].iter().map(|row| row.iter().map(|value| value.abs()).sum()).collect();
    assert_eq!(rows.sums(), expected);
    assert!(Rows::<f64>::read(&Cut(&a, 2), 3..3).unwrap().is_empty());
    for (x, y, wrong) in [(9, 6, 9), (10, 5, 5)] {
        let error = rows.multiply(&vec![0.0; x], 2, &mut vec![0.0; y]).unwrap_err();
        assert!(matches!(error, RegressionError::Length { got, .. } if got == wrong), "{error}");
    }
    let mut broken = a.clone();
    broken[4][1] = f64::NAN;
    let error = Rows::<f32>::read(&Cut(&broken, 2), 0..1).map(|_| ()).unwrap_err();
    assert!(matches!(error, RegressionError::NonFinite { row: 4, col: 1, .. }), "{error}");
}
