//! The tiles of a Gram matrix in a store.

use super::error::GramError;
use super::run::TileSource;
use crate::store::{ArrayPlan, Store, StoreError, TileNumber};
use ultrawide_core::Scalar;

/// One array of a store, read tile by tile.
pub struct Stored<'a> {
    store: &'a Store,
    plan: &'a ArrayPlan,
}

impl<'a> Stored<'a> {
    /// The array of that name.
    ///
    /// # Errors
    /// [`StoreError::UnknownArray`] names those that there are.
    pub fn new(store: &'a Store, array: &str) -> Result<Self, StoreError> {
        let plan = store.plan().array(array).ok_or_else(|| StoreError::UnknownArray {
            path: store.path().to_path_buf(),
            array: array.to_owned(),
            known: store.plan().arrays.iter().map(|array| array.name.clone()).collect(),
        })?;
        Ok(Stored { store, plan })
    }
}

impl<S: Scalar + TileNumber> TileSource<S> for Stored<'_> {
    fn plan(&self) -> &ArrayPlan {
        self.plan
    }

    fn tile(&self) -> usize {
        self.store.plan().tile
    }

    fn read(&self, output: usize, i: usize, j: usize, out: &mut Vec<S>) -> Result<(), GramError> {
        let missing = GramError::Missing { i, j };
        let sink = |error| GramError::Sink(Box::new(error));
        let (rows, columns) = self.plan.tile_shape(self.store.plan().tile, i, j).ok_or(missing)?;
        out.resize(rows * columns, <S as Scalar>::from_f64(0.0));
        self.store.read_tile(&self.plan.name, output, i, j, out).map_err(sink)?;
        // The regression would notice as well, but does not know of files.
        let Some(at) = out.iter().position(|value| !value.is_finite()) else { return Ok(()) };
        let tile = self.store.plan().tile;
        Err(GramError::Stored {
            file: self.store.tile_file(&self.plan.name, i, j).map_err(sink)?,
            array: self.plan.name.clone(),
            output: self.plan.outputs.get(output).cloned().unwrap_or_default(),
            row: i * tile + at / columns,
            column: j * tile + at % columns,
            value: out[at].to_f64(),
        })
    }
}
