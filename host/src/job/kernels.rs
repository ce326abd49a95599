//! Gram matrices by tiles, into memory or into a store.

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Float, JobError};
use crate::gram::{Gram, GramError, Memory, Stored, TileSource};
use crate::regression::MAX_THREADS;
use crate::simd::Backend;
use crate::store::Store;

/// What computes the kernels.
pub struct Machine {
    /// The instruction set.
    pub backend: Backend,
    /// The threads.
    pub pool: ThreadPool,
}

impl Machine {
    /// Starts `threads` threads; `None` for one per core. More than there are cores gain nothing: each only takes memory for
    /// its tile (see [`Gram::thread_bytes`]).
    ///
    /// # Errors
    /// More than [`MAX_THREADS`]; [`GramError::Threads`] if they cannot be started.
    pub fn new(backend: Backend, threads: Option<usize>) -> Result<Self, JobError> {
        let threads = threads.unwrap_or_else(cores);
        if threads > MAX_THREADS {
            return Err(JobError::Usage(format!("{threads} threads: at most {MAX_THREADS} are allowed")));
        }
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("kernel-{i}"))
            .build()
            .map_err(|error| GramError::Threads { threads, cause: error.to_string() })?;
        Ok(Machine { backend, pool })
    }

    /// The number of threads.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }
}

/// The cores that this process may use, but not more than the threads that are allowed.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS)
}

/// An amount of work.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    /// Pairs of images.
    pub pairs: u64,
    /// Entries of the P×Q×P×Q arrays times layers: what the time is proportional to, whatever the network.
    pub entry_layers: f64,
}

impl Work {
    /// The work of a tile.
    pub fn of(gram: &Gram<'_>, tile: (usize, usize)) -> Self {
        let pairs = gram.pairs(tile);
        let passes = if gram.flip { 2.0 } else { 1.0 };
        let each = gram.net.entries() * gram.net.request().layers() as f64 * passes;
        Work { pairs, entry_layers: pairs as f64 * each }
    }

    /// The work of the tiles.
    pub fn sum(gram: &Gram<'_>, tiles: impl IntoIterator<Item = (usize, usize)>) -> Self {
        tiles.into_iter().map(|tile| Self::of(gram, tile)).fold(Work::default(), Work::plus)
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Work { pairs: self.pairs + other.pairs, entry_layers: self.entry_layers + other.entry_layers }
    }
}

/// Who watches a job go on. Every method is called from whatever thread has something to tell.
pub trait Watch: Sync {
    /// The job is going to be this much; `done` of it lies in the store already.
    fn begin(&self, _total: Work, _done: Work) {}
    /// This much was computed.
    fn add(&self, _work: Work) {}
    /// Something to know before the work.
    fn note(&self, _what: &str) {}
    /// Something else than kernels begins, for instance a factorisation.
    fn stage(&self, _what: &str) {}
    /// How far it is; told more often than anybody wants to know.
    fn step(&self, _what: &str) {}
    /// All is done.
    fn end(&self) {}
}

/// Nobody watches.
pub struct Silent;

impl Watch for Silent {}

/// The tiles of a Gram matrix that are still to be computed: all, or those that the store has not got; of a share its own.
///
/// # Errors
/// The store's folders cannot be listed.
pub fn missing(gram: &Gram<'_>, name: &str, store: Option<&Store>) -> Result<Vec<(usize, usize)>, JobError> {
    Ok(match store {
        None => gram.plan(name).tiles(gram.tile).collect(),
        Some(store) => store.wanted_tiles(name)?,
    })
}

/// Computes what is missing of a Gram matrix, into memory or into the array `name` of a store.
///
/// # Accuracy
/// The bits of [`Gram::tile`]; a store gives back those that it was given.
///
/// # Errors
/// Those of [`Gram::run`] and of the store.
pub fn compute<'a, S: Float>(
    gram: &Gram<'_>,
    name: &str,
    store: Option<&'a Store>,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<Box<dyn TileSource<S> + 'a>, JobError> {
    let wanted = missing(gram, name, store)?;
    let Some(store) = store else {
        let memory = Memory::new(gram.plan(name), gram.tile);
        gram.run(machine.backend, &machine.pool, &wanted, |i, j, values| {
            memory.set(i, j, values)?;
            watch.add(Work::of(gram, (i, j)));
            Ok(())
        })?;
        return Ok(Box::new(memory));
    };
    let stored = Stored::new(store, name)?;
    gram.run(machine.backend, &machine.pool, &wanted, |i, j, values: Vec<S>| {
        store.write_tile(name, i, j, &values).map_err(|error| GramError::Sink(Box::new(error)))?;
        watch.add(Work::of(gram, (i, j)));
        Ok(())
    })?;
    Ok(Box::new(stored))
}
