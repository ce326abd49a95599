//! Counts of the errors of κ0 and κ1 over very many arguments, on all processors.

use super::points::{Generator, hard_f32, hard_f64};
use super::{Float, Oracle};
use crate::arithmetic::arithmetics;
use crate::common::images::Random;
use crate::common::ulp::ulp_distance;
use crate::progress_bar;
use rayon::prelude::*;
use std::fmt;
use ultrawide::simd::{Backend, Job};
use ultrawide_core::dual::{kappa0, kappa1};
use ultrawide_core::{Number, Scalar};

/// The bits of 1: patterns from 0 to here are the arguments in [0, 1].
const ONE: u32 = 0x3f80_0000;
/// The arguments of one piece of work.
const CHUNK: u64 = 1 << 20;
/// The arguments that are computed in one go.
const BLOCK: usize = 1 << 12;
/// The worst arguments kept of each piece of work, and printed.
const KEPT: usize = 8;
/// Everything that is as far off shares the last bin.
const BINS: usize = 17;

/// How often each distance occurred, and where the largest did.
#[derive(Clone, Debug)]
pub struct Tally<F> {
    /// Occurrences of each distance, in representable numbers.
    pub histogram: [u64; BINS],
    /// The largest distance.
    pub largest: u64,
    /// Arguments of the largest.
    pub at: Vec<F>,
    /// All arguments at which only multi-precision knew the nearest number: few, whatever the number of arguments.
    pub undecided: Vec<F>,
}

impl<F> Default for Tally<F> {
    fn default() -> Self {
        Tally { histogram: [0; BINS], largest: 0, at: vec![], undecided: vec![] }
    }
}

impl<F: Float> Tally<F> {
    fn record(&mut self, value: F, (nearest, undecided): (F, bool), lambda: F) {
        let distance = ulp_distance(value, nearest);
        self.histogram[(distance as usize).min(BINS - 1)] += 1;
        if undecided {
            self.undecided.push(lambda);
        }
        if distance > self.largest {
            self.largest = distance;
            self.at.clear();
        }
        if distance == self.largest && self.at.len() < KEPT {
            self.at.push(lambda);
        }
    }

    fn merge(mut self, other: Self) -> Self {
        for (sum, count) in self.histogram.iter_mut().zip(other.histogram) {
            *sum += count;
        }
        self.undecided.extend(other.undecided);
        if other.largest > self.largest {
            (self.largest, self.at) = (other.largest, other.at);
        } else if other.largest == self.largest {
            self.at.extend(other.at);
        }
        self
    }
}

/// The tallies of κ0 and of κ1, as computed on each of some backends.
#[derive(Clone, Debug)]
pub struct Tallies<F> {
    /// The backends, each with its two tallies.
    pub of: Vec<(Backend, [Tally<F>; 2])>,
}

impl<F: Float> Tallies<F> {
    /// Empty ones for the arithmetics of this machine.
    pub fn new() -> Self {
        Tallies { of: arithmetics().into_iter().map(|backend| (backend, Default::default())).collect() }
    }

    /// Adds arguments.
    pub fn visit(&mut self, oracle: &Oracle, arguments: impl IntoIterator<Item = F>) {
        let mut arguments = arguments.into_iter();
        loop {
            let block: Vec<F> = arguments.by_ref().take(BLOCK).collect();
            if block.is_empty() {
                return;
            }
            let nearest: Vec<_> = block.iter().map(|&lambda| F::nearest(oracle, lambda)).collect();
            for (backend, [first, second]) in &mut self.of {
                let values = backend.run(Kappas(&block));
                for ((&lambda, values), nearest) in block.iter().zip(values).zip(&nearest) {
                    first.record(values[0], nearest[0], lambda);
                    second.record(values[1], nearest[1], lambda);
                }
            }
        }
    }

    /// Whether no κ0 and no κ1 is farther off than these.
    pub fn within(&self, tolerances: [u64; 2]) -> bool {
        self.of.iter().all(|(_, tallies)| tallies.iter().zip(tolerances).all(|(tally, most)| tally.largest <= most))
    }

    /// Those of both.
    pub fn merge(self, other: Self) -> Self {
        let both = self.of.into_iter().zip(other.of);
        let of = both.map(|((backend, [a0, a1]), (_, [b0, b1]))| (backend, [a0.merge(b0), a1.merge(b1)])).collect();
        Tallies { of }
    }
}

impl<F: Float> Default for Tallies<F> {
    fn default() -> Self {
        Self::new()
    }
}

/// \[κ0, κ1\] of all arguments, a vector at a time.
struct Kappas<'a, F>(&'a [F]);

impl<F: Scalar> Job<F> for Kappas<'_, F> {
    type Output = Vec<[F; 2]>;

    #[inline(always)]
    fn run<N: Number<Scalar = F>>(self) -> Vec<[F; 2]> {
        let mut values = Vec::with_capacity(self.0.len());
        for lambdas in self.0.chunks(N::LANES) {
            // Lanes that are left over repeat the first argument.
            let lambda = N::from_lanes(|lane| lambdas.get(lane).copied().unwrap_or(lambdas[0]));
            let (kappa0, kappa1) = (kappa0(lambda), kappa1(lambda));
            values.extend((0..lambdas.len()).map(|lane| [kappa0.lane(lane), kappa1.lane(lane)]));
        }
        values
    }
}

/// The tallies of all chunks, in their order whichever thread did which.
fn over_chunks<F: Float + Send>(what: &str, chunks: u64, scan: impl Fn(u64) -> Tallies<F> + Sync) -> Tallies<F> {
    let bar = progress_bar(chunks, what);
    let scan = |chunk| {
        let tallies = scan(chunk);
        bar.inc(1);
        tallies
    };
    let sum = (0..chunks).into_par_iter().map(scan).reduce(Tallies::new, Tallies::merge);
    bar.finish_and_clear();
    sum
}

/// Every `stride`th `f32` in [−1, 1] and the hard points: all of them for a stride of 1.
pub fn scan_f32(stride: u32) -> Tallies<f32> {
    let oracle = Oracle::default();
    let magnitudes = u64::from(ONE) / u64::from(stride) + 1;
    let chunks = magnitudes.div_ceil(CHUNK);
    let both_signs = |lambda: f32| [lambda, -lambda];
    let scan = |chunk: u64| {
        let mut tallies = Tallies::new();
        let indices = chunk * CHUNK..magnitudes.min((chunk + 1) * CHUNK);
        tallies.visit(&oracle, indices.flat_map(|index| both_signs(f32::from_bits(index as u32 * stride))));
        tallies
    };
    let mut hard = Tallies::new();
    if stride > 1 {
        hard.visit(&oracle, hard_f32().into_iter().flat_map(both_signs));
    }
    hard.merge(over_chunks("f32", chunks, scan))
}

/// `count` arguments of a generator. The same ones for every number of threads.
pub fn scan_f64(generator: Generator, count: u64) -> Tallies<f64> {
    let (oracle, hard) = (Oracle::default(), hard_f64());
    let chunks = count.div_ceil(CHUNK);
    let scan = |chunk: u64| {
        let mut tallies = Tallies::new();
        let mut random = Random(chunk << 32 | generator as u64);
        let indices = chunk * CHUNK..count.min((chunk + 1) * CHUNK);
        tallies.visit(&oracle, indices.map(|_| generator.point(&mut random, &hard)));
        tallies
    };
    over_chunks(&format!("f64 {generator:?}"), chunks, scan)
}

impl<F: Float + fmt::LowerExp> fmt::Display for Tally<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: u64 = self.histogram.iter().sum();
        writeln!(f, "at most {} ULP, {total} arguments, {} by multi-precision", self.largest, self.undecided.len())?;
        for (distance, &count) in self.histogram.iter().enumerate().filter(|(_, count)| **count > 0) {
            let share = count as f64 * 100.0 / total as f64;
            writeln!(f, "  {distance:>2} ULP: {count:>11}  {share:10.6} %")?;
        }
        // Arguments apart from each other say more than a run of neighbours.
        for lambda in self.at.iter().step_by(self.at.len().div_ceil(KEPT).max(1)) {
            writeln!(f, "  at {} = {lambda:e}", lambda.hex())?;
        }
        Ok(())
    }
}
