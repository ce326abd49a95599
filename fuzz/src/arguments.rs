//! The command line and the networks it describes.

use std::ffi::OsString;

use crate::check_line;

/// Words of the command, so that arbitrary bytes find whole command lines; `tests/words.rs` holds them against what the command knows. New ones
/// come last: inputs name them by their places.
pub const WORDS: &[&str] = &[
    "run",
    "kernel",
    "regress",
    "info",
    "completions",
    "plan",
    "sweep",
    "export",
    "experiment",
    "equivalence",
    "tricks",
    "--data",
    "--data-dir",
    "--net",
    "--depth",
    "--kernel",
    "--train",
    "--lap",
    "--filter",
    "--slope",
    "--residual",
    "--flip",
    "--solver",
    "--shard",
    "--nodes",
    "--time",
    "--variance",
    "--seed",
    "--seeds",
    "--width",
    "--quick",
    "--target",
    "--support",
    "--quantise",
    "--test-diagonal",
    "--mean",
    "--batch",
    "--step",
    "--epochs",
    "--precision",
    "--threads",
    "--tile",
    "--train-size",
    "--test-size",
    "--subset",
    "--ridge",
    "--store",
    "--resume",
    "--report",
    "--x",
    "--y",
    "--out",
    "--test",
    "--labels",
    "--test-labels",
    "--train-x",
    "--train-y",
    "--test-x",
    "--test-y",
    "--normalise",
    "--quiet",
    "-v",
    "--help",
    "--version",
    "digits",
    "cifar10",
    "fc",
    "cntk-v",
    "cntk-gap",
    "cntk-lap",
    "fc,cntk-v",
    "ntk",
    "nngp",
    "ntk,nngp",
    "all",
    "hidden",
    "f32",
    "f64",
    "2",
    "3",
    "3,4,6,11,21",
    "0",
    "-1",
    "16384",
    "18446744073709551616",
    "1e-4",
    "nan",
    "0.1",
    "1/4",
    "cg",
    "c",
    "16,64",
    "-inf",
    "x.npy",
    "bash",
    "--diagonal",
    "--json",
    "--mpi",
    "--name",
    "--tests",
    "--verbose",
    "help",
    "drift",
    "flow",
    "init",
    "table",
    "double-descent",
    "mixed",
    "auto",
    "cholesky",
    "balanced",
    "first",
    "cifar2",
    "mnist",
    "fashion-mnist",
    "rust",
    "u8",
    "zsh",
    "fish",
    "elvish",
    "powershell",
    "digits.rs",
];

/// The bytes that stand for a command line of `WORDS`.
///
/// # Panics
/// If one of them is not among these.
pub fn words_of(line: &str) -> Vec<u8> {
    let place = |word| WORDS.iter().position(|other| *other == word).unwrap_or_else(|| panic!("{word}: no such word"));
    // 0 ends the words, so another byte stands for the first of them.
    let byte = |place: usize| u8::try_from(if place == 0 { WORDS.len() } else { place }).expect("few words");
    let places = line.split(' ').map(|word| byte(place(word)));
    [0].into_iter().chain(places).chain([0]).collect()
}

/// Lines are arguments; after a byte of 0 each byte stands for one of `WORDS`, up to a zero, and lines follow.
pub fn arguments(data: &[u8]) {
    let mut arguments = vec![OsString::from("ultrawide")];
    let lines = match data {
        [0, rest @ ..] => {
            let end = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
            arguments.extend(rest[..end].iter().map(|&byte| OsString::from(WORDS[usize::from(byte) % WORDS.len()])));
            rest.get(end + 1..).unwrap_or_default()
        }
        _ => data,
    };
    if !lines.is_empty() {
        arguments.extend(lines.split(|&byte| byte == b'\n').map(argument));
    }
    if let Err(error) = ultrawide::cli::check(arguments) {
        check_line(&error);
    }
}

#[cfg(unix)]
fn argument(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn argument(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
