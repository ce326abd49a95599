//! Pixels that are close to each other, for which E = |φ(x) − φ(y)|² is carried beside Σ and Θ (`core/src/conv.rs`), against the naive reference.
mod common;

use common::images::{Random, replace, shape};
use common::precision::CLOSE_F32;
use common::single::{self, BOTH, conv_net, request};
use common::{naive, of_f32};
use ultrawide_core::{
    Conv, Number, Readout, Trained, conv_pair, conv_scratch_len, identity_cap, prepare, prepared_len,
};

const SHAPES: [([usize; 3], usize); 5] =
    [([3, 6, 6], 3), ([1, 5, 4], 3), ([3, 4, 4], 5), ([4, 1, 1], 1), ([2, 5, 4], 1)];

/// The last depth so large that what is carried is divided on the way.
fn vanilla(dimensions: [usize; 3], filter: usize, trained: Trained) -> Conv {
    conv_net(shape(dimensions), filter, &[Readout::Vanilla], request(&BOTH, &[3, 6, 11, 21, 40], trained))
}

/// The image with every number up to `distance` away.
fn beside(x: &[f64], distance: f64, random: &mut Random) -> Vec<f64> {
    x.iter().map(|x| f64::from((x + distance * random.number()) as f32)).collect()
}

/// The largest error in `f32`, relative to the kernel or the NNGP, which is the first half of the outputs.
fn error(net: &Conv, x: &[f64], y: &[f64]) -> f64 {
    let (found, exact) = (single::conv::<f32>(net, x, y), naive::conv(net, x, y));
    let nngp = &exact[..exact.len() / 2];
    let relative = |(index, (found, exact)): (usize, (&f32, &f64))| {
        (f64::from(*found) - exact).abs() / exact.abs().max(nngp[index % nngp.len()])
    };
    found.iter().zip(&exact).enumerate().map(relative).fold(0.0, f64::max)
}

#[test]
fn close_images_keep_their_digits() {
    let mut random = Random(6);
    for trained in [Trained::All, Trained::Hidden] {
        for (dimensions, filter) in SHAPES {
            let net = vanilla(dimensions, filter, trained);
            for distance in [1e-3, 1e-4, 1e-6] {
                let x = random.image(net.shape());
                let error = error(&net, &x, &beside(&x, distance, &mut random));
                assert!(error <= of_f32(CLOSE_F32), "{dimensions:?}, filter {filter}, {distance:e} apart: {error:e}");
            }
        }
    }
}

/// Images that are close to each other in one half alone: in the other half Σ⁰ is below 0 for many a pixel, and large.
#[test]
fn images_close_in_one_half() {
    let mut random = Random(8);
    for (dimensions, filter) in [([8, 1, 6], 1), ([8, 4, 6], 3), ([8, 1, 6], 3)] {
        let net = vanilla(dimensions, filter, Trained::All);
        for _ in 0..10 {
            let [x, other] = [random.image(net.shape()), random.image(net.shape())];
            let close = beside(&x, 1e-5, &mut random);
            let y = replace(net.shape(), &close, |_, column| column >= 3, |at| other[at]);
            let error = error(&net, &x, &y);
            assert!(error <= of_f32(CLOSE_F32), "{dimensions:?}, filter {filter}: {error:e}");
        }
    }
}

/// What a lane holds does not depend on whether the other one is close.
#[test]
fn lanes_do_not_meet() {
    let mut random = Random(7);
    for (dimensions, filter) in SHAPES {
        let net = vanilla(dimensions, filter, Trained::All);
        for distance in [1e-1, 3e-2, 1e-2, 1e-3, 0.0] {
            let x = random.image(net.shape());
            let [close, y] = [1e-5, distance].map(|distance| beside(&x, distance, &mut random));
            for lanes in [[&close, &y], [&y, &close], [&x, &y], [&y, &x]] {
                let together = two(&net, &x, lanes);
                for (lane, together) in lanes.iter().zip(together) {
                    assert_eq!(together, single::conv::<f32>(&net, &x, lane), "{dimensions:?}, {filter}, {distance:e}");
                }
            }
        }
    }
}

/// The kernels of an image and of one in each of two lanes.
fn two(net: &Conv, x: &[f64], y: [&Vec<f64>; 2]) -> [Vec<f32>; 2] {
    let x: Vec<f32> = x.iter().map(|&x| x as f32).collect();
    let y: Vec<Two> = y[0].iter().zip(y[1]).map(|(&a, &b)| Two([a as f32, b as f32])).collect();
    let (mut x_prepared, mut y_prepared) = (vec![0.0; prepared_len(net)], vec![Two::zero(); prepared_len(net)]);
    prepare(net, &x, &mut x_prepared)
        .and_then(|()| prepare(net, &y, &mut y_prepared))
        .expect("buffers of their length");
    let (mut scratch, mut out) = (vec![Two::zero(); conv_scratch_len(net)], vec![Two::zero(); net.outputs()]);
    conv_pair(net, &x_prepared, &y_prepared, identity_cap(&x, &y), &mut scratch, &mut out)
        .expect("buffers of their length");
    [0, 1].map(|lane| out.iter().map(|out| out.0[lane]).collect())
}

/// A vector of two floats.
#[derive(Clone, Copy)]
struct Two([f32; 2]);

macro_rules! lane_by_lane {
    ($($name:ident $($argument:ident)*;)*) => {
        $(fn $name(self $(, $argument: Self)*) -> Self {
            Two([0, 1].map(|lane| Number::$name(self.0[lane] $(, $argument.0[lane])*)))
        })*
    };
}

impl Number for Two {
    type Scalar = f32;

    const LANES: usize = 2;

    fn splat(value: f32) -> Self {
        Two([value; 2])
    }

    fn from_lanes(lane: impl FnMut(usize) -> f32) -> Self {
        Two([0, 1].map(lane))
    }

    fn lane(self, index: usize) -> f32 {
        self.0[index.min(1)]
    }

    fn write(self, lanes: &mut [f32]) {
        for (to, from) in lanes.iter_mut().zip(self.0) {
            *to = from;
        }
    }

    lane_by_lane! {
        add other; sub other; mul other; div other; mul_add factor term; mul_sub factor term; neg_mul_add factor term;
        sqrt; abs; min other; max other; select_negative negative other;
    }
}
