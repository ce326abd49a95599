//! The same bits, however the work is cut and whatever does it.

use super::support::*;
use std::fs;
use ultrawide::simd::Backend;

#[test]
fn kernels_do_not_depend_on_threads_or_tiles() {
    let folder = folder();
    let path = folder.path();
    images(path, "x.npy", &[37, 1, 5, 4], 3);
    for net in ["fc", "cntk-v", "cntk-gap", "cntk-lap"] {
        let bytes = |options: &str| {
            run(path, &format!("kernel --x x.npy --out k.npy --net {net} --depth 3,5 --flip {options}")).ok();
            fs::read(path.join("k.npy")).unwrap()
        };
        let expected = bytes("--threads 1");
        for options in ["--threads 2", "--threads 5", "--tile 1", "--tile 16", "--tile 23", "--tile 37", "--tile 256"] {
            assert!(bytes(options) == expected, "{net} {options}");
        }
    }
}

#[test]
fn kernels_do_not_depend_on_the_fused_backend() {
    let folder = folder();
    let path = folder.path();
    images(path, "x.npy", &[21, 2, 4, 5], 4);
    let fused: Vec<Backend> = Backend::available().into_iter().filter(|backend| backend.is_fused()).collect();
    if fused.len() < 2 {
        skipped(&format!("kernels by several backends with fused multiply-add: this machine has {fused:?}"));
    }
    let mut first: Option<Vec<u8>> = None;
    for backend in fused {
        let mut command = command(path, "kernel --x x.npy --out k.npy --net cntk-gap --depth 3,6 --kernel ntk,nngp");
        ran({
            command.env("ULTRAWIDE_SIMD", backend.to_string());
            command
        })
        .ok();
        let bytes = fs::read(path.join("k.npy")).unwrap();
        assert!(first.get_or_insert_with(|| bytes.clone()) == &bytes, "{backend}");
    }
}
