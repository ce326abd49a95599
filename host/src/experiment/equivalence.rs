//! Where training ends: the predictions of a wide net are those of kernel regression.

use serde_json::json;
use std::time::Instant;
use ultrawide_finite::Model;
use ultrawide_plot::{Curve, Panel, Scale};

use super::finding::{Claim, Finding, bounded};
use super::problem::{Problem, class_of, train};
use super::setting::Setting;
use super::statistics::{ANY, CORRELATION, Interval, PowerLaw, SHARE, correlation, mean, measured, root_mean_square};
use super::{Experiment, ExperimentError};
use crate::job::Software;

const DEPTH: usize = 3;
/// Training ends when the residual is this part of the targets.
const LEFT: f64 = 1e-2;

/// Runs the experiment.
///
/// # Accuracy
/// The intervals cover 95 % or a little more where what scatters is Gaussian. What is left of the targets when training ends, a hundredth unless the steps run out, is in the
/// differences, too.
///
/// # Errors
/// Images that no network takes; a kernel that cannot be solved.
///
/// # Cost
/// 12·m² operations for each image and step of a net of width m; some hundred to some thousand steps.
pub fn equivalence(setting: &Setting<'_>) -> Result<Finding, ExperimentError> {
    let clock = Instant::now();
    let (images, tests, powers, seeds) = if setting.quick { (12, 40, 5..=8, 2) } else { (16, 200, 6..=12, 5) };
    let problem = Problem::new(setting, DEPTH, images, tests)?;
    let most = if setting.quick { 2000 } else { 6000 };
    let (widths, seeds) = (setting.sizes.widths(powers), setting.sizes.seeds.unwrap_or(seeds));
    for &width in &widths {
        // Two nets and a gradient.
        problem.check(setting, width, 3, 0)?;
    }
    let closed = problem.closed(setting, true)?;
    let [_, exact] = closed.at(f64::INFINITY)?;
    let (x, z) = (problem.batch(&problem.train)?, problem.batch(&problem.test)?);
    let rate = 1.0 / closed.largest();
    let cost = |width: usize| problem.net(width).weights() as u64;
    let all: u64 = widths.iter().map(|&width| cost(width)).sum();
    setting.steps.begin("equivalence", all * seeds);
    let (mut rows, mut points, mut scatter) = (Vec::new(), Vec::new(), Vec::new());
    let mut by_width: [Vec<(f64, Interval)>; 5] = Default::default();
    for &width in &widths {
        let mut found: [Vec<f64>; 5] = Default::default();
        for seed in 0..seeds {
            let mut model = Model::antisymmetric(problem.net(width), setting.network_seed(width, seed))?;
            let (mut left, mut steps) = (1.0, 0);
            let outputs = setting.machine.pool.install(|| {
                while left > LEFT && steps < most {
                    train(&mut model, (&x, problem.y.as_ref()), (rate, closed.layers), &[50], |_, _| ());
                    steps += 50;
                    left = f64::from((model.outputs(&x) - &problem.y).norm_l2() / problem.y.norm_l2());
                }
                model.outputs(&z)
            });
            let all = (0..outputs.ncols()).flat_map(|image| (0..outputs.nrows()).map(move |class| (class, image)));
            let pairs: Vec<(f64, f64)> = all.map(|at| (exact[at], f64::from(outputs[at]))).collect();
            let size = root_mean_square(pairs.iter().map(|pair| pair.0));
            let same = (0..outputs.ncols())
                .filter(|&image| class_of(outputs.as_ref(), image) == class_of(exact.as_ref(), image))
                .count();
            let largest = pairs.iter().map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            let values = [
                root_mean_square(pairs.iter().map(|(a, b)| a - b)) / size,
                largest,
                correlation(&pairs),
                same as f64 / outputs.ncols() as f64,
                left,
            ];
            found.iter_mut().zip(values).for_each(|(found, value)| found.push(value));
            points.push((width as f64, values[0]));
            if seed == 0 {
                scatter.push((width, pairs));
            }
            setting.steps.add(cost(width));
        }
        let means = found.map(|found| mean(&found));
        let [difference, largest, correlated, same, left] = &means;
        let mut row = vec![json!(width)];
        row.extend([difference, largest].iter().flat_map(|mean| [json!(mean.center), json!(mean.half)]));
        row.extend(bounded(correlated, CORRELATION));
        row.extend(bounded(same, SHARE));
        row.extend([json!(left.center), json!(left.half)]);
        rows.push(row);
        by_width.iter_mut().zip(means).for_each(|(values, mean)| values.push((width as f64, mean)));
    }
    let law = PowerLaw::of_wide(&points);
    let [difference, largest, correlated, same, _] = &by_width;
    let last = |values: &[(f64, Interval)]| values.last().map_or(f64::NAN, |value| value.1.center);
    let text = vec![
        format!(
            "A net, the difference of two that are equal at first, over √2, is trained until what is left of the targets is a hundredth, or for {most} steps if that comes first, and its outputs for images that it has not seen are held against \
             kernel regression with the closed-form NTK of the same architecture. Intervals of correlations and of shares end where these do, at 1."
        ),
        format!(
            "The widest net agrees with a correlation of {} and a largest difference of {:.3}; {:.1} % of its classes are the same. The slope is that of the wider half.",
            if last(correlated).is_nan() { "–".to_owned() } else { format!("{:.4}", last(correlated)) },
            last(largest),
            100.0 * last(same)
        ),
    ];
    let mut clouds: Vec<Curve> = Vec::new();
    for (number, at) in [0, scatter.len() - 1].into_iter().enumerate() {
        let (width, pairs) = &scatter[at];
        clouds.push(Curve::dots(format!("width {width}"), 1 - number, pairs.iter().copied()));
    }
    clouds.push(Curve::limit("equal", [(-0.4, -0.4), (1.0, 1.0)]));
    let caption = problem.caption(setting);
    let panels = vec![
        Panel {
            caption: caption.trim_end_matches("; bars: 95 %").to_owned(),
            axes: ["kernel regression", "trained net"],
            scales: [Scale::Linear; 2],
            curves: clouds,
            ..Panel::default()
        },
        Panel {
            caption: caption.clone(),
            axes: ["width", "difference"],
            curves: std::iter::once(measured("root mean square, relative", 0, difference, ANY))
                .chain(law.curve(0, difference))
                .chain([measured("largest, of targets 0.9 and −0.1", 1, largest, ANY)])
                .collect(),
            ..Panel::default()
        },
        Panel {
            caption,
            axes: ["width", "agreement"],
            scales: [Scale::Log, Scale::Linear],
            curves: vec![
                measured("correlation", 0, correlated, CORRELATION),
                measured("equal classes, share", 1, same, SHARE),
            ],
            ..Panel::default()
        },
    ];
    let mut settings = problem.settings(setting, Experiment::Equivalence, &[closed.layers]);
    settings["seeds"] = json!(seeds);
    settings["until_left"] = json!(LEFT);
    settings["most_steps"] = json!(most);
    settings["rate"] = json!(rate);
    Ok(Finding {
        software: Software::default(),
        name: "equivalence",
        title: "A trained wide net predicts what kernel regression predicts",
        formula: "f_∞(x) = k(x,X) K⁻¹ y",
        text,
        settings,
        seconds: clock.elapsed().as_secs_f64(),
        claims: vec![Claim { what: "slope of the difference".to_owned(), found: law.slope, expected: Some(-0.5) }],
        columns: vec![
            "width",
            "difference",
            "difference 95 % ±",
            "largest difference",
            "largest difference 95 % ±",
            "correlation",
            "correlation 95 % from",
            "correlation 95 % to",
            "equal classes",
            "equal classes 95 % from",
            "equal classes 95 % to",
            "residual left",
            "residual left 95 % ±",
        ],
        rows,
        panels,
    })
}
