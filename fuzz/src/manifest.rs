//! The documents of a store.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use ultrawide::store::{ArrayPlan, Precision, Store, StorePlan};

use crate::check_line;

/// The store whose documents the seeds are.
pub(crate) static PLAN: LazyLock<StorePlan> = LazyLock::new(|| {
    let array = |name: &str, rows, cols, symmetric| ArrayPlan {
        name: name.to_owned(),
        rows,
        cols,
        symmetric,
        outputs: vec!["cntk-v ntk depth 3".to_owned(), "cntk-v ntk depth 6".to_owned()],
    };
    StorePlan {
        tile: 16,
        precision: Precision::F32,
        arrays: vec![array("test", 7, 40, false), array("train", 40, 40, true)],
        manifest: serde_json::from_str(r#"{"data": {"name": "digits", "train": 40}, "depths": [3, 6]}"#)
            .expect("an object"),
    }
});

/// The documents of the group and of its arrays `test` and `train`, with a byte of 0 between them.
pub fn manifest(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.zarr");
    let documents: Vec<&[u8]> = data.splitn(3, |&byte| byte == 0).collect();
    for (name, document) in ["", "test", "train"].into_iter().zip(&documents) {
        let below = path.join(name);
        fs::create_dir_all(&below).and_then(|()| fs::write(below.join("zarr.json"), document)).expect("a small file");
    }
    match Store::open(&path) {
        Ok(store) => reopened(store.plan(), folder.path()),
        Err(error) => check_line(&error),
    }
    match Store::resume(&path, &PLAN) {
        Ok(store) => assert_eq!(*store.plan(), PLAN.canonical().expect("a good plan")),
        Err(error) => check_line(&error),
    }
}

/// A plan that was read back makes a store from which it is read back.
fn reopened(plan: &StorePlan, folder: &Path) {
    let path = folder.join("again.zarr");
    match Store::create(&path, plan) {
        Ok(store) => drop(store),
        // Documents that are just short enough to be read may be too long to be written, indented as they are then.
        Err(error) => return check_line(&error),
    }
    match Store::open(&path) {
        Ok(store) => assert_eq!(store.plan(), plan),
        Err(error) => panic!("a store that was just made cannot be opened: {error}"),
    }
}
