//! What the feature `micromath` costs: its `f32` square root is approximate, and with it κ0, κ1 and every kernel.
#![cfg(feature = "micromath")]
mod common;

use common::images::{Random, shape};
use common::precision::{MICROMATH_KAPPA0, MICROMATH_KAPPA1, MICROMATH_KERNEL, MICROMATH_SQRT};
use common::single::{self, BOTH, PAPER_DEPTHS, Worst, conv_net, request};
use common::{naive, reference};
use ultrawide_core::dual::{kappa0, kappa1};
use ultrawide_core::{Number, Readout, Trained};

#[test]
fn square_root() {
    let mut worst = Worst::default();
    for bits in (f32::MIN_POSITIVE.to_bits()..f32::MAX.to_bits()).step_by(997) {
        let x = f32::from_bits(bits);
        let exact = f64::from(x).sqrt();
        worst.record(Number::sqrt(x).into(), exact, exact, || format!("{x:e}"));
    }
    worst.check("micromath, square root", MICROMATH_SQRT);
}

#[test]
fn dual_activations() {
    let (mut worst0, mut worst1) = (Worst::default(), Worst::default());
    for at in -9_999..=10_000 {
        let lambda = at as f32 / 10_000.0;
        let (exact0, exact1) = (reference::kappa0(lambda), reference::kappa1(lambda));
        worst0.record(kappa0(lambda).into(), exact0, exact0, || lambda.to_string());
        worst1.record(kappa1(lambda).into(), exact1, exact1, || lambda.to_string());
    }
    worst0.check("micromath, κ0", MICROMATH_KAPPA0);
    worst1.check("micromath, κ1", MICROMATH_KAPPA1);
}

#[test]
fn kernels() {
    let mut worst = Worst::default();
    let mut random = Random(41);
    for (dimensions, filter) in [([3, 8, 8], 3), ([2, 7, 5], 5), ([20, 1, 1], 1)] {
        let shape = shape(dimensions);
        for trained in [Trained::All, Trained::Hidden] {
            let readouts = [Readout::Vanilla, Readout::Gap];
            let net = conv_net(shape, filter, &readouts, request(&BOTH, &PAPER_DEPTHS, trained));
            let (x, y) = (random.image(shape), random.image(shape));
            for y in [&y, &x] {
                let exact = naive::conv(&net, &x, y);
                worst.record_all(&single::conv::<f32>(&net, &x, y), &exact, |index| format!("{shape} output {index}"));
            }
        }
    }
    worst.check("micromath, kernels", MICROMATH_KERNEL);
}
