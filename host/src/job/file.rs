//! Files that are there whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::JobError;
use crate::data::npy::temporary;

/// Finds out whether `path` can be written, before hours of work end with an error; leaves nothing behind.
///
/// # Errors
/// The folder does not exist or cannot be written, or something that is no regular file has this name.
pub fn check_writable(path: &Path) -> Result<(), JobError> {
    // Renaming onto a device would replace the device.
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(JobError::file(path, io::Error::other("is there and is no regular file")));
    }
    // `x.json/` names a folder, although `Path` overlooks the slash.
    if path.as_os_str().as_encoded_bytes().last().is_some_and(|&last| std::path::is_separator(char::from(last))) {
        return Err(JobError::file(path, io::Error::other("names a folder, a file is needed")));
    }
    temporary(path).map(drop).map_err(|cause| JobError::file(path, cause))
}

/// Makes a folder, with those above it, and finds out whether it can be written.
///
/// # Errors
/// It cannot be made or written, or something else has this name.
pub fn make_folder(path: &Path) -> Result<(), JobError> {
    fs::create_dir_all(path).map_err(|cause| JobError::file(path, cause))?;
    check_writable(&path.join("x"))
}

/// Writes a file under a temporary name beside `path` and then renames it.
///
/// # Errors
/// As [`check_writable`], and a disk that is full or fails.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), JobError> {
    check_writable(path)?;
    let write = || -> io::Result<()> {
        let mut file = temporary(path)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|cause| JobError::file(path, cause))
}
