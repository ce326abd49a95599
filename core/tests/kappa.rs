//! Accuracy of the dual activations κ0 and κ1.
//!
//! `f32` is compared with the definitions evaluated in `f64`, on a fixed sample, and `f64` with multi-precision values
//! (`scripts/kappa_reference.py`). The command `accuracy kappa` goes over all of `f32` and many more of `f64`.
mod common;

use common::precision::{KAPPA_F32_ULP, KAPPA_F64_ULP, KAPPA_FALL_ULP, REFERENCE_KAPPA0_ULP, REFERENCE_KAPPA1_ULP};
use common::reference;
use common::ulp::{Ordered, ulp_distance};
use proptest::prelude::*;
use std::f32::consts::FRAC_1_PI as FRAC_1_PI_F32;
use std::f64::consts::FRAC_1_PI as FRAC_1_PI_F64;
use ultrawide_core::dual::{kappa0, kappa1};

const ONE: u32 = 1f32.to_bits();

/// The largest distance seen, and its argument.
#[derive(Default, Debug)]
struct Worst {
    distance: u64,
    at: f64,
}

impl Worst {
    fn record(&mut self, distance: u64, lambda: f64) {
        if distance > self.distance {
            *self = Self { distance, at: lambda };
        }
    }

    fn check(&self, name: &str, tolerance: u64) {
        println!("{name}: at most {} ULP, at λ = {:e}", self.distance, self.at);
        assert!(self.distance <= tolerance, "{name}({:e}) is {} ULP off, allowed {tolerance}", self.at, self.distance);
    }
}

/// The sample of `f32` magnitudes in [0, 1]: every 997th, the ends, the subnormals' edge, the edges of the reference's
/// and of the functions' branches, and the arguments where the exhaustive check found the largest errors or exact values nearest
/// to the middle between two floats.
fn magnitudes() -> impl Iterator<Item = u32> {
    const RADIUS: u32 = 4096;
    let hard = include_str!("data/kappa_hard_f32.csv")
        .lines()
        .skip(1)
        .map(|line| u32::from_str_radix(line, 16).expect("a line is the bits of an f32") & !(1 << 31));
    let around = |center: u32| center.saturating_sub(RADIUS)..=ONE.min(center + RADIUS);
    (0..=ONE)
        .step_by(997)
        .chain(around(0))
        .chain(around(f32::MIN_POSITIVE.to_bits()))
        .chain(around(0.5f32.to_bits()))
        .chain(around(ONE))
        .chain(hard)
}

#[test]
#[cfg_attr(feature = "micromath", ignore = "approximate square root of f32: see tests/micromath.rs")]
fn f32_sample_is_within_tolerance() {
    let (mut worst0, mut worst1) = (Worst::default(), Worst::default());
    for bits in magnitudes() {
        for lambda in [f32::from_bits(bits), -f32::from_bits(bits)] {
            let at = f64::from(lambda);
            worst0.record(ulp_distance(kappa0(lambda), reference::kappa0(lambda) as f32), at);
            worst1.record(ulp_distance(kappa1(lambda), reference::kappa1(lambda) as f32), at);
        }
    }
    worst0.check("kappa0 f32", KAPPA_F32_ULP[0]);
    worst1.check("kappa1 f32", KAPPA_F32_ULP[1]);
}

/// The lines of `data/kappa_f64.csv`: λ, κ0(λ), κ1(λ).
fn multi_precision() -> impl Iterator<Item = [f64; 3]> {
    include_str!("data/kappa_f64.csv").lines().skip(1).map(|line| {
        let mut fields = line.split(',').map(|field| u64::from_str_radix(field, 16).expect("a field is 16 hex digits"));
        [(); 3].map(|()| f64::from_bits(fields.next().expect("a line has three fields")))
    })
}

#[test]
fn f64_is_within_tolerance_of_multi_precision() {
    let (mut worst0, mut worst1) = (Worst::default(), Worst::default());
    for [lambda, exact0, exact1] in multi_precision() {
        worst0.record(ulp_distance(kappa0(lambda), exact0), lambda);
        worst1.record(ulp_distance(kappa1(lambda), exact1), lambda);
    }
    worst0.check("kappa0 f64", KAPPA_F64_ULP[0]);
    worst1.check("kappa1 f64", KAPPA_F64_ULP[1]);
}

/// The `f32` reference itself, at those arguments of the multi-precision table that are `f32`.
#[test]
fn reference_agrees_with_multi_precision() {
    let mut compared = 0;
    for [lambda, exact0, exact1] in multi_precision().filter(|[lambda, ..]| f64::from(*lambda as f32) == *lambda) {
        let lambda = lambda as f32;
        let distance = ulp_distance(reference::kappa0(lambda), exact0);
        assert!(distance <= REFERENCE_KAPPA0_ULP, "kappa0({lambda:e})");
        let distance = ulp_distance(reference::kappa1(lambda), exact1);
        assert!(distance <= REFERENCE_KAPPA1_ULP, "kappa1({lambda:e})");
        compared += 1;
    }
    assert!(compared > 100, "only {compared} arguments are f32");
}

#[test]
#[cfg_attr(feature = "micromath", ignore = "approximate square root of f32: see tests/micromath.rs")]
fn landmarks_are_exact() {
    assert_eq!([-1.0, 0.0, 1.0].map(kappa0::<f32>), [0.0, 0.5, 1.0]);
    assert_eq!([-1.0, 0.0, 1.0].map(kappa0::<f64>), [0.0, 0.5, 1.0]);
    assert_eq!([-1.0, 0.0, 1.0].map(kappa1::<f32>), [0.0, FRAC_1_PI_F32, 1.0]);
    assert_eq!([-1.0, 0.0, 1.0].map(kappa1::<f64>), [0.0, FRAC_1_PI_F64, 1.0]);
    // −0 is 0, not "below zero".
    assert_eq!([kappa0(-0f32), kappa1(-0f32)], [kappa0(0f32), kappa1(0f32)]);
}

/// A correlation that rounding has carried out of [−1, 1] is treated as the end it passed.
#[test]
#[cfg_attr(feature = "micromath", ignore = "approximate square root of f32: see tests/micromath.rs")]
fn arguments_are_clamped() {
    for beyond in [1f32.next_up(), 2.0, f32::MAX] {
        assert_eq!([kappa0(beyond), kappa1(beyond)], [1.0, 1.0], "{beyond}");
        assert_eq!([kappa0(-beyond), kappa1(-beyond)], [0.0, 0.0], "-{beyond}");
    }
}

#[test]
fn distance_counts_representable_numbers() {
    let least = f32::from_bits(1);
    let table = [
        (1.0, 1.0, 0),
        (0.0, -0.0, 0),
        (1.0, 1f32.next_up(), 1),
        (1.0, 1f32.next_down(), 1),
        (0.0, least, 1),
        (-least, least, 2),
        (f32::MIN_POSITIVE, 0.0, 1 << 23),
        (1.0, 2.0, 1 << 23),
        (-1.0, 1.0, 2 * u64::from(ONE)),
        // A relative or absolute measure may pass this; 0 accepts only 0.
        (0.0, 1e-12, u64::from(1e-12f32.to_bits())),
        (f32::MAX, f32::INFINITY, 1),
        (f32::NAN, f32::NAN, u64::MAX),
        (f32::NAN, 1.0, u64::MAX),
    ];
    for (a, b, expected) in table {
        assert_eq!(ulp_distance(a, b), expected, "from {a:e} to {b:e}");
        assert_eq!(ulp_distance(b, a), expected, "from {b:e} to {a:e}");
    }
    assert_eq!(ulp_distance(0.0, f64::MIN_POSITIVE), 1 << 52);
    assert_eq!(ulp_distance(-f64::MAX, f64::MAX), 2 * f64::MAX.to_bits());
}

/// Whether `later` lies at least at `earlier`, but for the fall that rounding may cause.
fn does_not_fall<F: Ordered>(earlier: F, later: F) -> bool {
    earlier.position() - later.position() <= i128::from(KAPPA_FALL_ULP)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn f32_increases_within_range(a in -1f32..=1.0, b in -1f32..=1.0) {
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        for b in [b, a.next_up().min(1.0)] {
            prop_assert!(does_not_fall(kappa0(a), kappa0(b)), "kappa0 at {a:e} and {b:e}");
            prop_assert!(does_not_fall(kappa1(a), kappa1(b)), "kappa1 at {a:e} and {b:e}");
        }
        prop_assert!((0.0..=1.0).contains(&kappa0(a)), "kappa0({a:e})");
        // A kernel matrix whose off-diagonal exceeded its diagonal would not be positive semi-definite.
        prop_assert!((a.max(0.0)..=1.0).contains(&kappa1(a)), "kappa1({a:e})");
    }

    #[test]
    fn f64_increases_within_range(a in -1f64..=1.0, b in -1f64..=1.0) {
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        for b in [b, a.next_up().min(1.0)] {
            prop_assert!(does_not_fall(kappa0(a), kappa0(b)), "kappa0 at {a:e} and {b:e}");
            prop_assert!(does_not_fall(kappa1(a), kappa1(b)), "kappa1 at {a:e} and {b:e}");
        }
        prop_assert!((0.0..=1.0).contains(&kappa0(a)), "kappa0({a:e})");
        prop_assert!((a.max(0.0)..=1.0).contains(&kappa1(a)), "kappa1({a:e})");
    }
}
