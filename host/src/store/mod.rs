//! The tile store: Gram matrices on disk as a Zarr v3 group, one chunk a tile.
//!
//! A [`Store`] is a folder that any reader of Zarr v3 understands (`scripts/read_store.py` does it with
//! zarr-python). It holds arrays of the shape (outputs, rows, columns) in shards of (outputs, tile, tile): one
//! file is one tile of the Gram matrix with all outputs (kernels × readouts × depths), uncompressed, so that
//! one output of a tile is one run of bytes, followed by its checksum. Of a symmetric array only the tiles (i, j)
//! with j ≤ i exist. The group's attributes hold the *manifest*, the settings that the run was made with.
//!
//! What can be relied on:
//!
//! - A tile is on the disk whole or not at all, whenever the process is killed and whenever the disk is full.
//! - The bytes of a finished store depend on the plan and on the tiles alone: not on the order of writing, the
//!   number of threads or on interruptions.
//! - [`Store::resume`] continues a store only if plan and manifest are the same, and otherwise names every
//!   difference. It reads every tile; one of the wrong size or with a wrong checksum is removed with a warning
//!   and computed again. [`Store::open`], which changes nothing, refuses a wrong size.
//! - What [`Store::read_tile`] gives has been compared with its checksum (CRC-32C): a tile in which up to 32
//!   successive bits have changed gives an error for certain, any other damage with a chance of all but 2⁻³².
//!   A checksum is about the numbers and not about their place: a tile's file that was replaced by the file of
//!   another tile of the array is not noticed, nor are numbers that were changed together with their checksum.
//! - One writer at a time, by an advisory lock; readers need none, even while a run writes. Or the shares of one run at the same time,
//!   on one machine or several with a common file system ([`Store::join`]): each has tiles of its own and touches nothing else.
//! - A hostile store gives an error: documents are read up to [`MAX_METADATA_BYTES`], shapes are bounded, and
//!   nothing is allocated by what a document claims.

mod atomic;
mod error;
mod lock;
mod manifest;
mod metadata;
mod number;
mod plan;
mod recover;
mod scan;
mod shard;
mod share;
mod space;
mod tile;

#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Map, Value};

pub use error::StoreError;
pub use manifest::{Difference, MAX_DEPTH};
pub use number::TileNumber;
pub use plan::{
    ArrayPlan, MAX_ARRAYS, MAX_CHUNK_BYTES, MAX_METADATA_BYTES, MAX_NAME_BYTES, MAX_TILES, Precision, StorePlan,
};
pub use share::Share;
pub use space::{Free, Space};

use atomic::{AtomicStorage, sync_folder};
use lock::{LOCK_FILE, Lock};
use metadata::ZarrArray;

/// An open store: a handle for writing ([`Store::create`], [`Store::resume`], [`Store::join`]) or for reading ([`Store::open`]).
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    plan: StorePlan,
    storage: Arc<AtomicStorage>,
    /// In the order of the plan's arrays.
    arrays: Vec<ZarrArray>,
    /// `None` in a store that is open for reading.
    writer: Option<Writer>,
}

/// The right to write.
#[derive(Debug)]
struct Writer {
    /// The share that may be written; `None` for all tiles. Its lock goes before the store's.
    share: Option<(Share, Lock)>,
    /// Of the whole store: its own, or together with other shares.
    _lock: Lock,
}

impl Store {
    /// Makes a new store in the folder `path`, which must not exist or be empty; its parent must exist.
    ///
    /// # Errors
    ///
    /// The folder exists and is not empty, the plan breaks a limit, or a file cannot be written.
    pub fn create(path: &Path, plan: &StorePlan) -> Result<Self, StoreError> {
        let plan = checked(plan)?;
        prepare_folder(path)?;
        let occupied = |allowed: &str| {
            let entries = scan::entries(path)?;
            Ok::<_, StoreError>(entries.iter().any(|entry| entry.file_name() != allowed))
        };
        // Once before the lock, which must not leave its file in a folder that is not ours, and once under it,
        // since another run may have been faster.
        if occupied("")? {
            // A run that is at work is another matter than what one has left.
            if path.join(LOCK_FILE).exists() {
                drop(Lock::take(path)?);
            }
            return Err(StoreError::NotEmpty { path: path.to_path_buf() });
        }
        let lock = Lock::take(path)?;
        if occupied(LOCK_FILE)? {
            return Err(StoreError::NotEmpty { path: path.to_path_buf() });
        }
        Self::start(path, plan, lock)
    }

    /// Continues the store in the folder `path`, which must have been made with the same plan and manifest.
    ///
    /// Leftovers of a killed run are removed, and so are tiles of the wrong size or with a wrong checksum, with a
    /// warning: they are then missing and are computed again. To this end all tiles are read, on the threads of
    /// the rayon pool from which this is called; each holds one output of a tile at a time. Where there is no store yet (no folder, an empty folder, or a
    /// creation that was killed), a new one is made, with a warning.
    ///
    /// # Errors
    ///
    /// [`StoreError::Mismatch`] names every difference of plan and manifest. The folder holds something else,
    /// its documents are damaged, a file cannot be read, or another run uses it.
    pub fn resume(path: &Path, plan: &StorePlan) -> Result<Self, StoreError> {
        let plan = checked(plan)?;
        prepare_folder(path)?;
        check_foreign(path)?;
        let lock = Lock::take(path)?;
        if !agrees(path, &plan)? {
            scan::check_interrupted_creation(path)?;
            tracing::warn!("{}: nothing to resume here, starting a new store", path.display());
            scan::remove_interrupted_creation(path)?;
            return Self::start(path, plan, lock);
        }
        scan::remove_leftovers(path, &plan.arrays, None)?;
        let store = Self::assemble(path, plan, Some(Writer { share: None, _lock: lock }))?;
        store.plan.arrays.iter().try_for_each(|array| store.remove_damaged(array))?;
        Ok(store)
    }

    /// Joins the store in the folder `path` to write the tiles of one share, beside the processes that write the other shares: now, before
    /// or after, on this machine or on another that sees the same folder. The first to come makes the store; for the others plan
    /// and manifest must be the same.
    ///
    /// Leftovers of a killed process with this share are removed, and damaged tiles of the share as [`resume`](Self::resume) does
    /// it; what belongs to other shares is left alone as long as one of them is at work.
    ///
    /// # Errors
    ///
    /// Those of [`resume`](Self::resume); [`StoreError::InUse`] where a run without shares uses the store and
    /// [`StoreError::ShareInUse`] where another process has the share. Shares of another division are let in: what two
    /// processes write twice is the same.
    pub fn join(path: &Path, plan: &StorePlan, share: Share) -> Result<Self, StoreError> {
        let plan = checked(plan)?;
        prepare_folder(path)?;
        check_foreign(path)?;
        // Whoever comes while no other share is there makes the store or clears up what killed processes left.
        match Lock::take(path) {
            Ok(lock) if agrees(path, &plan)? => {
                if lock.works {
                    scan::remove_leftovers(path, &plan.arrays, None)?;
                }
            }
            Ok(lock) => {
                scan::check_interrupted_creation(path)?;
                scan::remove_interrupted_creation(path)?;
                drop(Self::start(path, plan.clone(), lock)?);
            }
            Err(StoreError::InUse { .. }) => {}
            Err(other) => return Err(other),
        }
        let lock = Lock::take_together(path)?;
        let share_lock = Lock::take_share(path, share)?;
        if !agrees(path, &plan)? {
            // Its maker was killed or has failed just now.
            return Err(StoreError::not_a_store(
                path,
                "another shard could not create the store: start this one again",
            ));
        }
        scan::remove_leftovers(path, &plan.arrays, Some(share))?;
        let writer = Writer { share: Some((share, share_lock)), _lock: lock };
        let store = Self::assemble(path, plan, Some(writer))?;
        store.plan.arrays.iter().try_for_each(|array| store.remove_damaged(array))?;
        Ok(store)
    }

    /// Whether there is a store in the folder `path`, which has then been made with the same plan and manifest. Nothing is changed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Mismatch`] names every difference; documents that are damaged.
    pub fn agrees(path: &Path, plan: &StorePlan) -> Result<bool, StoreError> {
        agrees(path, &checked(plan)?)
    }

    /// Opens the store in the folder `path` for reading. Nothing is changed, and a run may be writing to it.
    ///
    /// # Errors
    ///
    /// The folder is no store, its documents are damaged, or a chunk has the wrong size.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let data = fs::metadata(path).map_err(|error| StoreError::io("open the store", path, error))?;
        if !data.is_dir() {
            return Err(StoreError::not_a_store(path, "is not a folder"));
        }
        let plan = recover::plan(path)?.ok_or_else(|| {
            let file = metadata::group_document(path);
            StoreError::metadata(&file, "does not exist: the folder is no store, or its creation was interrupted")
        })?;
        let store = Self::assemble(path, plan, None)?;
        for array in &store.plan.arrays {
            let expected = store.plan.chunk_bytes(array);
            let found = scan::tiles(path, array, store.plan.tile, expected)?;
            if let Some((_, file, size)) = found.damaged.into_iter().next() {
                return Err(StoreError::ChunkSize { file, size, expected });
            }
        }
        Ok(store)
    }

    /// The folder of the store.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The plan, in its canonical form: arrays and manifest keys are sorted.
    pub fn plan(&self) -> &StorePlan {
        &self.plan
    }

    /// The manifest: the settings that the run was made with.
    pub fn manifest(&self) -> &Map<String, Value> {
        &self.plan.manifest
    }

    /// The tiles of `array` that are not stored yet, row by row.
    ///
    /// # Errors
    ///
    /// There is no such array, or its folders cannot be listed.
    pub fn missing_tiles(&self, array: &str) -> Result<Vec<(usize, usize)>, StoreError> {
        let (array, _) = self.array(array)?;
        let found = scan::tiles(&self.path, array, self.plan.tile, self.plan.chunk_bytes(array))?;
        let mut present = found.present.into_iter().peekable();
        // Both lists are sorted in the same way.
        Ok(array.tiles(self.plan.tile).filter(|tile| present.next_if_eq(tile).is_none()).collect())
    }

    /// The tiles of `array` that this handle has to write: of those that are not stored yet the ones of its share, or all.
    ///
    /// # Errors
    ///
    /// As [`missing_tiles`](Self::missing_tiles).
    pub fn wanted_tiles(&self, array: &str) -> Result<Vec<(usize, usize)>, StoreError> {
        let mut tiles = self.missing_tiles(array)?;
        let own = self.own_tiles(self.array(array)?.0);
        tiles.retain(own);
        Ok(tiles)
    }

    /// Which tiles are not those of other shares.
    fn own_tiles(&self, array: &ArrayPlan) -> impl Fn(&(usize, usize)) -> bool + use<> {
        let share = self.writer.as_ref().and_then(|writer| writer.share.as_ref());
        Share::filter(share.map(|(share, _)| *share), array, self.plan.tile)
    }

    /// Removes the files of an array that are no tiles, so that they are computed again; of a share its own alone.
    fn remove_damaged(&self, array: &ArrayPlan) -> Result<(), StoreError> {
        let expected = self.plan.chunk_bytes(array);
        let remove = |file: &Path, flaw: &str| {
            tracing::warn!("{}: {flaw}: removed, to be computed again", file.display());
            fs::remove_file(file).map_err(|error| StoreError::io("remove", file, error))
        };
        let mut found = scan::tiles(&self.path, array, self.plan.tile, expected)?;
        let own = self.own_tiles(array);
        found.present.retain(&own);
        for (_, file, size) in found.damaged.into_iter().filter(|(tile, ..)| own(tile)) {
            remove(&file, &format!("holds {size} bytes, a tile has {expected}"))?;
        }
        tracing::info!("{}: checking {} tiles of {}", self.path.display(), found.present.len(), array.name);
        let check = |bytes: &mut Vec<u8>, &(i, j)| self.check_tile(&array.name, i, j, bytes).err();
        let failures: Vec<StoreError> = found.present.par_iter().map_init(Vec::new, check).flatten().collect();
        for failure in failures {
            match failure {
                StoreError::Damaged { file, array, i, j, flaw } => {
                    remove(&file, &format!("tile ({i}, {j}) of array {array}: {flaw}"))?;
                }
                other => return Err(other),
            }
        }
        Ok(())
    }

    fn start(path: &Path, plan: StorePlan, lock: Lock) -> Result<Self, StoreError> {
        let store = Self::assemble(path, plan, Some(Writer { share: None, _lock: lock }))?;
        metadata::write(path, &store.storage, &store.plan, &store.arrays)?;
        Ok(store)
    }

    fn assemble(path: &Path, plan: StorePlan, writer: Option<Writer>) -> Result<Self, StoreError> {
        let share = writer.as_ref().and_then(|writer| writer.share.as_ref()).map(|(share, _)| *share);
        let storage = Arc::new(AtomicStorage::new(path, share)?);
        let arrays = metadata::arrays(path, &storage, &plan)?;
        Ok(Self { path: path.to_path_buf(), plan, storage, arrays, writer })
    }

    fn array(&self, name: &str) -> Result<(&ArrayPlan, &ZarrArray), StoreError> {
        self.plan.arrays.iter().zip(&self.arrays).find(|(array, _)| array.name == name).ok_or_else(|| {
            let known = self.plan.arrays.iter().map(|array| array.name.clone()).collect();
            StoreError::UnknownArray { path: self.path.clone(), array: name.into(), known }
        })
    }
}

/// The canonical form of a plan whose documents can also be read back.
fn checked(plan: &StorePlan) -> Result<StorePlan, StoreError> {
    let plan = plan.canonical()?;
    metadata::check_size(&plan)?;
    Ok(plan)
}

/// Whether there is a store in the folder `path`, which has then been made with the same plan and manifest.
fn agrees(path: &Path, plan: &StorePlan) -> Result<bool, StoreError> {
    let Some(stored) = recover::plan(path)? else { return Ok(false) };
    let layout = manifest::differences("plan", &stored.layout(), &plan.layout());
    let (ours, theirs) = (Value::Object(plan.manifest.clone()), Value::Object(stored.manifest));
    // The settings first: they are what the user chose, and most of the layout follows from them.
    let mut differences = manifest::differences("", &theirs, &ours);
    let said = |of: &Difference| {
        let key = of.key.strip_prefix("plan.");
        differences.iter().any(|other| Some(other.key.as_str()) == key)
    };
    let layout: Vec<Difference> = layout.into_iter().filter(|difference| !said(difference)).collect();
    differences.extend(layout);
    if differences.is_empty() { Ok(true) } else { Err(StoreError::Mismatch { path: path.to_path_buf(), differences }) }
}

/// Refuses a folder that holds something else than a store or the beginning of one: before the lock, which must not leave its
/// file there.
fn check_foreign(path: &Path) -> Result<(), StoreError> {
    let complete = || metadata::group_document(path).exists();
    if complete() {
        return Ok(());
    }
    // Another run may be finishing its creation while we look; then there is a document after all.
    scan::check_interrupted_creation(path).or_else(|error| if complete() { Ok(()) } else { Err(error) })
}

/// Makes the folder of a store if it does not exist. Its parent must exist: a misspelt path is not followed.
fn prepare_folder(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Ok(data) if data.is_dir() => return Ok(()),
        Ok(_) => {
            return Err(StoreError::not_a_store(path, "is a file, a folder is needed"));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(StoreError::io("look for the folder", path, error)),
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match fs::create_dir(path) {
        Ok(()) => sync_folder(parent).map_err(|error| StoreError::io("synchronise", parent, error)),
        // Another process was faster; the lock decides.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let reason = format!("the folder {} does not exist", parent.display());
            Err(StoreError::not_a_store(path, reason))
        }
        Err(error) => Err(StoreError::io("create the folder", path, error)),
    }
}
