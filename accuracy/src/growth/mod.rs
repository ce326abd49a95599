//! How the errors of whole kernels grow with depth.

pub mod images;

use crate::arithmetic::Pair;
use crate::big::Big;
use crate::common::images::{Random, shape};
use crate::common::precision::{DENSE_NTK_LAYERS, NNGP_LAYERS, NTK_LAYERS, ROUNDINGS, SUMMANDS};
use crate::common::single::{BOTH, conv_net, request};
use crate::compare::units;
use images::Images;
use std::fmt;
use ultrawide_core::{Dense, FEATURE_BLOCK, Kernel, Number, Readout, Scalar, Trained};

/// Nets by name: dense, or 3×3 filters and a readout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names of the networks' readouts")]
pub enum Net {
    Dense,
    Vanilla,
    Gap,
    Lap,
}

/// The readouts of convolutional nets.
pub const READOUTS: [(Net, Readout); 3] =
    [(Net::Vanilla, Readout::Vanilla), (Net::Gap, Readout::Gap), (Net::Lap, Readout::Lap(1))];

/// The layers that are trained, or the kernel of random networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the kernels' names")]
pub enum Of {
    Nngp,
    NtkAll,
    NtkHidden,
}

impl Of {
    /// By the kernel and the trained layers.
    pub fn new(kernel: Kernel, trained: Trained) -> Of {
        match (kernel, trained) {
            (Kernel::Nngp, _) => Of::Nngp,
            (Kernel::Ntk, Trained::All) => Of::NtkAll,
            (Kernel::Ntk, Trained::Hidden) => Of::NtkHidden,
        }
    }
}

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Of::Nngp => "NNGP",
            Of::NtkAll => "NTK, all layers trained",
            Of::NtkHidden => "NTK, hidden layers trained",
        })
    }
}

/// One pair of inputs, all of whose kernels are measured.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// Channels, height, width; the features of a dense net are a row of that many pixels.
    pub shape: [usize; 3],
    /// Dense, rather than convolutional.
    pub dense: bool,
    /// q of the q×q filters of a convolutional net.
    pub filter: usize,
    /// What the inputs look like.
    pub images: Images,
    /// Which layers are trained.
    pub trained: Trained,
    /// Of the random numbers.
    pub seed: u64,
}

/// What one kernel is off by at one depth.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields' names say it")]
pub struct Row {
    pub net: Net,
    pub of: Of,
    pub shape: [usize; 3],
    pub filter: usize,
    pub images: Images,
    pub seed: u64,
    pub depth: usize,
    /// Relative, as [`Pair::errors`] tells them; none where `f32` has no normal number of that size.
    pub f32: Option<f64>,
    pub f64: f64,
}

/// The rounding error of one operation, relative, in `f32` and in `f64`.
pub const EPSILONS: [f64; 2] = [f32::EPSILON as f64 / 2.0, f64::EPSILON / 2.0];

/// The bound on the relative errors of generic inputs in units of [`EPSILONS`], for inner products of `numbers` numbers; its reason
/// stands at [`ROUNDINGS`].
pub fn bound(net: Net, of: Of, numbers: usize, depth: usize) -> f64 {
    let (depth, summed) = (depth as f64, numbers.min(FEATURE_BLOCK) as f64);
    let growth = match (net, of) {
        (_, Of::Nngp) => NNGP_LAYERS * depth,
        (Net::Dense, _) => DENSE_NTK_LAYERS * depth,
        (_, Of::NtkAll | Of::NtkHidden) => NTK_LAYERS * depth * depth,
    };
    ROUNDINGS + SUMMANDS * summed.sqrt() + growth
}

impl Row {
    /// The errors, `f32`'s first, as parts of the [`bound`].
    pub fn parts(&self) -> [Option<f64>; 2] {
        let numbers = if self.net == Net::Dense { self.shape[2] } else { self.shape[0] * self.filter * self.filter };
        let bound = bound(self.net, self.of, numbers, self.depth);
        [self.f32.map(|error| error / (bound * EPSILONS[0])), Some(self.f64 / (bound * EPSILONS[1]))]
    }
}

impl Job {
    /// The errors at all `depths`, in which 2 is left out where it trains nothing.
    pub fn measure(&self, depths: &[usize]) -> Vec<Row> {
        let depths: Vec<usize> = depths.iter().copied().filter(|&d| d > 2 || self.trained == Trained::All).collect();
        let request = request(&BOTH, &depths, self.trained);
        let [x, y] = self.images.pair(shape(self.shape), &mut Random(self.seed));
        let (net, nets) = if self.dense {
            (Pair::Dense(Dense::new(request)), vec![Net::Dense])
        } else {
            let readouts = READOUTS.map(|(_, readout)| readout);
            let net = conv_net(shape(self.shape), self.filter, &readouts, request);
            (Pair::Conv(net), READOUTS.map(|(net, _)| net).to_vec())
        };
        let big = net.kernels::<Big>(&x, &y);
        let units = units(&big);
        let (f32, f64) = (net.errors::<f32>(&x, &y, &big, &units), net.errors::<f64>(&x, &y, &big, &units));
        let row = |(index, (f32, f64)): (usize, (f64, f64))| {
            let (depth, rest) = (depths[index % depths.len()], index / depths.len());
            Row {
                net: nets[rest % nets.len()],
                of: Of::new(BOTH[rest / nets.len()], self.trained),
                shape: self.shape,
                filter: self.filter,
                images: self.images,
                seed: self.seed,
                depth,
                f32: (big[index].abs().to_f64() >= f32::MIN_POSITIVE.into()).then_some(f32),
                f64,
            }
        };
        f32.into_iter().zip(f64).enumerate().map(row).collect()
    }
}
