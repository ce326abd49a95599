//! Nobody sees how a Gram matrix was computed: any tile, threads, backend, order of the images, and part of a tile at a time.
mod common;

use common::images::{Random, len, shape};
use common::precision::{SUM_F32, SUM_F64};
use common::single::{conv_net, request};
use common::{Matrices, dense_net, matrices, set};
use proptest::prelude::*;
use ultrawide::data::Images;
use ultrawide::gram::{Gram, Net};
use ultrawide::simd::{Backend, Element};
use ultrawide_core::{Kernel, Readout, Shape, Trained};

/// Height and width.
const SIZES: [(usize, usize); 7] = [(1, 9), (7, 5), (12, 3), (5, 1), (1, 1), (2, 2), (4, 6)];
const READOUTS: [Readout; 4] = [Readout::Vanilla, Readout::Gap, Readout::Lap(1), Readout::Lap(3)];

/// A matrix to compute, and two ways to do so.
#[derive(Clone, Debug)]
struct Case {
    net: Net,
    flip: bool,
    seed: u64,
    /// Where the images of the first order stand in the second.
    order: Vec<usize>,
    /// The columns, where they are other images.
    columns: Option<usize>,
    tile: usize,
    threads: usize,
}

/// Some of these, at least one, in any order.
fn some<T: Clone + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Vec<T>> {
    prop::sample::subsequence(all, 1..=all.len()).prop_shuffle()
}

fn net() -> impl Strategy<Value = Net> {
    let shape = (1usize..=4, prop::sample::select(&SIZES[..]));
    let trained = prop_oneof![Just(Trained::All), Just(Trained::Hidden)];
    let depths = prop::sample::subsequence(&[3, 4][..], 1..=2);
    // A dense net where there is no filter.
    let filter = prop_oneof![1 => Just(None), 2 => Just(Some(3)), 1 => Just(Some(1)), 1 => Just(Some(5))];
    let request = (some(&[Kernel::Ntk, Kernel::Nngp]), depths, trained)
        .prop_map(|(kernels, depths, trained)| request(&kernels, &depths, trained));
    (shape, filter, some(&READOUTS), request).prop_map(|((channels, (height, width)), filter, readouts, request)| {
        let shape = Shape { channels, height, width };
        match filter {
            None => dense_net(shape, request),
            Some(filter) => Net::Conv(conv_net(shape, filter, &readouts, request)),
        }
    })
}

fn case() -> impl Strategy<Value = Case> {
    let order = (1usize..=40).prop_flat_map(|n| Just((0..n).collect::<Vec<_>>()).prop_shuffle());
    let columns = prop_oneof![Just(None), (1usize..=40).prop_map(Some)];
    (net(), any::<bool>(), any::<u64>(), order, columns, 1usize..=48, 1usize..=4).prop_map(
        |(net, flip, seed, order, columns, tile, threads)| Case { net, flip, seed, order, columns, tile, threads },
    )
}

/// Random images, some of them black or equal to another.
fn images(random: &mut Random, shape: Shape, count: usize) -> Images {
    let mut images: Vec<Vec<f64>> = Vec::new();
    for at in 0..count {
        let choice = random.bits();
        images.push(match choice % 8 {
            0 => vec![0.0; len(shape)],
            1 if at > 0 => images[choice as usize / 8 % at].clone(),
            _ => random.image(shape),
        });
    }
    set(shape, &images)
}

fn fastest() -> Backend {
    *Backend::available().last().expect("scalar is always there")
}

/// Computes a matrix in every way; `tolerance` for sums in another order.
fn check<S: Element>(case: &Case, tolerance: f64) -> Result<(), TestCaseError> {
    let Case { net, flip, seed, order, columns, tile, threads } = case;
    let mut random = Random(*seed);
    let x = images(&mut random, net.shape(), order.len());
    let y = columns.map(|count| images(&mut random, net.shape(), count));
    let gram = Gram { net, flip: *flip, x: &x, y: y.as_ref(), tile: 16 };
    let plain = matrices::<S>(&gram, fastest(), 1);
    let unfused = matrices::<S>(&gram, Backend::Scalar, 1).bits();
    for backend in Backend::available() {
        let cut = matrices::<S>(&Gram { tile: *tile, ..gram }, backend, *threads).bits();
        let same = if backend.is_fused() { cut == plain.bits() } else { cut == unfused };
        prop_assert!(same, "{}, {} tile, {} threads", backend, tile, threads);
    }
    let mixed = x.select(order).expect("in range");
    let mixed = matrices::<S>(&Gram { x: &mixed, tile: *tile, ..gram }, fastest(), *threads);
    match columns {
        Some(_) => check_order(net, &plain, &mixed, |i, j| [(order[i], j); 2], tolerance),
        // Whose image is on the side of x, and mirrored, decides the order of the operations in every entry.
        None if *flip => Ok(()),
        // The half that is computed: the larger number is on the side of x.
        None => check_order(
            net,
            &plain,
            &mixed,
            |i, j| {
                let (a, b) = (order[i.max(j)], order[i.min(j)]);
                [(a.max(b), a.min(b)), (a, b)]
            },
            tolerance,
        ),
    }
}

/// Compares matrices of the same images in two orders; `at` tells where an entry stood in the first, and the images on the
/// sides of x and y from which the second computed it. With the two images exchanged every entry of the P×Q×P×Q arrays keeps
/// its bits; pooling adds the entries in another order.
fn check_order<S: Element>(
    net: &Net,
    plain: &Matrices<S>,
    mixed: &Matrices<S>,
    at: impl Fn(usize, usize) -> [(usize, usize); 2],
    tolerance: f64,
) -> Result<(), TestCaseError> {
    for (index, output) in net.outputs().iter().enumerate() {
        let exact = matches!(output.readout, None | Some(Readout::Vanilla));
        for i in 0..plain.rows {
            for j in 0..plain.columns {
                let [stood @ (row, column), computed] = at(i, j);
                let (a, b) = (plain.at(index, row, column).to_f64(), mixed.at(index, i, j).to_f64());
                if exact || stood == computed {
                    prop_assert_eq!(a.to_bits(), b.to_bits(), "{} at {}, {}", output, i, j);
                } else {
                    let own = |k: usize| plain.at(index, k, k).to_f64();
                    let scale = (own(row) * own(column)).sqrt();
                    prop_assert!((a - b).abs() <= tolerance * scale, "{} at {}, {}: {:e}, {:e}", output, i, j, a, b);
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn f32_matrices(case in case()) {
        check::<f32>(&case, SUM_F32)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn f64_matrices(case in case()) {
        check::<f64>(&case, SUM_F64)?;
    }
}

/// Images so large that a thread takes a few rows, or rows and columns, of a tile at a time.
#[test]
fn parts_of_a_tile() {
    let all = |depth| request(&[Kernel::Ntk], &[depth], Trained::All);
    let (large, wide) = (shape([1, 64, 64]), shape([3, 100, 200]));
    for net in [Net::Conv(conv_net(large, 3, &[Readout::Vanilla], all(21))), dense_net(wide, all(3))] {
        let mut random = Random(1);
        let n = if net.shape() == wide { 37 } else { 19 };
        let (x, y) = (images(&mut random, net.shape(), n), images(&mut random, net.shape(), n));
        for (flip, y) in [(false, None), (true, Some(&y))] {
            for backend in Backend::available() {
                let bits = |tile: usize| matrices::<f32>(&Gram { net: &net, flip, x: &x, y, tile }, backend, 2).bits();
                assert!(bits(64) == bits(4), "{backend}, flip {flip}, {:?}", net.outputs());
            }
        }
    }
}
