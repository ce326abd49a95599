//! Kernels read back.

use super::super::DataError;
use super::super::npy::{Matrices, read_matrix, write_array};
use super::npy::file;
use super::{message, put};

#[test]
fn a_written_matrix_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.npy");
    write_array(&path, &[2, 3], [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.5]).unwrap();
    assert_eq!(read_matrix(&path).unwrap(), (2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.5]));
    // The same numbers column by column.
    let data: Vec<u8> = [1.0_f64, 4.0, 2.0, 5.0, 3.0, 6.5].into_iter().flat_map(f64::to_be_bytes).collect();
    let header = "{'descr': '>f8', 'fortran_order': True, 'shape': (2, 3)}";
    let path = put(folder.path(), "f.npy", &file(1, header, &data));
    assert_eq!(read_matrix(&path).unwrap(), (2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.5]));
}

#[test]
fn one_matrix_at_a_time_is_read_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.npy");
    write_array(&path, &[3, 40, 50], (0..6000).map(f64::from)).unwrap();
    let mut matrices = Matrices::open(&path).unwrap();
    assert_eq!((matrices.count(), matrices.rows(), matrices.columns()), (3, 40, 50));
    for index in [2, 0, 1, 2] {
        let expected: Vec<f64> = (0..2000).map(|i| f64::from(i + 2000 * index)).collect();
        assert_eq!(matrices.read(index as usize).unwrap(), expected);
    }
    message(matrices.read(3), &["k.npy: ", "matrix 3", "only 3"]);
    message(read_matrix(&path), &["shape (3, 40, 50)", "single matrix"]);
}

#[test]
fn blocks_are_the_matrix_in_any_order_of_storage() {
    let folder = tempfile::tempdir().unwrap();
    // Longer and wider than a block.
    let (rows, columns) = (700, 400);
    let value = |row: usize, column: usize| (row * columns + column) as f64;
    let path = folder.path().join("k.npy");
    let numbers = (0..2 * rows * columns).map(|at| at as f64 - value(rows, 0));
    write_array(&path, &[2, 1, rows, columns], numbers).unwrap();
    let by_columns = (0..rows * columns).flat_map(|at| value(at % rows, at / rows).to_le_bytes());
    let header = "{'descr': '<f8', 'fortran_order': True, 'shape': (700, 400)}";
    let fortran = put(folder.path(), "f.npy", &file(1, header, &by_columns.collect::<Vec<u8>>()));
    for (path, index) in [(path, 1), (fortran, 0)] {
        let mut matrices = Matrices::open(&path).unwrap();
        let (mut count, mut blocks) = (0, 0);
        let all = matrices.blocks(index, |block| {
            for (at, &number) in block.values.iter().enumerate() {
                assert_eq!(number, value(block.row + at / block.columns, block.column + at % block.columns));
            }
            assert_eq!(block.values.len(), block.rows * block.columns);
            (count, blocks) = (count + block.values.len(), blocks + 1);
            Ok::<_, DataError>(())
        });
        all.unwrap();
        assert!(count == rows * columns && blocks > 1, "{count} numbers in {blocks} blocks");
        assert_eq!(matrices.read(index).unwrap(), (0..count).map(|at| at as f64).collect::<Vec<_>>());
    }
}

#[test]
fn what_is_no_kernel_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.npy");
    write_array(&path, &[2, 2, 2], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, f64::NAN, 1.0]).unwrap();
    let mut matrices = Matrices::open(&path).unwrap();
    assert!(matrices.read(0).is_ok());
    message(matrices.read(1), &["k.npy: ", "row 1, column 0 of matrix 1 is NaN"]);
    for shape in [&[4][..], &[1, 1, 1, 2, 2], &[0, 4], &[2, 0, 1, 1], &[2, 0, 2]] {
        write_array(&path, shape, vec![1.0; shape.iter().product()]).unwrap();
        message(Matrices::open(&path), &["k.npy: shape", "(rows, columns)"]);
    }
    for (header, part) in [
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)}", "dtype |u1"),
        ("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1, 1)}", "Fortran"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}", "needs 75"),
    ] {
        let path = put(folder.path(), "x.npy", &file(1, header, &[0; 4]));
        message(Matrices::open(&path), &["x.npy: ", part]);
    }
}
