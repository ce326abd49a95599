//! Stores on file systems that are read-only, slow, or without locks.

use super::disk::Disk;
use super::support::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const JOB: &str =
    "run -q --train-size 60 --test-size 20 --depth 3,4 --net cntk-v,cntk-gap --train all --tile 16 --threads 2";

#[test]
fn a_read_only_file_system_is_told_before_the_work_and_can_be_read() {
    let folder = folder();
    let path = folder.path();
    let Some(disk) = Disk::mount(path, "8m") else {
        return skipped("a read-only file system: no right to mount one");
    };
    run(path, &format!("{JOB} --store disk/s --report whole.json")).ok();
    run(path, &format!("{JOB} --store disk/part --shard 1/2")).ok();
    let before = tree(&disk.0);
    disk.remount("ro");
    for job in [
        format!("{JOB} --store disk/new"),
        format!("{JOB} --store disk/new --shard 1/2"),
        format!("{JOB} --store disk/part --resume"),
        format!("{JOB} --store disk/part --shard 2/2"),
        format!("{JOB} --report disk/r.json"),
    ] {
        let failed = run(path, &job);
        failed.fails(1, "Read-only file system");
        failed.fails(1, "error: disk/");
    }
    run(path, "regress -q --store disk/s --report again.json").ok();
    assert_eq!(results(&path.join("again.json")), results(&path.join("whole.json")));
    assert!(tree(&disk.0) == before, "something was written");
}

/// Stands between the command and the C library: what makes a file last takes 30 ms; `flock` fails with the error that `FLOCK` names.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static void slow(void) { if (getenv("SLOW")) usleep(30000); }
int fsync(int file) { slow(); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(file); }
int rename(const char *a, const char *b) { slow(); return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(a, b); }
int flock(int file, int what) {
    if (getenv("FLOCK")) { errno = atoi(getenv("FLOCK")); return -1; }
    return ((int (*)(int, int))dlsym(RTLD_NEXT, "flock"))(file, what);
}
"#;

/// The library made of [`SHIM`]; `None` where there is no C compiler for the machine that runs this.
fn shim(folder: &Path) -> Option<PathBuf> {
    let (source, library) = (folder.join("shim.c"), folder.join("shim.so"));
    fs::write(&source, SHIM).unwrap();
    let machine = Command::new("cc").arg("-dumpmachine").output().ok()?;
    if !machine.stdout.starts_with(std::env::consts::ARCH.as_bytes()) {
        return None;
    }
    let compiler = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl").output();
    compiler.is_ok_and(|output| output.status.success()).then_some(library)
}

#[test]
fn a_slow_file_system_makes_the_same_store() {
    let folder = folder();
    let path = folder.path();
    let Some(shim) = shim(path) else { return skipped("a slow file system: no C compiler makes a library") };
    run(path, &format!("{JOB} --store whole --report whole.json")).ok();
    let whole = tree(&path.join("whole"));
    let slow = |arguments: &str| {
        let mut command = command(path, arguments);
        command.env("LD_PRELOAD", &shim).env("SLOW", "1").stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    // Three delays for each file, on two threads.
    let least = Duration::from_millis(30 * 3 * whole.len() as u64 / 2);
    let clock = Instant::now();
    assert!(slow(&format!("{JOB} --store s --report r.json")).status().unwrap().success());
    assert!(clock.elapsed() > least, "nothing was slow: {:?}", clock.elapsed());
    assert!(tree(&path.join("s")) == whole, "the stores differ");
    assert_eq!(results(&path.join("r.json")), results(&path.join("whole.json")));

    // Killed while files wait to be renamed; then by two shards beside each other.
    let mut child = slow(&format!("{JOB} --store killed")).spawn().unwrap();
    wait_for(&path.join("killed/all-train/c/0/2"));
    child.kill().unwrap();
    child.wait().unwrap();
    let left = settled(&path.join("killed"));
    assert!(left.len() < whole.len(), "the job was over before it was killed");
    assert!(left.iter().all(|(name, bytes)| whole.get(name) == Some(bytes)), "half a file");
    let shards: Vec<_> =
        [1, 2].map(|index| slow(&format!("{JOB} --store killed --shard {index}/2")).spawn().unwrap()).into();
    for mut shard in shards {
        assert!(shard.wait().unwrap().success());
    }
    assert!(tree(&path.join("killed")) == whole, "the stores differ");
}

#[test]
fn a_file_system_without_locks_is_warned_of_and_broken_locks_are_an_error() {
    let folder = folder();
    let path = folder.path();
    let Some(shim) = shim(path) else { return skipped("file systems without locks: no C compiler makes a library") };
    run(path, &format!("{JOB} --store whole")).ok();
    let whole = tree(&path.join("whole"));
    let with = |error: &str, arguments: &str| {
        let mut command = command(path, arguments);
        command.env("LD_PRELOAD", &shim).env("FLOCK", error);
        ran(command)
    };
    // EOPNOTSUPP; ENOSYS, as Lustre has it where it is mounted without `flock`; ENOLCK, as NFS has it without its lock service.
    for error in ["95", "38", "37"] {
        for (job, store) in [("--shard 1/2", "s"), ("--shard 2/2", "s"), ("", "t")] {
            let told = with(error, &format!("{} --store {store}{error} {job}", JOB.replace(" -q", ""))).ok().stderr;
            assert!(told.contains("the file system knows no locks: see to it that one run at a time"), "{told}");
        }
        // Which shard is the last, none of them knows: the file of their lock stays.
        for store in ["s", "t"] {
            assert!(settled(&path.join(format!("{store}{error}"))) == whole, "the stores differ");
        }
    }
    // EIO: whether others have the store is not known.
    with("5", &format!("{JOB} --store u")).fails(1, "u/.uw-lock: cannot lock the store: Input/output error");
    with("5", &format!("{JOB} --store whole --resume")).fails(1, "cannot lock the store");
    run(path, &format!("{JOB} --store whole --resume")).ok();
    assert!(tree(&path.join("whole")) == whole, "the stores differ");
}
