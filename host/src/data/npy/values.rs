//! The elements of a `.npy` file.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::super::DataError;
use super::super::input::{expect_end, fill_all};
use super::header::{self, Header};

/// The bytes decoded at a time: a multiple of every element's.
const BLOCK: usize = 1 << 16;

/// A `.npy` file whose header has been read.
pub(super) struct Input<R> {
    pub(super) reader: R,
    pub(super) header: Header,
    /// What the file is called in errors.
    pub(super) name: String,
    /// Whether the file is known to be as long as its header says.
    len_is_checked: bool,
}

impl Input<BufReader<File>> {
    /// Opens a file, and compares its length with its header.
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let io = |cause| DataError::io(path, cause);
        let file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        let mut input = Input::new(BufReader::with_capacity(BLOCK, file), &path.display().to_string())?;
        if metadata.is_file() && input.header.element_len() > 0 {
            let (found, expected) = (metadata.len(), input.header.file_len());
            if found != expected {
                let what = format!("shape {} of dtype {}", input.header.shape_text(), input.header.descr);
                return Err(DataError::Size { file: input.name, what, found, expected });
            }
            input.len_is_checked = true;
        }
        Ok(input)
    }
}

impl<R: Read> Input<R> {
    /// Reads the header.
    pub(super) fn new(mut reader: R, name: &str) -> Result<Self, DataError> {
        let header = header::read(&mut reader, name)?;
        Ok(Self { reader, header, name: name.to_owned(), len_is_checked: false })
    }

    /// Reads all elements, in C order. `decode` makes one of its little-endian bytes, whose number is the element's.
    pub(super) fn all<T: Copy, const N: usize>(mut self, decode: impl Fn([u8; N]) -> T) -> Result<Vec<T>, DataError> {
        let values = self.some(0, self.header.count, decode)?;
        expect_end(&mut self.reader, &self.name, self.header.file_len())?;
        if self.header.fortran { self.c_order(values) } else { Ok(values) }
    }

    /// Reads the next `count` elements, in the order of the file; `before` were read or skipped.
    pub(super) fn some<T, const N: usize>(
        &mut self,
        before: usize,
        count: usize,
        decode: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, DataError> {
        let mut values = Vec::new();
        if self.len_is_checked {
            self.reserve(&mut values, count)?;
        }
        let mut block = vec![0; BLOCK.min(count.saturating_mul(N))];
        while values.len() < count {
            let wanted = (count - values.len()).saturating_mul(N).min(BLOCK);
            let block = &mut block[..wanted];
            let read = self.header.len + (before + values.len()) as u64 * N as u64;
            fill_all(&mut self.reader, block, &self.name, read, self.header.file_len())?;
            let (elements, _) = block.as_chunks_mut::<N>();
            for element in elements {
                if self.header.big_endian {
                    element.reverse();
                }
                values.push(decode(*element));
            }
        }
        Ok(values)
    }

    /// Makes room, or says that there is none.
    pub(super) fn reserve<T>(&self, values: &mut Vec<T>, count: usize) -> Result<(), DataError> {
        values.try_reserve_exact(count).map_err(|_| {
            let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
            DataError::format(&self.name, format!("its elements need {bytes} bytes of memory, which there are not"))
        })
    }

    /// Puts elements whose first index runs fastest into the order whose last index does.
    fn c_order<T: Copy>(&self, values: Vec<T>) -> Result<Vec<T>, DataError> {
        let shape = &self.header.shape;
        let mut ordered = Vec::new();
        self.reserve(&mut ordered, values.len())?;
        // The distance, in `values`, between neighbours along each dimension.
        let mut strides = vec![1; shape.len()];
        for dimension in 1..shape.len() {
            strides[dimension] = strides[dimension - 1] * shape[dimension - 1];
        }
        let mut index = vec![0; shape.len()];
        let mut position = 0;
        for _ in 0..values.len() {
            ordered.push(values[position]);
            for dimension in (0..shape.len()).rev() {
                index[dimension] += 1;
                position += strides[dimension];
                if index[dimension] < shape[dimension] {
                    break;
                }
                position -= strides[dimension] * shape[dimension];
                index[dimension] = 0;
            }
        }
        Ok(ordered)
    }
}
