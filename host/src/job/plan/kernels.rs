//! How fast this machine computes kernels: measured on a few images of the job itself, with all threads.
//!
//! What is measured is the time that the threads compute, not what passes: two seconds are too short to tell how busy the machine
//! will be in the hours after them.

use std::time::{Duration, Instant};

use super::super::{Float, JobError, Machine};
use crate::data::Images;
use crate::gram::{Gram, Net};
use ultrawide_core::{Conv, Readout, Request};

/// A sample of so many seconds is long enough to be timed.
const LONG: f64 = 0.05;
/// The entries × layers of a pair beyond which a net with fewer of them stands in: 0.4 s for a vector of pairs with AVX-512.
const MOST: f64 = 5e7;
/// Rows after which a tile's columns are prepared anew, or nearly.
const ROWS: usize = 32;

/// A piece of a tile of a Gram matrix.
pub(super) struct Sample<'a> {
    gram: Gram<'a>,
    /// The network, or one with fewer entries.
    net: Net,
    /// The work of the network over that of `net`; 1 for the network itself.
    scale: f64,
    x: Images,
    y: Images,
    /// A part of `x` whose time is taken off, so that what is done once for each image does not count: of a smaller network it
    /// would count for too much.
    less: Option<Images>,
    lanes: usize,
    /// What one thread took for a vector of pairs.
    pub(super) rough: f64,
}

impl<'a> Sample<'a> {
    /// Chooses the images: as many of a tile as fill [`LONG`].
    pub(super) fn new<S: Float>(gram: Gram<'a>, machine: &Machine) -> Result<Self, JobError> {
        let lanes = machine.backend.lanes::<S>();
        let columns = gram.y.unwrap_or(gram.x);
        let (most_rows, most_columns) = (gram.tile.min(gram.x.len()), gram.tile.min(columns.len()));
        let (net, scale) = affordable(gram.net, gram.flip);
        let (mut height, mut width) = (1, lanes.min(most_columns));
        if scale > 1.0 {
            height = most_rows.min(3);
        }
        let rows = |height| spread(gram.x, height, 0);
        // Between the rows: images with themselves, which are computed in another way, are rare in a matrix.
        let between = |width| spread(columns, width, 1);
        let (x, y) = (rows(height)?, between(width)?);
        let less = if scale > 1.0 && height > 1 { Some(rows(1)?) } else { None };
        let mut sample = Sample { gram, net, scale, x, y, less, lanes, rough: 0.0 };
        loop {
            let (seconds, vectors) = sample.once::<S>(machine)?;
            sample.rough = seconds * scale / vectors;
            if scale > 1.0 || seconds >= LONG || (height, width) == (most_rows, most_columns) {
                return Ok(sample);
            }
            // The rows of one preparation of the columns, then all columns, then all rows: so the sample costs as the tile does.
            if height < ROWS.min(most_rows) {
                height = (2 * height).min(most_rows);
            } else if width < most_columns {
                width = (2 * width).min(most_columns);
            } else {
                height = (2 * height).min(most_rows);
            }
            (sample.x, sample.y) = (rows(height)?, between(width)?);
        }
    }

    /// Computes the sample; seconds and vectors of pairs.
    fn once<S: Float>(&self, machine: &Machine) -> Result<(f64, f64), JobError> {
        let time = |x: &Images| {
            let tile = x.len().max(self.y.len());
            let gram = Gram { net: &self.net, flip: self.gram.flip, x, y: Some(&self.y), tile };
            let start = computed();
            gram.tile::<S>(0, 0, machine.backend)?;
            Ok::<_, JobError>((computed() - start, vectors(x.len(), self.y.len(), false, self.lanes)))
        };
        let (seconds, count) = time(&self.x)?;
        let Some(less) = &self.less else { return Ok((seconds, count)) };
        let (less_seconds, less_count) = time(less)?;
        // Whatever disturbs the one and not the other, the time stays positive.
        Ok(((seconds - less_seconds).max(seconds / 16.0), count - less_count))
    }

    /// Computes for `budget` with all threads.
    pub(super) fn rate<S: Float>(&self, machine: &Machine, budget: Duration) -> Result<Rate, JobError> {
        let rates = machine.pool.broadcast(|_| {
            let (clock, start) = (Instant::now(), computed());
            let (mut seconds, mut vectors) = (0.0, 0.0);
            loop {
                let (more_seconds, more_vectors) = self.once::<S>(machine)?;
                (seconds, vectors) = (seconds + more_seconds, vectors + more_vectors);
                if clock.elapsed() >= budget {
                    let vectors = vectors / seconds / self.scale;
                    return Ok(Rate { vectors, computed: computed() - start, passed: clock.elapsed().as_secs_f64() });
                }
            }
        });
        rates.into_iter().try_fold(Rate::default(), |sum, rate: Result<Rate, JobError>| Ok(sum.plus(rate?)))
    }
}

/// What the threads have done together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    /// Vectors of pairs in a second of a machine that does nothing else.
    pub(super) vectors: f64,
    /// Seconds that the threads computed.
    pub(super) computed: f64,
    /// Seconds that passed for each of them: more, where the machine was busy with other things.
    pub(super) passed: f64,
}

impl Rate {
    /// Of both.
    pub(super) fn plus(self, other: Self) -> Self {
        let (vectors, computed) = (self.vectors + other.vectors, self.computed + other.computed);
        Rate { vectors, computed, passed: self.passed + other.passed }
    }
}

/// Seconds that this thread has computed.
#[cfg(unix)]
fn computed() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Seconds that have passed: how long a thread has computed, other systems tell in other ways.
#[cfg(not(unix))]
fn computed() -> f64 {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed().as_secs_f64()
}

/// The rows × vectors of partners that are computed for a tile: vectors that are filled in part cost as much as full ones.
pub(super) fn vectors(rows: usize, columns: usize, diagonal: bool, lanes: usize) -> f64 {
    if diagonal {
        // Row r needs the columns up to r.
        return (0..rows).map(|row| (row / lanes + 1) as f64).sum();
    }
    rows as f64 * columns.div_ceil(lanes) as f64
}

/// `count` images spread over all, so many half steps from the first.
fn spread(images: &Images, count: usize, halves: usize) -> Result<Images, JobError> {
    let indices: Vec<usize> = (0..count).map(|index| (2 * index + halves) * images.len() / (2 * count)).collect();
    Ok(images.select(&indices)?)
}

/// The network, or one with the same images and layers that has fewer entries, or at last fewer layers; and how much more the
/// network computes.
fn affordable(net: &Net, flip: bool) -> (Net, f64) {
    let sides = if flip { 2.0 } else { 1.0 };
    let work = |net: &Net| net.entries() * net.request().layers() as f64 * sides;
    let whole = work(net);
    let (Net::Conv(conv), true) = (net, whole > MOST) else { return (net.clone(), 1.0) };
    let request = conv.request();
    let smaller = |readout: Readout, depth: Option<usize>| {
        let request = match depth {
            Some(depth) => Request::new(request.kernels(), &[depth], request.trained()).ok()?,
            None => request.clone(),
        };
        Some(Net::Conv(
            Conv::new(conv.shape(), conv.filter(), &[readout], request).ok()?.with_slope(conv.slope()).ok()?,
        ))
    };
    let side = conv.shape().height.max(conv.shape().width);
    let reaches = (1..side.div_ceil(2)).rev().map(Readout::Lap).chain([Readout::Vanilla]);
    let fewer_entries = reaches.filter_map(|readout| smaller(readout, None));
    let depths = (3..=request.layers()).rev();
    let fewer_layers = depths.filter_map(|depth| smaller(Readout::Vanilla, Some(depth)));
    let mut found = None;
    for candidate in fewer_entries.chain(fewer_layers) {
        let enough = work(&candidate) <= MOST;
        found = Some(candidate);
        if enough {
            break;
        }
    }
    let net = found.unwrap_or_else(|| net.clone());
    let scale = (whole / work(&net)).max(1.0);
    (net, scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ultrawide_core::{Kernel, Shape, Trained};

    fn gap(side: usize, depth: usize) -> Net {
        let request = Request::new(&[Kernel::Ntk], &[depth], Trained::Hidden).unwrap();
        let shape = Shape { channels: 1, height: side, width: side };
        Net::Conv(Conv::new(shape, 3, &[Readout::Gap], request).unwrap())
    }

    #[test]
    fn vectors_count_what_is_computed() {
        assert_eq!(vectors(3, 33, false, 16), 9.0);
        assert_eq!(vectors(16, 16, true, 16), 16.0);
        assert_eq!(vectors(18, 18, true, 16), 20.0);
        assert_eq!(vectors(5, 5, true, 1), 15.0);
    }

    #[test]
    fn a_net_that_costs_too_much_is_stood_in_for() {
        let (net, scale) = affordable(&gap(32, 21), false);
        assert_eq!((net, scale), (gap(32, 21), 1.0));
        for (side, depth) in [(64, 21), (224, 21), (2000, 4), (2000, 200)] {
            let whole = gap(side, depth);
            let (net, scale) = affordable(&whole, false);
            let work = |net: &Net| net.entries() * net.request().layers() as f64;
            assert!(work(&net) <= MOST, "{side}, {depth}: {}", work(&net));
            assert_eq!(scale, work(&whole) / work(&net));
            assert_eq!(net.shape(), whole.shape());
        }
    }
}
