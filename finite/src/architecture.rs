//! What a network looks like.

use thiserror::Error;
use ultrawide_core::Shape;

/// More numbers than this in one array are taken for a mistake.
const MOST: usize = 1 << 31;

/// The last layer: one weight for each channel and pixel, or for each channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Head {
    /// Flatten and a dense layer.
    Vanilla,
    /// Global average pooling and a dense layer.
    Gap,
}

/// Which layers are trained, and count in a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layers {
    /// Every layer: the NTK.
    All,
    /// Every layer but the first and the last.
    Hidden,
    /// The last layer alone: the NNGP.
    Last,
}

impl Layers {
    /// Whether layer `layer` of `depth`, counted from 1, is one of them.
    pub fn contain(self, layer: usize, depth: usize) -> bool {
        match self {
            Layers::All => true,
            Layers::Hidden => layer > 1 && layer < depth,
            Layers::Last => layer == depth,
        }
    }
}

/// What a net has that is not plain. By default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tricks {
    /// b of the leaky ReLUs; 0 of ReLUs.
    pub slope: f64,
    /// s of residual connections around each hidden layer but the first.
    pub residual: Option<f64>,
}

/// A convolutional net without biases: q×q filters, stride 1, zero padding; of one pixel and 1×1 filters, a dense net.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Architecture {
    /// C×P×Q of the images.
    pub shape: Shape,
    /// q, odd.
    pub filter: usize,
    /// The layers with weights, at least 2.
    pub depth: usize,
    /// m, the channels of every hidden layer.
    pub width: usize,
    /// The number of outputs.
    pub outputs: usize,
    /// The last layer.
    pub head: Head,
    /// Other activations than ReLU, residual connections.
    pub tricks: Tricks,
}

/// A network or images that cannot be.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Error {
    /// A size of 0.
    #[error("a network has no {0} of 0")]
    Zero(&'static str),
    /// A network of one layer has nothing to learn features with.
    #[error("depth {0}: a network has at least 2 layers")]
    Shallow(usize),
    /// The middle of a filter must be a pixel.
    #[error("filter size {0} is even")]
    EvenFilter(usize),
    /// A slope or a strength that is infinite or NaN.
    #[error("the {0} of a network must be a finite number")]
    NotFinite(&'static str),
    /// Arrays that no memory holds.
    #[error("{0} {1} makes an array of more than 2^31 numbers")]
    TooLarge(&'static str, usize),
    /// An image of another size.
    #[error("image {index} has {got} numbers, {expected} expected")]
    Length {
        /// Which image.
        index: usize,
        /// Its numbers.
        got: usize,
        /// Those of the shape.
        expected: usize,
    },
}

impl Architecture {
    /// Checks the sizes.
    ///
    /// # Errors
    /// [`Error::Zero`], [`Error::Shallow`], [`Error::EvenFilter`], [`Error::NotFinite`], [`Error::TooLarge`].
    pub fn check(&self) -> Result<(), Error> {
        let sizes = [("image side", self.pixels_checked()?), ("channels", self.shape.channels), ("width", self.width)];
        if let Some((what, _)) = sizes.into_iter().chain([("outputs", self.outputs)]).find(|&(_, size)| size == 0) {
            return Err(Error::Zero(what));
        }
        if self.depth < 2 {
            return Err(Error::Shallow(self.depth));
        }
        if self.filter.is_multiple_of(2) {
            return Err(Error::EvenFilter(self.filter));
        }
        for (what, value) in [("slope", self.tricks.slope), ("strength", self.tricks.residual.unwrap_or(0.0))] {
            if !value.is_finite() {
                return Err(Error::NotFinite(what));
            }
        }
        let channels = self.shape.channels.max(self.width);
        let product = |factors: [usize; 3]| factors.into_iter().try_fold(1usize, usize::checked_mul);
        let layer = product([self.width, channels, self.filter.saturating_mul(self.filter)]);
        let head = product([self.outputs, self.width, self.pixels()]);
        let fits = |size: Option<usize>| size.is_some_and(|size| size <= MOST);
        if !fits(layer) || !fits(head) { Err(Error::TooLarge("width", self.width)) } else { Ok(()) }
    }

    fn pixels_checked(&self) -> Result<usize, Error> {
        self.shape.height.checked_mul(self.shape.width).ok_or(Error::TooLarge("image height", self.shape.height))
    }

    /// P·Q.
    pub fn pixels(&self) -> usize {
        self.shape.height * self.shape.width
    }

    /// The number of weights, at most; as a float, which does not overflow.
    pub fn weights(&self) -> f64 {
        let [width, filter, depth] = [self.width, self.filter * self.filter, self.depth].map(|size| size as f64);
        let [first, head] = [self.shape.channels, self.outputs * self.pixels()].map(|size| size as f64 * width);
        first * filter + (depth - 2.0) * width * width * filter + head
    }

    /// The bytes, at most, of training on a batch of images: so many times the weights (a network, a gradient), and what a pass keeps of each image, there
    /// and back.
    pub fn bytes(&self, images: usize, copies: usize) -> f64 {
        let kept = if self.keeps_sums() { 3.0 } else { 2.0 };
        let maps = kept * self.depth as f64 * self.width as f64 * (self.pixels() * images) as f64;
        4.0 * (copies as f64 * self.weights() + maps)
    }

    /// What follows each activation where z > 0, and where z < 0: √2/q and 0 for ReLUs.
    pub(crate) fn gains(&self) -> [f32; 2] {
        let gain = 2f64.sqrt() / 1f64.hypot(self.tricks.slope) / self.filter as f64;
        [gain, gain * self.tricks.slope].map(|gain| gain as f32)
    }

    /// What precedes layer `layer`, counted from 1: m^(−½), and 1 before the first; beside a residual connection s/√(1 + s²) of it.
    pub(crate) fn shrink(&self, layer: usize) -> f32 {
        let shrink = if layer == 1 { 1.0 } else { (self.width as f32).sqrt().recip() };
        match self.tricks.residual {
            Some(s) if self.is_bridged(layer) => shrink * (s / 1f64.hypot(s)) as f32,
            _ => shrink,
        }
    }

    /// What of its z the layer before passes on to layer `layer`, counted from 1, where there is a residual connection: 1/√(1 + s²).
    pub(crate) fn skip(&self, layer: usize) -> Option<f32> {
        let s = self.tricks.residual.filter(|_| self.is_bridged(layer))?;
        Some(1f64.hypot(s).recip() as f32)
    }

    fn is_bridged(&self, layer: usize) -> bool {
        (2..self.depth).contains(&layer)
    }

    /// Whether the z of each layer are kept beside the a: a residual connection passes them on, and with a negative slope a does not tell their signs.
    pub(crate) fn keeps_sums(&self) -> bool {
        self.tricks.slope < 0.0 || self.tricks.residual.is_some()
    }

    /// The channels that come into layer `layer`, counted from 1.
    pub(crate) fn fan_in(&self, layer: usize) -> usize {
        if layer == 1 { self.shape.channels } else { self.width }
    }

    /// The positions of a filter from which it reaches a pixel of the image at all, in the order of their rows: (rows, columns) to the
    /// neighbour.
    pub(crate) fn taps(&self) -> Vec<[isize; 2]> {
        let reach = |side: usize| (self.filter / 2).min(side - 1) as isize;
        let (down, across) = (reach(self.shape.height), reach(self.shape.width));
        (-down..=down).flat_map(|row| (-across..=across).map(move |column| [row, column])).collect()
    }

    /// p + δ, if it is a pixel.
    pub(crate) fn neighbour(&self, pixel: usize, tap: [isize; 2]) -> Option<usize> {
        let (height, width) = (self.shape.height, self.shape.width);
        let row = (pixel / width).checked_add_signed(tap[0]).filter(|&row| row < height)?;
        let column = (pixel % width).checked_add_signed(tap[1]).filter(|&column| column < width)?;
        Some(row * width + column)
    }
}
