//! The rules beside the formulas, with multi-precision as the truth: variance maps, the pixel that meets itself, variances of 0, near-identical
//! and opposite images, and how large or small pixels may be.

use ultrawide::simd::Element;
use ultrawide_accuracy::Big;
use ultrawide_accuracy::arithmetic::{Pair, arithmetics};
use ultrawide_accuracy::common::images::{Random, len, replace, scaled, shape};
use ultrawide_accuracy::common::precision::*;
use ultrawide_accuracy::common::single::{self, BOTH, Worst, conv_net, request, rounded};
use ultrawide_accuracy::compare::{errors, record, units, widened};
use ultrawide_core::{Conv, Dense, Number, Readout, Scalar, Trained, prepare, prepared_len};

const READOUTS: [Readout; 3] = [Readout::Vanilla, Readout::Gap, Readout::Lap(1)];

fn net(dimensions: [usize; 3], filter: usize, trained: Trained, depths: &[usize]) -> Conv {
    conv_net(shape(dimensions), filter, &READOUTS, request(&BOTH, depths, trained))
}

fn prepared<S: Scalar>(net: &Conv, image: &[f64]) -> Vec<S> {
    let mut out = vec![S::from_f64(0.0); prepared_len(net)];
    prepare(net, &rounded::<S>(image), &mut out).expect("buffers of the stated length");
    out
}

/// Both floats against multi-precision.
#[derive(Default)]
struct Both {
    f64: Worst,
    f32: Worst,
}

impl Both {
    fn conv(&mut self, net: &Conv, x: &[f64], y: &[f64], unit: Option<&[Big]>, what: &str) {
        let at = |index| format!("{what}, {}, filter {}, output {index}", net.shape(), net.filter());
        self.record(&Pair::Conv(net.clone()), x, y, unit, at);
    }

    fn dense(&mut self, net: &Dense, x: &[f64], y: &[f64], what: &str) {
        let at = |index| format!("{what}, {} features, output {index}", x.len());
        self.record(&Pair::Dense(net.clone()), x, y, None, at);
    }

    fn record(&mut self, pair: &Pair, x: &[f64], y: &[f64], unit: Option<&[Big]>, at: impl Fn(usize) -> String) {
        let exact = pair.kernels::<Big>(x, y);
        let own = units(&exact);
        let unit = unit.unwrap_or(&own);
        record(&mut self.f64, &pair.errors::<f64>(x, y, &exact, unit), &at);
        record(&mut self.f32, &pair.errors::<f32>(x, y, &exact, unit), &at);
    }

    #[track_caller]
    fn check(&self, what: &str, f32: f64, f64: f64) {
        self.f64.check(&format!("{what}, f64"), f64);
        self.f32.check(&format!("{what}, f32"), f32);
    }
}

#[test]
fn variance_maps() {
    fn relative<S: Scalar>(worst: &mut Worst, net: &Conv, image: &[f64]) {
        let exact = prepared::<Big>(net, image);
        let values = widened(&prepared::<S>(net, image));
        let magnitudes: Vec<Big> = exact.iter().map(|value| value.abs()).collect();
        record(worst, &errors(&values, &exact, &magnitudes), |index| format!("{} number {index}", net.shape()));
    }
    let (mut worst, mut random) = (Both::default(), Random(21));
    for dimensions in [[1, 1, 5], [3, 4, 3], [2, 6, 6], [1, 9, 1]] {
        for filter in [1, 3, 5, 31] {
            let net = net(dimensions, filter, Trained::All, &[40]);
            let image = random.image(net.shape());
            let half_black = replace(net.shape(), &image, |_, column| column == 0, |_| 0.0);
            for image in [image, half_black, vec![0.0; len(net.shape())], vec![1.0; len(net.shape())]] {
                relative::<f64>(&mut worst.f64, &net, &image);
                relative::<f32>(&mut worst.f32, &net, &image);
            }
        }
    }
    worst.check("variance maps", VARIANCE * f64::from(f32::EPSILON), VARIANCE * f64::EPSILON);
}

/// λ = 1 is exact where a pixel meets itself: without that rule the kernel would be too small by some √ε.
#[test]
fn an_image_with_itself() {
    let (mut worst, mut random) = (Both::default(), Random(22));
    for dimensions in [[8, 1, 5], [8, 4, 3], [8, 3, 3]] {
        for filter in [1, 3, 5] {
            let net = net(dimensions, filter, Trained::All, &[2, 6, 11]);
            let x = random.image(net.shape());
            worst.conv(&net, &x, &x, None, "an image with itself");
        }
    }
    worst.check("an image with itself", EXACT_F32, EXACT_F64);
}

/// Images apart by one unit of `f32` in a single number up to a tenth in all, relative, and multiples of such images.
#[test]
fn near_identical_images() {
    let (mut worst, mut random) = (Both::default(), Random(23));
    for dimensions in [[1, 3, 3], [3, 4, 3], [8, 1, 1]] {
        let net = net(dimensions, 3, Trained::All, &[6, 11, 21]);
        for (what, x, y) in near(len(net.shape()), &mut random) {
            worst.conv(&net, &x, &y, None, &what);
        }
    }
    worst.check("near-identical images", CLOSE_F32, CLOSE_F64);
}

/// The same of dense nets.
#[test]
fn near_identical_inputs() {
    let (mut worst, mut random) = (Both::default(), Random(27));
    let net = Dense::new(request(&BOTH, &[2, 6, 11, 21], Trained::All));
    for features in [8, 64, 300] {
        for (what, x, y) in near(features, &mut random) {
            worst.dense(&net, &x, &y, &what);
        }
    }
    worst.check("near-identical inputs", CLOSE_F32, CLOSE_F64);
}

/// Pairs of so many numbers.
fn near(count: usize, random: &mut Random) -> Vec<(String, Vec<f64>, Vec<f64>)> {
    let x = random.numbers(count);
    let mut next = x.clone();
    next[count / 2] = f64::from((next[count / 2] as f32).next_up());
    let mut pairs = vec![("one unit in one number".into(), x, next)];
    for distance in [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1] {
        for factor in [1.0, 1.0002, 1.37, 40.0] {
            let x = random.numbers(count);
            let near: Vec<f64> = x.iter().map(|x| x + distance * random.number()).collect();
            pairs.push((format!("{distance:e} apart, {factor} times"), x, scaled(&near, factor)));
        }
    }
    pairs
}

/// Opposite patches lose half the digits of λ in the first layer, and no others do. Of the images with few numbers many patches are opposite.
#[test]
fn opposite_images_shared_pixels_and_flat_regions() {
    let [mut opposite, mut few, mut many] = [(); 3].map(|()| Both::default());
    let mut random = Random(24);
    for dimensions in [[1, 3, 3], [3, 4, 3], [8, 1, 4], [8, 3, 3]] {
        for filter in [1, 3] {
            let net = net(dimensions, filter, Trained::All, &[2, 6, 11]);
            let shape = net.shape();
            let (x, y) = (random.image(shape), random.image(shape));
            let own = single::conv::<Big>(&net, &x, &x);
            opposite.conv(&net, &x, &scaled(&x, -1.0), Some(&own), "opposite images");
            let worst = if dimensions[0] == 8 { &mut many } else { &mut few };
            worst.conv(&net, &x, &replace(shape, &y, |_, column| column < 2, |at| x[at]), None, "shared pixels");
            worst.conv(&net, &vec![0.7f32.into(); x.len()], &vec![0.3f32.into(); x.len()], None, "constant images");
            worst.conv(&net, &replace(shape, &x, |_, column| column < 2, |_| 0.5), &y, None, "a constant region");
            worst.conv(&net, &replace(shape, &x, |_, column| column < 2, |_| 0.0), &y, None, "a black region");
            worst.conv(&net, &vec![0.0; x.len()], &y, None, "a black image");
        }
    }
    opposite.check("opposite images", OPPOSITE_F32, OPPOSITE_F64);
    few.check("shared pixels, flat regions, few numbers", OPPOSITE_F32, EXACT_F64);
    many.check("shared pixels, flat regions", EXACT_F32, EXACT_F64);
}

/// Images whose halves are of very different size, opposite ones in x and y, so that all of K(x, y) lies far below the kernels of x and y
/// with themselves: as exact as any other until a patch counts as black, and then within √(K(x, x) K(y, y)) times the same.
#[test]
fn bright_and_faint_within_an_image() {
    fn check<S: Element>(e: i32, tolerance: f64, limit: i32) -> f64 {
        let (mut random, mut least) = (Random(26), f64::INFINITY);
        for (dimensions, filter) in [([8, 1, 12], 3), ([8, 2, 2], 1), ([3, 4, 4], 3)] {
            let net = net(dimensions, filter, Trained::All, &[2, 6, 11]);
            let shape = net.shape();
            let images = [(); 2].map(|()| random.image(shape));
            let sized = |image: &[f64], bright: bool| -> Vec<f64> {
                let left = |at: usize| at % shape.width < shape.width / 2;
                let size = |at: usize| 10f64.powi(if left(at) == bright { e } else { -e });
                image.iter().enumerate().map(|(at, x)| f64::from((x * size(at)) as f32)).collect()
            };
            let [x, y] = [sized(&images[0], true), sized(&images[1], false)];
            let exact = single::conv::<Big>(&net, &x, &y);
            let [xx, yy] = [&x, &y].map(|image| single::conv::<Big>(&net, image, image));
            let norms: Vec<Big> = xx.iter().zip(&yy).map(|(x, y)| x.mul(*y).sqrt()).collect();
            let pair = Pair::Conv(net);
            for backend in arithmetics() {
                let found = widened(&pair.on::<S>(backend, &x, &y));
                for error in errors(&found, &exact, &norms) {
                    assert!(error < tolerance, "1e{e}: {error:e} of the norms, {dimensions:?}");
                }
                if e <= limit {
                    for error in errors(&found, &exact, &units(&exact)) {
                        assert!(error < tolerance, "1e{e}: {error:e}, {dimensions:?}");
                    }
                }
            }
            least = exact.iter().zip(&norms).map(|(k, norm)| k.abs().div(*norm).to_f64()).fold(least, f64::min);
        }
        least
    }
    for e in [1, 3, 6, 8, 9, 10, 12, 18] {
        let least = check::<f32>(e, EXACT_F32, 9);
        println!("1e{e}: K(x, y) is down to {least:e} of the norms");
        check::<f64>(e, EXACT_F64, 76);
    }
}

/// Pixels from 1e-30 to 1e30: a kernel within the normal range of its type is as exact as any other; one above is infinite, and one
/// below is within the least normal number. `f64` holds all of them.
#[test]
fn pixels_of_any_size() {
    fn within<S: Scalar>(
        values: &[S],
        exact: &[Big],
        unit: &[Big],
        [smallest, largest]: [f64; 2],
        tolerance: f64,
    ) -> usize {
        let mut exactly = 0;
        for (index, error) in errors(&widened(values), exact, unit).into_iter().enumerate() {
            let size = exact[index].abs().to_f64();
            if (RANGE_FROM * smallest..RANGE_TO * largest).contains(&size) {
                exactly += 1;
                assert!(error < tolerance, "{size:e} is off by {error:e}");
            } else if size > largest {
                assert_eq!(values[index].to_f64(), f64::INFINITY, "{size:e}");
            } else if size < smallest {
                assert!((values[index].to_f64() - size).abs() <= smallest, "{size:e}");
            }
        }
        exactly
    }
    let mut random = Random(25);
    let (f32_range, f64_range) = ([f32::MIN_POSITIVE, f32::MAX].map(f64::from), [f64::MIN_POSITIVE, f64::MAX]);
    let mut exactly = [0, 0];
    for filter in [1, 3] {
        let net = net([8, 2, 3], filter, Trained::All, &[2, 3, 11]);
        let (x, y) = (random.image(net.shape()), random.image(net.shape()));
        for x_exponent in (-30..=30).step_by(12) {
            for y_exponent in (-30..=30).step_by(12) {
                let [x, y] = [(&x, x_exponent), (&y, y_exponent)].map(|(image, e)| scaled(image, 10f64.powi(e)));
                let exact = single::conv::<Big>(&net, &x, &y);
                let unit = units(&exact);
                exactly[0] += within(&single::conv::<f32>(&net, &x, &y), &exact, &unit, f32_range, EXACT_F32);
                exactly[1] += within(&single::conv::<f64>(&net, &x, &y), &exact, &unit, f64_range, EXACT_F64);
            }
        }
    }
    println!("compared: {exactly:?}");
    assert!(exactly[0] > 800 && exactly[1] == 2 * 36 * 18, "{exactly:?}");
}
