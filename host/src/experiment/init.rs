//! Step 1: at random initialisation the kernel of the gradients is the closed form, up to 1/√width.

use serde_json::json;
use std::time::Instant;

use super::ExperimentError;
use super::convergence::{COLUMNS, Family, courses, panel};
use super::finding::Finding;
use super::setting::{Limit, NETS, Setting, first};
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
    let widths = |kind| setting.sizes.widths(if kind == NetKind::Fc { size.dense.clone() } else { size.conv.clone() });
    let family = |(number, kind): (usize, NetKind)| {
        let (name, limit, widths) = (kind.name().to_owned(), Limit::ntk(kind, depth), widths(kind));
        Family { name, number, tricks: limit.tricks, limit, widths }
    };
    let families: Vec<Family> = NETS.into_iter().enumerate().map(family).collect();
    let (mut rows, mut claims, mut curves) = (Vec::new(), Vec::new(), Vec::new());
    for course in courses(setting, "init", &families, &images, seeds)? {
        rows.extend(course.rows);
        claims.push(course.slope);
        curves.extend(course.curves);
    }
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
        columns: COLUMNS.to_vec(),
        rows,
        panels: vec![panel(setting, depth, &images, curves)],
    })
}
