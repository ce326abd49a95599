//! Images in memory: raw pixels, kept as compactly as they came, and how to normalise them.

use ultrawide_core::{Scalar, Shape};

use super::DataError;
use super::normalise::{Normalisation, statistics};

/// Raw pixels, in the type they were stored in: all of CIFAR-10 stays 184 MB of bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Pixels {
    /// Bytes.
    U8(Vec<u8>),
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

impl Pixels {
    /// The number of pixels.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(pixels) => pixels.len(),
            Self::F32(pixels) => pixels.len(),
            Self::F64(pixels) => pixels.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Index and value of the first pixel that is NaN or infinite.
    fn first_not_finite(&self) -> Option<(usize, f64)> {
        match self {
            Self::U8(_) => None,
            Self::F32(pixels) => {
                pixels.iter().position(|pixel| !pixel.is_finite()).map(|index| (index, f64::from(pixels[index])))
            }
            Self::F64(pixels) => pixels.iter().position(|pixel| !pixel.is_finite()).map(|index| (index, pixels[index])),
        }
    }
}

/// Images of one shape, pixels in the order image, channel, row, column, with an optional normalisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    shape: Shape,
    /// C·P·Q, at least 1.
    image_len: usize,
    pixels: Pixels,
    normalisation: Option<Normalisation>,
}

/// Images with their classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// The images.
    pub images: Images,
    /// The class of each image, counted from 0: as many as there are images.
    pub labels: Vec<u16>,
}

/// A data set: what is trained on and what is tested on.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// A short name: that of its [`Kind`](super::Kind), or `npy` for the user's own arrays.
    pub name: String,
    /// The classes' names; a label is an index into them.
    pub classes: Vec<String>,
    /// The training set.
    pub train: Labelled,
    /// The test set.
    pub test: Labelled,
    /// Where it came from: a folder, a file, or the words that it is bundled.
    pub source: String,
}

impl Images {
    /// Images of `shape` with these pixels, not normalised.
    ///
    /// # Errors
    ///
    /// A shape without pixels, a number of pixels that is no multiple of the shape's, a NaN or an infinite pixel (the first
    /// one is named by image, channel, row and column). No images at all is no error.
    pub fn new(shape: Shape, pixels: Pixels) -> Result<Self, DataError> {
        let image_len = shape.len().filter(|&len| len > 0).ok_or(DataError::ImageShape { shape })?;
        if !pixels.len().is_multiple_of(image_len) {
            return Err(DataError::PixelCount { values: pixels.len(), shape, each: image_len });
        }
        if let Some((index, value)) = pixels.first_not_finite() {
            let plane = image_len / shape.channels;
            return Err(DataError::NotFinite {
                image: index / image_len,
                channel: index % image_len / plane,
                row: index % plane / shape.width,
                column: index % shape.width,
                value,
            });
        }
        Ok(Self { shape, image_len, pixels, normalisation: None })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.pixels.len() / self.image_len
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// The shape of each image.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The raw pixels, in the order image, channel, row, column.
    pub fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// The normalisation that [`write`](Self::write) applies.
    pub fn normalisation(&self) -> Option<&Normalisation> {
        self.normalisation.as_ref()
    }

    /// Writes image `index`, normalised, into `out`: `(pixel · scale − mean[c]) / std[c]` in `f64`, then rounded once.
    ///
    /// # Shapes
    ///
    /// `out` has C·P·Q numbers, in the order channel, row, column. There is no panic where it has not, or where there is no
    /// image `index`: what no pixel belongs to becomes NaN, so that the mistake cannot pass for data.
    ///
    /// # Accuracy
    ///
    /// The product, the difference and the quotient are rounded in `f64`, then the result once to `T`
    /// (`host/src/data/tests/images.rs`). Equal images give equal bits, whichever set they are in, as long as the normalisation is the same. A double-precision
    /// number too large for `T` becomes infinite.
    ///
    /// # Cost
    ///
    /// One conversion and, where normalised, one division a pixel: about 4 µs for an image of CIFAR-10 without vector
    /// instructions beyond the x86-64 baseline (a table of the 256 values of a byte would take half of that).
    pub fn write<T: Scalar>(&self, index: usize, out: &mut [T]) {
        match &self.pixels {
            Pixels::U8(pixels) => self.write_from(pixels, index, out),
            Pixels::F32(pixels) => self.write_from(pixels, index, out),
            Pixels::F64(pixels) => self.write_from(pixels, index, out),
        }
    }

    fn write_from<P: Copy + Into<f64>, T: Scalar>(&self, pixels: &[P], index: usize, out: &mut [T]) {
        let start = index.saturating_mul(self.image_len);
        let image = pixels.get(start..start.saturating_add(self.image_len)).unwrap_or_default();
        let written = image.len().min(out.len());
        let (out, surplus) = out.split_at_mut(written);
        surplus.fill(T::from_f64(f64::NAN));

        let Some(Normalisation { scale, mean, std }) = &self.normalisation else {
            for (out, &pixel) in out.iter_mut().zip(image) {
                *out = T::from_f64(pixel.into());
            }
            return;
        };
        let plane = self.image_len / self.shape.channels;
        let channels = out.chunks_mut(plane).zip(image.chunks(plane)).zip(mean.iter().zip(std));
        for ((out, image), (mean, std)) in channels {
            for (out, &pixel) in out.iter_mut().zip(image) {
                *out = T::from_f64((pixel.into() * scale - mean) / std);
            }
        }
    }

    /// Mean and population standard deviation of each channel over all pixels of this set, pixels multiplied by `scale`.
    ///
    /// # Accuracy
    ///
    /// Bytes are summed as integers, so only the last division and root round. Floating-point pixels take two passes with
    /// compensated sums in a fixed order: the result has the same bits on every machine and with every number of threads.
    /// A channel whose pixels are all equal has a standard deviation of exactly 0, and so has one without pixels. Of pixels in [0, 1] both are
    /// within 3e-15 of the definition (`host/src/data/tests/images.rs`).
    pub fn channel_statistics(&self, scale: f64) -> (Vec<f64>, Vec<f64>) {
        statistics(&self.pixels, self.shape, scale)
    }

    /// Makes [`write`](Self::write) normalise from now on.
    ///
    /// # Errors
    ///
    /// Those of [`Normalisation::check`]; the images then keep the normalisation they had.
    pub fn set_normalisation(&mut self, normalisation: Normalisation) -> Result<(), DataError> {
        normalisation.check(self.shape)?;
        self.normalisation = Some(normalisation);
        Ok(())
    }

    /// The images of these indices, in this order, with the same normalisation.
    ///
    /// # Errors
    ///
    /// An index that is not below [`len`](Self::len).
    pub fn select(&self, indices: &[usize]) -> Result<Self, DataError> {
        let len = self.len();
        if let Some(&index) = indices.iter().find(|&&index| index >= len) {
            return Err(DataError::Index { index, len });
        }
        let each = self.image_len;
        let pixels = match &self.pixels {
            Pixels::U8(pixels) => Pixels::U8(gather(pixels, indices, each)),
            Pixels::F32(pixels) => Pixels::F32(gather(pixels, indices, each)),
            Pixels::F64(pixels) => Pixels::F64(gather(pixels, indices, each)),
        };
        Ok(Self { pixels, normalisation: self.normalisation.clone(), ..*self })
    }
}

impl<S: Scalar> crate::simd::Images<S> for Images {
    fn write(&self, index: usize, out: &mut [S]) {
        Images::write(self, index, out);
    }
}

/// The images of these indices; all are in range.
fn gather<P: Copy>(pixels: &[P], indices: &[usize], each: usize) -> Vec<P> {
    let mut selected = Vec::with_capacity(indices.len() * each);
    for &index in indices {
        selected.extend_from_slice(&pixels[index * each..][..each]);
    }
    selected
}
