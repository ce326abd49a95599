//! The bound on the errors of whole kernels, at all depths where multi-precision is quick: `accuracy growth` goes on from here.

use ultrawide_accuracy::Big;
use ultrawide_accuracy::arithmetic::{Pair, arithmetics};
use ultrawide_accuracy::common::images::{Random, beside, scaled, shape};
use ultrawide_accuracy::common::naive::conv_terms;
use ultrawide_accuracy::common::precision::{
    ANY_LAYERS, BOUND_DIGITS, BOUND_USED, CLOSE_NTK_LAYERS, GENERIC, KERNEL_F32, LEAST_F32,
};
use ultrawide_accuracy::common::single::{self, BOTH, PAPER_DEPTHS, Worst, conv_net, request};
use ultrawide_accuracy::compare::means;
use ultrawide_accuracy::growth::images::{IMAGES, least_u};
use ultrawide_accuracy::growth::{self, EPSILONS, Job, Net, Of, READOUTS, Row};
use ultrawide_core::{Dense, Number, Readout, Scalar, Trained};

/// Checks the bound, and that it is one and not a wide margin.
fn check(shapes: &[([usize; 3], usize)], dense: bool, depths: &[usize], seeds: u64) {
    let mut largest = [0f64; 2];
    for &(shape, filter) in shapes {
        for images in IMAGES {
            for trained in [Trained::All, Trained::Hidden] {
                for seed in 100..100 + seeds {
                    for row in (Job { shape, dense, filter, images, trained, seed }).measure(depths) {
                        record(&mut largest, &row);
                    }
                }
            }
        }
    }
    println!("{shapes:?}: at most {:.2} (f32) and {:.2} (f64) of the bound", largest[0], largest[1]);
    assert!(largest.iter().all(|&part| part > BOUND_USED), "the bound is far too wide: {largest:?}");
}

fn record(largest: &mut [f64; 2], row: &Row) {
    for (largest, part) in largest.iter_mut().zip(row.parts()) {
        if let Some(part) = part {
            *largest = largest.max(part);
            assert!(part <= 1.0, "{part:.3} of the bound: {row:?}");
        }
    }
}

#[test]
fn dense() {
    let features = [8, 48, 192, 3072].map(|features| ([1, 1, features], 1));
    check(&features, true, &[2, 3, 6, 11, 21, 50, 100, 200], 4);
}

#[test]
fn convolutional() {
    check(&[([8, 1, 3], 3), ([8, 2, 2], 3)], false, &[2, 3, 6, 11, 21, 48, 80, 128, 200], 1);
    check(&[([3, 4, 4], 3), ([8, 3, 3], 5)], false, &[2, 3, 6, 11], 1);
}

/// The bounds of all outputs, in their order, in units of ε.
fn bounds(nets: &[Net], trained: Trained, numbers: usize, depths: &[usize]) -> Vec<f64> {
    let each = |kernel| {
        let of = Of::new(kernel, trained);
        nets.iter().flat_map(move |&net| depths.iter().map(move |&d| growth::bound(net, of, numbers, d)))
    };
    BOTH.into_iter().flat_map(each).collect()
}

/// Deep convolutional nets on images so large that `f32` holds their kernels: `f64` is the truth, as the bound allows it 3e-13.
#[test]
fn f32_of_deep_nets() {
    const DEPTHS: [usize; 5] = [48, 96, 128, 160, 200];
    let (nets, readouts) = READOUTS.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
    let (mut largest, mut compared) = (0f64, 0);
    for (dimensions, trained) in [([3, 4, 4], Trained::All), ([3, 4, 4], Trained::Hidden), ([3, 6, 6], Trained::All)] {
        let net = conv_net(shape(dimensions), 3, &readouts, request(&BOTH, &DEPTHS, trained));
        let bounds = bounds(&nets, trained, 27, &DEPTHS);
        for (images, seed) in IMAGES.into_iter().flat_map(|images| (0..4).map(move |seed| (images, seed))) {
            let [x, y] = images.pair(net.shape(), &mut Random(seed));
            let exact = single::conv::<f64>(&net, &x, &y);
            for backend in arithmetics() {
                let found = Pair::Conv(net.clone()).on::<f32>(backend, &x, &y);
                for ((found, exact), bound) in found.iter().zip(&exact).zip(&bounds) {
                    assert!(exact.abs() > LEAST_F32, "beyond f32: {exact:e}");
                    let part = (f64::from(*found) - exact).abs() / (exact.abs() * bound * EPSILONS[0]);
                    assert!(part <= 1.0, "{part:.3} of the bound: {images:?} {seed} {dimensions:?}, {backend}");
                    (largest, compared) = (largest.max(part), compared + 1);
                }
            }
        }
    }
    println!("deep nets in f32: at most {largest:.2} of the bound, of {compared} kernels");
    assert!(largest > BOUND_USED, "the bound is far too wide: {largest}");
}

/// The bound holds of leaky ReLUs and residual connections, too, relative to what may cancel.
#[test]
fn leaky_and_residual() {
    const DEPTHS: [usize; 3] = [3, 21, 200];
    let mut random = Random(31);
    let mut largest = [0f64; 2];
    let mut check = |pair: &Pair, [x, y]: [&[f64]; 2], units: &[Big], bounds: &[f64]| {
        let big = pair.kernels::<Big>(x, y);
        let found = [pair.errors::<f32>(x, y, &big, units), pair.errors::<f64>(x, y, &big, units)];
        for (precision, errors) in found.iter().enumerate() {
            for (index, (error, bound)) in errors.iter().zip(bounds).enumerate() {
                // What `f32` does not hold.
                if precision == 0 && big[index].abs().to_f64() < LEAST_F32 {
                    continue;
                }
                let part = error / (bound * EPSILONS[precision]);
                assert!(part <= 1.0, "{part:.3} of the bound, output {index}: {pair:?}");
                largest[precision] = largest[precision].max(part);
            }
        }
    };
    for trained in [Trained::All, Trained::Hidden] {
        // Where λ hardly changes from layer to layer errors add. The NTK of convolutional nets has what plain ones have besides.
        let bounds = |nets: &[Net], numbers: usize| -> Vec<f64> {
            let each = |of| {
                nets.iter().flat_map(move |&net| {
                    DEPTHS.into_iter().map(move |d| {
                        let grows = net != Net::Dense && of != Of::Nngp;
                        growth::bound(net, of, numbers, if grows { d } else { 0 }) + ANY_LAYERS * d as f64
                    })
                })
            };
            BOTH.into_iter().flat_map(|kernel| each(Of::new(kernel, trained))).collect()
        };
        for slope in [-1.0, 0.1, 0.5, 0.99, 0.999, 1.001] {
            let (net, readouts) = READOUTS.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
            for (dimensions, filter, numbers, pairs) in [([8, 1, 3], 3, 72, 1), ([8, 1, 1], 1, 8, 12)] {
                let conv = conv_net(shape(dimensions), filter, &readouts, request(&BOTH, &DEPTHS, trained));
                let conv = conv.with_slope(slope).expect("a finite slope");
                for _ in 0..pairs {
                    let [x, y] = [(); 2].map(|()| random.image(conv.shape()));
                    let units = means(&conv_terms(&conv, &x), &conv_terms(&conv, &y));
                    check(&Pair::Conv(conv.clone()), [&x, &y], &units, &bounds(&net, numbers));
                }
            }
            let dense = Dense::new(request(&BOTH, &DEPTHS, trained)).with_slope(slope).expect("a finite slope");
            let (x, y) = (random.numbers(48), random.numbers(48));
            for net in [dense.clone(), dense.with_residual(1.0).expect("a finite strength")] {
                let [of_x, of_y] = [&x, &y].map(|x| single::dense::<f64>(&net, x, x));
                check(&Pair::Dense(net), [&x, &y], &means(&of_x, &of_y), &bounds(&[Net::Dense], 48));
            }
        }
    }
    println!("leaky and residual: at most {:.2} (f32) and {:.2} (f64) of the bound", largest[0], largest[1]);
    assert!(largest.iter().all(|&part| part > BOUND_USED), "the bound is far too wide: {largest:?}");
}

/// Dense nets of any slope and strength have a wider bound, and inputs may be generic, equal, close or opposite: `f64` is the truth, as the bound allows it 3e-14.
#[test]
fn dense_nets_of_any_kind() {
    const DEPTHS: [usize; 3] = [3, 21, 200];
    static SLOPES: [f64; 12] = [0.0, 0.1, 0.5, 0.9, 0.99, 0.995, 0.999, 1.001, 3.0, -0.5, -0.9, -1.0];
    let strengths = [None, Some(1e-3), Some(0.1), Some(0.3), Some(1.0), Some(3.0), Some(10.0)];
    let (mut random, mut largest, mut at_21) = (Random(37), [0f64; 2], 0f64);
    let nets = SLOPES.into_iter().flat_map(|slope| strengths.map(|strength| (slope, strength)));
    for (slope, strength) in nets {
        for trained in [Trained::All, Trained::Hidden] {
            let net = Dense::new(request(&BOTH, &DEPTHS, trained)).with_slope(slope).expect("a finite slope");
            let net =
                strength.map_or(Ok(net.clone()), |strength| net.with_residual(strength)).expect("a finite strength");
            let plain = slope == 0.0 && strength.is_none();
            for features in [2, 8, 128, 200].repeat(if plain { 100 } else { 5 }) {
                let x = random.numbers(features);
                let [close, closer] = [1e-2, 1e-3].map(|apart| beside(&x, apart, &mut random));
                let multiples = [scaled(&x, 0.5 + random.number().abs()), scaled(&x, -1.0), scaled(&closer, -1.7)];
                let others = [random.numbers(features), x.clone(), beside(&x, 0.1, &mut random), close, closer];
                for y in others.into_iter().chain(multiples) {
                    let [exact, of_x, of_y] =
                        [(&x, &y), (&x, &x), (&y, &y)].map(|(x, y)| single::dense::<f64>(&net, x, y));
                    let pair = Pair::Dense(net.clone());
                    let found = arithmetics().into_iter().flat_map(|backend| pair.on::<f32>(backend, &x, &y));
                    for (index, found) in found.enumerate() {
                        let index = index % exact.len();
                        let unit = (of_x[index] * of_y[index]).sqrt();
                        // What `f32` does not hold.
                        if unit < LEAST_F32 {
                            continue;
                        }
                        let (depth, error) = (DEPTHS[index % 3], (f64::from(found) - exact[index]).abs() / unit);
                        let bound = |of, depth| growth::bound(Net::Dense, of, features, depth);
                        let bound = if plain {
                            bound(Of::new(BOTH[index / 3], trained), depth)
                        } else {
                            // What does not grow with the depth is the same.
                            bound(Of::Nngp, 0) + ANY_LAYERS * depth as f64
                        };
                        let part = error / (bound * EPSILONS[0]);
                        assert!(part <= 1.0, "{part:.3} of the bound, output {index}: {net:?}, {x:?}, {y:?}");
                        let largest = &mut largest[usize::from(!plain)];
                        *largest = largest.max(part);
                        at_21 = if depth == 21 { at_21.max(error) } else { at_21 };
                    }
                }
            }
        }
    }
    let [plain, other] = largest;
    println!(
        "dense nets of any kind in f32: at most {plain:.2} (plain) and {other:.2} of the bounds, {at_21:.2e} at depth 21"
    );
    assert!(at_21 < KERNEL_F32, "{at_21:.2e} at depth 21");
    assert!(largest.into_iter().all(|part| part > BOUND_USED), "the bounds are far too wide: {largest:?}");
}

/// Images that are close to each other, of nearly one colour, or alike in part: their errors grow with the depth by a bound of their own.
#[test]
fn close_images_at_any_depth() {
    const DEPTHS: [usize; 6] = [3, 6, 11, 21, 70, 200];
    let (mut random, mut largest, mut counted) = (Random(43), [0f64; 2], 0);
    for (dimensions, readout) in [
        ([3, 4, 4], Readout::Vanilla),
        ([3, 8, 8], Readout::Vanilla),
        ([3, 1, 12], Readout::Lap(1)),
        ([8, 3, 3], Readout::Gap),
    ] {
        for trained in [Trained::All, Trained::Hidden] {
            let net = conv_net(shape(dimensions), 3, &[readout], request(&BOTH, &DEPTHS, trained));
            let pixels = net.shape().height * net.shape().width;
            for distance in [1e-4, 1e-3, 1e-2, 0.05, 0.15, 0.5].repeat(6) {
                let [x, other] = [random.image(net.shape()), random.image(net.shape())];
                let colours = [random.numbers(dimensions[0]), random.numbers(dimensions[0])];
                let near = |number: f64, by: f64| f64::from((number + distance * by) as f32);
                let part = (random.number().abs() * pixels as f64) as usize;
                let of = |at: &dyn Fn(usize) -> f64| (0..x.len()).map(at).collect::<Vec<_>>();
                let pairs = [
                    [x.clone(), of(&|i| near(x[i], other[i]))],
                    [
                        of(&|i| near(colours[0][i / pixels], x[i])),
                        of(&|i| near(colours[0][i / pixels], colours[1][i / pixels] + other[i])),
                    ],
                    [&x, &other].map(|image| {
                        of(&|i| if i % pixels < part { f64::from(colours[0][i / pixels] as f32) } else { image[i] })
                    }),
                ];
                for [x, y] in pairs {
                    let exact = single::conv::<f64>(&net, &x, &y);
                    for backend in arithmetics() {
                        for (index, found) in Pair::Conv(net.clone()).on::<f32>(backend, &x, &y).into_iter().enumerate()
                        {
                            let (number, depth) = (index / DEPTHS.len(), DEPTHS[index % DEPTHS.len()]);
                            // κ0 Θ + K, which may be near 0, has terms as large as K.
                            let unit = exact[index].abs().max(exact[index % DEPTHS.len()].abs());
                            if unit < LEAST_F32 {
                                continue;
                            }
                            let grows = if number == 0 { 0.0 } else { CLOSE_NTK_LAYERS * (depth * depth) as f64 };
                            let bound = growth::bound(Net::Vanilla, Of::Nngp, 9 * dimensions[0], 0);
                            let bound = bound + ANY_LAYERS * depth as f64 + grows;
                            let part = (f64::from(found) - exact[index]).abs() / unit / (bound * EPSILONS[0]);
                            assert!(part <= 1.0, "{part:.3} of the bound, depth {depth}: {net:?}, {x:?}, {y:?}");
                            largest[number] = largest[number].max(part);
                            counted += 1;
                        }
                    }
                }
            }
        }
    }
    println!(
        "close images: at most {:.2} (NNGP) and {:.2} (NTK) of the bound, {counted} kernels",
        largest[0], largest[1]
    );
    assert!(largest.iter().all(|&part| part > BOUND_USED), "the bound is far too wide: {largest:?}");
}

/// Images of which a filter sees the whole, or nearly: there all patches are one, and so are their errors.
#[test]
fn f32_of_images_of_one_patch() {
    let (mut worst, mut random) = (Worst::default(), Random(41));
    let readouts = [Readout::Vanilla, Readout::Gap];
    for (dimensions, filter, pairs) in [
        ([1, 3, 3], 5, 150),
        ([8, 3, 3], 5, 150),
        ([16, 3, 3], 7, 60),
        ([27, 1, 1], 3, 600),
        ([8, 1, 1], 1, 600),
        ([8, 2, 2], 3, 300),
        ([3, 6, 6], 11, 4),
    ] {
        for slope in [0.0, -0.5, -1.0] {
            let net = conv_net(shape(dimensions), filter, &readouts, request(&BOTH, &PAPER_DEPTHS, Trained::All));
            let pair = Pair::Conv(net.with_slope(slope).expect("a finite slope"));
            let Pair::Conv(net) = &pair else { unreachable!("a convolutional net") };
            for _ in 0..pairs {
                let x = random.image(net.shape());
                let others = [0.2, 0.4, 0.6].map(|apart| beside(&x, apart, &mut random));
                for y in others.into_iter().chain([scaled(&x, 0.5 + random.number().abs())]) {
                    let exact = single::conv::<f64>(net, &x, &y);
                    let terms = [&x, &y].map(|image| conv_terms(net, image));
                    // Kernels of leaky nets may cancel.
                    let units = |index: usize| {
                        if slope == 0.0 { exact[index].abs() } else { (terms[0][index] * terms[1][index]).sqrt() }
                    };
                    for backend in arithmetics() {
                        for (index, found) in pair.on::<f32>(backend, &x, &y).into_iter().enumerate() {
                            let what =
                                || format!("{dimensions:?}, filter {filter}, slope {slope}, output {index}, {backend}");
                            worst.record(f64::from(found), exact[index], units(index), what);
                        }
                    }
                }
            }
        }
    }
    worst.check("f32, images of one patch", KERNEL_F32);
}

/// The paper's depths, up to 21, with many more pairs and larger images: `f64` is the truth, as the bound above allows it 2e-14.
#[test]
fn f32_at_the_depths_of_the_paper() {
    let (mut worst, mut least) = (Worst::default(), f64::INFINITY);
    let readouts = [Readout::Vanilla, Readout::Gap, Readout::Lap(1)];
    for trained in [Trained::All, Trained::Hidden] {
        let request = || request(&BOTH, &PAPER_DEPTHS, trained);
        for images in IMAGES {
            for (dimensions, filter, pairs) in
                [([8, 3, 3], 3, 20), ([8, 3, 3], 5, 20), ([3, 4, 4], 3, 20), ([3, 8, 8], 3, 4), ([3, 12, 12], 5, 1)]
            {
                let net = conv_net(shape(dimensions), filter, &readouts, request());
                for seed in 0..pairs {
                    let [x, y] = images.pair(net.shape(), &mut Random(seed));
                    least = least.min(least_u(net.shape(), filter, &x, &y));
                    let pair = Pair::Conv(net.clone());
                    let f64 = single::conv::<f64>(&net, &x, &y);
                    for backend in arithmetics() {
                        let f32 = pair.on::<f32>(backend, &x, &y);
                        worst.record_all(&f32, &f64, |at| format!("{images:?} {seed} {dimensions:?} {filter} {at}"));
                    }
                }
            }
            let net = Dense::new(request());
            let pair = Pair::Dense(net.clone());
            for (features, seed) in [8, 48, 192, 784, 3072].into_iter().flat_map(|n| (0..50).map(move |seed| (n, seed)))
            {
                let [x, y] = images.pair(shape([1, 1, features]), &mut Random(seed));
                least = least.min(least_u(shape([features, 1, 1]), 1, &x, &y));
                let f64 = single::dense::<f64>(&net, &x, &y);
                for backend in arithmetics() {
                    let f32 = pair.on::<f32>(backend, &x, &y);
                    worst.record_all(&f32, &f64, |at| format!("{images:?} {seed} dense {features} {at}"));
                }
            }
        }
    }
    worst.check("f32 up to depth 21", KERNEL_F32);
    println!("1 − |λ| of two patches: at least {least:e}");
    assert!(least > GENERIC, "not as generic as stated: {least:e}");
}

#[test]
fn the_bound_grows_with_what_it_depends_on() {
    for (of, at_21, at_200) in [(Of::Nngp, 16.42, 38.79), (Of::NtkAll, 35.84, 2013.79), (Of::NtkHidden, 35.84, 2013.79)]
    {
        let bound = |numbers, depth| growth::bound(Net::Vanilla, of, numbers, depth);
        assert!((bound(27, 21) - at_21).abs() < BOUND_DIGITS);
        assert!((bound(27, 200) - at_200).abs() < BOUND_DIGITS);
        assert_eq!(bound(128, 21), bound(3072, 21));
        assert!(bound(27, 21) < bound(128, 21));
        let [dense, half] = [200, 100].map(|depth| growth::bound(Net::Dense, of, 27, depth));
        assert!(dense - half <= half, "a dense net's grows with the depth, not with its square: {half}, {dense}");
    }
}
