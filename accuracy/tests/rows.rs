//! Every public function of the core that computes has a row in `docs/accuracy.md`, and every row names a test that exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The public functions over numbers: `pub fn name<N: Number …`.
fn functions() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in fs::read_dir(root().join("core/src")).expect("the core's sources") {
        for line in read(&file.expect("a source file").path()).lines() {
            if let Some((name, generics)) = line.trim().strip_prefix("pub fn ").and_then(|rest| rest.split_once('<'))
                && generics.starts_with("N: Number")
            {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

/// Lines of the form ``| `name` | … | `path.rs::test` … |``.
fn rows() -> Vec<(String, Vec<String>)> {
    let text = read(&root().join("docs/accuracy.md"));
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let quoted = |rest: &str| rest.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    rows.map(|(name, rest)| (name.to_owned(), quoted(rest))).collect()
}

#[test]
fn every_numerical_function_has_a_row() {
    let rows = rows();
    let functions = functions();
    assert!(functions.contains("kappa0") && functions.contains("conv_pair"), "{functions:?}");
    for function in &functions {
        assert!(rows.iter().any(|(name, _)| name == function), "docs/accuracy.md says nothing of {function}");
    }
}

/// The documentation of a function says how accurate it is, where its users read it.
#[test]
fn every_numerical_function_documents_its_accuracy() {
    for file in fs::read_dir(root().join("core/src")).expect("the core's sources") {
        let mut comment = String::new();
        for line in read(&file.expect("a source file").path()).lines() {
            if let Some(text) = line.strip_prefix("///") {
                comment.push_str(text);
            } else if line.starts_with("pub fn ") && line.contains("<N: Number") {
                assert!(comment.contains("# Accuracy"), "no section \"Accuracy\" above: {line}");
            } else if !line.starts_with("#[") {
                comment.clear();
            }
        }
    }
}

#[test]
fn every_row_names_tests_that_exist() {
    for (name, quoted) in rows() {
        let tests = quoted.iter().filter_map(|quoted| quoted.split_once(".rs::"));
        let mut found = 0;
        for (file, test) in tests {
            let source = read(&root().join(format!("{file}.rs")));
            assert!(source.contains(&format!("#[test]\nfn {test}()")), "{name}: {file}.rs has no test {test}");
            found += 1;
        }
        assert!(found > 0, "the row of {name} names no test");
    }
}
