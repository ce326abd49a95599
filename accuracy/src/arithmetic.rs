//! Kernels of one pair in each way that this machine rounds.

use crate::big::Big;
use crate::common::single;
use crate::compare::{errors, widened};
use ultrawide::simd::{Backend, ConvTile, DenseTile, Element, Images, Tile};
use ultrawide_core::{Conv, Dense, Number, Scalar, Shape};

/// The ways in which this machine rounds a multiply-add: twice on plain floats, once on the vectors of its fastest backend. All of
/// those that round once give the same bits.
pub fn arithmetics() -> Vec<Backend> {
    [Backend::Scalar].into_iter().chain(Backend::fused()).collect()
}

/// A network whose kernels of pairs are computed.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names of the networks")]
pub enum Pair {
    Dense(Dense),
    Conv(Conv),
}

impl Pair {
    /// All outputs for two inputs, on one number or the first lane of a vector.
    pub fn kernels<N: Number>(&self, x: &[f64], y: &[f64]) -> Vec<N::Scalar> {
        match self {
            Pair::Dense(net) => single::dense::<N>(net, x, y),
            Pair::Conv(net) => single::conv::<N>(net, x, y),
        }
    }

    /// The same on a backend's vectors, by a tile of a single pair.
    pub fn on<S: Element>(&self, backend: Backend, x: &[f64], y: &[f64]) -> Vec<S> {
        let shape = Shape { channels: x.len(), height: 1, width: 1 };
        let outputs = match self {
            Pair::Dense(net) => net.outputs(),
            Pair::Conv(net) => net.outputs(),
        };
        let mut out = vec![S::from_f64(f64::NAN); outputs];
        let (x, y, tile) = (&One(x), &One(y), &Tile { rows: 0..1, columns: 0..1, diagonal: false });
        let computed = match self {
            Pair::Dense(net) => DenseTile { net, shape, flip: false, x, y, tile, out: &mut out }.compute(backend),
            Pair::Conv(net) => ConvTile { net, flip: false, x, y, tile, out: &mut out }.compute(backend),
        };
        computed.expect("buffers of the stated length");
        out
    }

    /// By how much each output is off in `S`, the largest of all [`arithmetics`], as [`errors`] tells it.
    pub fn errors<S: Element>(&self, x: &[f64], y: &[f64], exact: &[Big], units: &[Big]) -> Vec<f64> {
        let each =
            arithmetics().into_iter().map(|backend| errors(&widened(&self.on::<S>(backend, x, y)), exact, units));
        each.reduce(|a, b| a.into_iter().zip(b).map(|(a, b)| a.max(b)).collect()).unwrap_or_default()
    }
}

/// A set of one image.
struct One<'a>(&'a [f64]);

impl<S: Scalar> Images<S> for One<'_> {
    fn write(&self, _: usize, out: &mut [S]) {
        out.iter_mut().zip(self.0).for_each(|(out, &pixel)| *out = S::from_f64(pixel));
    }
}
