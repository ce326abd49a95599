//! What the criterion benches and the speed report measure.

pub mod issue;
pub mod pair;
pub mod solve;

use ultrawide::data::{Images, Pixels};
use ultrawide_core::Shape;

/// The images of CIFAR-10.
pub const CIFAR: Shape = Shape { channels: 3, height: 32, width: 32 };

/// Uniform numbers in [−1, 1), always the same: a linear congruential generator (Knuth, MMIX).
pub fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// `n` random images.
///
/// # Panics
/// Never: the numbers are finite and whole images.
pub fn images(n: usize, shape: Shape, seed: u64) -> Images {
    let mut next = uniform(seed);
    let pixels = (0..n * shape.len().unwrap_or(0)).map(|_| next() as f32).collect();
    Images::new(shape, Pixels::F32(pixels)).expect("whole images of finite numbers")
}
