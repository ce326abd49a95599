//! Every format rounds as its definition says: against another implementation of it, over all bit patterns where there are few enough.

use half::{bf16, f16};
use proptest::prelude::*;
use ultrawide_accel_sim::format::Format;

/// The same number, or both none.
fn same(ours: f64, theirs: f64, what: impl std::fmt::Display) {
    assert!(ours == theirs || (ours.is_nan() && theirs.is_nan()), "{what}: {ours:e} instead of {theirs:e}");
}

/// A short format: all of its numbers, and its finite ones from 0 up, read from their bits by the crate `half`.
struct Short {
    numbers: Vec<f64>,
    ascending: Vec<f64>,
}

impl Short {
    fn new(format: Format) -> Short {
        let number =
            |bits| if format == Format::Bf16 { bf16::from_bits(bits).to_f64() } else { f16::from_bits(bits).to_f64() };
        let numbers = (0..=u16::MAX).map(number).collect();
        // Bit patterns ascend with the numbers; the one after the largest stands for those that round to infinity.
        let mut ascending: Vec<f64> = (0..1u16 << 15).map(number).take_while(|x| x.is_finite()).collect();
        ascending.push(2.0 * ascending[ascending.len() - 1] - ascending[ascending.len() - 2]);
        Short { numbers, ascending }
    }

    /// The nearest number, by search; of two the one with an even bit pattern. (`half` itself drops the lower half of an `f64` before
    /// it rounds, so that a little more than a tie is one.)
    fn nearest(&self, x: f64) -> f64 {
        if x.is_nan() {
            return x;
        }
        let (magnitude, last) = (x.abs(), self.ascending.len() - 1);
        let above = self.ascending.partition_point(|&number| number < magnitude);
        let bits = if above > last {
            last
        } else if above == 0 {
            0
        } else {
            // Neighbours within a factor of two, or one of them 0: differences are exact.
            let (down, up) = (magnitude - self.ascending[above - 1], self.ascending[above] - magnitude);
            if down < up || (down == up && above % 2 == 1) { above - 1 } else { above }
        };
        let nearest = if bits == last { f64::INFINITY } else { self.ascending[bits] };
        nearest.copysign(x)
    }
}

/// Each of the 65,536 numbers stays, and so does the rounding of what lies between it and the next: the middle, and a little beside it.
#[test]
fn short_floats_round_to_the_nearest() {
    for format in [Format::Bf16, Format::F16] {
        let short = Short::new(format);
        for &x in &short.numbers {
            same(format.round(x), x, format!("{format} {x:e}"));
            let step = |x: f64, up: bool| {
                let next = if up { x.to_bits().wrapping_add(1) } else { x.to_bits().wrapping_sub(1) };
                f64::from_bits(next)
            };
            // A middle between numbers, or of some that are none themselves.
            let digits = if format == Format::Bf16 { 8 } else { 11 };
            let half = x * 2f64.powi(-digits);
            for middle in [x + half, x - half, x + half / 2.0, x * 1.001, x / 3.0] {
                for probe in [middle, step(middle, true), step(middle, false)] {
                    same(format.round(probe), short.nearest(probe), format!("{format} rounds {probe:e}"));
                }
            }
        }
    }
}

/// Roots of all numbers; sums, products and quotients of all with some: exact in `f64` or wide enough for one more rounding.
#[test]
fn short_floats_compute() {
    for format in [Format::Bf16, Format::F16] {
        let short = Short::new(format);
        let reference = |x| short.nearest(x);
        let some: Vec<f64> = short.numbers.iter().copied().step_by(1237).collect();
        for &x in &short.numbers {
            same(format.sqrt(x), reference(x.sqrt()), format!("{format} root of {x:e}"));
            for &y in &some {
                same(format.add(x, y), reference(x + y), format!("{format} {x:e} + {y:e}"));
                same(format.mul(x, y), reference(x * y), format!("{format} {x:e} · {y:e}"));
                same(format.div(x, y), reference(x / y), format!("{format} {x:e} / {y:e}"));
            }
        }
    }
}

/// A number as an integer of few bits, times a power of two.
fn integer(x: f64) -> (i128, i32) {
    if x == 0.0 {
        return (0, 0);
    }
    let exponent = (x.to_bits() >> 52 & 0x7ff) as i32 - 1075;
    let significand = (x.to_bits() & ((1 << 52) - 1) | 1 << 52) as i128;
    let zeros = significand.trailing_zeros();
    (if x < 0.0 { -(significand >> zeros) } else { significand >> zeros }, exponent + zeros as i32)
}

/// x · y + z of short floats in integers, then rounded by hand to `digits`, of which none is below 2^`least`; from 2^`limit` on infinite.
fn exact_mul_add([x, y, z]: [f64; 3], digits: i32, least: i32, limit: i32) -> f64 {
    let ((x, ex), (y, ey), (z, ez)) = (integer(x), integer(y), integer(z));
    let (product, ep) = (x * y, ex + ey);
    // Beyond this many places only the sign of the smaller term matters: it breaks ties.
    const FAR: i32 = 90;
    let (sum, unit) = match ep - ez {
        _ if product == 0 => (z, ez),
        _ if z == 0 => (product, ep),
        apart if apart > FAR => ((product << FAR) + z.signum(), ep - FAR),
        apart if apart < -FAR => ((z << FAR) + product.signum(), ez - FAR),
        apart if apart >= 0 => ((product << apart) + z, ez),
        apart => (product + (z << -apart), ep),
    };
    let magnitude = sum.unsigned_abs();
    let length = 128 - magnitude.leading_zeros() as i32;
    let drop = (length - digits).max(least - unit).max(0);
    let value = if drop > 126 {
        0.0
    } else {
        let (quotient, rest) = (magnitude >> drop, magnitude & ((1 << drop) - 1));
        let half = (1u128 << drop) / 2;
        let up = drop > 0 && (rest > half || (rest == half && quotient & 1 == 1));
        (quotient + u128::from(up)) as f64 * 2f64.powi(drop + unit)
    };
    let limit = 2f64.powi(limit);
    let value = if value >= limit { f64::INFINITY } else { value };
    if sum < 0 { -value } else { value }
}

/// By the definition of the format.
fn exact(format: Format, numbers: [f64; 3]) -> f64 {
    if format == Format::Bf16 { exact_mul_add(numbers, 8, -133, 128) } else { exact_mul_add(numbers, 11, -24, 16) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn f16_multiply_add_rounds_once(x in 0u16..0x7c00, y in 0u16..0x7c00, z in 0u16..0x7c00, signs in 0u16..8) {
        // Below 0x7c00 is all that is finite.
        let numbers = [(x, 1), (y, 2), (z, 4)].map(|(bits, sign)| {
            f16::from_bits(bits | if signs & sign == 0 { 0 } else { 0x8000 }).to_f64()
        });
        let [x, y, z] = numbers;
        let (ours, theirs) = (Format::F16.mul_add(x, y, z), exact(Format::F16, numbers));
        prop_assert!(ours == theirs, "{:e} · {:e} + {:e}: {:e}, not {:e}", x, y, z, ours, theirs);
    }

    #[test]
    fn bf16_multiply_add_rounds_once(x in 0u16..0x7f80, y in 0u16..0x7f80, z in 0u16..0x7f80, signs in 0u16..8) {
        let numbers = [(x, 1), (y, 2), (z, 4)].map(|(bits, sign)| {
            bf16::from_bits(bits | if signs & sign == 0 { 0 } else { 0x8000 }).to_f64()
        });
        let [x, y, z] = numbers;
        let (ours, theirs) = (Format::Bf16.mul_add(x, y, z), exact(Format::Bf16, numbers));
        prop_assert!(ours == theirs, "{:e} · {:e} + {:e}: {:e}, not {:e}", x, y, z, ours, theirs);
    }

    /// Terms near each other, of either sign: random exponents are rarely near.
    #[test]
    fn bf16_multiply_add_of_near_terms(x in 0x3f80u16..0x4000, y in 0x3f80u16..0x4000, ulps in -40i32..40, scale in -30i32..8, sign in 0..2) {
        let [x, y] = [x, y].map(|bits| bf16::from_bits(bits).to_f64());
        let near = bf16::from_bits((i32::from(bf16::from_f64(x * y).to_bits()) + ulps) as u16).to_f64();
        let z = near * 2f64.powi(scale) * if sign == 0 { 1.0 } else { -1.0 };
        for numbers in [[x, y, z], [-x, y, z], [x, y * 2f64.powi(-120), z * 2f64.powi(-120)]] {
            let [x, y, z] = numbers;
            let (ours, theirs) = (Format::Bf16.mul_add(x, y, z), exact(Format::Bf16, numbers));
            prop_assert!(ours == theirs, "{:e} · {:e} + {:e}: {:e}, not {:e}", x, y, z, ours, theirs);
        }
    }

    /// Native `f32` rounds all of these once.
    #[test]
    fn f32_is_native(x: u32, y: u32, z: u32) {
        let [x, y, z] = [x, y, z].map(f32::from_bits);
        let [a, b, c] = [x, y, z].map(f64::from);
        for (ours, theirs) in [
            (Format::F32.add(a, b), x + y),
            (Format::F32.mul(a, b), x * y),
            (Format::F32.div(a, b), x / y),
            (Format::F32.sqrt(a), x.sqrt()),
            (Format::F32.mul_add(a, b, c), x.mul_add(y, z)),
        ] {
            let ours = ours as f32;
            prop_assert!(ours == theirs || (ours.is_nan() && theirs.is_nan()), "{:e} {:e} {:e}: {:e}, not {:e}", x, y, z, ours, theirs);
        }
    }

    /// Near cancellation, where double rounding would show.
    #[test]
    fn f32_multiply_add_near_cancellation(x in 1.0f32..2.0, y in 1.0f32..2.0, ulps in -3i32..4, tiny in -40i32..0) {
        let z = -f32::from_bits(((x * y).to_bits() as i32 + ulps) as u32) * 2f32.powi(tiny);
        let ours = Format::F32.mul_add(x.into(), y.into(), z.into()) as f32;
        prop_assert_eq!(ours, x.mul_add(y, z));
    }
}

/// Integer division to the nearest, ties to even, the slow way.
fn nearest(numerator: i64, denominator: i64) -> i64 {
    let floor = numerator.div_euclid(denominator);
    [floor, floor + 1]
        .into_iter()
        .min_by_key(|q| ((numerator - q * denominator).abs(), q.rem_euclid(2)))
        .unwrap_or(floor)
}

/// All pairs of all numbers of small fixed-point formats.
#[test]
fn fixed_point_computes() {
    for (integer, fraction) in [(0u8, 7u8), (3, 4), (2, 5), (7, 0)] {
        let format = Format::Fixed { integer, fraction };
        let one = 1i64 << fraction;
        let largest = (1i64 << (integer + fraction)) - 1;
        let number = |k: i64| k as f64 / one as f64;
        let saturated = |k: i64| number(k.clamp(-largest - 1, largest));
        for x in -largest - 1..=largest {
            let root = (0..=4 * largest).rev().find(|r| r * r <= x.max(0) * one).unwrap_or(0);
            // (r + ½)² = r² + r + ¼, so beyond r² + r the root is nearer to r + 1.
            let root = if x.max(0) * one > root * root + root { root + 1 } else { root };
            same(format.sqrt(number(x)), saturated(root), format!("{format} root of {x}"));
            for y in -largest - 1..=largest {
                let (a, b) = (number(x), number(y));
                same(format.add(a, b), saturated(x + y), format!("{format} {x} + {y}"));
                same(format.mul(a, b), saturated(nearest(x * y, one)), format!("{format} {x} · {y}"));
                if y != 0 {
                    let (p, q) = if y < 0 { (-x, -y) } else { (x, y) };
                    same(format.div(a, b), saturated(nearest(p * one, q)), format!("{format} {x} / {y}"));
                }
                let z = (x * 31 + y * 17).rem_euclid(2 * largest) - largest;
                let sum = saturated(nearest(x * y + z * one, one));
                same(format.mul_add(a, b, number(z)), sum, format!("{format} {x} · {y} + {z}"));
            }
        }
        // Rounding of numbers between, and of what is no number.
        for k in -4 * largest..=4 * largest {
            same(format.round(number(k) / 4.0), saturated(nearest(k, 4)), format!("{format} rounds {k}/4"));
        }
        same(format.round(f64::INFINITY), number(largest), "infinity");
        same(format.round(f64::NAN), 0.0, "no number");
    }
}

#[test]
fn names() {
    for name in ["f64", "f32", "bf16", "f16", "q15.16", "q0.7", "q52.0"] {
        let format: Format = name.parse().expect(name);
        assert_eq!(format.to_string(), name);
    }
    for name in ["f8", "q", "q1", "q1.", "q.1", "q0.0", "q30.30", "q-1.8", "q1.8.2", "q999.1", ""] {
        let error = name.parse::<Format>().expect_err(name).to_string();
        assert!(error.contains("unknown format") && error.contains("bf16"), "{error}");
    }
}
