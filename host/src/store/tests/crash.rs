//! What the operating system does to a run: kills it, fills its disk, denies it a folder.
//!
//! Some tests start this test binary again as a process of their own, which runs one of the ignored tests at the
//! end of this file, so that a signal or a limit meets nothing else.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::*;
use crate::store::atomic::TEMPORARY_PREFIX;

/// Tells a process that was started by a test which store it has to work on.
const CHILD: &str = "ULTRAWIDE_STORE_TEST";

/// Says that a test could not run, past the capturing of output: a green run shall not be a false one.
pub(super) fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "\n==== SKIPPED: {why} ====");
}

/// Arguments with which this test binary runs one ignored test.
fn arguments(test: &str) -> [String; 4] {
    [format!("store::tests::crash::{test}"), "--exact".into(), "--ignored".into(), "--nocapture".into()]
}

fn start(test: &str, store: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(arguments(test))
        .env(CHILD, store)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// 1.5 MB a chunk: large enough that a kill often meets a write in the middle.
fn large_plan() -> StorePlan {
    let mut plan = plan(256, Precision::F64);
    (plan.arrays[0].rows, plan.arrays[0].cols) = (600, 600);
    (plan.arrays[1].rows, plan.arrays[1].cols) = (300, 600);
    plan
}

fn temporaries(root: &Path) -> Vec<PathBuf> {
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(TEMPORARY_PREFIX);
    tree(root).into_keys().filter(name).collect()
}

#[test]
fn a_killed_process_leaves_whole_tiles_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let (path, reference) = (folder.path().join("run.zarr"), folder.path().join("reference"));
    let plan = large_plan();
    let clock = Instant::now();
    finished(&reference, &plan);
    let whole = clock.elapsed();
    let expected = tree(&reference);

    // A process takes its time to start.
    let (first, clock) = (folder.path().join("first.zarr"), Instant::now());
    let mut child = start("child_writes_until_killed", &first);
    while !first.join("zarr.json").exists() && clock.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(1));
    }
    let born = clock.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();

    let (mut leftovers, mut unfinished) = (0, 0);
    for round in 0..16 {
        let mut child = start("child_writes_until_killed", &path);
        // From before the store exists to the last of its tiles, however fast that is here.
        sleep(if round < 4 { born * round / 4 } else { born + whole * (round - 4) / 12 });
        let alive = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        if !path.exists() {
            continue;
        }
        let found = tree(&path);
        leftovers += temporaries(&path).len();
        unfinished += u32::from(alive && found.contains_key(Path::new("zarr.json")) && found.len() < expected.len());
        for (name, bytes) in &found {
            let plain = name.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'));
            if plain {
                assert!(expected.get(name) == Some(bytes), "{} after round {round}", name.display());
            }
        }
        if found.contains_key(Path::new("zarr.json")) {
            Store::open(&path).unwrap();
        }
        // Every second time the next process has to cope with the leftovers alone.
        if round % 2 == 0 {
            drop(Store::resume(&path, &plan).unwrap());
            assert!(temporaries(&path).is_empty());
        }
    }
    write_missing(&Store::resume(&path, &plan).unwrap());
    assert!(expected == tree(&path));
    println!(
        "{leftovers} temporary files were left by killed processes, {unfinished} of which had written some of the tiles"
    );
    assert!(unfinished > 0, "no process was killed between the first tile and the last");
}

#[test]
#[cfg(unix)]
fn a_file_that_cannot_grow_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    drop(Store::create(&path, &large_plan()).unwrap());
    // The shell's limit on the size of files makes a write fail in the middle, as a full disk does, and needs no
    // rights. The signal that comes with it is ignored.
    let output = Command::new("sh")
        .args(["-c", r#"trap '' XFSZ; ulimit -f 16; exec "$0" "$@""#])
        .arg(std::env::current_exe().unwrap())
        .args(arguments("child_meets_the_limit"))
        .env(CHILD, &path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_named_and_leaves_nothing() {
    struct Mount(PathBuf);
    impl Drop for Mount {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg(&self.0).status();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(&disk).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        return skipped("a full disk: no right to mount a small file system");
    }
    let mount = Mount(disk);

    // Chunks of 192 KiB: five fit.
    let mut plan = plan(128, Precision::F32);
    (plan.arrays[0].rows, plan.arrays[0].cols) = (600, 600);
    let path = mount.0.join("run.zarr");
    let store = Store::create(&path, &plan).unwrap();
    let tiles = store.missing_tiles("train").unwrap();
    let text = message(tiles.iter().try_for_each(|tile| write(&store, "train", *tile)));
    assert!(
        text.contains("run.zarr/train/c/0/") && text.contains("196672 bytes") && text.contains("No space left"),
        "{text}"
    );
    assert!(temporaries(&path).is_empty());
    let missing = store.missing_tiles("train").unwrap().len();
    assert!(0 < missing && missing < tiles.len());
    drop(store);

    // A new store finds no room either, and is made as soon as there is some.
    fs::write(mount.0.join("ballast"), vec![1; 1 << 20]).unwrap_err();
    let second = mount.0.join("second.zarr");
    let text = message(Store::create(&second, &plan));
    assert!(text.contains("second.zarr"), "{text}");
    fs::remove_file(mount.0.join("ballast")).unwrap();
    drop(Store::resume(&second, &plan).unwrap());
    let store = Store::resume(&path, &plan).unwrap();
    assert_eq!(store.missing_tiles("train").unwrap().len(), missing);
}

#[test]
fn paths_that_cannot_hold_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(3, Precision::F32);
    let file = folder.path().join("file");
    fs::write(&file, "text").unwrap();
    let no_parent = folder.path().join("no/such/run.zarr");
    let below = file.join("run.zarr");
    for act in [Store::create, Store::resume] {
        assert!(message(act(&file, &plan)).contains("is a file"));
        let text = message(act(&no_parent, &plan));
        assert!(text.contains("no/such does not exist"), "{text}");
        assert!(message(act(&below, &plan)).contains("file/run.zarr"));
        message(act(Path::new(""), &plan));
    }
    for path in [&no_parent, &below, &file, &PathBuf::new(), &PathBuf::from("nul\0nul")] {
        message(Store::open(path));
    }
    assert!(message(Store::open(folder.path())).contains("no store"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "text");
}

#[test]
#[cfg(unix)]
fn a_folder_without_the_right_to_write() {
    use std::os::unix::fs::PermissionsExt;
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.zarr");
    finished(&path, &plan(3, Precision::F32));
    let closed = [folder.path(), &path, &path.join("train")];
    closed.iter().for_each(|path| set(path, 0o555));
    let denied = fs::write(folder.path().join("probe"), "").is_err();
    let result = if denied {
        unwritable(&path);
        Ok(())
    } else {
        // The superuser may write anywhere, so another user tries.
        let output = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(std::env::current_exe().unwrap())
            .args(arguments("child_has_no_rights"))
            .env(CHILD, &path)
            .output();
        let text = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
        match &output {
            Ok(output) if text(output).contains("1 passed") => Ok(()),
            Ok(output) if text(output).contains("running 1 test") => panic!("{}", text(output)),
            _ => Err("a folder without the right to write: the superuser may, and could not become another user"),
        }
    };
    closed.iter().for_each(|path| set(path, 0o755));
    if let Err(why) = result {
        skipped(why);
    }
}

/// What a process meets that may only read the finished store at `path` and its parent.
#[cfg(unix)]
fn unwritable(path: &Path) {
    let plan = plan(3, Precision::F32);
    let sibling = path.with_file_name("new.zarr");
    for (result, part) in [
        (Store::create(&sibling, &plan), "new.zarr: cannot create the folder: Permission denied"),
        (Store::resume(&sibling, &plan), "new.zarr: cannot create the folder: Permission denied"),
        (Store::resume(path, &plan), ".uw-lock: cannot open the lock file: Permission denied"),
    ] {
        let text = message(result);
        assert!(text.contains(part), "{text}");
    }
    // Reading needs no right to write.
    assert!(Store::open(path).unwrap().missing_tiles("train").unwrap().is_empty());
}

#[test]
#[ignore = "a process that another test starts and kills"]
fn child_writes_until_killed() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let store = Store::resume(Path::new(&path), &large_plan()).unwrap();
    loop {
        for array in ["train", "test"] {
            let planned = store.plan().array(array).unwrap();
            for tile in planned.tiles(store.plan().tile) {
                write(&store, array, tile).unwrap();
            }
        }
    }
}

#[test]
#[ignore = "a process that another test starts with a limit on file sizes"]
fn child_meets_the_limit() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let path = Path::new(&path);
    let store = Store::resume(path, &large_plan()).unwrap();
    let text = message(write(&store, "train", (1, 0)));
    assert!(text.contains("train/c/0/1/0: 1572928 bytes could not be written: File too large"), "{text}");
    assert!(!store.has_tile("train", 1, 0).unwrap());
    assert!(temporaries(path).is_empty());
}

#[test]
#[cfg(unix)]
#[ignore = "a process that another test starts without rights"]
fn child_has_no_rights() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    unwritable(Path::new(&path));
}
