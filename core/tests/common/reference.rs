//! κ0 and κ1 at `f32` arguments, from the definitions, in `f64`.

use std::f64::consts::PI;
use std::sync::LazyLock;

/// The number of terms of the series: at u = 1/2 the last is below 4^-32 = 2^-64 of the first.
const TERMS: usize = 32;

/// κ0(λ) = 1 − acos(λ)/π.
///
/// For λ < 0 that is acos(|λ|)/π, which does not cancel: |λ| is exact, and acos is well conditioned as a function of an
/// exact argument. Error: one unit each for acos, the constant and the quotient, 2^-51 relative in all, where a unit of
/// `f32` is at least 2^-24 relative.
pub fn kappa0(lambda: f32) -> f64 {
    let arc = f64::from(lambda.abs()).acos() / PI;
    if lambda < 0.0 { arc } else { 1.0 - arc }
}

/// κ1(λ) = max(λ, 0) + g(1 − |λ|), with g(u) = (√(1 − t²) − t·acos t)/π at t = 1 − u.
///
/// Error: 2^-49 relative. 1 − |λ| is exact or, below |λ| = 2^-29, within 2^-54. Above u = 1/2 the difference in g costs a
/// factor 2.5 (at u = 1/2: 0.87 − 0.52); below, where it would cost ever more, g is its series in u, whose terms are all
/// positive.
pub fn kappa1(lambda: f32) -> f64 {
    let t = f64::from(lambda.abs());
    let u = 1.0 - t;
    let excess = if 2.0 * u > 1.0 {
        ((u * (1.0 + t)).sqrt() - t * t.acos()) / PI
    } else {
        u * u.sqrt() * SERIES.iter().rev().fold(0.0, |sum, c| sum * u + c)
    };
    f64::from(lambda.max(0.0)) + excess
}

/// g(u)/u^(3/2) = Σ r_k u^k, r_k = (√2/π) binom(2k, k) / (8^k (2k + 1) (k + 3/2)).
static SERIES: LazyLock<[f64; TERMS]> = LazyLock::new(|| {
    let mut coefficients = [0.0; TERMS];
    // binom(2k, k) / 8^k
    let mut central = 2f64.sqrt() / PI;
    for (k, c) in coefficients.iter_mut().enumerate() {
        let k = k as f64;
        *c = central / ((2.0 * k + 1.0) * (k + 1.5));
        central *= (2.0 * k + 1.0) / (4.0 * (k + 1.0));
    }
    coefficients
});
