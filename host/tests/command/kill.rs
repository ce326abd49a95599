//! Kills at any moment: what is on the disk is whole or not there, and the next start goes on with it.

use super::support::*;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

const JOB: &str = "run -q --train-size 60 --test-size 20 --depth 3,4 --net cntk-v,cntk-gap --train all --tile 8 --threads 2 \
                   --store s --report r.json";

/// Runs the job to its end; how long it took.
fn timed(folder: &Path, job: &str) -> Duration {
    let clock = Instant::now();
    run(folder, job).ok();
    clock.elapsed()
}

/// One moment in each of `count` equal parts of a duration, somewhere in it.
fn moments(whole: Duration, count: u16) -> impl Iterator<Item = Duration> {
    let random = numbers(usize::from(count), 11).into_iter().map(|number| (number + 1.0) / 2.0);
    (0..count).zip(random).map(move |(part, random)| whole.mul_f32((f32::from(part) + random) / f32::from(count)))
}

/// Starts a job and kills it after a while.
fn killed(folder: &Path, job: &str, after: Duration) {
    let mut child = command(folder, job);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    sleep(after);
    // It may have ended.
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn a_run_killed_at_any_moment_ends_with_the_same_bytes_and_numbers() {
    const ROUNDS: u16 = 22;
    let folder = folder();
    let at = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    };
    let whole = at("whole");
    let duration = timed(&whole, JOB);
    let (store, report) = (tree(&whole.join("s")), results(&whole.join("r.json")));
    // Bytes of a killed run are those of the whole one, as far as they are there.
    let check = |path: &Path| {
        if path.join("s").exists() {
            for (name, bytes) in settled(&path.join("s")) {
                assert!(store.get(&name) == Some(&bytes), "{} is not whole", name.display());
            }
        }
        assert!(!path.join("r.json").exists() || results(&path.join("r.json")) == report);
    };

    let resume = format!("{JOB} --resume");
    let (mut unborn, mut unfinished, mut without_report) = (0, 0, 0);
    for (round, moment) in moments(duration, ROUNDS).enumerate() {
        let path = at(&round.to_string());
        killed(&path, JOB, moment);
        check(&path);
        match path.join("s/zarr.json").exists() {
            false => unborn += 1,
            true if tree(&path.join("s")).len() < store.len() => unfinished += 1,
            true => without_report += usize::from(!path.join("r.json").exists()),
        }
        // Every second time the one that goes on is killed as well, at another moment.
        if round % 2 == 1 {
            killed(&path, &resume, duration.saturating_sub(moment));
            check(&path);
        }
        run(&path, &resume).ok();
        assert!(tree(&path.join("s")) == store, "killed after {moment:?} of {duration:?}: the stores differ");
        assert_eq!(results(&path.join("r.json")), report, "killed after {moment:?} of {duration:?}");
    }
    println!("{unborn} without a store, {unfinished} with some tiles, {without_report} with all tiles and no report");
    assert!(unfinished >= 4, "only {unfinished} of {ROUNDS} runs were killed in the middle");
}

#[test]
fn a_run_killed_at_the_creation_or_the_regression_goes_on() {
    let folder = folder();
    let whole = folder.path().join("whole");
    fs::create_dir(&whole).unwrap();
    run(&whole, JOB).ok();
    let (store, report) = (tree(&whole.join("s")), results(&whole.join("r.json")));
    let last = whole.join("s/all-test/c/0/2/7");
    assert!(last.exists(), "the passes or tiles are others: {:?}", store.keys());
    // Two events that moments by the clock would seldom meet, and a little later: whether the run was still alive then.
    let meets = |(round, (event, later)): (usize, (&str, u64))| {
        let path = folder.path().join(round.to_string());
        fs::create_dir(&path).unwrap();
        let mut child = command(&path, JOB);
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let clock = Instant::now();
        while !path.join(event).exists() && clock.elapsed() < Duration::from_secs(60) {
            sleep(Duration::from_micros(100));
        }
        sleep(Duration::from_millis(later));
        let alive = child.try_wait().unwrap().is_none();
        let _ = child.kill();
        child.wait().unwrap();
        run(&path, &format!("{JOB} --resume")).ok();
        assert!(tree(&path.join("s")) == store, "killed {later} ms after {event}: the stores differ");
        assert_eq!(results(&path.join("r.json")), report, "killed {later} ms after {event}");
        alive
    };
    assert!(
        [("s", 0), ("s/zarr.json", 0)].into_iter().enumerate().all(meets),
        "a run had ended when its store was new"
    );
    // The regression is short, and a busy machine may look too late.
    let regression = [("s/all-test/c/0/2/7", 0), ("s/all-test/c/0/2/7", 2)].repeat(4);
    let met = (2..).zip(regression).filter(|&moment| meets(moment)).count();
    println!("{met} of 8 runs were killed in the regression");
    assert!(met > 0, "no run was killed in the regression");
}

#[test]
fn a_kernel_killed_at_any_moment_leaves_a_whole_file_or_none() {
    let job = "kernel -q --x x.npy --out k.npy --net fc --depth 3 --threads 2 --report k.json";
    let folder = folder();
    let path = folder.path();
    images(path, "x.npy", &[600, 1, 8, 8], 5);
    let duration = timed(path, job);
    let whole = fs::read(path.join("k.npy")).unwrap();
    let (n, m, _) = ultrawide::data::npy::read_matrix(&path.join("k.npy")).unwrap();
    assert_eq!((n, m), (600, 600));
    let (mut absent, mut there) = (0, 0);
    for (round, moment) in moments(duration.mul_f32(1.1), 16).enumerate() {
        // What was there before stays until the new one is whole.
        let before = (round % 2 == 1).then(|| b"before".to_vec());
        for name in ["k.npy", "k.json"] {
            match &before {
                Some(bytes) => fs::write(path.join(name), bytes).unwrap(),
                None => drop(fs::remove_file(path.join(name))),
            }
        }
        killed(path, job, moment);
        let found = fs::read(path.join("k.npy")).ok();
        if found == before {
            absent += 1;
        } else {
            there += 1;
            assert!(found == Some(whole.clone()), "killed after {moment:?} of {duration:?}: half a file");
        }
        let report = fs::read(path.join("k.json")).ok();
        assert!(report == before || json(&path.join("k.json"))["command"] == "kernel");
    }
    println!("{absent} without the file, {there} with it");
    assert!(absent >= 4, "only {absent} of 16 runs were killed before the file was there");
}
