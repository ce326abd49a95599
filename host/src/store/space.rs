//! The space on the disk: what is still to be written of a store, and what is free.

use std::path::Path;

use super::error::StoreError;
use super::plan::{ArrayPlan, StorePlan};
use super::{metadata, scan};

/// The files of a store that are still to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// How many files there are of which size in bytes.
    sizes: Vec<(u64, u64)>,
    /// Folders.
    folders: u64,
}

/// What a file system has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Free {
    /// Bytes.
    pub bytes: u64,
    /// The bytes of a block: files take whole ones.
    pub block: u64,
    /// Files and folders; `None` where there is no limit.
    pub files: Option<u64>,
}

impl Space {
    /// All of a store.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidPlan`].
    pub fn of(plan: &StorePlan) -> Result<Self, StoreError> {
        Self::counted(plan, true, |_| Ok((0, 0)))
    }

    /// What is missing of the store in the folder `path`, which need not exist. Checksums are not looked at.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidPlan`]; a folder that cannot be listed.
    pub fn missing(path: &Path, plan: &StorePlan) -> Result<Self, StoreError> {
        let begun = metadata::group_document(path).exists();
        Self::counted(plan, !begun, |array| {
            let found = scan::tiles(path, array, plan.tile, plan.chunk_bytes(array))?;
            Ok((found.present.len(), scan::tile_rows(path, array)?))
        })
    }

    /// `there` tells how many tiles and rows of tiles of an array there are already.
    fn counted(
        plan: &StorePlan,
        documents: bool,
        there: impl Fn(&ArrayPlan) -> Result<(usize, usize), StoreError>,
    ) -> Result<Self, StoreError> {
        let plan = super::checked(plan)?;
        let mut space = Self::default();
        if documents {
            space.sizes = metadata::sizes(&plan)?.into_iter().map(|bytes| (1, bytes)).collect();
            // The store's own, and of each array those above the rows of tiles: its own, `c` and `0`.
            space.folders = 1 + 3 * plan.arrays.len() as u64;
        }
        for array in &plan.arrays {
            let (tiles, rows) = there(array)?;
            let missing = array.tile_count(plan.tile).unwrap_or(usize::MAX).saturating_sub(tiles);
            space.sizes.push((missing as u64, plan.chunk_bytes(array)));
            space.folders += array.grid(plan.tile).0.saturating_sub(rows) as u64;
        }
        Ok(space)
    }

    /// The number of files.
    pub fn files(&self) -> u64 {
        self.sizes.iter().map(|(count, _)| count).sum()
    }

    /// The bytes in the files.
    pub fn bytes(&self) -> u64 {
        self.sizes.iter().fold(0, |sum: u64, &(count, bytes)| sum.saturating_add(count.saturating_mul(bytes)))
    }

    /// The bytes that files and folders take on a file system with such blocks.
    pub fn on_disk(&self, block: u64) -> u64 {
        let rounded = |bytes: u64| bytes.checked_next_multiple_of(block).unwrap_or(bytes);
        let files = self.sizes.iter().map(|&(count, bytes)| count.saturating_mul(rounded(bytes)));
        files.fold(self.folders.saturating_mul(block), u64::saturating_add)
    }

    /// Whether all this fits the file system of the folder `path`, which has so much `free`; fits where that is not known.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSpace`] and [`StoreError::NoFiles`].
    pub fn check(&self, path: &Path, free: Option<Free>) -> Result<(), StoreError> {
        let Some(free) = free else { return Ok(()) };
        let path = path.to_path_buf();
        let bytes = self.on_disk(free.block);
        if bytes > free.bytes {
            return Err(StoreError::NoSpace { path, bytes, free: free.bytes });
        }
        let files = self.files() + self.folders;
        match free.files {
            Some(free) if files > free => Err(StoreError::NoFiles { path, files, free }),
            _ => Ok(()),
        }
    }
}

impl Free {
    /// What the file system has left on which the folder `path` is, or would be; `None` where the system does not tell.
    pub fn at(path: &Path) -> Option<Self> {
        let there = path.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
        Self::of_existing(there)
    }

    #[cfg(unix)]
    fn of_existing(folder: &Path) -> Option<Self> {
        let told = rustix::fs::statvfs(folder).ok()?;
        // Some network file systems tell nothing but zeros.
        if told.f_blocks == 0 || told.f_frsize == 0 {
            return None;
        }
        let files = (told.f_files > 0).then_some(told.f_favail);
        Some(Self { bytes: told.f_bavail.saturating_mul(told.f_frsize), block: told.f_frsize, files })
    }

    #[cfg(not(unix))]
    fn of_existing(_folder: &Path) -> Option<Self> {
        None
    }
}
