//! Puts the memory layout of the target's board where the linker looks for `memory.x`, and tells whether there is a float unit.

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo:rustc-check-cfg=cfg(fpu)");
    let target = env::var("TARGET").expect("cargo sets TARGET");
    let board = match target.as_str() {
        "thumbv6m-none-eabi" => "microbit",
        "thumbv7m-none-eabi" | "thumbv7em-none-eabi" | "thumbv7em-none-eabihf" => "mps2",
        "thumbv8m.main-none-eabihf" => "mps2-an505",
        "riscv32imac-unknown-none-elf" | "riscv32imafc-unknown-none-elf" => "virt",
        // The host, where the workspace's other programs run.
        _ => return,
    };
    // On RISC-V the compiler does not tell.
    if target.ends_with("eabihf") || target.starts_with("riscv32imafc") {
        println!("cargo:rustc-cfg=fpu");
    }
    // Not memory.x: one of that name in a package's folder would be preferred by the linker, whatever the board.
    let layout = format!("memory/{board}.x");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::copy(&layout, Path::new(&out).join("memory.x")).unwrap_or_else(|error| panic!("{layout}: {error}"));
    println!("cargo:rustc-link-search={out}");
    println!("cargo:rerun-if-changed={layout}");
}
