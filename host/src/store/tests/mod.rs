//! Tests of the store. Helpers are here, each subject has its file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;

mod arguments;
mod crash;
mod damage;
mod hostile;
mod python;
mod resume;
mod roundtrip;
mod shares;
mod space;

/// A plan with cut tiles on all edges: `train` is 7×7 symmetric, `test` is 5×7.
fn plan(tile: usize, precision: Precision) -> StorePlan {
    let outputs = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let array = |name: &str, rows, cols, symmetric| ArrayPlan {
        name: name.into(),
        rows,
        cols,
        symmetric,
        outputs: outputs(&["ntk gap 3", "ntk gap 4", "nngp gap 4"]),
    };
    let manifest = json!({
        "net": { "kind": "cntk", "depth": [3, 4], "filter": 3 },
        "data": { "name": "digits", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" },
        "arithmetic": "fused",
        "ridge": 0.1,
        "version": "0.1.0",
    });
    let Value::Object(manifest) = manifest else { unreachable!("an object was written above") };
    StorePlan { tile, precision, arrays: vec![array("train", 7, 7, true), array("test", 5, 7, false)], manifest }
}

/// The number that the tests put at (`row`, `col`) of an output: different everywhere, exact in `f32`.
fn number(array: &str, output: usize, row: usize, col: usize) -> f64 {
    let (row, col) = if array == "train" { (row.max(col), row.min(col)) } else { (row, col) };
    (output * 10_000 + row * 100 + col) as f64 + if array == "train" { 0.5 } else { 0.25 }
}

/// The numbers of a tile, all outputs.
fn tile_values(plan: &StorePlan, array: &str, i: usize, j: usize) -> Vec<f64> {
    let planned = plan.array(array).unwrap();
    let (rows, cols) = planned.tile_shape(plan.tile, i, j).unwrap();
    let mut values = Vec::new();
    for output in 0..planned.outputs.len() {
        for row in 0..rows {
            for col in 0..cols {
                values.push(number(array, output, i * plan.tile + row, j * plan.tile + col));
            }
        }
    }
    values
}

/// Writes one tile in the store's precision.
fn write(store: &Store, array: &str, (i, j): (usize, usize)) -> Result<(), StoreError> {
    let values = tile_values(store.plan(), array, i, j);
    match store.plan().precision {
        Precision::F32 => {
            let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
            store.write_tile(array, i, j, &values)
        }
        Precision::F64 => store.write_tile(array, i, j, &values),
    }
}

/// Writes all tiles that are missing.
fn write_missing(store: &Store) {
    for array in ["train", "test"] {
        for tile in store.missing_tiles(array).unwrap() {
            write(store, array, tile).unwrap();
        }
    }
}

/// A finished store.
fn finished(path: &Path, plan: &StorePlan) {
    write_missing(&Store::create(path, plan).unwrap());
}

/// All files and folders below `root` with their bytes; folders have none.
fn tree(root: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_path_buf();
            if path.is_dir() {
                found.insert(name, None);
                walk(root, &path, found);
            } else {
                found.insert(name, Some(fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

/// The message of a failure; checks that it is one line.
fn message<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    let text = result.unwrap_err().to_string();
    assert!(!text.contains('\n'), "{text}");
    text
}
