//! Sums whose exact value is known: what rounding takes from them comes back.
mod common;

use common::precision::COVARIANCE_F32;
use ultrawide_core::{Dense, Kernel, Request, Trained, block_products, dense_deviation, dense_pair};

/// A large feature, then so many of 1/4, each alone in its block: every block's sum is rounded away from 2^24.
fn features() -> Vec<f32> {
    let mut features = vec![0.0; 128 * 257];
    features[0] = 4096.0;
    features.iter_mut().skip(128).step_by(128).for_each(|feature| *feature = 0.25);
    features
}

/// 2^24 + 256/16, though no float lies between 2^24 and 2^24 + 2.
const SQUARES: f32 = ((1 << 24) + 16) as f32;

#[test]
fn small_terms_of_a_variance_count() {
    let [deviation, inverse, root] = dense_deviation(&features());
    // ρ² = 4096: the largest feature lies in [1, 4).
    assert_eq!(root, 64.0);
    let expected = (f64::from(SQUARES).sqrt() / 4096.0) as f32;
    assert_eq!((deviation, inverse), (expected, 1.0 / expected));
}

#[test]
fn small_terms_of_a_covariance_count() {
    let x = features();
    // Not the same image, but the same covariance: where x is 0, y is not.
    let mut y = x.clone();
    y[1] = 1e-3;
    let net = Dense::new(Request::new(&[Kernel::Nngp], &[2], Trained::All).expect("a network"));
    let mut out = [0.0];
    dense_pair(&net, &x, &y, None, &mut out).expect("buffers of the right lengths");
    // λ is 1 to the last digit, so K is the covariance.
    assert!((out[0] - SQUARES).abs() <= COVARIANCE_F32, "{} instead of {SQUARES}", out[0]);
}

/// Where one slice is shorter, the rest of the others is left out.
#[test]
fn products_of_slices_of_different_lengths() {
    let (long, short) = ([1.0_f32, 2.0, 3.0, 4.0], [10.0_f32, 20.0]);
    assert_eq!(block_products([&long[..], &long], [&short[..]]), [[50.0], [50.0]]);
    assert_eq!(block_products([&short[..], &long], [&long[..]]), [[50.0], [5.0]]);
    assert_eq!(block_products([&short[..]], [&long[..], &short]), [[50.0, 500.0]]);
    assert_eq!(block_products([&long[..]], [&[0.0_f32; 0][..]]), [[0.0]]);
}
