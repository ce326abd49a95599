//! A training kernel on its way from a file into the matrix that is factored: no second matrix is needed to see that it is
//! symmetric.

use super::JobError;
use crate::data::npy::{Block, Matrices};
use crate::regression::{Entry, LowerMut};

/// Far above the rounding of any kernel in f32, far below any mistake.
const TOLERANCE: f64 = 1e-3;

/// Two entries that mirror each other.
#[derive(Default)]
struct Pair {
    row: usize,
    column: usize,
    /// At (row, column), below the diagonal.
    lower: f64,
    /// At (column, row).
    upper: f64,
}

impl Pair {
    fn difference(&self) -> f64 {
        (self.lower - self.upper).abs()
    }
}

/// Reads matrix `index` of the file; of two entries that mirror each other the lower one is kept.
///
/// # Errors
/// Those of the file, and a matrix that is not symmetric, which is a mistake: two files exchanged, or a matrix of something
/// else. The two entries that differ most are named.
pub(super) fn load_symmetric<T: Entry>(
    file: &mut Matrices,
    index: usize,
    lower: &mut LowerMut<'_, T>,
) -> Result<(), JobError> {
    let (mut largest, mut worst) = (0.0_f64, Pair::default());
    file.blocks(index, |block| {
        place(&block, lower, &mut largest, &mut worst);
        Ok::<_, JobError>(())
    })?;
    if worst.difference() > TOLERANCE * largest {
        let Pair { row, column, lower, upper } = worst;
        return Err(JobError::Input(format!(
            "{}: matrix {index} is not symmetric: {lower:e} at ({row}, {column}), {upper:e} at ({column}, {row})",
            file.name()
        )));
    }
    Ok(())
}

/// Writes a block below the diagonal. What stands there is NaN, unless the mirror image of the entry has come already.
fn place<T: Entry>(block: &Block<'_>, lower: &mut LowerMut<'_, T>, largest: &mut f64, worst: &mut Pair) {
    // Column by column: the triangle is stored so, and of a block of few rows the lines stay in the cache.
    for column in block.column..block.column + block.columns {
        for row in block.row..block.row + block.rows {
            let value = block.values[(row - block.row) * block.columns + column - block.column];
            let (low, high) = (row.min(column), row.max(column));
            let Some(slot) = lower.column_mut(low).and_then(|entries| entries.get_mut(high - low)) else { return };
            *largest = largest.max(value.abs());
            let other: f64 = (*slot).into();
            if other.is_nan() || row > column {
                *slot = T::rounded(value);
            }
            if !other.is_nan() {
                let (below, above) = if row > column { (value, other) } else { (other, value) };
                let pair = Pair { row: high, column: low, lower: below, upper: above };
                if pair.difference() > worst.difference() {
                    *worst = pair;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::npy::write_array;
    use crate::regression::Workspace;
    use std::path::Path;

    const N: usize = 300;

    /// A file of K in both orders of storage. NumPy's header is replaced by one of the same length.
    fn files(folder: &Path, k: impl Fn(usize, usize) -> f64) -> [Matrices; 2] {
        let [c, fortran] = ["c.npy", "f.npy"].map(|name| folder.join(name));
        write_array(&c, &[N, N], (0..N * N).map(|at| k(at / N, at % N))).unwrap();
        write_array(&fortran, &[N, N], (0..N * N).map(|at| k(at % N, at / N))).unwrap();
        let mut bytes = std::fs::read(&fortran).unwrap();
        let at = bytes.windows(5).position(|window| window == b"False").unwrap();
        bytes[at..at + 5].copy_from_slice(b"True ");
        std::fs::write(&fortran, bytes).unwrap();
        [c, fortran].map(|path| Matrices::open(&path).unwrap())
    }

    #[test]
    fn the_lower_entry_is_kept_in_either_order_of_storage() {
        let folder = tempfile::tempdir().unwrap();
        let k = |row: usize, column: usize| {
            let rounding = if row < column { 1e-6 } else { 0.0 };
            (row.max(column) * N + row.min(column)) as f64 / (N * N) as f64 + rounding
        };
        for mut file in files(folder.path(), k) {
            let load = Workspace::new(N, 1).unwrap().load(|lower| {
                load_symmetric(&mut file, 0, lower)?;
                for column in 0..N {
                    for (row, &mut value) in (column..).zip(lower.column_mut(column).unwrap()) {
                        assert_eq!(value, k(row, column), "at {row}, {column}");
                    }
                }
                Ok(())
            });
            load.unwrap();
        }
    }

    #[test]
    fn the_entries_that_differ_most_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let k = |row: usize, column: usize| match (row, column) {
            (7, 290) => 0.75,
            (290, 7) | (8, 9) => 0.25,
            (9, 8) => 0.5,
            _ => 1.0,
        };
        for mut file in files(folder.path(), k) {
            let load = Workspace::new(N, 1).unwrap().load(|lower| Ok(load_symmetric(&mut file, 0, lower)?));
            let error = load.unwrap_err().to_string();
            assert!(error.contains("not symmetric: 2.5e-1 at (290, 7), 7.5e-1 at (7, 290)"), "{error}");
        }
    }
}
