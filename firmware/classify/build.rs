//! Brings what `ultrawide export` wrote, in the folder ULTRAWIDE_CLASSIFIER, to where `main.rs` includes it from.

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-env-changed=ULTRAWIDE_CLASSIFIER");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    for file in ["classifier.rs", "tests.rs"] {
        let to = Path::new(&out).join(file);
        match env::var("ULTRAWIDE_CLASSIFIER") {
            Ok(folder) => {
                let from = Path::new(&folder).join(file);
                println!("cargo:rerun-if-changed={}", from.display());
                fs::copy(&from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
            }
            // Lints and documentation of the workspace need no classifier.
            Err(_) => {
                fs::write(to, "compile_error!(\"no classifier: firmware/classify/check exports one and builds this\");")
                    .expect("OUT_DIR can be written")
            }
        }
    }
}
