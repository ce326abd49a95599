//! libFuzzer's entry for the target `idx`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ultrawide_fuzz::run("idx", data));
