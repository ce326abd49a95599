//! libFuzzer's entry for the target `cifar`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ultrawide_fuzz::run("cifar", data));
