//! Products and solves of matrices that span several blocks, in integers, where f64 rounds nothing.

use faer::Mat;

use crate::regression::matrix::Matrix;
use crate::regression::{Entry, cholesky, product};

/// −2 to 2, of the lower triangle.
fn entry(i: usize, j: usize) -> f64 {
    ((i * 7 + j * 13 + i * j) % 5) as f64 - 2.0
}

fn right(n: usize, columns: usize) -> Mat<f64> {
    Mat::from_fn(n, columns, |i, c| ((i * 3 + c * 5) % 7) as f64 - 3.0)
}

/// K of a lower triangle of [`entry`].
fn matrix<T: Entry>(n: usize) -> Matrix<T> {
    let mut matrix = Matrix::new(n).unwrap();
    for (j, column) in matrix.fill_view().columns_mut().enumerate() {
        (j..).zip(column).for_each(|(i, value)| *value = T::rounded(entry(i, j)));
    }
    matrix.keep().unwrap();
    matrix
}

fn products<T: Entry>(n: usize, columns: usize) {
    let x = right(n, columns);
    let mut y = Mat::full(n, columns, f64::NAN);
    product::multiply(&matrix::<T>(n), x.as_ref(), y.as_mut()).unwrap();
    let expected = Mat::from_fn(n, columns, |i, c| (0..n).map(|j| entry(i.max(j), i.min(j)) * x[(j, c)]).sum::<f64>());
    assert!(y == expected, "n = {n}, {columns} columns");
}

#[test]
fn products_over_blocks_are_exact() {
    // One square and parts of one; one block; two, so that the last step has half of the work; three; four.
    for n in [1, 63, 64, 65, 200, 1024, 1025, 2049, 3100] {
        products::<f32>(n, 2);
        products::<f64>(n, 1);
    }
}

fn solves<T: Entry>(n: usize, columns: usize) {
    let mut l = Mat::<T>::from_fn(n, n, |_, _| T::rounded(f64::NAN));
    for j in 0..n {
        l[(j, j)] = T::rounded(1.0);
        (j + 1..n).for_each(|i| l[(i, j)] = T::rounded(entry(i, j) / 2.0));
    }
    let at = |i: usize, j: usize| -> f64 { l[(i.max(j), i.min(j))].into() };
    let x = right(n, columns);
    let upper = Mat::from_fn(n, columns, |i, c| (i..n).map(|j| at(j, i) * x[(j, c)]).sum::<f64>());
    let mut b = Mat::from_fn(n, columns, |i, c| (0..=i).map(|j| at(i, j) * upper[(j, c)]).sum::<f64>());
    cholesky::solve(l.as_ref(), b.as_mut());
    assert!(b == x, "n = {n}, {columns} columns");
}

#[test]
fn solves_over_blocks_are_exact() {
    for n in [1, 255, 256, 257, 300, 2400] {
        solves::<f32>(n, 3);
        solves::<f64>(n, 1);
    }
}
