//! Relative errors of kernels, computed in multi-precision.

use crate::big::Big;
use crate::common::single::Worst;
use ultrawide_core::{Number, Scalar};

/// The very numbers of a float.
pub fn widened<S: Scalar>(values: &[S]) -> Vec<Big> {
    values.iter().map(|value| Big::from_f64(value.to_f64())).collect()
}

/// The largest term of every output of a request of both kernels.
///
/// That is the value itself for NNGP. The NTK κ0 Θ + K crosses zero where Θ < 0 (all layers trained, opposite inputs); its
/// terms are as large as K, the NNGP's value.
pub fn units(exact: &[Big]) -> Vec<Big> {
    let nngp = exact[..exact.len() / 2].iter().cycle();
    exact.iter().zip(nngp).map(|(value, k)| value.abs().max(k.abs())).collect()
}

/// √(k k') of what the terms of two inputs' own kernels come to: the units of leaky ReLUs and residual connections, whose kernels may cancel.
pub fn means(x: &[f64], y: &[f64]) -> Vec<Big> {
    x.iter().zip(y).map(|(x, y)| Big::from_f64(x.sqrt() * y.sqrt())).collect()
}

/// |value − exact|/unit of every output. 0 against 0 is right whatever the unit, and what is no number is infinitely wrong.
pub fn errors(values: &[Big], exact: &[Big], units: &[Big]) -> Vec<f64> {
    assert_eq!([values.len(), units.len()], [exact.len(); 2], "as many values and units as exact values");
    let error = |((&value, &exact), &unit): ((&Big, &Big), &Big)| {
        let difference = value.sub(exact).abs();
        let error = if difference.is_zero() { 0.0 } else { difference.div(unit).to_f64() };
        if error.is_nan() { f64::INFINITY } else { error }
    };
    values.iter().zip(exact).zip(units).map(error).collect()
}

/// Records the [`errors`] in `worst`, with the words of `at(index)`.
pub fn record(worst: &mut Worst, errors: &[f64], at: impl Fn(usize) -> String) {
    for (index, &error) in errors.iter().enumerate() {
        worst.record(error, 0.0, 1.0, || at(index));
    }
}
