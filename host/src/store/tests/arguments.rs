//! Impossible plans and wrong arguments: an error with the numbers, never a panic.

use super::*;

/// Breaks a plan in one way.
type Break = fn(&mut StorePlan);

#[test]
fn impossible_plans_are_refused_with_the_limit() {
    let cases: [(Break, &str); 15] = [
        (|p| p.tile = 0, "tile is 0"),
        (|p| p.tile = usize::MAX, "larger than the limit"),
        (|p| p.tile = 1 << 20, "4294967296"),
        (|p| p.arrays.clear(), "0 arrays"),
        (|p| p.arrays = vec![p.arrays[0].clone(); 65], "65 arrays"),
        (|p| p.arrays.push(p.arrays[0].clone()), "two arrays"),
        (|p| p.arrays[0].name = "TEST".into(), "two arrays"),
        (|p| p.arrays[0].name = "../train".into(), "../train"),
        (|p| p.arrays[0].name = String::new(), "array name \"\""),
        (|p| p.arrays[0].rows = 8, "symmetric"),
        (|p| p.arrays[1].rows = 0, "0x7"),
        (|p| p.arrays[1].rows = usize::MAX, "16777216"),
        (|p| p.arrays[0].outputs.clear(), "0 outputs"),
        (|p| p.arrays[0].outputs[1] = "ntk gap 3".into(), "two outputs"),
        (|p| drop(p.manifest.insert("long".into(), "x".repeat(3 << 20).into())), "4194304"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (spoil, needle) in cases {
        let mut plan = plan(2, Precision::F32);
        spoil(&mut plan);
        let path = folder.path().join("run.zarr");
        for result in [Store::create(&path, &plan), Store::resume(&path, &plan)] {
            let text = message(result);
            assert!(text.contains(needle), "{needle}: {text}");
        }
        assert!(!path.exists(), "nothing is made for an impossible plan");
    }
}

#[test]
fn the_largest_possible_grids_do_not_overflow() {
    let array =
        |rows, cols, symmetric| ArrayPlan { name: "k".into(), rows, cols, symmetric, outputs: vec!["o".into()] };
    assert_eq!(array(usize::MAX, usize::MAX, true).tile_count(1), None);
    assert_eq!(array(usize::MAX, 2, false).tile_count(1), None);
    assert_eq!(array(5, 5, true).tile_count(2), Some(6));
    assert_eq!(array(7, 7, true).tile_count(2), Some(10));
    for tile in [0, 1, 2, usize::MAX] {
        let large = array(usize::MAX, usize::MAX, false);
        assert_eq!(large.tile_shape(tile, usize::MAX, 0), None);
        assert!(large.tile_shape(tile, 0, 0).is_some());
    }
    let small = array(5, 7, false);
    assert_eq!(small.tiles(2).count(), small.tile_count(2).unwrap());
}

#[test]
fn wrong_arguments_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    let store = Store::create(&path, &plan(3, Precision::F64)).unwrap();
    write(&store, "train", (2, 0)).unwrap();
    let mut out = [0.0f64; 9];

    for text in [message(store.has_tile("nope", 0, 0)), message(store.missing_tiles("nope"))] {
        assert!(text.contains("\"nope\"") && text.contains("test, train"), "{text}");
    }
    let text = message(store.has_tile("train", 0, 1));
    assert!(text.contains("(0, 1)") && text.contains("3x3 tiles") && text.contains("j <= i"), "{text}");
    let text = message(store.read_tile("test", 0, 2, 0, &mut out));
    assert!(text.contains("(2, 0)") && text.contains("2x3 tiles"), "{text}");
    let text = message(store.read_tile("test", 0, usize::MAX, usize::MAX, &mut out));
    assert!(text.contains("stores no tile"), "{text}");
    let text = message(store.read_tile("train", 3, 2, 0, &mut out));
    assert!(text.contains("no output 3, it has 3"), "{text}");
    let text = message(store.read_tile("train", 0, 2, 0, &mut out[..2]));
    assert!(text.contains("holds 2 numbers, 3 are needed"), "{text}");
    let text = message(store.read_tile("train", 0, 1, 0, &mut out));
    assert!(text.contains("(1, 0)") && text.contains("missing"), "{text}");
    let text = message(store.write_tile("train", 2, 2, &[0.0f64; 4]));
    assert!(text.contains("holds 4 numbers, 3 are needed"), "{text}");
    let text = message(store.write_tile("train", 2, 2, &[0.0f32; 3]));
    assert!(text.contains("float64 numbers, float32 was asked for"), "{text}");
    let text = message(store.read_tile("train", 0, 2, 0, &mut [0.0f32; 9]));
    assert!(text.contains("float64 numbers, float32 was asked for"), "{text}");

    let reader = Store::open(&path).unwrap();
    assert!(message(write(&reader, "train", (1, 0))).contains("reading"));
}

#[test]
fn a_store_can_be_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Store>();
    shared::<StoreError>();
}
