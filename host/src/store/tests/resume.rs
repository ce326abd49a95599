//! Continuing a store: leftovers, damaged chunks, other settings, other runs, other folders.

use super::*;
use crate::store::atomic::TEMPORARY_PREFIX;

#[test]
fn leftovers_go_and_missing_tiles_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    let plan = plan(3, Precision::F32);
    finished(&path, &plan);
    let before = tree(&path);

    fs::remove_file(path.join("train/c/0/1/0")).unwrap();
    fs::remove_dir_all(path.join("test/c/0/1")).unwrap();
    let temporaries = ["", "train", "train/c", "train/c/0", "train/c/0/1"];
    for place in temporaries {
        fs::write(path.join(place).join(format!("{TEMPORARY_PREFIX}1-0")), "half a ti").unwrap();
    }
    fs::write(path.join(LOCK_FILE), "123\n").unwrap();

    // A reader is not disturbed by what a writer has under way.
    let reader = Store::open(&path).unwrap();
    assert_eq!(reader.missing_tiles("train").unwrap(), [(1, 0)]);

    let store = Store::resume(&path, &plan).unwrap();
    assert_eq!(store.missing_tiles("train").unwrap(), [(1, 0)]);
    assert_eq!(store.missing_tiles("test").unwrap(), [(1, 0), (1, 1), (1, 2)]);
    assert!(!store.has_tile("train", 1, 0).unwrap());
    write_missing(&store);
    drop(store);
    assert_eq!(before, tree(&path));
}

#[test]
fn chunks_of_the_wrong_size_are_refused_by_open_and_recomputed_by_resume() {
    // Truncated, empty, too long.
    for size in [5usize, 0, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.zarr");
        let plan = plan(3, Precision::F32);
        finished(&path, &plan);
        let before = tree(&path);
        let reader = Store::open(&path).unwrap();

        let file = path.join("train/c/0/2/1");
        fs::write(&file, vec![0; size]).unwrap();
        let found = format!("holds {size} bytes");
        let mut out = [0.0f32; 9];
        for text in [
            message(Store::open(&path)),
            message(reader.read_tile("train", 0, 2, 1, &mut out)),
            message(reader.has_tile("train", 2, 1)),
        ] {
            assert!(text.contains("2/1") && text.contains(&found) && text.contains("has 172"), "{text}");
        }

        let store = Store::resume(&path, &plan).unwrap();
        assert_eq!(store.missing_tiles("train").unwrap(), [(2, 1)]);
        write_missing(&store);
        drop(store);
        assert_eq!(before, tree(&path));
    }
}

#[test]
fn other_settings_are_refused_and_every_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    let plan = plan(3, Precision::F32);
    finished(&path, &plan);
    let before = tree(&path);

    let mut other = plan.clone();
    other.tile = 4;
    other.precision = Precision::F64;
    other.arrays[0].outputs[2] = "nngp gap 5".into();
    other.arrays[1].rows = 6;
    other.arrays.push(ArrayPlan { name: "extra".into(), ..other.arrays[1].clone() });
    other.manifest["net"]["depth"] = json!([3, 4, 6]);
    other.manifest["data"]["sha256"] = json!("0".repeat(64));
    other.manifest.remove("ridge");
    other.manifest.insert("flip".into(), json!(true));
    let error = Store::resume(&path, &other).unwrap_err();
    let StoreError::Mismatch { differences, .. } = &error else { panic!("{error}") };
    let keys: Vec<&str> = differences.iter().map(|difference| difference.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "data.sha256",
            "flip",
            "net.depth",
            "ridge",
            "plan.arrays.extra",
            "plan.arrays.test.rows",
            "plan.arrays.train.outputs",
            "plan.precision",
            "plan.tile",
        ]
    );
    let text = message::<Store>(Err(error));
    for part in ["run.zarr", "flip: absent vs. true", "ridge: 0.1 vs. absent", "[3,4] vs. [3,4,6]", "; and 5 more"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(before, tree(&path), "a refusal changes nothing");
}

#[test]
fn a_second_writer_is_refused_and_readers_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    let plan = plan(3, Precision::F32);
    let first = Store::create(&path, &plan).unwrap();
    let text = message(Store::resume(&path, &plan));
    assert!(text.contains("in use") && text.contains(&std::process::id().to_string()), "{text}");
    drop(Store::open(&path).unwrap());
    assert!(message(Store::create(&path, &plan)).contains("in use"));
    drop(first);
    assert!(message(Store::create(&path, &plan)).contains("--resume"));
    drop(Store::resume(&path, &plan).unwrap());
    assert!(!path.join(LOCK_FILE).exists());
}

#[test]
fn many_runs_racing_for_one_store_have_it_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    let plan = plan(7, Precision::F32);
    let (holders, won) = (std::sync::atomic::AtomicUsize::new(0), std::sync::atomic::AtomicUsize::new(0));
    let order = std::sync::atomic::Ordering::SeqCst;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..30 {
                    match Store::resume(&path, &plan) {
                        Ok(store) => {
                            assert_eq!(holders.fetch_add(1, order), 0, "two writers");
                            std::thread::yield_now();
                            holders.fetch_sub(1, order);
                            won.fetch_add(1, order);
                            drop(store);
                        }
                        Err(StoreError::InUse { .. }) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            });
        }
    });
    assert!(won.into_inner() > 0);
}

#[test]
fn create_refuses_whatever_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(3, Precision::F32);
    let occupied = folder.path().join("occupied");
    fs::create_dir(&occupied).unwrap();
    fs::write(occupied.join("notes.txt"), "mine").unwrap();
    let before = tree(&occupied);
    assert!(message(Store::create(&occupied, &plan)).contains("--resume"));
    let text = message(Store::resume(&occupied, &plan));
    assert!(text.contains("notes.txt"), "{text}");
    assert_eq!(before, tree(&occupied), "a foreign folder is left as it is");

    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    drop(Store::create(&empty, &plan).unwrap());
}

#[test]
fn a_foreign_zarr_group_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // An array without chunks looks much like an interrupted creation.
    fs::create_dir(path.join("train")).unwrap();
    fs::write(path.join("train/zarr.json"), r#"{"zarr_format": 3, "node_type": "array", "shape": [1]}"#).unwrap();
    let before = tree(path);
    let plan = plan(3, Precision::F32);
    assert!(message(Store::resume(path, &plan)).contains("train/zarr.json"));
    fs::write(path.join("zarr.json"), r#"{"zarr_format": 3, "node_type": "group", "attributes": {}}"#).unwrap();
    assert!(message(Store::resume(path, &plan)).contains("not a store of ultrawide"));
    assert!(message(Store::open(path)).contains("not a store of ultrawide"));
    fs::remove_file(path.join("zarr.json")).unwrap();
    assert_eq!(before, tree(path));
}

#[test]
fn a_creation_killed_at_any_point_starts_anew() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(3, Precision::F32);
    let reference = folder.path().join("reference");
    drop(Store::create(&reference, &plan).unwrap());
    let expected = tree(&reference);

    // In the order in which a creation makes them; the group's document, which is last, is never reached. The
    // killed run had another plan, with an array that this one lacks.
    let steps: [(&str, &str); 5] = [
        (LOCK_FILE, "77\n"),
        ("extra/.uw-tmp-77-0", "{ \"zarr_for"),
        ("extra/zarr.json", &fs::read_to_string(reference.join("test/zarr.json")).unwrap()),
        ("train/zarr.json", &fs::read_to_string(reference.join("train/zarr.json")).unwrap()),
        (".uw-tmp-77-2", "{"),
    ];
    for count in 0..=steps.len() {
        let path = folder.path().join(format!("killed-{count}"));
        if count > 0 {
            fs::create_dir(&path).unwrap();
        }
        for (name, text) in &steps[..count] {
            let file = path.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        if count > 0 {
            assert!(message(Store::create(&path, &plan)).contains("--resume"));
            assert!(message(Store::open(&path)).contains("interrupted"));
        }
        drop(Store::resume(&path, &plan).unwrap());
        assert_eq!(expected, tree(&path), "killed after {count} steps");
    }
}

#[test]
fn tiles_without_the_stores_document_are_not_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    let plan = plan(3, Precision::F32);
    finished(&path, &plan);
    fs::remove_file(path.join("zarr.json")).unwrap();
    let before = tree(&path);
    assert!(message(Store::resume(&path, &plan)).contains("no zarr.json"));
    assert_eq!(before, tree(&path));
}
