//! One store, filled by several processes: at the same time, one after another, killed and started again.

use super::support::*;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

const JOB: &str =
    "run -q --train-size 60 --test-size 20 --depth 3,4 --net cntk-v,cntk-gap --tile 8 --threads 1 --store s";

/// The whole run in its own folder: the bytes of its store, and its results.
fn whole(folder: &Path) -> (std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>, Vec<serde_json::Value>) {
    let path = folder.join("whole");
    fs::create_dir(&path).unwrap();
    run(&path, &format!("{JOB} --report r.json")).ok();
    (tree(&path.join("s")), sorted(&path.join("r.json")))
}

/// The results of a report in one order: a run's is the user's, a store's that of its names.
fn sorted(report: &Path) -> Vec<serde_json::Value> {
    let mut results = results(report);
    results.sort_by_key(|result| format!("{} {} {}", result["net"], result["kernel"], result["depth"]));
    results
}

fn subfolder(folder: &Path, name: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    fs::create_dir(&path).unwrap();
    path
}

#[test]
fn shards_beside_and_after_each_other_make_the_store_of_one_run() {
    let folder = folder();
    let (store, report) = whole(folder.path());

    let beside = subfolder(folder.path(), "beside");
    let start = |index: usize| {
        let mut child = command(&beside, &format!("{JOB} --shard {index}/3"));
        child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (1..=3).map(start).collect();
    for child in children {
        let ran = Ran::from(child.wait_with_output().unwrap()).ok();
        assert!(ran.stdout.starts_with("shard "), "{}", ran.stdout);
    }
    assert!(tree(&beside.join("s")) == store, "the stores differ");
    run(&beside, "regress -q --store s --threads 1 --report r.json").ok();
    assert_eq!(sorted(&beside.join("r.json")), report);

    let after = subfolder(folder.path(), "after");
    let all = store.iter().filter(|(path, _)| !path.ends_with("zarr.json")).count();
    let mut missing = all;
    for index in [2, 3, 1] {
        let told = run(&after, &format!("{JOB} --shard {index}/3 --report shard.json")).ok().stdout;
        let report = json(&after.join("shard.json"));
        assert_eq!(report["shard"], format!("{index}/3"));
        assert_eq!(report["tiles"], report["computed_tiles"]);
        let left = report["missing_tiles"].as_u64().unwrap() as usize;
        assert!(left < missing);
        missing = left;
        if left > 0 {
            assert!(told.contains(&format!("{left} tiles of the store are still missing")), "{told}");
            let refused = run(&after, "regress --store s");
            refused.fails(1, &format!("{left} of {all} tiles are missing"));
            refused.fails(1, "--shard");
        } else {
            assert!(told.contains("the store is complete: ultrawide regress --store s"), "{told}");
        }
    }
    assert_eq!(missing, 0);
    assert!(tree(&after.join("s")) == store, "the stores differ");
    // Again: there is nothing to do.
    run(&after, &format!("{JOB} --shard 1/3 --report shard.json")).ok();
    assert_eq!(json(&after.join("shard.json"))["computed_tiles"], 0);
    assert!(tree(&after.join("s")) == store, "the stores differ");
    // More shards than tiles: those without any have nothing to do.
    let many = subfolder(folder.path(), "many");
    run(&many, &format!("{JOB} --shard 1/1000 --report shard.json")).ok();
    assert_eq!(json(&many.join("shard.json"))["tiles"], 0);
    // A run without shards goes on with what they have begun.
    run(&many, &format!("{JOB} --shard 1/2")).ok();
    run(&many, &format!("{JOB} --resume --report r.json")).ok();
    assert!(tree(&many.join("s")) == store, "the stores differ");
    assert_eq!(sorted(&many.join("r.json")), report);
}

#[test]
fn killed_shards_go_on_by_the_same_command_beside_others() {
    let folder = folder();
    let (store, _) = whole(folder.path());
    for (round, event) in
        ["s", "s/.uw-lock-1of2", "s/zarr.json", "s/all-train/c", "s/hidden-train/c"].into_iter().enumerate()
    {
        let path = subfolder(folder.path(), &round.to_string());
        let start = |index: usize| {
            let mut child = command(&path, &format!("{JOB} --shard {index}/2"));
            child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let (mut killed, mut other) = (start(1), start(2));
        let clock = Instant::now();
        while !path.join(event).exists() && clock.elapsed() < Duration::from_secs(60) {
            sleep(Duration::from_micros(100));
            // A lock file may have come and gone.
            if killed.try_wait().unwrap().is_some() {
                break;
            }
        }
        let _ = killed.kill();
        killed.wait().unwrap();
        // The other lives on, unless it waited for the one that was to make the store.
        let beside = run(&path, &format!("{JOB} --shard 1/2"));
        if !other.wait().unwrap().success() || beside.code != Some(0) {
            for index in [1, 2] {
                run(&path, &format!("{JOB} --shard {index}/2")).ok();
            }
        }
        assert!(tree(&path.join("s")) == store, "killed at {event}: the stores differ");
    }
}

#[test]
fn a_shard_with_other_settings_or_beside_itself_is_refused() {
    let folder = folder();
    let path = folder.path();
    let long = JOB.replace("--depth 3,4", "--depth 3,100");
    let mut child = command(path, &format!("{long} --shard 1/2"));
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&path.join("s/all-train/c"));
    let again = run(path, &format!("{long} --shard 1/2"));
    let alone = run(path, &format!("{long} --resume"));
    let anew = run(path, &long);
    let other = run(path, &format!("{JOB} --shard 2/2"));
    assert!(child.try_wait().unwrap().is_none(), "the shard was over before the others had tried");
    child.kill().unwrap();
    child.wait().unwrap();
    again.fails(1, &format!("s: shard 1/2 is in use by another run (process {})", child.id()));
    alone.fails(1, "s: in use by another run");
    anew.fails(1, "s: in use by another run");
    // When nobody is at work any more, it is a folder that is not empty.
    run(path, &long).fails(1, "not empty");
    other.fails(1, "depths");
    // Of the killed one there are locks and files under way.
    let before = settled(&path.join("s"));
    run(path, &format!("{JOB} --shard 2/2")).fails(1, "depths");
    run(path, &format!("{long} --precision f64 --shard 2/2")).fails(1, "precision");
    assert!(settled(&path.join("s")) == before, "a refused shard changed the store");
}

#[test]
fn a_shard_that_cannot_be_is_wrong_usage() {
    let folder = folder();
    for shard in ["0/2", "3/2", "1/0", "2", "1/2/3", "a/b", "1/-2", "-1/3", "1.5/2"] {
        let failed = run(folder.path(), &format!("{JOB} --shard {shard}"));
        failed.fails(2, "--shard");
        failed.fails(2, &format!("'{shard}'"));
    }
    run(folder.path(), "run --shard 1/2").fails(2, "--store");
    run(folder.path(), &format!("{JOB} --shard 1/2 --report r.csv"))
        .fails(2, "r.csv: the report of a shard ends in .json");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was written");
}

#[cfg(not(feature = "mpi"))]
#[test]
fn a_build_without_mpi_tells_how_to_make_one_with_it() {
    let folder = folder();
    run(folder.path(), &format!("{JOB} --mpi")).fails(2, "cargo build --release --features mpi");
    run(folder.path(), "run --mpi").fails(2, "--store");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was written");
}
