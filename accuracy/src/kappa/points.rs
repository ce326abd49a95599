//! Arguments in [−1, 1] at which κ0 and κ1 are checked.

use crate::common::images::Random;

/// Sources of `f64` arguments, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// Evenly over [−1, 1].
    Uniform,
    /// 1 − |λ| evenly over the exponents from 2^-53 to 1.
    NearOne,
    /// |λ| evenly over all exponents, subnormal numbers too.
    NearZero,
    /// Within 2^16 floats of a hard point.
    Hard,
}

/// All generators.
pub const GENERATORS: [Generator; 4] = [Generator::Uniform, Generator::NearOne, Generator::NearZero, Generator::Hard];

impl Generator {
    /// The next argument, with `hard` the list of [`hard_f64`].
    pub fn point(self, random: &mut Random, hard: &[f64]) -> f64 {
        let bits = random.bits();
        let sign = if bits & 1 == 0 { 1.0 } else { -1.0 };
        // [1, 2), without the lowest bits, which are used up.
        let significand = f64::from_bits(1f64.to_bits() | bits >> 12);
        let magnitude = match self {
            Generator::Uniform => significand - 1.0,
            Generator::NearOne => 1.0 - (significand - 1.0) * 0.5f64.powi((random.bits() % 53) as i32),
            Generator::NearZero => f64::from_bits(random.bits() % (1f64.to_bits() + 1)),
            Generator::Hard => {
                let index = (random.bits() % hard.len() as u64) as usize;
                let near = hard[index].abs().to_bits() + (bits >> 47);
                f64::from_bits(near.saturating_sub(1 << 16).min(1f64.to_bits()))
            }
        };
        sign * magnitude
    }
}

/// Where the largest errors were found, and where the functions or the oracle change their form: the ends, 0, ½, the edges of
/// the oracle's intervals.
pub fn hard_f64() -> Vec<f64> {
    let found = lines(include_str!("../../data/kappa_hard_f64.csv"));
    let bits = found.map(|line| f64::from_bits(u64::from_str_radix(line, 16).expect("a line is the bits of an f64")));
    bits.chain([0.0, f64::MIN_POSITIVE, 0.5, 1.0]).chain((1..64).map(|edge| f64::from(edge) / 64.0)).collect()
}

/// The same for `f32`, and all arguments whose κ0 or κ1 only multi-precision can round.
pub fn hard_f32() -> Vec<f32> {
    let found = lines(include_str!("../../../core/tests/data/kappa_hard_f32.csv"));
    let bits = found.map(|line| f32::from_bits(u32::from_str_radix(line, 16).expect("a line is the bits of an f32")));
    bits.chain(hard_f64().into_iter().map(|x| x as f32)).chain([f32::MIN_POSITIVE]).collect()
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().skip(1)
}
