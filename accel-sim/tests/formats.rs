//! Every format rounds as its definition says: against another implementation of it, over all bit patterns where there are few enough.

use half::{bf16, f16};
use proptest::prelude::*;
use ultrawide_accel_sim::format::Format;

/// The same number, or both none.
fn same(ours: f64, theirs: f64, what: impl std::fmt::Display) {
    assert!(ours == theirs || (ours.is_nan() && theirs.is_nan()), "{what}: {ours:e} instead of {theirs:e}");
}

/// All numbers of a short format, and its rounding by the crate `half`, which goes through the bits.
fn all(format: Format) -> (Vec<f64>, fn(f64) -> f64) {
    match format {
        Format::Bf16 => ((0..=u16::MAX).map(|bits| bf16::from_bits(bits).to_f64()).collect(), |x| bf16::from_f64(x).to_f64()),
        _ => ((0..=u16::MAX).map(|bits| f16::from_bits(bits).to_f64()).collect(), |x| f16::from_f64(x).to_f64()),
    }
}

/// Each of the 65,536 numbers stays, and so does the rounding of what lies between it and the next: the middle, and a little beside it.
#[test]
fn short_floats_round_as_half_does() {
    for format in [Format::Bf16, Format::F16] {
        let (numbers, reference) = all(format);
        for &x in &numbers {
            same(format.round(x), x, format!("{format} {x:e}"));
            let step = |x: f64, up: bool| {
                let next = if up { x.to_bits().wrapping_add(1) } else { x.to_bits().wrapping_sub(1) };
                f64::from_bits(next)
            };
            // Twice the middle of this number and the next has the next odd bits.
            let digits = if format == Format::Bf16 { 8 } else { 11 };
            let half = x * 2f64.powi(-digits);
            for middle in [x + half, x - half, x + half / 2.0, x * 1.001, x / 3.0] {
                for probe in [middle, step(middle, true), step(middle, false)] {
                    same(format.round(probe), reference(probe), format!("{format} rounds {probe:e}"));
                }
            }
        }
    }
}

/// Roots of all numbers; sums, products and quotients of all with some: exact in `f64` or wide enough for one more rounding, which
/// `half` does.
#[test]
fn short_floats_compute() {
    for format in [Format::Bf16, Format::F16] {
        let (numbers, reference) = all(format);
        let some: Vec<f64> = numbers.iter().copied().step_by(1237).collect();
        for &x in &numbers {
            same(format.sqrt(x), reference(x.sqrt()), format!("{format} root of {x:e}"));
            for &y in &some {
                same(format.add(x, y), reference(x + y), format!("{format} {x:e} + {y:e}"));
                same(format.mul(x, y), reference(x * y), format!("{format} {x:e} · {y:e}"));
                same(format.div(x, y), reference(x / y), format!("{format} {x:e} / {y:e}"));
            }
        }
    }
}

/// x · y + z in integers: exact, then rounded by hand. Numbers are multiples of 2^-24 (f16's smallest) below 2^16.
fn exact_f16_mul_add(x: f64, y: f64, z: f64) -> f64 {
    let scaled = |x: f64, bits: i32| (x * 2f64.powi(bits)) as i128;
    let sum = scaled(x, 24) * scaled(y, 24) + (scaled(z, 24) << 24);
    let magnitude = sum.unsigned_abs();
    // 2^-48 is the unit; 11 digits, but none below 2^-24.
    let length = 128 - magnitude.leading_zeros() as i32;
    let drop = (length - 11).max(24);
    let (quotient, rest) = (magnitude >> drop, magnitude & ((1 << drop) - 1));
    let half = 1u128 << (drop - 1);
    let up = rest > half || (rest == half && quotient & 1 == 1);
    let value = (quotient + u128::from(up)) as f64 * 2f64.powi(drop - 48);
    let value = if value >= 65536.0 { f64::INFINITY } else { value };
    if sum < 0 { -value } else { value }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn f16_multiply_add_rounds_once(x: u16, y: u16, z: u16) {
        let [x, y, z] = [x, y, z].map(|bits| f16::from_bits(bits).to_f64());
        prop_assume!([x, y, z].iter().all(|x| x.is_finite()));
        let (ours, theirs) = (Format::F16.mul_add(x, y, z), exact_f16_mul_add(x, y, z));
        prop_assert!(ours == theirs, "{:e} · {:e} + {:e}: {:e}, not {:e}", x, y, z, ours, theirs);
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
