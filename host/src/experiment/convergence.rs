//! The kernels of random networks against a closed form, by width.

use serde_json::{Value, json};
use std::ops::RangeInclusive;
use ultrawide_finite::{Architecture, Network, Tricks};
use ultrawide_plot::{Curve, Panel};

use super::finding::Claim;
use super::setting::{FILTER, Limit, Setting, architecture, batch, name_of};
use super::statistics::{ANY, PowerLaw, mean, measured, root_mean_square};
use super::{Experiment, ExperimentError};
use crate::data::Images;

/// What it takes to draw a weight, and to multiply and add numbers of two products for one position of the filter, where a multiplication within a product
/// takes 1: measured, for the time that is left.
const DRAWING: f64 = 360.0;
const JOINING: f64 = 80.0;
/// The columns of [`Course::rows`].
pub(super) const COLUMNS: [&str; 5] = ["net", "width", "seeds", "error", "error 95 % ±"];

/// Images, networks of each width, and the widths, as powers of two, of dense and of convolutional nets.
pub(super) struct Size {
    pub(super) images: usize,
    pub(super) seeds: u64,
    pub(super) dense: RangeInclusive<u32>,
    pub(super) conv: RangeInclusive<u32>,
}

/// Networks of one kind, of some widths.
#[derive(Clone)]
pub(super) struct Family {
    pub(super) name: String,
    /// Its colour.
    pub(super) number: usize,
    pub(super) tricks: Tricks,
    /// What they are held against.
    pub(super) limit: Limit,
    pub(super) widths: Vec<usize>,
}

/// How the errors of a family fall.
pub(super) struct Course {
    pub(super) rows: Vec<Vec<Value>>,
    pub(super) slope: Claim,
    pub(super) curves: Vec<Curve>,
}

impl Family {
    fn net(&self, images: &Images, width: usize) -> Architecture {
        let net = architecture(self.limit.kind, images.shape(), self.limit.depth, width, 1);
        Architecture { tricks: self.tricks, ..net }
    }

    fn nets(&self, images: &Images) -> impl Iterator<Item = Architecture> {
        self.widths.iter().map(|&width| self.net(images, width))
    }

    /// The time that a network takes, in that of one of the multiplications in its products: for its weights, for the images on their way there and back,
    /// and for the pairs of pixels.
    fn cost(&self, net: &Architecture, images: usize) -> u64 {
        let columns = (images * net.pixels()) as f64;
        let layers = (1..net.depth).filter(|&layer| self.limit.layers().contain(layer, net.depth)).count() as f64;
        let pair = 2.0 * net.width as f64 + JOINING * net.filter.pow(2) as f64;
        (net.weights() * (DRAWING + 2.0 * columns) + columns.powi(2) * layers * pair) as u64
    }

    /// So many networks of each width: the root mean square over all pairs of images of the difference of the kernels, over √(Θ(x,x) Θ(x′,x′)).
    fn course(&self, setting: &Setting<'_>, images: &Images, seeds: u64) -> Result<Course, ExperimentError> {
        let exact = self.limit.of(images, None, setting.machine)?;
        let (mut rows, mut points, mut means) = (Vec::new(), Vec::new(), Vec::new());
        for net in self.nets(images) {
            let (width, x) = (net.width, batch(&net, images, 1.0)?);
            let mut errors = Vec::new();
            for seed in 0..seeds {
                let network = Network::new(net, setting.network_seed(width, seed))?;
                let kernel = setting.machine.pool.install(|| network.kernel(&x, &x, self.limit.layers()));
                let pairs = (0..x.len()).flat_map(|i| (0..=i).map(move |j| (i, j)));
                let error = |(i, j)| (kernel[(i, j)] - exact[(i, j)]) / (exact[(i, i)] * exact[(j, j)]).sqrt();
                errors.push(root_mean_square(pairs.map(error)));
                setting.steps.add(self.cost(&net, x.len()));
            }
            points.extend(errors.iter().map(|&error| (width as f64, error)));
            let error = mean(&errors);
            rows.push(vec![json!(self.name), json!(width), json!(seeds), json!(error.center), json!(error.half)]);
            means.push((width as f64, error));
        }
        let law = PowerLaw::fit(&points);
        let slope = Claim { what: format!("slope of {}", self.name), found: law.slope, expected: Some(-0.5) };
        let mut curves = vec![measured(self.name.as_str(), self.number, &means, ANY)];
        curves.extend(law.curve(self.number, &means));
        Ok(Course { rows, slope, curves })
    }
}

/// What led to the courses, for a report.
pub(super) fn settings(
    setting: &Setting<'_>,
    which: Experiment,
    families: &[Family],
    images: &Images,
    seeds: u64,
) -> Value {
    let trained: Value =
        families.iter().map(|family| (family.name.clone(), json!(name_of(family.limit.layers())))).collect();
    let depth = families.first().map(|family| family.limit.depth);
    setting.report(
        which,
        json!({ "images": images.len(), "depth": depth, "filter": FILTER, "trained": trained, "seeds": seeds }),
    )
}

/// The courses as a figure.
pub(super) fn panel(setting: &Setting<'_>, depth: usize, images: &Images, curves: Vec<Curve>) -> Panel {
    Panel {
        caption: format!("{}, depth {depth}, {} images; bars and bands: 95 %", setting.data.name, images.len()),
        axes: ["width", "error of the kernel, relative"],
        curves,
        ..Panel::default()
    }
}

/// The courses of all families, with progress by this name.
///
/// # Errors
/// Images that no network takes.
///
/// # Cost
/// 4·m operations for each pair of pixels of each pair of images, for each layer and network of width m.
pub(super) fn courses(
    setting: &Setting<'_>,
    name: &str,
    families: &[Family],
    images: &Images,
    seeds: u64,
) -> Result<Vec<Course>, ExperimentError> {
    for net in families.iter().flat_map(|family| family.nets(images)) {
        setting.check(&net, images.len(), 0.0, net.bytes(images.len(), 1))?;
    }
    let all = families.iter().flat_map(|family| family.nets(images).map(|net| family.cost(&net, images.len())));
    setting.steps.begin(name, seeds * all.sum::<u64>());
    families.iter().map(|family| family.course(setting, images, seeds)).collect()
}
