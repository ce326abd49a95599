//! The classifier against the definitions, and its functions of pairs against the core.

#[path = "../../core/tests/common/mod.rs"]
mod common;

use common::images::{Random, shape};
use common::precision::KERNEL_F32;
use common::single::{self, BOTH, Worst, as_f64, conv_net, request};
use common::{naive, of_f32};
use ultrawide_classifier::pair::{conv_kernels, conv_kernels_f32, dense_kernels, dense_kernels_f32, prepare_f32};
use ultrawide_classifier::{Affine, Images, Model, Network};
use ultrawide_core::{Dense, Readout, Trained, conv_scratch_len, prepare, prepared_len};

const SHAPE: [usize; 3] = [2, 4, 3];
const LEN: usize = 24;
const SUPPORT: usize = 5;
const CLASSES: usize = 3;
const BYTES: Affine<'_> = Affine { scale: &[0.0123, 1.0 / 255.0], offset: &[-1.7, -0.3] };
const INPUT: Affine<'_> = Affine { scale: &[0.7, 1.3], offset: &[0.1, -0.2] };

const NETWORKS: [Network; 4] = [
    Network::Dense,
    Network::Conv { filter: 3, readout: Readout::Vanilla },
    Network::Conv { filter: 3, readout: Readout::Gap },
    Network::Conv { filter: 5, readout: Readout::Lap(1) },
];

fn floats(random: &mut Random, count: usize) -> Vec<f32> {
    (0..count).map(|_| random.number() as f32).collect()
}

/// number · scale + offset with one rounding each: `f64` holds the product, and rounds the sum of two `f32` harmlessly.
fn normalised(number: f32, affine: &Affine<'_>, at: usize) -> f32 {
    let channel = at % LEN / (LEN / SHAPE[0]);
    let product = (f64::from(number) * f64::from(affine.scale[channel])) as f32;
    (f64::from(product) + f64::from(affine.offset[channel])) as f32
}

#[test]
fn images_are_rounded_twice() {
    let mut random = Random(1);
    let bytes: Vec<u8> = (0..SUPPORT * LEN).map(|_| random.bits() as u8).collect();
    let numbers = floats(&mut random, SUPPORT * LEN);
    let weights = [0.0; SUPPORT * CLASSES];
    for images in [Images::F32(&numbers), Images::U8 { pixels: &bytes, affine: BYTES }] {
        let model = model(NETWORKS[0], images, &weights);
        let mut image = [0.0; LEN];
        for index in 0..SUPPORT {
            model.image(index, &mut image).unwrap();
            for (at, pixel) in (index * LEN..).zip(image) {
                let expected = match images {
                    Images::F32(numbers) => numbers[at],
                    Images::U8 { pixels, affine } => normalised(pixels[at].into(), &affine, at),
                };
                assert_eq!(pixel, expected, "{index}, {at}");
            }
        }
        assert!(model.image(SUPPORT, &mut image).is_err());
    }
}

fn model<'a>(network: Network, images: Images<'a>, weights: &'a [f32]) -> Model<'a> {
    Model {
        shape: shape(SHAPE),
        network,
        kernel: BOTH[0],
        trained: Trained::All,
        depth: 4,
        input: INPUT,
        images,
        weights,
        classes: CLASSES,
    }
}

#[test]
fn scores_are_those_of_the_definitions() {
    let mut random = Random(2);
    let bytes: Vec<u8> = (0..SUPPORT * LEN).map(|_| random.bits() as u8).collect();
    let [numbers, pixels] = [SUPPORT * LEN, LEN].map(|count| floats(&mut random, count));
    let weights = floats(&mut random, SUPPORT * CLASSES);
    let x: Vec<f64> = (0..).zip(&pixels).map(|(at, &pixel)| normalised(pixel, &INPUT, at).into()).collect();
    let mut worst = Worst::default();
    for images in [Images::F32(&numbers), Images::U8 { pixels: &bytes, affine: BYTES }] {
        for (network, kernel, trained) in NETWORKS.into_iter().flat_map(|network| {
            [(BOTH[0], Trained::All), (BOTH[1], Trained::All), (BOTH[1], Trained::Hidden)]
                .map(|(kernel, trained)| (network, kernel, trained))
        }) {
            let model = Model { kernel, trained, ..model(network, images, &weights) };
            let request = request(&[kernel], &[model.depth], trained);
            let mut support = [0.0; LEN];
            let kernels: Vec<f64> = (0..SUPPORT)
                .map(|index| {
                    model.image(index, &mut support).unwrap();
                    let y = support.map(f64::from);
                    match network {
                        Network::Dense => naive::dense(&Dense::new(request.clone()), &x, &y)[0],
                        Network::Conv { filter, readout } => {
                            naive::conv(&conv_net(shape(SHAPE), filter, &[readout], request.clone()), &x, &y)[0]
                        }
                    }
                })
                .collect();
            // Whatever is in the buffers does not matter.
            let mut workspace = vec![f32::NAN; model.workspace_len().unwrap()];
            let mut scores = [f32::NAN; CLASSES];
            let class = model.classify(&pixels, &mut workspace, &mut scores).unwrap();
            for (of, &score) in scores.iter().enumerate() {
                let terms =
                    || kernels.iter().zip(weights.iter().skip(of).step_by(CLASSES)).map(|(k, &w)| k * f64::from(w));
                let scale = terms().map(f64::abs).sum();
                worst.record(score.into(), terms().sum(), scale, || format!("{network:?} {kernel:?} {trained:?}"));
                assert!(score < scores[class] || score == scores[class] && class <= of, "{scores:?}");
            }
        }
    }
    worst.check("scores", of_f32(KERNEL_F32));
}

#[test]
fn pairs_have_the_bits_of_the_core() {
    let shape = shape(SHAPE);
    let mut random = Random(3);
    let [x, other] = [(); 2].map(|()| random.image(shape));
    let depths = [3, 7];
    let dense = Dense::new(request(&BOTH, &depths, Trained::All));
    let conv = conv_net(shape, 3, &[Readout::Vanilla, Readout::Lap(1)], request(&BOTH, &depths, Trained::Hidden));
    for y in [&other, &x] {
        let [x_f32, y_f32] = [&x, y].map(|image| single::rounded::<f32>(image));
        let mut out = vec![f32::NAN; dense.outputs()];
        dense_kernels_f32(&dense, &x_f32, &y_f32, &mut out).unwrap();
        assert_eq!(out, single::dense::<f32>(&dense, &x, y));
        let mut out = vec![f64::NAN; dense.outputs()];
        dense_kernels(&dense, &x, y, &mut out).unwrap();
        assert_eq!(out, single::dense::<f64>(&dense, &x, y));

        let [x_prepared, y_prepared] = [&x_f32, &y_f32].map(|image| {
            let [mut own, mut of_core] = [(); 2].map(|()| vec![f32::NAN; prepared_len(&conv)]);
            prepare_f32(&conv, image, &mut own).unwrap();
            prepare(&conv, image, &mut of_core).unwrap();
            assert_eq!(own, of_core);
            own
        });
        let (mut scratch, mut out) = (vec![f32::NAN; conv_scratch_len(&conv)], vec![f32::NAN; conv.outputs()]);
        conv_kernels_f32(&conv, &x_prepared, &y_prepared, &mut scratch, &mut out).unwrap();
        assert_eq!(as_f64(&out), as_f64(&single::conv::<f32>(&conv, &x, y)));
        let [x_prepared, y_prepared] = [&x, y].map(|image| {
            let mut out = vec![f64::NAN; prepared_len(&conv)];
            prepare(&conv, image, &mut out).unwrap();
            out
        });
        let (mut scratch, mut out) = (vec![f64::NAN; conv_scratch_len(&conv)], vec![f64::NAN; conv.outputs()]);
        conv_kernels(&conv, &x_prepared, &y_prepared, &mut scratch, &mut out).unwrap();
        assert_eq!(out, single::conv::<f64>(&conv, &x, y));
    }
}
