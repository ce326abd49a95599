//! What all experiments share: images, networks, kernels in closed form, progress.

use faer::Mat;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use ultrawide_core::{Kernel, Shape, Trained};
use ultrawide_finite::{Architecture, Batch, Head, Layers, Tricks};

use super::ExperimentError;
use crate::data::{Dataset, Images, Labelled};
use crate::gram::Gram;
use crate::job::{Machine, NetKind, NetSettings, Silent, available_memory, compute, tile_for};
use crate::regression::Targets;

/// What every experiment is told.
pub struct Setting<'a> {
    /// The images; each experiment takes the first ones.
    pub data: &'a Dataset,
    /// The options of the command that name the images, for the reports; empty for the digits.
    pub images: String,
    /// What all that is random follows from.
    pub seed: u64,
    /// Whether to be done in seconds, with larger errors.
    pub quick: bool,
    /// What is not as the experiment has it by default.
    pub sizes: Sizes,
    /// What computes kernels and networks.
    pub machine: &'a Machine,
    /// Who is told how far it is.
    pub steps: &'a dyn Steps,
}

impl Setting<'_> {
    /// Whether images have few pixels: of convolutional nets and kernels what a pair costs grows with their square.
    pub(super) fn has_few_pixels(&self) -> bool {
        let shape = self.data.train.images.shape();
        shape.height * shape.width <= 100
    }

    /// Refuses what no memory holds before the work: networks of this kind, of so many bytes, and kernels of some images: so many that are kept, beside the one that is worked on.
    pub(super) fn check(&self, net: &Architecture, images: usize, kept: f64, nets: f64) -> Result<(), ExperimentError> {
        net.check()?;
        // The kernel, its copy in tiles, its eigenvectors and the room to find them; of what is kept the copies as well.
        let needed = nets + (5.0 + 2.0 * kept) * 8.0 * (images as f64).powi(2);
        match available_memory() {
            Some(available) if needed > available as f64 => {
                Err(ExperimentError::Memory { width: net.width, images, needed, available })
            }
            _ => Ok(()),
        }
    }

    /// The seed of a network. Networks of other widths, numbers and seeds have nothing in common with it, as the intervals over them take for granted.
    pub(super) fn network_seed(&self, width: usize, number: u64) -> u64 {
        [self.seed, width as u64, number]
            .into_iter()
            .fold(0, |state, word| Pcg64::seed_from_u64(state ^ word).next_u64())
    }
}

/// Sizes of an experiment; what is not named is as it is by default.
#[derive(Clone, Debug, Default)]
pub struct Sizes {
    /// Training images.
    pub train: Option<usize>,
    /// Test images.
    pub test: Option<usize>,
    /// The widths of the networks.
    pub widths: Vec<usize>,
    /// The depths; most experiments take the first one.
    pub depths: Vec<usize>,
    /// The networks of each width.
    pub seeds: Option<u64>,
    /// Passes over the training images, where a network is trained by stochastic gradient descent.
    pub epochs: Option<usize>,
    /// Images of a step of stochastic gradient descent.
    pub batch: Option<usize>,
    /// Sizes of such steps that are tried, over the largest stable one.
    pub steps: Vec<f64>,
}

impl Sizes {
    /// The widths, from the least on, or else powers of two.
    pub(super) fn widths(&self, powers: std::ops::RangeInclusive<u32>) -> Vec<usize> {
        let mut widths =
            if self.widths.is_empty() { powers.map(|power| 1 << power).collect() } else { self.widths.clone() };
        widths.sort_unstable();
        widths.dedup();
        widths
    }

    /// The first depth.
    pub(super) fn depth(&self, default: usize) -> usize {
        self.depths.first().copied().unwrap_or(default)
    }

    /// Training and test images, or else these.
    pub(super) fn images(&self, train: usize, test: usize) -> (usize, usize) {
        (self.train.unwrap_or(train), self.test.unwrap_or(test))
    }
}

/// Who is told how far an experiment is.
pub trait Steps: Sync {
    /// So many steps, all of about the same length, are ahead.
    fn begin(&self, what: &str, steps: u64);

    /// So many more are done.
    fn add(&self, steps: u64);
}

/// Nobody.
pub struct NoSteps;

impl Steps for NoSteps {
    fn begin(&self, _: &str, _: u64) {}

    fn add(&self, _: u64) {}
}

/// The networks that are compared with their limits.
pub(super) const NETS: [NetKind; 3] = [NetKind::Fc, NetKind::CntkV, NetKind::CntkGap];

/// The side of the convolutional nets' filters.
pub(super) const FILTER: usize = 3;

/// The layers that the closed form of this network trains.
pub(super) fn layers(trained: Trained) -> Layers {
    match trained {
        Trained::All => Layers::All,
        Trained::Hidden => Layers::Hidden,
    }
}

/// Layers as a report names them.
pub(super) fn name_of(layers: Layers) -> &'static str {
    match layers {
        Layers::All => "all",
        Layers::Hidden => "hidden",
        Layers::Last => "last",
    }
}

/// The finite network of this kind.
pub(super) fn architecture(kind: NetKind, shape: Shape, depth: usize, width: usize, outputs: usize) -> Architecture {
    let tricks = Tricks::default();
    match kind {
        NetKind::Fc => {
            let features = shape.channels * shape.height * shape.width;
            let shape = Shape { channels: features, height: 1, width: 1 };
            Architecture { shape, filter: 1, depth, width, outputs, head: Head::Vanilla, tricks }
        }
        NetKind::CntkGap => Architecture { shape, filter: FILTER, depth, width, outputs, head: Head::Gap, tricks },
        _ => Architecture { shape, filter: FILTER, depth, width, outputs, head: Head::Vanilla, tricks },
    }
}

/// The images, times a factor, as a finite network takes them.
pub(super) fn batch(net: &Architecture, images: &Images, factor: f32) -> Result<Batch, ExperimentError> {
    let len = net.shape.channels * net.pixels();
    let image = |index| {
        let mut image = vec![0.0f32; len];
        images.write(index, &mut image);
        image.iter_mut().for_each(|pixel| *pixel *= factor);
        image
    };
    let all: Vec<Vec<f32>> = (0..images.len()).map(image).collect();
    Ok(Batch::new(net.shape, all.iter().map(Vec::as_slice))?)
}

/// The first images, or fewer where there are not so many.
pub(super) fn first(set: &Labelled, count: usize) -> Result<Labelled, ExperimentError> {
    let count = count.min(set.images.len());
    let images = set.images.select(&(0..count).collect::<Vec<_>>())?;
    Ok(Labelled { images, labels: set.labels[..count].to_vec() })
}

/// The targets of regression, an image in each column.
pub(super) fn targets(set: &Labelled, classes: usize) -> Result<Mat<f32>, ExperimentError> {
    let targets = Targets::new(&set.labels, classes)?.one_hot();
    Ok(Mat::from_fn(classes, set.labels.len(), |class, image| targets[(image, class)] as f32))
}

/// A kernel in closed form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limit {
    pub(super) kind: NetKind,
    pub(super) depth: usize,
    pub(super) kernel: Kernel,
    pub(super) trained: Trained,
    pub(super) tricks: Tricks,
}

impl Limit {
    /// The NTK with the layers trained that are by default.
    pub(super) fn ntk(kind: NetKind, depth: usize) -> Self {
        Limit { kind, depth, kernel: Kernel::Ntk, trained: kind.default_trained(), tricks: Tricks::default() }
    }

    /// The kernel of training the last layer alone.
    pub(super) fn nngp(kind: NetKind, depth: usize) -> Self {
        Limit { kernel: Kernel::Nngp, trained: Trained::All, ..Self::ntk(kind, depth) }
    }

    /// The layers whose training it describes.
    pub(super) fn layers(&self) -> Layers {
        if self.kernel == Kernel::Nngp { Layers::Last } else { layers(self.trained) }
    }

    /// k(x, y) of all images, in f64: an x in each row.
    pub(super) fn of(&self, x: &Images, y: Option<&Images>, machine: &Machine) -> Result<Mat<f64>, ExperimentError> {
        Ok(self.of_depths(&[self.kernel], &[self.depth], x, y, machine)?.swap_remove(0))
    }

    /// The same for some kernels and, increasing, depths, in one pass: all depths of the first kernel, all of the next.
    pub(super) fn of_depths(
        &self,
        kernels: &[Kernel],
        depths: &[usize],
        x: &Images,
        y: Option<&Images>,
        machine: &Machine,
    ) -> Result<Vec<Mat<f64>>, ExperimentError> {
        let nets = NetSettings {
            nets: vec![self.kind],
            depths: depths.to_vec(),
            kernels: kernels.to_vec(),
            trained: Some(self.trained),
            lap: None,
            filter: FILTER,
            slope: self.tricks.slope,
            residual: self.tricks.residual,
        };
        let columns = y.unwrap_or(x).len();
        let mut results = Vec::new();
        // One network takes one pass.
        for pass in nets.passes(x.shape())? {
            let tile = tile_for(std::slice::from_ref(&pass), x.len().min(columns));
            let gram = Gram { net: &pass.net, flip: false, x, y, tile };
            gram.check::<f64>()?;
            let source = compute::<f64>(&gram, &pass.name, None, machine, &Silent)?;
            let outputs = pass.net.outputs();
            for (kernel, depth) in kernels.iter().flat_map(|kernel| depths.iter().map(move |depth| (kernel, depth))) {
                let output = outputs.iter().position(|output| (output.kernel, output.depth) == (*kernel, *depth));
                let mut result = Mat::zeros(x.len(), columns);
                let mut values = Vec::new();
                for (i, j) in source.plan().tiles(tile) {
                    source.read(output.unwrap_or(0), i, j, &mut values)?;
                    let width = tile.min(columns - j * tile);
                    for (at, &value) in values.iter().enumerate() {
                        let (row, column) = (i * tile + at / width, j * tile + at % width);
                        result[(row, column)] = value;
                        if y.is_none() {
                            result[(column, row)] = value;
                        }
                    }
                }
                results.push(result);
            }
        }
        Ok(results)
    }
}
