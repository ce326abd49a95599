//! κ0 and κ1 rounded to the nearest float, for very many arguments.
//!
//! Three levels: fast arithmetic with a proven error bound, and where its result is within that bound of the middle between
//! two floats, multi-precision. With u = 1 − |λ|, as in [`ultrawide_core::dual`],
//!
//! ```text
//! λ ≥ 0:  κ0 = 1 − √u P(u)    κ1 = λ + u √u R(u)           λ < 0:  κ0 = √u P(u)    κ1 = u √u R(u)
//! ```
//!
//! and nothing cancels: √u P(u) ≤ ½ for λ ≥ 0, and all other terms are positive.
//!
//! `tests/kappa.rs` compares all three levels with each other and the last one with the definitions.

pub mod double;
mod expansion;
pub mod points;
pub mod scan;

use crate::big::Big;
use crate::common::ulp::Ordered;
use double::Double;
use expansion::Expansions;
use ultrawide::simd::Element;
use ultrawide_core::Scalar;
use ultrawide_core::dual::{kappa0, kappa1};

/// The relative error of [`Oracle::plain`]. In units of ε = 2^-53: 1 − |λ| brings 1, which u √u makes 1.5, the root 1, R 2.1, two
/// products 2: 6.6 for κ1 where λ < 0, less elsewhere (a sum more, but only a part of it so wrong).
pub const PLAIN_ERROR: f64 = 1.0 / (1u64 << 50) as f64;

/// The relative error of [`Oracle::double`]. In units of ε²: the root brings 25/8, R 4.5, two products 14, and 1 − |λ|, exact, none: 21.7
/// for κ1 where λ < 0, of 32. For λ ≥ 0 κ0 has 25/8 + 4.5 + 7 on a half at most and 3 of the sum.
pub const DOUBLE_ERROR: f64 = PLAIN_ERROR * PLAIN_ERROR / 2.0;

/// A float in which κ0 and κ1 can be computed, and rounded to which they are known.
pub trait Float: Element + Ordered {
    /// \[κ0(λ), κ1(λ)\], each the float nearest to it, and whether that took multi-precision.
    fn nearest(oracle: &Oracle, lambda: Self) -> [(Self, bool); 2];

    /// The bits, as the lists of hard points hold them.
    fn hex(self) -> String;
}

/// The tables behind the references.
#[derive(Default)]
pub struct Oracle {
    expansions: Expansions,
}

impl Oracle {
    /// \[κ0(λ), κ1(λ)\] for |λ| ≤ 1 in `f64`, within [`PLAIN_ERROR`].
    #[inline]
    pub fn plain(&self, lambda: f64) -> [f64; 2] {
        let u = 1.0 - lambda.abs();
        let root = u.sqrt();
        let [p, r] = self.expansions.plain(u);
        let (arc, excess) = (root * p, u * (root * r));
        if lambda < 0.0 { [arc, excess] } else { [1.0 - arc, lambda + excess] }
    }

    /// \[κ0(λ), κ1(λ)\] for |λ| ≤ 1 as sums of two `f64`, within [`DOUBLE_ERROR`].
    #[inline]
    pub fn double(&self, lambda: f64) -> [Double; 2] {
        let u = Double::sum(1.0, -lambda.abs());
        let root = u.sqrt();
        let [p, r] = self.expansions.double(u);
        let (arc, excess) = (root * p, u * (root * r));
        if lambda < 0.0 { [arc, excess] } else { [Double::from(1.0) + -arc, Double::from(lambda) + excess] }
    }
}

/// \[κ0(λ), κ1(λ)\] in multi-precision.
pub fn exact(lambda: f64) -> [Big; 2] {
    let lambda = Big::from_f64(lambda);
    [kappa0(lambda), kappa1(lambda)]
}

/// Where both ends of an interval round to the same float, every number in it does (Ziv's test).
fn decide<F: Copy + PartialEq>([low, high]: [F; 2], exact: impl FnOnce() -> F) -> (F, bool) {
    if low == high { (low, false) } else { (exact(), true) }
}

impl Float for f32 {
    fn hex(self) -> String {
        format!("{:08x}", self.to_bits())
    }

    #[inline]
    fn nearest(oracle: &Oracle, lambda: f32) -> [(f32, bool); 2] {
        let lambda = f64::from(lambda);
        let values = oracle.plain(lambda);
        [0, 1].map(|which| {
            // Twice the bound: the ends themselves are rounded.
            let (value, error) = (values[which], 2.0 * PLAIN_ERROR * values[which]);
            decide([(value - error) as f32, (value + error) as f32], || exact(lambda)[which].to_f32())
        })
    }
}

impl Float for f64 {
    fn hex(self) -> String {
        format!("{:016x}", self.to_bits())
    }

    #[inline]
    fn nearest(oracle: &Oracle, lambda: f64) -> [(f64, bool); 2] {
        let values = oracle.double(lambda);
        [0, 1].map(|which| {
            let (Double { high, low }, error) = (values[which], 2.0 * DOUBLE_ERROR * values[which].high);
            decide([high + (low - error), high + (low + error)], || exact(lambda)[which].to_f64())
        })
    }
}
