//! One hash of a fixed set of kernels (`simd/tests/common/fixed.rs`), which `simd` has of single tiles: the same with any number of threads and any size
//! of the tiles.
mod common;
#[path = "../../simd/tests/common/fixed.rs"]
mod fixed;

use common::{images, matrices, set, single};
use std::io::Write;
use ultrawide::gram::{Gram, Net};
use ultrawide::simd::{Backend, Element, REVISION};

/// The hash of all kernels.
fn hash<S: Element>(backend: Backend, threads: usize, tile: usize) -> String {
    let mut all = Vec::new();
    for (shape, dense, conv) in fixed::nets() {
        let x = set(shape, &fixed::images(shape));
        for net in [Net::Dense { shape, net: dense }, Net::Conv(conv)] {
            for (y, flip) in [(None, false), (Some(&x), true)] {
                let gram = Gram { net: &net, flip, x: &x, y, tile };
                all.extend(matrices::<S>(&gram, backend, threads).values);
            }
        }
    }
    fixed::hash(all.into_iter())
}

/// Every fused backend, with so many threads and tiles of so many images.
fn check(threads: usize, tile: usize) {
    let fused: Vec<Backend> = Backend::available().into_iter().filter(|backend| backend.is_fused()).collect();
    if fused.is_empty() {
        // Straight to the terminal: what a passing test prints is hidden.
        let why = "the hash of kernels: this machine has no backend with fused multiply-add";
        writeln!(std::io::stderr(), "\n==== SKIPPED: {why} ====").expect("standard error");
    }
    assert_eq!(REVISION, fixed::REVISION, "kernels of another revision have other bits");
    for backend in fused {
        assert_eq!(
            hash::<f32>(backend, threads, tile),
            fixed::F32,
            "f32, {backend}, {threads} threads, tiles of {tile}"
        );
        assert_eq!(
            hash::<f64>(backend, threads, tile),
            fixed::F64,
            "f64, {backend}, {threads} threads, tiles of {tile}"
        );
    }
}

#[test]
fn one_thread() {
    check(1, 32);
}

#[test]
fn two_threads() {
    check(2, 16);
}

#[test]
fn many_threads_and_tiles() {
    check(5, 3);
}
