//! One writer at a time, or shares of one run at the same time: advisory locks on files in the store.
//!
//! Who writes alone locks the store's file for itself. The shares lock it together, and each a file of its own for itself.
//! The operating system frees the lock when the process ends, however it ends, so a killed run never blocks the
//! next one. A file goes with the last that has it locked, so that a finished store holds Zarr and nothing else.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::error::StoreError;
use super::share::Share;

/// The name of the lock file in the store's folder.
pub(super) const LOCK_FILE: &str = ".uw-lock";
/// How the names of the lock files of shares begin.
pub(super) const SHARE_LOCK_PREFIX: &str = ".uw-lock-";
/// How long a share waits for another that has the store for itself: to create it, or to look after it at the end.
const PATIENCE: Duration = Duration::from_secs(5);

/// The right to write to a store, as long as it lives.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
    /// Whether others may have it at the same time.
    common: bool,
    /// Whether the file system knows locks, so that this one keeps others out.
    pub(super) works: bool,
}

impl Lock {
    /// Takes the lock of the store at `store` for itself.
    pub(super) fn take(store: &Path) -> Result<Self, StoreError> {
        Self::take_file(store, LOCK_FILE, false)
    }

    /// Takes the lock of the store at `store` together with other shares. One that has it for itself for a moment is waited for.
    pub(super) fn take_together(store: &Path) -> Result<Self, StoreError> {
        let clock = Instant::now();
        loop {
            match Self::take_file(store, LOCK_FILE, true) {
                Err(StoreError::InUse { .. }) if clock.elapsed() < PATIENCE => sleep(Duration::from_millis(10)),
                result => return result,
            }
        }
    }

    /// Takes the lock of a share.
    pub(super) fn take_share(store: &Path, share: Share) -> Result<Self, StoreError> {
        let name = format!("{SHARE_LOCK_PREFIX}{}", share.file_name());
        Self::take_file(store, &name, false).map_err(|error| match error {
            StoreError::InUse { path, holder } => StoreError::ShareInUse { path, share, holder },
            other => other,
        })
    }

    fn take_file(store: &Path, name: &str, common: bool) -> Result<Self, StoreError> {
        let path = store.join(name);
        let fail = |cause| StoreError::io("open the lock file", &path, cause);
        // Twice would do: each further round needs another writer to come and go in between.
        for _ in 0..64 {
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(fail)?;
            let locked = if common { file.try_lock_shared() } else { file.try_lock() };
            let mut works = true;
            match locked {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::InUse { path: store.to_path_buf(), holder: holder(&mut file) });
                }
                Err(TryLockError::Error(error)) if no_locks(&error) => {
                    works = false;
                    tracing::warn!(
                        "{}: the file system knows no locks: see to it that one run at a time uses the store; of shards, that the \
                         first has made it before the others start, and that none runs twice",
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
            let _ = file.set_len(0).and_then(|()| if common { Ok(()) } else { writeln!(file, "{}", process::id()) });
            return Ok(Self { file, path, common, works });
        }
        Err(StoreError::InUse { path: store.to_path_buf(), holder: None })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The last of those that have it together has it for itself.
        let last = !self.common || (self.file.unlock().is_ok() && self.file.try_lock().is_ok());
        // Removed before the lock is freed: whoever locks the removed file sees that it is not there any more.
        if cfg!(unix) && last && is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}

/// Whether an error says that the file system has no locks, or, as NFS without its lock service, none to give.
fn no_locks(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::Unsupported
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn a_removed_file_is_not_taken_for_its_successor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOCK_FILE);
        let old = File::create(&path).unwrap();
        assert!(is_at(&old, &path));
        if cfg!(unix) {
            fs::remove_file(&path).unwrap();
            assert!(!is_at(&old, &path));
            let new = File::create(&path).unwrap();
            assert!(is_at(&new, &path) && !is_at(&old, &path));
        }
    }

    #[test]
    fn a_file_system_without_locks_is_told_from_one_that_fails() {
        assert!(no_locks(&io::ErrorKind::Unsupported.into()));
        if cfg!(target_os = "linux") {
            // EOPNOTSUPP, ENOSYS, ENOLCK; EIO.
            assert!([95, 38, 37].map(io::Error::from_raw_os_error).iter().all(no_locks));
            assert!(!no_locks(&io::Error::from_raw_os_error(5)));
        }
    }

    #[test]
    fn the_lock_is_held_once_however_fast_it_changes_hands() {
        let folder = tempfile::tempdir().unwrap();
        let (holders, won) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        match Lock::take(folder.path()) {
                            Ok(lock) => {
                                assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "two holders");
                                thread::yield_now();
                                holders.fetch_sub(1, Ordering::SeqCst);
                                won.fetch_add(1, Ordering::SeqCst);
                                drop(lock);
                            }
                            Err(StoreError::InUse { .. }) => {}
                            Err(other) => panic!("{other}"),
                        }
                    }
                });
            }
        });
        assert!(won.into_inner() > 0);
    }
}
