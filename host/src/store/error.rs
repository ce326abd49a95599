//! What can go wrong with a store. Each message is one line and names the file, the value and the limit.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::manifest::{Difference, one_line};
use super::plan::Precision;
use super::share::Share;

/// A failure of a store.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The caller's plan is impossible.
    #[error("the plan of the store is not possible: {reason}")]
    InvalidPlan {
        /// Which value breaks which limit.
        reason: String,
    },
    /// A new store was asked for where something is.
    #[error(
        "{}: exists and is not empty; --resume continues the run that is stored there, or choose another folder",
        Shown(path)
    )]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The path cannot hold a store, or holds something that is none.
    #[error("{}: {reason}", Shown(path))]
    NotAStore {
        /// The path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Another process, or another `Store` of this one, writes to the store.
    #[error("{}: in use by another run{}", Shown(path), Holder(*holder))]
    InUse {
        /// The store.
        path: PathBuf,
        /// The process that uses it, if it has said so.
        holder: Option<u32>,
    },
    /// Another process, or another `Store` of this one, writes the same share of the store.
    #[error("{}: shard {share} is in use by another run{}", Shown(path), Holder(*holder))]
    ShareInUse {
        /// The store.
        path: PathBuf,
        /// The share.
        share: Share,
        /// The process that uses it, if it has said so.
        holder: Option<u32>,
    },
    /// What is still to be written would not fit the file system.
    #[error(
        "{}: {bytes} bytes of disk are needed, {free} bytes are free there: make room, or choose another folder or fewer images",
        Shown(path)
    )]
    NoSpace {
        /// The folder of the store.
        path: PathBuf,
        /// The bytes that the missing files take, in whole blocks.
        bytes: u64,
        /// The bytes that are free.
        free: u64,
    },
    /// The file system has too few files left.
    #[error(
        "{}: {files} files and folders are needed, the file system has room for {free}: choose a larger --tile, or another folder",
        Shown(path)
    )]
    NoFiles {
        /// The folder of the store.
        path: PathBuf,
        /// The missing files and folders.
        files: u64,
        /// The files that the file system has left.
        free: u64,
    },
    /// The stored run has other settings than the requested one.
    #[error(
        "{}: cannot resume, the stored run is another one (key: stored vs. requested): {}",
        Shown(path),
        List(differences)
    )]
    Mismatch {
        /// The store.
        path: PathBuf,
        /// Every difference.
        differences: Vec<Difference>,
    },
    /// A `zarr.json` is missing, unreadable, or describes something else.
    #[error("{}: {reason}", Shown(file))]
    Metadata {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A tile's file does not have the size of a tile.
    #[error(
        "{}: holds {size} bytes, a tile has {expected}: the file is damaged, --resume computes it again",
        Shown(file)
    )]
    ChunkSize {
        /// The file.
        file: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The size that it must have.
        expected: u64,
    },
    /// A tile's file has the size of a tile, but not the checksums.
    #[error(
        "{}: tile ({i}, {j}) of array {array}: {flaw}: the file is damaged, --resume computes it again",
        Shown(file)
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The array.
        array: String,
        /// Tile row.
        i: usize,
        /// Tile column.
        j: usize,
        /// What is wrong: which output has which checksum.
        flaw: String,
    },
    /// A tile that is to be read has not been written yet.
    #[error("{}: tile ({i}, {j}) of array {array} is missing, --resume or its --shard computes it", Shown(path))]
    MissingTile {
        /// The store.
        path: PathBuf,
        /// The array.
        array: String,
        /// Tile row.
        i: usize,
        /// Tile column.
        j: usize,
    },
    /// The store has no array of that name.
    #[error("{}: has no array {array:?}, only {}", Shown(path), known.join(", "))]
    UnknownArray {
        /// The store.
        path: PathBuf,
        /// The name that was asked for.
        array: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// The array stores no such tile.
    #[error(
        "array {array} stores no tile ({i}, {j}): it has {tile_rows}x{tile_cols} tiles{}",
        if *symmetric { ", those with j <= i are stored" } else { "" }
    )]
    NoSuchTile {
        /// The array.
        array: String,
        /// Tile row.
        i: usize,
        /// Tile column.
        j: usize,
        /// Number of tile rows.
        tile_rows: usize,
        /// Number of tile columns.
        tile_cols: usize,
        /// Whether only the lower triangle is stored.
        symmetric: bool,
    },
    /// The array has fewer outputs.
    #[error("array {array} has no output {output}, it has {outputs}")]
    NoSuchOutput {
        /// The array.
        array: String,
        /// The index that was asked for.
        output: usize,
        /// The number of outputs.
        outputs: usize,
    },
    /// The caller's slice has the wrong length.
    #[error("tile ({i}, {j}) of array {array}: the slice holds {len} numbers, {needed} are needed")]
    SliceLength {
        /// The array.
        array: String,
        /// Tile row.
        i: usize,
        /// Tile column.
        j: usize,
        /// The slice's length.
        len: usize,
        /// The length that is needed.
        needed: usize,
    },
    /// The caller's number type does not fit the store's.
    #[error("{}: holds {stored} numbers, {given} was asked for", Shown(path))]
    Precision {
        /// The store.
        path: PathBuf,
        /// The store's type.
        stored: Precision,
        /// The caller's type.
        given: Precision,
    },
    /// A tile was to be written to a store that was opened for reading.
    #[error("{}: opened for reading, no tile can be written", Shown(path))]
    ReadOnly {
        /// The store.
        path: PathBuf,
    },
    /// The memory for a tile is not there.
    #[error("no memory for a tile of {bytes} bytes")]
    Memory {
        /// The bytes that were asked for.
        bytes: u64,
    },
    /// A file could not be written; nothing of it remains.
    #[error("{}: {bytes} bytes could not be written: {cause}", Shown(file))]
    Write {
        /// The file.
        file: PathBuf,
        /// Its size in bytes.
        bytes: u64,
        /// Why.
        cause: Arc<io::Error>,
    },
    /// Another operation on a file failed.
    #[error("{}: cannot {action}: {cause}", Shown(path))]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        cause: Arc<io::Error>,
    },
    /// The Zarr library refused something that this module believed to be right.
    #[error("{}: {}", Shown(path), one_line(message))]
    Zarr {
        /// The store.
        path: PathBuf,
        /// The library's message.
        message: String,
    },
}

impl StoreError {
    pub(super) fn io(action: &'static str, path: &Path, cause: io::Error) -> Self {
        Self::Io { action, path: path.to_path_buf(), cause: Arc::new(cause) }
    }

    pub(super) fn not_a_store(path: &Path, reason: impl Into<String>) -> Self {
        Self::NotAStore { path: path.to_path_buf(), reason: reason.into() }
    }

    pub(super) fn metadata(file: &Path, reason: impl Into<String>) -> Self {
        Self::Metadata { file: file.to_path_buf(), reason: one_line(&reason.into()) }
    }
}

/// A path on one line.
struct Shown<'a>(&'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.0.to_string_lossy()))
    }
}

/// The first differences on one line, and how many more there are.
struct List<'a>(&'a [Difference]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        for (index, difference) in self.0.iter().take(SHOWN).enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{difference}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// The process that holds a lock, if it is known.
struct Holder(Option<u32>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(process) => write!(f, " (process {process})"),
            None => Ok(()),
        }
    }
}
