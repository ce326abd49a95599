//! Images side by side.

use faer::Mat;
use ultrawide_core::Shape;

use crate::Error;

/// Images as a network takes them: a column of channels for each pixel, one image after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    pub(crate) values: Mat<f32>,
    pixels: usize,
}

impl Batch {
    /// Images of channels × rows × columns.
    ///
    /// # Errors
    /// [`Error::Length`] for an image of another size, [`Error::Zero`] for a shape without pixels.
    pub fn new<'a>(shape: Shape, images: impl Iterator<Item = &'a [f32]>) -> Result<Self, Error> {
        let (channels, pixels) = (shape.channels, shape.height * shape.width);
        if channels == 0 || pixels == 0 {
            return Err(Error::Zero("pixels"));
        }
        let mut values = Vec::new();
        for (index, image) in images.enumerate() {
            if image.len() != channels * pixels {
                return Err(Error::Length { index, got: image.len(), expected: channels * pixels });
            }
            values.extend((0..pixels).flat_map(|p| image.iter().skip(p).step_by(pixels).copied()));
        }
        let columns = values.len() / channels;
        Ok(Batch { values: Mat::from_fn(channels, columns, |c, at| values[at * channels + c]), pixels })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.values.ncols() / self.pixels
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those with these numbers, in this order.
    ///
    /// # Panics
    /// A number that is [`len`](Self::len) or more.
    pub fn select(&self, images: &[usize]) -> Self {
        let column = |at: usize| images[at / self.pixels] * self.pixels + at % self.pixels;
        let values =
            Mat::from_fn(self.values.nrows(), images.len() * self.pixels, |c, at| self.values[(c, column(at))]);
        Batch { values, pixels: self.pixels }
    }
}
