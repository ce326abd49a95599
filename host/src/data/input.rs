//! Reading bytes nobody vouches for: never more than promised, never memory for bytes that are not there.

use std::io::{self, BufReader, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;

use super::DataError;

/// How a gzip file begins.
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads until `buffer` is full or the input ends, and returns how many bytes that were.
pub(crate) fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Fills `buffer`, or says after how many of the `expected` bytes the input ends; `before` were read earlier.
pub(crate) fn fill_all(
    reader: &mut impl Read,
    buffer: &mut [u8],
    file: &str,
    before: u64,
    expected: u64,
) -> Result<(), DataError> {
    let filled = fill(reader, buffer).map_err(|cause| DataError::Io { file: file.to_owned(), cause })?;
    if filled < buffer.len() {
        let found = before.saturating_add(filled as u64);
        return Err(DataError::format(file, format!("ends after {found} bytes, its header promises {expected}")));
    }
    Ok(())
}

/// Checks that the input ends here, after `expected` bytes.
///
/// Reading up to the end also makes a gzip decoder compare its checksum.
pub(crate) fn expect_end(reader: &mut impl Read, file: &str, expected: u64) -> Result<(), DataError> {
    match fill(reader, &mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(DataError::format(file, format!("goes on after the {expected} bytes its header promises"))),
        Err(cause) => Err(DataError::Io { file: file.to_owned(), cause }),
    }
}

/// Unpacks the input where its first two bytes are gzip's, and leaves it as it is elsewhere.
///
/// The contents decide, not the name: a browser may have unpacked a file and kept its name. Nothing bounds what comes out: that is up
/// to whoever reads it.
///
/// # Errors
///
/// An input that cannot be read. A damaged one fails where it is read.
pub fn gunzip<'a>(reader: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let mut start = [0; 2];
    let filled = fill(&mut reader, &mut start)?;
    let whole = io::Cursor::new(start).take(filled as u64).chain(reader);
    Ok(if start == GZIP { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}
