//! What a store is going to hold: its arrays, their shapes, the tile's edge, the number type.

use std::fmt;

use serde_json::{Map, Value, json};

use super::error::StoreError;
use super::manifest;
use super::shard::Shard;

/// Longest `zarr.json` that is written or read, in bytes.
///
/// A manifest of a run has a few kilobytes; the limit keeps a hostile file from filling the memory.
pub const MAX_METADATA_BYTES: u64 = 4 << 20;
/// Most tiles that one array may have: a list of all of them stays below 300 MB.
pub const MAX_TILES: usize = 1 << 24;
/// Largest chunk (one tile, padded, with all outputs and their checksums), in bytes.
pub const MAX_CHUNK_BYTES: u64 = 1 << 32;
/// Most arrays in one store.
pub const MAX_ARRAYS: usize = 64;
/// Longest name of an array, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// The number type of a store's tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32-bit IEEE 754, Zarr's `float32`.
    F32,
    /// 64-bit IEEE 754, Zarr's `float64`.
    F64,
}

impl Precision {
    /// The size of one number in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Zarr's name of the type.
    pub const fn zarr_name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.zarr_name())
    }
}

/// One array of a store: `rows` × `cols` numbers for each output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayPlan {
    /// Name of the array and of its folder: letters, digits, `_` and `-`.
    pub name: String,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns; equal to `rows` in a symmetric array.
    pub cols: usize,
    /// Whether only the tiles (i, j) with j ≤ i are stored. Diagonal tiles are stored full.
    pub symmetric: bool,
    /// What each output is, for instance `"ntk gap 21"`; no two alike.
    pub outputs: Vec<String>,
}

impl ArrayPlan {
    /// The number of tile rows and tile columns that tiles of edge `tile` make.
    pub fn grid(&self, tile: usize) -> (usize, usize) {
        let tile = tile.max(1);
        (self.rows.div_ceil(tile), self.cols.div_ceil(tile))
    }

    /// Rows and columns of tile (i, j); `None` where the array stores no such tile.
    ///
    /// Tiles of the last row and column are smaller where `tile` does not divide the shape.
    pub fn tile_shape(&self, tile: usize, i: usize, j: usize) -> Option<(usize, usize)> {
        let (tile_rows, tile_cols) = self.grid(tile);
        if i >= tile_rows || j >= tile_cols || (self.symmetric && j > i) {
            return None;
        }
        let edge = |length: usize, index: usize| length.saturating_sub(index * tile).min(tile);
        Some((edge(self.rows, i), edge(self.cols, j)))
    }

    /// All tiles that the array stores, row by row.
    pub fn tiles(&self, tile: usize) -> impl Iterator<Item = (usize, usize)> {
        let (tile_rows, tile_cols) = self.grid(tile);
        let symmetric = self.symmetric;
        (0..tile_rows).flat_map(move |i| {
            let end = if symmetric { (i + 1).min(tile_cols) } else { tile_cols };
            (0..end).map(move |j| (i, j))
        })
    }

    /// The number of tiles that the array stores; `None` where it does not fit a `usize`.
    pub fn tile_count(&self, tile: usize) -> Option<usize> {
        let (tile_rows, tile_cols) = self.grid(tile);
        if self.symmetric {
            // One of the two factors is even, so halving it first keeps the product exact and small.
            let (a, b) = if tile_rows.is_multiple_of(2) {
                (tile_rows / 2, tile_rows.checked_add(1)?)
            } else {
                (tile_rows, tile_rows / 2 + 1)
            };
            a.checked_mul(b)
        } else {
            tile_rows.checked_mul(tile_cols)
        }
    }

    fn validate(&self, tile: usize, precision: Precision) -> Result<(), String> {
        let Self { name, rows, cols, symmetric, outputs } = self;
        if !is_array_name(name) {
            return Err(format!(
                "array name {name:?}: 1 to {MAX_NAME_BYTES} letters, digits, `_` or `-` are needed, \
                 and no `__` in front"
            ));
        }
        if *rows == 0 || *cols == 0 {
            return Err(format!("array {name} has the shape {rows}x{cols}, at least 1x1 is needed"));
        }
        if *symmetric && rows != cols {
            return Err(format!("array {name} is symmetric but has the shape {rows}x{cols}"));
        }
        match self.tile_count(tile) {
            Some(count) if count <= MAX_TILES => {}
            _ => {
                let (tile_rows, tile_cols) = self.grid(tile);
                return Err(format!(
                    "array {name} has {tile_rows}x{tile_cols} tiles, the limit is {MAX_TILES} in all: \
                     choose a larger tile than {tile}"
                ));
            }
        }
        if outputs.is_empty() {
            return Err(format!("array {name} has 0 outputs, at least 1 is needed"));
        }
        let mut sorted: Vec<&String> = outputs.iter().collect();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("array {name} has two outputs named {:?}", pair[0]));
        }
        match Shard::new(outputs.len(), tile, precision) {
            Some(shard) if shard.bytes() <= MAX_CHUNK_BYTES => Ok(()),
            _ => Err(format!(
                "array {name}: a chunk of {} outputs x {tile}x{tile} x {} bytes is larger than the \
                 limit of {MAX_CHUNK_BYTES} bytes: choose a smaller tile",
                outputs.len(),
                precision.bytes()
            )),
        }
    }
}

/// Whether `name` can name an array: a plain Zarr node name that is a plain file name everywhere.
pub(super) fn is_array_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && !name.starts_with("__")
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// The plan of a store: what it holds, and the settings of the run that fills it.
#[derive(Clone, Debug, PartialEq)]
pub struct StorePlan {
    /// Edge of a tile, in numbers.
    pub tile: usize,
    /// Number type of all arrays.
    pub precision: Precision,
    /// The arrays. Their order means nothing; a store keeps them sorted by name.
    pub arrays: Vec<ArrayPlan>,
    /// The manifest: settings of the run, checksums of the data, versions. No time stamps, so that the same
    /// run writes the same bytes. The order of the keys means nothing.
    pub manifest: Map<String, Value>,
}

impl StorePlan {
    /// The array of that name.
    pub fn array(&self, name: &str) -> Option<&ArrayPlan> {
        self.arrays.iter().find(|array| array.name == name)
    }

    /// The size in bytes that each chunk of `array` has on disk, padding and checksums included.
    pub fn chunk_bytes(&self, array: &ArrayPlan) -> u64 {
        Shard::new(array.outputs.len(), self.tile, self.precision).map_or(u64::MAX, Shard::bytes)
    }

    /// Checks the plan against the limits of this module and brings it to its one canonical form (arrays
    /// by name, manifest keys sorted), on which the bytes of the store depend.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidPlan`] names the value and the limit.
    pub fn canonical(&self) -> Result<Self, StoreError> {
        let invalid = |reason: String| StoreError::InvalidPlan { reason };
        if self.tile == 0 {
            return Err(invalid("the tile is 0 wide, at least 1 is needed".into()));
        }
        if !(1..=MAX_ARRAYS).contains(&self.arrays.len()) {
            return Err(invalid(format!("{} arrays, 1 to {MAX_ARRAYS} are possible", self.arrays.len())));
        }
        for array in &self.arrays {
            array.validate(self.tile, self.precision).map_err(invalid)?;
        }
        let mut arrays = self.arrays.clone();
        arrays.sort_by(|a, b| a.name.cmp(&b.name));
        let mut folded: Vec<String> = arrays.iter().map(|a| a.name.to_ascii_lowercase()).collect();
        folded.sort_unstable();
        if let Some(pair) = folded.windows(2).find(|pair| pair[0] == pair[1]) {
            // Some file systems do not tell `A` from `a`.
            return Err(invalid(format!("two arrays are named {:?}", pair[0])));
        }
        let manifest = manifest::canonical(&self.manifest).map_err(invalid)?;
        Ok(Self { tile: self.tile, precision: self.precision, arrays, manifest })
    }

    /// The plan without the manifest as JSON, for comparison with another plan.
    pub(super) fn layout(&self) -> Value {
        let arrays: Map<String, Value> = self
            .arrays
            .iter()
            .map(|array| {
                let layout = json!({
                    "rows": array.rows,
                    "cols": array.cols,
                    "symmetric": array.symmetric,
                    "outputs": array.outputs,
                });
                (array.name.clone(), layout)
            })
            .collect();
        json!({ "tile": self.tile, "precision": self.precision.zarr_name(), "arrays": arrays })
    }
}
