//! IDX files, the format of MNIST: a big-endian header, then bytes.
//!
//! ```text
//! 00 00 08 03   images: magic (bytes, 3 dimensions), count, rows, columns as big-endian u32, then the pixels
//! 00 00 08 01   labels: magic (bytes, 1 dimension), count, then the labels
//! ```

use std::io::Read;

use ultrawide_core::Shape;

use super::DataError;
use super::images::{Images, Pixels};
use super::input::{expect_end, fill_all};

/// The largest number of images or labels read from a file.
pub const MAX_COUNT: u32 = 10_000_000;
/// The largest number of rows, and of columns, of an image read from a file.
pub const MAX_SIDE: u32 = 1024;

const IMAGES: u32 = 0x0803;
const LABELS: u32 = 0x0801;

/// The header of a file of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) count: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Header {
    /// The bytes of the header itself.
    pub(crate) const LEN: u64 = 16;

    /// The shape of each image.
    pub(crate) fn shape(&self) -> Shape {
        Shape { channels: 1, height: self.rows, width: self.columns }
    }

    /// The bytes the whole file must have; the limits on the dimensions keep this far from overflow.
    pub(crate) fn file_len(&self) -> u64 {
        Self::LEN + self.count as u64 * self.image_len() as u64
    }

    fn image_len(&self) -> usize {
        self.rows * self.columns
    }
}

/// Reads all images of an IDX file, one channel of bytes each.
///
/// `name` stands for the file in errors. No more than one byte beyond what the header promises is read, and memory grows
/// only with the bytes that are there.
///
/// # Errors
///
/// A wrong magic number; a dimension that is 0 or above [`MAX_COUNT`] or [`MAX_SIDE`]; fewer or more bytes than promised.
pub fn read_images(mut reader: impl Read, name: &str) -> Result<Images, DataError> {
    let header = read_header(&mut reader, name)?;
    let indices = 0..header.count;
    let pixels = read_selected(&mut reader, name, header, indices)?;
    expect_end(&mut reader, name, header.file_len())?;
    Images::new(header.shape(), Pixels::U8(pixels)).map_err(|error| error.inside(name))
}

/// Reads the labels of an IDX file.
///
/// `name` and the reading are as in [`read_images`].
///
/// # Errors
///
/// A wrong magic number; a count of 0 or above [`MAX_COUNT`]; fewer or more bytes than promised; a label above `limit`.
pub fn read_labels(mut reader: impl Read, name: &str, limit: u16) -> Result<Vec<u16>, DataError> {
    let mut header = [0; 8];
    fill_all(&mut reader, &mut header, name, 0, 8)?;
    check_magic(&header, LABELS, name)?;
    let count = dimension(&header, 1, "labels", MAX_COUNT, name)?;
    let expected = 8 + count as u64;

    let mut labels = Vec::new();
    let mut block = [0; 4096];
    while labels.len() < count {
        let wanted = (count - labels.len()).min(block.len());
        let block = &mut block[..wanted];
        fill_all(&mut reader, block, name, 8 + labels.len() as u64, expected)?;
        if let Some(index) = block.iter().position(|&label| u16::from(label) > limit) {
            let (record, value) = (labels.len() + index, i128::from(block[index]));
            return Err(DataError::Label { file: name.to_owned(), record, value, limit });
        }
        labels.extend(block.iter().map(|&label| u16::from(label)));
    }
    expect_end(&mut reader, name, expected)?;
    Ok(labels)
}

/// Reads and checks the header of a file of images.
pub(crate) fn read_header(reader: &mut impl Read, name: &str) -> Result<Header, DataError> {
    let mut header = [0; Header::LEN as usize];
    fill_all(reader, &mut header, name, 0, Header::LEN)?;
    check_magic(&header, IMAGES, name)?;
    Ok(Header {
        count: dimension(&header, 1, "images", MAX_COUNT, name)?,
        rows: dimension(&header, 2, "rows", MAX_SIDE, name)?,
        columns: dimension(&header, 3, "columns", MAX_SIDE, name)?,
    })
}

/// Reads the pixels of the images of these ascending indices, and nothing after the last of them.
pub(crate) fn read_selected(
    reader: &mut impl Read,
    name: &str,
    header: Header,
    indices: impl IntoIterator<Item = usize>,
) -> Result<Vec<u8>, DataError> {
    let mut image = vec![0; header.image_len()];
    let mut pixels = Vec::new();
    let mut next = 0;
    for index in indices {
        while next <= index {
            let before = Header::LEN + next as u64 * image.len() as u64;
            fill_all(reader, &mut image, name, before, header.file_len())?;
            next += 1;
        }
        pixels.extend_from_slice(&image);
    }
    Ok(pixels)
}

/// The big-endian word `index` of a header; 0 where the header is shorter, which no caller lets happen.
fn word(header: &[u8], index: usize) -> u32 {
    let bytes = header.iter().skip(4 * index).take(4);
    bytes.fold(0, |word, &byte| word << 8 | u32::from(byte))
}

fn check_magic(header: &[u8], expected: u32, name: &str) -> Result<(), DataError> {
    let found = word(header, 0);
    if found == expected {
        return Ok(());
    }
    let what = if expected == IMAGES { "images" } else { "labels" };
    Err(DataError::format(name, format!("magic number {found:#010x}, a file of {what} starts with {expected:#010x}")))
}

fn dimension(header: &[u8], index: usize, what: &str, limit: u32, name: &str) -> Result<usize, DataError> {
    let found = word(header, index);
    if found == 0 || found > limit {
        return Err(DataError::format(name, format!("{found} {what}, the limits are 1 and {limit}")));
    }
    Ok(found as usize)
}
