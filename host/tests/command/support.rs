//! Running the command, and inputs for it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use ultrawide::data::npy::write_array;

/// What the command did.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(Output { status, stdout, stderr }: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the command writes UTF-8");
        Ran { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }
}

impl Ran {
    /// Fails unless all went well.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "stderr: {}", self.stderr);
        self
    }

    /// Fails unless there is this exit code and one line that tells of `text`.
    #[track_caller]
    pub fn fails(&self, code: i32, text: &str) {
        assert_eq!(self.code, Some(code), "{text:?} was expected: {}{}", self.stderr, self.stdout);
        let lines: Vec<&str> = self.stderr.lines().collect();
        assert_eq!(lines.len(), 1, "one line was expected: {}", self.stderr);
        assert!(lines[0].starts_with("error: "), "{}", self.stderr);
        assert!(lines[0].contains(text), "{text:?} was expected: {}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}

/// The command in `folder`, with arguments separated by spaces.
pub fn command(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ultrawide"));
    command.current_dir(folder).args(arguments.split_whitespace()).env_remove("ULTRAWIDE_SIMD");
    command
}

pub fn ran(mut command: Command) -> Ran {
    command.output().expect("the command starts").into()
}

pub fn run(folder: &Path, arguments: &str) -> Ran {
    ran(command(folder, arguments))
}

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Numbers that look random and are the same everywhere.
pub fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(next).collect()
}

/// Writes images of small random numbers and gives their path.
pub fn images(folder: &Path, name: &str, shape: &[usize], seed: u64) -> PathBuf {
    let path = folder.join(name);
    write_array(&path, shape, numbers(shape.iter().product(), seed)).expect("an array");
    path
}

pub fn labels(folder: &Path, name: &str, labels: &[u16]) {
    write_array(&folder.join(name), &[labels.len()], labels.iter().copied()).expect("an array");
}

pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).expect("a report")).expect("JSON")
}

/// What a report tells of each kernel but times and speeds: the same for the same kernels.
pub fn results(report: &Path) -> Vec<serde_json::Value> {
    let mut results = json(report)["results"].as_array().expect("results").clone();
    for solve in results.iter_mut().filter_map(|result| result["solve"].as_object_mut()) {
        solve.retain(|figure, _| !figure.ends_with("_seconds") && figure != "factor_gflops");
    }
    results
}

/// Says that a test could not run, past the capturing of output: a green run shall not be a false one.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "\n==== SKIPPED: {why} ====");
}

/// All files below a folder with their bytes.
pub fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(folder).expect("inside").to_owned(), fs::read(&path).expect("a file"));
            }
        }
    }
    files
}

/// The same without locks and files under way, whose names begin with a dot.
pub fn settled(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = tree(folder);
    files.retain(|path, _| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')));
    files
}

/// Waits until a tile, or a folder of tiles, is there.
#[track_caller]
pub fn wait_for(tile: &Path) {
    let clock = Instant::now();
    while !tile.exists() {
        assert!(clock.elapsed() < Duration::from_secs(60), "no tile was written");
        sleep(Duration::from_millis(1));
    }
}
