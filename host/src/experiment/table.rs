//! Convolutional nets of finite width beside the kernels of infinite ones, on the same images.

use faer::Mat;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use rayon::prelude::*;
use serde_json::{Value, json};
use std::time::Instant;
use ultrawide_core::{Kernel, Trained};
use ultrawide_finite::{Architecture, Batch, Layers, Model};
use ultrawide_plot::{Curve, Panel, Scale};

use super::finding::{Finding, bounded};
use super::problem::{class_of, spectrum};
use super::setting::{FILTER, Limit, Setting, architecture, batch, first, name_of, targets};
use super::statistics::{Interval, bars, mean};
use super::{Experiment, ExperimentError};
use crate::data::Labelled;
use crate::job::{NetKind, Software};
use crate::regression::Targets;

/// Images that a step of gradient descent takes.
const MINIBATCH: usize = 5;
/// Images that pass through a net at once when it is done.
const PASS: usize = 100;
/// Step sizes that are tried, over the largest stable one.
const STEPS: [f64; 3] = [0.5, 1.0, 2.0];
/// The layers of the nets that are trained.
const NETS: Layers = Layers::All;
/// The factor of a net's output: at 1, as large at first as the targets, its noise would stay in the predictions of a net that is trained on few images.
const SMALL: f32 = 0.1;
/// What is left of the targets of a net that diverges. An output of 0 leaves 1: that is what a net says whose ReLUs have all died on the way.
const DIVERGED: f64 = 1.0 - 1e-6;
/// The bounds of an accuracy.
const PER_CENT: [f64; 2] = [0.0, 100.0];
const KINDS: [(NetKind, &str); 2] = [(NetKind::CntkV, "V"), (NetKind::CntkGap, "GAP")];
const MODELS: [&str; 3] = ["CNN", "CNTK", "NNGP"];

/// The images as both sides take them.
struct Images {
    train: Labelled,
    test: Labelled,
    classes: usize,
    y: Mat<f32>,
}

/// A readout and a depth: what the kernels say, and how the nets are trained.
struct Case {
    depth: usize,
    readout: &'static str,
    cntk: f64,
    nngp: f64,
    net: Architecture,
    batches: [Batch; 2],
    /// The largest step at which gradient descent on one batch is stable.
    stable: f64,
}

/// A net of finite width, trained.
struct Net {
    case: usize,
    number: u64,
    /// The size of its steps, over the largest stable one.
    step: f64,
    /// ‖u − y‖/‖y‖ on the training images, in the end.
    left: f64,
    /// Of the test images.
    accuracy: f64,
}

impl Net {
    /// Whether it has learnt nothing, or has left no number.
    fn is_lost(&self) -> bool {
        self.left.is_nan() || self.left >= DIVERGED
    }
}

/// Runs the experiment.
///
/// # Accuracy
/// Accuracies are exact of these images and nets; the intervals are of the nets alone, and cover 95 % or a little more where their accuracies are Gaussian.
///
/// # Errors
/// Images that no network takes, networks that no memory holds; a kernel that cannot be solved.
///
/// # Cost
/// For each step size, readout, depth and seed: 6·9·m²·P·Q operations for each image, epoch and hidden layer but the first.
pub fn table(setting: &Setting<'_>) -> Result<Finding, ExperimentError> {
    let clock = Instant::now();
    let sizes = &setting.sizes;
    let (train, test, width, epochs, seeds) = match (setting.quick, setting.has_few_pixels()) {
        (true, true) => (60, 100, 16, 20, 2),
        (true, false) => (20, 40, 8, 5, 2),
        (false, true) => (200, 359, 64, 40, 4),
        (false, false) => (100, 100, 32, 20, 3),
    };
    let (train, test) = sizes.images(train, test);
    let width = sizes.widths.first().copied().unwrap_or(width);
    let (epochs, seeds) = (sizes.epochs.unwrap_or(epochs), sizes.seeds.unwrap_or(seeds));
    let minibatch = sizes.batch.unwrap_or(MINIBATCH);
    let mut steps = if sizes.steps.is_empty() { STEPS.to_vec() } else { sizes.steps.clone() };
    steps.sort_unstable_by(f64::total_cmp);
    steps.dedup();
    let mut depths = if sizes.depths.is_empty() { vec![3, 4] } else { sizes.depths.clone() };
    depths.sort_unstable();
    depths.dedup();
    let classes = setting.data.classes.len();
    let (train, test) = (first(&setting.data.train, train)?, first(&setting.data.test, test)?);
    let y = targets(&train, classes)?;
    let images = Images { train, test, classes, y };
    setting.steps.begin("table, kernels", KINDS.len() as u64);
    let of = |kind| {
        let cases = cases(setting, &images, kind, (&depths, width, minibatch));
        setting.steps.add(1);
        cases
    };
    let cases = KINDS.into_iter().map(of).collect::<Result<Vec<_>, _>>()?;
    let cases: Vec<Case> = cases.into_iter().flatten().collect();
    let mut nets = Vec::new();
    for case in 0..cases.len() {
        for number in 0..seeds {
            nets.extend(steps.iter().map(|&step| Net { case, number, step, left: f64::NAN, accuracy: f64::NAN }));
        }
    }
    let cost = |net: &Net| cases[net.case].depth as u64;
    setting.steps.begin("table, nets", nets.iter().map(|net| cost(net) * epochs as u64).sum());
    // One net is too small for several threads.
    let train = |net: &mut Net| -> Result<(), ExperimentError> {
        let case = &cases[net.case];
        let [x, z] = &case.batches;
        let seed = setting.network_seed(width, net.number);
        let mut model = Model::scaled(case.net, SMALL, seed)?;
        let rate = net.step * case.stable / f64::from(SMALL).powi(2);
        let mut random = Pcg64::seed_from_u64(seed);
        for _ in 0..epochs {
            descend(&mut model, (x, &images.y), rate, minibatch, &mut random);
            setting.steps.add(cost(net));
        }
        net.left = f64::from((outputs(&model, x) - &images.y).norm_l2() / images.y.norm_l2());
        net.accuracy = accuracy(&outputs(&model, z), &images.test.labels);
        Ok(())
    };
    setting.machine.pool.install(|| nets.par_iter_mut().with_max_len(1).try_for_each(train))?;
    let mut rows = Vec::new();
    let mut points = vec![Vec::new(); KINDS.len() * MODELS.len()];
    for (number, case) in cases.iter().enumerate() {
        // The best step size by the training images: the test images have no say.
        let best = |random: u64| {
            let tried = nets.iter().filter(|net| net.case == number && net.number == random && !net.is_lost());
            tried.min_by(|a, b| a.left.total_cmp(&b.left))
        };
        let best: Vec<&Net> = (0..seeds).filter_map(best).collect();
        let of = |value: fn(&Net) -> f64| mean(&best.iter().map(|net| value(net)).collect::<Vec<_>>());
        let (cnn, left) = (of(|net| net.accuracy), of(|net| net.left));
        let steps = best.iter().map(|net| net.step);
        let [least, largest] = [steps.clone().reduce(f64::min), steps.reduce(f64::max)];
        let diverged = nets.iter().filter(|net| net.case == number && net.is_lost()).count();
        let alone = |center| Interval { center, half: f64::NAN };
        for (which, accuracy) in [cnn, alone(case.cntk), alone(case.nngp)].into_iter().enumerate() {
            let mut row = vec![json!(format!("{}-{}", MODELS[which], case.readout)), json!(case.depth)];
            let accuracy = Interval { center: 100.0 * accuracy.center, half: 100.0 * accuracy.half };
            row.extend(bounded(&accuracy, PER_CENT));
            row.extend(if which == 0 {
                [json!(best.len()), json!(diverged), json!(left.center), json!(least), json!(largest)]
            } else {
                [const { Value::Null }; 5]
            });
            rows.push(row);
            points[number / depths.len() * MODELS.len() + which].push((case.depth as f64, accuracy));
        }
    }
    let curves = points.iter().enumerate().map(|(number, points)| {
        let name = format!("{}-{}", MODELS[number % MODELS.len()], KINDS[number / MODELS.len()].1);
        // A little beside each other, so that bars can be told apart.
        let shift = 0.03 * (number as f64 - 0.5 * (KINDS.len() * MODELS.len() - 1) as f64);
        let points: Vec<_> = points.iter().map(|(depth, at)| (depth + shift, *at)).collect();
        let line = points.iter().map(|(depth, at)| (*depth, at.center));
        Curve::new(name, number, line).with_bars(bars(&points, PER_CENT))
    });
    let (n, m) = (images.train.labels.len(), images.test.labels.len());
    let trained = KINDS.into_iter().flat_map(|(kind, readout)| {
        let limits = [Limit::ntk(kind, depths[0]), Limit::nngp(kind, depths[0])].map(|limit| limit.layers());
        let layers = [NETS].into_iter().chain(limits).map(|layers| json!(name_of(layers)));
        MODELS.into_iter().map(move |model| format!("{model}-{readout}")).zip(layers)
    });
    let trained: Value = trained.collect();
    let panel = Panel {
        caption: format!("{}, {n} training and {m} test images, nets of width {width}", setting.data.name),
        axes: ["depth", "test accuracy, %; bars: 95 % of nets"],
        scales: [Scale::Whole, Scale::Linear],
        curves: curves.collect(),
        ..Panel::default()
    };
    Ok(Finding {
        software: Software::default(),
        name: "table",
        title: "Convolutional nets beside the kernels of their infinite limits",
        formula: "CNN: SGD on ½ Σ (f − y)²;   CNTK, NNGP: f(x) = k(x,X) K⁻¹ y",
        text: vec![
            format!(
                "3×3 filters, no batch norm, no augmentation; the nets are trained by stochastic gradient descent on the quadratic loss, with the step size \
                 of {} that leaves the least of it; the kernels are regressed on. V: flattened; GAP: global average pooling. All layers of the nets are trained, as they are in \
                 CNTK-V; CNTK-GAP, as it was published, is that of nets whose first and last layer are frozen.",
                steps.len()
            ),
            format!(
                "Intervals are of 95 % over {seeds} random nets, as far as they lie between 0 and 100 %. The {m} test images, which are the same for all, leave another ± {:.1} points at an \
                 accuracy of 90 %. Steps are parts of the largest stable one; of each random net the one counts that was trained with the step that leaves least. Diverged are those that \
                 end no nearer to their targets than an output of 0, which is what a net says whose ReLUs have died on the way; a net that does so with every step has no part in the means.",
                196.0 * (0.09 / m as f64).sqrt()
            ),
        ],
        settings: setting.report(
            Experiment::Table,
            json!({
                "train": n, "test": m, "depths": depths, "width": width, "filter": FILTER, "epochs": epochs, "seeds": seeds, "minibatch": minibatch,
                "steps": steps, "factor": SMALL, "trained": trained,
            }),
        ),
        seconds: clock.elapsed().as_secs_f64(),
        claims: vec![],
        columns: vec![
            "model",
            "depth",
            "accuracy, %",
            "accuracy 95 % from",
            "accuracy 95 % to",
            "nets",
            "diverged",
            "residual left",
            "least step",
            "largest step",
        ],
        rows,
        panels: vec![panel],
    })
}

/// The cases of one readout, at these depths, which increase.
fn cases(
    setting: &Setting<'_>,
    images: &Images,
    (kind, readout): (NetKind, &'static str),
    (depths, width, minibatch): (&[usize], usize, usize),
) -> Result<Vec<Case>, ExperimentError> {
    let net = |depth| architecture(kind, images.train.images.shape(), depth, width, images.classes);
    for &depth in depths {
        // A network and a gradient for each thread.
        let (trained, tested) = (images.train.labels.len(), images.test.labels.len());
        let nets = setting.machine.threads() as f64 * net(depth).bytes(PASS.max(minibatch).min(trained), 2);
        // Of each depth both kernels of training and of test images, and that of all layers.
        let kept = depths.len() as f64 * (3.0 + 2.0 * tested as f64 / trained.max(1) as f64);
        setting.check(&net(depth), trained, kept, nets)?;
    }
    // As the post compares them: all layers trained for flattened nets, the hidden ones for pooled nets.
    let ntk = Limit::ntk(kind, depths[0]);
    let (train, test) = (&images.train.images, &images.test.images);
    let kernels = [Kernel::Ntk, Kernel::Nngp];
    let of_train = ntk.of_depths(&kernels, depths, train, None, setting.machine)?;
    let of_test = ntk.of_depths(&kernels, depths, test, Some(train), setting.machine)?;
    // All layers of the nets are trained.
    let all = Limit { trained: Trained::All, ..ntk };
    let of_all =
        if all == ntk { None } else { Some(all.of_depths(&kernels[..1], depths, train, None, setting.machine)?) };
    let targets = Targets::new(&images.train.labels, images.classes)?;
    let case = |(number, &depth): (usize, &usize)| {
        let [cntk, nngp] = [number, depths.len() + number].map(|at| -> Result<_, ExperimentError> {
            let spectrum = spectrum(&of_train[at], &targets, setting.machine)?;
            let outputs = (&of_test[at] * spectrum.weights(0.0)?).transpose().to_owned();
            Ok((accuracy(&outputs, &images.test.labels), spectrum.extremes()[1]))
        });
        let ((cntk, largest), (nngp, _)) = (cntk?, nngp?);
        let largest = match &of_all {
            Some(of_all) => spectrum(&of_all[number], &targets, setting.machine)?.extremes()[1],
            None => largest,
        };
        // Images so that the outputs of a random net are of the size of 1: a ReLU net of scaled images has scaled outputs.
        let (variances, n) = (&of_train[depths.len() + number], images.train.labels.len());
        let factor = ((0..n).map(|i| variances[(i, i)]).sum::<f64>() / n as f64).sqrt().recip();
        let net = net(depth);
        let [x, z] = [&images.train, &images.test].map(|set| batch(&net, &set.images, factor as f32));
        // The largest eigenvalue for the images of one step is about their part of that for all.
        let part = (minibatch as f64 / n as f64).min(1.0);
        let stable = 2.0 / (largest * factor * factor * part);
        Ok(Case { depth, readout, cntk, nngp, net, batches: [x?, z?], stable })
    };
    depths.iter().enumerate().map(|at| case((at.0, at.1))).collect()
}

/// An epoch of stochastic gradient descent, the images shuffled.
fn descend(model: &mut Model, (x, y): (&Batch, &Mat<f32>), rate: f64, minibatch: usize, random: &mut Pcg64) {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.shuffle(random);
    for part in order.chunks(minibatch) {
        let own = Mat::from_fn(y.nrows(), part.len(), |class, image| y[(class, part[image])]);
        model.step(&x.select(part), own.as_ref(), rate as f32, NETS);
    }
}

/// The outputs for all images, not too many at once.
fn outputs(model: &Model, x: &Batch) -> Mat<f32> {
    let all: Vec<usize> = (0..x.len()).collect();
    let parts: Vec<Mat<f32>> = all.chunks(PASS).map(|part| model.outputs(&x.select(part))).collect();
    Mat::from_fn(parts.first().map_or(0, Mat::nrows), x.len(), |class, image| {
        parts[image / PASS][(class, image % PASS)]
    })
}

fn accuracy<T: Copy + PartialOrd>(outputs: &Mat<T>, labels: &[u16]) -> f64 {
    let right = |image: &usize| class_of(outputs.as_ref(), *image) == usize::from(labels[*image]);
    (0..labels.len()).filter(right).count() as f64 / labels.len() as f64
}
