//! The classifier's numbers, as they will lie on the target.

use std::fmt;
use std::str::FromStr;

use faer::MatRef;

use crate::data::{Dataset, Images, Pixels};
use crate::gram::{Net, Output};
use crate::job::JobError;
use ultrawide_classifier::{Affine, Images as Stored, Model, Network};
use ultrawide_core::{Readout, Shape, Trained};

/// How support images are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Normalised pixels, four bytes each.
    F32,
    /// A byte each.
    U8,
}

impl Form {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::U8 => "u8",
        }
    }

    /// The one that this is not.
    pub fn other(self) -> Self {
        match self {
            Self::F32 => Self::U8,
            Self::U8 => Self::F32,
        }
    }
}

impl FromStr for Form {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = [Self::F32, Self::U8].into_iter().find(|form| form.name() == name);
        found.ok_or_else(|| format!("unknown form {name:?}, known are f32, u8"))
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// pixel = number · scale + offset for each channel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Channels {
    pub(super) scale: Vec<f32>,
    pub(super) offset: Vec<f32>,
}

impl Channels {
    fn affine(&self) -> Affine<'_> {
        Affine { scale: &self.scale, offset: &self.offset }
    }
}

/// The support images.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Support {
    F32(Vec<f32>),
    U8(Vec<u8>, Channels),
}

/// A classifier in memory.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) shape: Shape,
    pub(super) network: Network,
    pub(super) output: Output,
    pub(super) trained: Trained,
    pub(super) input: Channels,
    pub(super) support: Support,
    /// Of each support image a row; 0 before they are fitted.
    pub(super) weights: Vec<f32>,
    pub(super) classes: Vec<String>,
}

impl Table {
    /// The training images of these indices in the form wanted, with weights of 0.
    pub(super) fn encode(data: &Dataset, indices: &[usize], net: &Net, form: Form) -> Result<Self, JobError> {
        let (network, output) = match (net, &net.outputs()[..]) {
            (Net::Dense { .. }, &[output]) => (Network::Dense, output),
            (Net::Conv(conv), &[output]) => {
                (Network::Conv { filter: conv.filter(), readout: output.readout.unwrap_or(Readout::Vanilla) }, output)
            }
            _ => return Err(JobError::Usage("exactly one kernel is exported".to_owned())),
        };
        let images = data.train.images.select(indices)?;
        let input = input(&images);
        let support = match form {
            Form::F32 => Support::F32(pixels(&images)?),
            Form::U8 => bytes(&images)?,
        };
        let weights = vec![0.0; indices.len() * data.classes.len()];
        let (trained, classes) = (net.request().trained(), data.classes.clone());
        let table = Self { shape: images.shape(), network, output, trained, input, support, weights, classes };
        let channels = match &table.support {
            Support::F32(_) => vec![&table.input],
            Support::U8(_, channels) => vec![&table.input, channels],
        };
        let numbers = channels.into_iter().flat_map(|channels| channels.scale.iter().chain(&channels.offset));
        match numbers.copied().find(|number| !number.is_finite()) {
            Some(number) => Err(JobError::Input(format!("a scale or offset of the pixels is {number} in f32"))),
            None => Ok(table),
        }
    }

    /// The classifier as the target has it.
    pub fn model(&self) -> Model<'_> {
        Model {
            shape: self.shape,
            network: self.network,
            kernel: self.output.kernel,
            trained: self.trained,
            depth: self.output.depth,
            input: self.input.affine(),
            images: match &self.support {
                Support::F32(pixels) => Stored::F32(pixels),
                Support::U8(pixels, channels) => Stored::U8 { pixels, affine: channels.affine() },
            },
            weights: &self.weights,
            classes: self.classes.len(),
        }
    }

    /// The shape of every image.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The form of the support images.
    pub fn form(&self) -> Form {
        match self.support {
            Support::F32(_) => Form::F32,
            Support::U8(..) => Form::U8,
        }
    }

    /// The number of support images.
    pub fn support(&self) -> usize {
        self.weights.len() / self.classes.len().max(1)
    }

    /// The bytes of the images.
    pub fn image_bytes(&self) -> usize {
        match &self.support {
            Support::F32(pixels) => size_of_val(&pixels[..]),
            Support::U8(pixels, _) => pixels.len(),
        }
    }

    /// The bytes of the weights.
    pub fn weight_bytes(&self) -> usize {
        size_of_val(&self.weights[..])
    }

    /// The bytes of read-only memory that the table takes, but for its description and the names of the classes.
    pub fn bytes(&self) -> usize {
        self.image_bytes() + self.weight_bytes()
    }

    /// What it classifies by, as the report of a run names it.
    pub fn name(&self) -> String {
        self.output.to_string()
    }

    /// The support images as the target's kernels see them.
    pub(super) fn decoded(&self) -> Result<Vec<f32>, JobError> {
        let model = self.model();
        let mut pixels = vec![0.0; self.support() * self.shape.len().unwrap_or(0)];
        for (index, image) in pixels.chunks_exact_mut(self.shape.len().unwrap_or(1)).enumerate() {
            model.image(index, image)?;
        }
        Ok(pixels)
    }

    /// Rounds the weights α, images × classes.
    pub(super) fn set_weights(&mut self, alpha: MatRef<'_, f64>) -> Result<(), JobError> {
        let classes = self.classes.len();
        for (at, weight) in self.weights.iter_mut().enumerate() {
            *weight = alpha[(at / classes, at % classes)] as f32;
            if !weight.is_finite() {
                return Err(JobError::Input(format!(
                    "the weight {:e} of support image {} is too large for f32: raise the ridge",
                    alpha[(at / classes, at % classes)],
                    at / classes
                )));
            }
        }
        Ok(())
    }
}

/// The same images, their pixels as they were stored.
pub(super) fn raw(images: &Images) -> Result<Images, JobError> {
    Ok(Images::new(images.shape(), images.pixels().clone())?)
}

/// (pixel · scale − mean)/std of each channel as one product and one sum.
fn input(images: &Images) -> Channels {
    match images.normalisation() {
        None => Channels { scale: vec![1.0; images.shape().channels], offset: vec![0.0; images.shape().channels] },
        Some(normalisation) => Channels {
            scale: normalisation.std.iter().map(|std| (normalisation.scale / std) as f32).collect(),
            offset: normalisation.mean.iter().zip(&normalisation.std).map(|(mean, std)| (-mean / std) as f32).collect(),
        },
    }
}

/// The images as the target normalises them.
pub(super) fn normalised(images: &Images) -> Result<Images, JobError> {
    Ok(Images::new(images.shape(), Pixels::F32(pixels(images)?))?)
}

/// The pixels normalised by the very operations of the target, so that an image which is a support image is equal to it.
fn pixels(images: &Images) -> Result<Vec<f32>, JobError> {
    let (raw, input, plane) = (raw(images)?, input(images), images.shape().pixels().unwrap_or(1).max(1));
    let mut pixels = vec![0.0; images.pixels().len()];
    for (index, image) in pixels.chunks_exact_mut(plane * images.shape().channels).enumerate() {
        raw.write(index, image);
        for (plane, (scale, offset)) in image.chunks_exact_mut(plane).zip(input.scale.iter().zip(&input.offset)) {
            for pixel in plane {
                *pixel = *pixel * scale + offset;
            }
        }
    }
    Ok(pixels)
}

/// The images as bytes: those that are bytes as they are; of others each channel's range in 255 equal steps.
///
/// # Accuracy
/// Half a step at the most: (max − min)/510 of a channel.
fn bytes(images: &Images) -> Result<Support, JobError> {
    let input = input(images);
    if let Pixels::U8(pixels) = images.pixels() {
        return Ok(Support::U8(pixels.clone(), input));
    }
    let (raw, shape) = (raw(images)?, images.shape());
    let (plane, channels) = (shape.pixels().unwrap_or(1).max(1), shape.channels);
    let mut pixels = vec![0.0_f64; images.pixels().len()];
    for (index, image) in pixels.chunks_exact_mut(plane * channels).enumerate() {
        raw.write(index, image);
    }
    let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); channels];
    for (index, plane) in pixels.chunks_exact(plane).enumerate() {
        let (low, high) = &mut ranges[index % channels];
        for &pixel in plane {
            (*low, *high) = (low.min(pixel), high.max(pixel));
        }
    }
    // A channel of equal pixels has a range of 0, of which every step is 0.
    let step = |(low, high): (f64, f64)| if high > low { (high - low) / 255.0 } else { 1.0 };
    let mut stored = Vec::with_capacity(pixels.len());
    for (index, plane) in pixels.chunks_exact(plane).enumerate() {
        let range = ranges[index % channels];
        stored.extend(plane.iter().map(|pixel| ((pixel - range.0) / step(range)).round() as u8));
    }
    let both = ranges.iter().zip(input.scale.iter().zip(&input.offset));
    let (scale, offset) = both
        .map(|(&range, (&scale, &offset))| {
            let (scale, offset) = (f64::from(scale), f64::from(offset));
            ((step(range) * scale) as f32, (range.0 * scale + offset) as f32)
        })
        .unzip();
    Ok(Support::U8(stored, Channels { scale, offset }))
}
