//! `docs/accuracy.md` says of whole kernels and of real images what the files say that `accuracy growth` and `accuracy spectrum` have written.
//!
//! The files themselves are those of a run by hand, whose kernels the tests of `growth.rs` and `spectrum.rs` compute on fewer images.

use std::fs;
use std::path::Path;
use ultrawide::simd::REVISION;
use ultrawide_accuracy::growth::{EPSILONS, Net, Of, bound};

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of a table, without its head. The last column is the revision of the kernels that it was made of.
fn rows(name: &str) -> Vec<Vec<String>> {
    let text = read(name);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().map(|record| record.expect("a row").iter().map(str::to_owned).collect());
    let rows: Vec<Vec<String>> = rows.collect();
    let last = rows.iter().filter_map(|row| row.last()).find(|last| **last != REVISION.to_string());
    assert_eq!(last, None, "docs/{name} is of other kernels than those of revision {REVISION}");
    rows
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or_else(|_| panic!("{cell} is no number"))
}

/// The largest number in one column of the rows that are `wanted`.
fn largest(rows: &[Vec<String>], column: usize, wanted: impl Fn(&[String]) -> bool) -> f64 {
    let cells = rows.iter().filter(|row| wanted(row) && !row[column].is_empty()).map(|row| number(&row[column]));
    let largest = cells.fold(f64::NEG_INFINITY, f64::max);
    assert!(largest.is_finite(), "no such rows");
    largest
}

/// Fails with what the document should say.
#[track_caller]
fn says(document: &str, line: &str) {
    assert!(document.contains(line), "docs/accuracy.md lacks, or says otherwise: {line}");
}

const NETS: [&str; 4] = ["dense", "vanilla", "gap", "lap"];

#[test]
fn growth() {
    let (document, rows) = (read("accuracy.md"), rows("accuracy/growth.csv"));
    for kernel in ["NNGP", "NTK"] {
        for net in NETS {
            let at = |depth: &str| {
                let wanted = |row: &[String]| row[0] == net && row[1].starts_with(kernel) && row[3] == depth;
                format!("{:.1e} ({:.1e})", largest(&rows, 4, wanted), largest(&rows, 5, wanted))
            };
            says(&document, &format!("| {net}, {kernel} | {} | {} |", at("21"), at("200")));
        }
    }
    let part = |row: &Vec<String>| {
        let size = |of: &str| of.split('x').map(|size| size.parse::<usize>().expect("a size")).collect::<Vec<_>>();
        let [channels, height, width] = size(&row[2])[..] else { panic!("{}", row[2]) };
        let (net, numbers) = match row[0].as_str() {
            "dense" => (Net::Dense, channels * height * width),
            "vanilla" => (Net::Vanilla, 9 * channels),
            "gap" => (Net::Gap, 9 * channels),
            _ => (Net::Lap, 9 * channels),
        };
        let of =
            [Of::Nngp, Of::NtkAll, Of::NtkHidden].into_iter().find(|of| of.to_string() == row[1]).expect("a kernel");
        let bound = bound(net, of, numbers, row[3].parse().expect("a depth"));
        let cells = row[4..6].iter().zip(EPSILONS).filter(|(cell, _)| !cell.is_empty());
        cells.map(|(cell, epsilon)| number(cell) / (bound * epsilon)).fold(0.0, f64::max)
    };
    let used = rows.iter().map(part).fold(0.0, f64::max);
    says(&document, &format!("At most {used:.2} of the bound was met by `accuracy growth`"));
}

#[test]
fn real_images() {
    let (document, rows) = (read("accuracy.md"), rows("accuracy/spectrum.csv"));
    let depth = |row: &[String]| row[4].parse::<usize>().expect("a depth");
    for (data, name) in [("digits", "digits"), ("cifar10", "CIFAR-10")] {
        for net in NETS {
            let entry = |kernel: &str, from: usize, to: usize| {
                let wanted = |row: &[String]| {
                    row[0] == data && row[1] == net && row[2].starts_with(kernel) && (from..=to).contains(&depth(row))
                };
                format!("{:.1e}", largest(&rows, 9, wanted))
            };
            let net_name = if net == "lap" { "lap(1)" } else { net };
            let cells = [entry("NNGP", 2, 21), entry("NTK", 2, 3), entry("NTK", 4, 20), entry("NTK", 21, 21)];
            says(&document, &format!("| {name}, {net_name} | {} |", cells.join(" | ")));
            let least = |of: Of| {
                let wanted = |row: &&Vec<String>| row[0] == data && row[1] == net && row[2] == of.to_string();
                let eigenvalues = rows.iter().filter(wanted).flat_map(|row| row[6..8].iter().map(|cell| number(cell)));
                format!("{:.1e}", eigenvalues.fold(f64::INFINITY, f64::min))
            };
            let images = if rows.iter().any(|row| row[0] == data && row[1] == net && row[3] == "48") {
                ", 48 images"
            } else {
                ""
            };
            let cells = [least(Of::Nngp), least(Of::NtkAll), least(Of::NtkHidden)];
            says(&document.replace("**", ""), &format!("| {name}, {net_name}{images} | {} |", cells.join(" | ")));
        }
    }
    let apart = largest(&rows, 8, |_| true);
    let apart_from_3 = largest(&rows, 8, |row| depth(row) > 2);
    says(&document, &format!("at most {apart:.1e}·λ_max apart"));
    says(&document, &format!("{apart_from_3:.1e} from depth 3 on"));
}
