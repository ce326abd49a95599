//! Tiles that have changed on the disk: named, computed again, never read as numbers.

use super::*;

/// Bytes of an output of the plan with tiles of 3×3 in `f32`, with its checksum, and of the index with its own.
const PLANE: usize = 36 + 4;
const INDEX: usize = 3 * 16 + 4;

fn flip(file: &Path, bit: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::write(file, bytes).unwrap();
}

#[test]
fn every_bit_of_a_tile_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let plan = plan(3, Precision::F32);
    finished(path, &plan);
    // A tile with padding, which is checked as well.
    let file = path.join("train/c/0/2/1");
    let store = Store::open(path).unwrap();
    let expected = tile_values(&plan, "train", 2, 1);
    let mut buffer = Vec::new();
    assert_eq!(fs::metadata(&file).unwrap().len() as usize, 3 * PLANE + INDEX);
    for bit in 0..8 * (3 * PLANE + INDEX) {
        flip(&file, bit);
        for (output, expected) in expected.chunks_exact(3).enumerate() {
            let mut out = [0.0f64; 3];
            let read = store.read_tile("train", output, 2, 1, &mut out);
            let place = bit / 8 / PLANE;
            if place == output || place >= 3 {
                let text = message(read);
                let what = if place >= 3 { "the index".to_owned() } else { format!("output {output} (") };
                for part in ["train/c/0/2/1: tile (2, 1) of array train: ", &what, "--resume computes it again"] {
                    assert!(text.contains(part), "{part}, bit {bit}: {text}");
                }
            } else {
                // Another output is read without reading this one.
                read.unwrap();
                assert_eq!(out, expected, "bit {bit}");
            }
        }
        assert!(matches!(store.check_tile("train", 2, 1, &mut buffer), Err(StoreError::Damaged { .. })), "bit {bit}");
        flip(&file, bit);
    }
    store.check_tile("train", 2, 1, &mut buffer).unwrap();
}

#[test]
fn a_resumed_store_loses_its_damaged_tiles_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    let plan = plan(3, Precision::F32);
    finished(&path, &plan);
    let before = tree(&path);
    flip(&path.join("train/c/0/0/0"), 0);
    flip(&path.join("train/c/0/2/2"), 8 * (3 * PLANE + INDEX) - 1);
    flip(&path.join("test/c/0/1/2"), 8 * (2 * PLANE - 1));
    fs::write(path.join("test/c/0/0/1"), [0; 3 * PLANE + INDEX]).unwrap();
    // Such damage is found by reading alone.
    drop(Store::open(&path).unwrap());

    let store = Store::resume(&path, &plan).unwrap();
    assert_eq!(store.missing_tiles("train").unwrap(), [(0, 0), (2, 2)]);
    assert_eq!(store.missing_tiles("test").unwrap(), [(0, 1), (1, 2)]);
    write_missing(&store);
    drop(store);
    assert_eq!(before, tree(&path));
}

#[test]
fn a_store_of_the_first_format_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    finished(path, &plan(3, Precision::F32));
    let file = path.join("zarr.json");
    let text = fs::read_to_string(&file).unwrap().replace("\"ultrawide_store\": 2", "\"ultrawide_store\": 1");
    fs::write(&file, text).unwrap();
    let before = tree(path);
    for text in [message(Store::open(path)), message(Store::resume(path, &plan(3, Precision::F32)))] {
        for part in ["zarr.json: the store has format 1, this version knows 2: ", "in another folder", "the version"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    assert_eq!(before, tree(path));
}
