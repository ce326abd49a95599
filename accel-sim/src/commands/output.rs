//! Standard output.

use std::io::{ErrorKind, Write};

/// Writes to standard output. A reader that has gone away, as of `ultrawide-accel-sim machines | head -1`, is no error.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("standard output"))
        }
        _ => Ok(()),
    }
}
