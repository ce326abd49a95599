//! The experiments in a size that takes seconds: what theory says about each, with the confidence that a few networks allow.
//!
//! The seeds are fixed, so that a pass is a pass for good; of fresh seeds one in twenty would see a 95 % interval miss.

use serde_json::Value;
use std::sync::OnceLock;
use ultrawide_core::{Kernel, Trained};
use ultrawide_finite::Tricks;

use super::convergence::{Course, Family};
use super::setting::Limit;
use super::statistics::Interval;
use super::*;
use crate::data::{Dataset, Images, Kind, LoadOptions, Pixels, load};
use crate::job::{Machine, NetKind};
use crate::precision::{
    CORRELATION_SEEN, DRAWN_LARGER, EQUAL_CLASSES, ERROR_FALLS, FITTED, LIMIT_NEAR, PEAK, RESIDUAL_LEFT, SLOPE_DRIFT,
    SLOPE_HALF, SLOPE_HALF_POOLED, SLOPE_TRAINING, TABLE_APART, TABLE_KERNELS, TABLE_POOLED, TRICKS_CONV, TRICKS_DENSE,
};
use crate::simd::Backend;

fn digits() -> &'static Dataset {
    static DIGITS: OnceLock<Dataset> = OnceLock::new();
    DIGITS.get_or_init(|| load(&LoadOptions::new(Kind::Digits)).unwrap())
}

fn setting(sizes: Sizes, machine: &Machine) -> Setting<'_> {
    Setting { data: digits(), images: String::new(), seed: 1, quick: true, sizes, machine, steps: &NoSteps }
}

fn found(which: Experiment, sizes: Sizes, threads: usize) -> Finding {
    let machine = Machine::new(Backend::select().unwrap(), Some(threads)).unwrap();
    which.run(&setting(sizes, &machine)).unwrap()
}

fn claim<'a>(finding: &'a Finding, what: &str) -> &'a Claim {
    finding.claims.iter().find(|claim| claim.what.contains(what)).unwrap_or_else(|| panic!("{what}"))
}

/// The numbers of a column where others have these values.
fn column(finding: &Finding, name: &str, with: &[(&str, Value)]) -> Vec<f64> {
    let at = |name: &str| finding.columns.iter().position(|column| *column == name).unwrap();
    let rows = finding.rows.iter().filter(|row| with.iter().all(|(name, value)| row[at(name)] == *value));
    rows.filter_map(|row| row[at(name)].as_f64()).collect()
}

/// The same of a column of means.
fn means(finding: &Finding, name: &str, with: &[(&str, Value)]) -> Vec<Interval> {
    let halves = column(finding, &format!("{name} 95 % ±"), with);
    column(finding, name, with).into_iter().zip(halves).map(|(center, half)| Interval { center, half }).collect()
}

/// The whole interval is no further than this from what is expected.
fn near(found: Interval, expected: f64, tolerance: f64, what: &str) {
    assert!((found.center - expected).abs() + found.half < tolerance, "{what}: {found:?}, expected {expected}");
}

/// Each interval lies wholly below the one before.
fn falls(means: &[Interval], what: &str) {
    let below = |pair: &[Interval]| pair[1].center + pair[1].half < pair[0].center - pair[0].half;
    assert!(means.len() > 1 && means.windows(2).all(below), "{what}: {means:?}");
}

#[test]
fn at_initialisation_the_error_falls_as_the_root_of_the_width() {
    let sizes = Sizes { widths: vec![64, 256, 1024], seeds: Some(8), ..Sizes::default() };
    let finding = found(Experiment::Init, sizes, 2);
    let dense = claim(&finding, "fc").found;
    assert!(dense.contains(-0.5) && dense.half < SLOPE_HALF, "{dense:?}");
    // Pooled kernels of narrower nets are far from Gaussian.
    let sizes = Sizes { widths: vec![32, 64, 128], seeds: Some(24), ..Sizes::default() };
    let finding = found(Experiment::Init, sizes, 2);
    for net in ["cntk-v", "cntk-gap"] {
        let slope = claim(&finding, net);
        assert!(slope.found.contains(-0.5) && slope.found.half < SLOPE_HALF_POOLED, "{slope:?}");
        let errors = column(&finding, "error", &[("net", net.into())]);
        assert!(errors.len() == 3 && errors[2] < ERROR_FALLS * errors[0], "{net}: {errors:?}");
    }
}

/// Three digits and their negatives: where products are below 0, kernels depend on the slope the most.
fn of_either_sign() -> Images {
    let three = setting::first(&digits().train, 3).unwrap().images;
    let mut numbers = vec![0.0f32; 3 * three.shape().len().unwrap()];
    numbers.chunks_exact_mut(three.shape().len().unwrap()).enumerate().for_each(|(at, out)| three.write(at, out));
    let negatives: Vec<f32> = numbers.iter().map(|x| -x).collect();
    Images::new(three.shape(), Pixels::F32([numbers, negatives].concat())).unwrap()
}

/// The mean error at the largest width.
fn last_error(course: &Course) -> Interval {
    let [center, half] = [3, 4].map(|at| course.rows.last().unwrap()[at].as_f64().unwrap());
    Interval { center, half }
}

#[test]
fn tricks_have_closed_forms() {
    let machine = Machine::new(Backend::select().unwrap(), Some(2)).unwrap();
    let setting = setting(Sizes::default(), &machine);
    let images = of_either_sign();
    for (kinds, widths, seeds, limits) in
        [(&tricks::DENSE[..], [128, 512, 2048], 16, TRICKS_DENSE), (&tricks::CONV[..], [32, 128, 256], 24, TRICKS_CONV)]
    {
        let courses = |families: &[Family], seeds: u64| {
            convergence::courses(&setting, "tricks", families, &images, seeds).unwrap()
        };
        let converges = |course: &Course, [half, error]: [f64; 2], kernel: &str| {
            let (Claim { what, found, .. }, last) = (&course.slope, last_error(course));
            assert!(found.contains(-0.5) && found.half < half, "{what}, {kernel}: {found:?}");
            assert!(last.center < error, "{what}, {kernel}: {last:?}");
        };
        let families = tricks::families(kinds, 4, &widths);
        let right = courses(&families, seeds);
        right.iter().for_each(|course| converges(course, limits[0], "NTK"));
        // The other kernels: of training the last layer alone, all of them, all but the first and the last.
        let ends = tricks::families(kinds, 4, &[widths[0], 4 * widths[0]]);
        for (kernel, trained) in
            [(Kernel::Nngp, Trained::All), (Kernel::Ntk, Trained::All), (Kernel::Ntk, Trained::Hidden)]
        {
            let of = |family: &Family| Family { limit: Limit { kernel, trained, ..family.limit }, ..family.clone() };
            let others: Vec<Family> = ends.iter().filter(|one| of(one).limit != one.limit).map(of).collect();
            let name = format!("{kernel:?}, {trained:?}");
            courses(&others, 48).iter().for_each(|course| converges(course, limits[1], &name));
        }
        // Nor do they converge to the kernel of the plain net or to that of the opposite slope.
        for (family, right) in families.iter().zip(&right) {
            let own = family.tricks;
            for tricks in [Tricks::default(), Tricks { slope: -own.slope, ..own }] {
                // Pooled kernels of absolute values and of ReLUs differ by less than the scatter of such narrow nets.
                if tricks == own || tricks == Tricks::default() && family.limit.kind == NetKind::CntkGap {
                    continue;
                }
                let wrong = Family { limit: Limit { tricks, ..family.limit }, ..family.clone() };
                let wrong = courses(&[wrong], seeds).remove(0);
                let (found, what) = (wrong.slope.found, format!("{}, against {tricks:?}", family.name));
                falls(&[last_error(&wrong), last_error(right)], &what);
                // The few widths of the convolutional nets tell little of a slope of 0.1.
                let seen = family.limit.kind == NetKind::Fc || tricks.slope != 0.0;
                assert!(!seen || found.center - found.half > wrong.slope.expected.unwrap(), "{what}: {found:?}");
            }
        }
    }
}

#[test]
fn layers_and_kernel_move_less_in_wide_nets() {
    let sizes = Sizes { widths: vec![128, 1024], seeds: Some(8), ..Sizes::default() };
    let finding = found(Experiment::Drift, sizes, 2);
    assert_eq!(finding.claims.len(), 5);
    // Beyond the leading power there is some of the next, which these intervals do not know of. The distance tells the −½ of the last layer, the −¾ of the
    // kernel and the −1 of a hidden layer from each other.
    for Claim { what, found, expected } in &finding.claims {
        near(*found, expected.unwrap(), SLOPE_DRIFT, what);
    }
}

#[test]
fn training_follows_the_closed_form() {
    let sizes = Sizes { widths: vec![32, 128, 512], seeds: Some(5), ..Sizes::default() };
    let finding = found(Experiment::Flow, sizes, 2);
    let at_last = |way: &str| [("training", way.into()), ("time", 16.into())];
    for way in ["NTK, antisymmetric", "last layer, antisymmetric"] {
        near(claim(&finding, way).found, -0.5, SLOPE_TRAINING, way);
        for outputs in ["difference", "of training outputs"] {
            falls(&means(&finding, outputs, &at_last(way)), &format!("{way}, {outputs}"));
        }
    }
    // The initial output of a net as it is drawn does not go away as the width grows; one made small is small.
    let last = |way: &str| *means(&finding, "difference", &at_last(way)).last().unwrap();
    let ways = ["NTK, as drawn", "NTK, output × 0.1", "NTK, antisymmetric"].map(last);
    falls(&ways, "outputs as drawn, small, of 0");
    assert!(ways[0].center > DRAWN_LARGER * ways[1].center, "{ways:?}");
    let drawn = claim(&finding, "as drawn").found;
    assert!(drawn.center + drawn.half > 0.0, "{drawn:?}");
}

#[test]
fn trained_nets_predict_as_kernel_regression_does() {
    let sizes = Sizes { widths: vec![32, 128, 512], seeds: Some(5), ..Sizes::default() };
    let finding = found(Experiment::Equivalence, sizes, 2);
    near(finding.claims[0].found, -0.5, SLOPE_TRAINING, "difference");
    for what in ["difference", "largest difference"] {
        falls(&means(&finding, what, &[]), what);
    }
    let ends = |name: &str| ["from", "to"].map(|end| column(&finding, &format!("{name} 95 % {end}"), &[]));
    let [from, to] = ends("correlation");
    assert!((1..3).all(|at| from[at] > to[at - 1]) && from[2] > CORRELATION_SEEN, "{from:?} {to:?}");
    // Classes of forty images.
    let [from, to] = ends("equal classes");
    assert!(from[2] > to[0] && from[2] > EQUAL_CLASSES && to[2] <= 1.0, "{from:?} {to:?}");
}

#[test]
fn the_error_peaks_where_all_images_are_just_fitted() {
    let finding = found(Experiment::DoubleDescent, Sizes { seeds: Some(4), ..Sizes::default() }, 2);
    let peak = claim(&finding, "peak").found.center;
    assert!((PEAK[0]..=PEAK[1]).contains(&peak), "{peak}");
    let of = |model: &'static str, width: Value| [("model", model.into()), ("width", width)];
    let limits = ["random features", "trained nets"]
        .map(|model| column(&finding, "test error", &of(model, "infinite".into()))[0]);
    // Forty images. Errors near the threshold have no variance to speak of; the wrong classes have.
    let wrong = |model, width: usize| {
        ["from", "to"].map(|end| column(&finding, &format!("wrong classes 95 % {end}"), &of(model, width.into()))[0])
    };
    let peak = wrong("random features", 40);
    for (model, width) in [("random features", 16), ("random features", 120), ("trained nets", 40)] {
        assert!(wrong(model, width)[1] < peak[0], "{model}, {width}: {:?} {peak:?}", wrong(model, width));
    }
    // Below the threshold features cannot fit the noise, from there on they do.
    let left = |width: usize| column(&finding, "residual", &of("random features", width.into()))[0];
    assert!(left(24) > RESIDUAL_LEFT && left(120) < FITTED, "{} {}", left(24), left(120));
    // Trained nets get better all the way. Both tend to their limits.
    let error = |model, width: usize| means(&finding, "test error", &of(model, width.into()))[0];
    falls(&[2, 24, 200].map(|width| error("trained nets", width)), "trained nets");
    for (model, width, limit) in [("random features", 1600, limits[0]), ("trained nets", 200, limits[1])] {
        near(error(model, width), limit, LIMIT_NEAR * limit, model);
    }
}

/// Also those beyond what would be trained by default, and a single one, which is seen as a point.
#[test]
fn widths_that_are_asked_for_are_trained() {
    let sizes = Sizes { widths: vec![400], train: Some(20), seeds: Some(2), ..Sizes::default() };
    let finding = found(Experiment::DoubleDescent, sizes, 2);
    for model in ["random features", "trained nets"] {
        assert_eq!(
            column(&finding, "test error", &[("model", model.into()), ("width", 400.into())]).len(),
            1,
            "{model}"
        );
    }
    assert!(!finding.text.concat().contains("NaN"), "{:?}", finding.text);
    // In each of three panels a ring for either model.
    assert_eq!(finding.svg().unwrap().matches("<circle").count(), 3 * 2);
}

#[test]
fn the_table_has_nets_and_kernels() {
    let finding = found(Experiment::Table, Sizes { depths: vec![3], ..Sizes::default() }, 2);
    let models: Vec<&str> = finding.rows.iter().filter_map(|row| row[0].as_str()).collect();
    assert_eq!(models, ["CNN-V", "CNTK-V", "NNGP-V", "CNN-GAP", "CNTK-GAP", "NNGP-GAP"]);
    // Of a hundred images: kernels know most, and flattened nets as many as their kernel. Pooled nets learn more slowly.
    let accuracies = column(&finding, "accuracy, %", &[]);
    let [cnn, pooled] = [accuracies[0], accuracies[3]];
    assert!([1, 2, 4, 5].iter().all(|&kernel| accuracies[kernel] > TABLE_KERNELS), "{accuracies:?}");
    assert!((cnn - accuracies[1]).abs() < TABLE_APART && pooled > TABLE_POOLED, "{accuracies:?}");
}

/// Of the step sizes that are tried, the table takes the one that leaves least of the targets.
#[test]
fn the_table_takes_the_best_of_the_step_sizes() {
    let table = |steps: &[f64]| {
        let sizes = Sizes {
            depths: vec![3],
            seeds: Some(1),
            train: Some(30),
            epochs: Some(5),
            steps: steps.to_vec(),
            ..Sizes::default()
        };
        found(Experiment::Table, sizes, 2)
    };
    let steps = [0.02, 0.5, 4.0];
    let alone = steps.map(|step| table(&[step]));
    let chosen = table(&steps);
    for net in ["CNN-V", "CNN-GAP"] {
        let of = |finding: &Finding| {
            ["residual left", "least step", "largest step", "accuracy, %"]
                .map(|name| column(finding, name, &[("model", net.into())]).first().copied().unwrap_or(f64::NAN))
        };
        // Alone the largest step kills pooled nets, of which nothing is told then.
        let best = alone.iter().map(of).reduce(|a, b| if b[0].is_nan() || a[0] <= b[0] { a } else { b }).unwrap();
        assert_eq!(of(&chosen), best, "{net}");
    }
    // Nets whose ReLUs all die say 0, which is no more than nothing.
    let lost = table(&[1000.0]);
    for net in ["CNN-V", "CNN-GAP"] {
        let of = |name| column(&lost, name, &[("model", net.into())]);
        assert_eq!([of("nets"), of("diverged")], [[0.0], [1.0]], "{net}");
        assert!(of("accuracy, %").is_empty() && of("residual left").is_empty(), "{net}");
    }
}

#[test]
fn a_seed_gives_the_same_figures_on_any_number_of_threads() {
    let sizes = Sizes { widths: vec![32, 300], seeds: Some(2), ..Sizes::default() };
    for which in [Experiment::Init, Experiment::Drift, Experiment::Flow] {
        let [one, two] = [1, 2].map(|threads| found(which, sizes.clone(), threads));
        assert_eq!(one.rows, two.rows, "{which:?}");
    }
}

#[test]
fn findings_are_written_in_every_form() {
    let sizes = Sizes { widths: vec![8, 16], seeds: Some(2), ..Sizes::default() };
    let machine = Machine::new(Backend::select().unwrap(), Some(2)).unwrap();
    let setting = setting(sizes, &machine);
    let findings = [init(&setting).unwrap(), drift(&setting).unwrap()];
    let folder = tempfile::tempdir().unwrap();
    findings.iter().for_each(|finding| finding.write(folder.path()).unwrap());
    write_page(&setting, &findings, folder.path(), "index").unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let page = read("index.html");
    assert_eq!(page.matches("<svg").count(), 2);
    // Figures of few nets are explained, others are not.
    let sentence = "figures of <code>--quick</code>";
    assert!(page.contains(sentence));
    let full = Setting { quick: false, images: String::new(), sizes: Sizes::default(), ..setting };
    assert!(!super::page(&full, &findings).unwrap().contains(sentence));
    // Nothing is fetched: the only addresses are those of namespaces.
    assert_eq!(page.matches("http").count(), page.matches("xmlns").count(), "{page}");
    for finding in &findings {
        assert!(page.contains(finding.title) && page.contains(&format!("id=\"{}\"", finding.name)));
        let csv = read(&format!("{}.csv", finding.name));
        assert_eq!(csv.lines().count(), finding.rows.len() + 1);
        let json: Value = serde_json::from_str(&read(&format!("{}.json", finding.name))).unwrap();
        assert_eq!(json["rows"].as_array().unwrap().len(), finding.rows.len());
        assert_eq!(json["settings"]["seed"], 1);
        assert!(read(&format!("{}.svg", finding.name)).trim_end().ends_with("</svg>"));
    }
    let nowhere = folder.path().join("nowhere");
    for refused in [write_page(&setting, &findings, &nowhere, "index"), findings[0].write(&nowhere)] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("nowhere") && !error.contains('\n'), "{error}");
    }
}

#[test]
fn images_that_no_network_takes_are_refused() {
    let machine = Machine::new(Backend::select().unwrap(), Some(1)).unwrap();
    for sizes in [
        Sizes { depths: vec![1], ..Sizes::default() },
        Sizes { widths: vec![1 << 16], depths: vec![3], seeds: Some(1), train: Some(2), ..Sizes::default() },
    ] {
        let setting = setting(sizes, &machine);
        for which in Experiment::ALL {
            let error = which.run(&setting).map(|finding| finding.name).unwrap_err().to_string();
            assert!(!error.contains('\n') && !error.is_empty(), "{which:?}: {error}");
        }
    }
}
