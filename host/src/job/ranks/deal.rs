//! Tiles for the ranks: the first deals them out, as they are asked for; every rank computes.
//!
//! A rank asks again as soon as it has no more than a tile for each thread left, and gets up to two for each, fewer towards the end; so no
//! thread waits for a message. With each tile that is done a rank tells so: the first knows how far all are.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::Cluster;
use crate::job::setup::Grams;
use crate::job::{Float, JobError, Machine, Watch, Work};
use crate::store::Store;

/// The number of the matrix, and the place in it.
pub(super) type Tile = (usize, usize, usize);

/// How long the first rank waits for its own threads before it looks for messages: looking costs a core some 20 microseconds. Shortest after a
/// message, then each time twice as long up to the longest, so that no message waits much longer than the time that has passed since the last one.
const POLL: [Duration; 2] = [Duration::from_micros(500), Duration::from_millis(16)];

/// Computes the tiles `wanted`, which the first rank names, on all ranks.
///
/// # Errors
/// The first of this rank's tiles that cannot be computed or written.
pub(super) fn compute<S: Float>(
    cluster: &Cluster,
    grams: &Grams<'_>,
    wanted: Vec<Tile>,
    store: &Store,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<(), JobError> {
    let one = |tile: Tile| {
        let (name, gram) = &grams[tile.0];
        let values = gram.tile::<S>(tile.1, tile.2, machine.backend)?;
        store.write_tile(name, tile.1, tile.2, &values)?;
        Ok(tile)
    };
    let (give, given) = channel();
    let (tell, done) = channel();
    let given = Mutex::new(given);
    // Until there are no more tiles, or nobody wants to know.
    let work = || while next(&given).is_some_and(|tile| tell.send(one(tile)).is_ok()) {};
    let threads = machine.threads();
    thread::scope(move |scope| {
        scope.spawn(move || machine.pool.broadcast(|_| work()));
        let own = Own { give, done, threads, under_way: 0 };
        if cluster.is_first() {
            let add = |(index, i, j): Tile| watch.add(Work::of(&grams[index].1, (i, j)));
            serve(cluster, wanted.into(), own, add)
        } else {
            ask(cluster, own)
        }
    })
}

fn next(given: &Mutex<Receiver<Tile>>) -> Option<Tile> {
    given.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// The threads of this rank, as its main thread sees them. They end when this is dropped.
struct Own {
    give: Sender<Tile>,
    done: Receiver<Result<Tile, JobError>>,
    threads: usize,
    under_way: usize,
}

impl Own {
    /// How many tiles to ask for.
    fn wanted(&self) -> usize {
        if self.under_way <= self.threads { 2 * self.threads - self.under_way } else { 0 }
    }

    fn take(&mut self, tiles: impl IntoIterator<Item = Tile>) -> Result<(), JobError> {
        tiles.into_iter().try_for_each(|tile| {
            self.under_way += 1;
            self.give.send(tile).map_err(|_| ended())
        })
    }
}

fn ended() -> JobError {
    JobError::Input("the threads that compute have ended".to_owned())
}

/// The part of all ranks but the first.
fn ask(cluster: &Cluster, mut own: Own) -> Result<(), JobError> {
    let (mut done, mut more) = (Vec::new(), true);
    loop {
        let wanted = if more { own.wanted() } else { 0 };
        if wanted > 0 || !done.is_empty() {
            cluster.send(0, &[&[wanted as u64], &done[..]].concat());
        }
        if wanted > 0 {
            let tiles = cluster.receive();
            more = !tiles.is_empty();
            own.take(tiles.chunks_exact(3).map(decoded))?;
        }
        if own.under_way == 0 {
            return Ok(());
        }
        done = encoded(own.done.recv().map_err(|_| ended())??);
        own.under_way -= 1;
    }
}

/// The part of the first rank: it is over when all tiles are done and all other ranks know that there are no more.
fn serve(cluster: &Cluster, mut tiles: VecDeque<Tile>, mut own: Own, add: impl Fn(Tile)) -> Result<(), JobError> {
    let (mut left, mut asking) = (tiles.len(), cluster.size() - 1);
    let mut poll = POLL[0];
    while left > 0 || asking > 0 {
        let wanted = own.wanted();
        own.take(deal(&mut tiles, wanted, cluster.size()))?;
        while let Some((rank, message)) = cluster.received() {
            poll = POLL[0];
            let Some((&wanted, done)) = message.split_first() else { continue };
            if !done.is_empty() {
                add(decoded(done));
                left -= 1;
            }
            if wanted > 0 {
                let dealt: Vec<u64> =
                    deal(&mut tiles, wanted as usize, cluster.size()).into_iter().flat_map(encoded).collect();
                asking -= usize::from(dealt.is_empty());
                cluster.send(rank, &dealt);
            }
        }
        match own.done.recv_timeout(poll) {
            Ok(tile) => {
                add(tile?);
                own.under_way -= 1;
                left -= 1;
            }
            Err(RecvTimeoutError::Timeout) => poll = POLL[1].min(2 * poll),
            Err(RecvTimeoutError::Disconnected) => return Err(ended()),
        }
    }
    Ok(())
}

/// Up to `wanted` tiles; fewer when half of what is left would not be enough for all ranks.
fn deal(tiles: &mut VecDeque<Tile>, wanted: usize, ranks: usize) -> Vec<Tile> {
    let count = wanted.min(tiles.len().div_ceil(2 * ranks));
    tiles.drain(..count).collect()
}

fn encoded((index, i, j): Tile) -> Vec<u64> {
    [index, i, j].map(|number| number as u64).to_vec()
}

fn decoded(message: &[u64]) -> Tile {
    let at = |index: usize| message.get(index).map_or(0, |&number| number as usize);
    (at(0), at(1), at(2))
}
