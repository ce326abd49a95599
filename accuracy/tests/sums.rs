//! The small public functions of the core, against multi-precision.

use ultrawide_accuracy::Big;
use ultrawide_accuracy::common::images::Random;
use ultrawide_accuracy::common::precision::{DEVIATION, LONG_SUM_F32, LONG_SUM_F64, PRODUCTS};
use ultrawide_accuracy::common::single::Worst;
use ultrawide_core::{
    FEATURE_BLOCK, Number, Scalar, add_exactly, average_flipped, block_products, dense_deviation, identity_cap,
};

fn big(value: f64) -> Big {
    Big::from_f64(value)
}

/// |value − exact| / unit.
fn error(value: Big, exact: Big, unit: Big) -> f64 {
    value.sub(exact).abs().div(unit).to_f64()
}

/// Numbers that fill the digits of `f64` too.
fn numbers<S: Scalar>(random: &mut Random, len: usize) -> Vec<S> {
    (0..len).map(|_| S::from_f64(random.number() / 3.0)).collect()
}

fn widened<S: Scalar>(value: S) -> Big {
    big(value.to_f64())
}

fn block<S: Scalar>(epsilon: f64) {
    let (mut worst, mut random) = (Worst::default(), Random(31));
    for features in (1..=FEATURE_BLOCK).chain([FEATURE_BLOCK; 100]) {
        let [x, y] = [(); 2].map(|()| numbers::<S>(&mut random, features));
        let products = || x.iter().zip(&y).map(|(&x, &y)| widened(x).mul(widened(y)));
        let exact = products().fold(big(0.0), Big::add);
        let unit = products().fold(big(0.0), |sum, product| sum.add(product.abs()));
        let [[value]] = block_products([&x[..]], [&y[..]]);
        worst.record(error(widened(value), exact, unit) / epsilon, 0.0, 1.0, || format!("{features} features"));
    }
    worst.check("block_products, in units of Σ|x y|", PRODUCTS);
}

#[test]
fn products_of_a_block() {
    block::<f32>(f32::EPSILON.into());
    block::<f64>(f64::EPSILON);
}

fn long_sums<S: Scalar>(tolerance: f64) {
    let mut worst = Worst::default();
    for seed in 40..56 {
        let (mut pair, mut plain, mut exact, mut random) = ([S::zero(); 2], S::zero(), big(0.0), Random(seed));
        for _ in 0..1 << 15 {
            let term = numbers::<S>(&mut random, 1)[0].abs();
            pair = add_exactly(pair, term);
            plain = plain.add(term);
            exact = exact.add(widened(term));
        }
        let of = |sum: S| error(widened(sum), exact, exact);
        worst.record(of(pair[0].add(pair[1])), 0.0, 1.0, || format!("seed {seed}"));
        // What a plain sum reaches too would prove nothing.
        assert!(of(plain) > tolerance, "seed {seed}: {:e}", of(plain));
    }
    worst.check("sums of 2^15 terms", tolerance);
}

#[test]
fn sums_keep_their_last_digit() {
    long_sums::<f32>(LONG_SUM_F32);
    long_sums::<f64>(LONG_SUM_F64);
}

/// What rounding takes from the new high is what low gets, to the last bit: of numbers of all sizes against each other, and of such as nearly cancel.
fn splits<S: Scalar>(nearest: impl Fn(Big) -> S) {
    let mut random = Random(35);
    for case in 0..30_000 {
        let [high, mut term, low] = [(); 3].map(|()| {
            let exponent = (random.bits() % 81) as i32 - 40;
            numbers::<S>(&mut random, 1)[0].mul(S::from_f64(2f64.powi(exponent)))
        });
        if case % 3 == 0 {
            term = term.mul(S::from_f64(2f64.powi(-24))).sub(high);
        }
        let exact = widened(high).add(widened(term));
        let [sum, lost] = add_exactly([high, S::zero()], term);
        assert_eq!(sum, nearest(exact), "{high:?} + {term:?}");
        assert_eq!(widened(sum).add(widened(lost)), exact, "{high:?} + {term:?}");
        let rounded = nearest(widened(low).add(widened(lost)));
        assert_eq!(add_exactly([high, low], term), [sum, rounded], "{high:?} + {low:?} + {term:?}");
    }
}

#[test]
fn sums_are_split_without_error() {
    splits(Big::to_f32);
    splits(Big::to_f64);
}

fn deviations<S: Scalar>(epsilon: f64) {
    let (mut worst, mut random) = (Worst::default(), Random(33));
    for features in [1, 2, 8, 127, 128, 129, 3072] {
        let x = numbers::<S>(&mut random, features);
        let root = x.iter().map(|&x| widened(x).mul(widened(x))).fold(big(0.0), Big::add).sqrt();
        let [deviation, inverse, scale] = dense_deviation(&x);
        let root = root.div(widened(scale).mul(widened(scale)));
        for (value, exact) in [(deviation, root), (inverse, big(1.0).div(root))] {
            worst.record(error(widened(value), exact, exact) / epsilon, 0.0, 1.0, || format!("{features} features"));
        }
    }
    worst.check("dense_deviation, in units in the last place", DEVIATION);
    // Two numbers whose squares underflow, and none.
    let one = S::from_f64(1.0);
    let small = S::SMALLEST_NORMAL;
    assert_eq!(dense_deviation(&[small; 2])[..2], dense_deviation(&[one; 2])[..2]);
    assert_eq!(dense_deviation(&[S::zero(); 3]), [S::zero(), S::zero(), one]);
}

#[test]
fn deviations_of_dense_inputs() {
    deviations::<f32>(f32::EPSILON.into());
    deviations::<f64>(f64::EPSILON);
}

/// One sum is rounded, the half of it is exact.
fn means<S: Scalar>(nearest: impl Fn(Big) -> S) {
    let mut random = Random(34);
    for _ in 0..1000 {
        let pair = numbers::<S>(&mut random, 2);
        let (mut mean, exact) = ([pair[0]], widened(pair[0]).add(widened(pair[1])).div(big(2.0)));
        average_flipped(&mut mean, &pair[1..]).expect("slices of one length");
        assert_eq!(mean, [nearest(exact)], "{pair:?}");
    }
}

#[test]
fn mean_of_two_kernels() {
    means(Big::to_f32);
    means(Big::to_f64);
}

#[test]
fn cap_is_0_for_equal_images_alone() {
    assert_eq!(identity_cap::<f32>(&[1.0, 2.0], &[1.0, 2.0]), Some(0.0));
    assert_eq!(identity_cap::<f32>(&[1.0, 2.0], &[1.0, 2f32.next_up()]), None);
    assert_eq!(identity_cap::<f32>(&[1.0, 2.0], &[1.0]), None);
}
