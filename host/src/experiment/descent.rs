//! Double descent: the test error against width, through the width at which training images are fitted exactly, to the infinite net.

use faer::Mat;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use rayon::prelude::*;
use serde_json::json;
use std::time::Instant;
use ultrawide_finite::{Model, Network};
use ultrawide_plot::{Curve, Panel, Scale};

use super::finding::{Claim, Finding, bounded};
use super::problem::{Problem, class_of, spectrum, train};
use super::setting::Setting;
use super::statistics::{ANY, Interval, SHARE, bars, mean, root_mean_square};
use super::{Experiment, ExperimentError};
use crate::job::Software;
use crate::regression::Targets;

/// One hidden layer.
const DEPTH: usize = 2;
/// The part of the training labels that is drawn anew: without noise there is little to overfit.
const NOISE: f64 = 0.2;
/// Beside λ_max, what stands for 0 in the eigenvalues of the features' kernel, which is exact to some 1e-16.
const NOTHING: f64 = 1e-12;

/// The bounds of a residual.
const ABOVE: [f64; 2] = [0.0, f64::INFINITY];

/// What one model errs by: on test images the root mean square of f − y and the share of wrong classes, on training images ‖f − y‖/‖y‖.
type Errors = [f64; 3];

/// What a width and a seed lead to.
type Run<'a> = &'a (dyn Fn(usize, u64) -> Result<Errors, ExperimentError> + Sync);

/// Runs the experiment.
///
/// # Accuracy
/// The intervals cover 95 % or a little more where errors are Gaussian. For the pseudo-inverse stands a ridge of 1e-12 λ_max.
///
/// # Errors
/// Images that no network takes.
///
/// # Cost
/// n³ operations for each network of random features; for the trained ones 12·n·m·C·P·Q for each of some thousand steps.
pub fn double_descent(setting: &Setting<'_>) -> Result<Finding, ExperimentError> {
    let clock = Instant::now();
    let (images, tests, seeds, steps) = match (setting.quick, setting.has_few_pixels()) {
        (true, _) => (40, 100, 3, 300),
        (false, true) => (100, 359, 8, 1500),
        // A step costs as much as there are features.
        (false, false) => (80, 359, 5, 1000),
    };
    let seeds = setting.sizes.seeds.unwrap_or(seeds);
    let mut problem = Problem::new(setting, DEPTH, images, tests)?;
    problem.set_labels(noisy(&problem.train.labels, problem.classes, setting.seed))?;
    let truth = super::setting::targets(&problem.test, problem.classes)?;
    let n = problem.train.labels.len();
    // The threshold lies at a width of n: more widths around it.
    let parts = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0];
    let mut widths = match &setting.sizes.widths[..] {
        [] => parts.map(|part| ((part * n as f64).round() as usize).max(1)).to_vec(),
        _ => setting.sizes.widths(0..=0),
    };
    // Of few images several parts are the same width.
    widths.dedup();
    for &width in &widths {
        // Two nets and a gradient; of each thread the kernel of its features, and what its eigenvectors take.
        problem.check(setting, width, 3, 3 * setting.machine.threads())?;
    }
    let (x, z) = (problem.batch(&problem.train)?, problem.batch(&problem.test)?);
    let targets = Targets::new(&problem.train.labels, problem.classes)?;
    let y = widened(&problem.y);
    let errors = |of_train: &Mat<f64>, outputs: &Mat<f64>| -> Errors {
        let at = (0..outputs.ncols()).flat_map(|image| (0..outputs.nrows()).map(move |class| (class, image)));
        let rest = root_mean_square(at.map(|at| outputs[at] - f64::from(truth[at])));
        let wrong = (0..outputs.ncols())
            .filter(|&image| class_of(outputs.as_ref(), image) != usize::from(problem.test.labels[image]))
            .count();
        [rest, wrong as f64 / outputs.ncols() as f64, (of_train - &y).norm_l2() / y.norm_l2()]
    };
    let closed = [problem.closed(setting, false)?, problem.closed(setting, true)?];
    let rate = 0.5 / closed[1].largest();
    let time = steps as f64 * rate;
    let limits = [closed[0].at(f64::INFINITY)?, closed[1].at(time)?].map(|[train, test]| errors(&train, &test));
    // Steps of wide nets take long; those that are asked for are taken.
    let asked = !setting.sizes.widths.is_empty();
    let trained_widths: Vec<usize> = widths.iter().copied().filter(|&width| asked || width <= 5 * n).collect();
    let cost = |width: usize, trained: bool| (width * if trained { steps } else { 20 }) as u64;
    let all: u64 = widths.iter().map(|&width| cost(width, false)).sum::<u64>()
        + trained_widths.iter().map(|&width| cost(width, true)).sum::<u64>();
    setting.steps.begin("double-descent", all * seeds);
    let features = |width: usize, seed: u64| -> Result<Errors, ExperimentError> {
        let network = Network::new(problem.net(width), seed)?;
        let [of_train, of_test] = [&x, &z].map(|batch| widened(&network.features(batch)));
        let kernel = of_train.transpose() * &of_train;
        // The pseudo-inverse: weights of the least norm among those of the least squares.
        setting.steps.add(cost(width, false));
        // Of few features all may be 0 on few images: so is their fit.
        if kernel.norm_max() == 0.0 {
            let zeros = |images| Mat::zeros(problem.classes, images);
            return Ok(errors(&zeros(x.len()), &zeros(z.len())));
        }
        let spectrum = spectrum(&kernel, &targets, setting.machine)?;
        let weights = spectrum.weights(NOTHING * spectrum.extremes()[1])?;
        let [on_train, on_test] =
            [&of_train, &of_test].map(|of| (of.transpose() * &of_train * &weights).transpose().to_owned());
        Ok(errors(&on_train, &on_test))
    };
    let trained = |width: usize, seed: u64| -> Result<Errors, ExperimentError> {
        let mut model = Model::antisymmetric(problem.net(width), seed)?;
        train(&mut model, (&x, problem.y.as_ref()), (rate, closed[1].layers), &[steps], |_, _| ());
        setting.steps.add(cost(width, true));
        Ok(errors(&widened(&model.outputs(&x)), &widened(&model.outputs(&z))))
    };
    let ways: [(&str, &[usize], Run<'_>); 2] =
        [("random features", &widths, &features), ("trained nets", &trained_widths, &trained)];
    let (mut rows, mut curves) = (Vec::new(), [Vec::new(), Vec::new(), Vec::new()]);
    let (mut claims, mut text) = (Vec::new(), Vec::new());
    for (number, (name, widths, run)) in ways.into_iter().enumerate() {
        let mut means: Vec<(f64, [Interval; 3])> = Vec::new();
        for &width in widths {
            // Nets of one hidden layer are too small for several threads each.
            let one = |seed| run(width, setting.network_seed(width, seed));
            let found: Vec<Errors> =
                setting.machine.pool.install(|| (0..seeds).into_par_iter().map(one).collect::<Result<_, _>>())?;
            let each = [0, 1, 2].map(|which| mean(&found.iter().map(|errors| errors[which]).collect::<Vec<_>>()));
            let [rest, wrong, left] = each;
            let mut row = vec![json!(name), json!(width), json!(rest.center), json!(rest.half)];
            row.extend(bounded(&wrong, SHARE));
            row.extend([json!(left.center), json!(left.half)]);
            rows.push(row);
            means.push((width as f64, each));
        }
        let limit = limits[number];
        let ([rest, wrong, left], none) = (limit.map(|value| json!(value)), || json!(null));
        rows.push(vec![json!(name), json!("infinite"), rest, none(), wrong, none(), none(), left, none()]);
        let span = [means.first(), means.last()].map(|point| point.map_or(1.0, |point| point.0));
        for (which, curves) in curves.iter_mut().enumerate() {
            let values: Vec<_> = means.iter().map(|(width, each)| (*width, each[which])).collect();
            let line = values.iter().map(|(width, value)| (*width, value.center));
            curves.push(Curve::new(name, number, line).with_bars(bars(&values, [ANY, SHARE, ABOVE][which])));
            let ends = [0.9 * span[0], span[1] / 0.9];
            curves.push(Curve::dashed(format!("infinite, {name}"), number, ends.map(|width| (width, limit[which]))));
        }
        let peak = means.iter().fold(
            (0.0, 0.0),
            |peak, (width, each)| {
                if each[0].center > peak.1 { (*width, each[0].center) } else { peak }
            },
        );
        let last = means.last().map_or(f64::NAN, |point| point.1[0].center);
        text.push(format!(
            "{name}: the error is largest, {:.2}, at a width of {} for {n} training images; the widest net has {last:.3}, the infinite one {:.3}.",
            peak.1, peak.0, limit[0]
        ));
        if number == 0 && (span[0]..span[1]).contains(&(n as f64)) {
            let (found, expected) = (Interval { center: peak.0 / n as f64, half: f64::NAN }, Some(1.0));
            claims.push(Claim { what: "width of the peak over the number of images".to_owned(), found, expected });
        }
    }
    let caption = problem.caption(setting);
    let [rest, wrong, left] = curves;
    let panels = vec![
        Panel {
            caption: caption.clone(),
            axes: ["width", "test error, root mean square"],
            curves: rest,
            ..Panel::default()
        },
        Panel {
            caption: caption.clone(),
            axes: ["width", "wrong test classes, share"],
            curves: wrong,
            ..Panel::default()
        },
        // A residual of 0 has no logarithm.
        Panel {
            caption,
            axes: ["width", "residual of training, relative"],
            scales: [Scale::Log, Scale::Linear],
            curves: left,
            ..Panel::default()
        },
    ];
    let mut settings =
        problem.settings(setting, Experiment::DoubleDescent, &closed.each_ref().map(|closed| closed.layers));
    settings["noise"] = json!(NOISE);
    settings["seeds"] = json!(seeds);
    settings["steps"] = json!(steps);
    let what = format!(
        "Regression on the features of random nets of depth {}, of the least norm, and trained nets of the same shape, differences of two that are equal at first; {:.0} % of the training \
         labels are drawn at random. Once there are as many features as images, all of them can be fitted, noise included, and barely: there \
         the error peaks. Wider nets fit them more smoothly, and tend to the infinite net: the NNGP for the features, the NTK at the same time of training for the trained nets.",
        problem.depth,
        100.0 * NOISE
    );
    Ok(Finding {
        software: Software::default(),
        name: "double-descent",
        title: "Beyond the width that fits all images, wider nets err less",
        formula: "f(x) = φ(x) φ(X)⁺ y → k(x,X) K⁻¹ y",
        text: std::iter::once(what).chain(text).collect(),
        settings,
        seconds: clock.elapsed().as_secs_f64(),
        claims,
        columns: vec![
            "model",
            "width",
            "test error",
            "test error 95 % ±",
            "wrong classes",
            "wrong classes 95 % from",
            "wrong classes 95 % to",
            "residual",
            "residual 95 % ±",
        ],
        rows,
        panels,
    })
}

/// The labels, a part of them drawn anew.
fn noisy(labels: &[u16], classes: usize, seed: u64) -> Vec<u16> {
    let mut random = Pcg64::seed_from_u64(seed);
    let draw = |&label: &u16| {
        if random.random_bool(NOISE) { random.random_range(0..classes) as u16 } else { label }
    };
    labels.iter().map(draw).collect()
}

fn widened(of: &Mat<f32>) -> Mat<f64> {
    Mat::from_fn(of.nrows(), of.ncols(), |r, c| f64::from(of[(r, c)]))
}
