//! The core's network of a model: one kernel, one readout, one depth.

use crate::Model;
use crate::images::copy;
use crate::pair;
use ultrawide_core::{Conv, Dense, Error, Readout, Request, conv_scratch_len, prepared_len};

/// Which network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Fully connected: every number of an image is a feature.
    Dense,
    /// Convolutional.
    Conv {
        /// The size of the filters, odd.
        filter: usize,
        /// How the array of all pairs of pixels becomes one number.
        readout: Readout,
    },
}

/// A network with its one output.
pub(crate) enum Net {
    Dense { net: Dense, features: usize },
    Conv(Conv),
}

impl Net {
    pub(crate) fn new(model: &Model<'_>) -> Result<Self, Error> {
        let shape = model.shape;
        let request = Request::new(&[model.kernel], &[model.depth], model.trained)?;
        match model.network {
            Network::Conv { filter, readout } => Ok(Net::Conv(Conv::new(shape, filter, &[readout], request)?)),
            Network::Dense => match shape.len() {
                Some(0) => Err(Error::EmptyShape { shape }),
                // The same bound as that of a convolutional net, so that the length of a workspace cannot overflow.
                Some(features) if features <= isize::MAX as usize / 64 => {
                    Ok(Net::Dense { net: Dense::new(request), features })
                }
                _ => Err(Error::TooLarge { shape, depth: model.depth }),
            },
        }
    }

    /// The numbers of a prepared image; a dense net takes images as they are.
    pub(crate) fn prepared_len(&self) -> usize {
        match self {
            Net::Dense { features, .. } => *features,
            Net::Conv(net) => prepared_len(net),
        }
    }

    pub(crate) fn scratch_len(&self) -> usize {
        match self {
            Net::Dense { .. } => 0,
            Net::Conv(net) => conv_scratch_len(net),
        }
    }

    pub(crate) fn prepare(&self, image: &[f32], out: &mut [f32]) -> Result<(), Error> {
        match self {
            Net::Dense { features, .. } => {
                crate::exact("image", image.len(), *features)?;
                crate::exact("prepared image", out.len(), *features)?;
                copy(image, out);
                Ok(())
            }
            Net::Conv(net) => pair::prepare_f32(net, image, out),
        }
    }

    /// The kernel of two prepared images.
    pub(crate) fn kernel(&self, x: &[f32], y: &[f32], scratch: &mut [f32]) -> Result<f32, Error> {
        let mut kernel = [0.0];
        match self {
            Net::Dense { net, .. } => pair::dense_kernels_f32(net, x, y, &mut kernel)?,
            Net::Conv(net) => pair::conv_kernels_f32(net, x, y, scratch, &mut kernel)?,
        }
        let [kernel] = kernel;
        Ok(kernel)
    }
}
