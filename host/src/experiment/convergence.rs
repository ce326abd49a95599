//! The kernels of random networks against a closed form, by width.

use serde_json::{Value, json};
use ultrawide_finite::{Architecture, Network, Tricks};
use ultrawide_plot::{Curve, Panel};

use super::ExperimentError;
use super::finding::Claim;
use super::setting::{Limit, Setting, architecture, batch};
use super::statistics::{PowerLaw, mean, measured, root_mean_square};
use crate::data::Images;

/// The columns of [`Course::rows`].
pub(super) const COLUMNS: [&str; 5] = ["net", "width", "seeds", "error", "95 % ±"];

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
                setting.steps.add(cost(&net));
            }
            points.extend(errors.iter().map(|&error| (width as f64, error)));
            let error = mean(&errors);
            rows.push(vec![json!(self.name), json!(width), json!(seeds), json!(error.center), json!(error.half)]);
            means.push((width as f64, error));
        }
        let law = PowerLaw::fit(&points);
        let slope = Claim { what: format!("slope of {}", self.name), found: law.slope, expected: Some(-0.5) };
        let mut curves = vec![measured(self.name.as_str(), self.number, &means)];
        curves.extend(law.curve(self.number, &means));
        Ok(Course { rows, slope, curves })
    }
}

/// The courses as a figure.
pub(super) fn panel(setting: &Setting<'_>, depth: usize, images: &Images, curves: Vec<Curve>) -> Panel {
    Panel {
        caption: format!("{}, depth {depth}, {} images", setting.data.name, images.len()),
        axes: ["width", "error of the kernel, relative"],
        curves,
        ..Panel::default()
    }
}

fn cost(net: &Architecture) -> u64 {
    (net.width * net.pixels().pow(2)) as u64
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
        setting.check(&net, images.len(), net.bytes(images.len(), 1))?;
    }
    let all = families.iter().flat_map(|family| family.nets(images));
    setting.steps.begin(name, seeds * all.map(|net| cost(&net)).sum::<u64>());
    families.iter().map(|family| family.course(setting, images, seeds)).collect()
}
