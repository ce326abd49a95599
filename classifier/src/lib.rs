//! A trained kernel classifier as plain data, and its use in fixed buffers.
//!
//! ```text
//! f(x) = Σ_i k(x, x_i) α_i,     the class is the argmax
//! ```
//!
//! `ultrawide export` fits the weights α and writes a [`Model`] as source code: support images x_i, weights, network. It can lie in
//! flash as it is. The command computes accuracies and expected scores with this very code, so a target without fused multiply-add
//! gets the same bits.
//!
//! Images are prepared anew for each use (see [`ultrawide_core::prepare`]): kept prepared, they would take 5 to 9 times the memory.
//!
//! ```
//! use ultrawide_classifier::{Affine, Images, Model, Network};
//! use ultrawide_core::{Kernel, Readout, Shape, Trained};
//!
//! // Two images of 2×2 pixels, stored as bytes of which 255 stands for 1; the weights say each its own class.
//! static MODEL: Model = Model {
//!     shape: Shape { channels: 1, height: 2, width: 2 },
//!     network: Network::Conv { filter: 3, readout: Readout::Vanilla },
//!     kernel: Kernel::Ntk,
//!     trained: Trained::All,
//!     depth: 3,
//!     input: Affine { scale: &[1.0], offset: &[-0.5] },
//!     images: Images::U8 { pixels: &[255, 255, 0, 0, 0, 255, 0, 255], affine: Affine { scale: &[1.0 / 255.0], offset: &[-0.5] } },
//!     weights: &[1.0, 0.0, 0.0, 1.0],
//!     classes: 2,
//! };
//! let (mut workspace, mut scores) = ([0.0; 84], [0.0; 2]);
//! assert!(MODEL.workspace_len()? <= workspace.len());
//! assert_eq!(MODEL.classify(&[0.9, 1.0, 0.1, 0.0], &mut workspace, &mut scores)?, 0);
//! assert_eq!(MODEL.classify(&[0.1, 0.9, 0.0, 1.0], &mut workspace, &mut scores)?, 1);
//! # Ok::<(), ultrawide_core::Error>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod images;
mod net;
pub mod pair;

pub use images::{Affine, Images};
pub use net::Network;

pub use ultrawide_core as core;

use net::Net;
use ultrawide_core::{Error, Kernel, Shape, Trained, add_exactly};

/// A trained classifier. Its lengths are checked whenever it is used.
#[derive(Clone, Copy, Debug)]
pub struct Model<'a> {
    /// The shape of every image.
    pub shape: Shape,
    /// The network whose kernel this is.
    pub network: Network,
    /// NTK or NNGP.
    pub kernel: Kernel,
    /// The trained layers.
    pub trained: Trained,
    /// Layers with weights.
    pub depth: usize,
    /// Normalises an image that is to be classified.
    pub input: Affine<'a>,
    /// The support images x_i.
    pub images: Images<'a>,
    /// α, one row of `classes` numbers for each support image.
    pub weights: &'a [f32],
    /// The number of classes.
    pub classes: usize,
}

impl Model<'_> {
    /// The numbers of workspace that [`classify`](Self::classify) needs.
    ///
    /// # Errors
    /// As [`classify`](Self::classify).
    pub fn workspace_len(&self) -> Result<usize, Error> {
        let net = self.net()?;
        Ok(2 * net.prepared_len() + self.image_len() + self.classes + net.scratch_len())
    }

    /// The class of an image, the lowest one where several have the largest score, and the scores of all classes.
    ///
    /// # Shapes
    /// `pixels`: C·P·Q, not yet normalised, in the order channel, row, column. `workspace`: at least
    /// [`workspace_len`](Self::workspace_len), of any content. `scores`: one for each class.
    ///
    /// # Accuracy
    /// That of the kernels; the sum over the support images keeps its last digit. The bits are the same on every machine: no
    /// multiply-add is fused.
    ///
    /// # Errors
    /// A network that does not exist; a table or a buffer of another length. `scores` are then as they were.
    ///
    /// # Cost
    /// For each support image what [`ultrawide_core::prepare`] and [`ultrawide_core::conv_pair`] cost, and 8 sums or products a
    /// class; for a dense network what [`ultrawide_core::dense_pair`] costs.
    pub fn classify(&self, pixels: &[f32], workspace: &mut [f32], scores: &mut [f32]) -> Result<usize, Error> {
        let net = self.net()?;
        let (have, need) = (workspace.len(), self.workspace_len()?);
        exact("pixels", pixels.len(), self.image_len())?;
        exact("scores", scores.len(), self.classes)?;
        let short = Error::Length { what: "workspace", have, need };
        if have < need {
            return Err(short);
        }
        let (x, rest) = workspace.split_at_mut_checked(net.prepared_len()).ok_or(short)?;
        let (y, rest) = rest.split_at_mut_checked(net.prepared_len()).ok_or(short)?;
        let (image, rest) = rest.split_at_mut_checked(self.image_len()).ok_or(short)?;
        let (lost, scratch) = rest.split_at_mut_checked(self.classes).ok_or(short)?;

        self.input.normalise(pixels, image)?;
        net.prepare(image, x)?;
        scores.fill(0.0);
        lost.fill(0.0);
        for (index, weights) in self.weights.chunks_exact(self.classes.max(1)).enumerate() {
            self.images.decode(index, image)?;
            net.prepare(image, y)?;
            let kernel = net.kernel(x, y, scratch)?;
            for ((score, lost), &weight) in scores.iter_mut().zip(lost.iter_mut()).zip(weights) {
                [*score, *lost] = add_exactly([*score, *lost], kernel * weight);
            }
        }
        for (score, &lost) in scores.iter_mut().zip(lost.iter()) {
            *score += lost;
        }
        Ok(argmax(scores))
    }

    /// Writes support image `index` as the kernels see it.
    ///
    /// # Accuracy
    /// Floats are copied; of bytes the product and the sum of [`Affine`] are each rounded to `f32`.
    ///
    /// # Errors
    /// As [`classify`](Self::classify), and [`Error::Length`] where there is no such image.
    pub fn image(&self, index: usize, out: &mut [f32]) -> Result<(), Error> {
        exact("image", out.len(), self.image_len())?;
        self.images.decode(index, out)
    }

    /// The numbers of an image.
    fn image_len(&self) -> usize {
        self.shape.len().unwrap_or(usize::MAX)
    }

    /// The network, once all lengths are known to fit.
    fn net(&self) -> Result<Net, Error> {
        let net = Net::new(self)?;
        let (len, classes) = (self.image_len(), self.classes);
        if classes == 0 {
            return Err(Error::EmptyList { what: "classes" });
        }
        if self.weights.is_empty() {
            return Err(Error::EmptyList { what: "support images" });
        }
        let support = self.weights.len() / classes;
        exact("weights", self.weights.len(), support.saturating_mul(classes))?;
        exact("support images", self.images.len(), support.saturating_mul(len))?;
        self.input.check(self.shape)?;
        self.images.check(self.shape)?;
        Ok(net)
    }
}

/// The index of the largest number, the lowest one where several are equal.
fn argmax(scores: &[f32]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (index, &score) in scores.iter().enumerate() {
        if score > best.1 {
            best = (index, score);
        }
    }
    best.0
}

fn exact(what: &'static str, have: usize, need: usize) -> Result<(), Error> {
    if have == need { Ok(()) } else { Err(Error::Length { what, have, need }) }
}
