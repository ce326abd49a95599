//! Random networks and pairs of inputs, in search of those whose kernels in `f32` are off by more than is promised.

use crate::arithmetic::{Pair, arithmetics};
use crate::common::images::{Random, scaled, shape};
use crate::common::naive::{flattened, largest_share};
use crate::common::precision::{ANY_LAYERS, LEAST_F32};
use crate::common::single::{BOTH, conv_net, request};
use crate::growth::{self, EPSILONS, Net, Of};
use clap::ValueEnum;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fmt;
use ultrawide_core::{Dense, Readout, Trained};

/// The depth at which `f32` is promised to 2e-6.
const DEPTH: usize = 21;
/// Depths of dense nets, whose bound holds of any inputs.
const DEPTHS: [usize; 3] = [3, DEPTH, 200];

/// What two inputs have to do with each other, or with themselves. Where it says close, the distance is anything from 1e-7 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[allow(missing_docs, reason = "each is told beside its numbers")]
pub enum Relation {
    Independent,
    Close,
    Multiple,
    Opposite,
    CloseInPart,
    OppositeInPart,
    AllButOnePixel,
    Shifted,
    Periodic,
    NearlyPeriodic,
    NearOneColour,
    OneColourInPart,
    TwoTones,
    BlackInPart,
    Waves,
    Shaded,
    GreyLevels,
    WideRange,
    OneChannel,
    SmallRegion,
    Blocks,
    EightBits,
}

use Relation as R;

/// Uniform in [0, 1).
fn part(random: &mut Random) -> f64 {
    (random.bits() >> 11) as f64 / (1u64 << 53) as f64
}

/// Between two numbers above 0, evenly over the exponents.
fn between(low: f64, high: f64, random: &mut Random) -> f64 {
    low * (high / low).powf(part(random))
}

fn one_of<T: Clone>(choices: &[T], random: &mut Random) -> T {
    choices[(random.bits() % choices.len() as u64) as usize].clone()
}

impl Relation {
    /// A pair of images of `f32` numbers.
    fn pair(self, [channels, height, width]: [usize; 3], random: &mut Random) -> [Vec<f64>; 2] {
        let (pixels, len) = (height * width, channels * height * width);
        let (x, other) = (random.numbers(len), random.numbers(len));
        let [colour, second] = [(); 2].map(|()| random.numbers(channels));
        let distance = between(1e-7, 1.0, random);
        let factor = between(1e-3, 1e3, random);
        let [low, high, ratio] = [random.number(), random.number(), 1.0 + distance * random.number()];
        let (share, similar) = (part(random), random.bits().is_multiple_of(2));
        // Pixels in any places, or the first ones.
        let chosen: Vec<bool> = if random.bits().is_multiple_of(2) {
            (0..pixels).map(|_| part(random) < share).collect()
        } else {
            (0..pixels).map(|pixel| (pixel as f64) < share * pixels as f64).collect()
        };
        let one = (random.bits() % pixels as u64) as usize;
        // The place in the first tile of a pattern.
        let [rows, columns] = [(); 2].map(|()| one_of(&[1, 2, 2, 3, 4, 5], random));
        let tiled = |i: usize| i / pixels * pixels + i % pixels / width % rows * width + i % width % columns;
        let wave = |pixel: usize| 1.0 + distance * (low * (pixel / width) as f64 + high * (pixel % width) as f64).sin();
        let close = |i: usize| x[i] + distance * other[i];
        let grey = |value: f64| (value * 64.0 + 128.0).round().clamp(0.0, 255.0) / 255.0;
        let region = between(1.0 / 256.0, 0.25, random) * pixels as f64;
        // The first pixel of a block, of some rows and columns.
        let side = 2 + random.bits() as usize % 5;
        let block = |i: usize| {
            let (row, column) = (i % pixels / width, i % width);
            i / pixels * pixels + row / side * side * width + column / side * side
        };
        let amplitude = between(1.0, 60.0, random);
        // The numbers of both images at a place.
        let at = |i: usize| -> [f64; 2] {
            let (channel, pixel) = (i / pixels, i % pixels);
            let here = chosen[pixel];
            match self {
                R::Independent => [x[i], other[i]],
                R::Close => [x[i], close(i)],
                R::Multiple => [x[i], factor * x[i]],
                R::Opposite => [x[i], -close(i)],
                R::CloseInPart => [x[i], if here { close(i) } else { other[i] }],
                R::OppositeInPart => [x[i], if here { -close(i) } else { other[i] }],
                R::AllButOnePixel => [x[i], if pixel == one { other[i] } else { x[i] }],
                R::Shifted => [x[i], x[channel * pixels + (pixel + 1) % pixels] + distance * other[i]],
                R::Periodic => [x[tiled(i)], if similar { close(tiled(i)) } else { other[tiled(i)] }],
                R::NearlyPeriodic => {
                    let of_y = colour[channel] + 0.5 * share * second[channel];
                    [colour[channel] + distance * x[tiled(i)], of_y + distance * other[tiled(i)]]
                }
                R::NearOneColour => {
                    let of_y = if similar { ratio * colour[channel] } else { second[channel] };
                    [colour[channel] + distance * x[i], of_y + distance * other[i]]
                }
                R::OneColourInPart => {
                    if here {
                        [colour[channel], ratio * colour[channel]]
                    } else {
                        [x[i], other[i]]
                    }
                }
                R::TwoTones => {
                    let tone = |first: bool, high: f64| if first { low } else { high };
                    [tone(here, high), tone(chosen[(pixel + 1) % pixels], ratio * high)]
                }
                R::BlackInPart => {
                    if here {
                        [x[i], close(i)]
                    } else {
                        [0.0, 0.1 * other[i]]
                    }
                }
                R::Waves => [
                    colour[channel] * wave(pixel),
                    (colour[channel] + distance * second[channel]) * wave(pixels - 1 - pixel),
                ],
                // One colour in each image, in any brightness.
                R::Shaded => {
                    let of_y = colour[channel] + share * second[channel];
                    [colour[channel] * x[pixel], of_y * if here { x[pixel] } else { other[pixel] }]
                }
                R::GreyLevels => [grey(x[i]), grey(close(i))],
                R::WideRange => {
                    let scale = factor.powf(wave(pixel) * if here { 1.0 } else { -1.0 });
                    [x[i] * scale, close(i) * scale]
                }
                R::SmallRegion => {
                    let of_y = ratio * colour[channel];
                    if (pixel as f64) < region { [colour[channel], of_y] } else { [x[i], other[i] + low * x[i]] }
                }
                // Blocks of one colour each.
                R::Blocks => [x[block(i)], x[block(i)] + 0.3 * share * other[block(i)]],
                // As cameras write them: channels are the same but for one of them.
                R::EightBits => {
                    let levels =
                        |value: f64| ((128.0 + 100.0 * colour[channel] + value).round()).clamp(0.0, 255.0) / 255.0;
                    let common = if similar { 3.0 * low * x[pixel] } else { 0.0 };
                    [x[i], other[i]].map(|own| levels(if channel == 0 { amplitude * own } else { common }))
                }
                R::OneChannel => {
                    let scale = if channel == 0 { factor.max(1.0) } else { 1.0 };
                    [x[i] * scale, close(i) * scale]
                }
            }
        };
        [0, 1].map(|which| scaled(&(0..len).map(|i| at(i)[which]).collect::<Vec<_>>(), 1.0))
    }
}

/// A network and a pair of inputs, of `f32` numbers.
#[derive(Clone)]
pub struct Trial {
    net: Pair,
    plain: bool,
    trained: Trained,
    relation: Relation,
    x: Vec<f64>,
    y: Vec<f64>,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {} numbers, {:?}", self.relation, self.x.len(), self.net)
    }
}

/// How far `f32` is off.
#[derive(Clone, Copy, Debug, Default)]
pub struct Off {
    /// At depth 21, relative to the kernel; where that may cancel, to the mean size of its terms.
    pub error: f64,
    /// Of the bound, at any depth, where there is one for any inputs: of dense nets.
    pub of_bound: f64,
}

impl Trial {
    /// The trial of this number.
    pub fn new(number: u64) -> Self {
        let random = &mut Random(number);
        let [dense, plain] = [(); 2].map(|()| random.bits().is_multiple_of(2));
        let trained = one_of(&[Trained::All, Trained::Hidden], random);
        let small = between(1e-4, 0.3, random);
        let slopes = [random.number(), 1.0 + small, 1.0 - small, small - 1.0, -1.0 - small, -1.0, 1.0, small];
        let slope = if plain { 0.0 } else { one_of(&slopes, random) };
        let relation = one_of(Relation::value_variants(), random);
        let (net, dimensions) = if dense {
            let net = Dense::new(request(&BOTH, &DEPTHS, trained)).with_slope(slope).expect("a finite slope");
            let strength = between(1e-3, 1e8, random);
            let connected = !plain && random.bits().is_multiple_of(2);
            let net = if connected { net.with_residual(strength).expect("a finite strength") } else { net };
            let features = [random.bits() as usize % 64 + 1, between(1.0, 3072.0, random) as usize];
            (Pair::Dense(net), [1, 1, one_of(&features, random)])
        } else {
            let side = |random: &mut Random| one_of(&[1, 1, 2, 3, 3, 4, 5, 6], random);
            let small = [one_of(&[1, 2, 3, 8, 16], random), side(random), side(random)];
            let all_readouts = [Readout::Vanilla, Readout::Gap, Readout::Lap(1), Readout::Lap(3)];
            let (small_filter, readout) = (one_of(&[1, 3, 3, 3, 5, 7, 11], random), one_of(&all_readouts, random));
            // Many channels, and filters larger than that: sums of very many numbers.
            let channels = between(16.0, 2000.0, random) as usize;
            let large = [2, 6 + random.bits() as usize % 14, 6 + random.bits() as usize % 14];
            let line = 8 + random.bits() as usize % 200;
            let (long, wide) = (line + random.bits() as usize % 600, 16 + random.bits() as usize % 33);
            let parts = [Readout::Lap(1), Readout::Lap(2), Readout::Lap(3)];
            let large_filter = 2 * (random.bits() as usize % 20) + 1;
            let (dimensions, filter, readout) = match random.bits() % 16 {
                0 => ([channels, one_of(&[1, 2], random), one_of(&[1, 2], random)], small_filter, readout),
                1 => (large, large_filter, Readout::Vanilla),
                2 => ([small[0], 1, line], small_filter, Readout::Vanilla),
                3 => ([small[0].min(3), 1, line / 4 + 1], 3, readout),
                4 => ([small[0].min(3), line / 8 + 1, line / 8 + 1], 3, Readout::Vanilla),
                5 => ([small[0].min(3), one_of(&[1, 1, 2, 3], random), line], 3, one_of(&parts, random)),
                6 => ([small[0].min(3), 1, long], 3, Readout::Vanilla),
                7 if random.bits() >> 63 == 0 => ([small[0], wide, wide], 3, Readout::Vanilla),
                _ => (small, small_filter, readout),
            };
            let net = conv_net(shape(dimensions), filter, &[readout], request(&BOTH, &[DEPTH], trained));
            (Pair::Conv(net.with_slope(slope).expect("a finite slope")), dimensions)
        };
        let [x, y] = relation.pair(dimensions, random);
        Trial { net, plain, trained, relation, x, y }
    }

    /// The kind of its network.
    pub fn kind(&self) -> &'static str {
        match (&self.net, self.plain) {
            (Pair::Dense(_), true) => "dense",
            (Pair::Dense(_), false) => "dense, leaky or residual",
            (Pair::Conv(_), true) => "convolutional",
            (Pair::Conv(_), false) => "convolutional, leaky",
        }
    }

    /// The kernels in `f32`, of all [`arithmetics`], against `f64`, which the bound allows 2e-14 at depth 21. Those that `f32` does not hold are left out.
    pub fn run(&self) -> Off {
        let exact = self.net.kernels::<f64>(&self.x, &self.y);
        let units = self.units(&exact);
        let depths = if matches!(self.net, Pair::Dense(_)) { &DEPTHS[..] } else { &[DEPTH] };
        let mut off = Off::default();
        for backend in arithmetics() {
            let found = self.net.on::<f32>(backend, &self.x, &self.y);
            for (index, (found, exact)) in found.into_iter().zip(&exact).enumerate() {
                if units[index] < LEAST_F32 {
                    continue;
                }
                let (kernel, depth) = (BOTH[index / depths.len()], depths[index % depths.len()]);
                let error = (f64::from(found) - exact).abs() / units[index];
                // What is no number is infinitely wrong.
                let error = if error.is_nan() { f64::INFINITY } else { error };
                if depth == DEPTH {
                    off.error = off.error.max(error);
                }
                if matches!(self.net, Pair::Dense(_)) {
                    let bound = |of, depth| growth::bound(Net::Dense, of, self.x.len(), depth);
                    let bound = if self.plain {
                        bound(Of::new(kernel, self.trained), depth)
                    } else {
                        // What does not grow with the depth is the same.
                        bound(Of::Nngp, 0) + ANY_LAYERS * depth as f64
                    };
                    off.of_bound = off.of_bound.max(error / (bound * EPSILONS[0]));
                }
            }
        }
        off
    }

    /// Changes single numbers, again and again, and keeps what does not lessen the error: the error after so many changes. That adds up roundings which in images that were not
    /// made so cancel, and is told beside what is promised, not held to it.
    pub fn climb(&self, number: u64, steps: usize) -> f64 {
        let (random, mut best) = (&mut Random(number ^ u64::from(u32::MAX)), self.clone());
        let mut error = best.run().error;
        for _ in 0..steps {
            let mut next = best.clone();
            let factor = 1.0 + between(1e-7, 1e-2, random) * random.number();
            let (value, which) = (one_of(&next.x, random), random.bits() % 3);
            let other = next.y[next.x.iter().position(|&x| x == value).unwrap_or(0)];
            // All that are equal, so that blocks remain blocks.
            for (numbers, value, left_out) in [(&mut next.x, value, 1), (&mut next.y, other, 0)] {
                if which != left_out {
                    let changed = f64::from((value * factor) as f32);
                    numbers.iter_mut().filter(|x| **x == value).for_each(|x| *x = changed);
                }
            }
            let found = next.run().error;
            if found >= error {
                (best, error) = (next, found);
            }
        }
        error
    }

    /// What errors are relative to.
    fn units(&self, exact: &[f64]) -> Vec<f64> {
        let own: [Vec<f64>; 2] = match &self.net {
            Pair::Dense(_) => [&self.x, &self.y].map(|x| self.net.kernels::<f64>(x, x)),
            Pair::Conv(net) if !self.plain => {
                let (terms, readout) = (Pair::Conv(flattened(net)), net.readouts().first().copied());
                let share = readout.map_or(1.0, |readout| largest_share(readout, net.shape()));
                [&self.x, &self.y].map(|x| terms.kernels::<f64>(x, x).iter().map(|own| share * own).collect())
            }
            // κ0 Θ + K, which may be near 0, has terms as large as K.
            Pair::Conv(_) => {
                return exact.iter().zip(exact.iter().cycle()).map(|(v, k)| v.abs().max(k.abs())).collect();
            }
        };
        own[0].iter().zip(&own[1]).map(|(x, y)| (x * y).sqrt()).collect()
    }
}

/// What a search has found of one kind of networks and pairs.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The pairs.
    pub pairs: u64,
    /// The largest of each.
    pub off: Off,
    /// The trial with the largest error.
    pub trial: u64,
}

impl Found {
    fn merge(&mut self, other: &Found) {
        if other.off.error >= self.off.error {
            self.trial = other.trial;
        }
        self.pairs += other.pairs;
        self.off.error = self.off.error.max(other.off.error);
        self.off.of_bound = self.off.of_bound.max(other.off.of_bound);
    }
}

/// By the kind of the network and the relation of the inputs.
pub type Findings = BTreeMap<(&'static str, Relation), Found>;

/// Runs so many trials from this number on, in parallel, of one relation or of all; the findings depend on these alone.
pub fn search(first: u64, trials: u64, only: Option<Relation>, done: impl Fn() + Sync) -> Findings {
    let one = |mut findings: Findings, number: u64| {
        let trial = Trial::new(number);
        if only.is_some_and(|only| only != trial.relation) {
            return findings;
        }
        let found = Found { pairs: 1, off: trial.run(), trial: number };
        findings.entry((trial.kind(), trial.relation)).or_default().merge(&found);
        done();
        findings
    };
    let both = |mut a: Findings, b: Findings| {
        for (key, found) in b {
            a.entry(key).or_default().merge(&found);
        }
        a
    };
    (first..first.saturating_add(trials)).into_par_iter().fold(Findings::new, one).reduce(Findings::new, both)
}
