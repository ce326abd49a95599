//! What is written is read, and the bytes depend on nothing else.

use std::thread;

use crc32c::crc32c;
use zarrs::array::Array;
use zarrs::filesystem::FilesystemStore;

use super::*;

/// Tile edges: one number, one that cuts the last tile, one that divides, one tile for all, larger than all.
const TILES: [usize; 5] = [1, 3, 5, 7, 16];

#[test]
fn all_tiles_come_back_in_both_precisions() {
    for precision in [Precision::F32, Precision::F64] {
        for tile in TILES {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("run.zarr");
            let plan = plan(tile, precision);
            finished(&path, &plan);

            let store = Store::open(&path).unwrap();
            assert_eq!(*store.plan(), plan.canonical().unwrap());
            assert_eq!(store.manifest(), &plan.manifest);
            for array in &plan.arrays {
                assert!(store.missing_tiles(&array.name).unwrap().is_empty());
                for (i, j) in array.tiles(tile) {
                    assert!(store.has_tile(&array.name, i, j).unwrap());
                    check_tile(&store, array, i, j);
                }
            }
        }
    }
}

fn check_tile(store: &Store, array: &ArrayPlan, i: usize, j: usize) {
    let expected = tile_values(store.plan(), &array.name, i, j);
    let planes = expected.chunks_exact(expected.len() / array.outputs.len());
    for (output, expected) in planes.enumerate() {
        // One number more than needed: it must stay as it is. A store of f32 is read as f64 as well.
        let mut out = vec![-1.0f64; expected.len() + 1];
        let (rows, cols) = store.read_tile(&array.name, output, i, j, &mut out).unwrap();
        assert_eq!(Some((rows, cols)), array.tile_shape(store.plan().tile, i, j));
        assert_eq!(out[..rows * cols], *expected);
        assert_eq!(out[rows * cols..], [-1.0]);
        if store.plan().precision == Precision::F32 {
            let mut out = vec![0.0f32; expected.len()];
            store.read_tile(&array.name, output, i, j, &mut out).unwrap();
            assert!(out.iter().zip(expected).all(|(a, b)| f64::from(*a) == *b));
        }
    }
}

#[test]
fn zarrs_reads_the_same_numbers() {
    for tile in TILES {
        let folder = tempfile::tempdir().unwrap();
        let plan = plan(tile, Precision::F64);
        finished(folder.path(), &plan);
        let storage = Arc::new(FilesystemStore::new(folder.path()).unwrap());
        for ArrayPlan { name, rows, cols, symmetric, outputs } in &plan.arrays {
            let array = Array::open(storage.clone(), &format!("/{name}")).unwrap();
            let all: Vec<f64> = array.retrieve_array_subset(&array.subset_all()).unwrap();
            assert_eq!(all.len(), outputs.len() * rows * cols);
            for (at, &value) in all.iter().enumerate() {
                let (output, row, col) = (at / cols / rows, at / cols % rows, at % cols);
                if *symmetric && col / tile > row / tile {
                    assert!(value.is_nan(), "no tile is above the diagonal");
                } else {
                    assert_eq!(value, number(name, output, row, col), "{name} {output} {row} {col}");
                }
            }
        }
    }
}

#[test]
fn a_symmetric_array_has_no_tile_above_the_diagonal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    finished(&path, &plan(3, Precision::F32));
    let chunks: Vec<String> = tree(&path.join("train"))
        .into_iter()
        .filter(|(_, bytes)| bytes.is_some())
        .map(|(path, _)| path.to_string_lossy().replace('\\', "/"))
        .collect();
    assert_eq!(chunks, ["c/0/0/0", "c/0/1/0", "c/0/1/1", "c/0/2/0", "c/0/2/1", "c/0/2/2", "zarr.json"]);
}

#[test]
fn a_tile_is_little_endian_planes_padded_with_nan_with_checksums_and_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    finished(&path, &plan(4, Precision::F32));
    // Tile (1, 1) of `train` is 3×3 in a chunk of 3×4×4.
    let bytes = fs::read(path.join("train/c/0/1/1")).unwrap();
    let mut expected = Vec::new();
    for output in 0..3 {
        let start = expected.len();
        for row in 4..8 {
            for col in 4..8 {
                let inside = row < 7 && col < 7;
                let value = if inside { number("train", output, row, col) as f32 } else { f32::NAN };
                expected.extend(value.to_le_bytes());
            }
        }
        expected.extend(crc32c(&expected[start..]).to_le_bytes());
    }
    let mut index: Vec<u8> = (0..3u64).flat_map(|output| [68 * output, 68]).flat_map(u64::to_le_bytes).collect();
    index.extend(crc32c(&index).to_le_bytes());
    expected.extend(index);
    assert_eq!(bytes, expected);
}

#[test]
fn the_documents_are_plain_zarr() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    let plan = plan(4, Precision::F64);
    finished(&path, &plan);
    let read = |name: &str| serde_json::from_slice::<Value>(&fs::read(path.join(name)).unwrap()).unwrap();
    assert_eq!(
        read("zarr.json"),
        json!({
            "zarr_format": 3,
            "node_type": "group",
            "attributes": { "arrays": ["test", "train"], "manifest": plan.manifest, "ultrawide_store": 2 },
        })
    );
    let checked = json!([{ "name": "bytes", "configuration": { "endian": "little" } }, { "name": "crc32c" }]);
    assert_eq!(
        read("train/zarr.json"),
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": [3, 7, 7],
            "data_type": "float64",
            "chunk_grid": { "name": "regular", "configuration": { "chunk_shape": [3, 4, 4] } },
            "chunk_key_encoding": { "name": "default", "configuration": { "separator": "/" } },
            "fill_value": "NaN",
            "codecs": [{
                "name": "sharding_indexed",
                "configuration": {
                    "chunk_shape": [1, 4, 4],
                    "codecs": checked,
                    "index_codecs": checked,
                    "index_location": "end",
                },
            }],
            "attributes": { "outputs": ["ntk gap 3", "ntk gap 4", "nngp gap 4"], "symmetric": "lower" },
            "dimension_names": ["output", "row", "column"],
        })
    );
    assert_eq!(read("test/zarr.json")["attributes"]["symmetric"], "none");
}

#[test]
fn the_bytes_depend_on_plan_and_tiles_only() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let plan = plan(2, Precision::F64);
    finished(&at("plain"), &plan);

    // Arrays and manifest keys in another order, tiles backwards, some of them twice.
    let mut shuffled = plan.clone();
    shuffled.arrays.reverse();
    shuffled.manifest = plan.manifest.iter().rev().map(|(key, value)| (key.clone(), value.clone())).collect();
    let store = Store::create(&at("backwards"), &shuffled).unwrap();
    for array in ["test", "train"] {
        for tile in store.missing_tiles(array).unwrap().into_iter().rev() {
            write(&store, array, tile).unwrap();
            write(&store, array, tile).unwrap();
        }
    }
    drop(store);

    // Eight threads.
    let store = Store::create(&at("threads"), &plan).unwrap();
    let tiles: Vec<_> = ["train", "test"]
        .into_iter()
        .flat_map(|array| store.missing_tiles(array).unwrap().into_iter().map(move |tile| (array, tile)))
        .collect();
    thread::scope(|scope| {
        for worker in 0..8 {
            let (store, tiles) = (&store, &tiles);
            scope.spawn(move || {
                // Neighbouring workers share tiles: two threads may write the same one.
                for (array, tile) in tiles.iter().skip(worker / 2).step_by(4) {
                    write(store, array, *tile).unwrap();
                }
            });
        }
    });
    drop(store);

    // Interrupted after each tile.
    drop(Store::create(&at("interrupted"), &plan).unwrap());
    for count in 1.. {
        let store = Store::resume(&at("interrupted"), &plan).unwrap();
        let next = ["train", "test"]
            .into_iter()
            .find_map(|array| store.missing_tiles(array).unwrap().first().map(|tile| (array, *tile)));
        let Some((array, tile)) = next else { break };
        write(&store, array, tile).unwrap();
        assert!(count <= tiles.len(), "a tile that was written is missing again");
    }

    let plain = tree(&at("plain"));
    assert!(plain.len() > tiles.len());
    for other in ["backwards", "threads", "interrupted"] {
        assert_eq!(plain, tree(&at(other)), "{other}");
    }
}

#[test]
fn a_tile_of_nothing_but_nan_is_a_tile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    let store = Store::create(&path, &plan(7, Precision::F32)).unwrap();
    store.write_tile("train", 0, 0, &[f32::NAN; 3 * 49]).unwrap();
    assert!(store.has_tile("train", 0, 0).unwrap());
    assert!(!store.has_tile("test", 0, 0).unwrap());
    drop(store);
    let store = Store::resume(&path, &plan(7, Precision::F32)).unwrap();
    assert!(store.missing_tiles("train").unwrap().is_empty());
    let mut out = [0.0f32; 49];
    store.read_tile("train", 1, 0, 0, &mut out).unwrap();
    assert!(out.iter().all(|value| value.is_nan()));
}

#[test]
fn manifest_numbers_come_back_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    let mut plan = plan(7, Precision::F32);
    let numbers = json!([0.1, 5e-324, f64::MAX, 1.0, -0.0, 2.0f64.sqrt(), u64::MAX, i64::MIN, 8.41e21, 1.1e-7]);
    plan.manifest.insert("numbers".into(), numbers);
    drop(Store::create(&path, &plan).unwrap());
    drop(Store::resume(&path, &plan).unwrap());
}
