//! The core's recursions, on multi-precision numbers, against the definitions: they agree to 1e-50, so the recursions are right.
//! And the same recursions on `f32` and `f64` against those.

use ultrawide_accuracy::Big;
use ultrawide_accuracy::arithmetic::Pair;
use ultrawide_accuracy::common::images::{Random, beside, black_below, replace, scaled, shape};
use ultrawide_accuracy::common::naive::conv_terms;
use ultrawide_accuracy::common::precision::*;
use ultrawide_accuracy::common::single::{self, BOTH, Worst, conv_net, request};
use ultrawide_accuracy::compare::{errors, means, record, units};
use ultrawide_accuracy::naive::{self, Real};
use ultrawide_core::{Conv, Dense, Number, Readout, Scalar, Shape, Trained};

const READOUTS: [Readout; 4] = [Readout::Vanilla, Readout::Gap, Readout::Lap(1), Readout::Lap(2)];
const TRAINED: [(Trained, &[usize]); 2] = [(Trained::All, &[2, 3, 6]), (Trained::Hidden, &[3, 4, 6])];
const FILTERS: [usize; 3] = [1, 3, 5];

/// The largest differences met: multi-precision from the definitions, and the floats from multi-precision.
#[derive(Default)]
struct Differences {
    agreement: Worst,
    f64: Worst,
    f32: Worst,
}

impl Differences {
    fn conv(&mut self, net: &Conv, x: &[f64], y: &[f64], what: &str) {
        let at = |index| {
            let (shape, filter, slope) = (net.shape(), net.filter(), net.slope());
            format!("{what}, {shape}, filter {filter}, slope {slope}, output {index}, {:?}", net.request())
        };
        // Opposite images: the kernel of the first layer is 0, so errors are told in units of K(x, x).
        let opposite = x.iter().zip(y).all(|(x, y)| *x == -y);
        let units = |big: &[Big]| {
            if net.slope() != 0.0 {
                // Kernels of leaky nets may cancel.
                means(&conv_terms(net, x), &conv_terms(net, y))
            } else if opposite {
                single::conv::<Big>(net, x, x)
            } else {
                units(big)
            }
        };
        self.record(&Pair::Conv(net.clone()), x, y, units, naive::conv(net, x, y), at);
    }

    fn dense(&mut self, net: &Dense, x: &[f64], y: &[f64], what: &str) {
        let at = |index| format!("{what}, {} features, output {index}, {net:?}", x.len());
        let own = |x: &[f64]| single::dense::<f64>(net, x, x);
        let is_plain = net.slope() == 0.0 && net.residual().is_none();
        let units = |big: &[Big]| if is_plain { units(big) } else { means(&own(x), &own(y)) };
        self.record(&Pair::Dense(net.clone()), x, y, units, naive::dense(net, x, y), at);
    }

    fn record(
        &mut self,
        pair: &Pair,
        x: &[f64],
        y: &[f64],
        units: impl Fn(&[Big]) -> Vec<Big>,
        definition: Vec<Real>,
        at: impl Fn(usize) -> String,
    ) {
        let big = pair.kernels::<Big>(x, y);
        let units = units(&big);
        let definition: Vec<Big> = definition.into_iter().map(|value| Big::from_float(value.into_float())).collect();
        record(&mut self.agreement, &errors(&big, &definition, &units), &at);
        record(&mut self.f64, &pair.errors::<f64>(x, y, &big, &units), &at);
        record(&mut self.f32, &pair.errors::<f32>(x, y, &big, &units), &at);
    }

    #[track_caller]
    fn check(&self, what: &str, f32: f64, f64: f64) {
        self.agreement.check(&format!("{what}, recursion against definition"), AGREEMENT);
        self.f64.check(&format!("{what}, f64"), f64);
        self.f32.check(&format!("{what}, f32"), f32);
    }
}

fn nets(shape: Shape) -> impl Iterator<Item = Conv> {
    TRAINED.into_iter().flat_map(move |(trained, depths)| {
        FILTERS.into_iter().map(move |filter| conv_net(shape, filter, &READOUTS, request(&BOTH, depths, trained)))
    })
}

#[test]
fn generic_images() {
    let (mut differences, mut random) = (Differences::default(), Random(11));
    // As many channels as make patches of eight numbers at a corner, under 1×1 filters too.
    for shape in [[8, 1, 5], [8, 3, 2], [8, 4, 3]].map(shape) {
        for net in nets(shape) {
            let (x, y) = (random.image(shape), random.image(shape));
            differences.conv(&net, &x, &y, "different images");
            differences.conv(&net, &x, &x, "an image with itself");
        }
    }
    differences.check("generic images", EXACT_F32, EXACT_F64);
}

#[test]
fn few_numbers_in_a_patch() {
    let (mut differences, mut random) = (Differences::default(), Random(12));
    for shape in [[2, 1, 5], [3, 3, 2], [2, 4, 3]].map(shape) {
        for net in nets(shape) {
            let (x, y) = (random.image(shape), random.image(shape));
            let corner = replace(shape, &y, |row, column| row + column > 2, |_| 0.0);
            differences.conv(&net, &x, &y, "different images");
            differences.conv(&net, &black_below(shape, &x, shape.height / 2), &corner, "images with black regions");
        }
    }
    differences.check("few numbers in a patch", SMALL_PATCH_F32, EXACT_F64);
}

/// What carries n − K (`core/src/close.rs`), on every number.
#[test]
fn near_identical_images() {
    let (mut differences, mut random) = (Differences::default(), Random(15));
    for shape in [[8, 1, 5], [8, 3, 2], [3, 4, 3]].map(shape) {
        for net in nets(shape) {
            let x = random.image(shape);
            for distance in [1e-1, 1e-3, 1e-6] {
                let near = beside(&x, distance, &mut random);
                let half = replace(shape, &random.image(shape), |row, column| row + column < 3, |index| near[index]);
                differences.conv(&net, &x, &near, "near-identical images");
                differences.conv(&net, &x, &scaled(&near, 1.7), "multiples of such");
                differences.conv(&net, &x, &half, "images that are so in part");
                let dense = Dense::new(net.request().clone());
                differences.dense(&dense, &x, &near, "near-identical inputs");
            }
        }
    }
    differences.check("near-identical images", CLOSE_F32, CLOSE_F64);
}

/// λ is ±1 up to the rounding error of either precision, whose root reaches κ0 where it is −1: of patches of single numbers many are.
#[test]
fn parallel_pixels() {
    let [mut parallel, mut opposite] = [(); 2].map(|()| Differences::default());
    let mut random = Random(13);
    for shape in [[1, 1, 5], [1, 4, 3]].map(shape) {
        for net in nets(shape) {
            let (x, y) = (random.image(shape), random.image(shape));
            let shared = replace(shape, &y, |row, _| row < 2, |index| x[index]);
            opposite.conv(&net, &x, &shared, "images that share pixels");
            opposite.conv(&net, &x, &scaled(&x, -1.0), "an image and its negative");
            parallel.conv(&net, &x, &scaled(&x, 3.0), "an image and its multiple");
            parallel.conv(&net, &x, &vec![0.0; x.len()], "an image and a black one");
        }
    }
    // Of patches of single numbers many at other places are opposite.
    parallel.check("parallel pixels", OPPOSITE_F32, EXACT_F64);
    opposite.check("opposite pixels", OPPOSITE_F32, OPPOSITE_F64);
}

/// From the absolute value almost to the identity, and beyond.
static SLOPES: [f64; 4] = [-1.0, 0.1, 0.9, 3.0];
/// Of residual connections.
static STRENGTHS: [f64; 7] = [0.0, 1e-9, -1e-3, 0.1, 0.7, -1.0, 1e6];

#[test]
fn leaky_convolutional_nets() {
    let [mut generic, mut near, mut opposite] = [(); 3].map(|()| Differences::default());
    let mut random = Random(16);
    for shape in [[8, 1, 4], [8, 3, 2]].map(shape) {
        for net in nets(shape).flat_map(|net| SLOPES.map(|slope| net.clone().with_slope(slope).expect("finite"))) {
            let (x, y) = (random.image(shape), random.image(shape));
            generic.conv(&net, &x, &y, "different images");
            generic.conv(&net, &x, &x, "an image with itself");
            generic.conv(&net, &x, &black_below(shape, &y, shape.height / 2), "an image with black regions");
            for distance in [1e-1, 1e-4] {
                near.conv(&net, &x, &beside(&x, distance, &mut random), "images close to each other");
                let parallel = scaled(&beside(&x, distance, &mut random), 1.7);
                near.conv(&net, &x, &parallel, "multiples of such");
                let opposed = scaled(&parallel, -1.0);
                opposite.conv(&net, &x, &opposed, "an image and nearly its negative");
            }
            opposite.conv(&net, &x, &scaled(&x, -1.0), "an image and its negative");
        }
    }
    generic.check("leaky convolutional nets", EXACT_F32, EXACT_F64);
    near.check("leaky convolutional nets, close images", CLOSE_F32, CLOSE_F64);
    opposite.check("leaky convolutional nets, opposite images", EXACT_F32, EXACT_F64);
}

#[test]
fn leaky_and_residual_dense_nets() {
    let [mut generic, mut near, mut opposite] = [(); 3].map(|()| Differences::default());
    let mut random = Random(17);
    for (trained, depths) in [(Trained::All, [2, 3, 6, 21]), (Trained::Hidden, [3, 4, 6, 21])] {
        let plain = Dense::new(request(&BOTH, &depths, trained));
        let sloped = SLOPES.map(|slope| plain.clone().with_slope(slope).expect("finite"));
        let bridged = [0.0, 0.1].into_iter().flat_map(|slope| {
            let net = plain.clone().with_slope(slope).expect("finite");
            STRENGTHS.map(|strength| net.clone().with_residual(strength).expect("finite"))
        });
        for net in sloped.into_iter().chain(bridged) {
            for features in [8, 129] {
                let (x, y) = (random.numbers(features), random.numbers(features));
                generic.dense(&net, &x, &y, "different inputs");
                generic.dense(&net, &x, &x, "an input with itself");
                generic.dense(&net, &x, &vec![0.0; features], "a zero input");
                for distance in [1e-1, 1e-4] {
                    let close = beside(&x, distance, &mut random);
                    near.dense(&net, &x, &close, "inputs close to each other");
                    near.dense(&net, &x, &scaled(&close, 1.7), "multiples of such");
                    opposite.dense(&net, &x, &scaled(&close, -1.7), "an input and nearly its negative");
                }
                opposite.dense(&net, &x, &scaled(&x, -1.0), "an input and its negative");
            }
        }
    }
    generic.check("leaky and residual dense nets", EXACT_F32, EXACT_F64);
    near.check("leaky and residual dense nets, close inputs", KERNEL_F32, CLOSE_F64);
    opposite.check("leaky and residual dense nets, opposite inputs", EXACT_F32, EXACT_F64);
}

#[test]
fn dense_inputs() {
    let (mut differences, mut random) = (Differences::default(), Random(14));
    for features in [8, 20, 129] {
        for (trained, depths) in [(Trained::All, [2, 3, 6, 21]), (Trained::Hidden, [3, 4, 6, 21])] {
            let net = Dense::new(request(&BOTH, &depths, trained));
            for _ in 0..8 {
                let (x, y) = (random.numbers(features), random.numbers(features));
                differences.dense(&net, &x, &y, "different inputs");
                differences.dense(&net, &x, &x, "an input with itself");
                differences.dense(&net, &x, &vec![0.0; features], "a zero input");
            }
        }
    }
    differences.check("dense", EXACT_F32, EXACT_F64);
}

/// κ0 Θ, which is the NTK where the first and last layers are frozen, has its own digits where it is far less than Θ and K.
#[test]
fn frozen_ends_of_nearly_opposite_inputs() {
    let net = Pair::Dense(Dense::new(request(&BOTH, &[3], Trained::Hidden)));
    let mut random = Random(18);
    for features in [8, 129] {
        let x = random.numbers(features);
        let mut y = scaled(&x, -1.0);
        y[0] += 0.5;
        let exact = net.kernels::<Big>(&x, &y);
        assert!(exact[1] < exact[0].mul(Big::from_f64(FAR_LESS)), "{exact:?}");
        let f32 = net.errors::<f32>(&x, &y, &exact, &exact);
        let f64 = net.errors::<f64>(&x, &y, &exact, &exact);
        assert!(f32[1] <= KERNEL_F32 && f64[1] <= EXACT_F64, "{f32:?}, {f64:?}");
    }
}
