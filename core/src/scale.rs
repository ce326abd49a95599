//! The scale in which kernels are carried through the layers.
//!
//! Each layer divides by q². Left out, that factor is one of the readout: K̃ = q²ʰ K and Θ̃ = q²ʰ Θ obey the recursion without
//! it, because κ0 and κ1 see λ alone,
//!
//! ```text
//! K̃ = ñ κ1(λ),   Θ̃ ← κ0(λ) Θ̃ + K̃,   ñ = √(ṽ ṽ'),   ṽ ← box(ṽ)        K = K̃ / q²ʰ
//! ```
//!
//! so the hot loop has a multiplication less, and 1/q² is rounded once, not once a layer.
//!
//! Two powers of two, which round nothing, keep these numbers far from overflow and underflow: every image is divided by ρ² so
//! that its largest pixel lies in [1, 4), and every few layers, before box can have multiplied a number by more than
//! 2^`GROWTH`, all are divided by what it may have come to. In a format of narrow range ([`Scalar::narrow_limit`]) they are
//! divided after every layer, and the images made smaller by what the range lacks ([`lowered`]).

use core::num::NonZeroUsize;

use crate::Shape;
use crate::number::{Number, Scalar};

/// log2 of the growth that is let pass before the numbers are divided. The largest `f32` is 2^128; the other half is for
/// the squares of pixels, their sums over channels and windows, the layers that Θ adds up, and the entries that a readout does.
pub(crate) const GROWTH: f64 = 64.0;

/// By how much a net's layers let numbers grow, and what is divided out again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Growth {
    /// After as many layers the numbers are divided.
    period: NonZeroUsize,
    /// log2 of the growth in a period.
    growth: f64,
    /// q².
    area: f64,
}

impl Growth {
    /// Of q×q filters on images of `shape`, divided before it passes 2^`limit`, or after every layer where one passes that.
    pub(crate) fn new(q: usize, shape: Shape, limit: f64) -> Self {
        // A window holds no more pixels than the image has.
        let growth = libm::log2(q.min(shape.height) as f64) + libm::log2(q.min(shape.width) as f64);
        let layers = if growth > 0.0 { libm::floor(limit / growth) as usize } else { usize::MAX };
        let period = NonZeroUsize::new(layers).unwrap_or(NonZeroUsize::MIN);
        let growth = if growth > 0.0 { period.get() as f64 * growth } else { 0.0 };
        Growth { period, growth, area: q as f64 * q as f64 }
    }

    /// log2 of the product of the first `periods` divisors. Even, so that the root of a variance is divided by a power of two as well.
    fn divided(&self, periods: usize) -> i32 {
        2 * (periods as f64 * self.growth / 2.0) as i32
    }

    /// log2 of the divisor after so many periods.
    fn divisor(&self, periods: usize) -> i32 {
        self.divided(periods) - self.divided(periods.saturating_sub(1))
    }

    /// By what the numbers are multiplied before ReLU layer `layer`, counted from 1, where it is not 1.
    #[inline(always)]
    pub(crate) fn before<S: Scalar>(&self, layer: usize) -> Option<S> {
        let layers = layer.saturating_sub(1);
        if layers == 0 || layers % self.period != 0 {
            return None;
        }
        Some(S::from_f64(libm::ldexp(1.0, -self.divisor(layers / self.period))))
    }

    /// K / K̃ after ReLU layer `layer`: the product of the divisors so far, over q^(2 layer).
    pub(crate) fn factor<S: Scalar>(&self, layer: usize) -> S {
        let periods = layer.saturating_sub(1) / self.period;
        let area = S::from_f64(self.area);
        let of_period = power(area, self.period.get());
        // Period by period: the product of the divisors alone, and that of q², leave the range of `f64`.
        let divided = (1..=periods).fold(S::from_f64(1.0), |factor, period| {
            factor.mul(S::from_f64(libm::ldexp(1.0, self.divisor(period))).div(of_period))
        });
        divided.div(power(area, layer.saturating_sub(periods.saturating_mul(self.period.get()))))
    }
}

/// base^exponent, by squaring: exact as long as the result has no more digits than the type.
fn power<S: Scalar>(mut base: S, mut exponent: usize) -> S {
    let mut result = S::from_f64(1.0);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = result.mul(base);
        }
        base = base.mul(base);
        exponent /= 2;
    }
    result
}

/// A factor as a product of two near its root, the second a power of two.
pub(crate) fn halves<S: Scalar>(factor: S) -> (S, f64) {
    let power = libm::ldexp(1.0, exponent(factor.to_f64()) / 2);
    (factor.div(S::from_f64(power)), power)
}

/// log2 of how far below 1 the largest pixel has to be in a narrow range, so that nothing reaches its limit: the variance of a window
/// of `window` numbers below 4 each, what the divisions between layers leave of its growth (a factor below 4), and Θ, which sums up
/// as many terms as there are `layers`, and one more.
#[inline(always)]
pub(crate) fn lowered<S: Scalar>(window: usize, layers: usize) -> i32 {
    S::narrow_limit().map_or(0, |limit| lowered_below(limit, window, layers))
}

/// [`lowered`] where 2^`limit` is the limit.
fn lowered_below(limit: u16, window: usize, layers: usize) -> i32 {
    let largest = libm::log2(64.0 * window as f64 * (layers as f64 + 2.0));
    libm::ceil((largest - f64::from(limit)) / 2.0).max(0.0) as i32
}

/// In each lane the power of two ρ with the largest |pixel| in [ρ², 4 ρ²) 2^−`lowered`, or [ρ², 4 ρ²) 2^(1−`lowered`) where that is
/// odd, or the nearest whose ρ² has an inverse of full precision; 1 for a black image.
///
/// ρ and not ρ²: a kernel times ρ ρ' twice over passes through nothing but numbers between what it was and what it comes to.
#[inline(always)]
pub(crate) fn root<N: Number>(pixels: &[N], lowered: i32) -> N {
    let mut largest = N::zero();
    for pixel in pixels {
        largest = largest.max(pixel.abs());
    }
    let limit = -exponent(N::Scalar::smallest_normal().to_f64()) / 2;
    N::from_lanes(|lane| {
        let largest = largest.lane(lane).to_f64();
        let e = if largest > 0.0 { (exponent(largest) + lowered).div_euclid(2).max(-limit).min(limit) } else { 0 };
        N::Scalar::from_f64(libm::ldexp(1.0, e))
    })
}

/// The e of 2^e ≤ x < 2^(e+1), for a normal x.
fn exponent(x: f64) -> i32 {
    ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::precision::{CARRIED, EXPONENT, HALVES};

    /// What `before` divides by and what `factor` multiplies with leave q^(−2h) and nothing else, and what is carried
    /// stays within the growth of one period whatever the depth.
    #[test]
    fn divisors_and_factor_cancel() {
        for (q, height, width) in [(3, 32, 32), (1, 9, 9), (5, 1, 40), (31, 12, 3), (3, 1, 1), (9, 200, 300)] {
            let growth = Growth::new(q, Shape { channels: 3, height, width }, GROWTH);
            let (per_layer, area) = (libm::log2((q.min(height) * q.min(width)) as f64), libm::log2((q * q) as f64));
            let mut divided = 0.0;
            for layer in 1..1000 {
                divided -= growth.before::<f64>(layer).map_or(0.0, libm::log2);
                let carried = per_layer * layer as f64 - divided;
                assert!(
                    (-EXPONENT..=GROWTH + per_layer + CARRIED).contains(&carried),
                    "{q} {height}x{width} {layer}: {carried}"
                );
                let expected = divided - area * layer as f64;
                let factor = libm::log2(growth.factor::<f64>(layer));
                // A factor that underflows is that of a kernel that does.
                let right = if expected < -1022.0 { factor < -1020.0 } else { (factor - expected).abs() < EXPONENT };
                assert!(right, "{q} {height}x{width} layer {layer}: {factor} instead of {expected}");
            }
        }
    }

    /// In a range up to 2^16, and one up to 2^8.
    #[test]
    fn images_are_lowered_in_narrow_ranges() {
        // 64 · 256 · 4 = 2^16 is just what the first holds; one window or layer more is not.
        for (limit, window, layers, expected) in [
            (16, 256, 2, 0),
            (16, 257, 2, 1),
            (16, 256, 3, 1),
            (8, 256, 2, 4),
            (8, 27, 19, 4),
            (8, 1, 1, 0),
            (20, 256, 62, 0),
        ] {
            assert_eq!(lowered_below(limit, window, layers), expected, "{limit}, {window}, {layers}");
        }
        // [ρ², 4 ρ²) 2^−lowered, or twice that.
        for (pixel, lowered, expected) in [(1.0, 2, 1), (4.0, 2, 2), (1.0, 3, 1), (2.0, 3, 2), (0.25, 4, 1)] {
            assert_eq!(root(&[pixel], lowered), libm::ldexp(1.0, expected), "{pixel}, {lowered}");
        }
    }

    #[test]
    fn roots() {
        for (pixels, expected) in [
            (&[0.0, -3.0, 1.0][..], 0),
            (&[4.0, 15.9], 1),
            (&[0.0, 0.0], 0),
            (&[1e-300f64, -0.999], -1),
            (&[f64::MAX], 511),
            (&[5e-324], -511),
        ] {
            assert_eq!(root(pixels, 0), libm::ldexp(1.0, expected), "{pixels:?}");
        }
        assert_eq!(root(&[f32::MAX, 1.0], 0), libm::ldexpf(1.0, 63));
        assert_eq!(root(&[1e-45f32, 0.0], 0), libm::ldexpf(1.0, -63));
        assert_eq!(halves(0.0), (0.0, libm::ldexp(1.0, -511)));
        for factor in [1.0, 0.3, 9e-40, 7e300] {
            let (rest, power) = halves(factor);
            assert_eq!(rest * power, factor);
            let [of_rest, of_factor] = [rest, factor].map(|x| libm::log2(x).abs());
            assert!(2.0 * of_rest <= of_factor + HALVES, "{factor}: {rest} {power}");
        }
    }
}
