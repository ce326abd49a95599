//! The header of a `.npy` file: a Python dictionary with element type, order of storage and shape.
//!
//! ```text
//! \x93NUMPY  major minor  length of the text (u16, from version 2 on u32, little endian)
//! {'descr': '<f4', 'fortran_order': False, 'shape': (50000, 3, 32, 32), }   spaces, newline
//! ```
//!
//! The parser here takes that dictionary and no other Python. A general one follows brackets within brackets, and a few
//! kilobytes of them overflow its stack.

use std::io::Read;

use super::super::DataError;
use super::super::input::fill_all;
use super::text::Text;

/// Plain arrays need about a hundred bytes; more than this is no header.
const MAX_TEXT: usize = 65_535;

/// As many dimensions as NumPy itself allowed for most of its life.
pub(super) const MAX_DIMENSIONS: usize = 32;

/// How the elements are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dtype {
    /// `f`, with its bytes.
    Float(usize),
    /// `i`, with its bytes.
    Signed(usize),
    /// `u`, with its bytes.
    Unsigned(usize),
    /// Anything else: complex numbers, strings, records.
    Other,
}

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The element type as written.
    pub(super) descr: String,
    pub(super) dtype: Dtype,
    pub(super) big_endian: bool,
    /// Whether the first index runs fastest.
    pub(super) fortran: bool,
    pub(super) shape: Vec<usize>,
    /// The product of the shape.
    pub(super) count: usize,
    /// The bytes before the first element.
    pub(super) len: u64,
}

impl Header {
    /// The bytes of one element; 0 for types that cannot be read.
    pub(super) fn element_len(&self) -> usize {
        match self.dtype {
            Dtype::Float(bytes) | Dtype::Signed(bytes) | Dtype::Unsigned(bytes) => bytes,
            Dtype::Other => 0,
        }
    }

    /// The bytes the whole file must have, at most `u64::MAX`.
    pub(super) fn file_len(&self) -> u64 {
        let data = (self.count as u64).saturating_mul(self.element_len() as u64);
        self.len.saturating_add(data)
    }

    /// The shape as Python writes it.
    pub(super) fn shape_text(&self) -> String {
        shape_text(&self.shape)
    }

    /// The error that this element type cannot be used.
    pub(super) fn wrong_dtype(&self, file: &str, accepted: &'static str) -> DataError {
        DataError::Dtype { file: file.to_owned(), found: self.descr.clone(), accepted }
    }

    /// The error that this shape cannot be used.
    pub(super) fn wrong_shape(&self, file: &str, expected: &'static str) -> DataError {
        DataError::ArrayShape { file: file.to_owned(), found: self.shape_text(), expected }
    }
}

/// A shape as Python writes it.
pub(super) fn shape_text(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// Reads the header and leaves the reader at the first element.
pub(super) fn read(reader: &mut impl Read, file: &str) -> Result<Header, DataError> {
    let mut start = [0; 8];
    fill_all(reader, &mut start, file, 0, 10)?;
    let [magic @ .., major, minor] = start;
    if magic != *b"\x93NUMPY" {
        return Err(DataError::format(file, "is no .npy file: it does not start with \\x93NUMPY"));
    }
    let mut length = [0; 4];
    let length_len = match (major, minor) {
        (1, 0) => 2,
        (2 | 3, 0) => 4,
        _ => {
            return Err(DataError::format(file, format!(".npy version {major}.{minor}, known are 1.0, 2.0 and 3.0")));
        }
    };
    let before = 8 + length_len as u64;
    fill_all(reader, &mut length[..length_len], file, 8, before)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_TEXT {
        return Err(DataError::format(file, format!("its header has {length} bytes, the limit is {MAX_TEXT}")));
    }
    let mut text = vec![0; length];
    let len = before + length as u64;
    fill_all(reader, &mut text, file, before, len)?;
    parse(&text, len).map_err(|reason| DataError::format(file, format!(".npy header: {reason}")))
}

/// Takes the dictionary apart.
fn parse(text: &[u8], len: u64) -> Result<Header, String> {
    let mut text = Text::new(text);
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    text.expect(b'{')?;
    while !text.take(b'}') {
        let key = text.string()?;
        text.expect(b':')?;
        match key.as_str() {
            "descr" if text.peek() != Some(b'\'') && text.peek() != Some(b'"') => {
                return Err("descr is no string; arrays of records cannot be read".to_owned());
            }
            "descr" => descr = Some(text.string()?),
            "fortran_order" => fortran = Some(text.boolean()?),
            "shape" => shape = Some(text.shape()?),
            _ => return Err(format!("unknown key {key:?}")),
        }
        if !text.take(b',') {
            text.expect(b'}')?;
            break;
        }
    }
    if let Some(byte) = text.peek() {
        return Err(format!("{:?} after the dictionary", char::from(byte)));
    }
    let missing = |key: &str| format!("has no {key:?}");
    let descr = descr.ok_or_else(|| missing("descr"))?;
    let fortran = fortran.ok_or_else(|| missing("fortran_order"))?;
    let shape = shape.ok_or_else(|| missing("shape"))?;
    let count = shape.iter().try_fold(1_usize, |product, &dimension| product.checked_mul(dimension));
    let count = count.ok_or_else(|| format!("shape {} has too many elements to count", shape_text(&shape)))?;
    let (dtype, big_endian) = dtype(&descr);
    Ok(Header { descr, dtype, big_endian, fortran, shape, count, len })
}

/// The element type that a description such as `<f4` stands for, and whether it is big endian.
fn dtype(descr: &str) -> (Dtype, bool) {
    let [order, kind, size @ ..] = descr.as_bytes() else {
        return (Dtype::Other, false);
    };
    let size = match size {
        b"1" => 1,
        b"2" => 2,
        b"4" => 4,
        b"8" => 8,
        _ => return (Dtype::Other, false),
    };
    let has_order = matches!(order, b'<' | b'>') || (*order == b'|' && size == 1);
    let dtype = match kind {
        b'f' if has_order => Dtype::Float(size),
        b'i' if has_order => Dtype::Signed(size),
        b'u' if has_order => Dtype::Unsigned(size),
        _ => Dtype::Other,
    };
    (dtype, *order == b'>')
}
