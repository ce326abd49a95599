//! Against kernels that other programs computed: neural-tangents, and the plain reference in Python.
//!
//! `scripts/neural_tangents_values.py` wrote the files and tells their format.
mod common;

use common::precision::{FIXTURE_F32, FIXTURE_F64, OPPOSITE_F32, PARALLEL_F64};
use common::single::{BOTH, Worst, conv_net, request};
use common::{dense_net, matrices, set};
use serde_json::Value;
use std::path::{Path, PathBuf};
use ultrawide::gram::{Gram, Net};
use ultrawide::simd::{Backend, Element};
use ultrawide_core::{Kernel, Readout, Shape, Trained};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let mut files: Vec<PathBuf> =
        folder.read_dir().expect("a folder of fixtures").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// All numbers of a nested list, in order.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().expect("a number")],
    }
}

fn sizes(value: &Value) -> Vec<usize> {
    numbers(value).into_iter().map(|size| size as usize).collect()
}

fn readout(name: &str) -> Readout {
    match name {
        "vanilla" => Readout::Vanilla,
        "gap" => Readout::Gap,
        _ => Readout::Lap(name.strip_prefix("lap").and_then(|half| half.parse().ok()).expect("lap and a number")),
    }
}

/// Compares every number of a file with the library's on all backends.
fn compare<S: Element>(path: &Path, worst: &mut Worst) {
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("a file")).expect("JSON");
    let shape = match sizes(&file["shape"])[..] {
        [features] => Shape { channels: features, height: 1, width: 1 },
        [channels, height, width] => Shape { channels, height, width },
        _ => panic!("a shape has one number or three"),
    };
    let image_len = shape.len().expect("a small shape");
    let images =
        |name: &str| set(shape, &numbers(&file[name]).chunks(image_len).map(<[f64]>::to_vec).collect::<Vec<_>>());
    let (x, y) = (images("x"), images("y"));
    let flip = file["flip"].as_bool().unwrap_or(false);
    let depths = sizes(&file["depths"]);
    for result in file["results"].as_array().expect("results") {
        let name = result["readout"].as_str().expect("a name");
        for (trained, ntk) in [(Trained::All, "ntk"), (Trained::Hidden, "ntk_hidden")] {
            // At depth 2 nothing is trained between frozen ends: the kernel is 0, and the library refuses to compute it.
            let skip = usize::from(trained == Trained::Hidden && depths[0] == 2);
            let request = request(&BOTH, &depths[skip..], trained);
            let net = match file["filter"].as_u64() {
                None => dense_net(shape, request),
                Some(filter) => Net::Conv(conv_net(shape, filter as usize, &[readout(name)], request)),
            };
            let pairs = x.len() * y.len();
            let expected = ["nngp", ntk].map(|kernel| numbers(&result[kernel])[skip * pairs..].to_vec()).concat();
            if skip > 0 {
                assert!(numbers(&result[ntk])[..pairs].iter().all(|value| *value == 0.0));
            }
            for backend in Backend::available() {
                let gram = Gram { net: &net, flip, x: &x, y: Some(&y), tile: 16 };
                let all = matrices::<S>(&gram, backend, 1);
                let at = |index: usize| {
                    let file = path.file_name().unwrap_or_default().to_string_lossy();
                    format!("{file}, {backend}, {}, pair {}", net.outputs()[index / pairs], index % pairs)
                };
                for (index, (value, &expected_value)) in all.values.iter().zip(&expected).enumerate() {
                    // In units of the largest kernel of the output, K or Θ: the NTK, and that of opposite images, may be 0.
                    let nngp = index / pairs % depths[skip..].len() * pairs;
                    let output = index - index % pairs;
                    let of_output = expected[nngp..][..pairs].iter().chain(&expected[output..][..pairs]);
                    let scale = of_output.fold(0.0, |largest: f64, value| largest.max(value.abs()));
                    worst.record(value.to_f64(), expected_value, scale, || at(index));
                }
            }
        }
    }
}

fn check(folder: &str, count: usize, name: impl Fn(&str) -> bool, f32: f64, f64: f64) {
    let (mut worst32, mut worst64) = (Worst::default(), Worst::default());
    let files: Vec<PathBuf> = files(folder)
        .into_iter()
        .filter(|path| name(&path.file_stem().unwrap_or_default().to_string_lossy()))
        .collect();
    assert_eq!(files.len(), count, "{files:?}");
    for path in files {
        compare::<f32>(&path, &mut worst32);
        compare::<f64>(&path, &mut worst64);
    }
    worst64.check(&format!("{folder}, f64"), f64);
    worst32.check(&format!("{folder}, f32"), f32);
}

#[test]
fn neural_tangents() {
    check("neural_tangents", 9, |_| true, FIXTURE_F32, FIXTURE_F64);
}

#[test]
fn flips_black_pixels_and_equal_images() {
    check("reference", 4, |name| name != "parallel", FIXTURE_F32, FIXTURE_F64);
}

#[test]
fn parallel_images() {
    check("reference", 1, |name| name == "parallel", OPPOSITE_F32, PARALLEL_F64);
}

/// The kernels of the outputs come in the order that the comparisons above rely on.
#[test]
fn kernels_in_order() {
    assert_eq!(BOTH, [Kernel::Nngp, Kernel::Ntk]);
}
