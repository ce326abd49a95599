//! Images that are close to each other, for which D = n − K is carried beside K and Θ (`core/src/close.rs`), and others that have
//! patches with λ near ±1, against the naive reference.
mod common;

use common::images::{Random, len, replace, scaled, shape};
use common::precision::{CLOSE_F32, DEEP_NNGP, KERNEL_F32};
use common::single::{self, BOTH, conv_net, request};
use common::{naive, of_f32};
use ultrawide_core::{
    Conv, Dense, Kernel, Number, Readout, Shape, Trained, conv_pair, conv_scratch_len, identity_cap, prepare,
    prepared_len,
};

const SHAPES: [([usize; 3], usize); 5] =
    [([3, 6, 6], 3), ([1, 5, 4], 3), ([3, 4, 4], 5), ([4, 1, 1], 1), ([2, 5, 4], 1)];

/// The last depth so large that what is carried is divided on the way.
fn vanilla(dimensions: [usize; 3], filter: usize, trained: Trained) -> Conv {
    // At depth 2 with two layers frozen nothing is trained.
    let depths = if trained == Trained::All { &[2, 3, 6, 11, 21, 40][..] } else { &[3, 6, 11, 21, 40] };
    conv_net(shape(dimensions), filter, &[Readout::Vanilla], request(&BOTH, depths, trained))
}

/// The image with every number up to `distance` away.
fn beside(x: &[f64], distance: f64, random: &mut Random) -> Vec<f64> {
    x.iter().map(|x| f64::from((x + distance * random.number()) as f32)).collect()
}

/// The largest error in `f32`, relative to the kernel or the NNGP, which is the first half of the outputs.
fn error(net: &Conv, x: &[f64], y: &[f64]) -> f64 {
    relative(&single::conv::<f32>(net, x, y), &naive::conv(net, x, y))
}

/// The same against `f64`, where the definitions would take too long.
fn error_beside_f64(net: &Conv, x: &[f64], y: &[f64]) -> f64 {
    relative(&single::conv::<f32>(net, x, y), &single::conv::<f64>(net, x, y))
}

fn relative(found: &[f32], exact: &[f64]) -> f64 {
    let nngp = &exact[..exact.len() / 2];
    let relative = |(index, (found, exact)): (usize, (&f32, &f64))| {
        let error = (f64::from(*found) - exact).abs() / exact.abs().max(nngp[index % nngp.len()]);
        // What is no number is infinitely wrong.
        if error.is_nan() { f64::INFINITY } else { error }
    };
    found.iter().zip(exact).enumerate().map(relative).fold(0.0, f64::max)
}

type Pair = [Vec<f64>; 2];

/// An image and one that is made of it with other random numbers.
fn with(shape: Shape, random: &mut Random, make: impl Fn(&[f64], &mut Random) -> Vec<f64>) -> Pair {
    let x = random.image(shape);
    let y = make(&x, random);
    [x, y]
}

/// Two images of one rule for the number `index`, which starts anew for each.
fn both<R: FnMut(usize) -> f64>(shape: Shape, random: &mut Random, rule: impl Fn(&mut Random) -> R) -> Pair {
    [(); 2].map(|()| {
        let mut rule = rule(random);
        (0..len(shape)).map(|index| f64::from(rule(index) as f32)).collect()
    })
}

/// Pairs of images of which many or all patches are equal, parallel, opposite or nearly so.
fn degenerate(shape: Shape, random: &mut Random) -> Vec<(String, Pair)> {
    let mut pairs = Vec::new();
    for distance in [0.0, 1e-7, 1e-5, 1e-3, 1e-2, 0.1, 0.2, 0.5] {
        let near = with(shape, random, |x, random| beside(x, distance, random));
        pairs.push((format!("{distance:e} apart"), near));
        for factor in [1.0002, 1.37, 17.0] {
            let parallel = with(shape, random, |x, random| scaled(&beside(x, distance, random), factor));
            pairs.push((format!("{factor} times, {distance:e} apart"), parallel));
        }
        let opposite = with(shape, random, |x, random| scaled(&beside(x, distance, random), -1.0));
        pairs.push((format!("opposite, {distance:e} apart"), opposite));
        for share in [2, 8] {
            let partly = with(shape, random, |x, random| {
                let (close, other) = (beside(x, distance, random), random.image(shape));
                replace(
                    shape,
                    &other,
                    |row, column| row * shape.width + column < shape.height * shape.width / share,
                    |at| close[at],
                )
            });
            pairs.push((format!("one in {share} {distance:e} apart"), partly));
        }
    }
    let pixels = shape.height * shape.width;
    // The largest pixels of the two images lie on either side of a power of four, or not.
    let saturated = both(shape, random, |random| {
        let bits = random.bits();
        move |index| (254.0 + (bits >> (index % 64) & 1) as f64 - 120.0) * (4.0 / 134.5)
    });
    pairs.push(("254 beside 255".into(), saturated));
    let flat = both(shape, random, |random| {
        let colour = random.numbers(shape.channels);
        move |index| colour[index / pixels]
    });
    pairs.push(("of one colour each".into(), flat));
    let grey = both(shape, random, |random| {
        let (level, slope) = (random.number(), 0.02 * random.number());
        move |index| level + slope * (index % shape.width) as f64
    });
    pairs.push(("grey, with a gradient".into(), grey));
    let levels = both(shape, random, |random| {
        let bits = random.bits();
        move |index| if bits >> (index % pixels % 64) & 1 == 0 { 0.37 } else { 1.0 }
    });
    pairs.push(("of two greys".into(), levels));
    let region = both(shape, random, |random| {
        let image = random.image(shape);
        move |index| if index % pixels < pixels / 2 { 1.7 } else { image[index] }
    });
    pairs.push(("half saturated".into(), region));
    pairs
}

/// The promise for depth 21, whatever the readout. 1×1 filters never mix what is in different pixels, so that all pairs of patches of two grey images are parallel, in
/// ratios of their own.
#[test]
fn depth_21_of_degenerate_images() {
    let mut random = Random(9);
    for (dimensions, filter) in [([3, 6, 6], 3), ([1, 5, 4], 3), ([3, 4, 4], 5), ([8, 1, 1], 1), ([3, 4, 4], 1)] {
        let (shape, readouts) = (shape(dimensions), [Readout::Vanilla, Readout::Gap, Readout::Lap(1)]);
        for readout in readouts {
            let net = conv_net(shape, filter, &[readout], request(&BOTH, &[21], Trained::All));
            for _ in 0..4 {
                for (what, [x, y]) in degenerate(shape, &mut random) {
                    let error = error(&net, &x, &y);
                    assert!(error <= of_f32(KERNEL_F32), "{shape}, filter {filter}, {readout:?}, {what}: {error:e}");
                }
            }
        }
    }
}

/// Pairs of larger images, in which rounding errors of equal patches add up: of one colour, in part or with noise, in two ratios to each other, all but black.
fn uniform(shape: Shape, distance: f64, random: &mut Random) -> Vec<(&'static str, Pair)> {
    let pixels = shape.height * shape.width;
    let colour = random.numbers(shape.channels);
    let apart: [Vec<f64>; 2] = [(); 2].map(|()| random.numbers(shape.channels));
    let flat = apart.each_ref().map(|apart| -> Vec<f64> {
        (0..len(shape)).map(|at| f64::from((colour[at / pixels] + distance * apart[at / pixels]) as f32)).collect()
    });
    let in_part =
        |image: &Vec<f64>, other: &[f64], part: fn(usize, usize) -> bool| replace(shape, other, part, |at| image[at]);
    let (ground, x) = (random.image(shape), random.image(shape));
    let noisy = [(); 2].map(|()| beside(&flat[0], distance, random));
    let near = beside(&x, distance, random);
    let grown = in_part(&scaled(&near, 10.0), &near, |_, column| column >= 7);
    let black = vec![0.0; len(shape)];
    let lit = flat.each_ref().map(|flat| in_part(flat, &black, |row, column| (row, column) == (9, 3)));
    let bright = [&x, &near].map(|x| in_part(&scaled(x, 30.0), &ground, |row, column| row < 4 && column < 4));
    let half = flat.each_ref().map(|flat| in_part(flat, &ground, |row, _| row < 5));
    let few = [flat[0].clone(), in_part(&flat[1], &ground, |row, column| row == 0 && column < 5)];
    let chequered = [0.5, 0.5 + distance].map(|ratio| -> Vec<f64> {
        let square = |at: usize| (at / shape.width + at % shape.width).is_multiple_of(2);
        (0..len(shape))
            .map(|at| f64::from((if square(at) { ratio } else { 1.0 } * colour[at / pixels]) as f32))
            .collect()
    });
    vec![
        ("of one colour each", flat),
        ("of one colour, with noise", noisy),
        ("half of one colour", half),
        ("of one colour, and few pixels of it", few),
        ("in two ratios", [x, grown]),
        ("one pixel lit", lit),
        ("bright in one corner", bright),
        ("chequered", chequered),
    ]
}

/// Against `f64`, whose own errors are 2^-29 of those of `f32` (`core/tests/reference.rs`): a naive reference of so many pixels would take long.
#[test]
fn depth_21_of_uniform_images() {
    let mut random = Random(13);
    for (dimensions, filter, readout, rounds) in [
        ([3, 24, 24], 3, Readout::Vanilla, 8),
        ([3, 16, 16], 3, Readout::Gap, 1),
        ([1, 16, 16], 3, Readout::Lap(1), 1),
        ([3, 16, 16], 5, Readout::Lap(1), 1),
        ([3, 12, 12], 1, Readout::Gap, 1),
        ([2, 12, 12], 1, Readout::Vanilla, 8),
        ([2, 12, 12], 1, Readout::Lap(1), 1),
    ] {
        let net = conv_net(shape(dimensions), filter, &[readout], request(&BOTH, &[21], Trained::All));
        for distance in [0.0, 1e-4, 1e-3, 1e-2, 0.1, 0.3].repeat(rounds) {
            for (what, [x, y]) in uniform(net.shape(), distance, &mut random) {
                let error = relative(&single::conv::<f32>(&net, &x, &y), &single::conv::<f64>(&net, &x, &y));
                assert!(
                    error <= of_f32(KERNEL_F32),
                    "{dimensions:?}, filter {filter}, {readout:?}, {what}, {distance:e}: {error:e}"
                );
            }
        }
    }
}

/// The same of dense nets, at every depth: there n is the same in all layers, and what matters is the n − Σ of the first.
#[test]
fn dense_nets_of_degenerate_inputs() {
    let mut random = Random(10);
    let net = Dense::new(request(&BOTH, &[3, 6, 11, 21], Trained::All));
    for features in [3, 8, 64, 784] {
        for _ in 0..10 {
            for distance in [0.0, 1e-7, 1e-5, 1e-3, 1e-2, 0.1, 0.2, 0.5, 1.0] {
                for factor in [1.0, 1.0002, 1.37, 17.0] {
                    let x = random.numbers(features);
                    let y = scaled(&beside(&x, distance, &mut random), factor);
                    let error = relative(&single::dense::<f32>(&net, &x, &y), &naive::dense(&net, &x, &y));
                    assert!(
                        error <= of_f32(KERNEL_F32),
                        "{features} features, {factor} times, {distance:e} apart: {error:e}"
                    );
                }
            }
        }
    }
}

/// K follows from n − |K| where that is less, and n − |K| from positive terms: so the errors of the layers do not add in K.
#[test]
fn deep_dense_nets() {
    let (mut random, mut largest) = (Random(14), 0f64);
    for slope in [0.0, 0.5, 0.995, 1.001, -0.99] {
        let net = Dense::new(request(&[Kernel::Nngp], &[200], Trained::All)).with_slope(slope).unwrap();
        for features in [8, 64] {
            for _ in 0..20 {
                let x = random.numbers(features);
                for distance in [1e-3, 1e-2, 0.1, 0.3] {
                    for factor in [1.0, -1.0] {
                        let y = scaled(&beside(&x, distance, &mut random), factor);
                        let [found] = single::dense::<f32>(&net, &x, &y)[..] else { panic!("one output") };
                        let [xy, xx, yy] =
                            [(&x, &y), (&x, &x), (&y, &y)].map(|(x, y)| single::dense::<f64>(&net, x, y)[0]);
                        let error = (f64::from(found) - xy).abs() / (xx * yy).sqrt();
                        assert!(
                            error <= of_f32(DEEP_NNGP),
                            "slope {slope}, {features} features, {distance} from {factor}: {error:e}"
                        );
                        largest = largest.max(error);
                    }
                }
            }
        }
    }
    println!("dense NNGP at depth 200: at most {largest:.2e}");
}

/// An image's kernel with another has the bits of the other's with it.
#[test]
fn close_images_are_symmetric() {
    let mut random = Random(12);
    for (dimensions, filter) in SHAPES {
        let net = vanilla(dimensions, filter, Trained::All);
        for (what, [x, y]) in degenerate(net.shape(), &mut random) {
            let kernels = [(&x, &y), (&y, &x)].map(|(x, y)| single::conv::<f32>(&net, x, y));
            assert_eq!(kernels[0], kernels[1], "{dimensions:?}, filter {filter}, {what}");
            let kernels =
                [(&x, &y), (&y, &x)].map(|(x, y)| single::dense::<f32>(&Dense::new(net.request().clone()), x, y));
            assert_eq!(kernels[0], kernels[1], "{dimensions:?}, {what}");
        }
    }
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

/// A region of a large image is not mixed with what is around it, and its errors have one sign: a small part of the image counts.
#[test]
fn equal_regions_of_large_images() {
    let mut random = Random(9);
    let mut largest = 0f64;
    for dimensions in [[1, 1, 4000], [3, 1, 1000], [3, 128, 128]] {
        let net = conv_net(shape(dimensions), 3, &[Readout::Vanilla], request(&BOTH, &[21], Trained::All));
        let [_, height, width] = dimensions;
        for part in [66, 80, 300] {
            let pixels = height * width / part;
            let side = if height == 1 { pixels } else { pixels.isqrt() };
            let colour = random.number();
            let inside = |row: usize, column: usize| row < side && column < side;
            let [x, y] = [(); 2].map(|()| random.image(net.shape()));
            // The same colour in two brightnesses, and equal pixels.
            let [flat, brighter] = [(&x, colour), (&y, 1.5 * colour)]
                .map(|(image, colour)| scaled(&replace(net.shape(), image, inside, |_| colour), 1.0));
            let equal = replace(net.shape(), &y, inside, |at| x[at]);
            for (x, y) in [(&flat, &brighter), (&x, &equal)] {
                let error = error_beside_f64(&net, x, y);
                assert!(error <= of_f32(KERNEL_F32), "{dimensions:?}, one in {part}: {error:e}");
                largest = largest.max(error);
            }
        }
    }
    println!("regions of large images: at most {largest:.2e}");
}

/// Products of many channels that are equal have rounding errors of one sign.
#[test]
fn hundreds_of_channels() {
    let mut random = Random(12);
    let mut largest = 0f64;
    for (channels, width) in [100, 400, 2000].into_iter().flat_map(|channels| [(channels, 1), (channels, 2)]) {
        let net = conv_net(shape([channels, 1, width]), 3, &[Readout::Gap], request(&BOTH, &[21], Trained::All));
        for part in [0.0, 0.3, 0.6, 0.9] {
            let tones = [(); 4].map(|()| random.number());
            let [x, y] = [[tones[0], tones[1]], [tones[0], tones[2]]].map(|[most, others]| {
                let others_from = ((1.0 - part) * (channels * width) as f64) as usize;
                let tone = |at: usize| if at < others_from { most } else { others };
                scaled(&(0..channels * width).map(tone).collect::<Vec<_>>(), 1.0)
            });
            let error = error_beside_f64(&net, &x, &y);
            assert!(error <= of_f32(KERNEL_F32), "{channels} channels, {width} pixels, {part}: {error:e}");
            largest = largest.max(error);
        }
    }
    println!("hundreds of channels: at most {largest:.2e}");
}

/// Neither does it matter how faint a region of one colour is, which then is a large part of the pixels and a small one of the kernel.
#[test]
fn faint_regions() {
    let mut random = Random(11);
    let mut largest = 0f64;
    for (dimensions, readout) in
        [([3, 1, 497], Readout::Vanilla), ([2, 3, 208], Readout::Lap(1)), ([3, 32, 32], Readout::Vanilla)]
    {
        let net = conv_net(shape(dimensions), 3, &[readout], request(&BOTH, &[21], Trained::All));
        let [_, height, width] = dimensions;
        for (length, brightness) in [0.03, 0.07, 0.15, 0.4, 0.8]
            .into_iter()
            .flat_map(|part: f64| [1.0, 0.4, 0.2, 0.1, 0.05].map(|brightness| (part * width as f64, brightness)))
        {
            let inside = |row: usize, column: usize| {
                (column as f64) < length && (height < 4 || (row as f64) < length * height as f64 / width as f64)
            };
            let colour = brightness * random.number();
            let [x, y] = [1.0, 1.5].map(|factor| {
                scaled(&replace(net.shape(), &random.image(net.shape()), inside, |_| factor * colour), 1.0)
            });
            let error = error_beside_f64(&net, &x, &y);
            assert!(error <= of_f32(KERNEL_F32), "{dimensions:?}, {length} columns of {brightness}: {error:e}");
            largest = largest.max(error);
        }
    }
    println!("faint regions: at most {largest:.2e}");
}

/// Patterns repeat their patches, whatever their period, and their errors.
#[test]
fn patterns() {
    let mut random = Random(10);
    let mut largest = 0f64;
    for (dimensions, filter) in [([4, 1, 64], 3), ([1, 1, 96], 3), ([3, 16, 16], 3), ([1, 12, 12], 5), ([8, 2, 2], 1)] {
        let net = conv_net(shape(dimensions), filter, &[Readout::Vanilla], request(&BOTH, &[21], Trained::All));
        let [_, height, width] = dimensions;
        for (period, distance) in (1..6).flat_map(|period| [0.05, 0.1, 0.3, 0.7].map(|distance| (period, distance))) {
            for _ in 0..4 {
                let x = random.image(net.shape());
                let near = beside(&x, distance, &mut random);
                let [x, y] = [&x, &near].map(|image| {
                    let tiled = |at: usize| {
                        let (plane, row, column) = (at / (height * width), at / width % height, at % width);
                        image[(plane * height + row % period) * width + column % period]
                    };
                    (0..image.len()).map(tiled).collect::<Vec<_>>()
                });
                let error = error_beside_f64(&net, &x, &y);
                let what = || format!("{dimensions:?}, filter {filter}, period {period}, {distance} apart");
                assert!(error <= of_f32(KERNEL_F32), "{}: {error:e}", what());
                largest = largest.max(error);
            }
        }
    }
    println!("patterns: at most {largest:.2e}");
}

/// What a lane holds does not depend on whether the other one is close.
#[test]
fn lanes_do_not_meet() {
    let mut random = Random(7);
    for (dimensions, filter) in SHAPES {
        let net = vanilla(dimensions, filter, Trained::All);
        for distance in [9.0, 0.5, 1e-1, 3e-2, 1e-2, 1e-3, 0.0] {
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
