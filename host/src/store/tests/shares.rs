//! Shares: how the tiles are divided, several writers at the same time and one after another, and who is refused.

use super::*;
use crate::store::atomic::TEMPORARY_PREFIX;

fn share(index: usize, count: usize) -> Share {
    Share::new(index, count).unwrap()
}

/// Writes the tiles that a handle wants.
fn write_wanted(store: &Store) -> usize {
    let mut written = 0;
    for array in ["train", "test"] {
        for tile in store.wanted_tiles(array).unwrap() {
            write(store, array, tile).unwrap();
            written += 1;
        }
    }
    written
}

#[test]
fn every_tile_has_one_share_and_the_shares_are_even() {
    let pairs = |array: &ArrayPlan, tile: usize, (i, j): (usize, usize)| {
        let (rows, cols) = array.tile_shape(tile, i, j).unwrap();
        if array.symmetric && i == j { rows * (rows + 1) / 2 } else { rows * cols }
    };
    for (rows, cols, tile) in [(7, 7, 3), (1, 1, 3), (100, 100, 7), (64, 64, 8)] {
        for symmetric in [true, false] {
            let array = ArrayPlan { name: "a".into(), rows, cols, symmetric, outputs: vec!["k".into()] };
            let all: Vec<_> = array.tiles(tile).collect();
            let total: usize = all.iter().map(|&at| pairs(&array, tile, at)).sum();
            let largest = all.iter().map(|&at| pairs(&array, tile, at)).max().unwrap();
            for count in [1, 2, 3, 5, 64] {
                let mut covered = Vec::new();
                for index in 1..=count {
                    let range = share(index, count).range(&array, tile);
                    let own: Vec<_> = all
                        .iter()
                        .copied()
                        .filter(|at| range.as_ref().is_some_and(|range| range.contains(at)))
                        .collect();
                    let sum: usize = own.iter().map(|&at| pairs(&array, tile, at)).sum();
                    assert!(
                        sum.abs_diff(total / count) <= largest + 1,
                        "{index}/{count} of {rows}x{cols}: {sum} of {total}"
                    );
                    covered.extend(own);
                }
                assert_eq!(covered, all, "{count} shares of {rows}x{cols}");
            }
        }
    }
}

#[test]
fn shares_have_names() {
    assert_eq!("2/4".parse::<Share>().unwrap(), share(2, 4));
    assert_eq!(share(2, 4).to_string(), "2/4");
    for wrong in
        ["0/4", "5/4", "1/0", "4", "", "/", "1/2/3", "-1/2", "1/-2", "a/b", "1 / 2", "1/99999999999999999999999"]
    {
        assert!(wrong.parse::<Share>().is_err(), "{wrong}");
    }
}

#[test]
fn shares_fill_a_store_with_the_same_bytes_in_any_order_and_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(2, Precision::F32);
    let reference = folder.path().join("reference");
    finished(&reference, &plan);
    let expected = tree(&reference);

    let one_by_one = folder.path().join("one-by-one");
    let mut written = 0;
    for index in [3, 1, 4, 2] {
        written += write_wanted(&Store::join(&one_by_one, &plan, share(index, 4)).unwrap());
    }
    assert_eq!(written, expected.keys().filter(|path| path.components().count() == 5).count());
    assert_eq!(expected, tree(&one_by_one));

    for round in 0..8 {
        let together = folder.path().join(format!("together-{round}"));
        std::thread::scope(|scope| {
            for index in 1..=6 {
                let (together, plan) = (&together, &plan);
                scope.spawn(move || write_wanted(&Store::join(together, plan, share(index, 6)).unwrap()));
            }
        });
        assert_eq!(expected, tree(&together), "round {round}");
    }
}

#[test]
fn a_share_is_written_once_and_not_beside_a_run_without_shares() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    let plan = plan(3, Precision::F32);
    let first = Store::join(&path, &plan, share(1, 2)).unwrap();
    let text = message(Store::join(&path, &plan, share(1, 2)));
    assert!(text.contains("shard 1/2 is in use") && text.contains(&std::process::id().to_string()), "{text}");
    assert!(message(Store::resume(&path, &plan)).contains("in use"));
    let second = Store::join(&path, &plan, share(2, 2)).unwrap();
    drop(first);
    assert!(message(Store::resume(&path, &plan)).contains("in use"), "the second is still there");
    drop(second);

    let alone = Store::resume(&path, &plan).unwrap();
    assert!(message(Store::join(&path, &plan, share(1, 2))).contains("in use by another run"));
    drop(alone);
    let files = tree(&path);
    assert!(files.keys().all(|name| !name.to_string_lossy().contains(LOCK_FILE)), "{:?}", files.keys());
}

#[test]
fn a_share_touches_nothing_of_those_at_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    let plan = plan(3, Precision::F32);
    finished(&path, &plan);
    let expected = tree(&path);
    let first = Store::join(&path, &plan, share(1, 2)).unwrap();

    // Files under way of both shares, of one whose number begins alike and of a run without shares; damaged tiles of both shares.
    let temporary = |name: &str| path.join("train/c/0/2").join(format!("{TEMPORARY_PREFIX}{name}"));
    for name in ["1of2-77-0", "2of2-77-0", "12of2-77-0", "77-0"] {
        fs::write(temporary(name), "half a ti").unwrap();
    }
    let (theirs, ours) = (path.join("train/c/0/0/0"), path.join("train/c/0/2/2"));
    let mut flipped = fs::read(&ours).unwrap();
    flipped[5] ^= 1;
    for (file, other) in [(&theirs, path.join("train/c/0/1/0")), (&ours, path.join("train/c/0/2/1"))] {
        fs::write(file, &flipped).unwrap();
        fs::write(other, "short").unwrap();
    }
    let second = Store::join(&path, &plan, share(2, 2)).unwrap();
    let left = ["1of2-77-0", "2of2-77-0", "12of2-77-0", "77-0"].map(|name| temporary(name).exists());
    assert_eq!(left, [true, false, true, true]);
    assert!(theirs.exists() && path.join("train/c/0/1/0").exists(), "a tile of the other share was removed");
    assert_eq!(second.wanted_tiles("train").unwrap(), [(2, 1), (2, 2)]);
    assert_eq!(second.wanted_tiles("test").unwrap(), []);
    write_wanted(&second);
    drop((first, second));

    // The first that comes back alone clears up behind all.
    let first = Store::join(&path, &plan, share(1, 2)).unwrap();
    assert_eq!(first.wanted_tiles("train").unwrap(), [(0, 0), (1, 0)]);
    write_wanted(&first);
    drop(first);
    assert_eq!(expected, tree(&path));
}

#[test]
fn a_share_of_another_run_or_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    let plan = plan(3, Precision::F32);
    finished(&path, &plan);
    let before = tree(&path);
    let mut other = plan.clone();
    other.manifest.insert("flip".into(), json!(true));
    let alone = message(Store::join(&path, &other, share(1, 2)));
    assert!(alone.contains("flip: absent vs. true"), "{alone}");
    let beside = Store::join(&path, &plan, share(2, 2)).unwrap();
    assert_eq!(message(Store::join(&path, &other, share(1, 2))), alone);
    drop(beside);
    assert_eq!(before, tree(&path), "a refusal changes nothing");

    let occupied = folder.path().join("occupied");
    fs::create_dir(&occupied).unwrap();
    fs::write(occupied.join("notes.txt"), "mine").unwrap();
    assert!(message(Store::join(&occupied, &plan, share(1, 2))).contains("notes.txt"));
    assert_eq!(tree(&occupied).len(), 1);
}

#[test]
fn a_creation_killed_before_its_end_is_finished_by_a_share() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(3, Precision::F32);
    let reference = folder.path().join("reference");
    finished(&reference, &plan);
    let path = folder.path().join("run.zarr");
    fs::create_dir_all(path.join("train")).unwrap();
    fs::copy(reference.join("train/zarr.json"), path.join("train/zarr.json")).unwrap();
    fs::write(path.join(".uw-lock-1of2"), "77\n").unwrap();
    fs::write(path.join(LOCK_FILE), "").unwrap();
    for index in [1, 2] {
        write_wanted(&Store::join(&path, &plan, share(index, 2)).unwrap());
    }
    assert_eq!(tree(&reference), tree(&path));
}
