//! Makes `c/include/ultrawide.h` of the crate `ultrawide-c`; with `--check` only compares.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = here.join("../include/ultrawide.h");
    let config = cbindgen::Config::from_file(here.join("cbindgen.toml")).expect("cbindgen.toml is sound");
    let header = cbindgen::Builder::new().with_config(config).with_crate(here.join("..")).generate();
    let mut bytes = Vec::new();
    header.expect("the crate can be read").write(&mut bytes);
    // Rust's own words about safety conditions tell C nothing that the header's first lines do not say, and its marks of code nothing at all.
    let text = String::from_utf8(bytes).expect("cbindgen writes UTF-8");
    let text = for_c(&text);
    if std::env::args().any(|argument| argument == "--check") {
        if std::fs::read_to_string(&target).is_ok_and(|found| found == text) {
            return ExitCode::SUCCESS;
        }
        eprintln!("c/include/ultrawide.h is out of date: cargo run --manifest-path c/header/Cargo.toml");
        return ExitCode::FAILURE;
    }
    std::fs::write(target, text).expect("the header can be written");
    ExitCode::SUCCESS
}

/// Leaves out the section `# Safety` of every comment, which is its last one, and the fences of code.
fn for_c(text: &str) -> String {
    let (mut kept, mut inside) = (Vec::<&str>::new(), false);
    for line in text.lines() {
        if line.trim() == "* # Safety" {
            inside = true;
            // The empty line before it.
            kept.pop();
        }
        inside &= line.trim() != "*/";
        if !inside && !line.trim_start().starts_with("* ```") {
            kept.push(line);
        }
    }
    kept.join("\n") + "\n"
}
