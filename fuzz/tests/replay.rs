//! Every committed input of every target, on whatever compiler there is: libFuzzer is not needed to know that old findings stay away.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use ultrawide_fuzz::{TARGETS, run};

/// The files of a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = listed.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

/// Every target has a program for libFuzzer, seeds and hostile inputs, and none has that is no target.
#[test]
fn every_target_has_its_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for folder in ["fuzz_targets", "seeds", "hostile"] {
        let stem = |file: PathBuf| file.file_stem().expect("a name").to_string_lossy().into_owned();
        assert_eq!(files(&root.join(folder)).into_iter().map(stem).collect::<BTreeSet<_>>(), targets, "{folder}");
    }
}

#[test]
fn every_input_of_the_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, _) in TARGETS {
        let inputs: Vec<PathBuf> =
            ["seeds", "hostile"].iter().flat_map(|kind| files(&root.join(kind).join(name))).collect();
        assert!(inputs.len() >= 4, "{name} has {} inputs", inputs.len());
        for input in inputs {
            println!("{}", input.display());
            run(name, &fs::read(&input).expect("a readable file"));
        }
    }
}

#[test]
fn no_input_at_all() {
    for (name, _) in TARGETS {
        run(name, &[]);
    }
}
