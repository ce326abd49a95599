//! Stored images, and how their numbers become pixels.

use ultrawide_core::{Error, Shape};

use crate::exact;

/// pixel = number · scale\[c\] + offset\[c\], one pair for each channel c; rounded twice in `f32`, on every machine alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine<'a> {
    /// The factor of each channel.
    pub scale: &'a [f32],
    /// What is added in each channel.
    pub offset: &'a [f32],
}

/// Images one after another, each in the order channel, row, column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Images<'a> {
    /// Normalised pixels.
    F32(&'a [f32]),
    /// A byte for each pixel.
    U8 {
        /// The bytes.
        pixels: &'a [u8],
        /// Makes normalised pixels of them.
        affine: Affine<'a>,
    },
}

impl Affine<'_> {
    /// Writes the normalised image.
    pub(crate) fn normalise<T: Copy + Into<f32>>(&self, numbers: &[T], out: &mut [f32]) -> Result<(), Error> {
        exact("image", numbers.len(), out.len())?;
        let plane = out.len().checked_div(self.scale.len()).unwrap_or(0);
        let (mut numbers, mut out) = (numbers, out);
        for (scale, offset) in self.scale.iter().zip(self.offset) {
            let (Some((channel, rest)), Some((to, left))) =
                (numbers.split_at_checked(plane), out.split_at_mut_checked(plane))
            else {
                break;
            };
            for (to, &number) in to.iter_mut().zip(channel) {
                *to = number.into() * scale + offset;
            }
            (numbers, out) = (rest, left);
        }
        Ok(())
    }

    pub(crate) fn check(&self, shape: Shape) -> Result<(), Error> {
        exact("scales", self.scale.len(), shape.channels)?;
        exact("offsets", self.offset.len(), shape.channels)
    }
}

impl Images<'_> {
    /// The numbers of all images.
    pub(crate) fn len(&self) -> usize {
        match self {
            Images::F32(pixels) => pixels.len(),
            Images::U8 { pixels, .. } => pixels.len(),
        }
    }

    pub(crate) fn check(&self, shape: Shape) -> Result<(), Error> {
        match self {
            Images::F32(_) => Ok(()),
            Images::U8 { affine, .. } => affine.check(shape),
        }
    }

    /// Writes the normalised pixels of one image of the size of `out`.
    pub(crate) fn decode(&self, index: usize, out: &mut [f32]) -> Result<(), Error> {
        let (start, have) = (index.saturating_mul(out.len()), self.len());
        let end = start.saturating_add(out.len());
        let missing = Error::Length { what: "support images", have, need: end };
        match self {
            Images::F32(pixels) => copy(pixels.get(start..end).ok_or(missing)?, out),
            Images::U8 { pixels, affine } => affine.normalise(pixels.get(start..end).ok_or(missing)?, out)?,
        }
        Ok(())
    }
}

/// Copies as much as both hold; `copy_from_slice` would have to prove that they are equally long, or hold a panic.
pub(crate) fn copy(from: &[f32], to: &mut [f32]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from;
    }
}
