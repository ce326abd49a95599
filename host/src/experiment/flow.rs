//! The course of training: a wide net follows the closed form.

use faer::Mat;
use serde_json::json;
use std::time::Instant;
use ultrawide_finite::Model;
use ultrawide_plot::{Curve, Panel};

use super::ExperimentError;
use super::finding::{Claim, Finding};
use super::problem::{Closed, Problem, difference, train};
use super::setting::Setting;
use super::statistics::{PowerLaw, mean};
use crate::job::Software;

const DEPTH: usize = 3;
/// Steps of gradient descent in the time 1/λ_max, so many that the difference between it and gradient flow is small.
const FINE: usize = 8;
/// The factor of the output whose initial value is small.
const SMALL: f32 = 0.1;

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
/// # Errors
/// Images that no network takes.
///
/// # Cost
/// 6·m² operations for each image and step of a net of width m; twice that for antisymmetric ones.
pub fn flow(setting: &Setting<'_>) -> Result<Finding, ExperimentError> {
    let clock = Instant::now();
    let (images, tests, powers, seeds) = if setting.quick { (12, 16, 5..=8, 2) } else { (16, 40, 6..=11, 3) };
    let problem = Problem::new(setting, DEPTH, images, tests)?;
    let (x, z) = (problem.batch(&problem.train)?, problem.batch(&problem.test)?);
    // Times in units of 1/λ_max.
    let times: &[usize] = if setting.quick { &[1, 4, 16] } else { &[1, 2, 4, 8, 16, 32] };
    let cost = |width: usize, way: &Way| {
        (width * width) as u64 * if way.start == Start::Zero { 2 } else { 1 } * if way.ntk { 3 } else { 1 }
    };
    let (widths, seeds) = (setting.sizes.widths(powers), setting.sizes.seeds.unwrap_or(seeds));
    let all: u64 = WAYS.iter().flat_map(|way| widths.iter().map(move |&width| cost(width, way))).sum();
    setting.steps.begin("flow", all * seeds);
    let closed = [problem.closed(setting, true)?, problem.closed(setting, false)?];
    let (mut rows, mut claims, mut text) = (Vec::new(), Vec::new(), Vec::new());
    let (mut errors_by_width, mut courses) = (Vec::new(), Vec::new());
    for (number, way) in WAYS.iter().enumerate() {
        let closed = &closed[usize::from(!way.ntk)];
        let exact = times
            .iter()
            .map(|&time| closed.at(time as f64 / closed.largest()))
            .collect::<Result<Vec<[Mat<f64>; 2]>, _>>()?;
        let (mut points, mut dots) = (Vec::new(), Vec::new());
        for &width in &widths {
            let mut errors = vec![Vec::new(); times.len()];
            for seed in 0..seeds {
                let (mut model, faster) = way.model(&problem, width, setting.seed.wrapping_add(seed))?;
                let rate = faster / (FINE as f64 * closed.largest());
                let steps: Vec<usize> = times.iter().map(|time| time * FINE).collect();
                let mut at = 0;
                setting.machine.pool.install(|| {
                    train(&mut model, (&x, problem.y.as_ref()), (rate, closed.layers), &steps, |_, model| {
                        errors[at].push(difference(&model.outputs(&z), &exact[at][1]));
                        if seed == 0 && way.start == Start::Zero {
                            courses.push((way.ntk, width, times[at], model.outputs(&x)));
                        }
                        at += 1;
                    });
                });
                setting.steps.add(cost(width, way));
            }
            for (&time, errors) in times.iter().zip(&errors) {
                let error = mean(errors);
                rows.push(vec![json!(way.name), json!(width), json!(time), json!(error.center), json!(error.half)]);
            }
            if let Some(last) = errors.last() {
                points.extend(last.iter().map(|&error| (width as f64, error)));
                dots.push((width as f64, mean(last)));
            }
        }
        let law = PowerLaw::fit(&points);
        let expected = (way.start == Start::Zero).then_some(-0.5);
        claims.push(Claim { what: format!("slope of {}", way.name), found: law.slope, expected });
        let last = dots.last().map_or(f64::NAN, |dot| dot.1.center);
        text.push(format!(
            "{}: at the last time the test predictions of the widest net differ by {:.1} %, and the difference falls as width^({:.2} ± {:.2}).",
            way.name,
            100.0 * last,
            law.slope.center,
            law.slope.half
        ));
        let bars = dots.iter().map(|(width, at)| (*width, at.center - at.half, at.center + at.half));
        let marks = dots.iter().map(|(width, at)| (*width, at.center));
        errors_by_width.push(Curve::dots(way.name, number, marks).with_bars(bars));
        if way.start == Start::Zero {
            errors_by_width.push(law.curve(&format!("fit, {}", way.name), dots.iter().map(|dot| dot.0)));
        }
    }
    let course = course(&problem, &closed, times, &courses)?;
    let caption = problem.caption(setting);
    let panels = vec![
        Panel {
            caption: caption.clone(),
            axes: ["time, 1/λ_max", "residual of training, relative"],
            curves: course,
            ..Panel::default()
        },
        Panel {
            caption,
            axes: ["width", "difference of test outputs, relative"],
            curves: errors_by_width,
            ..Panel::default()
        },
    ];
    let mut settings = problem.settings(setting);
    settings["seeds"] = json!(seeds);
    settings["steps_per_time"] = json!(FINE);
    let what = "A net is trained by gradient descent in small steps, and what it says of test images at some times is held against the closed form at \
                the same times: √(Σ (f − f_t)² / Σ f_t²). The output at initialisation, which the closed form does not have, is taken away by \
                an untrained copy of the net (antisymmetric), made small by a factor, or left.";
    Ok(Finding {
        software: Software::default(),
        name: "flow",
        title: "The whole course of training follows the closed form",
        formula: "du/dt = −H (u − y),   f_t(x) = k(x,X) H⁻¹ (1 − e^(−tH)) y",
        text: std::iter::once(what.to_owned()).chain(text).collect(),
        settings,
        seconds: clock.elapsed().as_secs_f64(),
        claims,
        columns: vec!["training", "width", "time", "difference", "95 % ±"],
        rows,
        panels,
    })
}

/// ‖u − y‖/‖y‖ over time, of the closed form and of some nets.
fn course(
    problem: &Problem,
    closed: &[Closed; 2],
    times: &[usize],
    courses: &[(bool, usize, usize, Mat<f32>)],
) -> Result<Vec<Curve>, ExperimentError> {
    let y = &problem.y;
    let mut curves = Vec::new();
    let widest = courses.iter().map(|course| course.1).max().unwrap_or(0);
    let narrowest = courses.iter().map(|course| course.1).min().unwrap_or(0);
    let mut number = 0;
    for (closed, ntk, name) in [(&closed[0], true, "NTK"), (&closed[1], false, "last layer")] {
        let of = |time: &usize| -> Result<(f64, f64), ExperimentError> {
            let [train, _] = closed.at(*time as f64 / closed.largest())?;
            let left = Mat::from_fn(y.nrows(), y.ncols(), |r, c| f64::from(y[(r, c)]) - train[(r, c)]);
            Ok((*time as f64, left.norm_l2() / f64::from(y.norm_l2())))
        };
        let line = times.iter().map(of).collect::<Result<Vec<_>, _>>()?;
        curves.push(Curve::limit(format!("closed form, {name}"), line));
        for width in [narrowest, widest] {
            let of_width = courses.iter().filter(|course| course.0 == ntk && course.1 == width);
            let dots =
                of_width.map(|(_, _, time, outputs)| (*time as f64, f64::from((outputs - y).norm_l2() / y.norm_l2())));
            curves.push(Curve::dots(format!("width {width}, {name}"), number, dots));
            number += 1;
        }
    }
    Ok(curves)
}
