//! The file of a tile: Zarr's `sharding_indexed`, laid out so that everything in it has its fixed place.
//!
//! ```text
//! for each output    tile × tile numbers, little endian    their CRC-32C
//! the index          offset and length of each output      its CRC-32C
//! ```
//!
//! Zarr allows the outputs in any order and leaves out those that hold nothing but the fill value. Here all of them
//! are there and in order, since they were computed, so the size of a file and its index are known beforehand: an
//! index is not believed but compared. (`zarrs`' encoder leaves outputs of nothing but NaN out whatever it is told,
//! which is why the bytes are put together here; the tests read them with `zarrs` and with zarr-python.)

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crc32c::crc32c;

use super::error::StoreError;
use super::number::TileNumber;
use super::plan::Precision;

/// Bytes of a checksum.
const CHECKSUM: u64 = size_of::<u32>() as u64;
/// Bytes of an offset and a length.
const ENTRY: u64 = 2 * size_of::<u64>() as u64;

/// The layout of the tiles of an array.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shard {
    outputs: usize,
    tile: usize,
    /// Bytes of the numbers of one output.
    plane: u64,
    /// Bytes of the file.
    bytes: u64,
}

/// Why a file of the right size is not a tile that was written here, or cannot be read.
#[derive(Debug)]
pub(super) enum Flaw {
    /// The index is not the one that every tile of the array has.
    Index,
    /// The numbers of an output are not those that the checksum was made of, or the checksum is not.
    Checksum { output: usize, stored: u32, computed: u32 },
    /// The file cannot be read.
    Read(io::Error),
    /// No memory for so many bytes.
    Memory(u64),
}

impl From<io::Error> for Flaw {
    fn from(cause: io::Error) -> Self {
        Self::Read(cause)
    }
}

impl Shard {
    /// The layout of a tile; `None` where its size overflows.
    pub(super) fn new(outputs: usize, tile: usize, precision: Precision) -> Option<Self> {
        let edge = u64::try_from(tile).ok()?;
        let plane = edge.checked_mul(edge)?.checked_mul(precision.bytes() as u64)?;
        let each = plane.checked_add(CHECKSUM + ENTRY)?;
        let bytes = each.checked_mul(u64::try_from(outputs).ok()?)?.checked_add(CHECKSUM)?;
        Some(Self { outputs, tile, plane, bytes })
    }

    /// The size of the file.
    pub(super) fn bytes(self) -> u64 {
        self.bytes
    }

    /// The file of a tile: `values` holds outputs × rows × columns numbers, which are filled up with NaN.
    pub(super) fn encode<T: TileNumber>(self, values: &[T], rows: usize, cols: usize) -> Result<Vec<u8>, StoreError> {
        let mut bytes = reserved(self.bytes).ok_or(StoreError::Memory { bytes: self.bytes })?;
        for plane in values.chunks_exact(rows * cols) {
            let start = bytes.len();
            for row in plane.chunks_exact(cols) {
                T::encode(row, &mut bytes);
                (cols..self.tile).for_each(|_| T::encode(&[T::NAN], &mut bytes));
            }
            (rows * self.tile..self.tile * self.tile).for_each(|_| T::encode(&[T::NAN], &mut bytes));
            let checksum = crc32c(&bytes[start..]);
            bytes.extend(checksum.to_le_bytes());
        }
        bytes.extend(self.index());
        Ok(bytes)
    }

    /// Reads the numbers of one output into `bytes`, and makes sure that they are those that were written.
    pub(super) fn read(self, file: &mut File, output: usize, bytes: &mut Vec<u8>) -> Result<(), Flaw> {
        self.check_index(file)?;
        self.read_plane(file, output, bytes)
    }

    /// Reads the whole file, one output at a time; `bytes` only lends its memory.
    pub(super) fn check(self, file: &mut File, bytes: &mut Vec<u8>) -> Result<(), Flaw> {
        self.check_index(file)?;
        (0..self.outputs).try_for_each(|output| self.read_plane(file, output, bytes))
    }

    fn read_plane(self, file: &mut File, output: usize, bytes: &mut Vec<u8>) -> Result<(), Flaw> {
        if bytes.len() as u64 != self.plane {
            *bytes = reserved(self.plane).ok_or(Flaw::Memory(self.plane))?;
            // It has been reserved, so it fits a `usize`.
            bytes.resize(self.plane as usize, 0);
        }
        let mut stored = [0; CHECKSUM as usize];
        file.seek(SeekFrom::Start(self.offset(output)))?;
        file.read_exact(bytes)?;
        file.read_exact(&mut stored)?;
        let (stored, computed) = (u32::from_le_bytes(stored), crc32c(bytes));
        if stored == computed { Ok(()) } else { Err(Flaw::Checksum { output, stored, computed }) }
    }

    fn check_index(self, file: &mut File) -> Result<(), Flaw> {
        let expected = self.index();
        let mut found = vec![0; expected.len()];
        file.seek(SeekFrom::Start(self.offset(self.outputs)))?;
        file.read_exact(&mut found)?;
        if found == expected { Ok(()) } else { Err(Flaw::Index) }
    }

    /// The index of every tile.
    fn index(self) -> Vec<u8> {
        let entry = |output| [self.offset(output), self.plane + CHECKSUM];
        let mut bytes: Vec<u8> = (0..self.outputs).flat_map(entry).flat_map(u64::to_le_bytes).collect();
        bytes.extend(crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// Where an output begins; of the number after the last one, where the index begins.
    fn offset(self, output: usize) -> u64 {
        output as u64 * (self.plane + CHECKSUM)
    }
}

/// An empty vector with room for so many bytes, if there is memory for it.
fn reserved(bytes: u64) -> Option<Vec<u8>> {
    let mut reserved = Vec::new();
    reserved.try_reserve_exact(usize::try_from(bytes).ok()?).ok()?;
    Some(reserved)
}
