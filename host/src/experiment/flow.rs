//! The course of training: a wide net follows the closed form.

use faer::Mat;
use serde_json::json;
use std::time::Instant;
use ultrawide_finite::Model;
use ultrawide_plot::{Curve, Panel, Scale};

use super::finding::{Claim, Finding};
use super::problem::{Closed, Problem, difference, train};
use super::setting::Setting;
use super::statistics::{ANY, PowerLaw, mean, measured};
use super::{Experiment, ExperimentError};
use crate::job::Software;

const DEPTH: usize = 3;
/// Steps of gradient descent in the time 1/λ_max, so many that the difference between it and gradient flow is small.
const FINE: usize = 8;
/// Times between two measured ones at which the closed form is drawn: it costs no training.
const DRAWN: usize = 8;
/// The factor of the output whose initial value is small.
const SMALL: f32 = 0.1;
/// Test images whose outputs are drawn.
const SHOWN: usize = 3;

/// A way to train.
struct Way {
    name: &'static str,
    ntk: bool,
    start: Start,
}

/// What the net says before training.
#[derive(Clone, Copy, PartialEq)]
enum Start {
    Random,
    Small,
    Zero,
}

const WAYS: [Way; 4] = [
    Way { name: "NTK, antisymmetric", ntk: true, start: Start::Zero },
    Way { name: "NTK, output × 0.1", ntk: true, start: Start::Small },
    Way { name: "NTK, as drawn", ntk: true, start: Start::Random },
    Way { name: "last layer, antisymmetric", ntk: false, start: Start::Zero },
];

impl Way {
    fn model(&self, problem: &Problem, width: usize, seed: u64) -> Result<(Model, f64), ExperimentError> {
        let net = problem.net(width);
        Ok(match self.start {
            Start::Random => (Model::plain(net, seed)?, 1.0),
            Start::Small => (Model::scaled(net, SMALL, seed)?, f64::from(SMALL).powi(-2)),
            Start::Zero => (Model::antisymmetric(net, seed)?, 1.0),
        })
    }
}

/// Runs the experiment.
///
/// # Accuracy
/// The intervals cover 95 % or a little more where what scatters is Gaussian. Nets take steps of an eighth of 1/λ_max where the closed form flows: beside scatter that is in the differences, too.
///
/// # Errors
/// Images that no network takes.
///
/// # Cost
/// 6·m² operations for each image and step of a net of width m; twice that for antisymmetric ones.
pub fn flow(setting: &Setting<'_>) -> Result<Finding, ExperimentError> {
    let clock = Instant::now();
    let (images, tests, powers, seeds) = if setting.quick { (12, 16, 5..=8, 2) } else { (16, 40, 6..=11, 5) };
    let problem = Problem::new(setting, DEPTH, images, tests)?;
    let (x, z) = (problem.batch(&problem.train)?, problem.batch(&problem.test)?);
    // Times in units of 1/λ_max.
    let times: &[usize] = if setting.quick { &[1, 2, 4, 8, 16] } else { &[1, 2, 4, 8, 16, 32] };
    let cost = |width: usize, way: &Way| {
        problem.net(width).weights() as u64 * if way.start == Start::Zero { 2 } else { 1 } * if way.ntk { 3 } else { 1 }
    };
    let (widths, seeds) = (setting.sizes.widths(powers), setting.sizes.seeds.unwrap_or(seeds));
    let all: u64 = WAYS.iter().flat_map(|way| widths.iter().map(move |&width| cost(width, way))).sum();
    for &width in &widths {
        // Two nets and a gradient.
        problem.check(setting, width, 3, 0)?;
    }
    let closed = [problem.closed(setting, true)?, problem.closed(setting, false)?];
    setting.steps.begin("flow", all * seeds);
    let (mut rows, mut claims, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    let (mut errors_by_width, mut courses) = (Vec::new(), residuals(&problem, &closed, times)?);
    let (mut outputs, mut errors_by_time) = (predictions(&problem, &closed[0], times)?, Vec::new());
    let ends = [widths.first().copied(), widths.last().copied()];
    for (number, way) in WAYS.iter().enumerate() {
        let closed = &closed[usize::from(!way.ntk)];
        let exact = times
            .iter()
            .map(|&time| closed.at(time as f64 / closed.largest()))
            .collect::<Result<Vec<[Mat<f64>; 2]>, _>>()?;
        let (mut points, mut dots) = (Vec::new(), Vec::new());
        for &width in &widths {
            // Of each time: the differences of training and of test outputs, and the residual.
            let mut found: Vec<[Vec<f64>; 3]> = vec![Default::default(); times.len()];
            // Of each time the outputs that are drawn, of all seeds.
            let mut shown: Vec<[Vec<f64>; SHOWN]> = vec![Default::default(); times.len()];
            for seed in 0..seeds {
                let (mut model, faster) = way.model(&problem, width, setting.network_seed(width, seed))?;
                let rate = faster / (FINE as f64 * closed.largest());
                let steps: Vec<usize> = times.iter().map(|time| time * FINE).collect();
                let mut places = found.iter_mut().zip(&mut shown).zip(&exact);
                setting.machine.pool.install(|| {
                    train(&mut model, (&x, problem.y.as_ref()), (rate, closed.layers), &steps, |_, model| {
                        if let Some(((found, shown), [of_train, of_test])) = places.next() {
                            let [outputs, tests] = [&x, &z].map(|images| model.outputs(images));
                            found[0].push(difference(&outputs, of_train));
                            found[1].push(difference(&tests, of_test));
                            for (image, (shown, &class)) in shown.iter_mut().zip(&problem.test.labels).enumerate() {
                                shown.push(f64::from(tests[(usize::from(class), image)]));
                            }
                            found[2].push(f64::from((outputs - &problem.y).norm_l2() / problem.y.norm_l2()));
                        }
                    });
                });
                setting.steps.add(cost(width, way));
            }
            let means: Vec<_> = found.iter().map(|found| found.each_ref().map(|values| mean(values))).collect();
            for (&time, [of_train, of_test, left]) in times.iter().zip(&means) {
                let values = [of_test, of_train, left].map(|at| [json!(at.center), json!(at.half)]);
                rows.push([json!(way.name), json!(width), json!(time)].into_iter().chain(values.concat()).collect());
            }
            if let (Some([_, of_test, _]), Some([_, mean, _])) = (found.last(), means.last()) {
                points.extend(of_test.iter().map(|&error| (width as f64, error)));
                dots.push((width as f64, *mean));
            }
            if way.start == Start::Zero && ends.contains(&Some(width)) {
                let of = |at: usize| times.iter().zip(&means).map(move |(&time, means)| (time as f64, means[at]));
                let label = format!("width {width}, {}", if way.ntk { "NTK" } else { "last layer" });
                let (left, error): (Vec<_>, Vec<_>) = (of(2).collect(), of(1).collect());
                courses.push(measured(label.as_str(), courses.len() - 2, &left, ANY));
                errors_by_time.push(measured(label, errors_by_time.len(), &error, ANY));
            }
            if way.start == Start::Zero && way.ntk && ends[1] == Some(width) {
                for image in 0..SHOWN.min(problem.test.labels.len()) {
                    let course: Vec<_> =
                        times.iter().zip(&shown).map(|(&time, shown)| (time as f64, mean(&shown[image]))).collect();
                    outputs.push(measured(format!("width {width}, test image {}", image + 1), image, &course, ANY));
                }
            }
        }
        let law = PowerLaw::of_wide(&points);
        let expected = (way.start == Start::Zero).then_some(-0.5);
        claims.push(Claim { what: format!("slope of {}", way.name), found: law.slope, expected });
        errors_by_width.push(measured(way.name, number, &dots, ANY));
        if way.start == Start::Zero {
            errors_by_width.extend(law.curve(number, &dots));
        }
        let last = dots.last().map_or(f64::NAN, |dot| dot.1.center);
        shares.push(format!("{:.1} % ({})", 100.0 * last, way.name));
    }
    let caption = problem.caption(setting);
    let panels = vec![
        Panel {
            caption: caption.clone(),
            axes: ["time, 1/λ_max", "residual of training, relative"],
            curves: courses,
            ..Panel::default()
        },
        Panel {
            caption: caption.clone(),
            axes: ["width", "difference of test outputs, relative"],
            curves: errors_by_width,
            ..Panel::default()
        },
        Panel {
            caption: caption.clone(),
            axes: ["time, 1/λ_max", "output of the right class, NTK"],
            scales: [Scale::Log, Scale::Linear],
            curves: outputs,
            ..Panel::default()
        },
        Panel {
            caption,
            axes: ["time, 1/λ_max", "difference of test outputs, relative"],
            curves: errors_by_time,
            ..Panel::default()
        },
    ];
    let mut settings = problem.settings(setting, Experiment::Flow, &closed.each_ref().map(|closed| closed.layers));
    settings["seeds"] = json!(seeds);
    settings["steps_per_time"] = json!(FINE);
    let what = "A net is trained by gradient descent in small steps, and what it says of test images at some times is held against the closed form at \
                the same times: √(Σ (f − f_t)² / Σ f_t²). The output at initialisation, which the closed form does not have, is taken away by \
                the difference of two equal nets, both trained, over √2 (antisymmetric), made small by a factor, or left as it is drawn.";
    Ok(Finding {
        software: Software::default(),
        name: "flow",
        title: "The course of training follows the closed form",
        formula: "du/dt = −H (u − y),   f_t(x) = k(x,X) H⁻¹ (1 − e^(−tH)) y",
        text: vec![
            what.to_owned(),
            format!(
                "At the last time the test outputs of the widest nets differ by {}. Slopes are those of the wider half.",
                shares.join(", ")
            ),
        ],
        settings,
        seconds: clock.elapsed().as_secs_f64(),
        claims,
        columns: vec![
            "training",
            "width",
            "time",
            "difference",
            "difference 95 % ±",
            "of training outputs",
            "of training outputs 95 % ±",
            "residual",
            "residual 95 % ±",
        ],
        rows,
        panels,
    })
}

/// Times from the first to the last one, at which the closed form is drawn.
fn drawn(times: &[usize]) -> impl Iterator<Item = f64> {
    let ends = [times.first(), times.last()].map(|time| time.map_or(1.0, |&time| time as f64));
    let count = (DRAWN * times.len()).max(2);
    (0..count).map(move |number| ends[0] * (ends[1] / ends[0]).powf(number as f64 / (count - 1) as f64))
}

/// ‖u − y‖/‖y‖ over time in the closed forms.
fn residuals(problem: &Problem, closed: &[Closed; 2], times: &[usize]) -> Result<Vec<Curve>, ExperimentError> {
    let y = &problem.y;
    // In the colours of the widest nets.
    let line = |(closed, (name, number)): (&Closed, (&str, usize))| {
        let of = |time: f64| -> Result<(f64, f64), ExperimentError> {
            let [train, _] = closed.at(time / closed.largest())?;
            let left = Mat::from_fn(y.nrows(), y.ncols(), |r, c| f64::from(y[(r, c)]) - train[(r, c)]);
            Ok((time, left.norm_l2() / f64::from(y.norm_l2())))
        };
        Ok(Curve::dashed(
            format!("closed form, {name}"),
            number,
            drawn(times).map(of).collect::<Result<Vec<_>, ExperimentError>>()?,
        ))
    };
    closed.iter().zip([("NTK", 1), ("last layer", 3)]).map(line).collect()
}

/// f_t of the first test images over time in the closed form, for the class that each is of.
fn predictions(problem: &Problem, closed: &Closed, times: &[usize]) -> Result<Vec<Curve>, ExperimentError> {
    let classes = &problem.test.labels[..SHOWN.min(problem.test.labels.len())];
    let mut points = vec![Vec::new(); classes.len()];
    for time in drawn(times) {
        let [_, test] = closed.at(time / closed.largest())?;
        for (image, (points, &class)) in points.iter_mut().zip(classes).enumerate() {
            points.push((time, test[(usize::from(class), image)]));
        }
    }
    let named = points.into_iter().enumerate();
    Ok(named
        .map(|(image, points)| Curve::dashed(format!("closed form, test image {}", image + 1), image, points))
        .collect())
}
