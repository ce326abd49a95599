//! Writing a tile and reading one output of it.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use zarrs::array::{ArrayError, CodecOptions};
use zarrs::storage::ReadableStorageTraits;
use zarrs::storage::byte_range::ByteRange;

use super::Store;
use super::atomic::storage_error;
use super::error::StoreError;
use super::metadata::ZarrArray;
use super::number::{TileNumber, decode};
use super::plan::{ArrayPlan, Precision};

/// A tile of an array that exists, with everything that follows from its indices.
struct Place<'a> {
    array: &'a ArrayPlan,
    zarr: &'a ZarrArray,
    indices: [u64; 3],
    rows: usize,
    cols: usize,
    file: PathBuf,
}

impl Store {
    /// Whether tile (i, j) of `array` is stored.
    ///
    /// # Errors
    ///
    /// The array stores no such tile; or its file is there with a wrong size.
    pub fn has_tile(&self, array: &str, i: usize, j: usize) -> Result<bool, StoreError> {
        let place = self.place(array, i, j)?;
        self.check_file(&place)
    }

    /// Writes tile (i, j) of `array`: `values` holds outputs × rows × columns numbers of the tile as computed,
    /// without padding, row-major. A tile that is already there is replaced.
    ///
    /// Many threads may write at the same time. When this returns, the tile is on the disk; when the process
    /// is killed before, the tile is missing or whole.
    ///
    /// # Errors
    ///
    /// The array stores no such tile, the slice has another length, the number type is not the store's, the
    /// store was opened for reading, or the file cannot be written (then nothing of it remains).
    pub fn write_tile<T: TileNumber>(&self, array: &str, i: usize, j: usize, values: &[T]) -> Result<(), StoreError> {
        if self.lock.is_none() {
            return Err(StoreError::ReadOnly { path: self.path.clone() });
        }
        if T::PRECISION != self.plan.precision {
            return Err(self.wrong_precision::<T>());
        }
        let place = self.place(array, i, j)?;
        let outputs = place.array.outputs.len();
        let needed = outputs * place.rows * place.cols;
        if values.len() != needed {
            return Err(slice_length(array, i, j, values.len(), needed));
        }
        // A tile that happens to be all NaN is stored like any other: it has been computed.
        let options = CodecOptions::default().with_store_empty_chunks(true).with_concurrent_target(1);
        let tile = self.plan.tile;
        let stored = if (place.rows, place.cols) == (tile, tile) {
            place.zarr.store_chunk_opt(&place.indices, values, &options)
        } else {
            let padded = pad(values, outputs, place.rows, place.cols, tile)?;
            place.zarr.store_chunk_opt(&place.indices, padded, &options)
        };
        stored.map_err(|error| match error {
            ArrayError::StorageError(error) => storage_error(&error, &place.file, "write"),
            other => StoreError::Zarr { path: place.file.clone(), message: other.to_string() },
        })
    }

    /// Reads one output of tile (i, j) of `array` into the front of `out`, row-major without padding, and
    /// returns the tile's rows and columns. Only the bytes of this output are read.
    ///
    /// Tiles of `f32` can be read as `f64`; the other way round would round and is refused.
    ///
    /// # Errors
    ///
    /// The array stores no such tile or output, `out` is too short, the tile is missing, or its file is damaged
    /// or unreadable.
    pub fn read_tile<T: TileNumber>(
        &self,
        array: &str,
        output: usize,
        i: usize,
        j: usize,
        out: &mut [T],
    ) -> Result<(usize, usize), StoreError> {
        if self.plan.precision == Precision::F64 && T::PRECISION == Precision::F32 {
            return Err(self.wrong_precision::<T>());
        }
        let place = self.place(array, i, j)?;
        let Place { rows, cols, .. } = place;
        let outputs = place.array.outputs.len();
        if output >= outputs {
            return Err(StoreError::NoSuchOutput { array: array.into(), output, outputs });
        }
        let len = out.len();
        let Some(out) = out.get_mut(..rows * cols) else {
            return Err(slice_length(array, i, j, len, rows * cols));
        };
        let missing = || StoreError::MissingTile { path: self.path.clone(), array: array.into(), i, j };
        if !self.check_file(&place)? {
            return Err(missing());
        }

        // Rows of a full tile follow each other, so it is one range; rows of a cut tile are one range each.
        let (ranges, range_len) = if cols == self.plan.tile { (1, rows * cols) } else { (rows, cols) };
        let size = self.plan.precision.bytes() as u64;
        let tile = self.plan.tile as u64;
        let start = output as u64 * tile * tile * size;
        let ranges = (0..ranges as u64)
            .map(move |row| ByteRange::FromStart(start + row * tile * size, Some(range_len as u64 * size)));
        let key = place.zarr.chunk_key(&place.indices);
        let fail = |error| storage_error(&error, &place.file, "read");
        let pieces = self.storage.get_partial_many(&key, Box::new(ranges)).map_err(fail)?.ok_or_else(missing)?;
        for (target, piece) in out.chunks_exact_mut(range_len).zip(pieces) {
            let bytes = piece.map_err(fail)?;
            if !decode(&bytes, self.plan.precision, target) {
                return Err(StoreError::Zarr { path: place.file.clone(), message: "a short read".into() });
            }
        }
        Ok((rows, cols))
    }

    fn wrong_precision<T: TileNumber>(&self) -> StoreError {
        StoreError::Precision { path: self.path.clone(), stored: self.plan.precision, given: T::PRECISION }
    }

    fn place(&self, name: &str, i: usize, j: usize) -> Result<Place<'_>, StoreError> {
        let (array, zarr) = self.array(name)?;
        let Some((rows, cols)) = array.tile_shape(self.plan.tile, i, j) else {
            let (tile_rows, tile_cols) = array.grid(self.plan.tile);
            let symmetric = array.symmetric;
            return Err(StoreError::NoSuchTile { array: name.into(), i, j, tile_rows, tile_cols, symmetric });
        };
        let indices = [0, i as u64, j as u64];
        let file = self.storage.file(&zarr.chunk_key(&indices));
        Ok(Place { array, zarr, indices, rows, cols, file })
    }

    /// Whether the file of a tile exists. An error where it does but cannot be the tile.
    fn check_file(&self, place: &Place<'_>) -> Result<bool, StoreError> {
        let expected = self.plan.chunk_bytes(place.array);
        match fs::metadata(&place.file) {
            Ok(found) if !found.is_file() => {
                Err(StoreError::not_a_store(&place.file, "is not a file, a tile is expected here"))
            }
            Ok(found) if found.len() != expected => {
                Err(StoreError::ChunkSize { file: place.file.clone(), size: found.len(), expected })
            }
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
            Err(error) => Err(StoreError::io("read", &place.file, error)),
        }
    }
}

fn slice_length(array: &str, i: usize, j: usize, len: usize, needed: usize) -> StoreError {
    StoreError::SliceLength { array: array.into(), i, j, len, needed }
}

/// Fills a tile of the last row or column up to the chunk's shape with the fill value.
fn pad<T: TileNumber>(
    values: &[T],
    outputs: usize,
    rows: usize,
    cols: usize,
    tile: usize,
) -> Result<Vec<T>, StoreError> {
    let len = outputs * tile * tile;
    let mut padded = Vec::new();
    padded
        .try_reserve_exact(len)
        .map_err(|_| StoreError::Memory { bytes: (len as u64).saturating_mul(T::PRECISION.bytes() as u64) })?;
    for plane in values.chunks_exact(rows * cols) {
        for row in plane.chunks_exact(cols) {
            padded.extend_from_slice(row);
            padded.resize(padded.len() + tile - cols, T::NAN);
        }
        padded.resize(padded.len() + (tile - rows) * tile, T::NAN);
    }
    Ok(padded)
}
