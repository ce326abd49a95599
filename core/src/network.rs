//! What to compute: the network, its trained layers, and the list of outputs of one pass.

use core::num::NonZeroUsize;

use crate::number::Scalar;
use crate::scale::{GROWTH, Growth};
use crate::{Error, Shape};
use heapless::Vec;

/// The most depths one pass can read out.
pub const MAX_DEPTHS: usize = 32;
/// The largest depth: far beyond the depths at which these kernels still tell images apart.
pub const MAX_DEPTH: usize = 1 << 14;
/// The most readouts one pass can apply.
pub const MAX_READOUTS: usize = 8;
/// The largest half width of a local average pooling.
pub const MAX_LAP: usize = 1 << 12;

/// The kernel of an infinitely wide network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// The covariance of the output at random initialisation: training the last layer alone.
    Nngp,
    /// The neural tangent kernel: training by gradient flow.
    Ntk,
}

/// Which layers are trained; it concerns the NTK alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trained {
    /// Every layer.
    All,
    /// Every layer but the first and the last.
    Hidden,
}

/// How the P×Q×P×Q array T of a convolutional net becomes one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Readout {
    /// Flatten and a dense layer: Σ_ij T\[i,j,i,j\].
    Vanilla,
    /// Global average pooling: the mean over all P²Q² entries.
    Gap,
    /// Local average pooling with windows of (2c+1)² pixels:
    /// (2c+1)⁻⁴ Σ_ij Σ_{a,b,a',b' ∈ \[−c,c\]} T\[i+a, j+b, i+a', j+b'\], terms outside the image dropped
    /// (Li et al. 2019, arXiv 1911.00809, §4).
    Lap(usize),
}

/// The outputs asked of one pass: kernels and depths, and which layers are trained.
///
/// *Depth* counts the layers with weights: d − 1 hidden layers (dense or convolutional), each followed by a ReLU,
/// then the output layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    kernels: Vec<Kernel, 2>,
    depths: Vec<usize, MAX_DEPTHS>,
    trained: Trained,
}

impl Request {
    /// Checks and keeps the lists; outputs come in their order.
    ///
    /// # Errors
    /// An empty or overlong list, a duplicate kernel, a depth below 2 or above [`MAX_DEPTH`], depths that do not increase, or an NTK
    /// with no trained layer.
    pub fn new(kernels: &[Kernel], depths: &[usize], trained: Trained) -> Result<Self, Error> {
        let kernels = distinct("kernels", kernels)?;
        let depths: Vec<usize, MAX_DEPTHS> = list("depths", depths)?;
        for (i, &depth) in depths.iter().enumerate() {
            if depth < 2 {
                return Err(Error::ShallowDepth { depth });
            }
            if depth > MAX_DEPTH {
                return Err(Error::DeepDepth { depth });
            }
            if let Some(&before) = i.checked_sub(1).and_then(|i| depths.get(i))
                && before >= depth
            {
                return Err(Error::UnorderedDepths { before, after: depth });
            }
        }
        if trained == Trained::Hidden && kernels.contains(&Kernel::Ntk) && depths.first() == Some(&2) {
            return Err(Error::NothingTrained);
        }
        Ok(Request { kernels, depths, trained })
    }

    /// The kernels, in the order of the outputs.
    pub fn kernels(&self) -> &[Kernel] {
        &self.kernels
    }

    /// The depths, increasing.
    pub fn depths(&self) -> &[usize] {
        &self.depths
    }

    /// Which layers are trained.
    pub fn trained(&self) -> Trained {
        self.trained
    }

    /// The ReLU layers that the deepest output needs: the largest depth − 1.
    pub fn layers(&self) -> usize {
        self.depths.last().map_or(0, |depth| depth.saturating_sub(1))
    }

    /// Whether Θ has to be computed in ReLU layer `layer`, counted from 1. Θ⁰ is 0 where the first layer is frozen, and Θ after the
    /// first ReLU is K.
    pub(crate) fn theta_after(&self, layer: usize) -> bool {
        self.kernels.contains(&Kernel::Ntk) && (layer > 1 || self.trained == Trained::All)
    }

    /// The position among the depths of the one that is read out after ReLU layer `layer`, counted from 1.
    pub(crate) fn depth_after(&self, layer: usize) -> Option<usize> {
        self.depths.iter().position(|&depth| depth == layer.saturating_add(1))
    }
}

/// A dense ReLU net without biases, W_std = 1 and ReLU·√2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dense {
    request: Request,
}

impl Dense {
    /// A dense net with these outputs.
    pub fn new(request: Request) -> Self {
        Dense { request }
    }

    /// The outputs asked for.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The number of outputs: kernels × depths.
    pub fn outputs(&self) -> usize {
        self.request.kernels.len() * self.request.depths.len()
    }
}

/// A convolutional ReLU net without biases: q×q filters, stride 1, zero padding.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    shape: Shape,
    // Never 0, which the compiler can rely on: rows of no pixel would be a panic.
    pixels: NonZeroUsize,
    filter: usize,
    growth: Growth,
    readouts: Vec<Readout, MAX_READOUTS>,
    request: Request,
}

impl Conv {
    /// Checks the shape, the filter and the readouts.
    ///
    /// # Errors
    /// A zero dimension, sizes that overflow, an even filter, an empty or overlong list, a duplicate readout.
    pub fn new(shape: Shape, filter: usize, readouts: &[Readout], request: Request) -> Result<Self, Error> {
        if shape.is_empty() {
            return Err(Error::EmptyShape { shape });
        }
        if filter.is_multiple_of(2) {
            return Err(Error::EvenFilter { filter });
        }
        let readouts = distinct("readouts", readouts)?;
        for readout in &readouts {
            if let &Readout::Lap(lap) = readout
                && lap > MAX_LAP
            {
                return Err(Error::PoolingTooLarge { lap });
            }
        }
        // One bound for every buffer of this crate: all others are shorter than four times this.
        let too_large = Error::TooLarge { shape, depth: request.layers().saturating_add(1) };
        let largest = shape
            .channels
            .checked_add(request.layers().saturating_mul(2))
            .and_then(|maps| shape.pixels()?.checked_mul(maps))
            .and_then(|len| len.checked_mul(4 * size_of::<f64>()));
        match (largest, shape.pixels().and_then(NonZeroUsize::new)) {
            (Some(bytes), Some(pixels)) if isize::try_from(bytes).is_ok() => {
                Ok(Conv { shape, pixels, filter, growth: Growth::new(filter, shape, GROWTH), readouts, request })
            }
            _ => Err(too_large),
        }
    }

    /// C×P×Q of the images.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// P·Q.
    pub fn pixels(&self) -> usize {
        self.pixels.get()
    }

    /// q, the size of the filters.
    pub fn filter(&self) -> usize {
        self.filter
    }

    /// The readouts, in the order of the outputs.
    pub fn readouts(&self) -> &[Readout] {
        &self.readouts
    }

    /// The kernels and depths asked for.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The number of outputs: kernels × readouts × depths, the depth running fastest.
    pub fn outputs(&self) -> usize {
        self.request.kernels.len() * self.readouts.len() * self.request.depths.len()
    }

    /// By how much the layers let numbers of type `S` grow: in a narrow range as little as can be.
    #[inline(always)]
    pub(crate) fn growth<S: Scalar>(&self) -> Growth {
        match S::narrow_limit() {
            None => self.growth,
            Some(_) => Growth::new(self.filter, self.shape, 0.0),
        }
    }

    /// The most pixels that a window holds.
    pub(crate) fn area(&self) -> usize {
        let within = |size: usize| self.filter.min(size);
        within(self.shape.height).saturating_mul(within(self.shape.width))
    }

    /// The most products that a covariance sums up: those of the channels of all pixels in a window.
    pub(crate) fn window(&self) -> usize {
        self.shape.channels.saturating_mul(self.area())
    }

    /// The reach of a filter, (q − 1)/2.
    pub(crate) fn reach(&self) -> usize {
        self.filter / 2
    }
}

fn list<T: Copy, const N: usize>(what: &'static str, items: &[T]) -> Result<Vec<T, N>, Error> {
    if items.is_empty() {
        return Err(Error::EmptyList { what });
    }
    Vec::from_slice(items).map_err(|_| Error::LongList { what, len: items.len(), limit: N })
}

fn distinct<T: Copy + PartialEq, const N: usize>(what: &'static str, items: &[T]) -> Result<Vec<T, N>, Error> {
    for (index, item) in items.iter().enumerate() {
        if items.iter().take(index).any(|other| other == item) {
            return Err(Error::Duplicate { what, index });
        }
    }
    list(what, items)
}
