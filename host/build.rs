//! Tells the crate which versions of its numerical dependencies it is built with, for the reports.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=ULTRAWIDE_TARGET={target}");
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    // In the workspace one folder up; in a packaged crate beside the manifest; as a dependency of another crate nowhere.
    let places = [Path::new(&folder).join("../Cargo.lock"), Path::new(&folder).join("Cargo.lock")];
    let Some((path, lock)) = places.iter().find_map(|path| Some((path, std::fs::read_to_string(path).ok()?))) else {
        return;
    };
    println!("cargo::rerun-if-changed={}", path.display());
    let value =
        |line: &str, key: &str| Some(line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')?.to_owned());
    for (crate_name, variable) in
        [("ultrawide-core", "ULTRAWIDE_CORE"), ("faer", "ULTRAWIDE_FAER"), ("zarrs", "ULTRAWIDE_ZARRS")]
    {
        let mut lines = lock.lines().skip_while(|line| value(line, "name").as_deref() != Some(crate_name));
        if let Some(version) = lines.nth(1).and_then(|line| value(line, "version")) {
            println!("cargo::rustc-env={variable}={version}");
        }
    }
}
