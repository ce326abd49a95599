//! A run that is killed and goes on.

use super::support::*;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

const JOB: &str = "run -q --train-size 220 --test-size 60 --depth 3,12 --net cntk-v,cntk-gap --tile 32";

/// The files of tiles: their path has a folder `c`.
fn tiles(store: &Path) -> usize {
    if !store.exists() {
        return 0;
    }
    let mut folders = vec![store.to_owned()];
    let mut count = 0;
    while let Some(next) = folders.pop() {
        // A temporary file may be gone before it is looked at.
        for path in fs::read_dir(&next).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.components().any(|part| part.as_os_str() == "c") {
                count += 1;
            }
        }
    }
    count
}

#[test]
fn a_killed_run_ends_with_the_same_bytes() {
    let folder = folder();
    let path = folder.path();
    run(path, &format!("{JOB} --threads 2 --store whole --report whole.json")).ok();
    let all = tiles(&path.join("whole"));
    let mut child = command(path, &format!("{JOB} --threads 1 --store killed"));
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let clock = Instant::now();
    while tiles(&path.join("killed")) < 5 {
        assert!(clock.elapsed() < Duration::from_secs(120), "no tile was written");
        std::thread::sleep(Duration::from_millis(2));
    }
    // Meanwhile it is nobody else's.
    for second in ["", "--resume"] {
        let refused = run(path, &format!("{JOB} --store killed {second}"));
        refused.fails(1, &format!("killed: in use by another run (process {})", child.id()));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let survived = tiles(&path.join("killed"));
    assert!((5..all).contains(&survived), "{survived} of {all} tiles: the run was over before it was killed");

    // An unfinished store is no ground for a regression.
    run(path, "regress --store killed").fails(1, "tiles are missing");
    run(path, &format!("{JOB} --store killed")).fails(1, "--resume");

    run(path, &format!("{JOB} --threads 2 --store killed --resume --report killed.json")).ok();
    assert!(tree(&path.join("whole")) == tree(&path.join("killed")), "the stores differ");
    let results = |name: &str| {
        let report = json(&path.join(name));
        let rows = report["results"].as_array().unwrap().clone();
        rows.into_iter()
            .map(|row| (row["net"].clone(), row["depth"].clone(), row["accuracy"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(results("whole.json"), results("killed.json"));
    let computed = json(&path.join("killed.json"))["pairs"].as_u64().unwrap();
    assert!(computed < json(&path.join("whole.json"))["pairs"].as_u64().unwrap(), "nothing was taken from the store");

    run(path, "regress -q --store whole --report again.json").ok();
    let mut again = results("again.json");
    again.sort_by_key(|row| format!("{row:?}"));
    let mut whole = results("whole.json");
    whole.sort_by_key(|row| format!("{row:?}"));
    assert_eq!(again, whole);

    // Other settings or other data are another run.
    let before = tree(&path.join("whole"));
    for (job, difference) in [
        (JOB.replace("3,12", "3,11"), "depths"),
        (JOB.replace("220", "221"), "data.train.images"),
        (JOB.replace("--tile 32", "--tile 16"), "tile"),
        (format!("{JOB} --flip"), "flip"),
        (format!("{JOB} --filter 5"), "filter"),
        (format!("{JOB} --slope 0.1"), "slope"),
        (format!("{JOB} --subset balanced"), "subset"),
        (format!("{JOB} --precision f64"), "precision"),
        (format!("{JOB} --train all"), "passes"),
    ] {
        run(path, &format!("{job} --store whole --resume")).fails(1, difference);
    }
    let residual = "run -q --train-size 40 --test-size 20 --depth 3 --net fc --store residual";
    run(path, &format!("{residual} --residual 1")).ok();
    for other in ["", " --residual 2", " --residual 1 --slope 0.1"] {
        run(path, &format!("{residual}{other} --resume"))
            .fails(1, if other.contains("slope") { "slope" } else { "residual" });
    }
    let mut scalar = command(path, &format!("{JOB} --store whole --resume"));
    scalar.env("ULTRAWIDE_SIMD", "scalar");
    if ultrawide::simd::Backend::select().unwrap().is_fused() {
        ran(scalar).fails(1, "arithmetic");
    }
    assert!(before == tree(&path.join("whole")), "a refused run changed the store");
}
