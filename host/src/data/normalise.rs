//! Bringing pixels to mean 0 and standard deviation 1, channel by channel.

use ultrawide_core::Shape;

use super::DataError;
use super::images::{Images, Pixels};

/// An affine map of pixels, one per channel: `(pixel · scale − mean[c]) / std[c]`.
///
/// It is evaluated in `f64` and rounded once to the precision of the kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalisation {
    /// Brings raw pixels to [0, 1]: 1/255 for bytes.
    pub scale: f64,
    /// The mean of each channel after scaling.
    pub mean: Vec<f64>,
    /// The standard deviation of each channel after scaling.
    pub std: Vec<f64>,
}

impl Normalisation {
    /// Whether images of `shape` can be normalised so.
    ///
    /// # Errors
    ///
    /// A list whose length is not the number of channels; a scale that is zero or not finite; a mean that is not finite; a
    /// standard deviation that is not finite and above zero.
    pub fn check(&self, shape: Shape) -> Result<(), DataError> {
        for (what, list) in [("means", &self.mean), ("standard deviations", &self.std)] {
            if list.len() != shape.channels {
                return Err(DataError::NormalisationChannels { what, found: list.len(), channels: shape.channels });
            }
        }
        if !self.scale.is_finite() || self.scale == 0.0 {
            return Err(DataError::Scale(self.scale));
        }
        for (channel, (&mean, &std)) in self.mean.iter().zip(&self.std).enumerate() {
            let reason = if !mean.is_finite() || !std.is_finite() {
                "the pixels are too large to average"
            } else if std <= 0.0 {
                "all pixels of this channel are equal"
            } else {
                continue;
            };
            return Err(DataError::Normalisation { channel, mean, std, reason });
        }
        Ok(())
    }
}

/// Normalises both sets by the statistics of the training images, pixels scaled by `scale` first.
///
/// # Errors
///
/// A channel whose training pixels are all equal, or so large that their squares overflow.
pub(crate) fn normalise(train: &mut Images, test: &mut Images, scale: f64) -> Result<(), DataError> {
    let (mean, std) = train.channel_statistics(scale);
    let normalisation = Normalisation { scale, mean, std };
    train.set_normalisation(normalisation.clone())?;
    test.set_normalisation(normalisation)
}

/// Mean and standard deviation per channel; see [`Images::channel_statistics`].
pub(super) fn statistics(pixels: &Pixels, shape: Shape, scale: f64) -> (Vec<f64>, Vec<f64>) {
    match pixels {
        Pixels::U8(pixels) => exact(pixels, shape, scale),
        Pixels::F32(pixels) => compensated(pixels, shape, scale),
        Pixels::F64(pixels) => compensated(pixels, shape, scale),
    }
}

/// Bytes: the sums are integers, so nothing is rounded before the last step.
fn exact(pixels: &[u8], shape: Shape, scale: f64) -> (Vec<f64>, Vec<f64>) {
    let mut sums = vec![(0_u64, 0_u64); shape.channels];
    for_each_plane(pixels, shape, |channel, plane| {
        let (mut sum, mut squares) = (0, 0);
        for &pixel in plane {
            sum += u64::from(pixel);
            squares += u64::from(pixel) * u64::from(pixel);
        }
        sums[channel].0 += sum;
        sums[channel].1 += squares;
    });
    let count = (pixels.len() / shape.channels.max(1)).max(1) as u64;
    sums.into_iter()
        .map(|(sum, squares)| {
            // n·Σp² − (Σp)² is never negative, and exact: no cancellation.
            let variance = u128::from(count) * u128::from(squares) - u128::from(sum) * u128::from(sum);
            let count = count as f64;
            (sum as f64 / count * scale, (variance as f64).sqrt() / count * scale.abs())
        })
        .unzip()
}

/// What is known of a channel of floating-point pixels.
#[derive(Clone)]
struct Channel {
    sum: Compensated,
    squares: Compensated,
    mean: f64,
    min: f64,
    max: f64,
}

/// Floating-point pixels: two passes, each with a compensated sum, in the order of storage.
fn compensated<P: Copy + Into<f64>>(pixels: &[P], shape: Shape, scale: f64) -> (Vec<f64>, Vec<f64>) {
    let new = Channel {
        sum: Compensated::default(),
        squares: Compensated::default(),
        mean: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
    };
    let mut channels = vec![new; shape.channels];
    for_each_plane(pixels, shape, |channel, plane| {
        let channel = &mut channels[channel];
        for &pixel in plane {
            let pixel: f64 = pixel.into() * scale;
            channel.sum.add(pixel);
            channel.min = channel.min.min(pixel);
            channel.max = channel.max.max(pixel);
        }
    });
    let count = (pixels.len() / shape.channels.max(1)).max(1) as f64;
    for channel in &mut channels {
        // The mean of equal numbers may differ from them in the last bit, which would pass for a tiny deviation.
        let equal = channel.min == channel.max;
        channel.mean = if equal { channel.min } else { channel.sum.total() / count };
    }
    for_each_plane(pixels, shape, |channel, plane| {
        let channel = &mut channels[channel];
        for &pixel in plane {
            let deviation = pixel.into() * scale - channel.mean;
            channel.squares.add(deviation * deviation);
        }
    });
    channels.into_iter().map(|channel| (channel.mean, (channel.squares.total() / count).sqrt())).unzip()
}

/// Calls `visit` with each channel of each image.
fn for_each_plane<P>(pixels: &[P], shape: Shape, mut visit: impl FnMut(usize, &[P])) {
    let plane = shape.pixels().unwrap_or(1).max(1);
    let mut channel = 0;
    for plane in pixels.chunks_exact(plane) {
        visit(channel, plane);
        channel += 1;
        if channel == shape.channels {
            channel = 0;
        }
    }
}

/// A running sum and what its roundings lost (Neumaier's variant of Kahan's sum).
#[derive(Clone, Copy, Default)]
struct Compensated {
    sum: f64,
    lost: f64,
}

impl Compensated {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.sum = sum;
    }

    fn total(self) -> f64 {
        self.sum + self.lost
    }
}
