//! A disk that is full, and folders in which nothing may be written.

use super::support::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const JOB: &str =
    "run -q --train-size 60 --test-size 20 --depth 3,4 --net cntk-v,cntk-gap --train all --tile 8 --threads 2";

/// A small file system, as long as it lives.
pub struct Disk(pub PathBuf);

impl Disk {
    /// `None` where mounting is not allowed.
    pub fn mount(folder: &Path, size: &str) -> Option<Self> {
        let path = folder.join("disk");
        fs::create_dir(&path).unwrap();
        let options = format!("size={size}");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&path).output();
        mount.is_ok_and(|output| output.status.success()).then_some(Disk(path))
    }

    fn resize(&self, size: &str) {
        self.remount(&format!("size={size}"));
    }

    pub fn remount(&self, option: &str) {
        let options = format!("remount,{option}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_is_too_small_is_told_before_the_work() {
    let folder = folder();
    let path = folder.path();
    // A tile takes at least a page: about a third of them fit.
    let Some(disk) = Disk::mount(path, "128k") else {
        return skipped("a small disk: no right to mount a small file system");
    };
    run(path, &format!("{JOB} --store whole")).ok();
    let whole = tree(&path.join("whole"));
    for job in [JOB.to_owned(), format!("{JOB} --resume"), format!("{JOB} --shard 1/2")] {
        let failed = run(path, &format!("{job} --store disk/s"));
        failed.fails(1, "disk/s: ");
        failed.fails(1, "bytes of disk are needed, 131072 bytes are free");
    }
    assert_eq!(fs::read_dir(&disk.0).unwrap().count(), 0, "something was written");
    let planned = JOB.replacen("run -q", "plan -q", 1);
    let told = run(path, &format!("{planned} --store disk/s")).ok().stdout;
    assert!(told.contains("a run is refused: disk/s: "), "{told}");

    // What is there already is not needed again: with half of the tiles it fits where all of them would not.
    disk.resize("8m");
    let told = run(path, &format!("{} --store disk/s", JOB.replacen(" -q", "", 1))).ok().stderr;
    assert!(told.contains(&format!("GB of disk needed for {} files", whole.len())), "{told}");
    let tiles: Vec<_> = whole.keys().filter(|name| name.starts_with("all-train/c")).collect();
    tiles.iter().skip(2).for_each(|name| fs::remove_file(disk.0.join("s").join(name)).unwrap());
    let left = whole.len() - tiles.len() + 2;
    // Pages for what is there, for what is missing, and for the folders that other file systems need.
    disk.resize(&format!("{}k", 4 * (left + tiles.len() + 8)));
    run(path, &format!("{JOB} --store disk/s --resume")).ok();
    assert!(tree(&disk.0.join("s")) == whole, "the stores differ");
}

/// Starts a job and fills the disk when the store has its first tiles; `None` where the job was faster.
fn filled_up(path: &Path, disk: &Disk, job: &str) -> Option<Ran> {
    let mut child = command(path, job);
    let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let clock = Instant::now();
    while !disk.0.join("s/all-train/c/0/1").exists() && clock.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_micros(100));
    }
    let _ = fs::write(disk.0.join("ballast"), vec![1; 16 << 20]);
    let ran = Ran::from(child.wait_with_output().unwrap());
    (ran.code != Some(0)).then_some(ran)
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_others_fill_is_one_line_and_no_damage() {
    // Slow enough to be overtaken.
    let job = &JOB.replace("--depth 3,4", "--depth 3,60").replace("--threads 2", "--threads 1");
    let folder = folder();
    let path = folder.path();
    let Some(disk) = Disk::mount(path, "8m") else {
        return skipped("a full disk: no right to mount a small file system");
    };
    run(path, &format!("{job} --store whole --report whole.json")).ok();
    let whole = tree(&path.join("whole"));

    let failed = (0..8).find_map(|_| {
        let _ = fs::remove_dir_all(disk.0.join("s"));
        let _ = fs::remove_file(disk.0.join("ballast"));
        filled_up(path, &disk, &format!("{job} --store disk/s"))
    });
    let failed = failed.expect("the disk was never full before the job was done");
    failed.fails(1, "bytes could not be written: No space left on device");
    assert!(failed.stderr.contains("disk/s/all-"), "{}", failed.stderr);
    let found = tree(&disk.0.join("s"));
    assert!((3..whole.len()).contains(&found.len()), "{} of {} files", found.len(), whole.len());
    assert!(found.iter().all(|(name, bytes)| whole.get(name) == Some(bytes)), "half a file: {:?}", found.keys());

    // Outputs find no room either, and leave nothing.
    images(path, "x.npy", &[60, 1, 8, 8], 5);
    run(path, "kernel -q --x x.npy --out disk/k.npy --net fc --depth 3").fails(1, "disk/k.npy");
    run(path, &format!("{job} --store whole --resume --report disk/r.json")).fails(1, "disk/r.json");
    run(path, &format!("{job} --store disk/s --resume")).fails(1, "disk/s");
    fs::remove_file(disk.0.join("ballast")).unwrap();
    let left: Vec<_> = fs::read_dir(&disk.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["s"]);

    run(path, &format!("{job} --store disk/s --resume --report disk/r.json")).ok();
    assert!(tree(&disk.0.join("s")) == whole, "the stores differ");
    assert_eq!(results(&disk.0.join("r.json")), results(&path.join("whole.json")));
}

/// The command as a user to whom a folder can be closed: for the superuser none is. `None` where there is none.
#[cfg(unix)]
fn unprivileged(folder: &Path, closed: &Path) -> Option<impl Fn(&str) -> Ran> {
    let denied = fs::write(closed.join("probe"), "").is_err();
    let folder = folder.to_owned();
    let run = move |arguments: &str| {
        if denied {
            return run(&folder, arguments);
        }
        let mut other = Command::new("setpriv");
        other.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(env!("CARGO_BIN_EXE_ultrawide"));
        other.current_dir(&folder).args(arguments.split_whitespace());
        other.output().map_or(Ran { code: None, stdout: String::new(), stderr: String::new() }, Ran::from)
    };
    if !denied {
        fs::remove_file(closed.join("probe")).unwrap();
    }
    (run("--version").code == Some(0)).then_some(run)
}

#[test]
#[cfg(unix)]
fn a_folder_without_the_right_to_write_is_told_before_the_work() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path();
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    images(path, "x.npy", &[60, 1, 8, 8], 5);
    run(path, &format!("{JOB} --store closed --report r.json")).ok();
    let before = tree(path);
    set(path, 0o755);
    set(&path.join("closed"), 0o555);
    let closed = path.join("closed");
    let other = unprivileged(path, &closed);
    if let Some(run) = &other {
        let cases = [
            (format!("{JOB} --store closed/new"), "closed/new: cannot create the folder"),
            (format!("{JOB} --store closed --resume"), "closed/.uw-lock: cannot open the lock file"),
            (format!("{JOB} --report closed/r.json"), "closed/r.json"),
            ("kernel -q --x x.npy --out closed/k.npy --net fc --depth 3".to_owned(), "closed/k.npy"),
        ];
        for (job, place) in cases {
            let failed = run(&job);
            failed.fails(1, "Permission denied");
            failed.fails(1, place);
        }
        // Reading needs no right to write.
        run("regress -q --store closed").ok();
    }
    set(&path.join("closed"), 0o755);
    assert!(tree(path) == before, "something was written");
    if other.is_none() {
        skipped("folders without the right to write: the superuser may, and could not become another user");
    }
}
