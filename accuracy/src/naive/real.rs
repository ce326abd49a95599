//! Numbers of `astro-float` with operators, so that formulas read as they do on paper.

use crate::arc::with_constants;
use astro_float::{BigFloat, RoundingMode};
use std::iter::Sum;
use std::ops::{Add, Div, Mul, Sub};

/// More than [`crate::big::BITS`], so that what differs is the other's error.
const BITS: usize = 448;
const NEAREST: RoundingMode = RoundingMode::ToEven;

/// A number of 448 bits.
#[derive(Clone, Debug)]
pub struct Real(BigFloat);

macro_rules! operator {
    ($name:ident, $method:ident) => {
        impl $name<&Real> for &Real {
            type Output = Real;
            fn $method(self, other: &Real) -> Real {
                Real(self.0.$method(&other.0, BITS, NEAREST))
            }
        }
        impl $name<Real> for Real {
            type Output = Real;
            fn $method(self, other: Real) -> Real {
                $name::$method(&self, &other)
            }
        }
        impl $name<&Real> for Real {
            type Output = Real;
            fn $method(self, other: &Real) -> Real {
                $name::$method(&self, other)
            }
        }
    };
}

operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl Sum for Real {
    fn sum<I: Iterator<Item = Real>>(numbers: I) -> Real {
        numbers.fold(Real::from(0.0), |sum, number| sum + number)
    }
}

impl From<f64> for Real {
    /// The library halves subnormal numbers (astro-float-num 0.3.7); the tests of the definitions need none.
    fn from(value: f64) -> Real {
        assert!(!value.is_subnormal(), "{value:e} is subnormal");
        Real(BigFloat::from_f64(value, BITS))
    }
}

impl Real {
    /// π.
    pub fn pi() -> Real {
        Real(with_constants(|constants| constants.pi(BITS, NEAREST)))
    }
    /// √self.
    pub fn sqrt(&self) -> Real {
        Real(self.0.sqrt(BITS, NEAREST))
    }
    /// acos self, in [0, π].
    pub fn acos(&self) -> Real {
        Real(with_constants(|constants| self.0.acos(BITS, NEAREST, constants)))
    }
    /// self, or the end of [−1, 1] that it passed.
    pub fn clamp(self) -> Real {
        Real(self.0.clamp(&Real::from(-1.0).0, &Real::from(1.0).0))
    }
    /// Whether this is 0.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
    /// The number of the library.
    pub fn into_float(self) -> BigFloat {
        self.0
    }
}
