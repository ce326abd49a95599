//! Gradients against differences, kernels against gradients, and the closed form at large width.

use faer::Mat;
use rayon::ThreadPoolBuilder;
use ultrawide_core::Shape;
use ultrawide_finite::{Architecture, Batch, Error, Head, Layers, Model, Network, Tricks};

#[allow(dead_code, reason = "a file of the core's tests, of which a part is used")]
#[path = "../../core/tests/common/precision.rs"]
mod precision;

use precision::{NET_DISTANCE, NET_GRADIENT, NET_HALVES, NET_KERNEL, NET_LEARNT, NET_LOSS, NET_OUTPUT, NET_SUM};

fn net(shape: [usize; 3], filter: usize, depth: usize, width: usize, head: Head) -> Architecture {
    let [channels, height, width_of_image] = shape;
    let shape = Shape { channels, height, width: width_of_image };
    Architecture { shape, filter, depth, width, outputs: 2, head, tricks: Tricks::default() }
}

/// Plain, and with each trick and both.
const TRICKS: [Tricks; 5] = [
    Tricks { slope: 0.0, residual: None },
    Tricks { slope: 0.2, residual: None },
    Tricks { slope: -1.0, residual: None },
    Tricks { slope: 0.0, residual: Some(1.0) },
    Tricks { slope: -0.3, residual: Some(0.5) },
];

/// Images of smooth pseudo-random numbers.
fn images(net: &Architecture, count: usize) -> Batch {
    let len = net.shape.channels * net.pixels();
    let images: Vec<Vec<f32>> =
        (0..count).map(|n| (0..len).map(|i| ((n * len + i) as f32 * 1.7 + (i * i) as f32).sin()).collect()).collect();
    Batch::new(net.shape, images.iter().map(Vec::as_slice)).unwrap()
}

const NETS: [([usize; 3], usize, usize, Head); 5] = [
    ([5, 1, 1], 1, 2, Head::Vanilla),
    ([5, 1, 1], 1, 4, Head::Vanilla),
    ([2, 3, 4], 3, 3, Head::Vanilla),
    ([2, 4, 3], 3, 4, Head::Gap),
    // A filter larger than the image.
    ([1, 1, 3], 5, 3, Head::Gap),
];

#[test]
fn gradients_are_those_of_differences() {
    for ((shape, filter, depth, head), tricks) in NETS.into_iter().flat_map(|net| TRICKS.map(|tricks| (net, tricks))) {
        let net = Architecture { tricks, ..net(shape, filter, depth, 8, head) };
        let (network, x) = (Network::new(net, 3).unwrap(), images(&net, 3));
        let factors = Mat::from_fn(2, 3, |o, n| 1.0 + o as f32 - 0.5 * n as f32);
        let value = |network: &Network| {
            let outputs = network.forward(&x).outputs;
            (0..3).flat_map(|n| (0..2).map(move |o| (o, n))).map(|at| f64::from(outputs[at] * factors[at])).sum::<f64>()
        };
        let direction = Network::new(net, 4).unwrap();
        for layers in [Layers::All, Layers::Hidden, Layers::Last] {
            let gradient = network.gradient(&network.forward(&x), factors.as_ref(), layers);
            let step = 1e-3;
            let moved = |by: f32| {
                let mut moved = network.clone();
                moved.weights_mut().add(by, direction.weights(), layers);
                value(&moved)
            };
            let difference = (moved(step) - moved(-step)) / f64::from(2.0 * step);
            let slope: f64 = gradient.products(direction.weights()).iter().sum();
            let size = slope.abs().max(1.0);
            assert!(
                (slope - difference).abs() < NET_GRADIENT * size,
                "{net:?} {layers:?}: {slope} against {difference}"
            );
            assert!(slope != 0.0 || (layers == Layers::Hidden && depth == 2), "{net:?} {layers:?}");
        }
    }
}

#[test]
fn kernels_are_products_of_gradients() {
    for ((shape, filter, depth, head), tricks) in NETS.into_iter().flat_map(|net| TRICKS.map(|tricks| (net, tricks))) {
        let net = Architecture { tricks, ..net(shape, filter, depth, 6, head) };
        let (network, x) = (Network::new(net, 5).unwrap(), images(&net, 4));
        let first = Mat::from_fn(2, 1, |output, _| if output == 0 { 1.0 } else { 0.0 });
        for layers in [Layers::All, Layers::Hidden, Layers::Last] {
            let gradients: Vec<_> =
                (0..4).map(|n| network.gradient(&network.forward(&x.select(&[n])), first.as_ref(), layers)).collect();
            let kernel = network.kernel(&x, &x.select(&[1, 3]), layers);
            for n in 0..4 {
                for (column, other) in [1, 3].into_iter().enumerate() {
                    let expected: f64 = gradients[n].products(&gradients[other]).iter().sum();
                    let own: f64 = gradients[n].products(&gradients[n]).iter().sum();
                    let others: f64 = gradients[other].products(&gradients[other]).iter().sum();
                    let error = (kernel[(n, column)] - expected).abs();
                    assert!(error <= NET_KERNEL * (own * others).sqrt(), "{net:?} {layers:?}: {error}");
                }
            }
        }
    }
}

/// A net is homogeneous in the weights of each layer: ⟨W, ∂f/∂W⟩ = f, whatever the layer; a residual connection would lead around it.
#[test]
fn outputs_are_those_of_every_layer() {
    for ((shape, filter, depth, head), tricks) in NETS.into_iter().flat_map(|net| TRICKS.map(|tricks| (net, tricks))) {
        let net = Architecture { tricks, ..net(shape, filter, depth, 30, head) };
        let (network, x) = (Network::new(net, 6).unwrap(), images(&net, 3));
        let pass = network.forward(&x);
        for (output, image) in (0..2).flat_map(|output| (0..3).map(move |image| (output, image))) {
            let one = Mat::from_fn(2, 3, |o, n| if (o, n) == (output, image) { 1.0 } else { 0.0 });
            let gradient = network.gradient(&pass, one.as_ref(), Layers::All);
            let f = f64::from(pass.outputs[(output, image)]);
            let (products, size) = (gradient.products(network.weights()), gradient.products(&gradient));
            for (layer, (product, size)) in (1..).zip(products.into_iter().zip(size)) {
                if tricks.residual.is_none() || layer == 1 || layer == depth {
                    assert!((product - f).abs() <= NET_OUTPUT * size.sqrt(), "{net:?}, layer {layer}: {product}, {f}");
                }
            }
        }
    }
}

#[test]
fn features_make_the_kernel_of_the_last_layer() {
    for (shape, filter, depth, head) in NETS {
        let net = net(shape, filter, depth, 20, head);
        let (network, x) = (Network::new(net, 8).unwrap(), images(&net, 3));
        let (features, kernel) = (network.features(&x), network.kernel(&x, &x, Layers::Last));
        for (i, j) in [(0, 0), (0, 1), (2, 1)] {
            let product: f64 =
                (0..features.nrows()).map(|k| f64::from(features[(k, i)]) * f64::from(features[(k, j)])).sum();
            let size = (kernel[(i, i)] * kernel[(j, j)]).sqrt();
            assert!((product - kernel[(i, j)]).abs() < NET_KERNEL * size, "{net:?}: {product}");
        }
    }
}

#[test]
fn a_model_without_output_learns_and_keeps_its_kernel() {
    let net = net([5, 1, 1], 1, 3, 32, Head::Vanilla);
    let x = images(&net, 6);
    let mut model = Model::antisymmetric(net, 9).unwrap();
    assert!(model.outputs(&x) == Mat::zeros(2, 6));
    let plain = Model::plain(net, 9).unwrap();
    let (own, of_plain) = (model.kernel(&x, &x, Layers::All), plain.kernel(&x, &x, Layers::All));
    assert!((0..6).all(|i| (own[(i, 1)] - of_plain[(i, 1)]).abs() < NET_HALVES * of_plain[(1, 1)]));
    let halved = Model::scaled(net, 0.5, 9).unwrap();
    let (outputs, half) = (plain.outputs(&x), halved.outputs(&x));
    assert!((0..6).all(|i| half[(0, i)] == outputs[(0, i)] / 2.0));
    let y = Mat::from_fn(2, 6, |o, n| if n % 2 == o { 0.9 } else { -0.1 });
    let trace: f64 = (0..6).map(|i| own[(i, i)]).sum();
    let losses: Vec<f64> = (0..400).map(|_| model.step(&x, y.as_ref(), (1.0 / trace) as f32, Layers::All)).collect();
    assert!(losses.windows(2).all(|pair| pair[1] <= pair[0]), "{losses:?}");
    assert!(losses[399] < NET_LEARNT * losses[0], "{losses:?}");
    // ½ Σ y² at an output of 0.
    let expected = (6.0 * 0.81 + 6.0 * 0.01) / 2.0;
    assert!((losses[0] - expected).abs() < NET_LOSS, "{}", losses[0]);
}

#[test]
fn weights_are_added_layer_by_layer() {
    let net = net([2, 3, 4], 3, 4, 8, Head::Vanilla);
    let [own, other] = [1, 2].map(|seed| Network::new(net, seed).unwrap().weights().clone());
    let mut sum = own.clone();
    sum.add(-1.0, &own, Layers::All);
    assert_eq!(sum.products(&sum), [0.0; 4]);
    sum.add(0.1, &other, Layers::Hidden);
    let (products, squares) = (sum.products(&other), other.products(&other));
    for (layer, (product, square)) in (1..).zip(products.into_iter().zip(squares)) {
        let expected = if Layers::Hidden.contain(layer, 4) { f64::from(0.1f32) * square } else { 0.0 };
        assert!((product - expected).abs() <= NET_SUM * expected, "{layer}: {product}, {expected}");
    }
}

#[test]
fn training_some_layers_leaves_the_others() {
    let net = net([2, 3, 4], 3, 4, 8, Head::Vanilla);
    let x = images(&net, 3);
    let y = Mat::from_fn(2, 3, |_, n| n as f32);
    for (layers, moved) in [
        (Layers::All, [true, true, true, true]),
        (Layers::Hidden, [false, true, true, false]),
        (Layers::Last, [false, false, false, true]),
    ] {
        let mut model = Model::plain(net, 2).unwrap();
        let before = model.parts().next().unwrap().1.weights().clone();
        model.step(&x, y.as_ref(), 1e-4, layers);
        let mut distances = model.parts().next().unwrap().1.weights().distances(&before);
        let all = distances.pop().unwrap();
        assert_eq!(distances.iter().map(|&distance| distance > 0.0).collect::<Vec<_>>(), moved, "{layers:?}");
        // The distance of all together, by those of the layers.
        let norms = before.products(&before);
        let squares: f64 = distances.iter().zip(&norms).map(|(distance, norm)| distance.powi(2) * norm).sum();
        assert!((all / (squares / norms.iter().sum::<f64>()).sqrt() - 1.0).abs() < NET_DISTANCE, "{layers:?}: {all}");
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    // More than one tile of a product in each direction.
    let net = net([3, 4, 4], 3, 3, 300, Head::Gap);
    let x = images(&net, 40);
    let y = Mat::from_fn(2, 40, |o, n| (o + n) as f32 / 40.0);
    let train = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut model = Model::plain(net, 1).unwrap();
            let losses: Vec<f64> = (0..3).map(|_| model.step(&x, y.as_ref(), 1e-3, Layers::All)).collect();
            (losses, model.outputs(&x), model.kernel(&x.select(&[0, 7]), &x.select(&[3]), Layers::All))
        })
    };
    let one = train(1);
    assert!([2, 3, 5].into_iter().all(|threads| train(threads) == one));
}

#[test]
fn bytes_are_those_of_weights_and_maps() {
    let dense = net([5, 1, 1], 1, 3, 8, Head::Vanilla);
    assert_eq!(dense.bytes(0, 1), 4.0 * f64::from(5 * 8 + 8 * 8 + 8 * 2));
    let conv = net([2, 3, 4], 3, 3, 8, Head::Vanilla);
    let weights = f64::from(2 * 8 * 9 + 8 * 8 * 9 + 8 * 12 * 2);
    assert_eq!(conv.bytes(5, 2) - conv.bytes(0, 2), 4.0 * f64::from(2 * 3 * 8 * 12 * 5));
    assert_eq!(conv.bytes(0, 3), 3.0 * 4.0 * weights);
}

#[test]
fn what_cannot_be_is_refused() {
    let good = net([1, 2, 2], 3, 3, 4, Head::Gap);
    assert_eq!(good.check(), Ok(()));
    let shape = |height| Shape { channels: 1, height, width: 2 };
    let cases = [
        (Architecture { shape: shape(0), ..good }, Error::Zero("image side")),
        (Architecture { width: 0, ..good }, Error::Zero("width")),
        (Architecture { outputs: 0, ..good }, Error::Zero("outputs")),
        (Architecture { depth: 1, ..good }, Error::Shallow(1)),
        (Architecture { filter: 4, ..good }, Error::EvenFilter(4)),
        (Architecture { tricks: Tricks { slope: f64::NAN, residual: None }, ..good }, Error::NotFinite("slope")),
        (
            Architecture { tricks: Tricks { slope: 0.0, residual: Some(f64::INFINITY) }, ..good },
            Error::NotFinite("strength"),
        ),
        (Architecture { width: 1 << 20, ..good }, Error::TooLarge("width", 1 << 20)),
        (Architecture { shape: shape(usize::MAX), ..good }, Error::TooLarge("image height", usize::MAX)),
    ];
    for (net, expected) in cases {
        assert_eq!(Network::new(net, 0).unwrap_err(), expected);
    }
    let images: [&[f32]; 2] = [&[1.0; 4], &[1.0; 3]];
    let error = Batch::new(shape(2), images.into_iter()).unwrap_err();
    assert_eq!(error.to_string(), "image 1 has 3 numbers, 4 expected");
    assert!(Batch::new(shape(0), std::iter::empty()).is_err());
}
