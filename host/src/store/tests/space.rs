//! The space on the disk: what a store takes, to the byte, and what is refused.

use super::*;

/// Files and their bytes below a folder.
fn measured(path: &Path) -> (u64, u64) {
    let files: Vec<u64> = tree(path).into_values().flatten().map(|bytes| bytes.len() as u64).collect();
    (files.len() as u64, files.iter().sum())
}

#[test]
fn a_store_takes_what_was_said_and_what_is_there_is_not_counted_again() {
    for (tile, precision) in [(3, Precision::F32), (4, Precision::F64), (7, Precision::F32)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.zarr");
        let plan = plan(tile, precision);
        let all = Space::of(&plan).unwrap();
        // No folder, and an empty one.
        assert_eq!(Space::missing(&path, &plan).unwrap(), all);
        fs::create_dir(&path).unwrap();
        assert_eq!(Space::missing(&path, &plan).unwrap(), all);

        let store = Store::resume(&path, &plan).unwrap();
        write(&store, "train", (0, 0)).unwrap();
        write(&store, "test", (0, 0)).unwrap();
        drop(store);
        let (files, bytes) = measured(&path);
        let missing = Space::missing(&path, &plan).unwrap();
        assert_eq!((missing.files() + files, missing.bytes() + bytes), (all.files(), all.bytes()));
        // A tile that was cut short is written anew.
        fs::write(path.join("train/c/0/0/0"), "short").unwrap();
        assert_eq!(Space::missing(&path, &plan).unwrap().files(), missing.files() + 1);

        write_missing(&Store::resume(&path, &plan).unwrap());
        assert_eq!(measured(&path), (all.files(), all.bytes()));
        assert_eq!(Space::missing(&path, &plan).unwrap().on_disk(4096), 0);
    }
}

#[test]
fn what_does_not_fit_is_refused_with_both_numbers() {
    let space = Space::of(&plan(3, Precision::F32)).unwrap();
    let path = Path::new("run.zarr");
    // 6 + 6 tiles and 3 documents, all below a block; the store, 2 × 3 folders of arrays and 3 + 2 rows of tiles.
    let bytes = 4096 * (6 + 6 + 3 + 1 + 6 + 5);
    assert_eq!(space.on_disk(4096), bytes);
    assert!(space.on_disk(1) > space.bytes());
    let free = |bytes, files| Some(Free { bytes, block: 4096, files });
    for fits in [free(bytes, None), free(bytes, Some(27)), None] {
        space.check(path, fits).unwrap();
    }
    let text = message(space.check(path, free(bytes - 1, None)));
    for part in ["run.zarr", &format!("{bytes} bytes"), &format!("{} bytes", bytes - 1)] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = message(space.check(path, free(bytes, Some(26))));
    assert!(text.contains("run.zarr: 27 files") && text.contains("room for 26"), "{text}");
}

#[test]
fn free_space_is_that_of_the_next_folder_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let Some(free) = Free::at(folder.path()) else {
        return crash::skipped("free space: this system does not tell");
    };
    assert!(free.block > 0);
    assert_eq!(Free::at(&folder.path().join("no/such")).unwrap().block, free.block);
    assert!(Free::at(Path::new("no-such-folder")).is_some());
}
