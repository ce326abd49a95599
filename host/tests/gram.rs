//! Whole Gram matrices: against the definitions and the core's single pairs, and to the same bits however they are cut.
mod common;

use common::images::{Random, mirrored, shape};
use common::precision::{EIGENVALUE_F64, KERNEL_F32, KERNEL_F64, SCALAR_F32, SCALAR_F64};
use common::single::{BOTH, PAPER_DEPTHS, Worst, conv_net, request};
use common::{dense_net, exact, matrices, scalar, set};
use ultrawide::data::Images;
use ultrawide::gram::{Gram, GramError, Net};
use ultrawide::simd::{Backend, Element};
use ultrawide_core::{Kernel, Readout, Shape, Trained};

const READOUTS: [Readout; 3] = [Readout::Vanilla, Readout::Gap, Readout::Lap(1)];
const SIZES: [usize; 4] = [1, 2, 17, 33];

fn fastest() -> Backend {
    *Backend::available().last().expect("scalar is always there")
}

fn random_images(seed: u64, shape: Shape, count: usize) -> Vec<Vec<f64>> {
    let mut random = Random(seed);
    (0..count).map(|_| random.image(shape)).collect()
}

/// Networks for images of 3×4×3: dense, and convolutional with all readouts and both hot loops.
fn nets() -> Vec<Net> {
    let shape = shape([3, 4, 3]);
    let mut nets = Vec::new();
    for (trained, depths) in [(Trained::All, [2, 4]), (Trained::Hidden, [3, 6])] {
        nets.push(dense_net(shape, request(&BOTH, &depths, trained)));
        for filter in [3, 5] {
            nets.push(Net::Conv(conv_net(shape, filter, &READOUTS, request(&BOTH, &depths, trained))));
        }
    }
    nets
}

/// Compares a matrix with single pairs; `tolerances` against the definitions and against the scalar core.
fn check_values<S: Element>(what: &str, definition: f64, core: f64) {
    let (mut from_definition, mut from_core) = (Worst::default(), Worst::default());
    for net in nets() {
        let shape = net.shape();
        for n in SIZES {
            let (x, y) = (random_images(1, shape, n), random_images(2, shape, n.div_ceil(2) + 2));
            let (x_set, y_set) = (set(shape, &x), set(shape, &y));
            for other in [None, Some(&y_set)] {
                let gram = Gram { net: &net, flip: false, x: &x_set, y: other, tile: 16 };
                let all = matrices::<S>(&gram, fastest(), 2);
                let columns = if other.is_some() { &y } else { &x };
                assert_eq!((all.rows, all.columns), (n, columns.len()));
                for (i, x) in x.iter().enumerate() {
                    for (j, y) in columns.iter().enumerate() {
                        let values: Vec<S> = (0..all.outputs).map(|output| all.at(output, i, j)).collect();
                        let at = |output: usize| format!("{} of images {i}, {j} of {n}", net.outputs()[output]);
                        let core: Vec<f64> = scalar::<S>(&net, x, y).iter().map(|value| value.to_f64()).collect();
                        from_core.record_all(&values, &core, at);
                        // Every pair of the small matrices, a sample of the large ones: the definitions are slow.
                        if n < 17 || (i * columns.len() + j) % 23 == 0 {
                            from_definition.record_all(&values, &exact(&net, x, y), at);
                        }
                    }
                }
            }
        }
    }
    from_core.check(&format!("{what} against single pairs"), core);
    from_definition.check(&format!("{what} against the definitions"), definition);
}

#[test]
fn f32_values() {
    check_values::<f32>("f32 matrices", KERNEL_F32, SCALAR_F32);
}

#[test]
fn f64_values() {
    check_values::<f64>("f64 matrices", KERNEL_F64, SCALAR_F64);
}

/// Nobody sees how a matrix was cut: tiles, threads, and all backends that fuse multiply-add give the same bits.
fn check_bits<S: Element>() {
    for net in nets() {
        let shape = net.shape();
        let (x, y) = (set(shape, &random_images(3, shape, 33)), set(shape, &random_images(4, shape, 19)));
        for flip in [false, true] {
            for y in [None, Some(&y)] {
                let run = |backend: Backend, tile: usize, threads: usize| {
                    matrices::<S>(&Gram { net: &net, flip, x: &x, y, tile }, backend, threads).bits()
                };
                for backend in Backend::available() {
                    // Multiply-add rounds once or twice: two families of bits.
                    let expected = run(if backend.is_fused() { fastest() } else { backend }, 16, 1);
                    for (tile, threads) in [(16, 2), (32, 3), (5, 1), (1, 2), (64, 1)] {
                        let same = run(backend, tile, threads) == expected;
                        assert!(
                            same,
                            "{backend}, tiles of {tile}, {threads} threads, flip {flip}, {:?}",
                            net.outputs()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn f32_bits() {
    check_bits::<f32>();
}

#[test]
fn f64_bits() {
    check_bits::<f64>();
}

/// A lane knows nothing of its neighbours: in any order of the images every pair keeps its bits.
#[test]
fn permuted_images() {
    for net in nets() {
        let shape = net.shape();
        let (x, y) = (random_images(5, shape, 21), random_images(6, shape, 37));
        let (x_set, y_set) = (set(shape, &x), set(shape, &y));
        for backend in Backend::available() {
            let run = |x: &Images, y: &Images| {
                matrices::<f32>(&Gram { net: &net, flip: false, x, y: Some(y), tile: 16 }, backend, 1)
            };
            let plain = run(&x_set, &y_set);
            // 10 and 16 are prime to 21 and 37: these walks meet every image once.
            let (rows, columns) = (|i: usize| (i * 10 + 3) % 21, |j: usize| (j * 16 + 5) % 37);
            let mixed = run(
                &x_set.select(&(0..21).map(rows).collect::<Vec<_>>()).expect("in range"),
                &y_set.select(&(0..37).map(columns).collect::<Vec<_>>()).expect("in range"),
            );
            for output in 0..plain.outputs {
                for i in 0..21 {
                    for j in 0..37 {
                        let (a, b) = (plain.at(output, rows(i), columns(j)), mixed.at(output, i, j));
                        assert_eq!(a.to_bits(), b.to_bits(), "{backend}: {} at {i}, {j}", net.outputs()[output]);
                    }
                }
            }
        }
    }
}

/// Equal images are known to be equal wherever they stand: among the rows, among the columns, mirrored.
#[test]
fn equal_images_get_the_exact_value() {
    for net in nets() {
        let shape = net.shape();
        let mut x = random_images(7, shape, 18);
        x.push(x[2].clone());
        let mut y = random_images(8, shape, 20);
        (y[4], y[19]) = (x[2].clone(), x[11].clone());
        let (x_set, y_set) = (set(shape, &x), set(shape, &y));
        let gram = Gram { net: &net, flip: false, x: &x_set, y: Some(&y_set), tile: 16 };
        let (rectangular, own) =
            (matrices::<f32>(&gram, fastest(), 2), matrices::<f32>(&Gram { y: None, ..gram }, fastest(), 2));
        let mut worst = Worst::default();
        for output in 0..own.outputs {
            for (i, j, diagonal) in [(2, 4, 2), (18, 4, 2), (11, 19, 11)] {
                assert_eq!(rectangular.at(output, i, j).to_bits(), own.at(output, diagonal, diagonal).to_bits());
            }
            assert_eq!(own.at(output, 18, 2).to_bits(), own.at(output, 2, 2).to_bits());
            for i in [2, 11] {
                let exact = exact(&net, &x[i], &x[i])[output];
                worst.record(own.at(output, i, i).into(), exact, exact.abs(), || net.outputs()[output].to_string());
            }
        }
        worst.check("equal images", KERNEL_F32);
    }
}

#[test]
fn flip_is_the_mean_over_mirrored_rows() {
    let mut worst = Worst::default();
    for net in nets() {
        let shape = net.shape();
        let x = random_images(9, shape, 5);
        let mut y = random_images(10, shape, 3);
        // The mirror image of a row: there λ is exactly 1, which only a comparison after mirroring finds.
        y.push(mirrored(shape, &x[1]));
        let (x_set, y_set) = (set(shape, &x), set(shape, &y));
        let gram = Gram { net: &net, flip: true, x: &x_set, y: Some(&y_set), tile: 16 };
        for (columns, all) in
            [(&y, matrices::<f32>(&gram, fastest(), 1)), (&x, matrices::<f32>(&Gram { y: None, ..gram }, fastest(), 1))]
        {
            for (i, x) in x.iter().enumerate() {
                for (j, y) in columns.iter().enumerate() {
                    let (plain, flipped) = (exact(&net, x, y), exact(&net, &mirrored(shape, x), y));
                    let mean: Vec<f64> = plain.iter().zip(&flipped).map(|(a, b)| (a + b) / 2.0).collect();
                    let values: Vec<f32> = (0..all.outputs).map(|output| all.at(output, i, j)).collect();
                    worst.record_all(&values, &mean, |output| format!("{} at {i}, {j}", net.outputs()[output]));
                }
            }
        }
    }
    worst.check("flip", KERNEL_F32);
}

/// Kernels are scalar products: their matrices have no negative eigenvalue beyond rounding, black and equal images or not.
#[test]
fn positive_semidefinite() {
    for net in nets() {
        let shape = net.shape();
        let mut x = random_images(11, shape, 24);
        x[3] = vec![0.0; x[3].len()];
        x[5] = x[4].clone();
        x[6] = x[4].iter().map(|x| 2.0 * x).collect();
        let x = set(shape, &x);
        let mut worst = Worst::default();
        for flip in [false, true] {
            let all = matrices::<f64>(&Gram { net: &net, flip, x: &x, y: None, tile: 16 }, fastest(), 1);
            for output in 0..all.outputs {
                let matrix = faer::Mat::from_fn(24, 24, |i, j| all.at(output, i, j));
                let eigenvalues = matrix.self_adjoint_eigenvalues(faer::Side::Lower).expect("a small matrix");
                let (least, largest) = (eigenvalues[0], eigenvalues[23]);
                let name = net.outputs()[output];
                // A kernel does not change when both images are mirrored: the mean over mirrored rows is one over both sides.
                worst.record(least.min(0.0), 0.0, largest, || format!("{name}, flip {flip}"));
            }
        }
        worst.check("negative eigenvalues", EIGENVALUE_F64);
    }
}

/// A kernel that overflows, here that of a bright image with itself, is an error that names the images, in every lane, never a NaN.
#[test]
fn overflow_is_reported() {
    let ntk = [Kernel::Ntk];
    let shape = shape([1, 3, 3]);
    let conv = Net::Conv(conv_net(shape, 3, &READOUTS, request(&ntk, &[3, 21], Trained::All)));
    for net in [conv, dense_net(shape, request(&ntk, &[3, 21], Trained::All))] {
        for value in [1e30, -1e30] {
            let mut x = random_images(12, shape, 20);
            x[17][4] = value;
            let images = set(shape, &x);
            let gram = Gram { net: &net, flip: false, x: &images, y: None, tile: 16 };
            for backend in Backend::available() {
                gram.check::<f32>().expect("1e30 itself is within f32");
                assert!(gram.tile::<f32>(0, 0, backend).is_ok());
                assert!(gram.tile::<f32>(1, 0, backend).is_ok());
                match gram.tile::<f32>(1, 1, backend) {
                    Err(error @ GramError::NotFinite { row: 17, rows: 20, column: 17, columns: 20, .. }) => {
                        let message = error.to_string();
                        assert!(message.contains("image 17 of 20") && message.contains("f64"), "{message}");
                    }
                    other => panic!("{backend}: {other:?}"),
                }
                assert!(gram.tile::<f64>(1, 1, backend).is_ok());
            }
        }
        let beyond = set(shape, &[vec![0.5; 9], [vec![0.5; 7], vec![1e39, 0.0]].concat()]);
        let gram = Gram { net: &net, flip: false, x: &beyond, y: None, tile: 16 };
        assert!(gram.check::<f64>().is_ok());
        let error = gram.check::<f32>().expect_err("1e39 is no f32");
        assert!(matches!(error, GramError::PixelRange { image: 1, index: 7, .. }), "{error}");
    }
}

/// Beside its result: 20 threads on images of CIFAR-10's shape stay below 200 MB.
#[test]
fn a_thread_needs_ten_megabytes() {
    let shape = shape([3, 32, 32]);
    let all = request(&[Kernel::Ntk], &PAPER_DEPTHS, Trained::All);
    let images = set(shape, &random_images(14, shape, 300));
    let conv = |readout| Net::Conv(conv_net(shape, 3, &[readout], all.clone()));
    for net in [conv(Readout::Vanilla), conv(Readout::Gap), conv(Readout::Lap(12)), dense_net(shape, all.clone())] {
        for flip in [false, true] {
            let gram = Gram { net: &net, flip, x: &images, y: None, tile: net.tile() };
            for backend in Backend::available() {
                let numbers = (net.outputs().len() * gram.tile * gram.tile) as f64;
                for (bytes, number) in
                    [(gram.thread_bytes::<f32>(backend), 4.0), (gram.thread_bytes::<f64>(backend), 8.0)]
                {
                    let beside = bytes - numbers * number;
                    assert!(beside <= 10e6, "{backend}, flip {flip}, {:?}: {beside} bytes", net.outputs()[0]);
                }
            }
        }
    }
}

#[test]
fn images_of_another_shape_or_none() {
    let net = &nets()[1];
    let (right, wrong) =
        (set(net.shape(), &random_images(13, net.shape(), 2)), set(shape([3, 3, 4]), &[vec![1.0; 36]]));
    let none = set(net.shape(), &[]);
    let gram = Gram { net, flip: false, x: &right, y: None, tile: 16 };
    assert!(gram.check::<f32>().is_ok());
    for (x, y, words) in [
        (&wrong, None, "the row images hold images of 3x3x4, the network takes 3x4x3"),
        (&right, Some(&wrong), "the column images hold images of 3x3x4, the network takes 3x4x3"),
        (&none, None, "the row images hold no image: at least 1 is needed"),
        (&right, Some(&none), "the column images hold no image: at least 1 is needed"),
    ] {
        assert_eq!(Gram { x, y, ..gram }.check::<f32>().expect_err("an error").to_string(), words);
    }
}
