//! A multi-precision number that the core's recursions run on.
//!
//! [`Number`] wants `Copy`, and the numbers of `astro-float` own memory. So a [`Big`] holds the words of its mantissa itself,
//! and each operation builds the library's number, computes and copies the words back: some 50 ns more, next to acos'
//! 50 µs, and no arena whose life would have to be watched.

use crate::arc::factors;
use astro_float::{BigFloat, RoundingMode, Sign};
use std::cmp::Ordering;
use ultrawide_core::{Number, Scalar};

/// The bits of a mantissa.
///
/// Where pixels are parallel, κ0 turns an error e of λ into √(2e)/π: 384 bits leave 2^-192 = 1.6e-58 even there.
pub const BITS: usize = WORDS * 64;
const WORDS: usize = 6;

/// All operations round to the nearest, as those of `f32` and `f64` do.
const NEAREST: RoundingMode = RoundingMode::ToEven;

/// A binary floating-point number of [`BITS`] bits; its exponent never overflows in a kernel.
///
/// It is 0.mantissa · 2^exponent, the mantissa's highest bit set, unless it is 0 (`mantissa` and `exponent` are 0) or no
/// number at all (a state that only the filling of fresh buffers, and mistakes, lead to).
#[derive(Clone, Copy, Debug)]
pub struct Big {
    /// Lowest word first.
    mantissa: [u64; WORDS],
    exponent: i32,
    sign: Sign,
    nan: bool,
}

impl Big {
    const ZERO: Big = Big { mantissa: [0; WORDS], exponent: 0, sign: Sign::Pos, nan: false };
    const NAN: Big = Big { nan: true, ..Big::ZERO };

    /// 2^exponent.
    pub const fn power_of_two(exponent: i32) -> Big {
        let mut mantissa = [0; WORDS];
        mantissa[WORDS - 1] = 1 << 63;
        Big { mantissa, exponent: exponent + 1, sign: Sign::Pos, nan: false }
    }

    /// The nearest number to one of `astro-float`; its infinities, like its NaNs, are no number here.
    pub fn from_float(mut value: BigFloat) -> Big {
        if value.set_precision(BITS, NEAREST).is_err() {
            return Big::NAN;
        }
        let Some((words, _, sign, exponent, _)) = value.as_raw_parts() else { return Big::NAN };
        if value.is_zero() {
            return Big::ZERO;
        }
        let mut mantissa = [0; WORDS];
        // A library's number of fewer words lacks the lowest.
        for (to, from) in mantissa.iter_mut().rev().zip(words.iter().rev()) {
            *to = *from;
        }
        Big { mantissa, exponent, sign, nan: false }
    }

    /// The same number for `astro-float`.
    pub fn to_float(self) -> BigFloat {
        if self.nan {
            astro_float::NAN
        } else if self.is_zero() {
            BigFloat::new(BITS)
        } else {
            BigFloat::from_words(&self.mantissa, self.sign, self.exponent)
        }
    }

    /// Whether this is 0.
    pub fn is_zero(self) -> bool {
        !self.nan && self.mantissa == [0; WORDS]
    }

    fn is_negative(self) -> bool {
        self.sign == Sign::Neg && !self.is_zero()
    }

    /// e with |self| in [2^(e−1), 2^e); `None` for 0.
    pub fn exponent(self) -> Option<i32> {
        (!self.is_zero()).then_some(self.exponent)
    }

    /// The nearest `f32`, ties to even, for numbers within its normal range.
    pub fn to_f32(self) -> f32 {
        let (top, exponent) = self.top();
        let [half, rest] = halves(exponent);
        self.signed(top as f32 * half as f32 * rest as f32)
    }

    /// The highest 64 bits, the lowest of them set if any bit below is, and the exponent of two that goes with them. Rounding
    /// these rounds the number: no format rounded to has more than 62 bits.
    fn top(self) -> (u64, i32) {
        let below = self.mantissa[..WORDS - 1].iter().any(|&word| word != 0);
        (self.mantissa[WORDS - 1] | u64::from(below), self.exponent - 64)
    }

    fn signed<F: std::ops::Neg<Output = F>>(self, magnitude: F) -> F {
        if self.sign == Sign::Neg { -magnitude } else { magnitude }
    }

    fn neg(self) -> Big {
        Big { sign: self.sign.invert(), ..self }
    }
}

/// 2^exponent as a product of two powers: alone it may leave the range of `f64` where its product with a mantissa does not.
fn halves(exponent: i32) -> [f64; 2] {
    [exponent / 2, exponent - exponent / 2].map(|e| f64::from_bits(((e.clamp(-1022, 1023) + 1023) as u64) << 52))
}

impl PartialEq for Big {
    fn eq(&self, other: &Big) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Big {
    fn partial_cmp(&self, other: &Big) -> Option<Ordering> {
        self.to_float().cmp(&other.to_float()).map(|sign| sign.cmp(&0))
    }
}

impl Number for Big {
    type Scalar = Big;
    const LANES: usize = 1;

    fn splat(value: Big) -> Big {
        value
    }
    fn from_lanes(mut lane: impl FnMut(usize) -> Big) -> Big {
        lane(0)
    }
    fn lane(self, _index: usize) -> Big {
        self
    }
    fn write(self, lanes: &mut [Big]) {
        if let Some(lane) = lanes.first_mut() {
            *lane = self;
        }
    }
    fn add(self, other: Big) -> Big {
        Big::from_float(self.to_float().add(&other.to_float(), BITS, NEAREST))
    }
    fn sub(self, other: Big) -> Big {
        self.add(other.neg())
    }
    fn mul(self, other: Big) -> Big {
        Big::from_float(self.to_float().mul(&other.to_float(), BITS, NEAREST))
    }
    fn div(self, other: Big) -> Big {
        Big::from_float(self.to_float().div(&other.to_float(), BITS, NEAREST))
    }
    fn mul_add(self, factor: Big, term: Big) -> Big {
        self.mul(factor).add(term)
    }
    fn mul_sub(self, factor: Big, term: Big) -> Big {
        self.mul(factor).sub(term)
    }
    fn neg_mul_add(self, factor: Big, term: Big) -> Big {
        term.sub(self.mul(factor))
    }
    fn sqrt(self) -> Big {
        Big::from_float(self.to_float().sqrt(BITS, NEAREST))
    }
    fn abs(self) -> Big {
        Big { sign: Sign::Pos, ..self }
    }
    fn min(self, other: Big) -> Big {
        if self < other { self } else { other }
    }
    fn max(self, other: Big) -> Big {
        if self > other { self } else { other }
    }
    fn select_negative(self, negative: Big, other: Big) -> Big {
        if self.is_negative() { negative } else { other }
    }
    fn kappa0_factor(self, _unit: Big) -> Big {
        factors(self)[0]
    }
    fn kappa1_factor(self, _unit: Big) -> Big {
        factors(self)[1]
    }
}

impl Scalar for Big {
    // No polynomial: the factors are computed from their definitions.
    const KAPPA0: &'static [Big] = &[];
    const KAPPA1: &'static [Big] = &[];
    /// That of `f64`, so that the same variances count as 0.
    const SMALLEST_NORMAL: Big = Big::power_of_two(-1022);
    type Constant = Big;

    fn from_constant(value: Big) -> Big {
        value
    }
    /// The very number: 384 bits hold all of `f64`.
    fn from_f64(value: f64) -> Big {
        // The library halves subnormal numbers (astro-float-num 0.3.7); times 2^64 they are none.
        let (value, exponent) = if value.is_subnormal() { (value * 2f64.powi(64), -64) } else { (value, 0) };
        Big::from_float(BigFloat::from_f64(value, BITS)).mul(Big::power_of_two(exponent))
    }
    /// Ties to even; below the normal range of `f64` rounded twice.
    fn to_f64(self) -> f64 {
        if self.nan {
            return f64::NAN;
        }
        let (top, exponent) = self.top();
        let [half, rest] = halves(exponent);
        self.signed(top as f64 * half * rest)
    }
    fn is_finite(self) -> bool {
        !self.nan
    }
}
