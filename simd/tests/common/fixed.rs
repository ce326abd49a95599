//! A fixed set of kernels, and their hash: the same on every machine and every backend with fused multiply-add. Whoever changes the arithmetic changes
//! the hash here, knowingly, and the revision with it.

use super::images::{Random, len, shape};
use super::single::{BOTH, conv_net, request};
use sha2::{Digest, Sha256};
use ultrawide_core::{Conv, Dense, Readout, Scalar, Shape, Trained};

/// Of the kernels with these hashes: other hashes, another `ultrawide_simd::REVISION`.
pub const REVISION: u32 = 12;
pub const F32: &str = "f3427c846207004c2fa2de414782fdcc5181ab891b56917a8107805be817a6c7";
pub const F64: &str = "b3614581017c7ccfae4ef2aa3d39323578152b2d504e290ce0e15fc1e10ff056";

/// Networks of every kind, a dense and a convolutional one for images of a shape, the last depth so large that the carried numbers are divided on the way.
pub fn nets() -> Vec<(Shape, Dense, Conv)> {
    let readouts = [Readout::Vanilla, Readout::Gap, Readout::Lap(1)];
    let mut nets = Vec::new();
    for (shape, filter) in [(shape([3, 7, 5]), 3), (shape([1, 6, 6]), 5), (shape([2, 1, 9]), 1)] {
        for trained in [Trained::All, Trained::Hidden] {
            let request = request(&BOTH, &[3, 11, 24], trained);
            let (dense, conv) = (Dense::new(request.clone()), conv_net(shape, filter, &readouts, request));
            nets.push((shape, dense.clone(), conv.clone()));
            let bent = dense.with_slope(-0.3).and_then(|net| net.with_residual(0.7)).expect("finite numbers");
            nets.push((shape, bent, conv.with_slope(-0.3).expect("a finite slope")));
        }
    }
    nets
}

/// 22 images: random ones, one twice and once more all but equal, a black one, and one much larger than the others.
pub fn images(shape: Shape) -> Vec<Vec<f64>> {
    let mut random = Random(24);
    let mut images: Vec<Vec<f64>> = (0..18).map(|_| random.image(shape)).collect();
    images.push(images[3].clone());
    images.push(images[4].iter().map(|x| x * (1.0 + 1e-5)).collect());
    images.push(vec![0.0; len(shape)]);
    images.push(images[5].iter().map(|x| x * 1e6).collect());
    images
}

/// The hash of kernels as bytes, the least significant first. An `f32` is an `f64`, and its bits are as well defined.
pub fn hash<S: Scalar>(kernels: impl Iterator<Item = S>) -> String {
    let mut hash = Sha256::new();
    kernels.for_each(|value| hash.update(value.to_f64().to_le_bytes()));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
