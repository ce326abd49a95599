//! Tiles that were damaged on the disk: named, computed again, never taken for numbers.

use super::support::*;
use std::fs;
use std::path::Path;
use ultrawide::store::Store;

const JOB: &str = "run --train-size 60 --test-size 20 --depth 3,4 --net cntk-v,cntk-gap --train all --tile 8 --threads 2 --store s \
                   --report r.json";
/// Numbers of an output of a tile with their checksum, and the whole file: four outputs, and the index.
const PLANE: usize = 8 * 8 * 4 + 4;
const FILE: usize = 4 * PLANE + 4 * 16 + 4;

/// Changes a file in place.
fn change(file: &Path, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).unwrap();
    edit(&mut bytes);
    fs::write(file, bytes).unwrap();
}

#[test]
fn damage_is_named_and_computed_again() {
    let folder = folder();
    let path = folder.path();
    run(path, JOB).ok();
    let store = tree(&path.join("s"));
    let report = results(&path.join("r.json"));
    let flip = |byte: usize| move |bytes: &mut Vec<u8>| bytes[byte] ^= 0x10;
    // Where, what is done, and what is told about it.
    type Edit = Box<dyn Fn(&mut Vec<u8>)>;
    let cases: [(&str, Edit, String); 8] = [
        ("all-train/c/0/3/1", Box::new(|bytes| bytes.truncate(700)), format!("holds 700 bytes, a tile has {FILE}")),
        ("all-train/c/0/4/1", Box::new(Vec::clear), format!("holds 0 bytes, a tile has {FILE}")),
        ("all-train/c/0/2/2", Box::new(flip(0)), "tile (2, 2) of array all-train: output 0 (cntk-".to_owned()),
        ("all-train/c/0/7/0", Box::new(flip(3 * PLANE - 5)), "tile (7, 0) of array all-train: output 2".to_owned()),
        ("all-train/c/0/5/5", Box::new(flip(4 * PLANE - 2)), "tile (5, 5) of array all-train: output 3".to_owned()),
        ("all-test/c/0/1/3", Box::new(flip(4 * PLANE + 9)), "tile (1, 3) of array all-test: the index".to_owned()),
        ("all-test/c/0/2/7", Box::new(flip(FILE - 1)), "tile (2, 7) of array all-test: the index".to_owned()),
        ("all-test/c/0/0/0", Box::new(|bytes| bytes.fill(0)), "tile (0, 0) of array all-test: the index".to_owned()),
    ];
    // Each alone: no regression, rather than a wrong one.
    for (file, edit, told) in &cases {
        let file = path.join("s").join(file);
        let before = fs::read(&file).unwrap();
        change(&file, edit);
        let failed = run(path, "regress -q --store s --report again.json");
        failed.fails(1, told);
        failed.fails(1, "the file is damaged, --resume computes it again");
        assert!(!path.join("again.json").exists());
        fs::write(&file, before).unwrap();
    }
    // All together.
    for (file, edit, _) in &cases {
        change(&path.join("s").join(file), edit);
    }
    let told = run(path, &format!("{JOB} --resume")).ok().stderr;
    for (file, _, what) in &cases {
        let line = told.lines().find(|line| line.contains(file)).unwrap_or_else(|| panic!("{file}: {told}"));
        assert!(line.contains(what) && line.contains("removed, to be computed again"), "{what}: {line}");
    }
    assert!(tree(&path.join("s")) == store, "the stores differ");
    assert_eq!(results(&path.join("r.json")), report);
}

#[test]
fn a_stored_number_that_is_no_kernel_is_named_with_its_place() {
    let folder = folder();
    let path = folder.path();
    run(path, JOB).ok();
    let before = tree(&path.join("s"));
    for (array, (i, j), at, value) in [
        // The last tiles are 4 wide. The third output, row 2, column 3 of its tile.
        ("all-train", (7, 1), 2 * 4 * 8 + 2 * 8 + 3, f32::NAN),
        ("all-test", (1, 7), 2 * 8 * 4 + 2 * 4 + 3, f32::INFINITY),
    ] {
        let plan = Store::open(&path.join("s")).unwrap().plan().clone();
        let store = Store::resume(&path.join("s"), &plan).unwrap();
        let (rows, columns) = plan.array(array).unwrap().tile_shape(8, i, j).unwrap();
        let mut values = vec![1.0f32; 4 * rows * columns];
        values[at] = value;
        store.write_tile(array, i, j, &values).unwrap();
        let file = store.tile_file(array, i, j).unwrap();
        drop(store);
        let failed = run(path, "regress -q --store s");
        let (row, column) = (8 * i + 2, 8 * j + 3);
        failed
            .fails(1, &format!("s/{array}/c/0/{i}/{j}: {value} at row {row}, column {column} of array {array} (cntk-"));
        failed.fails(1, "is no kernel: remove this file, and --resume computes it again");
        fs::remove_file(file).unwrap();
        run(path, &format!("{JOB} --resume")).ok();
        assert!(tree(&path.join("s")) == before, "the stores differ");
    }
}
