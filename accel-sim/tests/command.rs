//! The command itself, run as a user runs it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

#[allow(dead_code, reason = "a file of the core's tests, of which a part is used")]
#[path = "../../core/tests/common/precision.rs"]
mod precision;

use precision::LEAKY_COST;

const NET: [&str; 4] = ["--shape", "1x6x6", "--depth", "3"];

fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ultrawide-accel-sim"));
    command.current_dir(folder).args(words).stdin(Stdio::null());
    command
}

fn run(folder: &Path, words: &[&str]) -> Output {
    command(folder, words).output().expect("the command starts")
}

/// What it says, where it is done.
fn good(folder: &Path, words: &[&str]) -> String {
    let output = run(folder, words);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The one line of an error, with nothing on standard output.
fn bad(folder: &Path, words: &[&str]) -> String {
    let output = run(folder, words);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{words:?}: {output:?}");
    let error = String::from_utf8(output.stderr).expect("text");
    assert!(error.starts_with("error: ") && error.matches('\n').count() == 1, "{words:?}: {error}");
    error
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn machines_are_listed_and_shown_and_read_again() {
    let folder = folder();
    let list = good(folder.path(), &["machines"]);
    for name in [
        "cortex-m4f",
        "cortex-m7",
        "npu-64k",
        "bf16-dsp",
        "zen4-avx2",
        "zen4-avx512",
        "zen5-avx2",
        "zen5-avx512",
        "h200-sm",
        "h200",
    ] {
        assert!(list.contains(&format!("| {name} ")), "{list}");
    }
    let shown = good(folder.path(), &["machines", "--show", "npu-64k"]);
    fs::write(folder.path().join("mine.toml"), shown).expect("written");
    let report = |machine: &str| good(folder.path(), &[&["run", "--machine", machine, "--json"][..], &NET].concat());
    assert_eq!(report("mine.toml"), report("npu-64k"));
    assert!(bad(folder.path(), &["machines", "--show", "abacus"]).contains("npu-64k"));
}

#[test]
fn a_run_is_told_in_words_and_in_json() {
    let folder = folder();
    let words = |extra: &[&'static str]| [&["run", "--machine", "cortex-m4f"][..], &NET, extra].concat();
    let text = good(folder.path(), &words(&[]));
    for part in ["time of a pair", "bound by", "power", "issue slots", "off-chip"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let report: serde_json::Value = serde_json::from_str(&good(folder.path(), &words(&["--json"]))).expect("JSON");
    assert_eq!((&report["machine"], &report["jobs"]), (&"cortex-m4f".into(), &(2 * 11 * 11).into()));
    let lap = good(folder.path(), &words(&["--net", "cntk-lap", "--lap", "1", "--json"]));
    let lap: serde_json::Value = serde_json::from_str(&lap).expect("JSON");
    // Displacements up to 2 in both directions.
    assert_eq!(lap["jobs"], 2 * 5 * 5);
    let leaky = good(folder.path(), &words(&["--slope", "-1", "--json"]));
    let leaky: serde_json::Value = serde_json::from_str(&leaky).expect("JSON");
    let more = |what: &str| leaky[what].as_f64().expect("a number") / report[what].as_f64().expect("a number");
    for (what, least) in ["instructions_per_pair", "seconds_per_pair"].into_iter().zip(LEAKY_COST) {
        assert!(more(what) > least, "{leaky}");
    }
}

#[test]
fn bad_arguments() {
    let folder = folder();
    for (words, part) in [
        (&["run", "--machine", "abacus"][..], "npu-64k"),
        (&["run", "--machine", "no/such.toml"], "no/such.toml"),
        (&["run", "--machine", "npu-64k", "--depth", "0"], "--depth"),
        (&["run", "--machine", "npu-64k", "--shape", "3x0x4"], "0"),
        (&["run", "--machine", "npu-64k", "--net", "cntk-lap"], "--lap"),
        (&["run", "--machine", "npu-64k", "--lap", "1"], "cntk-lap"),
        (&["run", "--machine", "npu-64k", "--slope", "nan"], "--slope"),
        (&["run", "--machine", "cortex-m4f", "--shape", "3x400x400"], "131072"),
        (&["run", "--machine", "npu-64k", "--shape", "3x4000000000x4000000000"], "address space"),
        (&["sweep", "--machine", "npu-64k,npu-64k"], "two machines have the name npu-64k"),
        (&["sweep", "--machine", "npu-64k", "--out", "file/folder"], "file/folder"),
        (&["formats", "--test-size", "359", "--train-size", "10", "--pooled", "1"], "class 2"),
        (&["formats", "--depth", "2", "--train-size", "10", "--test-size", "10", "--pooled", "1"], "depth 2"),
        (&["formats", "--from", "no.csv"], "no.csv"),
        (&["validate", "--from", "file"], "file"),
        (&["instructions", "--measured", "no.csv"], "no.csv"),
        (&["instructions", "--measured", "file"], "file"),
    ] {
        fs::write(folder.path().join("file"), "no, table\n").expect("written");
        let error = bad(folder.path(), words);
        assert!(error.contains(part), "{words:?}: {error} does not say {part}");
    }
    // Nothing is half-written.
    let left: Vec<_> =
        fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(left, ["file"]);
    // Usage, by clap.
    for words in [
        &[][..],
        &["dance"],
        &["run"],
        &["run", "--machine", "npu-64k", "--shape", "3x4"],
        &["sweep", "--axis", "colour"],
        &["formats", "--format", "f8"],
        &["validate", "--from", "x.csv", "--side", "8"],
    ] {
        assert_eq!(run(folder.path(), words).status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn a_sweep_writes_here_by_default() {
    let folder = folder();
    let words = [&["sweep", "--machine", "npu-64k,cortex-m7", "--axis", "format,depth"][..], &NET].concat();
    good(folder.path(), &words);
    let csv = fs::read_to_string(folder.path().join("sweep.csv")).expect("a file");
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some("machine,axis,value,lanes,seconds a pair,joules a pair,images,bound by,error"),
        "{csv}"
    );
    assert_eq!(lines.count(), 2 * (10 + 7), "{csv}");
    assert!(csv.contains("\nnpu-64k,format,f32,8,"), "{csv}");
    let svg = fs::read_to_string(folder.path().join("sweep.svg")).expect("a file");
    assert!(svg.contains("\nq7.24\n") && svg.contains("\ncortex-m7\n"), "{svg}");
}

#[test]
fn formats_are_computed_and_shown_again() {
    let folder = folder();
    let sizes = ["--train-size", "10", "--test-size", "10", "--pooled", "2", "--depth", "3,4", "--format", "f32,q7.8"];
    let text = good(folder.path(), &[&["formats", "--out", "made"][..], &sizes].concat());
    assert!(text.contains("**cntk-gap: largest relative error, by depth**") && text.contains("| q7.8"), "{text}");
    let again = good(folder.path(), &["formats", "--from", "made/formats.csv", "--out", "again"]);
    assert_eq!(again, text);
    let csv = fs::read_to_string(folder.path().join("made/formats.csv")).expect("a file");
    assert!(csv.lines().next().is_some_and(|line| line.contains("least over largest eigenvalue")), "{csv}");
    assert_eq!(csv.lines().count(), 1 + 2 * 2 * 2, "{csv}");
    let [made, again] =
        ["made", "again"].map(|name| fs::read(folder.path().join(name).join("formats.svg")).expect("a file"));
    assert!(made == again && !made.is_empty());
}

/// A prediction beyond its tolerance is told by the exit code.
#[test]
fn comparisons_fail_where_they_are_far_off() {
    let folder = folder();
    assert!(good(folder.path(), &["instructions"]).contains("| gap"));
    let count = |instructions: u32| format!("net,side,depth,instructions\nvanilla,8,3,{instructions}\n");
    // Which the model predicts to take 7.4 µs at that clock.
    let row =
        |best: &str| format!("machine,side,depth,clock,best,median,revision\nzen4-avx2,8,3,3.695e9,{best},7e-6,7\n");
    for (command, option, near, far) in
        [("instructions", "--measured", count(24120), count(12060)), ("validate", "--from", row("7e-6"), row("5e-6"))]
    {
        for (text, code) in [(near, 0), (far, 1)] {
            fs::write(folder.path().join("file.csv"), text).expect("written");
            let output = run(folder.path(), &[command, option, "file.csv"]);
            assert_eq!((output.status.code(), output.stderr.len()), (Some(code), 0), "{command}: {output:?}");
            assert!(output.stdout.starts_with(b"| "), "{command}: {output:?}");
        }
    }
}

/// A reader that goes away is no error, a full disk is one in a line.
#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_takes_nothing() {
    let folder = folder();
    for words in
        [&["machines"][..], &["machines", "--show", "h200"], &["run", "--machine", "npu-64k"], &["instructions"]]
    {
        let full = fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let output = command(folder.path(), words).stdout(full).output().expect("the command starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {error}");
        assert!(error.starts_with("error: standard output") && error.lines().count() == 1, "{words:?}: {error}");

        let mut child =
            command(folder.path(), words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{words:?}: {output:?}");
    }
}
