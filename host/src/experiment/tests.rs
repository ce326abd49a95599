//! The experiments in a size that takes seconds: what theory says about each, with the confidence that a few networks allow.
//!
//! The seeds are fixed, so that a pass is a pass for good; of fresh seeds one in twenty would see a 95 % interval miss.

use serde_json::Value;
use std::sync::OnceLock;
use ultrawide_finite::Tricks;

use super::convergence::Family;
use super::setting::Limit;
use super::*;
use crate::data::{Dataset, Kind, LoadOptions, load};
use crate::job::{Machine, NetKind};
use crate::simd::Backend;

fn digits() -> &'static Dataset {
    static DIGITS: OnceLock<Dataset> = OnceLock::new();
    DIGITS.get_or_init(|| load(&LoadOptions::new(Kind::Digits)).unwrap())
}

fn found(which: Experiment, sizes: Sizes, threads: usize) -> Finding {
    let machine = Machine::new(Backend::select().unwrap(), Some(threads)).unwrap();
    let setting = Setting { data: digits(), seed: 1, quick: true, sizes, machine: &machine, steps: &NoSteps };
    which.run(&setting).unwrap()
}

fn claim<'a>(finding: &'a Finding, what: &str) -> &'a Claim {
    finding.claims.iter().find(|claim| claim.what.contains(what)).unwrap_or_else(|| panic!("{what}"))
}

/// The numbers of a column where another has this value.
fn column(finding: &Finding, name: &str, (of, value): (&str, &str)) -> Vec<f64> {
    let at = |name: &str| finding.columns.iter().position(|column| *column == name).unwrap();
    let rows = finding.rows.iter().filter(|row| row[at(of)] == value);
    rows.filter_map(|row| row[at(name)].as_f64()).collect()
}

#[test]
fn at_initialisation_the_error_falls_as_the_root_of_the_width() {
    let sizes = Sizes { widths: vec![32, 64, 128, 256, 512], seeds: Some(8), ..Sizes::default() };
    let finding = found(Experiment::Init, Sizes { widths: vec![64, 256, 1024], ..sizes.clone() }, 2);
    assert!(claim(&finding, "fc").found.contains(-0.5), "{:?}", finding.claims);
    // Pooled kernels of narrower nets are far from Gaussian.
    let finding = found(Experiment::Init, Sizes { widths: vec![32, 64, 128], seeds: Some(24), ..sizes }, 2);
    for net in ["cntk-v", "cntk-gap"] {
        let slope = claim(&finding, net);
        assert!(slope.found.contains(-0.5) && slope.found.half < 0.4, "{slope:?}");
        let errors = column(&finding, "error", ("net", net));
        assert!(errors.len() == 3 && errors[2] < 0.7 * errors[0], "{net}: {errors:?}");
    }
}

#[test]
fn tricks_have_closed_forms() {
    let machine = Machine::new(Backend::select().unwrap(), Some(2)).unwrap();
    let setting =
        Setting { data: digits(), seed: 1, quick: true, sizes: Sizes::default(), machine: &machine, steps: &NoSteps };
    let images = setting::first(&setting.data.train, 6).unwrap().images;
    for (kinds, widths, seeds) in [(&tricks::DENSE[..], [128, 512, 2048], 16), (&tricks::CONV[..], [32, 64, 128], 24)] {
        let slopes = |families: &[Family]| {
            let courses = convergence::courses(&setting, "tricks", families, &images, seeds).unwrap();
            courses.into_iter().map(|course| course.slope).collect::<Vec<_>>()
        };
        let families = tricks::families(kinds, 4, &widths);
        for Claim { what, found, .. } in slopes(&families) {
            assert!(found.contains(-0.5) && found.half < 0.4, "{what}: {found:?}");
        }
        // They do not converge to the kernel of the plain net; the slope of the leaky ReLUs and the few widths of the convolutional nets tell too little.
        let telling =
            families.into_iter().filter(|family| family.limit.kind == NetKind::Fc && !family.name.contains("leaky"));
        let plain = |family: Family| Family { limit: Limit { tricks: Tricks::default(), ..family.limit }, ..family };
        for Claim { what, found, .. } in slopes(&telling.map(plain).collect::<Vec<_>>()) {
            assert!(found.center - found.half > -0.5, "{what}, against that of the plain net: {found:?}");
        }
    }
}

#[test]
fn layers_and_kernel_move_less_in_wide_nets() {
    let sizes = Sizes { widths: vec![64, 128, 256, 512], seeds: Some(4), ..Sizes::default() };
    let finding = found(Experiment::Drift, sizes, 2);
    // Beyond the leading power there is some 1/width, which these intervals do not know of: hence the distance of 0.1.
    for (what, half) in [("first", 0.1), ("hidden", 0.1), ("last", 0.15), ("kernel", 0.3)] {
        let Claim { found, expected, .. } = claim(&finding, what);
        let distance = (found.center - expected.unwrap()).abs();
        assert!(distance < half + found.half && found.half < 0.5, "{what}: {found:?}");
    }
}

#[test]
fn training_follows_the_closed_form() {
    let sizes = Sizes { widths: vec![32, 128, 512], seeds: Some(3), ..Sizes::default() };
    let finding = found(Experiment::Flow, sizes, 2);
    for way in ["NTK, antisymmetric", "last layer, antisymmetric"] {
        let slope = claim(&finding, way).found;
        assert!((-0.65..-0.3).contains(&slope.center) && slope.half < 0.15, "{way}: {slope:?}");
    }
    // The initial output of a net as it is drawn does not go away as the width grows; one made small is small.
    let last = |way: &str| *column(&finding, "difference", ("training", way)).last().unwrap();
    assert!(last("NTK, as drawn") > 4.0 * last("NTK, output × 0.1"), "{:?}", finding.rows);
    assert!(last("NTK, output × 0.1") > last("NTK, antisymmetric"), "{:?}", finding.rows);
    assert!(claim(&finding, "as drawn").found.center > -0.2);
}

#[test]
fn trained_nets_predict_as_kernel_regression_does() {
    let sizes = Sizes { widths: vec![32, 128, 512], seeds: Some(3), ..Sizes::default() };
    let finding = found(Experiment::Equivalence, sizes, 2);
    let slope = finding.claims[0].found;
    assert!((-0.65..-0.3).contains(&slope.center) && slope.half < 0.15, "{slope:?}");
    let correlations: Vec<f64> = finding.rows.iter().filter_map(|row| row[5].as_f64()).collect();
    assert!(correlations.is_sorted() && correlations[2] > 0.95, "{correlations:?}");
}

#[test]
fn the_error_peaks_where_all_images_are_just_fitted() {
    let finding = found(Experiment::DoubleDescent, Sizes { seeds: Some(4), ..Sizes::default() }, 2);
    let peak = claim(&finding, "peak").found.center;
    assert!((0.85..=1.15).contains(&peak), "{peak}");
    let errors = column(&finding, "test error", ("model", "random features"));
    let (infinite, widest) = (errors[errors.len() - 1], errors[errors.len() - 2]);
    assert!((widest / infinite - 1.0).abs() < 0.1, "{widest} against {infinite}");
    let largest = errors.iter().copied().fold(0.0, f64::max);
    assert!(largest > 3.0 * infinite && largest > 3.0 * errors[0], "{errors:?}");
}

#[test]
fn the_table_has_nets_and_kernels() {
    let finding = found(Experiment::Table, Sizes { depths: vec![3], ..Sizes::default() }, 2);
    let models: Vec<&str> = finding.rows.iter().filter_map(|row| row[0].as_str()).collect();
    assert_eq!(models, ["CNN-V", "CNTK-V", "NNGP-V", "CNN-GAP", "CNTK-GAP", "NNGP-GAP"]);
    let accuracies: Vec<f64> = finding.rows.iter().filter_map(|row| row[2].as_f64()).collect();
    assert!(accuracies.iter().all(|accuracy| (10.0..=100.0).contains(accuracy)), "{accuracies:?}");
    // Ten classes, sixty images: kernels know most of them, and a net that has been trained more than one in ten.
    assert!(accuracies[1] > 80.0 && accuracies[4] > 80.0 && accuracies[0] > 25.0, "{accuracies:?}");
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
    let setting = Setting { data: digits(), seed: 1, quick: true, sizes, machine: &machine, steps: &NoSteps };
    let findings = [init(&setting).unwrap(), drift(&setting).unwrap()];
    let folder = tempfile::tempdir().unwrap();
    findings.iter().for_each(|finding| finding.write(folder.path()).unwrap());
    write_page(&setting, &findings, folder.path()).unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let page = read("index.html");
    assert_eq!(page.matches("<svg").count(), 2);
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
    for refused in [write_page(&setting, &findings, &nowhere), findings[0].write(&nowhere)] {
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
        let setting = Setting { data: digits(), seed: 1, quick: true, sizes, machine: &machine, steps: &NoSteps };
        for which in Experiment::ALL {
            let error = which.run(&setting).map(|finding| finding.name).unwrap_err().to_string();
            assert!(!error.contains('\n') && !error.is_empty(), "{which:?}: {error}");
        }
    }
}
