//! Zarr storage on a file system in which a value is written whole or not at all.
//!
//! `zarrs`' own file system store writes in place: a process that is killed in the middle leaves a short chunk
//! that looks like a chunk. Here a value goes to a temporary file beside its key, is forced to the disk, and is
//! then renamed over the key; the rename is what makes it visible, and it is atomic. The folder is synchronised
//! as well, so that a tile that was reported as written is there after a power cut.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use zarrs::filesystem::FilesystemStore;
use zarrs::storage::{Bytes, OffsetBytesIterator, StorageError, StoreKey, StorePrefix, WritableStorageTraits};

use super::error::StoreError;
use super::share::Share;

/// How the names of temporary files begin; those of a share have its name next. No chunk key and no array name begins with
/// a dot.
pub(super) const TEMPORARY_PREFIX: &str = ".uw-tmp-";

/// Numbers the temporary files of this process, so that threads never share one.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A file system store with atomic writes. Nothing is read through it: see [`shard`](super::shard).
#[derive(Debug)]
pub(super) struct AtomicStorage {
    inner: FilesystemStore,
    /// How the names of its temporary files begin.
    temporaries: String,
}

/// A failed write, carried through `zarrs` inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("{}: {bytes} bytes could not be written: {cause}", file.display())]
struct WriteFailure {
    file: PathBuf,
    bytes: u64,
    cause: Arc<io::Error>,
}

impl AtomicStorage {
    /// Storage whose keys are paths below `root`; `share` is the one that writes, if the store has more than one writer.
    pub(super) fn new(root: &Path, share: Option<Share>) -> Result<Self, StoreError> {
        let inner =
            FilesystemStore::new(root).map_err(|_| StoreError::not_a_store(root, "the path is not valid UTF-8"))?;
        Ok(Self { inner, temporaries: temporaries(share) })
    }

    /// The file of a key.
    pub(super) fn file(&self, key: &StoreKey) -> PathBuf {
        self.inner.key_to_fspath(key)
    }
}

/// Turns an error that came back through `zarrs` into ours, with its file and size where it has them.
pub(super) fn storage_error(error: &StorageError, path: &Path, action: &'static str) -> StoreError {
    let StorageError::IOError(cause) = error else {
        return StoreError::Zarr { path: path.to_path_buf(), message: error.to_string() };
    };
    match cause.get_ref().and_then(|inner| inner.downcast_ref::<WriteFailure>()) {
        Some(WriteFailure { file, bytes, cause }) => {
            StoreError::Write { file: file.clone(), bytes: *bytes, cause: cause.clone() }
        }
        None => StoreError::Io { action, path: path.to_path_buf(), cause: cause.clone() },
    }
}

/// How the names of the temporary files of a writer begin: a share's, or anybody's.
pub(super) fn temporaries(share: Option<Share>) -> String {
    share.map_or(TEMPORARY_PREFIX.to_owned(), |share| format!("{TEMPORARY_PREFIX}{}-", share.file_name()))
}

/// Writes `bytes` to `file`, whole or not at all, by way of a file whose name begins with `temporaries`.
fn write_atomically(file: &Path, bytes: &[u8], temporaries: &str) -> io::Result<()> {
    let folder = file.parent().ok_or(io::ErrorKind::InvalidInput)?;
    create_folders(folder)?;
    let temporary = write_temporary(folder, bytes, temporaries)?;
    fs::rename(&temporary, file).inspect_err(|_| remove_quietly(&temporary))?;
    sync_folder(folder)
}

/// Writes `bytes` to a new temporary file in `folder` and forces them to the disk; leaves nothing on failure.
fn write_temporary(folder: &Path, bytes: &[u8], temporaries: &str) -> io::Result<PathBuf> {
    loop {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let temporary = folder.join(format!("{temporaries}{}-{number}", process::id()));
        let mut open = match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(open) => open,
            // A killed process of the same number left it, or one on another machine has it; the next number is free sooner
            // or later.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        };
        return match open.write_all(bytes).and_then(|()| open.sync_all()) {
            Ok(()) => Ok(temporary),
            Err(error) => {
                drop(open);
                remove_quietly(&temporary);
                Err(error)
            }
        };
    }
}

/// Removes a file on the way out of a failure, whose own error is the one to report.
fn remove_quietly(file: &Path) {
    if let Err(error) = fs::remove_file(file) {
        tracing::warn!("{}: cannot remove the temporary file: {error}", file.display());
    }
}

/// Creates `folder` and its parents, and synchronises the folder in which each new one appears.
fn create_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        create_folders(parent)?;
    }
    match fs::create_dir(folder) {
        // Another thread was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder(parent.unwrap_or(Path::new("."))),
    }
}

/// Forces a folder's list of names to the disk.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    match fs::File::open(folder)?.sync_all() {
        // Some network file systems have no such operation; the rename is still atomic there.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}

/// Forces a folder's list of names to the disk: other systems offer no way to, and order it themselves.
#[cfg(not(unix))]
pub(super) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

impl WritableStorageTraits for AtomicStorage {
    fn set(&self, key: &StoreKey, value: Bytes) -> Result<(), StorageError> {
        let file = self.file(key);
        write_atomically(&file, &value, &self.temporaries).map_err(|cause| {
            let kind = cause.kind();
            let failure = WriteFailure { file, bytes: value.len() as u64, cause: Arc::new(cause) };
            io::Error::new(kind, failure).into()
        })
    }

    fn set_partial_many(&self, key: &StoreKey, _values: OffsetBytesIterator) -> Result<(), StorageError> {
        // A change in place is what this storage exists to prevent.
        Err(StorageError::Unsupported(format!("{key}: parts of a value cannot be written")))
    }

    fn erase(&self, key: &StoreKey) -> Result<(), StorageError> {
        self.inner.erase(key)
    }

    fn erase_prefix(&self, prefix: &StorePrefix) -> Result<(), StorageError> {
        self.inner.erase_prefix(prefix)
    }

    fn supports_set_partial(&self) -> bool {
        false
    }
}
