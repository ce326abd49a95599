//! Kernels read back: one matrix, or one for each depth, or for each kernel and depth.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;

use super::super::DataError;
use super::header::Dtype;
use super::values::Input;

/// A file of one matrix `(rows, columns)` or of several, `(depths, rows, columns)` or `(kernels, depths, rows, columns)`, of
/// which a few rows at a time are in memory.
pub struct Matrices {
    input: Input<BufReader<File>>,
    count: usize,
    rows: usize,
    columns: usize,
}

/// A part of a matrix, as it comes from a file.
pub struct Block<'a> {
    /// The first row.
    pub row: usize,
    /// The first column.
    pub column: usize,
    /// The number of rows.
    pub rows: usize,
    /// The number of columns.
    pub columns: usize,
    /// The numbers, row by row.
    pub values: &'a [f64],
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
        let shape = &input.header.shape;
        let (&[ref outer @ .., rows, columns], 2..=4) = (&shape[..], shape.len()) else {
            return Err(Self::wrong_shape(&input));
        };
        let count = outer.iter().product();
        if input.header.count == 0 {
            return Err(Self::wrong_shape(&input));
        }
        if !matches!(input.header.dtype, Dtype::Float(4 | 8)) {
            return Err(input.header.wrong_dtype(&input.name, "float32 and float64 (<f4, >f4, <f8, >f8)"));
        }
        if input.header.fortran && !outer.is_empty() {
            let reason = "several matrices in Fortran order: save numpy.ascontiguousarray of them";
            return Err(DataError::format(&input.name, reason));
        }
        Ok(Self { input, count, rows, columns })
    }

    fn wrong_shape(input: &Input<BufReader<File>>) -> DataError {
        let expected =
            "(rows, columns), (depths, rows, columns) or (kernels, depths, rows, columns), all of them at least 1";
        input.header.wrong_shape(&input.name, expected)
    }

    /// What the file is called in errors.
    pub fn name(&self) -> &str {
        &self.input.name
    }

    /// The shape of the whole array.
    pub fn shape(&self) -> &[usize] {
        &self.input.header.shape
    }

    /// The shape without rows and columns: empty, `[depths]` or `[kernels, depths]`.
    pub fn outer(&self) -> &[usize] {
        &self.shape()[..self.shape().len() - 2]
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

    /// Whether the numbers are floats that f32 holds.
    pub fn is_f32(&self) -> bool {
        matches!(self.input.header.dtype, Dtype::Float(2 | 4))
    }

    /// Reads matrix `index`, counted in the order of the file, row by row.
    ///
    /// # Errors
    ///
    /// As [`blocks`](Self::blocks), and a matrix that does not fit in memory.
    pub fn read(&mut self, index: usize) -> Result<Vec<f64>, DataError> {
        // A product of parts of the shape, whose own product was checked.
        let (columns, len) = (self.columns, self.rows * self.columns);
        let mut values = Vec::new();
        self.input.reserve(&mut values, len)?;
        values.resize(len, 0.0);
        self.blocks(index, |block| {
            for (line, row) in block.values.chunks_exact(block.columns).zip(block.row..) {
                values[row * columns + block.column..][..block.columns].copy_from_slice(line);
            }
            Ok::<_, DataError>(())
        })?;
        Ok(values)
    }

    /// Hands matrix `index`, counted in the order of the file, to `take` part by part: whole rows from the first to the last,
    /// or, where the file is in Fortran order, whole columns.
    ///
    /// # Errors
    ///
    /// An index that is not below [`count`](Self::count); a file that cannot be read; a NaN or an infinite number (the first
    /// one is named by row and column); the first error of `take`.
    ///
    /// # Cost
    ///
    /// Memory: a MB, or a few lines of the matrix where that is more.
    pub fn blocks<E: From<DataError>>(
        &mut self,
        index: usize,
        mut take: impl FnMut(Block<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        const NUMBERS: usize = 1 << 17;
        // A cache line of what is stored in the other order.
        const LINES: usize = 8;
        let file = self.input.name.clone();
        if index >= self.count {
            let reason = format!("has no matrix {index} (counted from 0), only {}", self.count);
            return Err(DataError::format(&file, reason).into());
        }
        let fortran = self.input.header.fortran;
        let (lines, len) = if fortran { (self.columns, self.rows) } else { (self.rows, self.columns) };
        let before = index * lines * len;
        let start = self.input.header.len + before as u64 * self.input.header.element_len() as u64;
        let seek = self.input.reader.seek(SeekFrom::Start(start));
        seek.map_err(|cause| DataError::Io { file: file.clone(), cause })?;
        let at_once = (NUMBERS / len).max(LINES);
        for line in (0..lines).step_by(at_once) {
            let some = at_once.min(lines - line);
            let values = self.some(before + line * len, some * len)?;
            let (values, block) = if fortran {
                let by_rows = (0..some * len).map(|at| values[at % some * len + at / some]).collect();
                (by_rows, Block { row: 0, column: line, rows: len, columns: some, values: &[] })
            } else {
                (values, Block { row: line, column: 0, rows: some, columns: len, values: &[] })
            };
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                let (row, column) = (block.row + at / block.columns, block.column + at % block.columns);
                let value = values[at];
                let reason = format!("row {row}, column {column} of matrix {index} is {value}: kernels must be finite");
                return Err(DataError::format(&file, reason).into());
            }
            take(Block { values: &values, ..block })?;
        }
        Ok(())
    }

    /// The next `count` numbers; `before` were read or skipped.
    fn some(&mut self, before: usize, count: usize) -> Result<Vec<f64>, DataError> {
        match self.input.header.dtype {
            Dtype::Float(4) => self.input.some(before, count, |bytes| f64::from(f32::from_le_bytes(bytes))),
            _ => self.input.some(before, count, f64::from_le_bytes),
        }
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
