//! The ranks of an MPI job, as this program uses them.

use std::thread;
use std::time::{Duration, Instant};

use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Destination, Root, Source};
use mpi::{Count, Rank, Threading};

use crate::job::JobError;

/// All ranks, of which this process is one. MPI ends when this is dropped.
pub struct Cluster {
    world: SimpleCommunicator,
    _universe: Universe,
}

impl Cluster {
    /// Joins the job that `mpirun` has started; without it, this process is all there is. Call it once, from the main thread.
    ///
    /// # Errors
    /// An MPI library that does not allow threads.
    pub fn start() -> Result<Self, JobError> {
        match mpi::initialize_with_threading(Threading::Funneled) {
            Some((universe, threading)) if threading >= Threading::Funneled => {
                Ok(Cluster { world: universe.world(), _universe: universe })
            }
            _ => Err(JobError::Input("--mpi: the MPI library does not allow a process to have threads".to_owned())),
        }
    }

    /// The number of this rank, from 0.
    pub fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    /// The number of ranks.
    pub fn size(&self) -> usize {
        self.world.size() as usize
    }

    /// Whether this is the rank that deals and tells.
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// The ranks on this machine.
    pub(super) fn neighbours(&self) -> usize {
        self.world.split_shared(self.world.rank()).size() as usize
    }

    /// Waits for all ranks, without keeping a core busy.
    pub fn barrier(&self) {
        let mut request = Some(self.world.immediate_barrier());
        wait(|| {
            request = request.take().and_then(|request| request.test().err());
            request.is_none()
        });
    }

    /// What this rank has to say when all have succeeded, or the error if it is the first that has failed. The others then wait for the end,
    /// which [`abort`](Self::abort) brings: of a mistake that all have made there is one message.
    ///
    /// # Errors
    /// That of `outcome`.
    pub fn together<T, E>(&self, outcome: Result<T, E>) -> Result<T, E> {
        let own = if outcome.is_ok() { Rank::MAX } else { self.world.rank() };
        let mut first = own;
        self.barrier();
        self.world.all_reduce_into(&own, &mut first, SystemOperation::min());
        if first != Rank::MAX && first != self.world.rank() {
            self.barrier();
        }
        outcome
    }

    /// Ends all ranks with this exit code.
    pub fn abort(&self, code: u8) -> ! {
        self.world.abort(code.into())
    }

    /// The sum over all ranks.
    pub(super) fn sum(&self, own: usize) -> usize {
        let mut sum = 0_u64;
        self.world.all_reduce_into(&(own as u64), &mut sum, SystemOperation::sum());
        sum as usize
    }

    /// Checks that a message may hold n numbers for each class.
    ///
    /// # Errors
    /// [`JobError::Usage`].
    pub(super) fn check_count(&self, n: usize, classes: usize) -> Result<(), JobError> {
        match n.checked_mul(classes).map(Count::try_from) {
            Some(Ok(_)) => Ok(()),
            _ => Err(JobError::Usage(format!(
                "--mpi: {n} training images of {classes} classes: a message holds at most {} numbers",
                Count::MAX
            ))),
        }
    }

    pub(super) fn send(&self, rank: usize, message: &[u64]) {
        self.world.process_at_rank(rank as Rank).send(message);
    }

    /// Sends to all but the first.
    pub(super) fn send_all(&self, message: &[u64]) {
        (1..self.size()).for_each(|rank| self.send(rank, message));
    }

    /// A message that has come, with its rank.
    pub(super) fn received(&self) -> Option<(usize, Vec<u64>)> {
        let status = self.world.any_process().immediate_probe()?;
        let (message, status) = self.world.process_at_rank(status.source_rank()).receive_vec();
        Some((status.source_rank() as usize, message))
    }

    /// The next message, of the first rank, without keeping a core busy.
    pub(super) fn receive(&self) -> Vec<u64> {
        let first = self.world.process_at_rank(0);
        wait(|| first.immediate_probe().is_some());
        first.receive_vec().0
    }

    /// Gives the first rank's numbers to all.
    pub(super) fn broadcast(&self, values: &mut [f64]) {
        self.world.process_at_rank(0).broadcast_into(values);
    }

    /// Gives the first rank the numbers of all, one rank after the other; `counts` tells how many.
    pub(super) fn gather(&self, own: &[f64], counts: impl Iterator<Item = usize>) -> Vec<f64> {
        self.barrier();
        let root = self.world.process_at_rank(0);
        if !self.is_first() {
            root.gather_varcount_into(own);
            return Vec::new();
        }
        let counts: Vec<Count> = counts.map(|count| count as Count).collect();
        let starts = counts.iter().scan(0, |sum, &count| {
            *sum += count;
            Some(*sum - count)
        });
        let starts: Vec<Count> = starts.collect();
        let mut all = vec![0.0; counts.iter().map(|&count| count as usize).sum()];
        root.gather_varcount_into_root(own, &mut PartitionMut::new(&mut all[..], counts, starts));
        all
    }
}

/// Asks until it is so: at first without rest, as most answers come at once, then with rests, since a waiting MPI takes a core from those
/// who compute.
fn wait(mut is_so: impl FnMut() -> bool) {
    let clock = Instant::now();
    while !is_so() {
        if clock.elapsed() < Duration::from_millis(1) {
            thread::yield_now();
        } else {
            thread::sleep(Duration::from_micros(500));
        }
    }
}
