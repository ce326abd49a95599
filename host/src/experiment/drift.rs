//! Step 2: in training, weights and kernel of a wide net hardly move.

use serde_json::json;
use std::time::Instant;
use ultrawide_finite::Model;
use ultrawide_plot::{Curve, Panel};

use super::ExperimentError;
use super::finding::{Claim, Finding};
use super::problem::{Problem, train};
use super::setting::Setting;
use super::statistics::{PowerLaw, mean, root_mean_square};
use crate::job::Software;

const DEPTH: usize = 3;
/// What moves, and by which power of the width.
const MOVES: [(&str, f64); 4] = [("first layer", -0.5), ("hidden layer", -1.0), ("last layer", -0.5), ("kernel", -1.0)];

/// Runs the experiment.
///
/// # Errors
/// Images that no network takes.
///
/// # Cost
/// 6·m² operations for each image and step of a net of width m.
pub fn drift(setting: &Setting<'_>) -> Result<Finding, ExperimentError> {
    let clock = Instant::now();
    let (images, powers, seeds, steps) = if setting.quick { (16, 5..=8, 3, 120) } else { (32, 6..=11, 4, 300) };
    let problem = Problem::new(setting, DEPTH, images, 1)?;
    let (widths, seeds) = (setting.sizes.widths(powers), setting.sizes.seeds.unwrap_or(seeds));
    let closed = problem.closed(setting, true)?;
    // A quarter of the largest stable step of the infinite net: narrow ones have larger eigenvalues.
    let rate = 0.5 / closed.largest();
    let x = problem.batch(&problem.train)?;
    let cost = |width: usize| (width * width) as u64;
    let all: u64 = widths.iter().map(|&width| cost(width) * seeds).sum();
    setting.steps.begin("drift", all);
    let (mut rows, mut points, mut means) = (Vec::new(), MOVES.map(|_| Vec::new()), MOVES.map(|_| Vec::new()));
    for &width in &widths {
        let mut moved = MOVES.map(|_| Vec::new());
        let mut losses = Vec::new();
        for seed in 0..seeds {
            let mut model = Model::antisymmetric(problem.net(width), setting.seed.wrapping_add(seed))?;
            setting.machine.pool.install(|| {
                let before = model.clone();
                let kernel = before.kernel(&x, &x, closed.layers);
                train(&mut model, (&x, problem.y.as_ref()), (rate, closed.layers), &[steps], |_, _| ());
                let (own, first) = (model.parts().next(), before.parts().next());
                if let (Some((_, own)), Some((_, first))) = (own, first) {
                    let distances = own.weights().distances(first.weights());
                    moved.iter_mut().zip(distances).for_each(|(moved, distance)| moved.push(distance));
                }
                let change = model.kernel(&x, &x, closed.layers) - &kernel;
                moved[3].push(change.norm_l2() / kernel.norm_l2());
                let residual = model.outputs(&x) - &problem.y;
                losses.push(f64::from(residual.norm_l2() / problem.y.norm_l2()));
            });
            setting.steps.add(cost(width));
        }
        let left = root_mean_square(losses.into_iter());
        for (number, (what, _)) in MOVES.iter().enumerate() {
            let average = mean(&moved[number]);
            points[number].extend(moved[number].iter().map(|&value| (width as f64, value)));
            means[number].push((width as f64, average));
            rows.push(vec![json!(width), json!(what), json!(average.center), json!(average.half), json!(left)]);
        }
    }
    // The law is that of wide nets.
    let smallest = means[0].get(means[0].len() / 2).map_or(0.0, |point| point.0);
    let (mut claims, mut curves, mut text) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (what, expected)) in MOVES.iter().enumerate() {
        let wide: Vec<(f64, f64)> = points[number].iter().copied().filter(|point| point.0 >= smallest).collect();
        let law = PowerLaw::fit(&wide);
        claims.push(Claim { what: format!("slope of the {what}"), found: law.slope, expected: Some(*expected) });
        text.push(format!("{what}: width^({:.3} ± {:.3}) from width {smallest} on.", law.slope.center, law.slope.half));
        let fitted = means[number].iter().map(|mean| mean.0).filter(|&width| width >= smallest);
        curves.push(law.curve(&format!("fit, {what}"), fitted));
        let bars = means[number].iter().map(|(width, at)| (*width, at.center - at.half, at.center + at.half));
        let dots = means[number].iter().map(|(width, at)| (*width, at.center));
        curves.push(Curve::dots(*what, number, dots).with_bars(bars));
    }
    let panel =
        Panel { caption: problem.caption(setting), axes: ["width", "relative movement"], curves, ..Panel::default() };
    let mut settings = problem.settings(setting);
    settings["steps"] = json!(steps);
    settings["rate"] = json!(rate);
    let what = "A net is trained by full-batch gradient descent with a quarter of the largest stable step, and the movement of its weights and of its \
                kernel held against where they started: ‖θ − θ₀‖/‖θ₀‖ of each layer and ‖H − H₀‖/‖H₀‖ (Frobenius). Each layer moves by a \
                distance that does not grow with the width; m·m hidden weights are as far from 0 as m, the others as √m.";
    Ok(Finding {
        software: Software::default(),
        name: "drift",
        title: "In training, weights and kernel of a wide net hardly move",
        formula: "‖θ(t) − θ(0)‖ / ‖θ(0)‖ → 0,   ‖H(t) − H(0)‖ / ‖H(0)‖ → 0",
        text: std::iter::once(what.to_owned()).chain(text).collect(),
        settings,
        seconds: clock.elapsed().as_secs_f64(),
        claims,
        columns: vec!["width", "what", "movement", "95 % ±", "residual left"],
        rows,
        panels: vec![panel],
    })
}
