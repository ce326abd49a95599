//! Writing a `.npy` file so that it is there whole or not at all.

use std::fs;
use std::io::{BufWriter, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::super::DataError;
use super::header::{MAX_DIMENSIONS, shape_text};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for u16 {}
}

/// A number that can be written: `f32`, `f64`, or the `u16` of a label.
pub trait Element: Copy + sealed::Sealed {
    /// The element type as NumPy writes it.
    const DESCR: &'static str;

    /// Appends the number's little-endian bytes.
    fn append(self, bytes: &mut Vec<u8>);
}

impl Element for f32 {
    const DESCR: &'static str = "<f4";

    fn append(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

impl Element for f64 {
    const DESCR: &'static str = "<f8";

    fn append(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

impl Element for u16 {
    const DESCR: &'static str = "<u2";

    fn append(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_le_bytes());
    }
}

/// Writes an array of this shape, numbers in C order, and replaces the file if there is one.
///
/// The numbers go to a temporary file in the same folder, which gets its name when it is complete and on the disk: whatever
/// happens, `path` is as it was or holds the whole array.
///
/// # Errors
///
/// More or fewer numbers than the shape has; more than 32 dimensions; a path that is something else than a regular file, or
/// cannot be written.
pub fn write_array<T: Element>(
    path: &Path,
    shape: &[usize],
    data: impl IntoIterator<Item = T>,
) -> Result<(), DataError> {
    let mut writer = ArrayWriter::create(path, shape)?;
    let mut block = Vec::with_capacity(4096);
    for value in data {
        block.push(value);
        if block.len() == block.capacity() {
            writer.write(&block)?;
            block.clear();
        }
    }
    writer.write(&block)?;
    writer.finish()
}

/// Writes an array piece by piece; as [`write_array`], for callers whose numbers come in blocks or may fail to come.
///
/// Dropped without [`finish`](Self::finish), it leaves no trace.
pub struct ArrayWriter<T> {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    shape: Vec<usize>,
    written: usize,
    expected: usize,
    bytes: Vec<u8>,
    element: PhantomData<T>,
}

impl<T: Element> ArrayWriter<T> {
    /// Begins an array that will be called `path`.
    ///
    /// # Errors
    ///
    /// More than 32 dimensions, or more numbers than can be counted; a path that is something else than a regular file; a
    /// folder that cannot be written.
    pub fn create(path: &Path, shape: &[usize]) -> Result<Self, DataError> {
        let count = shape.iter().try_fold(1_usize, |product, &dimension| product.checked_mul(dimension));
        let Some(expected) = count.filter(|_| shape.len() <= MAX_DIMENSIONS) else {
            return Err(DataError::ArrayShape {
                file: path.display().to_string(),
                found: shape_text(shape),
                expected: "at most 32 dimensions and a product that fits a machine word",
            });
        };
        // Renaming onto a device would replace the device.
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(DataError::format(&path.display().to_string(), "is there and is no regular file"));
        }
        let file = temporary(path).map_err(|cause| DataError::io(path, cause))?;
        let mut writer = Self {
            path: path.to_owned(),
            file: BufWriter::with_capacity(1 << 16, file),
            shape: shape.to_owned(),
            written: 0,
            expected,
            bytes: Vec::new(),
            element: PhantomData,
        };
        let header = header(T::DESCR, shape);
        writer.file.write_all(&header).map_err(|cause| DataError::io(path, cause))?;
        Ok(writer)
    }

    /// Appends numbers.
    ///
    /// # Errors
    ///
    /// More numbers than the shape has; a disk that is full or fails.
    pub fn write(&mut self, values: &[T]) -> Result<(), DataError> {
        if values.len() > self.expected - self.written {
            return Err(self.wrong_count(self.written.saturating_add(values.len()), "at least "));
        }
        for values in values.chunks(4096) {
            self.bytes.clear();
            values.iter().for_each(|value| value.append(&mut self.bytes));
            self.file.write_all(&self.bytes).map_err(|cause| DataError::io(&self.path, cause))?;
        }
        self.written += values.len();
        Ok(())
    }

    /// Gives the file its name.
    ///
    /// # Errors
    ///
    /// Fewer numbers than the shape has; a disk that is full or fails.
    pub fn finish(self) -> Result<(), DataError> {
        if self.written != self.expected {
            return Err(self.wrong_count(self.written, ""));
        }
        let Self { path, file, .. } = self;
        let io = |cause| DataError::io(&path, cause);
        let file = file.into_inner().map_err(|error| io(error.into_error()))?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(&path).map_err(|error| io(error.error))?;
        Ok(())
    }

    fn wrong_count(&self, found: usize, qualifier: &str) -> DataError {
        let (shape, expected) = (shape_text(&self.shape), self.expected);
        let reason = format!("not written: {qualifier}{found} numbers, shape {shape} has {expected}");
        DataError::format(&self.path.display().to_string(), reason)
    }
}

/// A temporary file beside `path`, readable for whom the user's files are (a temporary file's usual mode is private).
pub(crate) fn temporary(path: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ultrawide-").suffix(".part");
    #[cfg(unix)]
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(mode);
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => builder.tempfile_in(folder),
        _ => builder.tempfile_in("."),
    }
}

/// The header of version 1.0, padded with spaces so that the numbers start at a multiple of 64 bytes.
fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let shape = shape_text(shape);
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    // At most 32 dimensions of 20 digits: far below the 65,535 bytes a length of two bytes can say.
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend_from_slice(&(text.len() as u16).to_le_bytes());
    header.extend_from_slice(text.as_bytes());
    header
}
