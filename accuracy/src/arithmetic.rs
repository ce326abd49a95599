//! Kernels of one pair in each way that this machine rounds.

use crate::common::single;
use ultrawide::simd::{Backend, Element, Job};
use ultrawide_core::{Conv, Dense, Number, Scalar};

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

    /// The same on a backend's vectors.
    pub fn on<S: Element>(&self, backend: Backend, x: &[f64], y: &[f64]) -> Vec<S> {
        backend.run(OnBackend { net: self, x, y })
    }
}

struct OnBackend<'a> {
    net: &'a Pair,
    x: &'a [f64],
    y: &'a [f64],
}

impl<S: Scalar> Job<S> for OnBackend<'_> {
    type Output = Vec<S>;

    fn run<N: Number<Scalar = S>>(self) -> Vec<S> {
        self.net.kernels::<N>(self.x, self.y)
    }
}
