//! How fast tiles are written to the file system of a store, and read again.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::super::{Float, JobError, Machine};
use crate::store::{ArrayPlan, Free, Store, StoreError, StorePlan};
use ultrawide_core::Scalar;

/// How long is written, and how long read.
const BUDGET: Duration = Duration::from_millis(150);
/// The most bytes that are written; of a small disk no more than a quarter.
const MOST: u64 = 64 << 20;
/// The most tiles that a thread writes.
const TILES: usize = 64;

/// Seconds for a byte of tiles that are like those of the store.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Disk {
    /// Of one thread that writes, all of them at work.
    pub(super) write: f64,
    /// Of reading.
    pub(super) read: f64,
}

impl Disk {
    /// Writes tiles into a folder beside the store and removes it again. Where there is no room, the disk counts as fast.
    ///
    /// # Errors
    /// Those of [`Store::create`] and [`Store::write_tile`].
    pub(super) fn measure<S: Float>(path: &Path, plan: &StorePlan, machine: &Machine) -> Result<Self, JobError> {
        let beside = path.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
        let threads = machine.threads();
        // The largest tiles of the store; where a few of them are too much, smaller ones.
        let outputs = plan.arrays.iter().map(|array| array.outputs.len()).max().unwrap_or(1);
        let mut tile = plan.tile;
        let free = Free::at(path);
        let room = free.map_or(MOST, |free| MOST.min(free.bytes / 4)) / threads as u64;
        let block = free.map_or(1, |free| free.block);
        let bytes = |tile: usize| ((outputs * tile * tile * S::PRECISION.bytes()) as u64).max(block);
        while tile > 1 && bytes(tile) > room {
            tile /= 2;
        }
        let rounds = usize::try_from(room / bytes(tile)).unwrap_or(TILES).min(TILES);
        if rounds == 0 {
            tracing::warn!("{}: no room to try how fast tiles are written", beside.display());
            return Ok(Disk::default());
        }
        let array = ArrayPlan {
            name: "probe".to_owned(),
            rows: tile * threads,
            cols: tile * rounds,
            symmetric: false,
            outputs: (0..outputs).map(|output| output.to_string()).collect(),
        };
        let plan = StorePlan { tile, precision: plan.precision, arrays: vec![array], manifest: serde_json::Map::new() };
        let folder = tempfile::tempdir_in(beside).map_err(|cause| JobError::file(beside, cause))?;
        let store = Store::create(&folder.path().join("probe"), &plan)?;
        let chunk = plan.chunk_bytes(&plan.arrays[0]) as f64;
        let values = vec![<S as Scalar>::from_f64(0.5); outputs * tile * tile];

        let written = Mutex::new(Vec::new());
        let times = machine.pool.broadcast(|context| {
            let clock = Instant::now();
            let mut count = 0;
            while count < rounds && (count == 0 || clock.elapsed() < BUDGET) {
                store.write_tile("probe", context.index(), count, &values)?;
                count += 1;
            }
            let seconds = clock.elapsed().as_secs_f64();
            // A thread that panicked while it held the lock has left a whole list behind.
            let mut written = written.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            written.extend((0..count).map(|column| (context.index(), column)));
            Ok::<_, StoreError>(seconds / count as f64)
        });
        let seconds = times.into_iter().sum::<Result<f64, StoreError>>()? / threads as f64;

        let mut plane = vec![<S as Scalar>::from_f64(0.0); tile * tile];
        let (clock, mut planes) = (Instant::now(), 0.0);
        for (i, j) in written.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            for output in 0..outputs {
                store.read_tile("probe", output, i, j, &mut plane)?;
                planes += 1.0;
            }
            if clock.elapsed() >= BUDGET {
                break;
            }
        }
        let read = clock.elapsed().as_secs_f64() / planes / (chunk / outputs as f64);
        Ok(Disk { write: seconds / chunk, read })
    }
}
