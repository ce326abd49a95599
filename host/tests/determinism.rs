//! One hash of a fixed set of kernels: the same on every machine, backend with fused multiply-add, number of threads and tile
//! size. Whoever changes the arithmetic changes the hash here, knowingly, and the revision of `host/src/job/manifest.rs`.
mod common;

use common::images::{Random, len, shape};
use common::single::{BOTH, conv_net, request};
use common::{matrices, set};
use sha2::{Digest, Sha256};
use std::io::Write;
use ultrawide::gram::{Gram, Net};
use ultrawide::simd::{Backend, Element};
use ultrawide_core::{Dense, Readout, Shape, Trained};

const F32: &str = "1e3c699ac07971f1c88bbc6d1d7ef40ac87130e73991ab40469b7a6363db8194";
const F64: &str = "180cea66d0e33e73706abc95e8f63f5fa5cce56c3592acb2b6c846c0cd710bf5";

/// Networks of every kind, the last depth so large that the carried numbers are divided on the way.
fn nets() -> Vec<Net> {
    let readouts = [Readout::Vanilla, Readout::Gap, Readout::Lap(1)];
    let mut nets = Vec::new();
    for (shape, filter) in [(shape([3, 7, 5]), 3), (shape([1, 6, 6]), 5), (shape([2, 1, 9]), 1)] {
        for trained in [Trained::All, Trained::Hidden] {
            let request = request(&BOTH, &[3, 11, 24], trained);
            let (dense, conv) = (Dense::new(request.clone()), conv_net(shape, filter, &readouts, request));
            nets.extend([Net::Dense { shape, net: dense.clone() }, Net::Conv(conv.clone())]);
            let bent = dense.with_slope(-0.3).and_then(|net| net.with_residual(0.7)).expect("finite numbers");
            let net = conv.with_slope(-0.3).expect("a finite slope");
            nets.extend([Net::Dense { shape, net: bent }, Net::Conv(net)]);
        }
    }
    nets
}

/// 22 images: random ones, one twice and once more all but equal, a black one, and one much larger than the others.
fn images(shape: Shape) -> Vec<Vec<f64>> {
    let mut random = Random(24);
    let mut images: Vec<Vec<f64>> = (0..18).map(|_| random.image(shape)).collect();
    images.push(images[3].clone());
    images.push(images[4].iter().map(|x| x * (1.0 + 1e-5)).collect());
    images.push(vec![0.0; len(shape)]);
    images.push(images[5].iter().map(|x| x * 1e6).collect());
    images
}

/// The hash of all kernels as bytes, the least significant first.
fn hash<S: Element>(backend: Backend, threads: usize, tile: usize) -> String {
    let mut hash = Sha256::new();
    for net in nets() {
        let x = set(net.shape(), &images(net.shape()));
        for (y, flip) in [(None, false), (Some(&x), true)] {
            let gram = Gram { net: &net, flip, x: &x, y, tile };
            // An f32 is an f64, and its bits are as well defined.
            for value in matrices::<S>(&gram, backend, threads).values {
                hash.update(value.to_f64().to_le_bytes());
            }
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every fused backend, with so many threads and tiles of so many images.
fn check(threads: usize, tile: usize) {
    let fused: Vec<Backend> = Backend::available().into_iter().filter(|backend| backend.is_fused()).collect();
    if fused.is_empty() {
        // Straight to the terminal: what a passing test prints is hidden.
        let why = "the hash of kernels: this machine has no backend with fused multiply-add";
        writeln!(std::io::stderr(), "\n==== SKIPPED: {why} ====").expect("standard error");
    }
    for backend in fused {
        assert_eq!(hash::<f32>(backend, threads, tile), F32, "f32, {backend}, {threads} threads, tiles of {tile}");
        assert_eq!(hash::<f64>(backend, threads, tile), F64, "f64, {backend}, {threads} threads, tiles of {tile}");
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
