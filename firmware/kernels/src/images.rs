//! The inputs: multiples of 1/64 from a small generator, so that they are the same numbers in every precision.

use ultrawide_core::{Number, Scalar};

/// The partners of each image: the image itself, zeros, a larger one, and one that is correlated with it negatively.
pub const PARTNERS: usize = 4;

/// Fills the image x, and in lane i of y partner `first` + i, zeros after the last.
pub(crate) fn fill<N: Number>(x: &mut [N::Scalar], y: &mut [N], first: usize) {
    let mut random = Random(1904);
    for (x, y) in x.iter_mut().zip(y) {
        let (own, other) = (random.next(), random.next());
        *x = N::Scalar::from_f64(own);
        *y = N::from_lanes(|lane| {
            N::Scalar::from_f64(match first + lane {
                0 => own,
                2 => 37.5 * other,
                3 => other / 4.0 - own,
                _ => 0.0,
            })
        });
    }
}

/// A generator of 32 bits.
///
/// Source: Marsaglia 2003, Xorshift RNGs, the triple (13, 17, 5).
struct Random(u32);

impl Random {
    /// A multiple of 1/64 in [−2, 2).
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (f64::from(self.0 >> 24) - 128.0) / 64.0
    }
}
