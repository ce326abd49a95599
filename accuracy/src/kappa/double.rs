//! Sums of two `f64`: some 106 bits, fast enough for 10⁸ points.
//!
//! The error bounds, with ε = 2^-53, hold for `f64` arithmetic that rounds to nearest and neither overflows nor underflows.
//!
//! Source: Joldes, Muller and Popescu 2017, Tight and rigorous error bounds for basic building blocks of double-word arithmetic,
//! AccurateDWPlusDW and DWTimesDW1; Lefèvre, Louvet, Muller, Picot and Rideau 2023, Accurate calculation of Euclidean norms using
//! double-word arithmetic, SQRTDWtoDW; Dekker 1971 (the exact product).

use std::ops::{Add, Mul, Neg};

/// high + low, with |low| at most half a unit of high.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Double {
    /// The number rounded to `f64`.
    pub high: f64,
    /// What that rounding took away.
    pub low: f64,
}

impl Double {
    /// a + b, exactly.
    pub fn sum(a: f64, b: f64) -> Double {
        let high = a + b;
        let taken = high - a;
        Double { high, low: (a - (high - taken)) + (b - taken) }
    }

    /// a + b, exactly, for |a| ≥ |b|.
    fn ordered_sum(a: f64, b: f64) -> Double {
        let high = a + b;
        Double { high, low: b - (high - a) }
    }

    /// a · b, exactly. Without a fused multiply-add, which not every target has.
    fn product(a: f64, b: f64) -> Double {
        let ((a_high, a_low), (b_high, b_low)) = (split(a), split(b));
        let high = a * b;
        Double { high, low: a_low * b_low - (((high - a_high * b_high) - a_low * b_high) - a_high * b_low) }
    }

    /// √self, within 25/8 ε² of it, relative; 0 of 0.
    pub fn sqrt(self) -> Double {
        if self.high == 0.0 {
            return Double::default();
        }
        let root = self.high.sqrt();
        let square = Double::product(root, root);
        let rest = self.low + ((self.high - square.high) - square.low);
        Double::ordered_sum(root, rest / (2.0 * root))
    }
}

/// The upper 26 bits and the lower ones.
fn split(x: f64) -> (f64, f64) {
    let scaled = x * ((1u64 << 27) + 1) as f64;
    let high = scaled - (scaled - x);
    (high, x - high)
}

impl From<f64> for Double {
    fn from(high: f64) -> Double {
        Double { high, low: 0.0 }
    }
}

impl Neg for Double {
    type Output = Double;
    fn neg(self) -> Double {
        Double { high: -self.high, low: -self.low }
    }
}

impl Add for Double {
    type Output = Double;
    /// Within 3ε² + 13ε³, relative.
    fn add(self, other: Double) -> Double {
        let (high, low) = (Double::sum(self.high, other.high), Double::sum(self.low, other.low));
        let sum = Double::ordered_sum(high.high, high.low + low.high);
        Double::ordered_sum(sum.high, low.low + sum.low)
    }
}

impl Mul for Double {
    type Output = Double;
    /// Within 7ε², relative.
    fn mul(self, other: Double) -> Double {
        let product = Double::product(self.high, other.high);
        let low = self.high * other.low + self.low * other.high;
        Double::ordered_sum(product.high, product.low + low)
    }
}
