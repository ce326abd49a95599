//! The recursions against the definitions: every net, readout, training choice, kernel and filter, on odd shapes.
mod common;

use common::images::{Random, black_below, replace, scaled, shape};
use common::naive;
use common::precision::*;
use common::single::{self, BOTH, Worst, conv_net, request};
use ultrawide_core::{Conv, Dense, Readout, Scalar, Shape, Trained};

const READOUTS: [Readout; 5] = [Readout::Vanilla, Readout::Gap, Readout::Lap(1), Readout::Lap(2), Readout::Lap(20)];
const SHAPES: [[usize; 3]; 9] =
    [[1, 1, 9], [2, 7, 5], [1, 12, 3], [3, 1, 1], [4, 8, 8], [1, 9, 1], [3, 2, 2], [2, 1, 2], [4, 3, 4]];
const FILTERS: [usize; 6] = [1, 3, 5, 7, 9, 31];

/// The training choices with the depths that each allows: with both ends frozen, depth 2 trains nothing.
const TRAINED: [(Trained, &[usize]); 2] =
    [(Trained::All, &[2, 3, 4, 6, 11, 21]), (Trained::Hidden, &[3, 4, 6, 11, 21])];

/// What kernels in `f32` may lose where pixels are parallel or nearly so.
const PARALLEL_F32: f64 = if cfg!(feature = "micromath") { MICROMATH_NEAR } else { KERNEL_F32 };
/// The same of patches of few numbers.
const FEW_F32: f64 = if cfg!(feature = "micromath") { MICROMATH_SMALL_PATCH } else { SMALL_PATCH_F32 };

/// Pixels of one number: λ is ±1 for every pair, up to rounding; see `parallel_pixels`.
fn degenerate(net: &Conv) -> bool {
    net.shape().channels == 1 && net.filter() == 1
}

/// The numbers in the smallest patch that a filter sees, at a corner. With few of them two patches are nearly parallel by
/// chance, and then κ0 magnifies rounding errors.
fn patch(net: &Conv) -> usize {
    let side = |size: usize| size.min(net.filter() / 2 + 1);
    net.shape().channels * side(net.shape().height) * side(net.shape().width)
}

fn nets(shape: Shape, filters: &[usize]) -> impl Iterator<Item = Conv> {
    TRAINED.into_iter().flat_map(move |(trained, depths)| {
        filters.iter().map(move |&filter| conv_net(shape, filter, &READOUTS, request(&BOTH, depths, trained)))
    })
}

/// Which output number `index` is.
fn output(net: &Conv, index: usize) -> String {
    let (depths, readouts, request) = (net.request().depths(), net.readouts(), net.request());
    let (depth, rest) = (depths[index % depths.len()], index / depths.len());
    let (readout, kernel) = (readouts[rest % readouts.len()], request.kernels()[rest / readouts.len()]);
    let trained = request.trained();
    format!("{} filter {} {kernel:?} {readout:?} depth {depth} train {trained:?}", net.shape(), net.filter())
}

/// Below it `f32` has no full precision to compare.
fn within_f32(exact: &[f64]) -> bool {
    exact.iter().all(|value| *value == 0.0 || value.abs() > LEAST_F32)
}

/// Both precisions against the reference; those outputs of `f32` that underflow are left out.
struct Both {
    f32: Worst,
    f64: Worst,
}

impl Both {
    fn new() -> Self {
        Both { f32: Worst::default(), f64: Worst::default() }
    }

    fn conv(&mut self, net: &Conv, x: &[f64], y: &[f64], what: &str) {
        let exact = naive::conv(net, x, y);
        let at = |index| format!("{what}, {}", output(net, index));
        self.f64.record_all(&single::conv::<f64>(net, x, y), &exact, at);
        if within_f32(&exact) {
            self.f32.record_all(&single::conv::<f32>(net, x, y), &exact, at);
        }
    }

    #[track_caller]
    fn check(&self, what: &str, f32: f64, f64: f64) {
        self.f64.check(&format!("{what}, f64"), f64);
        self.f32.check(&format!("{what}, f32"), common::of_f32(f32));
    }
}

#[test]
fn different_images() {
    let (mut worst, mut small_patches) = (Both::new(), Both::new());
    let mut random = Random(1);
    for shape in SHAPES.map(shape) {
        for net in nets(shape, &FILTERS) {
            if degenerate(&net) {
                continue;
            }
            // A window of 31 on 8×8 costs the reference seconds, and the smaller shapes have it.
            if shape.height * shape.width > 40 && net.filter() > 9 {
                continue;
            }
            let worst = if patch(&net) < 8 { &mut small_patches } else { &mut worst };
            for _ in 0..if shape.height * shape.width > 20 { 1 } else { 4 } {
                worst.conv(&net, &random.image(shape), &random.image(shape), "different images");
            }
        }
    }
    small_patches.check("different images, few numbers in a patch", FEW_F32, SMALL_PATCH_F64);
    worst.check("different images", KERNEL_F32, KERNEL_F64);
}

#[test]
fn an_image_with_itself() {
    let mut worst = Both::new();
    let mut random = Random(2);
    for shape in SHAPES.map(shape) {
        for net in nets(shape, &[1, 3, 5]).filter(|net| !degenerate(net)) {
            let x = random.image(shape);
            worst.conv(&net, &x, &x, "the same image");
        }
    }
    worst.check("the same image", KERNEL_F32, KERNEL_F64);
}

#[test]
fn zeros() {
    let mut worst = Both::new();
    let mut random = Random(3);
    for shape in [[1, 7, 5], [2, 12, 3], [1, 1, 9], [3, 1, 1]].map(shape) {
        for net in nets(shape, &[1, 3, 5]).filter(|net| !degenerate(net)) {
            let (x, y) = (random.image(shape), random.image(shape));
            let black = vec![0.0; x.len()];
            let half = black_below(shape, &x, shape.height / 2);
            let corner = replace(shape, &y, |row, column| row + column > shape.width / 2, |_| 0.0);
            worst.conv(&net, &x, &black, "a black image");
            worst.conv(&net, &black, &x, "a black image first");
            worst.conv(&net, &black, &black, "two black images");
            worst.conv(&net, &half, &y, "a half-black image");
            worst.conv(&net, &half, &half, "a half-black image with itself");
            worst.conv(&net, &half, &corner, "two images with black regions");
        }
    }
    worst.check("zeros", SMALL_PATCH_F32, SMALL_PATCH_F64);
}

/// Bitwise different images whose pixels are multiples of each other: λ is 1 up to rounding, and √ of that reaches κ0 in the reference.
#[test]
fn parallel_pixels() {
    let mut worst = Both::new();
    let mut random = Random(4);
    for shape in [[1, 7, 5], [2, 6, 6], [1, 1, 9], [4, 2, 2]].map(shape) {
        for net in nets(shape, &[1, 3]) {
            let (x, y) = (random.image(shape), random.image(shape));
            let shared = replace(shape, &y, |row, _| row < 4, |index| x[index]);
            let constant = |value: f64| vec![value; x.len()];
            worst.conv(&net, &x, &scaled(&x, 3.0), "an image and its multiple");
            worst.conv(&net, &x, &shared, "images that share pixels");
            worst.conv(&net, &constant(0.7f32.into()), &constant(0.3f32.into()), "two constant images");
            worst.conv(&net, &constant(1.0), &x, "a constant image");
        }
    }
    worst.check("parallel pixels", PARALLEL_F32, PARALLEL_F64);
}

/// Opposite images: the vanilla kernel of the first layer is 0, so the error is told in units of √(K(x,x) K(y,y)).
#[test]
fn opposite_images() {
    let (mut worst32, mut worst64) = (Worst::default(), Worst::default());
    let mut random = Random(5);
    for shape in [[1, 7, 5], [2, 6, 6], [1, 1, 9], [4, 1, 1]].map(shape) {
        for net in nets(shape, &[1, 3]) {
            let x = random.image(shape);
            let y = scaled(&x, -1.0);
            let (exact, own) = (naive::conv(&net, &x, &y), naive::conv(&net, &x, &x));
            let (f32, f64) = (single::conv::<f32>(&net, &x, &y), single::conv::<f64>(&net, &x, &y));
            for (index, (&exact, &own)) in exact.iter().zip(&own).enumerate() {
                worst64.record(f64[index], exact, own, || output(&net, index));
                worst32.record(f32[index].into(), exact, own, || output(&net, index));
            }
        }
    }
    worst64.check("opposite images, f64", PARALLEL_F64);
    worst32.check("opposite images, f32", common::of_f32(OPPOSITE_F32));
}

/// 1 − λ is about half the squared relative distance; an error e in λ makes one of e/√(2(1 − λ)) in κ0.
#[test]
fn near_identical_images() {
    let mut worst = Both::new();
    let mut random = Random(6);
    for shape in [[1, 7, 5], [3, 6, 6], [4, 1, 1]].map(shape) {
        for net in nets(shape, &[1, 3]) {
            let x = random.image(shape);
            for distance in [1e-1, 1e-2, 1e-3, 1e-4, 1e-6] {
                let noise = random.image(shape);
                let y: Vec<f64> =
                    x.iter().zip(&noise).map(|(x, noise)| f64::from((x + distance * noise) as f32)).collect();
                worst.conv(&net, &x, &y, &format!("images {distance:e} apart"));
            }
        }
    }
    worst.check("near-identical images", PARALLEL_F32, PARALLEL_F64);
}

#[test]
fn dense_inputs() {
    let (mut worst32, mut worst64) = (Worst::default(), Worst::default());
    let mut random = Random(7);
    // Around the block of 128 features, and one feature, whose λ is ±1 exactly.
    for features in [3, 20, 127, 128, 129, 300, 3072] {
        for (trained, depths) in TRAINED {
            let net = Dense::new(request(&BOTH, depths, trained));
            for _ in 0..8 {
                let (x, y) = (random.numbers(features), random.numbers(features));
                let black = vec![0.0; features];
                for (x, y) in [(&x, &y), (&x, &x), (&x, &black), (&black, &black)] {
                    let exact = naive::dense(&net, x, y);
                    let at = |index| format!("{features} features, {trained:?}, output {index}");
                    worst64.record_all(&single::dense::<f64>(&net, x, y), &exact, at);
                    worst32.record_all(&single::dense::<f32>(&net, x, y), &exact, at);
                }
            }
        }
    }
    worst64.check("dense, f64", DENSE_F64);
    worst32.check("dense, f32", common::of_f32(DENSE_F32));
}

/// Real image sizes, few of them: enough pixels for the sums of the readouts to lose digits if they could.
#[test]
fn a_larger_image() {
    fn errors<S: Scalar>(worst: &mut Worst, net: &Conv, x: &[f64], y: &[f64]) {
        worst.record_all(&single::conv::<S>(net, x, y), &naive::conv(net, x, y), |index| output(net, index));
    }
    let (mut worst32, mut worst64) = (Worst::default(), Worst::default());
    let mut random = Random(8);
    let shape = shape([3, 14, 17]);
    // Windows that hold pixels six apart, which those of smaller images need not.
    let readouts = [&READOUTS[..3], &[Readout::Lap(3)]].concat();
    let net = conv_net(shape, 3, &readouts, request(&BOTH, &[3, 6], Trained::All));
    // Images of pixels that are all positive correlate as photographs do.
    let (x, y) = (random.image(shape), random.image(shape));
    let bright = |image: &[f64]| -> Vec<f64> { image.iter().map(|x| x.abs()).collect() };
    for (x, y) in [(x.clone(), y.clone()), (bright(&x), bright(&y))] {
        errors::<f32>(&mut worst32, &net, &x, &y);
        errors::<f64>(&mut worst64, &net, &x, &y);
    }
    worst64.check("14x17, f64", KERNEL_F64);
    worst32.check("14x17, f32", common::of_f32(KERNEL_F32));
}
