//! Damaged and malicious stores: an error, no panic, no large allocation.

use proptest::prelude::*;

use super::*;

/// A finished store and the text of one of its documents.
fn victim(document: &str) -> (tempfile::TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    finished(folder.path(), &plan(3, Precision::F32));
    let file = folder.path().join(document);
    let text = fs::read_to_string(&file).unwrap();
    (folder, file, text)
}

/// The same with no tiles, which is much faster to make.
fn unfilled(document: &str) -> (tempfile::TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::create(folder.path(), &plan(3, Precision::F32)).unwrap());
    let file = folder.path().join(document);
    let text = fs::read_to_string(&file).unwrap();
    (folder, file, text)
}

/// Opens and resumes; both must agree that the store is bad. Returns the message.
fn refused(path: &Path) -> String {
    let text = message(Store::open(path));
    assert!(Store::resume(path, &plan(3, Precision::F32)).is_err());
    text
}

#[test]
fn documents_that_are_no_documents() {
    for document in ["zarr.json", "train/zarr.json"] {
        let (folder, file, text) = victim(document);
        for (bad, needle) in [
            (&b""[..], "not JSON"),
            (b"{", "not JSON"),
            (b"\xff\xfe\x00", "not JSON"),
            (b"[]", "zarr_format is missing"),
            (b"null", "zarr_format is missing"),
            (b"{}", "zarr_format is missing"),
            (br#"{"zarr_format": 2}"#, "zarr_format is 2"),
            (&text.as_bytes()[..text.len() / 2], "not JSON"),
            ("[".repeat(100_000).as_bytes(), "recursion limit"),
        ] {
            fs::write(&file, bad).unwrap();
            let found = refused(folder.path());
            assert!(found.contains(document) && found.contains(needle), "{needle}: {found}");
        }
        fs::write(&file, vec![b' '; (MAX_METADATA_BYTES + 1) as usize]).unwrap();
        let found = refused(folder.path());
        assert!(found.contains("4194305") && found.contains("4194304"), "{found}");
        // A sparse file of a terabyte: its size must be looked at before it is read.
        if fs::File::options().write(true).open(&file).unwrap().set_len(1 << 40).is_ok() {
            assert!(refused(folder.path()).contains("1099511627776"));
        }
        fs::remove_file(&file).unwrap();
        refused(folder.path());
        fs::create_dir(&file).unwrap();
        assert!(refused(folder.path()).contains("not a file"));
    }
}

#[test]
fn documents_that_lie() {
    let huge = 1u64 << 62;
    let array = [
        ("/node_type", json!("group"), "node_type"),
        ("/shape", json!([3, 7]), "three lengths"),
        ("/shape", json!([3, -7, 7]), "three lengths"),
        ("/shape", json!([3, 7.5, 7]), "three lengths"),
        ("/shape", json!([3, 0, 0]), "0x0"),
        ("/shape", json!([3, 8, 7]), "8x7"),
        ("/shape", json!([4, 7, 7]), "do not fit"),
        ("/shape", json!([3, huge, huge]), "16777216"),
        ("/shape", json!([3, u64::MAX, u64::MAX]), "16777216"),
        ("/chunk_grid/name", json!("rectangular"), "regular"),
        ("/chunk_grid/configuration", json!(null), "chunk_shape is missing"),
        ("/chunk_grid/configuration/chunk_shape", json!([3, 0, 0]), "tile"),
        ("/chunk_grid/configuration/chunk_shape", json!([3, 3, 4]), "do not fit"),
        ("/chunk_grid/configuration/chunk_shape", json!([3, huge, huge]), "tile"),
        ("/chunk_grid/configuration/chunk_shape", json!([3, 4, 4]), "tile 4"),
        ("/chunk_key_encoding/name", json!("v2"), "v2"),
        ("/chunk_key_encoding/configuration/separator", json!("."), "separator"),
        ("/data_type", json!("int32"), "int32"),
        ("/data_type", json!({"name": "float32"}), "data_type"),
        ("/data_type", json!("float64"), "float64"),
        ("/fill_value", json!(0.0), "fill_value"),
        ("/codecs", json!([]), "codecs"),
        ("/codecs/0/configuration/codecs/0/configuration/endian", json!("big"), "codecs"),
        ("/codecs/0/configuration/codecs/1", json!({"name": "gzip"}), "codecs"),
        ("/codecs/0/configuration/chunk_shape", json!([3, 3, 3]), "codecs"),
        ("/codecs/0/configuration/index_location", json!("start"), "codecs"),
        ("/codecs/0/name", json!("gzip"), "codecs"),
        ("/dimension_names", json!(["x".repeat(1 << 20), "b", "c"]), "…"),
        ("/attributes/outputs", json!(["a", "a", "b"]), "two outputs"),
        ("/attributes/outputs", json!(["a", 1, "b"]), "list of strings"),
        ("/attributes/outputs", json!([]), "0 outputs"),
        ("/attributes/symmetric", json!("upper"), "upper"),
        ("/attributes/symmetric", json!(true), "symmetric"),
    ];
    let group = [
        ("/node_type", json!("array"), "node_type"),
        ("/attributes", json!(null), "not a store of ultrawide"),
        ("/attributes/ultrawide_store", json!(3), "format 3, this version knows 2"),
        ("/attributes/arrays", json!([]), "no arrays"),
        ("/attributes/arrays", json!(["train", "missing"]), "is missing"),
        ("/attributes/arrays", json!(["train", "train"]), "two arrays"),
        ("/attributes/arrays", json!(["../../etc"]), "../../etc"),
        ("/attributes/arrays", json!(["/etc"]), "/etc"),
        ("/attributes/arrays", json!(vec!["train"; 65]), "limit is 64"),
        ("/attributes/arrays", json!("train"), "list of strings"),
        ("/attributes/manifest", json!([]), "object"),
    ];
    for (document, cases) in [("train/zarr.json", &array[..]), ("zarr.json", &group[..])] {
        let (folder, file, text) = victim(document);
        for (pointer, value, needle) in cases {
            let mut changed: Value = serde_json::from_str(&text).unwrap();
            *changed.pointer_mut(pointer).unwrap() = value.clone();
            fs::write(&file, changed.to_string()).unwrap();
            let found = refused(folder.path());
            assert!(found.contains(needle) && found.len() < 400, "{pointer}, {needle}: {found}");
        }
    }
}

#[test]
fn an_enormous_grid_costs_what_is_on_the_disk() {
    // The most tiles that a document can claim; opening must list folders, not count tiles.
    let (folder, file, text) = victim("train/zarr.json");
    let mut changed: Value = serde_json::from_str(&text).unwrap();
    changed["shape"] = json!([3, 15_000, 15_000]);
    fs::write(&file, changed.to_string()).unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(store.has_tile("train", 2, 2).unwrap());
    assert!(!store.has_tile("train", 4_999, 0).unwrap());
}

#[test]
fn attributes_of_others_do_no_harm() {
    let (folder, file, text) = victim("train/zarr.json");
    let mut changed: Value = serde_json::from_str(&text).unwrap();
    changed["attributes"]["note"] = json!("looked at it");
    changed["storage_transformers"] = json!([]);
    fs::write(&file, changed.to_string()).unwrap();
    Store::open(folder.path()).unwrap();
    drop(Store::resume(folder.path(), &plan(3, Precision::F32)).unwrap());
}

#[test]
fn strange_names_among_the_chunks_are_ignored() {
    let (folder, _, _) = victim("zarr.json");
    let chunks = folder.path().join("train/c/0");
    for name in ["00", "-1", "+1", "x", "99", "18446744073709551616", "1 "] {
        fs::create_dir(chunks.join(name)).unwrap();
        fs::write(chunks.join("1").join(name), "strange").unwrap();
        fs::write(chunks.join(format!("{name}.file")), "strange").unwrap();
    }
    // Above the diagonal of a symmetric array.
    fs::write(chunks.join("0/1"), "strange").unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(store.missing_tiles("train").unwrap().is_empty());
    fs::remove_file(chunks.join("1/0")).unwrap();
    fs::create_dir(chunks.join("1/0")).unwrap();
    assert!(message(Store::open(folder.path())).contains("is not a file"));
    assert!(message(store.has_tile("train", 1, 0)).contains("is not a file"));
    // A file where a folder of chunks should be is no chunk, and not missing silently either.
    fs::remove_dir_all(&chunks).unwrap();
    fs::write(&chunks, "strange").unwrap();
    let store = Store::resume(folder.path(), &plan(3, Precision::F32)).unwrap();
    assert!(message(write(&store, "train", (0, 0))).contains("could not be written"));
}

/// Any JSON, not too large.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Replaces the `index`-th value of a document, counted depth first.
fn replace(document: &mut Value, index: &mut usize, by: &Value) {
    if *index == 0 {
        *document = by.clone();
        *index = usize::MAX;
        return;
    }
    *index -= 1;
    match document {
        Value::Object(map) => map.values_mut().for_each(|value| replace(value, index, by)),
        Value::Array(items) => items.iter_mut().for_each(|value| replace(value, index, by)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), group in any::<bool>()) {
        let (folder, file, _) = unfilled(if group { "zarr.json" } else { "test/zarr.json" });
        fs::write(&file, bytes).unwrap();
        refused(folder.path());
    }

    #[test]
    fn a_changed_byte_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>(), group in any::<bool>()) {
        let (folder, file, text) = unfilled(if group { "zarr.json" } else { "test/zarr.json" });
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        fs::write(&file, bytes).unwrap();
        let _ = Store::open(folder.path());
        let _ = Store::resume(folder.path(), &plan(3, Precision::F32));
    }

    #[test]
    fn a_changed_value_never_panics(mut index in 0usize..30, value in any_json(), group in any::<bool>()) {
        let (folder, file, text) = unfilled(if group { "zarr.json" } else { "test/zarr.json" });
        let mut document: Value = serde_json::from_str(&text).unwrap();
        replace(&mut document, &mut index, &value);
        fs::write(&file, document.to_string()).unwrap();
        let _ = Store::open(folder.path());
        if let Err(error) = Store::resume(folder.path(), &plan(3, Precision::F32)) {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }

    #[test]
    fn any_manifest_comes_back_and_is_resumed(manifest in proptest::collection::btree_map(any::<String>(), any_json(), 0..5)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.zarr");
        let mut plan = plan(7, Precision::F32);
        plan.manifest = manifest.into_iter().collect();
        drop(Store::create(&path, &plan).unwrap());
        let stored = Store::open(&path).unwrap();
        prop_assert_eq!(stored.manifest(), &plan.manifest);
        drop(Store::resume(&path, &plan).unwrap());
        plan.manifest.insert("one more".into(), json!(1));
        prop_assert!(message(Store::resume(&path, &plan)).contains("one more: absent vs. 1"));
    }
}
