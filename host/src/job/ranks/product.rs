//! Products with a training kernel of which each rank holds some rows.
//!
//! The first rank tells the others what to do: two numbers, which kernel to read; one, by how many columns to multiply; none, to stop.

use faer::{MatMut, MatRef};

use super::Cluster;
use crate::gram::{Stored, TileSource};
use crate::job::fit::Output;
use crate::job::setup::Setup;
use crate::job::{Float, JobError, Machine};
use crate::regression::{Entry, Products, RegressionError, Rows};
use crate::store::Store;

/// The rows of the first rank, and the way to those of the others.
pub(super) struct Held<'a, S> {
    cluster: &'a Cluster,
    machine: &'a Machine,
    rows: Rows<S>,
    /// Of all ranks.
    sums: Vec<f64>,
    /// The rows of each rank.
    counts: Vec<usize>,
}

impl<'a, S: Float + Entry> Held<'a, S> {
    /// Has all ranks read their rows of an output of a pass.
    ///
    /// # Errors
    /// Those of [`Rows::read`] on this rank.
    pub(super) fn read(
        cluster: &'a Cluster,
        train: &Stored<'_>,
        (pass, output): (usize, usize),
        machine: &'a Machine,
    ) -> Result<Self, JobError> {
        cluster.send_all(&[pass as u64, output as u64]);
        let rows = rows::<S>(cluster, train, output, machine)?;
        let counts: Vec<usize> = (0..cluster.size()).map(|rank| count::<S>(cluster, train, rank)).collect();
        let sums = cluster.gather(rows.sums(), counts.iter().copied());
        Ok(Held { cluster, machine, rows, sums, counts })
    }
}

impl<S: Float + Entry> Products for Held<'_, S> {
    fn sums(&self) -> Result<Vec<f64>, RegressionError> {
        Ok(self.sums.clone())
    }

    fn multiply(&self, x: MatRef<'_, f64>, mut y: MatMut<'_, f64>) -> Result<(), RegressionError> {
        let columns = x.ncols();
        self.cluster.send_all(&[columns as u64]);
        let mut flat: Vec<f64> = x.row_iter().flat_map(|row| row.iter().copied()).collect();
        self.cluster.broadcast(&mut flat);
        let own = multiply(&self.rows, &flat, columns, self.machine)?;
        let all = self.cluster.gather(&own, self.counts.iter().map(|rows| rows * columns));
        y.copy_from(MatRef::from_row_major_slice(&all, x.nrows(), columns));
        Ok(())
    }
}

/// Lets the other ranks go.
pub(super) fn stop(cluster: &Cluster) {
    cluster.send_all(&[]);
}

/// The part of all ranks but the first.
///
/// # Errors
/// Rows that cannot be read.
pub(super) fn serve<S: Float + Entry>(
    cluster: &Cluster,
    setup: &Setup<'_>,
    store: &Store,
    machine: &Machine,
) -> Result<(), JobError> {
    let mut held: Option<Rows<S>> = None;
    loop {
        match (&cluster.receive()[..], held.take()) {
            (&[pass, output], before) => {
                // Its memory first.
                drop(before);
                let [(name, _), _] = &setup.grams[pass as usize];
                let rows = rows::<S>(cluster, &Stored::new(store, name)?, output as usize, machine)?;
                cluster.gather(rows.sums(), std::iter::empty());
                held = Some(rows);
            }
            (&[columns], Some(rows)) => {
                let columns = columns as usize;
                let mut x = vec![0.0; rows.n() * columns];
                cluster.broadcast(&mut x);
                cluster.gather(&multiply(&rows, &x, columns, machine)?, std::iter::empty());
                held = Some(rows);
            }
            _ => return Ok(()),
        }
    }
}

/// The tile rows of a rank.
fn share<S: Float + Entry>(cluster: &Cluster, train: &Stored<'_>, rank: usize) -> std::ops::Range<usize> {
    let train: &dyn TileSource<S> = train;
    Rows::<S>::share(train.plan().rows.div_ceil(train.tile()), rank, cluster.size())
}

/// The rows of a rank.
fn count<S: Float + Entry>(cluster: &Cluster, train: &Stored<'_>, rank: usize) -> usize {
    let (share, source): (_, &dyn TileSource<S>) = (share::<S>(cluster, train, rank), train);
    let row = |tile_row: usize| (tile_row * source.tile()).min(source.plan().rows);
    row(share.end) - row(share.start)
}

fn rows<S: Float + Entry>(
    cluster: &Cluster,
    train: &Stored<'_>,
    output: usize,
    machine: &Machine,
) -> Result<Rows<S>, JobError> {
    let tiles = Output::<S> { train, test: train, output };
    let share = share::<S>(cluster, train, cluster.rank());
    Ok(machine.pool.install(|| Rows::read(&tiles, share))?)
}

fn multiply<S: Float + Entry>(
    rows: &Rows<S>,
    x: &[f64],
    columns: usize,
    machine: &Machine,
) -> Result<Vec<f64>, RegressionError> {
    let mut y = vec![0.0; rows.len() * columns];
    machine.pool.install(|| rows.multiply(x, columns, &mut y))?;
    Ok(y)
}
