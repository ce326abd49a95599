//! Leaky ReLUs and residual connections against the definitions, and where they are something simpler.
mod common;

use common::images::{Random, beside, black_below, scaled, shape};
use common::precision::*;
use common::single::{self, BOTH, Worst, conv_net, request};
use common::{naive, of_f32};
use ultrawide_core::{Conv, Dense, Readout, Scalar, Shape, Trained};

/// From the absolute value through the ReLU almost to the identity, and beyond.
const SLOPES: [f64; 8] = [-1.0, -0.4, 1.0 / (1 << 30) as f64, 0.1, 0.5, 0.95, 3.0, -1e200];
const DEPTHS: [usize; 4] = [3, 4, 6, 21];
const READOUTS: [Readout; 3] = [Readout::Vanilla, Readout::Gap, Readout::Lap(1)];
const TRAINED: [Trained; 2] = [Trained::All, Trained::Hidden];

/// Both precisions.
#[derive(Default)]
struct Both {
    f32: Worst,
    f64: Worst,
}

impl Both {
    fn record(&mut self, exact: f64, f32: f32, f64: f64, scale: f64, at: impl Fn() -> String) {
        self.f32.record(f32.to_f64(), exact, scale, &at);
        self.f64.record(f64, exact, scale, &at);
    }

    fn conv(&mut self, net: &Conv, x: &[f64], y: &[f64], what: &str) {
        let (exact, [of_x, of_y]) = (naive::conv(net, x, y), [x, y].map(|image| naive::conv_terms(net, image)));
        let (f32, f64) = (single::conv::<f32>(net, x, y), single::conv::<f64>(net, x, y));
        for (index, &exact) in exact.iter().enumerate() {
            let scale = (of_x[index] * of_y[index]).sqrt();
            self.record(exact, f32[index], f64[index], scale, || {
                let (shape, filter, slope, request) = (net.shape(), net.filter(), net.slope(), net.request());
                format!("{what}, {shape}, filter {filter}, slope {slope}, {request:?}, output {index}")
            });
        }
    }

    fn dense(&mut self, net: &Dense, x: &[f64], y: &[f64], what: &str) {
        let [exact, of_x, of_y] = [(x, y), (x, x), (y, y)].map(|(x, y)| naive::dense(net, x, y));
        let (f32, f64) = (single::dense::<f32>(net, x, y), single::dense::<f64>(net, x, y));
        for (index, &exact) in exact.iter().enumerate() {
            let scale = (of_x[index] * of_y[index]).sqrt();
            self.record(exact, f32[index], f64[index], scale, || {
                format!("{what}, {} features, output {index}, {net:?}", x.len())
            });
        }
    }

    #[track_caller]
    fn check(&self, what: &str, f32: f64, f64: f64) {
        self.f64.check(&format!("{what}, f64"), f64);
        self.f32.check(&format!("{what}, f32"), of_f32(f32));
    }
}

fn nets(shape: Shape) -> impl Iterator<Item = Conv> {
    let net = move |filter, trained| conv_net(shape, filter, &READOUTS, request(&BOTH, &DEPTHS, trained));
    let nets = TRAINED.into_iter().flat_map(move |trained| [1, 3, 5].map(|filter| net(filter, trained)));
    nets.flat_map(|net| SLOPES.map(|slope| net.clone().with_slope(slope).expect("a finite slope")))
}

fn dense_nets() -> impl Iterator<Item = Dense> {
    let nets = TRAINED.into_iter().map(|trained| Dense::new(request(&BOTH, &DEPTHS, trained)));
    let sloped = nets.flat_map(|net| SLOPES.map(|slope| net.clone().with_slope(slope).expect("a finite slope")));
    let plain = TRAINED.map(|trained| Dense::new(request(&BOTH, &DEPTHS, trained)));
    sloped.chain(plain).flat_map(|net| {
        let residual =
            [0.0, 1e-9, -1e-3, 0.3, -1.0, 4.0, 1e6].map(|s| net.clone().with_residual(s).expect("a finite strength"));
        std::iter::once(net).chain(residual)
    })
}

#[test]
fn leaky_convolutional_nets() {
    let [mut generic, mut near, mut opposite] = [(); 3].map(|()| Both::default());
    let mut random = Random(21);
    for shape in [[8, 1, 5], [8, 3, 2], [8, 4, 3]].map(shape) {
        for net in nets(shape) {
            let (x, y) = (random.image(shape), random.image(shape));
            generic.conv(&net, &x, &y, "different images");
            generic.conv(&net, &x, &x, "an image with itself");
            generic.conv(&net, &x, &black_below(shape, &y, shape.height / 2), "an image with black regions");
            near.conv(&net, &x, &beside(&x, 1e-2, &mut random), "images close to each other");
            opposite.conv(&net, &x, &scaled(&x, -1.0), "an image and its negative");
            opposite.conv(&net, &x, &scaled(&beside(&x, 1e-3, &mut random), -1.3), "an image and nearly its negative");
        }
    }
    generic.check("leaky convolutional nets", KERNEL_F32, KERNEL_F64);
    near.check("leaky convolutional nets, images close to each other", KERNEL_F32, NEAR_F64);
    opposite.check("leaky convolutional nets, opposite images", KERNEL_F32, OPPOSITE_F64);
}

/// So deep that the carried numbers are divided on the way, and D with them: those of 3×3 filters, before layer 41.
#[test]
fn deep_leaky_nets() {
    let (mut worst, mut random) = (Both::default(), Random(26));
    let shape = shape([8, 3, 4]);
    for slope in SLOPES {
        let net = conv_net(shape, 3, &READOUTS, request(&BOTH, &[21, 48], Trained::All));
        let net = net.with_slope(slope).expect("a finite slope");
        let (x, y) = (random.image(shape), random.image(shape));
        worst.conv(&net, &x, &black_below(shape, &y, 1), "different images");
    }
    worst.check("deep leaky nets", KERNEL_F32, KERNEL_F64);
}

/// Where the definition in `f64` loses its digits, the library's `f64` keeps them.
#[test]
fn images_all_but_equal() {
    let (mut worst, mut random) = (Worst::default(), Random(22));
    for shape in [[3, 6, 6], [4, 1, 1]].map(shape) {
        for net in nets(shape) {
            for distance in [1e-3, 1e-5, 1e-7] {
                let x = random.image(shape);
                let y = beside(&x, distance, &mut random);
                let (exact, own) = (single::conv::<f64>(&net, &x, &y), naive::conv_terms(&net, &x));
                for (index, value) in single::conv::<f32>(&net, &x, &y).into_iter().enumerate() {
                    let at = || format!("{shape}, filter {}, slope {}, {distance:e}", net.filter(), net.slope());
                    worst.record(value.to_f64(), exact[index], own[index], at);
                }
            }
        }
    }
    worst.check("images all but equal", of_f32(KERNEL_F32));
}

#[test]
fn dense_nets_of_all_kinds() {
    let [mut generic, mut near, mut opposite] = [(); 3].map(|()| Both::default());
    let mut random = Random(23);
    for features in [3, 20, 129] {
        for net in dense_nets() {
            let (x, y) = (random.numbers(features), random.numbers(features));
            generic.dense(&net, &x, &y, "different inputs");
            generic.dense(&net, &x, &x, "an input with itself");
            generic.dense(&net, &x, &vec![0.0; features], "a zero input");
            near.dense(&net, &x, &beside(&x, 1e-2, &mut random), "inputs close to each other");
            opposite.dense(&net, &x, &scaled(&x, -1.0), "an input and its negative");
            opposite.dense(&net, &x, &scaled(&beside(&x, 1e-3, &mut random), -1.3), "an input and nearly its negative");
        }
    }
    generic.check("dense nets", DENSE_F32, DENSE_F64);
    near.check("dense nets, inputs close to each other", DENSE_F32, NEAR_F64);
    opposite.check("dense nets, opposite inputs", DENSE_F32, PARALLEL_F64);
}

/// The slope 1 leaves a linear net: K = Σ, and Θ has another Σ with each layer. Exactly so, of numbers that are not rounded.
#[test]
fn the_identity_is_linear() {
    let (x, y) = ([3.0, -1.0, 2.0, 5.0], [-2.0, 4.0, -7.0, 1.0]);
    let sigma = -19.0;
    let request = request(&BOTH, &DEPTHS, Trained::All);
    let dense = Dense::new(request.clone()).with_slope(1.0).unwrap();
    for net in [dense.clone(), dense.clone().with_residual(0.0).unwrap(), dense.with_residual(1.0).unwrap()] {
        let layers = |depth: usize| match net.residual() {
            None => depth as f64,
            // Every inner layer counts with the share of its branch.
            Some(s) => 2.0 + (depth - 2) as f64 * s * s / (1.0 + s * s),
        };
        let expected: Vec<f64> =
            [sigma; DEPTHS.len()].into_iter().chain(DEPTHS.map(|depth| layers(depth) * sigma)).collect();
        assert_eq!(single::dense::<f64>(&net, &x, &y), expected, "{net:?}");
    }
    // One pixel, and filters of one: the same.
    let net = conv_net(shape([4, 1, 1]), 1, &[Readout::Vanilla], request).with_slope(1.0).unwrap();
    let expected: Vec<f32> =
        [-19.0; DEPTHS.len()].into_iter().chain(DEPTHS.map(|depth| depth as f32 * -19.0)).collect();
    assert_eq!(single::conv::<f32>(&net, &x, &y), expected);
}

/// What depends on |b − 1|/√(1 + b²) alone: a slope and its inverse. And the absolute value forgets the sign of an image.
#[test]
fn symmetries_of_the_slope() {
    let mut random = Random(24);
    let shape = shape([3, 5, 4]);
    let net = |slope| {
        let net = conv_net(shape, 3, &READOUTS, request(&BOTH, &[3, 6], Trained::Hidden));
        net.with_slope(slope).unwrap()
    };
    let (x, y) = (random.image(shape), random.image(shape));
    assert_eq!(single::conv::<f64>(&net(4.0), &x, &y), single::conv::<f64>(&net(0.25), &x, &y));
    let [plain, opposite] = [1.0, -1.0].map(|sign| single::conv::<f64>(&net(-1.0), &x, &scaled(&y, sign)));
    assert_eq!(plain, opposite);
    for slope in [0.3, 1.7] {
        let (a, b) = (single::conv::<f32>(&net(slope), &x, &y), single::conv::<f32>(&net(slope), &y, &x));
        assert_eq!(a, b, "slope {slope}");
    }
}

/// A residual connection of no strength leaves the layer out, and one of the greatest leaves itself out.
#[test]
fn the_ends_of_residual_connections() {
    let mut random = Random(25);
    let (x, y) = (random.numbers(9), random.numbers(9));
    let net = |depth| Dense::new(request(&BOTH, &[depth], Trained::All));
    let kernels = |net: Dense| single::dense::<f64>(&net, &x, &y);
    assert_eq!(kernels(net(7).with_residual(0.0).unwrap()), kernels(net(2)));
    let none = kernels(net(7));
    for strength in [1e200, -1e200] {
        for (all, none) in kernels(net(7).with_residual(strength).unwrap()).into_iter().zip(&none) {
            assert!((all / none - 1.0).abs() <= CLOSE_F64, "{strength:e}: {all:e} instead of {none:e}");
        }
    }
}
