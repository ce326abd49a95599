//! libFuzzer's entry for the target `tar_gz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ultrawide_fuzz::run("tar_gz", data));
