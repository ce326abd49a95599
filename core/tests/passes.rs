//! What must hold to the last bit: outputs of one pass and of passes of their own, and nets that are the same net.
mod common;

use common::images::{Random, len, mirrored, shape};
use common::precision::{KERNEL_F32, KERNEL_F64};
use common::single::{self, BOTH, PAPER_DEPTHS, Worst, as_f64, conv_net, request};
use ultrawide_core::{
    Conv, Dense, Kernel, Readout, Scalar, Trained, average_flipped, conv_pair, conv_scratch_len, flip, prepare,
    prepared_len,
};

const SHAPES: [[usize; 3]; 5] = [[2, 7, 5], [1, 1, 9], [3, 12, 3], [4, 1, 1], [3, 8, 8]];

/// Every output of one pass has the bits of a pass that computes it alone.
fn one_pass_is_many<S: Scalar>() {
    let readouts = [Readout::Gap, Readout::Vanilla, Readout::Lap(2), Readout::Lap(0)];
    let mut random = Random(11);
    for shape in SHAPES.map(shape) {
        for (filter, trained, slope) in [
            (1, Trained::All, 0.0),
            (3, Trained::All, 0.0),
            (3, Trained::Hidden, 0.0),
            (5, Trained::Hidden, 0.0),
            (3, Trained::All, -0.4),
        ] {
            let (x, y) = (random.image(shape), random.image(shape));
            let net = |readouts: &[Readout], request| {
                conv_net(shape, filter, readouts, request).with_slope(slope).expect("a finite slope")
            };
            for y in [&y, &x] {
                let all = net(&readouts, request(&BOTH, &PAPER_DEPTHS, trained));
                let mut all = single::conv::<S>(&all, &x, y).into_iter();
                for kernel in BOTH {
                    for readout in readouts {
                        for depth in PAPER_DEPTHS {
                            let alone = net(&[readout], request(&[kernel], &[depth], trained));
                            let all = all.next().expect("an output for every kernel, readout and depth");
                            let at =
                                format!("{shape} {filter} {trained:?} {kernel:?} {readout:?} {depth} slope {slope}");
                            assert_eq!(single::conv::<S>(&alone, &x, y), [all], "{at}");
                        }
                    }
                }
                assert!(all.next().is_none());
            }
        }
    }
}

#[test]
fn one_pass_is_many_f32() {
    one_pass_is_many::<f32>();
}

#[test]
fn one_pass_is_many_f64() {
    one_pass_is_many::<f64>();
}

#[test]
fn one_dense_pass_is_many() {
    let mut random = Random(12);
    let (x, y) = (random.numbers(131), random.numbers(131));
    let bridged = |net: Dense| net.with_slope(-0.4).and_then(|net| net.with_residual(0.7)).expect("finite numbers");
    let cases = [(Trained::All, false), (Trained::Hidden, false), (Trained::All, true)];
    for (trained, tricks) in cases {
        let net = |request| if tricks { bridged(Dense::new(request)) } else { Dense::new(request) };
        let all = single::dense::<f32>(&net(request(&BOTH, &PAPER_DEPTHS, trained)), &x, &y);
        for (index, &value) in all.iter().enumerate() {
            let (kernel, depth) = (BOTH[index / 5], PAPER_DEPTHS[index % 5]);
            let alone = net(request(&[kernel], &[depth], trained));
            assert_eq!(single::dense::<f32>(&alone, &x, &y), [value], "{kernel:?} {depth} {trained:?} {tricks}");
        }
    }
}

/// The order of the kernels and readouts asked for is that of the outputs, and changes nothing else.
#[test]
fn outputs_come_in_the_order_asked_for() {
    let shape = shape([2, 4, 3]);
    let mut random = Random(13);
    let (x, y) = (random.image(shape), random.image(shape));
    let run = |kernels: &[Kernel], readouts: &[Readout]| {
        let net = conv_net(shape, 3, readouts, request(kernels, &[2, 5], Trained::All));
        assert_eq!(net.outputs(), kernels.len() * readouts.len() * 2);
        single::conv::<f64>(&net, &x, &y)
    };
    let (v, g) = (Readout::Vanilla, Readout::Gap);
    let plain = run(&[Kernel::Nngp, Kernel::Ntk], &[v, g]);
    let turned = run(&[Kernel::Ntk, Kernel::Nngp], &[g, v]);
    let expected: Vec<f64> = [6, 4, 2, 0].into_iter().flat_map(|at| [plain[at], plain[at + 1]]).collect();
    assert_eq!(turned, expected);
}

#[test]
fn pooling_over_windows_of_one_pixel_is_vanilla() {
    let mut random = Random(14);
    for shape in SHAPES.map(shape) {
        let readouts = [Readout::Vanilla, Readout::Lap(0)];
        let net = conv_net(shape, 3, &readouts, request(&[Kernel::Ntk], &PAPER_DEPTHS, Trained::All));
        let (x, y) = (random.image(shape), random.image(shape));
        let values = single::conv::<f32>(&net, &x, &y);
        assert_eq!(values[..5], values[5..], "{shape}");
    }
}

/// A window that covers every image from every pixel counts each entry once for each of the P·Q centres.
#[test]
fn pooling_over_large_windows_is_global_pooling() {
    let mut random = Random(15);
    for shape in SHAPES.map(shape) {
        let pixels = (shape.height * shape.width) as f64;
        for half in [12usize, 40, 4096] {
            let readouts = [Readout::Gap, Readout::Lap(half)];
            let net = conv_net(shape, 3, &readouts, request(&BOTH, &[2, 6], Trained::All));
            let values = single::conv::<f64>(&net, &random.image(shape), &random.image(shape));
            let area = ((2 * half + 1) as f64).powi(4);
            for at in [0, 1, 4, 5] {
                let (gap, lap) = (values[at], values[at + 2]);
                let expected = gap * pixels.powi(3) / area;
                assert!((lap - expected).abs() <= common::precision::SUM_F64 * expected.abs(), "{shape} lap({half})");
            }
        }
    }
}

/// A dense net is the convolutional one on a single pixel with a 1×1 filter. They sum features otherwise, differ in which n − Σ come from G, and the dense net
/// has K from n − K.
#[test]
fn dense_is_convolution_on_one_pixel() {
    fn compare<S: Scalar>(features: usize, trained: Trained, random: &mut Random, worst: &mut Worst) {
        let request = |depths: &[usize]| request(&BOTH, depths, trained);
        let (x, y) = (random.numbers(features), random.numbers(features));
        let pair = |y: &[f64], depths: &[usize]| {
            let conv = conv_net(shape([features, 1, 1]), 1, &[Readout::Vanilla], request(depths));
            (single::dense::<S>(&Dense::new(request(depths)), &x, y), single::conv::<S>(&conv, &x, y))
        };
        let (dense, conv) = pair(&x, &PAPER_DEPTHS);
        worst.record_all(&dense, &as_f64(&conv), |index| format!("{features} features, itself, output {index}"));
        let (dense, conv) = pair(&y, &PAPER_DEPTHS);
        worst.record_all(&dense, &as_f64(&conv), |index| format!("{features} features, {trained:?}, output {index}"));
    }
    let mut random = Random(16);
    let [mut generic32, mut generic64, mut small32, mut small64] = [(); 4].map(|()| Worst::default());
    for trained in [Trained::All, Trained::Hidden] {
        for features in [20, 128] {
            compare::<f32>(features, trained, &mut random, &mut generic32);
            compare::<f64>(features, trained, &mut random, &mut generic64);
        }
        for features in [1, 2] {
            compare::<f32>(features, trained, &mut random, &mut small32);
            compare::<f64>(features, trained, &mut random, &mut small64);
        }
    }
    generic32.check("dense against convolutional, f32", KERNEL_F32);
    generic64.check("dense against convolutional, f64", KERNEL_F64);
    small32.check("the same of one or two features, f32", KERNEL_F32);
    small64.check("the same of one or two features, f64", KERNEL_F64);
}

#[test]
fn flip_mirrors_every_row_of_every_channel() {
    let mut random = Random(17);
    for shape in SHAPES.map(shape) {
        let image = random.image(shape);
        let mut out = vec![0.0; len(shape)];
        flip(&image, shape.width, &mut out).expect("equal lengths");
        assert_eq!(out, mirrored(shape, &image), "{shape}");
    }
}

/// Scratch may be longer than asked for and hold anything; what lies behind the stated length stays as it was.
#[test]
fn longer_scratch_changes_nothing() {
    let shape = shape([2, 5, 4]);
    let mut random = Random(18);
    let (x, y) = (random.image(shape), random.image(shape));
    for filter in [1, 3, 5, 9] {
        let net: Conv = conv_net(shape, filter, &[Readout::Gap], request(&BOTH, &[3, 4], Trained::All));
        let expected = single::conv::<f64>(&net, &x, &y);
        let mut prepared = [vec![0.0; prepared_len(&net)], vec![0.0; prepared_len(&net)]];
        for (image, out) in [&x, &y].into_iter().zip(&mut prepared) {
            prepare(&net, image, out).expect("buffers of the stated length");
        }
        let need = conv_scratch_len(&net);
        let mut scratch = vec![-7.5; need + 9];
        let mut out = vec![0.0; net.outputs()];
        for _ in 0..2 {
            conv_pair(&net, &prepared[0], &prepared[1], None, &mut scratch, &mut out).expect("longer is fine");
            assert_eq!(out, expected, "filter {filter}");
        }
        assert_eq!(scratch[need..], [-7.5; 9]);
    }
}

/// Near 1/2 of the values would be NaN, had the stated length of a buffer been too short for a filter or a shape.
#[test]
fn any_filter_on_any_small_image_is_finite() {
    let mut random = Random(19);
    for [height, width] in [[1, 1], [1, 2], [2, 1], [1, 5], [5, 1], [2, 2], [3, 2], [4, 5]] {
        for filter in (1..=13).step_by(2).chain([1001, usize::MAX]) {
            let shape = shape([2, height, width]);
            let readouts = [Readout::Vanilla, Readout::Gap, Readout::Lap(3)];
            let net = conv_net(shape, filter, &readouts, request(&BOTH, &[2, 3, 4], Trained::All));
            let values = as_f64(&single::conv::<f64>(&net, &random.image(shape), &random.image(shape)));
            assert!(values.iter().all(|value| value.is_finite()), "{shape} filter {filter}: {values:?}");
        }
    }
}

/// Flip augmentation averages the kernels of an image and of its mirror image.
#[test]
fn flip_augmentation_averages() {
    let shape = shape([2, 3, 4]);
    let mut random = Random(17);
    let (x, y) = (random.image(shape), random.image(shape));
    let net = conv_net(shape, 3, &[Readout::Gap, Readout::Vanilla], request(&BOTH, &[3, 5], Trained::All));
    let plain = single::conv::<f64>(&net, &x, &y);
    let flipped = single::conv::<f64>(&net, &mirrored(shape, &x), &y);
    let mut average = plain.clone();
    assert_eq!(average_flipped(&mut average, &flipped), Ok(()));
    for (index, average) in average.iter().enumerate() {
        assert_eq!(*average, 0.5 * (plain[index] + flipped[index]));
        assert_ne!(*average, plain[index]);
    }
    assert!(average_flipped(&mut average, &[0.0]).is_err());
}
