//! Convolutional nets of finite width beside the kernels of infinite ones, on the same images.

use faer::Mat;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use serde_json::{Value, json};
use std::time::Instant;
use ultrawide_core::Trained;
use ultrawide_finite::{Batch, Layers, Model};
use ultrawide_plot::{Curve, Panel, Scale};

use super::ExperimentError;
use super::finding::Finding;
use super::problem::{class_of, spectrum};
use super::setting::{Limit, Setting, architecture, batch, first, targets};
use super::statistics::{Interval, mean};
use crate::data::Labelled;
use crate::job::{NetKind, Software};
use crate::regression::Targets;

/// Images that a step of gradient descent takes.
const MINIBATCH: usize = 20;
/// Step sizes that are tried, over the largest at which a step on one batch is stable in the infinite net.
const RATES: [f64; 3] = [0.05, 0.15, 0.5];
const KINDS: [(NetKind, &str); 2] = [(NetKind::CntkV, "V"), (NetKind::CntkGap, "GAP")];

/// The images as both sides take them.
struct Images {
    train: Labelled,
    test: Labelled,
    classes: usize,
    y: Mat<f32>,
}

/// Runs the experiment.
///
/// # Errors
/// Images that no network takes; a kernel that cannot be solved.
///
/// # Cost
/// For each of three step sizes, each net and seed: 6·9·m²·P·Q operations for each image, epoch and hidden layer but the first.
pub fn table(setting: &Setting<'_>) -> Result<Finding, ExperimentError> {
    let clock = Instant::now();
    let (train, test, width, epochs, seeds) = if setting.quick { (60, 100, 16, 20, 2) } else { (200, 359, 32, 60, 2) };
    let (train, test) = setting.sizes.images(train, test);
    let width = setting.sizes.widths.first().copied().unwrap_or(width);
    let epochs = setting.sizes.epochs.unwrap_or(epochs);
    let seeds = setting.sizes.seeds.unwrap_or(seeds);
    let depths = if setting.sizes.depths.is_empty() { vec![3, 4] } else { setting.sizes.depths.clone() };
    let classes = setting.data.classes.len();
    let (train, test) = (first(&setting.data.train, train)?, first(&setting.data.test, test)?);
    let y = targets(&train, classes)?;
    let images = Images { train, test, classes, y };
    let steps = |depth: usize| (depth * epochs) as u64;
    let all: u64 = depths.iter().map(|&depth| steps(depth)).sum();
    setting.steps.begin("table", all * seeds * (KINDS.len() * RATES.len()) as u64);
    let mut rows = Vec::new();
    let names = ["CNN", "CNTK", "NNGP"];
    let mut points = vec![Vec::new(); KINDS.len() * names.len()];
    for &depth in &depths {
        for (number, (kind, readout)) in KINDS.into_iter().enumerate() {
            // As the post compares them: all layers trained for flattened nets, the hidden ones for pooled nets.
            let ntk = Limit::ntk(kind, depth);
            let cntk = regression(setting, &images, ntk)?;
            let nngp = regression(setting, &images, Limit::nngp(kind, depth))?;
            // All layers of the nets are trained.
            let all = Limit { trained: Trained::All, ..ntk };
            let all = if ntk == all { cntk } else { regression(setting, &images, all)? };
            // Images so that the outputs of a random net are of the size of 1: a ReLU net of scaled images has scaled outputs.
            let factor = nngp.diagonal.sqrt().recip();
            // Of the kernel of the images of one step: about their part of the one of all.
            let part = (MINIBATCH.min(images.train.labels.len()) as f64) / images.train.labels.len() as f64;
            let largest = all.largest * factor * factor * part;
            let mut cnn = Vec::new();
            let mut chosen = Vec::new();
            for seed in 0..seeds {
                let mut best = (f64::INFINITY, f64::NAN, f64::NAN);
                for rate in RATES {
                    let step = 2.0 * rate / largest;
                    let net = architecture(kind, images.train.images.shape(), depth, width, classes);
                    let mut model = Model::plain(net, setting.seed.wrapping_add(seed))?;
                    let [x, z] = [&images.train, &images.test].map(|set| batch(&net, &set.images, factor as f32));
                    let (x, z) = (x?, z?);
                    let seed = setting.seed.wrapping_add(seed);
                    let found = setting.machine.pool.install(|| {
                        descend(&mut model, (&x, &images.y), step, epochs, seed, &|| setting.steps.add(depth as u64));
                        let rest = f64::from((model.outputs(&x) - &images.y).norm_l2());
                        (rest, accuracy(&model.outputs(&z), &images.test.labels), rate)
                    });
                    // By the training images: the test images have no say.
                    if found.0 < best.0 {
                        best = found;
                    }
                }
                cnn.push(best.1);
                chosen.push(best.2);
            }
            let cnn = mean(&cnn);
            let alone = |center| Interval { center, half: 0.0 };
            for (which, (name, accuracy)) in
                names.into_iter().zip([cnn, alone(cntk.accuracy), alone(nngp.accuracy)]).enumerate()
            {
                let spread = if which == 0 { json!(100.0 * accuracy.half) } else { Value::Null };
                rows.push(vec![
                    json!(format!("{name}-{readout}")),
                    json!(depth),
                    json!(100.0 * accuracy.center),
                    spread,
                ]);
                points[number * names.len() + which].push((depth as f64, accuracy));
            }
        }
    }
    let mut curves = Vec::new();
    for (number, points) in points.iter().enumerate() {
        let name = format!("{}-{}", names[number % names.len()], KINDS[number / names.len()].1);
        let bars =
            points.iter().map(|(depth, at)| (*depth, 100.0 * (at.center - at.half), 100.0 * (at.center + at.half)));
        let line = points.iter().map(|(depth, at)| (*depth, 100.0 * at.center));
        curves.push(Curve::new(name, number, line).with_bars(bars.filter(|bar| bar.1.is_finite())));
    }
    let (n, m) = (images.train.labels.len(), images.test.labels.len());
    let panel = Panel {
        caption: format!("{}, {n} training and {m} test images, nets of width {width}", setting.data.name),
        axes: ["depth", "test accuracy, %"],
        scales: [Scale::Linear; 2],
        curves,
        ..Panel::default()
    };
    Ok(Finding {
        software: Software::default(),
        name: "table",
        title: "Convolutional nets beside the kernels of their infinite limits",
        formula: "CNN: SGD on ½ Σ (f − y)²;   CNTK, NNGP: f(x) = k(x,X) K⁻¹ y",
        text: vec![
            "3×3 filters, no batch norm, no augmentation; the nets are trained by stochastic gradient descent on the quadratic loss, with the step size \
             of three that leaves the least of it; the kernels are regressed on. V: flattened; GAP: global average pooling, its kernel with the \
             first and the last layer frozen."
                .to_owned(),
            format!("Errors are 95 % confidence intervals over {seeds} random nets; {m} test images alone leave ± {:.1} points at 90 %.", 196.0 * (0.09 / m as f64).sqrt()),
        ],
        settings: json!({
            "data": setting.data.name, "train": n, "test": m, "depths": depths, "width": width, "epochs": epochs, "seeds": seeds,
            "seed": setting.seed, "minibatch": MINIBATCH, "rates": RATES,
        }),
        seconds: clock.elapsed().as_secs_f64(),
        claims: vec![],
        columns: vec!["model", "depth", "accuracy, %", "95 % ±"],
        rows,
        panels: vec![panel],
    })
}

/// What regression on a kernel has shown.
#[derive(Clone, Copy)]
struct Regression {
    accuracy: f64,
    /// The largest eigenvalue of the training kernel.
    largest: f64,
    /// The mean of its diagonal.
    diagonal: f64,
}

fn regression(setting: &Setting<'_>, images: &Images, limit: Limit) -> Result<Regression, ExperimentError> {
    let train = limit.of(&images.train.images, None, setting.machine)?;
    let test = limit.of(&images.test.images, Some(&images.train.images), setting.machine)?;
    let targets = Targets::new(&images.train.labels, images.classes)?;
    let spectrum = spectrum(&train, &targets, setting.machine)?;
    let outputs = (&test * spectrum.weights(0.0)?).transpose().to_owned();
    let n = train.nrows();
    let diagonal = (0..n).map(|i| train[(i, i)]).sum::<f64>() / n as f64;
    let accuracy = accuracy(&outputs, &images.test.labels);
    Ok(Regression { accuracy, largest: spectrum.extremes()[1], diagonal })
}

/// Stochastic gradient descent over the images, shuffled for each epoch.
fn descend(model: &mut Model, (x, y): (&Batch, &Mat<f32>), rate: f64, epochs: usize, seed: u64, done: &dyn Fn()) {
    let mut random = Pcg64::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..x.len()).collect();
    for _ in 0..epochs {
        order.shuffle(&mut random);
        for part in order.chunks(MINIBATCH) {
            let own = Mat::from_fn(y.nrows(), part.len(), |class, image| y[(class, part[image])]);
            model.step(&x.select(part), own.as_ref(), rate as f32, Layers::All);
        }
        done();
    }
}

fn accuracy<T: Copy + PartialOrd>(outputs: &Mat<T>, labels: &[u16]) -> f64 {
    let right = |image: &usize| class_of(outputs.as_ref(), *image) == usize::from(labels[*image]);
    (0..labels.len()).filter(right).count() as f64 / labels.len() as f64
}
