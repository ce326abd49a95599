//! One writer at a time: an advisory lock on a file in the store.
//!
//! The operating system frees the lock when the process ends, however it ends, so a killed run never blocks the
//! next one. The file itself goes when the store is dropped, so that a finished store holds Zarr and nothing else.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process;

use super::error::StoreError;

/// The name of the lock file in the store's folder.
pub(super) const LOCK_FILE: &str = ".uw-lock";

/// The right to write to a store, as long as it lives.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of the store at `store`.
    pub(super) fn take(store: &Path) -> Result<Self, StoreError> {
        let path = store.join(LOCK_FILE);
        let fail = |cause| StoreError::io("open the lock file", &path, cause);
        // Twice would do: each further round needs another writer to come and go in between.
        for _ in 0..64 {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(fail)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::InUse {
                        path: store.to_path_buf(),
                        holder: holder(&mut file),
                    });
                }
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    tracing::warn!(
                        "{}: the file system knows no locks: see to it that one run at a time uses the store",
                        path.display()
                    );
                }
                Err(TryLockError::Error(error)) => {
                    return Err(StoreError::io("lock the store", &path, error));
                }
            }
            // The last writer may have removed the file between our opening and locking it. Then we hold the
            // lock of a file that nobody else will ever see, and try again with the one that they do see.
            if !is_at(&file, &path) {
                continue;
            }
            // The number only serves a message, so a failure to write it is none.
            let _ = file
                .set_len(0)
                .and_then(|()| writeln!(file, "{}", process::id()));
            return Ok(Self { file, path });
        }
        Err(StoreError::InUse {
            path: store.to_path_buf(),
            holder: None,
        })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed before the lock is freed: whoever locks the removed file sees that it is not there any more.
        if cfg!(unix) && is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}

/// The process number in a lock file.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Whether `file` is the file that `path` names.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

/// Whether `file` is the file that `path` names: always, since the file is never removed on such systems.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}
