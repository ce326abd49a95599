//! Beyond the plain ReLU net: what else the recursion carries, at random initialisation.

use std::time::Instant;
use ultrawide_finite::Tricks;

use super::convergence::{COLUMNS, Family, Size, courses, panel, settings};
use super::finding::Finding;
use super::setting::{Limit, Setting, first};
use super::{Experiment, ExperimentError};
use crate::job::{NetKind, Software};

/// Two hidden layers have a connection around them.
const DEPTH: usize = 4;

type Kind = (&'static str, NetKind, Tricks);

/// What is compared, a panel for the dense nets and one for the others.
pub(super) const DENSE: [Kind; 3] = [
    ("fc, leaky ReLU", NetKind::Fc, Tricks { slope: 0.1, residual: None }),
    ("fc, absolute value", NetKind::Fc, Tricks { slope: -1.0, residual: None }),
    ("fc, residual", NetKind::Fc, Tricks { slope: 0.0, residual: Some(1.0) }),
];
pub(super) const CONV: [Kind; 2] = [
    ("cntk-v, leaky ReLU", NetKind::CntkV, Tricks { slope: 0.1, residual: None }),
    ("cntk-gap, absolute value", NetKind::CntkGap, Tricks { slope: -1.0, residual: None }),
];

pub(super) fn families(kinds: &[Kind], depth: usize, widths: &[usize]) -> Vec<Family> {
    let family = |(number, &(name, kind, tricks)): (usize, &Kind)| {
        let limit = Limit { tricks, ..Limit::ntk(kind, depth) };
        Family { name: name.to_owned(), number, tricks, limit, widths: widths.to_vec() }
    };
    kinds.iter().enumerate().map(family).collect()
}

/// Runs the experiment.
///
/// # Accuracy
/// That of [`init`](super::init()).
///
/// # Errors
/// Images that no network takes.
pub fn tricks(setting: &Setting<'_>) -> Result<Finding, ExperimentError> {
    let clock = Instant::now();
    let size = match (setting.quick, setting.has_few_pixels()) {
        (true, true) => Size { images: 6, seeds: 4, dense: 4..=9, conv: 4..=7 },
        (true, false) => Size { images: 2, seeds: 4, dense: 4..=9, conv: 4..=7 },
        (false, true) => Size { images: 10, seeds: 16, dense: 4..=12, conv: 4..=9 },
        // The errors of narrower nets are of the size of the kernel itself.
        (false, false) => Size { images: 3, seeds: 16, dense: 4..=12, conv: 5..=8 },
    };
    let (depth, seeds) = (setting.sizes.depth(DEPTH), setting.sizes.seeds.unwrap_or(size.seeds));
    let images = first(&setting.data.train, setting.sizes.train.unwrap_or(size.images))?.images;
    let mut all = families(&DENSE, depth, &setting.sizes.widths(size.dense));
    all.extend(families(&CONV, depth, &setting.sizes.widths(size.conv)));
    let (mut rows, mut claims, mut curves) = (Vec::new(), Vec::new(), [Vec::new(), Vec::new()]);
    for (number, course) in courses(setting, "tricks", &all, &images, seeds)?.into_iter().enumerate() {
        rows.extend(course.rows);
        claims.push(course.slope);
        curves[usize::from(number >= DENSE.len())].extend(course.curves);
    }
    Ok(Finding {
        software: Software::default(),
        name: "tricks",
        title: "Leaky ReLUs, the absolute value and residual connections have closed forms, too",
        formula: "κ_b(λ) = α κ(λ) + (1 − α) λ, α = (1 − b)²/(1 + b²);   Σ ← (Σ + s² K)/(1 + s²), Θ ← (Θ + s² (κ0 Θ + K))/(1 + s²)",
        text: vec![
            "As for the plain nets, kernels of random networks are held against the closed form. A leaky ReLU has the slope b = 0.1 where z < 0, the absolute value is \
             that of slope −1, and a residual connection of strength s = 1 leads around each hidden layer but the first."
                .to_owned(),
            "Average pooling at the end is cntk-gap, of which θ are the weights of the hidden layers alone. Nets of the same width have the same seeds in every family, so that their errors go up and down together. Biases, erf, dropout, layer normalisation, and in convolutional nets average pooling inside and residual connections \
             would take a recursion of another form: docs/theory.md tells why."
                .to_owned(),
        ],
        settings: settings(setting, Experiment::Tricks, &all, &images, seeds),
        seconds: clock.elapsed().as_secs_f64(),
        claims,
        columns: COLUMNS.to_vec(),
        rows,
        panels: curves.map(|curves| panel(setting, depth, &images, curves)).into(),
    })
}
