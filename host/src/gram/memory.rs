//! The tiles of a Gram matrix in memory.

use super::error::GramError;
use super::run::TileSource;
use crate::store::ArrayPlan;
use std::sync::OnceLock;
use ultrawide_core::Scalar;

/// The tiles of one matrix, each set once; of a symmetric matrix those on and below the diagonal.
pub struct Memory<S> {
    plan: ArrayPlan,
    tile: usize,
    columns: usize,
    tiles: Vec<OnceLock<Box<[S]>>>,
}

impl<S: Scalar> Memory<S> {
    /// Room for the tiles of `plan`; the memory of a tile is taken when it is set.
    pub fn new(plan: ArrayPlan, tile: usize) -> Self {
        let (rows, columns) = plan.grid(tile);
        let mut tiles = Vec::new();
        tiles.resize_with(rows * columns, OnceLock::new);
        Memory { plan, tile, columns, tiles }
    }

    /// Keeps a tile; a second one for the same place is dropped.
    ///
    /// # Errors
    /// [`GramError::Missing`] for a place outside the grid.
    pub fn set(&self, i: usize, j: usize, values: Vec<S>) -> Result<(), GramError> {
        let slot = self.tiles.get(i * self.columns + j).ok_or(GramError::Missing { i, j })?;
        let _ = slot.set(values.into_boxed_slice());
        Ok(())
    }
}

impl<S: Scalar + Send + Sync> TileSource<S> for Memory<S> {
    fn plan(&self) -> &ArrayPlan {
        &self.plan
    }

    fn tile(&self) -> usize {
        self.tile
    }

    fn read(&self, output: usize, i: usize, j: usize, out: &mut Vec<S>) -> Result<(), GramError> {
        let missing = GramError::Missing { i, j };
        let tile = self.tiles.get(i * self.columns + j).and_then(OnceLock::get);
        let size = self.plan.tile_shape(self.tile, i, j).map_or(0, |(rows, columns)| rows * columns);
        let part = tile.and_then(|tile| tile.get(output * size..(output + 1) * size)).ok_or(missing)?;
        out.clear();
        out.extend_from_slice(part);
        Ok(())
    }
}
