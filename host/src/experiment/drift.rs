//! Step 2: in training, weights and kernel of a wide net hardly move.

use serde_json::json;
use std::time::Instant;
use ultrawide_finite::Model;
use ultrawide_plot::Panel;

use super::finding::{Claim, Finding};
use super::problem::{Problem, train};
use super::setting::Setting;
use super::statistics::{ANY, PowerLaw, mean, measured, root_mean_square};
use super::{Experiment, ExperimentError};
use crate::job::Software;

const DEPTH: usize = 3;

/// How often the movement is looked at, each time after twice as many steps as before, and which of these times the table shows beside the last one.
const TIMES: usize = 7;
const SHOWN: [usize; 2] = [2, 4];

/// What moves, and by which power of the width: the layers, all of them, and the kernel. A layer moves by a distance that does not depend on the width, away
/// from the root of the number of its weights. All of θ are a mixture of these, whose power depends on the widths: no number here. Of the kernel
/// the theorem says −½ at the most, and counting orders says −1 for smooth activations; here √m of the neurons cross the kink of their ReLU, and
/// each changes the kernel by 1/m with either sign: m^(¼ − 1).
fn moves(depth: usize) -> Vec<(String, Option<f64>)> {
    let hidden = (2..depth).map(|layer| (format!("layer {layer}, hidden"), Some(-1.0)));
    let ends = ["layer 1, first".to_owned(), format!("layer {depth}, last")].map(|end| (end, Some(-0.5)));
    let [first, last] = ends;
    let all = [last, ("all of θ".to_owned(), None), ("kernel".to_owned(), Some(-0.75))];
    [first].into_iter().chain(hidden).chain(all).collect()
}

/// The power of the width by which 1/√(number of weights) falls between two of them, in hundredths.
fn shrinking(problem: &Problem, [from, to]: [usize; 2]) -> f64 {
    let [fewer, more] = [from, to].map(|width| problem.net(width).weights());
    (-50.0 * (more / fewer).ln() / (to as f64 / from as f64).ln()).round() / 100.0
}

/// Runs the experiment.
///
/// # Accuracy
/// The intervals cover 95 % or a little more where what scatters is Gaussian; they do not know of the next power of the width, a few hundredths of a slope.
///
/// # Errors
/// Images that no network takes, networks that no memory holds.
///
/// # Cost
/// 12·m² operations for each image and step of a net of width m and depth 3.
pub fn drift(setting: &Setting<'_>) -> Result<Finding, ExperimentError> {
    let clock = Instant::now();
    let (images, powers, seeds, steps) = if setting.quick { (16, 5..=8, 3, 120) } else { (32, 6..=11, 6, 300) };
    let problem = Problem::new(setting, DEPTH, images, 1)?;
    let (widths, seeds) = (setting.sizes.widths(powers), setting.sizes.seeds.unwrap_or(seeds));
    for &width in &widths {
        // The two nets of a model, these as they were, and a gradient.
        problem.check(setting, width, 5, 0)?;
    }
    let closed = problem.closed(setting, true)?;
    // A quarter of the largest stable step of the infinite net: narrow ones have larger eigenvalues.
    let rate = 0.5 / closed.largest();
    let x = problem.batch(&problem.train)?;
    let cost = |width: usize| problem.net(width).weights() as u64;
    setting.steps.begin("drift", widths.iter().map(|&width| cost(width) * seeds).sum());
    let moves = moves(problem.depth);
    let times: Vec<usize> = (0..TIMES).rev().map(|halvings| steps >> halvings).collect();
    let (mut rows, mut points, mut means) = (Vec::new(), vec![Vec::new(); moves.len()], vec![Vec::new(); moves.len()]);
    let mut courses = Vec::new();
    for &width in &widths {
        // What has moved how far in each net, at each time.
        let mut moved = vec![vec![Vec::new(); TIMES]; moves.len()];
        let mut losses = Vec::new();
        for seed in 0..seeds {
            let mut model = Model::antisymmetric(problem.net(width), setting.network_seed(width, seed))?;
            setting.machine.pool.install(|| {
                let before = model.clone();
                let kernel = before.kernel(&x, &x, closed.layers);
                let mut place = 0..;
                train(&mut model, (&x, problem.y.as_ref()), (rate, closed.layers), &times, |_, model| {
                    let (change, place) = (model.kernel(&x, &x, closed.layers) - &kernel, place.next().unwrap_or(0));
                    // One of the two nets: the other moves as far.
                    let ends = model.parts().zip(before.parts()).take(1);
                    let distances = ends.flat_map(|((_, end), (_, start))| end.weights().distances(start.weights()));
                    let distances = distances.chain([change.norm_l2() / kernel.norm_l2()]);
                    moved.iter_mut().zip(distances).for_each(|(moved, distance)| moved[place].push(distance));
                });
                let residual = model.outputs(&x) - &problem.y;
                losses.push(f64::from(residual.norm_l2() / problem.y.norm_l2()));
            });
            setting.steps.add(cost(width));
        }
        let left = root_mean_square(losses.into_iter());
        for (number, (what, _)) in moves.iter().enumerate() {
            let course: Vec<_> = moved[number].iter().map(|moved| mean(moved)).collect();
            let (average, shown) = (course[TIMES - 1], SHOWN.map(|time| json!(course[time].center)));
            points[number].extend(moved[number][TIMES - 1].iter().map(|&value| (width as f64, value)));
            means[number].push((width as f64, average));
            let row = [json!(width), json!(what)].into_iter().chain(shown);
            rows.push(row.chain([json!(average.center), json!(average.half), json!(left)]).collect());
            if number + 1 == moves.len() {
                let course: Vec<_> = times.iter().map(|&time| time as f64).zip(course).collect();
                courses.push(measured(format!("width {width}"), courses.len(), &course, ANY));
            }
        }
    }
    let (mut claims, mut curves, mut smallest) = (Vec::new(), Vec::new(), 0.0);
    for (number, (what, expected)) in moves.iter().enumerate() {
        let law = PowerLaw::of_wide(&points[number]);
        smallest = law.from;
        let ends = [law.from.round() as usize, widths.last().copied().unwrap_or(0)];
        // No slope of one width alone.
        let expected = expected.or_else(|| Some(shrinking(&problem, ends)).filter(|power| power.is_finite()));
        claims.push(Claim { what: format!("slope of {what}"), found: law.slope, expected });
        curves.push(measured(what, number, &means[number], ANY));
        curves.extend(law.curve(number, &means[number]));
    }
    let caption = problem.caption(setting);
    let panels = vec![
        Panel { caption: caption.clone(), axes: ["width", "relative movement"], curves, ..Panel::default() },
        Panel { caption, axes: ["steps", "relative movement of the kernel"], curves: courses, ..Panel::default() },
    ];
    let mut settings = problem.settings(setting, Experiment::Drift, &[closed.layers]);
    settings["seeds"] = json!(seeds);
    settings["steps"] = json!(steps);
    settings["times"] = json!(times);
    settings["rate"] = json!(rate);
    Ok(Finding {
        software: Software::default(),
        name: "drift",
        title: "In training, weights and kernel of a wide net hardly move",
        formula: "‖θ(t) − θ(0)‖ / ‖θ(0)‖ → 0,   ‖H(t) − H(0)‖ / ‖H(0)‖ → 0",
        text: vec![format!(
            "The difference of two nets that are equal at first, over √2, is trained by full-batch gradient descent with a quarter of the largest stable step, and the movement of the \
             weights of one of them and of the kernel, the mean of theirs, held against where they started: ‖θ − θ₀‖/‖θ₀‖ of each layer and of all together, and ‖H − H₀‖/‖H₀‖ (Frobenius), after {steps} steps and on \
             the way there. Each layer moves by a \
             distance that does not grow with the width; m·m weights of a hidden layer between two of width m are as far from 0 as m, those of the first and the last as √m, all together as the root of their number. \
             Slopes are those from width {smallest:.0} on; beside the leading power there is some of the next, which the intervals do not know of, so that \
             slopes lie some hundredths beside those that are expected, of narrow nets more. Of the kernel the theorem says −½ at the most; −¾ comes from counting the \
             neurons that cross the kink of their ReLU."
        )],
        settings,
        seconds: clock.elapsed().as_secs_f64(),
        claims,
        columns: vec![
            "width",
            "what",
            "after 1/16 of the steps",
            "after 1/4",
            "movement",
            "movement 95 % ±",
            "residual left",
        ],
        rows,
        panels,
    })
}
