//! Taylor expansions of P and R (see [`ultrawide_core::dual`]) about the middles of 64 intervals of [0, 1].
//!
//! With h = u − c, P = Σ p_k h^k and 1/(π√(2 − u)) = Σ w_k h^k, the equations P/2 + u P' = 1/(π√(2 − u)) and 3R/2 + u R' = P,
//! which follow from acos' and κ1' = κ0, give
//!
//! ```text
//! w_{k+1} = w_k (2k + 1)/(2 (k + 1)(2 − c))      p_{k+1} = (w_k − (k + ½) p_k)/(c (k + 1))
//!                                                r_{k+1} = (p_k − (k + 3/2) r_k)/(c (k + 1))
//! ```
//!
//! from p_0 = P(c) and r_0 = R(c). The differences lose up to 7 bits a step at the least c, 1/128: about a hundred of the 384.
//!
//! All powers of u in the series of P and R about 0 have positive coefficients, and radius 2. So all p_k and r_k are positive
//! and, as the derivatives grow with u, p_{k+1}/p_k < 1: with |h| ≤ 1/128 each term is less than 2^-7 of the one before.

use super::double::Double;
use crate::arc::{factors, pi};
use crate::big::Big;
use ultrawide_core::{Number, Scalar};

/// The number of intervals.
const INTERVALS: usize = 64;
/// Terms with coefficients of two `f64`; the rest, below 2^-56 of the first, need one.
const LONG: usize = 8;
/// Terms after those: the first one left out is below 2^-112.
const SHORT: usize = 8;
/// Terms for results of 53 bits: the first one left out is below 2^-63.
const TERMS: usize = 9;

/// P and R about one c.
#[derive(Clone, Copy, Default)]
struct Expansion {
    long: [[Double; LONG]; 2],
    short: [[f64; SHORT]; 2],
    plain: [[f64; TERMS]; 2],
}

impl Expansion {
    fn about(c: f64) -> Expansion {
        let big = Big::from_f64;
        let one = big(1.0);
        let [mut p, mut r] = factors(big(c));
        let mut w = one.div(pi().mul(big(2.0 - c).sqrt()));
        let mut expansion = Expansion::default();
        for k in 0..LONG + SHORT {
            for (which, coefficient) in [p, r].into_iter().enumerate() {
                let high = coefficient.to_f64();
                let double = Double { high, low: coefficient.sub(big(high)).to_f64() };
                match k.checked_sub(LONG) {
                    None => expansion.long[which][k] = double,
                    Some(k) => expansion.short[which][k] = high,
                }
                if k < TERMS {
                    expansion.plain[which][k] = high;
                }
            }
            let order = k as f64;
            let divisor = big(c * (order + 1.0));
            r = p.sub(r.mul(big(order + 1.5))).div(divisor);
            p = w.sub(p.mul(big(order + 0.5))).div(divisor);
            w = w.mul(big(2.0 * order + 1.0)).div(big(2.0 * (order + 1.0) * (2.0 - c)));
        }
        expansion
    }
}

/// All of them.
pub struct Expansions(Vec<Expansion>);

impl Expansions {
    /// From multi-precision, in some milliseconds.
    pub fn new() -> Expansions {
        Expansions((0..INTERVALS).map(|interval| Expansion::about(middle(interval))).collect())
    }

    /// \[P(u), R(u)\] within 4.5ε² each, relative, ε = 2^-53.
    ///
    /// The last sum brings 3ε² and the coefficient in it ε². The product with h before it 7ε², the sum before that 3ε² and the
    /// rounding of h, at most ε², all shrunk to 2^-7; what is left of the series 2^-6 ε²; and the terms in `f64` alone, off by
    /// less than 4ε, are below 2^-56.
    pub fn double(&self, u: Double) -> [Double; 2] {
        let interval = interval(u.high);
        let from_middle = Double::sum(u.high, -middle(interval));
        let h = Double::sum(from_middle.high, from_middle.low + u.low);
        let Expansion { long, short, .. } = &self.0[interval];
        [0, 1].map(|which| {
            let tail = short[which].iter().rev().fold(0.0, |sum, c| sum * h.high + c);
            long[which].iter().rev().fold(Double::from(tail), |sum, &c| sum * h + c)
        })
    }

    /// \[P(u), R(u)\] within 2.1ε each, relative: the last sum and its coefficient bring ε each, the rest shrinks with h.
    pub fn plain(&self, u: f64) -> [f64; 2] {
        let interval = interval(u);
        let h = u - middle(interval);
        self.0[interval].plain.map(|coefficients| coefficients.iter().rev().fold(0.0, |sum, c| sum * h + c))
    }
}

impl Default for Expansions {
    fn default() -> Expansions {
        Expansions::new()
    }
}

fn interval(u: f64) -> usize {
    ((u * INTERVALS as f64) as usize).min(INTERVALS - 1)
}

fn middle(interval: usize) -> f64 {
    (interval as f64 + 0.5) / INTERVALS as f64
}
