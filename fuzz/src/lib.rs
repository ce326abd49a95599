//! The fuzz targets: what is done with arbitrary bytes, and what must hold whatever they are.
//!
//! No input may end in a panic, in endless work or in memory that it has no bytes for. A reader gives data that is in order or
//! an error of one line; the core gives kernels that are right or a typed error. libFuzzer (`fuzz/run`) searches for bytes
//! that break this; `tests/replay.rs` runs the committed ones in every test run.

mod arguments;
mod common;
mod core;
mod manifest;
mod parts;
mod readers;
mod simd;

pub use arguments::{WORDS, words_of};

/// A function of arbitrary bytes.
pub type Target = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: [(&str, Target); 9] = [
    ("cifar", readers::cifar),
    ("tar_gz", readers::tar_gz),
    ("idx", readers::idx),
    ("gzip", readers::gzip),
    ("npy", readers::npy),
    ("arguments", arguments::arguments),
    ("manifest", manifest::manifest),
    ("core", core::core),
    ("simd", simd::simd),
];

/// The plan of the store whose documents the target `manifest` begins with.
pub fn manifest_plan() -> ultrawide::store::StorePlan {
    manifest::PLAN.clone()
}

/// Runs the target called `name`.
///
/// # Panics
/// If there is none; or if the target finds something.
pub fn run(name: &str, data: &[u8]) {
    let Some((_, target)) = TARGETS.iter().find(|(other, _)| *other == name) else { panic!("no target {name}") };
    target(data);
}

/// What every error must be.
fn check_line(error: &impl ToString) {
    let line = error.to_string();
    assert!(!line.trim().is_empty(), "an error that says nothing");
    assert!(!line.chars().any(|c| c.is_control()), "not one printable line: {line:?}");
    assert!(line.len() < 4000, "an error of {} bytes: {line}", line.len());
}
