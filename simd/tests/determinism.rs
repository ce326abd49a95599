//! One hash of a fixed set of kernels: the same on every machine and every backend with fused multiply-add.
mod common;

use common::fixed::{self, F32, F64, hash, images, nets};
use std::io::Write;
use ultrawide_core::Scalar;
use ultrawide_simd::{Backend, ConvTile, DenseTile, Element, Images, REVISION, Tile};

struct Set(Vec<Vec<f64>>);

impl<S: Scalar> Images<S> for Set {
    fn write(&self, index: usize, out: &mut [S]) {
        out.iter_mut().zip(&self.0[index]).for_each(|(out, &pixel)| *out = S::from_f64(pixel));
    }
}

/// All kernels, each matrix in one tile; of a symmetric one what is below the diagonal is also above it.
fn kernels<S: Element>(backend: Backend) -> Vec<S> {
    let mut all = Vec::new();
    for (shape, dense, conv) in nets() {
        let set = Set(images(shape));
        let n = set.0.len();
        for is_dense in [true, false] {
            for symmetric in [true, false] {
                let (x, y, flip) = (&set, &set, !symmetric);
                let tile = &Tile { rows: 0..n, columns: 0..n, diagonal: symmetric };
                let mut out =
                    vec![S::from_f64(f64::NAN); n * n * if is_dense { dense.outputs() } else { conv.outputs() }];
                let computed = if is_dense {
                    DenseTile { net: &dense, shape, flip, x, y, tile, out: &mut out }.compute(backend)
                } else {
                    ConvTile { net: &conv, flip, x, y, tile, out: &mut out }.compute(backend)
                };
                computed.expect("buffers of the stated length");
                let at = |index: usize| {
                    let (row, column) = (index / n % n, index % n);
                    if symmetric && column > row { index / (n * n) * n * n + column * n + row } else { index }
                };
                all.extend((0..out.len()).map(|index| out[at(index)]));
            }
        }
    }
    all
}

#[test]
fn every_fused_backend() {
    assert_eq!(REVISION, fixed::REVISION, "kernels of another revision have other bits");
    let fused: Vec<Backend> = Backend::available().into_iter().filter(|backend| backend.is_fused()).collect();
    if fused.is_empty() {
        // Straight to the terminal: what a passing test prints is hidden.
        let why = "the hash of kernels: this machine has no backend with fused multiply-add";
        writeln!(std::io::stderr(), "\n==== SKIPPED: {why} ====").expect("standard error");
    }
    for backend in fused {
        assert_eq!(hash(kernels::<f32>(backend).into_iter()), F32, "f32, {backend}");
        assert_eq!(hash(kernels::<f64>(backend).into_iter()), F64, "f64, {backend}");
    }
}
