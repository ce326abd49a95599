//! libFuzzer's entry for the target `arguments`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ultrawide_fuzz::run("arguments", data));
