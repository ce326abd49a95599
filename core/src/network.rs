//! What to compute: the network, its trained layers, and the list of outputs of one pass.

use core::num::NonZeroUsize;

use crate::number::{Number, Scalar};
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
/// *Depth* counts the layers with weights: d − 1 hidden layers (dense or convolutional), each followed by a ReLU or what
/// stands in its place, then the output layer.
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

/// A dense net without biases, W_std = 1; ReLU·√2, or leaky ReLUs, and residual connections where they are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    request: Request,
    slope: f64,
    residual: Option<f64>,
}

impl Dense {
    /// A dense ReLU net with these outputs.
    pub fn new(request: Request) -> Self {
        Dense { request, slope: 0.0, residual: None }
    }

    /// With a leaky ReLU of slope b in place of every ReLU: √(2/(1 + b²)) z where z > 0, and b times that where z < 0. 0 is the ReLU, 1 the identity,
    /// −1 the absolute value.
    ///
    /// # Errors
    /// A slope that is infinite or NaN.
    pub fn with_slope(self, slope: f64) -> Result<Self, Error> {
        Ok(Dense { slope: finite("slope", slope)?, ..self })
    }

    /// With residual connections around every hidden layer but the first, of whose inputs there may be another number. z being what comes into an
    /// activation φ,
    ///
    /// ```text
    /// z¹ = W¹ x      z^h = (z^(h−1) + s W^h φ(z^(h−1)))/√(1 + s²)      h = 2 … d−1      f = W^d φ(z^(d−1))
    /// ```
    ///
    /// The root keeps the variance. 0 leaves the layers between out, a large s the connections. A share s²/(1 + s²) below the normal numbers of
    /// the type in which kernels are computed (s below 1e-19 for `f32`) has fewer digits or counts as 0.
    ///
    /// # Errors
    /// A strength that is infinite or NaN.
    pub fn with_residual(self, strength: f64) -> Result<Self, Error> {
        Ok(Dense { residual: Some(finite("strength", strength)?), ..self })
    }

    /// b.
    pub fn slope(&self) -> f64 {
        self.slope
    }

    /// s, where there are residual connections.
    pub fn residual(&self) -> Option<f64> {
        self.residual
    }

    /// Whether it has ReLUs and nothing else.
    pub(crate) fn is_plain(&self) -> bool {
        self.slope == 0.0 && self.residual.is_none()
    }

    /// a = s²/(1 + s²) and 1 − a.
    pub(crate) fn shares<S: Scalar>(&self) -> Option<[S; 2]> {
        let one = S::Constant::from_f64(1.0);
        let s = S::Constant::from_f64(self.residual?);
        // No square leaves the range.
        let inverse = one.div(s);
        let large = s.abs() > one;
        let square = if large { inverse.mul(inverse) } else { s.mul(s) };
        let parts = if large { [one, square] } else { [square, one] };
        Some(parts.map(|part| S::from_constant(part.div(one.add(square)))))
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

/// A convolutional net without biases: q×q filters, stride 1, zero padding; ReLU·√2/q, or leaky ReLUs.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    shape: Shape,
    // Never 0, which the compiler can rely on: rows of no pixel would be a panic.
    pixels: NonZeroUsize,
    filter: usize,
    growth: Growth,
    readouts: Vec<Readout, MAX_READOUTS>,
    request: Request,
    slope: f64,
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
                let growth = Growth::new(filter, shape, GROWTH);
                Ok(Conv { shape, pixels, filter, growth, readouts, request, slope: 0.0 })
            }
            _ => Err(too_large),
        }
    }

    /// With a leaky ReLU of slope b in place of every ReLU, as [`Dense::with_slope`] has it.
    ///
    /// # Errors
    /// A slope that is infinite or NaN.
    ///
    /// # Cost
    /// Every stencil then costs as much as one of images that are close to each other, see [`crate::conv_pair`].
    pub fn with_slope(self, slope: f64) -> Result<Self, Error> {
        Ok(Conv { slope: finite("slope", slope)?, ..self })
    }

    /// b.
    pub fn slope(&self) -> f64 {
        self.slope
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

fn finite(what: &'static str, value: f64) -> Result<f64, Error> {
    if value.is_finite() { Ok(value) } else { Err(Error::NotFinite { what }) }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows reach no further than the image.
    #[test]
    fn pixels_in_a_window() {
        let request = Request::new(&[Kernel::Ntk], &[3], Trained::All).expect("a depth");
        for (height, width, filter, area) in [(6, 7, 3, 9), (1, 5, 3, 3), (4, 2, 5, 8), (6, 7, 1, 1), (3, 3, 101, 9)] {
            let net = Conv::new(Shape { channels: 2, height, width }, filter, &[Readout::Gap], request.clone());
            let net = net.expect("a net");
            assert_eq!((net.area(), net.window()), (area, 2 * area), "{height}×{width}, filter {filter}");
        }
    }
}
