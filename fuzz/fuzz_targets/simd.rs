//! libFuzzer's entry for the target `simd`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ultrawide_fuzz::run("simd", data));
