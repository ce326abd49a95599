//! Number formats, and arithmetic rounded as they round it.
//!
//! A number of any format is carried in an `f64`, which holds it exactly. Rounding is to the nearest, ties to even; floats overflow to
//! infinity and have subnormal numbers; fixed point saturates.
//!
//! How one operation rounds once although `f64` has rounded before it:
//!
//! - `f64` is native, and so are sums, products, quotients and roots of narrower floats, rounded again: with 53 ≥ 2·24 + 2 digits
//!   in between, the second rounding cannot differ from a single one (Figueroa 1995);
//! - the multiply-add of narrower floats has an exact product and a sum *rounded to odd*, which any rounding to at most 51 digits may
//!   follow (Boldo and Melquiond 2008);
//! - fixed point computes in 128-bit integers.

use std::fmt;
use std::str::FromStr;

/// A number format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// IEEE binary64.
    F64,
    /// IEEE binary32.
    F32,
    /// 8 exponent bits as `f32`, 8 digits.
    Bf16,
    /// IEEE binary16.
    F16,
    /// Qm.n: a sign, m bits before and n after the point, in two's complement; it saturates.
    Fixed {
        /// m.
        integer: u8,
        /// n.
        fraction: u8,
    },
}

/// The most bits of a fixed-point number beside its sign: an `f64` holds them.
pub const FIXED_BITS: u8 = 52;

/// A word that names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}: unknown format; admitted are f64, f32, bf16, f16, and qM.N with M + N from 1 to {FIXED_BITS}")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Format, UnknownFormat> {
        let fixed = || {
            let (integer, fraction) = name.strip_prefix(['q', 'Q'])?.split_once('.')?;
            let number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?;
            let (integer, fraction): (u8, u8) = (number(integer)?, number(fraction)?);
            (1..=FIXED_BITS).contains(&integer.checked_add(fraction)?).then_some(Format::Fixed { integer, fraction })
        };
        match name {
            "f64" => Ok(Format::F64),
            "f32" => Ok(Format::F32),
            "bf16" => Ok(Format::Bf16),
            "f16" => Ok(Format::F16),
            _ => fixed().ok_or_else(|| UnknownFormat(name.to_owned())),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Format::F64 => f.pad("f64"),
            Format::F32 => f.pad("f32"),
            Format::Bf16 => f.pad("bf16"),
            Format::F16 => f.pad("f16"),
            Format::Fixed { integer, fraction } => f.pad(&format!("q{integer}.{fraction}")),
        }
    }
}

impl Format {
    /// The bytes of a number in memory.
    pub fn bytes(self) -> usize {
        match self {
            Format::F64 => 8,
            Format::F32 => 4,
            Format::Bf16 | Format::F16 => 2,
            Format::Fixed { integer, fraction } => {
                (usize::from(integer + fraction) + 1).div_ceil(8).next_power_of_two()
            }
        }
    }

    /// log2 of the smallest positive number of full precision. Of fixed point: the smallest variance whose inverse, the square of that
    /// of a deviation, is a number as well.
    pub fn smallest_exponent(self) -> i32 {
        match self {
            Format::F64 => -1022,
            Format::F32 | Format::Bf16 => -126,
            Format::F16 => -14,
            Format::Fixed { integer, fraction } => -i32::from(integer.min(fraction)),
        }
    }

    /// The e of the 2^e that all finite numbers are below.
    pub fn limit_exponent(self) -> u16 {
        match self {
            Format::F64 => 1024,
            Format::F32 | Format::Bf16 => 128,
            Format::F16 => 16,
            Format::Fixed { integer, .. } => integer.into(),
        }
    }

    /// The nearest number of this format.
    ///
    /// # Accuracy
    /// Correctly rounded; beyond the range infinite or, in fixed point, saturated. NaN is 0 in fixed point.
    #[inline(always)]
    pub fn round(self, x: f64) -> f64 {
        match self {
            Format::F64 => x,
            Format::F32 => f64::from(x as f32),
            Format::Bf16 => narrow(x, 8, -126, 127),
            Format::F16 => narrow(x, 11, -14, 15),
            Format::Fixed { integer, fraction } => {
                // The scaled number is exact, as is its integer part; what saturates may be infinite.
                let largest = ((1u64 << (integer + fraction)) - 1) as f64;
                let scale = power(fraction.into());
                let scaled = if x.is_nan() { 0.0 } else { (x * scale).round_ties_even() };
                // No −0: two's complement has one zero.
                scaled.clamp(-largest - 1.0, largest) / scale + 0.0
            }
        }
    }

    /// Whether rounding `x`, or an operation that gave `rounded`, went beyond the range: infinite, or saturated.
    #[inline(always)]
    pub fn is_beyond(self, rounded: f64) -> bool {
        match self {
            Format::Fixed { integer, fraction } => {
                let limit = power(integer.into());
                rounded == -limit || rounded == limit - power(-i32::from(fraction))
            }
            _ => rounded.is_infinite(),
        }
    }

    /// x + y.
    ///
    /// # Accuracy
    /// Correctly rounded.
    #[inline(always)]
    pub fn add(self, x: f64, y: f64) -> f64 {
        self.round(x + y)
    }

    /// x · y.
    ///
    /// # Accuracy
    /// Correctly rounded.
    #[inline(always)]
    pub fn mul(self, x: f64, y: f64) -> f64 {
        match self {
            Format::Fixed { .. } => self.mul_add(x, y, 0.0),
            _ => self.round(x * y),
        }
    }

    /// x / y.
    ///
    /// # Accuracy
    /// Correctly rounded.
    #[inline(always)]
    pub fn div(self, x: f64, y: f64) -> f64 {
        match self {
            Format::Fixed { fraction, .. } if y != 0.0 => {
                let (x, y) = (self.integer(x) << fraction, self.integer(y));
                self.of_integer(divide(x, y))
            }
            _ => self.round(x / y),
        }
    }

    /// √x; 0 for negative fixed point, which has no NaN.
    ///
    /// # Accuracy
    /// Correctly rounded.
    #[inline(always)]
    pub fn sqrt(self, x: f64) -> f64 {
        match self {
            Format::Fixed { fraction, .. } => {
                let x = (self.integer(x.max(0.0)) << fraction).unsigned_abs();
                let floor = x.isqrt();
                // Never a tie: (k + ½)² is no integer.
                self.of_integer((floor + u128::from(x - floor * floor > floor)) as i128)
            }
            _ => self.round(x.sqrt()),
        }
    }

    /// x · y + z, rounded once.
    ///
    /// # Accuracy
    /// Correctly rounded.
    #[inline(always)]
    pub fn mul_add(self, x: f64, y: f64, z: f64) -> f64 {
        match self {
            Format::F64 => x.mul_add(y, z),
            Format::Fixed { fraction, .. } => {
                let sum = self.integer(x) * self.integer(y) + (self.integer(z) << fraction);
                self.of_integer(divide(sum, 1 << fraction))
            }
            _ => self.round(add_to_odd(x * y, z)),
        }
    }

    /// x · 2^n of a number of this format.
    fn integer(self, x: f64) -> i128 {
        match self {
            Format::Fixed { fraction, .. } => (x * power(fraction.into())) as i128,
            _ => x as i128,
        }
    }

    /// The number that is the integer over 2^n, saturated.
    fn of_integer(self, scaled: i128) -> f64 {
        match self {
            Format::Fixed { integer, fraction } => {
                let largest = (1i128 << (integer + fraction)) - 1;
                scaled.clamp(-largest - 1, largest) as f64 / power(fraction.into())
            }
            _ => scaled as f64,
        }
    }
}

/// 2^e for a normal result.
const fn power(e: i32) -> f64 {
    f64::from_bits(((e + 1023) as u64) << 52)
}

/// `x` with `digits` binary digits and exponents from `lowest` (subnormal numbers below) to `highest`.
#[inline(always)]
fn narrow(x: f64, digits: i32, lowest: i32, highest: i32) -> f64 {
    let exponent = ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    if exponent > highest {
        // Also infinite and NaN.
        return if x.is_nan() { x } else { f64::INFINITY.copysign(x) };
    }
    let ulp = exponent.max(lowest) + 1 - digits;
    let rounded = (x * power(-ulp)).round_ties_even() * power(ulp);
    if rounded.abs() >= power(highest + 1) { f64::INFINITY.copysign(x) } else { rounded }
}

/// x + y, and where that is no `f64`, the neighbour whose last bit is odd.
#[inline(always)]
fn add_to_odd(x: f64, y: f64) -> f64 {
    let sum = x + y;
    let taken = sum - x;
    let lost = (x - (sum - taken)) + (y - taken);
    // An infinite sum has a NaN for what it lost.
    if lost == 0.0 || lost.is_nan() || sum.to_bits() & 1 == 1 {
        return sum;
    }
    // The exact sum is beyond `sum` (away from 0) if what was lost has its sign. An inexact sum is not 0.
    let away = (lost > 0.0) == (sum > 0.0);
    f64::from_bits(if away { sum.to_bits() + 1 } else { sum.to_bits() - 1 })
}

/// The nearest integer to x / y, ties to even.
fn divide(x: i128, y: i128) -> i128 {
    let (x, y) = if y < 0 { (-x, -y) } else { (x, y) };
    let (quotient, rest) = (x.div_euclid(y), x.rem_euclid(y));
    let up = match (2 * rest).cmp(&y) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => quotient % 2 != 0,
        std::cmp::Ordering::Greater => true,
    };
    quotient + i128::from(up)
}
