//! Step 1: at random initialisation the kernel of the gradients is the closed form, up to 1/√width.

use serde_json::json;
use std::time::Instant;
use ultrawide_finite::{Architecture, Network};
use ultrawide_plot::Panel;

use super::ExperimentError;
use super::finding::{Claim, Finding};
use super::setting::{Limit, NETS, Setting, architecture, batch, first};
use super::statistics::{PowerLaw, mean, measured, root_mean_square};
use crate::job::{NetKind, Software};

const DEPTH: usize = 3;

/// Images, networks of each width, and the widths of dense and of convolutional nets.
struct Size {
    images: usize,
    seeds: u64,
    dense: std::ops::RangeInclusive<u32>,
    conv: std::ops::RangeInclusive<u32>,
}

/// Runs the experiment.
///
/// # Errors
/// Images that no network takes.
///
/// # Cost
/// 4·m operations for each pair of pixels of each pair of images, for each layer and network of width m.
pub fn init(setting: &Setting<'_>) -> Result<Finding, ExperimentError> {
    let clock = Instant::now();
    let shape = setting.data.train.images.shape();
    // Images of many pixels: what a pair costs grows with the square.
    let small = shape.height * shape.width <= 100;
    let size = match (setting.quick, small) {
        (true, _) => {
            Size { images: if small { 6 } else { 2 }, seeds: 4, dense: 4..=9, conv: 4..=if small { 7 } else { 5 } }
        }
        (false, _) => {
            Size { images: if small { 10 } else { 3 }, seeds: 16, dense: 4..=13, conv: 4..=if small { 10 } else { 8 } }
        }
    };
    let (depth, seeds) = (setting.sizes.depth(DEPTH), setting.sizes.seeds.unwrap_or(size.seeds));
    let images = first(&setting.data.train, setting.sizes.train.unwrap_or(size.images))?.images;
    let nets = NETS.map(|kind| {
        let widths = setting.sizes.widths(if kind == NetKind::Fc { size.dense.clone() } else { size.conv.clone() });
        (kind, widths.into_iter().map(|width| architecture(kind, shape, depth, width, 1)).collect::<Vec<_>>())
    });
    for net in nets.iter().flat_map(|nets| &nets.1) {
        setting.check(net, images.len(), net.bytes(images.len(), 1))?;
    }
    let cost = |net: &Architecture| (net.width * net.pixels().pow(2)) as u64;
    setting.steps.begin("init", seeds * nets.iter().flat_map(|nets| &nets.1).map(cost).sum::<u64>());
    let mut rows = Vec::new();
    let (mut claims, mut curves) = (Vec::new(), Vec::new());
    for (number, (kind, nets)) in nets.into_iter().enumerate() {
        let limit = Limit::ntk(kind, depth);
        let exact = limit.of(&images, None, setting.machine)?;
        let (mut points, mut means) = (Vec::new(), Vec::new());
        for net in nets {
            let (width, x) = (net.width, batch(&net, &images, 1.0)?);
            let mut errors = Vec::new();
            for seed in 0..seeds {
                let network = Network::new(net, setting.network_seed(width, seed))?;
                let kernel = setting.machine.pool.install(|| network.kernel(&x, &x, limit.layers()));
                let pairs = (0..x.len()).flat_map(|i| (0..=i).map(move |j| (i, j)));
                let error = |(i, j)| (kernel[(i, j)] - exact[(i, j)]) / (exact[(i, i)] * exact[(j, j)]).sqrt();
                errors.push(root_mean_square(pairs.map(error)));
                setting.steps.add(cost(&net));
            }
            points.extend(errors.iter().map(|&error| (width as f64, error)));
            let error = mean(&errors);
            rows.push(vec![json!(kind.name()), json!(width), json!(seeds), json!(error.center), json!(error.half)]);
            means.push((width as f64, error));
        }
        let law = PowerLaw::fit(&points);
        claims.push(Claim { what: format!("slope of {}", kind.name()), found: law.slope, expected: Some(-0.5) });
        curves.push(measured(kind.name(), number, &means));
        curves.extend(law.curve(number, &means));
    }
    let panel = Panel {
        caption: format!("{}, depth {depth}, {} images", setting.data.name, images.len()),
        axes: ["width", "error of the kernel, relative"],
        curves,
        ..Panel::default()
    };
    Ok(Finding {
        software: Software::default(),
        name: "init",
        title: "At initialisation, the kernel of a wide net is the closed form",
        formula: "⟨∂f(θ,x)/∂θ, ∂f(θ,x′)/∂θ⟩ = Θ(x,x′) + O(1/√width)",
        text: vec![
            "Random networks are drawn, their gradients formed by back-propagation, and the inner products of these held against the closed \
             form: root mean square over all pairs of images of the difference over √(Θ(x,x) Θ(x′,x′)). Dense nets are fc, convolutional ones cntk-v \
             (flattened) and cntk-gap (pooled)."
                .to_owned(),
        ],
        settings: json!({ "data": setting.data.name, "images": images.len(), "depth": depth, "seed": setting.seed, "seeds": seeds }),
        seconds: clock.elapsed().as_secs_f64(),
        claims,
        columns: vec!["net", "width", "seeds", "error", "95 % ±"],
        rows,
        panels: vec![panel],
    })
}
