//! Writing a tile, reading one output of it, and checking all of it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::PathBuf;

use zarrs::storage::{StoreKey, WritableStorageTraits};

use super::Store;
use super::atomic::storage_error;
use super::error::StoreError;
use super::number::{TileNumber, decode};
use super::plan::{ArrayPlan, Precision};
use super::shard::{Flaw, Shard};

/// A tile of an array that exists, with everything that follows from its indices.
struct Place<'a> {
    array: &'a ArrayPlan,
    i: usize,
    j: usize,
    rows: usize,
    cols: usize,
    shard: Shard,
    key: StoreKey,
    file: PathBuf,
}

impl Store {
    /// Whether tile (i, j) of `array` is stored. Its checksums are not looked at.
    ///
    /// # Errors
    ///
    /// The array stores no such tile; or its file is there with a wrong size.
    pub fn has_tile(&self, array: &str, i: usize, j: usize) -> Result<bool, StoreError> {
        self.place(array, i, j)?.exists()
    }

    /// The file of tile (i, j) of `array`, whether it is there or not.
    ///
    /// # Errors
    ///
    /// The array stores no such tile.
    pub fn tile_file(&self, array: &str, i: usize, j: usize) -> Result<PathBuf, StoreError> {
        Ok(self.place(array, i, j)?.file)
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
        if self.writer.is_none() {
            return Err(StoreError::ReadOnly { path: self.path.clone() });
        }
        if T::PRECISION != self.plan.precision {
            return Err(self.wrong_precision::<T>());
        }
        let place = self.place(array, i, j)?;
        let needed = place.array.outputs.len() * place.rows * place.cols;
        if values.len() != needed {
            return Err(slice_length(array, i, j, values.len(), needed));
        }
        let bytes = place.shard.encode(values, place.rows, place.cols)?;
        self.storage.set(&place.key, bytes.into()).map_err(|error| storage_error(&error, &place.file, "write"))
    }

    /// Reads one output of tile (i, j) of `array` into the front of `out`, row-major without padding, and
    /// returns the tile's rows and columns. Only the bytes of this output are read, and the index of the outputs.
    ///
    /// Tiles of `f32` can be read as `f64`; the other way round would round and is refused.
    ///
    /// # Errors
    ///
    /// The array stores no such tile or output, `out` is too short, the tile is missing, or its file is damaged
    /// (what is read has not the size or the checksum that it must have) or unreadable.
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
        let Place { rows, cols, shard, .. } = place;
        let outputs = place.array.outputs.len();
        if output >= outputs {
            return Err(StoreError::NoSuchOutput { array: array.into(), output, outputs });
        }
        let len = out.len();
        let Some(out) = out.get_mut(..rows * cols) else {
            return Err(slice_length(array, i, j, len, rows * cols));
        };
        let mut file = place.open()?.ok_or_else(|| self.missing(&place))?;
        let mut bytes = Vec::new();
        shard.read(&mut file, output, &mut bytes).map_err(|flaw| place.failure(flaw))?;
        let stride = self.plan.tile * self.plan.precision.bytes();
        for (target, row) in out.chunks_exact_mut(cols).zip(bytes.chunks_exact(stride)) {
            decode(row, self.plan.precision, target);
        }
        Ok((rows, cols))
    }

    /// Reads all of tile (i, j) of `array` and compares every checksum; `bytes` only lends its memory.
    pub(super) fn check_tile(&self, array: &str, i: usize, j: usize, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        let place = self.place(array, i, j)?;
        let mut file = place.open()?.ok_or_else(|| self.missing(&place))?;
        place.shard.check(&mut file, bytes).map_err(|flaw| place.failure(flaw))
    }

    fn missing(&self, place: &Place<'_>) -> StoreError {
        let Place { array, i, j, .. } = *place;
        StoreError::MissingTile { path: self.path.clone(), array: array.name.clone(), i, j }
    }

    fn wrong_precision<T: TileNumber>(&self) -> StoreError {
        StoreError::Precision { path: self.path.clone(), stored: self.plan.precision, given: T::PRECISION }
    }

    fn place(&self, name: &str, i: usize, j: usize) -> Result<Place<'_>, StoreError> {
        let (array, zarr) = self.array(name)?;
        let tile = self.plan.tile;
        let Some((rows, cols)) = array.tile_shape(tile, i, j) else {
            let (tile_rows, tile_cols) = array.grid(tile);
            let symmetric = array.symmetric;
            return Err(StoreError::NoSuchTile { array: name.into(), i, j, tile_rows, tile_cols, symmetric });
        };
        let shard =
            Shard::new(array.outputs.len(), tile, self.plan.precision).ok_or(StoreError::Memory { bytes: u64::MAX })?;
        let key = zarr.chunk_key(&[0, i as u64, j as u64]);
        let file = self.storage.file(&key);
        Ok(Place { array, i, j, rows, cols, shard, key, file })
    }
}

impl Place<'_> {
    /// Whether the file exists. An error where it does but cannot be the tile.
    fn exists(&self) -> Result<bool, StoreError> {
        let expected = self.shard.bytes();
        match fs::metadata(&self.file) {
            Ok(found) if !found.is_file() => {
                Err(StoreError::not_a_store(&self.file, "is not a file, a tile is expected here"))
            }
            Ok(found) if found.len() != expected => {
                Err(StoreError::ChunkSize { file: self.file.clone(), size: found.len(), expected })
            }
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
            Err(error) => Err(StoreError::io("read", &self.file, error)),
        }
    }

    /// The file, if it exists and has the right size.
    fn open(&self) -> Result<Option<File>, StoreError> {
        if !self.exists()? {
            return Ok(None);
        }
        File::open(&self.file).map(Some).map_err(|error| StoreError::io("read", &self.file, error))
    }

    fn failure(&self, flaw: Flaw) -> StoreError {
        let flaw = match flaw {
            Flaw::Read(cause) => return StoreError::io("read", &self.file, cause),
            Flaw::Memory(bytes) => return StoreError::Memory { bytes },
            Flaw::Index => "the index of the outputs is wrong".to_owned(),
            Flaw::Checksum { output, stored, computed } => {
                let name = self.array.outputs.get(output).map_or("", String::as_str);
                format!("output {output} ({name}) has the checksum {computed:08x}, {stored:08x} is stored")
            }
        };
        let Self { i, j, .. } = *self;
        StoreError::Damaged { file: self.file.clone(), array: self.array.name.clone(), i, j, flaw }
    }
}

fn slice_length(array: &str, i: usize, j: usize, len: usize, needed: usize) -> StoreError {
    StoreError::SliceLength { array: array.into(), i, j, len, needed }
}
