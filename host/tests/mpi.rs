//! `ultrawide run --mpi`, under `mpirun` on this machine.
#![cfg(feature = "mpi")]

#[allow(dead_code, reason = "a file of the command's tests, of which a part is used")]
#[path = "command/support.rs"]
mod support;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use support::*;

const JOB: &str =
    "run -q --train-size 60 --test-size 20 --depth 3,4 --net cntk-v,cntk-gap --tile 8 --threads 1 --store s";

/// The command on so many ranks; none where there is no `mpirun`, which is then said.
fn ranks(folder: &Path, count: usize, arguments: &str) -> Option<Command> {
    if Command::new("mpirun").arg("--version").output().is_err() {
        skipped("run --mpi: there is no mpirun (Debian: openmpi-bin)");
        return None;
    }
    let alone = command(folder, &format!("{arguments} --mpi"));
    let mut all = Command::new("mpirun");
    all.args(["--oversubscribe", "-n", &count.to_string()]).arg(alone.get_program()).args(alone.get_args());
    // A container's only user may be root.
    all.envs([("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")]);
    all.env_remove("ULTRAWIDE_SIMD").current_dir(folder);
    Some(all)
}

/// Fails unless the job has this exit code and one error is told, by this rank, among what `mpirun` says itself.
#[track_caller]
fn fails(ran: &Ran, code: i32, rank: &str, text: &str) {
    assert_eq!(ran.code, Some(code), "{}", ran.stderr);
    let errors: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{}", ran.stderr);
    assert!(errors[0].starts_with(&format!("error: {rank}: ")) && errors[0].contains(text), "{}", errors[0]);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

fn subfolder(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir(&path).unwrap();
    path
}

/// The results of a report without what tells how they were found.
fn found(report: &Path) -> Vec<serde_json::Value> {
    let mut results = results(report);
    for result in &mut results {
        result["solve"] = serde_json::Value::Null;
    }
    results
}

#[test]
fn any_number_of_ranks_makes_the_store_and_the_accuracies_of_one_run() {
    for precision in ["f32", "f64"] {
        let job = format!("{JOB} --precision {precision}");
        let folder = folder();
        let alone = subfolder(folder.path(), "alone");
        run(&alone, &format!("{job} --solver cholesky --report r.json")).ok();
        let (store, expected) = (tree(&alone.join("s")), found(&alone.join("r.json")));
        let mut solves = None;
        for count in [1, 2, 3, 4] {
            let path = subfolder(folder.path(), &count.to_string());
            let Some(command) = ranks(&path, count, &format!("{job} --report r.json")) else { return };
            let told = ran(command).ok();
            assert_eq!(told.stdout.matches("cntk-gap").count(), 1, "{}", told.stdout);
            assert_eq!(told.stderr, "");
            assert!(tree(&path.join("s")) == store, "{count} ranks: the stores differ");
            let report = path.join("r.json");
            assert_eq!(found(&report), expected, "{count} ranks");
            let json = json(&report);
            assert_eq!((&json["settings"]["ranks"], &json["threads"]), (&count.into(), &count.into()));
            assert!(json["results"].as_array().unwrap().iter().all(|row| row["solve"]["solver"] == "cg"), "{json}");
            // The iterations, residuals and conditions, to the bit.
            let solved = results(&report);
            let solves = solves.get_or_insert_with(|| solved.clone());
            assert_eq!(*solves, solved, "{count} ranks");
        }
        // Again, by other ranks: nothing is left to be computed.
        let Some(command) = ranks(&folder.path().join("2"), 3, &format!("{job} --report r.json")) else { return };
        ran(command).ok();
        assert_eq!(json(&folder.path().join("2/r.json"))["pairs"], 0);
        assert_eq!(found(&folder.path().join("2/r.json")), expected);
    }
}

/// Runs a job on three ranks until `event`, and kills the rank that has this lock: the job must end, and tell why. None where there is no `mpirun`.
#[track_caller]
fn killed(folder: &Path, job: &str, lock: &str, event: impl Fn() -> bool) -> Option<()> {
    let told = || fs::read_to_string(folder.join("told")).unwrap();
    let mut command = ranks(folder, 3, job)?;
    let mut child = command.stdout(Stdio::null()).stderr(File::create(folder.join("told")).unwrap()).spawn().unwrap();
    let clock = Instant::now();
    while !event() {
        assert!(clock.elapsed() < Duration::from_secs(60), "the moment did not come: {}", told());
        assert!(child.try_wait().unwrap().is_none(), "the job ended before a rank could be killed: {}", told());
        sleep(Duration::from_millis(1));
    }
    signal(folder, lock, "-KILL");
    assert_ne!(child.wait().unwrap().code(), Some(0));
    assert!(told().contains("exited on signal 9"), "{}", told());
    Some(())
}

/// To the process that has this lock.
fn signal(folder: &Path, lock: &str, signal: &str) {
    let process = fs::read_to_string(folder.join("s").join(lock)).unwrap();
    assert!(Command::new("kill").args([signal, process.trim()]).status().unwrap().success());
}

#[test]
fn a_job_with_a_killed_rank_ends_and_others_go_on() {
    let job = JOB.replace("60", "100").replace("3,4", "3,21");
    let folder = folder();
    let whole = subfolder(folder.path(), "whole");
    run(&whole, &format!("{job} --report r.json")).ok();
    let (store, expected) = (tree(&whole.join("s")), found(&whole.join("r.json")));
    for (lock, event, others) in
        [(".uw-lock-2of3", "s/all-train/c/0/3", 2), (".uw-lock-1of3", "s/hidden-train/c/0/2", 4)]
    {
        let path = subfolder(folder.path(), lock);
        let Some(()) = killed(&path, &job, lock, || path.join(event).exists()) else { return };
        for (name, bytes) in settled(&path.join("s")) {
            assert!(store.get(&name) == Some(&bytes), "{} is not whole", name.display());
        }
        assert!(tree(&path.join("s")).len() < store.len(), "the job was over before a rank was killed");
        let Some(command) = ranks(&path, others, &format!("{job} --resume --report r.json")) else { return };
        ran(command).ok();
        assert!(tree(&path.join("s")) == store, "{lock}: the stores differ");
        assert_eq!(found(&path.join("r.json")), expected);
    }
}

#[test]
fn a_rank_killed_in_the_middle_of_a_solve_ends_the_job_and_others_solve() {
    let folder = folder();
    let path = folder.path();
    // Images of four pixels, so that the solve takes some eighty iterations.
    images(path, "x.npy", &[600, 1, 1, 4], 1);
    labels(path, "y.npy", &(0..600).map(|image| image % 10).collect::<Vec<u16>>());
    let job =
        "run --train-x x.npy --train-y y.npy --test-x x.npy --test-y y.npy --net fc --depth 3 --tile 100 --threads 1";
    run(path, &format!("{job} -q --store whole --solver cg --report whole.json")).ok();
    let job = format!("{job} --store s");
    let lock = ".uw-lock-3of3";
    // When all tiles are there the rank is stopped, as often as it takes until the first one tells that it waits in an iteration.
    let iterating = || {
        path.join("s/fc-all-test/c/0/5/5").exists() && {
            signal(path, lock, "-STOP");
            sleep(Duration::from_secs(1));
            let iterating = fs::read_to_string(path.join("told")).unwrap().contains("iteration");
            if !iterating {
                signal(path, lock, "-CONT");
            }
            iterating
        }
    };
    let Some(()) = killed(path, &job, lock, iterating) else { return };
    let Some(command) = ranks(path, 2, &format!("{job} -q --resume --report r.json")) else { return };
    ran(command).ok();
    assert_eq!(json(&path.join("r.json"))["pairs"], 0);
    assert!(tree(&path.join("s")) == tree(&path.join("whole")), "the stores differ");
    assert_eq!(found(&path.join("r.json")), found(&path.join("whole.json")));
}

#[test]
fn mistakes_are_told_once_and_by_the_rank_that_meets_them() {
    let folder = folder();
    let path = folder.path();
    let Some(wrong) = ranks(path, 2, &format!("{JOB} --solver cholesky")) else { return };
    fails(&ran(wrong), 2, "rank 0 of 2", "--solver cholesky: ranks solve by cg");
    assert!(!path.join("s").exists(), "something was written");
    let refused = |job: &str, code: i32, rank: &str, text: &str| {
        fails(&ran(ranks(path, 2, job).expect("it was there")), code, rank, text);
    };
    refused(&format!("{JOB} --data cifar10 --data-dir nowhere"), 1, "rank 0 of 2", "nowhere");
    refused(&format!("{JOB} --lap 2"), 2, "rank 0 of 2", "--lap");
    // More memory than there is, for both together.
    images(path, "large.npy", &[2, 1, 1024, 1024], 1);
    labels(path, "y.npy", &[0, 1]);
    let large = "run --train-x large.npy --train-y y.npy --test-x large.npy --test-y y.npy --net cntk-v --depth 16000";
    refused(&format!("{large} --threads 1 --store s"), 1, "rank 0 of 2", "2 threads");
    assert!(!path.join("s").exists(), "something was written");
    ran(ranks(path, 2, JOB).expect("it was there")).ok();
    refused(&format!("{JOB} --precision f64"), 1, "rank 0 of 2", "precision");
    // What one rank alone meets: its share is another process's.
    let long = JOB.replace("3,4", "3,100").replace("--store s", "--store t");
    let mut shard = command(path, &format!("{long} --shard 2/2"));
    let mut shard = shard.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&path.join("t/all-train/c"));
    refused(&long, 1, "rank 1 of 2", "shard 2/2 is in use");
    shard.kill().unwrap();
    shard.wait().unwrap();
    // Without mpirun there is one rank.
    run(path, "run --mpi").fails(2, "--store");
    run(path, &format!("{JOB} --mpi --shard 1/2")).fails(2, "--shard");
    run(path, &format!("{JOB} --mpi")).ok();
}
