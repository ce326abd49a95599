//! NumPy's `.npy` arrays: images, labels and kernels in, kernels out.
//!
//! Elements may be little or big endian, arrays in C or in Fortran order. A file must be exactly as long as its header says.
//!
//! ```no_run
//! use ultrawide::data::npy;
//!
//! let images = npy::read_images("x.npy".as_ref())?;
//! println!("{} images of {}", images.len(), images.shape());
//! npy::write_array("k.npy".as_ref(), &[2, 3], [1.0_f32, 0.5, 0.5, 0.5, 1.0, 0.5])?;
//! # Ok::<(), ultrawide::data::DataError>(())
//! ```

mod header;
mod matrices;
mod text;
mod values;
mod write;

use std::io::Read;
use std::path::Path;

use ultrawide_core::Shape;

use super::DataError;
use super::images::{Images, Pixels};
use header::Dtype;
use values::Input;

pub use matrices::{Block, Matrices, read_matrix};
pub(crate) use write::temporary;
pub use write::{ArrayWriter, Element, write_array};

/// Reads images from a file.
///
/// # Shapes
///
/// `(n, channels, height, width)`; or `(n, features)`, which become `features` channels of one pixel. The elements, `u8`,
/// `f32` or `f64`, are kept in their type and are not normalised.
///
/// # Errors
///
/// A file that cannot be read or is not as long as its header says; another element type or shape, no images; a NaN or an
/// infinite number (the first one is named by its index).
pub fn read_images(path: &Path) -> Result<Images, DataError> {
    images(Input::open(path)?)
}

/// Reads images from any input; `name` stands for it in errors. Otherwise as [`read_images`].
///
/// # Errors
///
/// Those of [`read_images`].
pub fn images_from(reader: impl Read, name: &str) -> Result<Images, DataError> {
    images(Input::new(reader, name)?)
}

/// Reads labels from a file: a one-dimensional array of integers of any width, signed or not.
///
/// # Errors
///
/// A file that cannot be read or is not as long as its header says; another element type or shape, no labels; a label below
/// 0 or above 65535.
pub fn read_labels(path: &Path) -> Result<Vec<u16>, DataError> {
    labels(Input::open(path)?)
}

/// Reads labels from any input; `name` stands for it in errors. Otherwise as [`read_labels`].
///
/// # Errors
///
/// Those of [`read_labels`].
pub fn labels_from(reader: impl Read, name: &str) -> Result<Vec<u16>, DataError> {
    labels(Input::new(reader, name)?)
}

fn images(input: Input<impl Read>) -> Result<Images, DataError> {
    const EXPECTED: &str = "(n, features) or (n, channels, height, width), all of them at least 1";
    let shape = match *input.header.shape {
        [n, channels] if n > 0 => Shape { channels, height: 1, width: 1 },
        [n, channels, height, width] if n > 0 => Shape { channels, height, width },
        _ => return Err(input.header.wrong_shape(&input.name, EXPECTED)),
    };
    if shape.is_empty() {
        return Err(input.header.wrong_shape(&input.name, EXPECTED));
    }
    let name = input.name.clone();
    let pixels = match input.header.dtype {
        Dtype::Unsigned(1) => Pixels::U8(input.all(u8::from_le_bytes)?),
        Dtype::Float(4) => Pixels::F32(input.all(f32::from_le_bytes)?),
        Dtype::Float(8) => Pixels::F64(input.all(f64::from_le_bytes)?),
        _ => {
            return Err(input.header.wrong_dtype(&name, "float32, float64 and uint8 (<f4, >f4, <f8, >f8, |u1)"));
        }
    };
    Images::new(shape, pixels).map_err(|error| error.inside(&name))
}

fn labels(input: Input<impl Read>) -> Result<Vec<u16>, DataError> {
    if !matches!(*input.header.shape, [n] if n > 0) {
        return Err(input.header.wrong_shape(&input.name, "(n,) with n at least 1"));
    }
    let name = input.name.clone();
    match input.header.dtype {
        Dtype::Unsigned(1) => narrow(input.all(u8::from_le_bytes)?, &name),
        Dtype::Unsigned(2) => narrow(input.all(u16::from_le_bytes)?, &name),
        Dtype::Unsigned(4) => narrow(input.all(u32::from_le_bytes)?, &name),
        Dtype::Unsigned(8) => narrow(input.all(u64::from_le_bytes)?, &name),
        Dtype::Signed(1) => narrow(input.all(i8::from_le_bytes)?, &name),
        Dtype::Signed(2) => narrow(input.all(i16::from_le_bytes)?, &name),
        Dtype::Signed(4) => narrow(input.all(i32::from_le_bytes)?, &name),
        Dtype::Signed(8) => narrow(input.all(i64::from_le_bytes)?, &name),
        _ => Err(input.header.wrong_dtype(&name, "integers of 1, 2, 4 or 8 bytes, such as |u1, <i4, <i8")),
    }
}

/// Labels as `u16`.
fn narrow<T: Copy + Into<i128>>(labels: Vec<T>, file: &str) -> Result<Vec<u16>, DataError> {
    let narrow = |(record, label): (usize, T)| {
        let value = label.into();
        u16::try_from(value).map_err(|_| DataError::Label { file: file.to_owned(), record, value, limit: u16::MAX })
    };
    labels.into_iter().enumerate().map(narrow).collect()
}
