//! The references for κ0 and κ1 against each other and the definitions, and the library against them on a sample.
//!
//! `accuracy kappa` does the last for all `f32` and very many `f64`.

use std::collections::BTreeSet;
use ultrawide_accuracy::Big;
use ultrawide_accuracy::common::images::Random;
use ultrawide_accuracy::common::precision::{AGREEMENT, KAPPA_F32_ULP, KAPPA_F64_ULP, REFERENCE_USED};
use ultrawide_accuracy::kappa::double::Double;
use ultrawide_accuracy::kappa::points::{GENERATORS, hard_f32, hard_f64};
use ultrawide_accuracy::kappa::scan::Tallies;
use ultrawide_accuracy::kappa::{DOUBLE_ERROR, Float, Oracle, PLAIN_ERROR, exact};
use ultrawide_accuracy::naive::Real;
use ultrawide_core::{Number, Scalar};

/// `count` arguments of each generator, and the hard points with either sign.
fn arguments(count: usize) -> impl Iterator<Item = f64> {
    let hard = hard_f64();
    let mut random = Random(3);
    let both_signs = hard.clone().into_iter().flat_map(|x| [x, -x]);
    let generated = GENERATORS
        .into_iter()
        .flat_map(move |generator| (0..count).map(|_| generator.point(&mut random, &hard)).collect::<Vec<_>>());
    both_signs.chain(generated)
}

fn relative(value: Big, exact: Big) -> f64 {
    let difference = value.sub(exact).abs();
    let error = if difference.is_zero() { 0.0 } else { difference.div(exact).to_f64() };
    // The largest of errors would leave it out.
    assert!(!error.is_nan(), "{value:?} instead of {exact:?}");
    error
}

/// κ0 and κ1 straight from the paper.
fn definition(lambda: f64) -> [Big; 2] {
    let (lambda, one, pi) = (Real::from(lambda), Real::from(1.0), Real::pi());
    let angle = &pi - &lambda.acos();
    let kappa1 = (&lambda * &angle + (one - &lambda * &lambda).sqrt()) / &pi;
    [angle / pi, kappa1].map(|value| Big::from_float(value.into_float()))
}

#[test]
fn multi_precision_agrees_with_the_definitions() {
    for lambda in arguments(100).filter(|lambda| !lambda.is_subnormal()) {
        for (value, exact) in exact(lambda).into_iter().zip(definition(lambda)) {
            assert!(relative(value, exact) < AGREEMENT, "λ = {lambda:e}: {:e}", relative(value, exact));
        }
    }
}

/// And are not much better than their bounds either, or these would prove too little.
#[test]
fn fast_references_are_within_their_bounds() {
    let oracle = Oracle::default();
    let [mut plain, mut double] = [0f64; 2];
    for lambda in arguments(2000) {
        let exact = exact(lambda);
        for (value, exact) in oracle.plain(lambda).into_iter().zip(exact) {
            plain = plain.max(relative(Big::from_f64(value), exact));
        }
        for (Double { high, low }, exact) in oracle.double(lambda).into_iter().zip(exact) {
            double = double.max(relative(Big::from_f64(high).add(Big::from_f64(low)), exact));
        }
    }
    println!("f64: {plain:e} of {PLAIN_ERROR:e}; two f64: {double:e} of {DOUBLE_ERROR:e}");
    let [least_plain, least_double] = [REFERENCE_USED[0] * PLAIN_ERROR, REFERENCE_USED[1] * DOUBLE_ERROR];
    assert!((least_plain..=PLAIN_ERROR).contains(&plain), "{plain:e}, stated {PLAIN_ERROR:e}");
    assert!((least_double..=DOUBLE_ERROR).contains(&double), "{double:e}, stated {DOUBLE_ERROR:e}");
}

#[test]
fn nearest_floats_are_those_of_multi_precision() {
    let oracle = Oracle::default();
    for lambda in arguments(500) {
        let exact64 = exact(lambda).map(Big::to_f64);
        assert_eq!(f64::nearest(&oracle, lambda).map(|(value, _)| value), exact64, "λ = {lambda:e}");
        let lambda = lambda as f32;
        let exact32 = exact(lambda.into()).map(Big::to_f32);
        assert_eq!(f32::nearest(&oracle, lambda).map(|(value, _)| value), exact32, "λ = {lambda:e}");
    }
}

/// The values of `f32` arguments that the reference in `f64` cannot round, with the function: each is within 2^-49 of the middle between two floats,
/// and multi-precision decides. `accuracy kappa --precision f32` prints all there are, and the list of hard points has them.
#[test]
fn what_is_near_the_middle_takes_multi_precision() {
    let (oracle, mut met) = (Oracle::default(), BTreeSet::new());
    for lambda in hard_f32().into_iter().flat_map(|lambda| [lambda, -lambda]) {
        for (which, (value, undecided)) in f32::nearest(&oracle, lambda).into_iter().enumerate() {
            if !undecided || !met.insert((which, lambda.to_bits())) {
                continue;
            }
            assert_eq!(value, exact(lambda.into())[which].to_f32(), "{lambda:e}");
            let distance = |x: f32| Big::from_f64(x.into()).sub(exact(lambda.into())[which]).abs();
            assert!(
                [value.next_up(), value.next_down()].iter().all(|&other| distance(value) < distance(other)),
                "{lambda:e}"
            );
        }
    }
    assert_eq!(met.len(), 43, "{met:x?}");
}

fn check<F: Float>(tallies: &Tallies<F>, tolerances: [u64; 2], enough: u64) {
    for (backend, tallies) in &tallies.of {
        for tally in tallies {
            println!("{backend}: {:?}, largest {} at {:?}", tally.histogram, tally.largest, tally.at);
            assert!(tally.histogram.iter().sum::<u64>() >= enough);
        }
    }
    assert!(tallies.within(tolerances), "allowed {tolerances:?}: {tallies:?}");
}

/// Each function has its own tolerance: κ0 may not be as far off as κ1.
#[test]
fn each_function_has_its_own_tolerance() {
    for tolerances in [KAPPA_F32_ULP, KAPPA_F64_ULP] {
        for which in 0..2 {
            let mut tallies = Tallies::<f32>::new();
            let (_, of) = tallies.of.last_mut().expect("plain floats at least");
            of[which].largest = tolerances[which];
            assert!(tallies.within(tolerances));
            tallies.of.last_mut().expect("the same").1[which].largest += 1;
            assert!(!tallies.within(tolerances), "{which}");
        }
    }
}

#[test]
fn f32_sample_and_hard_points() {
    let mut tallies = Tallies::new();
    let sample = (0..=1f32.to_bits()).step_by(9973).map(f32::from_bits);
    tallies.visit(&Oracle::default(), sample.chain(hard_f32()).flat_map(|lambda| [lambda, -lambda]));
    check(&tallies, KAPPA_F32_ULP, 200_000);
}

#[test]
fn f64_sample_and_hard_points() {
    let mut tallies = Tallies::new();
    tallies.visit(&Oracle::default(), arguments(50_000));
    check(&tallies, KAPPA_F64_ULP, 200_000);
}
