//! Standard output.

use std::io::{ErrorKind, Write};

/// Writes to standard output. A reader that has gone away, as of `ultrawide info | head -1`, is no error.
///
/// # Errors
/// Standard output cannot be written.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("standard output"))
        }
        _ => Ok(()),
    }
}

/// Writes to standard output whatever became of the files, which have been written before: nothing that happens to the terminal can take these
/// away, and a file that cannot be written does not take away what hours have found.
///
/// # Errors
/// The first of the files.
pub(super) fn print_beside(written: anyhow::Result<()>, text: &str) -> anyhow::Result<()> {
    let printed = print(text);
    written.and(printed)
}
