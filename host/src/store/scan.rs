//! What lies in a store's folders: tiles, damaged tiles, leftovers of killed runs.
//!
//! The folders are listed rather than the tiles asked for one by one: the work is bounded by what is on the disk,
//! not by what a document claims.

use std::fs::{self, DirEntry};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::atomic::{TEMPORARY_PREFIX, sync_folder, temporaries};
use super::error::StoreError;
use super::lock::{LOCK_FILE, SHARE_LOCK_PREFIX};
use super::metadata::DOCUMENT;
use super::plan::{ArrayPlan, is_array_name};
use super::recover;
use super::share::Share;

/// The tiles of one array that are on the disk.
#[derive(Debug, Default)]
pub(super) struct Tiles {
    /// The complete ones, sorted.
    pub(super) present: Vec<(usize, usize)>,
    /// Those whose files do not have the size of a tile, with the size that they have, sorted.
    pub(super) damaged: Vec<((usize, usize), PathBuf, u64)>,
}

/// The number of folders of tile rows that `array` has below `root`.
pub(super) fn tile_rows(root: &Path, array: &ArrayPlan) -> Result<usize, StoreError> {
    Ok(entries(&chunk_folder(root, array))?.iter().filter(|row| index(row).is_some()).count())
}

/// Finds the tiles of `array` below `root`. Other files are ignored, as any reader of Zarr does.
pub(super) fn tiles(root: &Path, array: &ArrayPlan, tile: usize, bytes: u64) -> Result<Tiles, StoreError> {
    let mut found = Tiles::default();
    for row in entries(&chunk_folder(root, array))? {
        let Some(i) = index(&row) else { continue };
        for entry in entries(&row.path())? {
            let Some(j) = index(&entry) else { continue };
            if array.tile_shape(tile, i, j).is_none() {
                continue;
            }
            let path = entry.path();
            let size = match fs::metadata(&path) {
                Ok(data) if data.is_file() => data.len(),
                Ok(_) => {
                    return Err(StoreError::not_a_store(&path, "is not a file, a tile is expected here"));
                }
                // Removed in between, or a link to nothing.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(StoreError::io("read", &path, error)),
            };
            if size == bytes {
                found.present.push((i, j));
            } else {
                found.damaged.push(((i, j), path, size));
            }
        }
    }
    found.present.sort_unstable();
    found.damaged.sort_unstable();
    Ok(found)
}

/// Removes the temporary files that killed runs left in the folders of a store: those of a share, whose lock must be held,
/// or all and the lock files of shares, for which the store's lock must be held alone.
pub(super) fn remove_leftovers(root: &Path, arrays: &[ArrayPlan], share: Option<Share>) -> Result<(), StoreError> {
    let prefix = &temporaries(share);
    if share.is_none() {
        remove_from(root, SHARE_LOCK_PREFIX)?;
    }
    remove_from(root, prefix)?;
    for array in arrays {
        let chunks = chunk_folder(root, array);
        for folder in [root.join(&array.name), root.join(&array.name).join("c"), chunks.clone()] {
            remove_from(&folder, prefix)?;
        }
        for row in entries(&chunks)?.iter().filter(|row| index(row).is_some()) {
            remove_from(&row.path(), prefix)?;
        }
    }
    Ok(())
}

/// Removes the files of a folder whose names begin with `prefix`.
fn remove_from(folder: &Path, prefix: &str) -> Result<(), StoreError> {
    for entry in entries(folder)?.iter().filter(|entry| begins(entry, prefix)) {
        let path = entry.path();
        tracing::info!("{}: removed, a killed run left it", path.display());
        fs::remove_file(&path).map_err(|error| StoreError::io("remove", &path, error))?;
    }
    Ok(())
}

/// Checks that `root` holds nothing but what a creation leaves that was killed before its last step: locks,
/// temporary files, and folders of arrays with their documents but no tiles.
pub(super) fn check_interrupted_creation(root: &Path) -> Result<(), StoreError> {
    let foreign = |path: &Path| {
        let reason = format!(
            "is no store (it has no {DOCUMENT}) and holds {}: choose an empty folder",
            path.strip_prefix(root).unwrap_or(path).display()
        );
        Err(StoreError::not_a_store(root, reason))
    };
    for entry in entries(root)? {
        let path = entry.path();
        if is_temporary(&entry) || is_lock(&entry) {
            continue;
        }
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_array_name(name) && path.is_dir()) else {
            return foreign(&path);
        };
        for inner in entries(&path)? {
            // Only an array of ours may be removed later, so its document has to be one.
            let ours = is_temporary(&inner)
                || (inner.file_name() == DOCUMENT && matches!(recover::array(root, name), Ok(Some(_))));
            if !ours {
                return foreign(&inner.path());
            }
        }
    }
    Ok(())
}

/// Removes what [`check_interrupted_creation`] has allowed, except locks.
pub(super) fn remove_interrupted_creation(root: &Path) -> Result<(), StoreError> {
    for entry in entries(root)? {
        let path = entry.path();
        let removed = if path.is_dir() {
            remove_from(&path, TEMPORARY_PREFIX)?;
            match fs::remove_file(path.join(DOCUMENT)) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => fs::remove_dir(&path),
            }
        } else if is_temporary(&entry) {
            fs::remove_file(&path)
        } else {
            Ok(())
        };
        removed.map_err(|error| StoreError::io("remove", &path, error))?;
    }
    sync_folder(root).map_err(|error| StoreError::io("synchronise", root, error))
}

/// The entries of a folder, sorted by name; none where the folder does not exist.
pub(super) fn entries(folder: &Path) -> Result<Vec<DirEntry>, StoreError> {
    let listed = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        listed => listed.and_then(Iterator::collect::<Result<Vec<_>, _>>),
    };
    let mut entries = listed.map_err(|error| StoreError::io("list", folder, error))?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

/// The folder with one folder for each tile row: all outputs lie in chunk 0 of the first dimension.
fn chunk_folder(root: &Path, array: &ArrayPlan) -> PathBuf {
    root.join(&array.name).join("c").join("0")
}

fn is_temporary(entry: &DirEntry) -> bool {
    begins(entry, TEMPORARY_PREFIX)
}

fn is_lock(entry: &DirEntry) -> bool {
    entry.file_name() == LOCK_FILE || begins(entry, SHARE_LOCK_PREFIX)
}

fn begins(entry: &DirEntry, prefix: &str) -> bool {
    entry.file_name().to_string_lossy().starts_with(prefix)
}

/// The tile index that a name stands for: decimal digits with no zero in front, as in a chunk key.
fn index(entry: &DirEntry) -> Option<usize> {
    let name = entry.file_name();
    let name = name.to_str()?;
    let index: usize = name.parse().ok()?;
    (index.to_string() == name).then_some(index)
}
