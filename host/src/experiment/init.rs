//! Step 1: at random initialisation the kernel of the gradients is the closed form, up to 1/√width.

use serde_json::json;
use std::time::Instant;
use ultrawide_finite::Network;
use ultrawide_plot::{Curve, Panel};

use super::ExperimentError;
use super::finding::{Claim, Finding};
use super::setting::{Limit, NETS, Setting, architecture, batch, first};
use super::statistics::{PowerLaw, mean, root_mean_square};
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
            Size { images: if small { 10 } else { 3 }, seeds: 10, dense: 4..=12, conv: 4..=if small { 9 } else { 8 } }
        }
    };
    let (depth, seeds) = (setting.sizes.depth(DEPTH), setting.sizes.seeds.unwrap_or(size.seeds));
    let images = first(&setting.data.train, setting.sizes.train.unwrap_or(size.images))?.images;
    let mut rows = Vec::new();
    let (mut claims, mut curves, mut text) = (Vec::new(), Vec::new(), Vec::new());
    for (number, kind) in NETS.into_iter().enumerate() {
        let limit = Limit::ntk(kind, depth);
        let exact = limit.of(&images, None, setting.machine)?;
        let widths = setting.sizes.widths(if kind == NetKind::Fc { size.dense.clone() } else { size.conv.clone() });
        // A network costs as its width.
        let steps = |width: usize| width as u64;
        let all: u64 = widths.iter().map(|&width| steps(width) * seeds).sum();
        setting.steps.begin(&format!("init: {}", kind.name()), all);
        let (mut points, mut means) = (Vec::new(), Vec::new());
        for &width in &widths {
            let net = architecture(kind, shape, depth, width, 1);
            let x = batch(&net, &images, 1.0)?;
            let mut errors = Vec::new();
            for seed in 0..seeds {
                let network = Network::new(net, setting.seed.wrapping_add(seed))?;
                let kernel = setting.machine.pool.install(|| network.kernel(&x, &x, limit.layers()));
                let pairs = (0..x.len()).flat_map(|i| (0..=i).map(move |j| (i, j)));
                let error = |(i, j)| (kernel[(i, j)] - exact[(i, j)]) / (exact[(i, i)] * exact[(j, j)]).sqrt();
                errors.push(root_mean_square(pairs.map(error)));
                setting.steps.add(steps(width));
            }
            points.extend(errors.iter().map(|&error| (width as f64, error)));
            let error = mean(&errors);
            rows.push(vec![json!(kind.name()), json!(width), json!(seeds), json!(error.center), json!(error.half)]);
            means.push((width as f64, error));
        }
        let law = PowerLaw::fit(&points);
        claims.push(Claim { what: format!("slope of {}", kind.name()), found: law.slope, expected: Some(-0.5) });
        let (center, half) = (law.slope.center, law.slope.half);
        text.push(format!("{}: the error falls as width^({center:.3} ± {half:.3}).", kind.name()));
        curves.push(law.curve(&format!("fit of {}", kind.name()), means.iter().map(|mean| mean.0)));
        let bars = means.iter().map(|(width, error)| (*width, error.center - error.half, error.center + error.half));
        let dots = means.iter().map(|(width, error)| (*width, error.center));
        curves.push(Curve::dots(kind.name(), number, dots).with_bars(bars));
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
        text: [
            "Random networks are drawn, their gradients formed by back-propagation, and the inner products of these held against the closed \
             form: root mean square over all pairs of images of the difference over √(Θ(x,x) Θ(x′,x′)). Bars are 95 % confidence \
             intervals over seeds, bands those of the fitted line."
                .to_owned(),
        ]
        .into_iter()
        .chain(text)
        .collect(),
        settings: json!({ "data": setting.data.name, "images": images.len(), "depth": depth, "seed": setting.seed, "seeds": seeds }),
        seconds: clock.elapsed().as_secs_f64(),
        claims,
        columns: vec!["net", "width", "seeds", "error", "95 % ±"],
        rows,
        panels: vec![panel],
    })
}
