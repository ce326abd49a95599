//! Kernels read back: one matrix, or one for each depth.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;

use super::super::DataError;
use super::header::Dtype;
use super::values::Input;

/// A file of one matrix `(rows, columns)` or of several `(count, rows, columns)`, of which one at a time is in memory.
pub struct Matrices {
    input: Input<BufReader<File>>,
    count: usize,
    rows: usize,
    columns: usize,
}

impl Matrices {
    /// Opens a file of `f32` or `f64`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or is not as long as its header says; another element type or shape, a dimension of 0;
    /// several matrices in Fortran order, where those of each are spread over the whole file.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let input = Input::open(path)?;
        let (count, rows, columns) = match *input.header.shape {
            [rows, columns] => (1, rows, columns),
            [count, rows, columns] => (count, rows, columns),
            _ => (0, 0, 0),
        };
        if count == 0 || rows == 0 || columns == 0 {
            let expected = "(rows, columns) or (depths, rows, columns), all of them at least 1";
            return Err(input.header.wrong_shape(&input.name, expected));
        }
        if !matches!(input.header.dtype, Dtype::Float(4 | 8)) {
            return Err(input.header.wrong_dtype(&input.name, "float32 and float64 (<f4, >f4, <f8, >f8)"));
        }
        if input.header.fortran && input.header.shape.len() > 2 {
            let reason = "several matrices in Fortran order: save numpy.ascontiguousarray of them";
            return Err(DataError::format(&input.name, reason));
        }
        Ok(Self { input, count, rows, columns })
    }

    /// The number of matrices; 1 for a two-dimensional array.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The rows of each matrix.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns of each matrix.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Reads matrix `index`, row by row.
    ///
    /// # Errors
    ///
    /// An index that is not below [`count`](Self::count); a file that cannot be read or does not fit in memory; a NaN or
    /// an infinite number (the first one is named by row and column).
    pub fn read(&mut self, index: usize) -> Result<Vec<f64>, DataError> {
        let file = self.input.name.clone();
        if index >= self.count {
            return Err(DataError::format(
                &file,
                format!("has no matrix {index} (counted from 0), only {}", self.count),
            ));
        }
        let (rows, columns) = (self.rows, self.columns);
        // Products of parts of the shape, whose own product was checked.
        let len = rows * columns;
        let before = index * len;
        let start = self.input.header.len + before as u64 * self.input.header.element_len() as u64;
        let seek = self.input.reader.seek(SeekFrom::Start(start));
        seek.map_err(|cause| DataError::Io { file: file.clone(), cause })?;
        let values = match self.input.header.dtype {
            Dtype::Float(4) => self.input.some(before, len, |bytes| f64::from(f32::from_le_bytes(bytes)))?,
            _ => self.input.some(before, len, f64::from_le_bytes)?,
        };
        let values = if self.input.header.fortran { self.input.c_order(values)? } else { values };
        if let Some(position) = values.iter().position(|value| !value.is_finite()) {
            let (row, column, value) = (position / columns, position % columns, values[position]);
            let reason = format!("row {row}, column {column} of matrix {index} is {value}: kernels must be finite");
            return Err(DataError::format(&file, reason));
        }
        Ok(values)
    }
}

/// Reads a file of one matrix: its rows, its columns, and its numbers row by row.
///
/// # Errors
///
/// Those of [`Matrices`], and a file of several matrices.
pub fn read_matrix(path: &Path) -> Result<(usize, usize, Vec<f64>), DataError> {
    let mut matrices = Matrices::open(path)?;
    if matrices.count != 1 {
        return Err(matrices.input.header.wrong_shape(&matrices.input.name, "(rows, columns), a single matrix"));
    }
    let values = matrices.read(0)?;
    Ok((matrices.rows, matrices.columns, values))
}
