//! The multi-precision number itself: conversions, order, and the functions P and R against their power series.

use ultrawide_accuracy::Big;
use ultrawide_accuracy::arc::{factors, pi};
use ultrawide_accuracy::big::BITS;
use ultrawide_accuracy::common::images::Random;
use ultrawide_core::{Number, Scalar};

fn big(value: f64) -> Big {
    Big::from_f64(value)
}

#[test]
fn floats_come_back() {
    let mut random = Random(1);
    let finite = (0..10_000).map(|_| f64::from_bits(random.bits())).filter(|x| x.is_finite());
    for x in finite.chain([0.0, -1.0, f64::MAX, f64::MIN_POSITIVE, 5e-324, -3e-310]) {
        assert_eq!(big(x).to_f64(), x, "{x:e}");
    }
    for x in (0..10_000).map(|_| f32::from_bits(random.bits() as u32)).filter(|x| x.is_normal()).chain([0.0]) {
        assert_eq!(big(x.into()).to_f32(), x, "{x:e}");
    }
    assert!(big(f64::NAN).to_f64().is_nan() && !big(f64::NAN).is_finite());
    assert!(!big(1.0).div(big(0.0)).is_finite());
}

#[test]
fn ties_round_to_even_and_nothing_else_is_a_tie() {
    let least = Big::power_of_two(-300);
    for (one, next, half) in [(1.0, 1.0 + f64::EPSILON, -53), (1.0 + f64::EPSILON, 1.0 + 2.0 * f64::EPSILON, -53)] {
        let tie = big(one).add(Big::power_of_two(half));
        let even = if one.to_bits() % 2 == 0 { one } else { next };
        assert_eq!([tie.sub(least), tie, tie.add(least)].map(Big::to_f64), [one, even, next]);
        assert_eq!(big(0.0).sub(tie).to_f64(), -even);
    }
    let tie = big(1.0).add(Big::power_of_two(-24));
    assert_eq!([tie.sub(least), tie, tie.add(least)].map(Big::to_f32), [1.0, 1.0, 1f32.next_up()]);
}

#[test]
fn order_and_signs() {
    let ascending = [-2.0, -1.0, -1e-300, 0.0, 1e-300, 1.0, 1.5].map(big);
    assert!(ascending.is_sorted());
    for (index, &a) in ascending.iter().enumerate() {
        assert_eq!(a.abs().to_f64(), a.to_f64().abs());
        assert_eq!(a.select_negative(big(1.0), big(2.0)).to_f64(), if index < 3 { 1.0 } else { 2.0 });
        for &b in &ascending[index..] {
            assert_eq!([a.min(b), a.max(b), b.min(a), b.max(a)], [a, b, a, b]);
        }
    }
    // −0 is 0, not "below zero".
    assert_eq!(big(-0.0).select_negative(big(1.0), big(2.0)), big(2.0));
    assert_eq!([big(f64::NAN).min(big(1.0)), big(f64::NAN).max(big(1.0))], [big(1.0); 2]);
    assert_eq!(big(f64::NAN).partial_cmp(&big(1.0)), None);
}

/// P = Σ p_k u^k and R = Σ r_k u^k, all terms positive: p_k = w_k/(k + ½), r_k = p_k/(k + 3/2), Σ w_k u^k = 1/(π √(2 − u)).
fn series(u: Big) -> [Big; 2] {
    let mut w = pi().mul(big(2.0).sqrt());
    w = big(1.0).div(w);
    let (mut sums, mut power) = ([big(0.0); 2], big(1.0));
    for k in 0..BITS {
        let p = w.div(big(k as f64 + 0.5));
        let r = p.div(big(k as f64 + 1.5));
        sums = [sums[0].add(p.mul(power)), sums[1].add(r.mul(power))];
        w = w.mul(big((2 * k + 1) as f64)).div(big((4 * (k + 1)) as f64));
        power = power.mul(u);
    }
    sums
}

#[test]
fn factors_agree_with_their_series() {
    let mut random = Random(2);
    // The series rounds too, in each of its sums.
    let few_units = Big::power_of_two(6 - BITS as i32);
    // At u = 1 the last term is 2^-384 of the first.
    let ends = [0, 1, 2, 10, 53, 100, 200, 383, 384, 385, 500].map(|k| Big::power_of_two(-k));
    let others: Vec<Big> =
        (0..20).map(|k| Big::power_of_two(-20 * k).mul(big(1.0 + random.number().abs() / 4.0))).collect();
    for u in ends.into_iter().chain(others).filter(|&u| u <= big(1.0)).chain([big(0.0), big(-1e-100)]) {
        let exact = series(u.max(big(0.0)));
        for (value, exact) in factors(u).into_iter().zip(exact) {
            let error = value.sub(exact).abs().div(exact);
            assert!(error < few_units, "u = {:e}: {:e}", u.to_f64(), error.to_f64());
        }
    }
}
