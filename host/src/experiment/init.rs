//! Step 1: at random initialisation the kernel of the gradients is the closed form, up to 1/√width.

use std::time::Instant;

use super::convergence::{COLUMNS, Family, Size, courses, panel, settings};
use super::finding::Finding;
use super::setting::{Limit, NETS, Setting, first};
use super::{Experiment, ExperimentError};
use crate::job::{NetKind, Software};

const DEPTH: usize = 3;

/// Runs the experiment.
///
/// # Accuracy
/// Kernels of networks are right to some 1e-6 ([`Network::kernel`](ultrawide_finite::Network::kernel)), those in closed form to `f64`: what is seen is scatter. The
/// intervals cover 95 % or a little more where it is Gaussian.
///
/// # Errors
/// Images that no network takes.
pub fn init(setting: &Setting<'_>) -> Result<Finding, ExperimentError> {
    let clock = Instant::now();
    let size = match (setting.quick, setting.has_few_pixels()) {
        (true, true) => Size { images: 6, seeds: 16, dense: 5..=10, conv: 5..=8 },
        (true, false) => Size { images: 2, seeds: 8, dense: 5..=10, conv: 4..=7 },
        (false, true) => Size { images: 10, seeds: 16, dense: 4..=13, conv: 4..=10 },
        (false, false) => Size { images: 3, seeds: 16, dense: 4..=13, conv: 4..=9 },
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
             (flattened) and cntk-gap (pooled). Of cntk-gap θ are the weights of the hidden layers alone, as in its kernel as it was published. Nets of the same width have the same seeds in every \
             family, so that their errors go up and down together."
                .to_owned(),
        ],
        settings: settings(setting, Experiment::Init, &families, &images, seeds),
        seconds: clock.elapsed().as_secs_f64(),
        claims,
        columns: COLUMNS.to_vec(),
        rows,
        panels: vec![panel(setting, depth, &images, curves)],
    })
}
