//! The functions P and R of [`ultrawide_core::dual`] from their definitions, with arcs and roots.
//!
//! ```text
//! P(u) = acos(1 − u) / (π √u)           R(u) = (√(u (2 − u)) − (1 − u) acos(1 − u)) / (π u √u)
//! ```
//!
//! acos(1 − u) loses half its digits near u = 0; 2 asin √(u/2) is the same number and loses none. The difference in R is
//! near u √u where its terms are near √u: it loses as many bits as 1/u has before the point, so that many more are used.

use crate::big::{BITS, Big};
use astro_float::{BigFloat, Consts, RoundingMode};
use std::cell::RefCell;
use ultrawide_core::{Number, Scalar};

/// Intermediate results may be off by a unit; [`GUARD`] bits more hide that.
const ANY: RoundingMode = RoundingMode::None;
/// Bits beyond those of the result.
const GUARD: usize = 64;

thread_local! {
    /// π, to the most bits yet asked for.
    static CONSTANTS: RefCell<Consts> = RefCell::new(Consts::new().expect("memory for the digits of π"));
    /// The last argument and its factors: the recursion asks for R and then for P.
    static LAST: RefCell<Option<(Big, [Big; 2])>> = const { RefCell::new(None) };
}

/// Calls `f` with this thread's store of constants.
pub fn with_constants<T>(f: impl FnOnce(&mut Consts) -> T) -> T {
    CONSTANTS.with_borrow_mut(f)
}

/// π.
pub fn pi() -> Big {
    Big::from_float(with_constants(|constants| constants.pi(BITS, RoundingMode::ToEven)))
}

/// \[P(u), R(u)\] for u ≤ 1.
///
/// Below 2^-[`BITS`], and below 0, they are P(0) = √2/π and R(0) = 2√2/(3π): the next terms of their series, u/12 and u/20 of the
/// first, are lost in rounding.
pub fn factors(u: Big) -> [Big; 2] {
    if let Some((last, factors)) = LAST.with_borrow(|last| *last)
        && last == u
    {
        return factors;
    }
    let factors = if u > Big::power_of_two(-(BITS as i32)) { from_arc(u) } else { at_zero() };
    LAST.set(Some((u, factors)));
    factors
}

fn at_zero() -> [Big; 2] {
    let p = Big::from_f64(2.0).sqrt().div(pi());
    [p, p.mul(Big::from_f64(2.0)).div(Big::from_f64(3.0))]
}

fn from_arc(u: Big) -> [Big; 2] {
    let lost = u.exponent().map_or(0, |e| (-e).max(0) as usize);
    let bits = BITS + GUARD + lost;
    let (u, number) = (u.to_float(), |value: f64| BigFloat::from_f64(value, 64));
    let mul = |a: &BigFloat, b: &BigFloat| a.mul(b, bits, ANY);
    let two_less = number(2.0).sub(&u, bits, ANY);
    let (arc, pi) = with_constants(|constants| {
        let arc = mul(&u, &number(0.5)).sqrt(bits, ANY).asin(bits, ANY, constants);
        (mul(&arc, &number(2.0)), constants.pi(bits, ANY))
    });
    let root = u.sqrt(bits, ANY);
    let denominator = mul(&pi, &root);
    let lambda = number(1.0).sub(&u, bits, ANY);
    let difference = mul(&u, &two_less).sqrt(bits, ANY).sub(&mul(&lambda, &arc), bits, ANY);
    [arc.div(&denominator, bits, ANY), difference.div(&mul(&denominator, &u), bits, ANY)].map(Big::from_float)
}
