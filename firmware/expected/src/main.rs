//! Writes `kernels/src/expected.rs` from the core's floats on this machine; with `--check` tells whether it is what would be written, and with
//! `--print` prints it beside that, as the programs of the boards do.

use kernels::{PARTNERS, SETS, Set};
use std::fmt::Write;
use std::process::ExitCode;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../kernels/src/expected.rs");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [check, print] = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => [false; 2],
        ["--check"] => [true, false],
        ["--check", "--print"] => [true; 2],
        _ => {
            eprintln!("usage: expected [--check [--print]]");
            return ExitCode::FAILURE;
        }
    };
    let text = table();
    if print {
        print!("{text}");
    }
    if check {
        let is = std::fs::read_to_string(FILE).is_ok_and(|file| file == text);
        println!("{FILE}: {}", if is { "as this machine computes it" } else { "NOT as this machine computes it" });
        return if is { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    match std::fs::write(FILE, text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{FILE}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn table() -> String {
    let mut text = String::from(
        "//! The bits of all kernels, by set, partner and output. Written by the package `expected`: `firmware/run` compares.\n",
    );
    let f32 = |set: &Set| {
        bits(|first, bits| set.run::<f32>(first, |_, _, value| bits.push(format!("{:#010x}", value.to_bits()))))
    };
    let f64 = |set: &Set| {
        bits(|first, bits| set.run::<f64>(first, |_, _, value| bits.push(format!("{:#018x}", value.to_bits()))))
    };
    array(&mut text, "F32", "u32", 9, &SETS.each_ref().map(f32));
    array(&mut text, "F64", "u64", 5, &SETS.each_ref().map(f64));
    text
}

/// What `run` pushes for all partners.
fn bits<E: std::fmt::Debug>(run: impl Fn(usize, &mut Vec<String>) -> Result<(), E>) -> Vec<String> {
    let mut bits = Vec::new();
    for first in 0..PARTNERS {
        run(first, &mut bits).expect("the buffers are large enough");
    }
    bits
}

fn array(text: &mut String, name: &str, word: &str, columns: usize, sets: &[Vec<String>]) {
    let count = sets.len();
    write!(text, "\n/// Of `{}`.\n#[rustfmt::skip]\n", name.to_lowercase()).expect("strings do not fail");
    writeln!(text, "pub const {name}: [&[{word}]; {count}] = [").expect("strings do not fail");
    for set in sets {
        text.push_str("    &[\n");
        for line in set.chunks(columns) {
            writeln!(text, "        {},", line.join(", ")).expect("strings do not fail");
        }
        text.push_str("    ],\n");
    }
    text.push_str("];\n");
}
