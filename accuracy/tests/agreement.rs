//! The core's recursions, on multi-precision numbers, against the definitions: they agree to 1e-50, so the recursions are right.
//! And the same recursions on `f32` and `f64` against those.

use ultrawide_accuracy::Big;
use ultrawide_accuracy::common::images::{Random, black_below, replace, scaled, shape};
use ultrawide_accuracy::common::precision::*;
use ultrawide_accuracy::common::single::{self, BOTH, Worst, conv_net, request};
use ultrawide_accuracy::compare::{errors, record, units, widened};
use ultrawide_accuracy::naive::{self, Real};
use ultrawide_core::{Conv, Dense, Readout, Shape, Trained};

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
        let at =
            |index| format!("{what}, {}, filter {}, output {index}, {:?}", net.shape(), net.filter(), net.request());
        let big = single::conv::<Big>(net, x, y);
        // Opposite images: the kernel of the first layer is 0, so errors are told in units of K(x, x).
        let opposite = x.iter().zip(y).all(|(x, y)| *x == -y);
        let units = if opposite { single::conv::<Big>(net, x, x) } else { units(&big) };
        let floats = [widened(&single::conv::<f64>(net, x, y)), widened(&single::conv::<f32>(net, x, y))];
        self.record(&big, &units, naive::conv(net, x, y), floats, at);
    }

    fn dense(&mut self, net: &Dense, x: &[f64], y: &[f64], what: &str) {
        let at = |index| format!("{what}, {} features, output {index}, {:?}", x.len(), net.request());
        let big = single::dense::<Big>(net, x, y);
        let floats = [widened(&single::dense::<f64>(net, x, y)), widened(&single::dense::<f32>(net, x, y))];
        self.record(&big, &units(&big), naive::dense(net, x, y), floats, at);
    }

    fn record(
        &mut self,
        big: &[Big],
        units: &[Big],
        definition: Vec<Real>,
        [f64, f32]: [Vec<Big>; 2],
        at: impl Fn(usize) -> String,
    ) {
        let definition: Vec<Big> = definition.into_iter().map(|value| Big::from_float(value.into_float())).collect();
        record(&mut self.agreement, &errors(big, &definition, units), &at);
        record(&mut self.f64, &errors(&f64, big, units), &at);
        record(&mut self.f32, &errors(&f32, big, units), &at);
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
    differences.check("generic images", KERNEL_F32, KERNEL_F64);
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
    differences.check("few numbers in a patch", SMALL_PATCH_F32, SMALL_PATCH_F64);
}

/// What carries n − K (`core/src/close.rs`), on every number.
#[test]
fn near_identical_images() {
    let (mut differences, mut random) = (Differences::default(), Random(15));
    for shape in [[8, 1, 5], [8, 3, 2], [3, 4, 3]].map(shape) {
        for net in nets(shape) {
            let x = random.image(shape);
            for distance in [1e-1, 1e-3, 1e-6] {
                let noise = random.image(shape);
                let near: Vec<f64> =
                    x.iter().zip(noise).map(|(x, noise)| f64::from((x + distance * noise) as f32)).collect();
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

/// λ is ±1 up to the rounding error of either precision, whose root reaches κ0.
#[test]
fn parallel_pixels() {
    let (mut differences, mut random) = (Differences::default(), Random(13));
    for shape in [[1, 1, 5], [1, 4, 3]].map(shape) {
        for net in nets(shape) {
            let (x, y) = (random.image(shape), random.image(shape));
            let shared = replace(shape, &y, |row, _| row < 2, |index| x[index]);
            differences.conv(&net, &x, &shared, "images that share pixels");
            differences.conv(&net, &x, &scaled(&x, 3.0), "an image and its multiple");
            differences.conv(&net, &x, &scaled(&x, -1.0), "an image and its negative");
            differences.conv(&net, &x, &vec![0.0; x.len()], "an image and a black one");
        }
    }
    differences.check("parallel pixels", OPPOSITE_F32, PARALLEL_F64);
}

/// Leaky ReLUs and residual connections. The floats have tests of their own, as kernels may cancel: `core/tests/tricks.rs`.
#[test]
fn tricks() {
    let (mut differences, mut random) = (Differences::default(), Random(15));
    let shape = shape([8, 3, 2]);
    for slope in [-1.0, 0.1, 0.9] {
        for net in nets(shape).map(|net| net.with_slope(slope).expect("a finite slope")) {
            let (x, y) = (random.image(shape), random.image(shape));
            differences.conv(&net, &x, &y, "different images");
            differences.conv(&net, &x, &x, "an image with itself");
        }
        for (trained, depths) in TRAINED {
            let net = Dense::new(request(&BOTH, depths, trained)).with_slope(slope).expect("a finite slope");
            for net in [net.clone(), net.with_residual(0.7).expect("a finite strength")] {
                let (x, y) = (random.numbers(8), random.numbers(8));
                differences.dense(&net, &x, &y, "different inputs");
            }
        }
    }
    differences.agreement.check("tricks, recursion against definition", AGREEMENT);
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
    differences.check("dense", DENSE_F32, DENSE_F64);
}
