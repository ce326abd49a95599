//! How much memory there is: a job that needs more is refused before the work rather than killed after hours of it.

use super::{Float, JobError, Machine};
use crate::gram::Gram;

/// The bytes of memory that can be had without swapping; `None` where the system does not tell.
pub fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The bytes that a job needs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Need {
    /// The threads that compute tiles at the same time.
    pub(super) threads: f64,
    /// Each thread's.
    pub(super) thread: f64,
    /// The kernels that stay in memory.
    pub(super) kernels: f64,
    /// What is done with the kernels when the threads have ended.
    pub(super) after: f64,
}

impl Need {
    /// For the tiles of `gram`; kept in memory if `kept`.
    pub(super) fn of<S: Float>(gram: &Gram<'_>, kept: bool, machine: &Machine) -> Self {
        let (rows, columns) = (gram.x.len() as f64, gram.y.unwrap_or(gram.x).len() as f64);
        let tile = gram.tile as f64;
        let part = if gram.y.is_none() { ((columns + tile) / 2.0).min(columns) } else { columns };
        let numbers = rows * part * gram.net.outputs().len() as f64;
        // A place in the grid and one in the list of what is to be done.
        let tiles = (rows / tile).ceil() * (columns / tile).ceil();
        let kernels = if kept { numbers * S::PRECISION.bytes() as f64 } else { 0.0 } + tiles * 48.0;
        let threads = (machine.threads() as f64).min(tiles);
        Need { threads, thread: gram.thread_bytes::<S>(machine.backend), kernels, after: 0.0 }
    }

    /// Both after each other, the kernels of the first kept.
    pub(super) fn then(self, other: Self) -> Self {
        let larger = if self.threads * self.thread > other.threads * other.thread { self } else { other };
        let (kernels, after) = (self.kernels + other.kernels, self.after.max(other.after));
        Need { kernels, after, ..larger }
    }

    /// The most that is needed at one time.
    pub(super) fn bytes(self) -> f64 {
        self.kernels + self.after.max(self.threads * self.thread)
    }

    /// Tells what a job needs, and refuses it where that is more than there is; where the system does not tell what there
    /// is, only tells.
    ///
    /// # Errors
    /// [`JobError::Memory`].
    pub(super) fn check(self) -> Result<(), JobError> {
        self.check_against(available_memory())
    }

    fn check_against(self, available: Option<u64>) -> Result<(), JobError> {
        let mb = self.bytes() / 1e6;
        match available {
            Some(available) if self.bytes() > available as f64 => Err(JobError::Memory {
                needed: self.bytes(),
                threads: self.threads,
                thread: self.thread,
                kernels: self.kernels,
                after: self.after,
                available,
            }),
            Some(available) => {
                tracing::info!("memory: {mb:.0} MB needed, {:.0} MB available", available as f64 / 1e6);
                Ok(())
            }
            None => {
                tracing::warn!("memory: {mb:.0} MB needed; how much there is, this system does not tell");
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_and_regression_take_turns() {
        let need = Need { threads: 3.0, thread: 10.0, kernels: 100.0, after: 20.0 };
        assert_eq!(need.bytes(), 130.0);
        assert_eq!(Need { after: 50.0, ..need }.bytes(), 150.0);
        let other = Need { threads: 2.0, thread: 20.0, kernels: 7.0, after: 0.0 };
        assert_eq!(need.then(other).bytes(), 147.0);
        assert!(need.check_against(Some(130)).is_ok() && need.check_against(None).is_ok());
        let error = need.check_against(Some(129)).unwrap_err().to_string();
        assert!(error.contains("130 bytes") && error.contains("129 bytes"), "{error}");
    }
}
