//! What the kernels promise for any images: symmetry, scale, mirror images, bounds, and finite output.
mod common;

use common::images::mirrored;
use common::precision::{BOUND_F64, PARALLEL_F64, SUM_F32, SUM_F64};
use common::single::{self, BOTH, as_f64, conv_net, request};
use proptest::prelude::*;
use ultrawide_core::{Conv, Dense, Kernel, Readout, Scalar, Shape, Trained};

const READOUTS: [Readout; 3] = [Readout::Vanilla, Readout::Gap, Readout::Lap(1)];
const DEPTHS: [usize; 3] = [3, 5, 9];

/// Numbers like those of normalised images, zeros among them; each is an `f32`.
fn number() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![1 => Just(0.0), 9 => (-2f32..2.0).prop_map(f64::from)]
}

/// Magnitudes of every size up to 10^17, whose square times a few hundred `f32` can hold; subnormals and zeros too.
fn wild() -> impl Strategy<Value = f64> + Clone {
    let magnitude = prop_oneof![
        1 => Just(0f32),
        1 => (0u32..1 << 23).prop_map(f32::from_bits),
        6 => (0u32..1e17f32.to_bits()).prop_map(f32::from_bits)
    ];
    (magnitude, any::<bool>()).prop_map(|(x, negative)| f64::from(if negative { -x } else { x }))
}

fn net() -> impl Strategy<Value = Conv> {
    let shape = (1usize..4, 1usize..7, 1usize..7);
    let trained = prop_oneof![Just(Trained::All), Just(Trained::Hidden)];
    (shape, prop_oneof![Just(1usize), Just(3), Just(5)], trained).prop_map(
        |((channels, height, width), filter, trained)| {
            conv_net(Shape { channels, height, width }, filter, &READOUTS, request(&BOTH, &DEPTHS, trained))
        },
    )
}

/// A network and two images for it.
fn pair(number: impl Strategy<Value = f64> + Clone) -> impl Strategy<Value = (Conv, Vec<f64>, Vec<f64>)> {
    net().prop_flat_map(move |net| {
        let image = prop::collection::vec(number.clone(), common::images::len(net.shape()));
        (Just(net), image.clone(), image)
    })
}

/// Of leaky ReLUs: most often the ReLU, the absolute value, and any.
fn slope() -> impl Strategy<Value = f64> {
    prop_oneof![2 => Just(0.0), 1 => Just(-1.0), 3 => -3.0..3.0]
}

fn bent(net: &Conv, slope: f64) -> Conv {
    net.clone().with_slope(slope).expect("a finite slope")
}

/// Whether all outputs agree, relative to the largest term: the NTK may be a small difference of terms as large as the
/// NNGP, which is the first half of the outputs.
fn within(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    let scale = |index: usize| a[index].abs().max(a[index % (a.len() / 2)]);
    (0..a.len()).all(|index| (a[index] - b[index]).abs() <= tolerance * scale(index))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// K(x, y) = K(y, x): the operations on an entry are the same, so vanilla has the same bits. Wider readouts add
    /// their entries in another order.
    #[test]
    fn symmetric((net, x, y) in pair(number())) {
        let (xy, yx) = (single::conv::<f64>(&net, &x, &y), single::conv::<f64>(&net, &y, &x));
        prop_assert!(within(&xy, &yx, SUM_F64), "{xy:?} {yx:?}");
        let (xy, yx) = (single::conv::<f32>(&net, &x, &y), single::conv::<f32>(&net, &y, &x));
        prop_assert!(within(&as_f64(&xy), &as_f64(&yx), SUM_F32), "{xy:?} {yx:?}");
        for kernel in 0..BOTH.len() {
            let vanilla = kernel * READOUTS.len() * DEPTHS.len()..;
            prop_assert_eq!(&xy[vanilla.clone()][..DEPTHS.len()], &yx[vanilla][..DEPTHS.len()]);
        }
    }

    /// K(ax, by) = ab K(x, y) for a, b > 0; to the last bit where they are powers of four and nothing under- or overflows. (Images are scaled by
    /// powers of four; a power of two may so part images that are close to each other, which are then computed in another way.)
    #[test]
    fn homogeneous((net, x, y) in pair(number()), a in -10i32..10, b in -10i32..10, slope in slope()) {
        let net = bent(&net, slope);
        // Equal images are treated as such; their multiples are not.
        prop_assume!(x != y);
        let (a, b) = (4f64.powi(a), 4f64.powi(b));
        let scale = |image: &[f64], by: f64| -> Vec<f64> { image.iter().map(|x| x * by).collect() };
        prop_assume!(scale(&x, a) != scale(&y, b));
        let plain: Vec<f64> = single::conv::<f64>(&net, &x, &y).iter().map(|k| k * a * b).collect();
        prop_assert_eq!(single::conv::<f64>(&net, &scale(&x, a), &scale(&y, b)), plain);
    }

    /// Pixels of any size, on either side: each image is scaled by itself, also in `f32`, whose range their squares would leave.
    #[test]
    fn independent_of_the_size_of_pixels(
        (net, x, y) in pair(number()), e in -50i32..50, slope in slope(), residual in prop::option::of(-2.0..2.0),
    ) {
        let net = bent(&net, slope);
        prop_assume!(x != y);
        let scaled = |image: &[f64], e: i32| -> Vec<f64> { image.iter().map(|x| x * 4f64.powi(e)).collect() };
        prop_assume!(scaled(&x, e) != scaled(&y, -e));
        let plain = single::conv::<f32>(&net, &x, &y);
        prop_assert_eq!(single::conv::<f32>(&net, &scaled(&x, e), &scaled(&y, -e)), plain);
        let dense = Dense::new(request(&BOTH, &DEPTHS, Trained::All)).with_slope(slope).expect("a finite slope");
        let dense = residual.map_or(Ok(dense.clone()), |s| dense.with_residual(s)).expect("a finite strength");
        let plain = single::dense::<f32>(&dense, &x, &y);
        prop_assert_eq!(single::dense::<f32>(&dense, &scaled(&x, e), &scaled(&y, -e)), plain);
    }

    #[test]
    fn dense_is_homogeneous_and_symmetric(
        (x, y) in (1usize..200).prop_flat_map(|n| (prop::collection::vec(number(), n), prop::collection::vec(number(), n))),
        a in -10i32..10,
    ) {
        let net = Dense::new(request(&BOTH, &DEPTHS, Trained::All));
        let a = 4f64.powi(a);
        let scaled: Vec<f64> = x.iter().map(|x| x * a).collect();
        prop_assume!(x != y && scaled != y);
        let plain = single::dense::<f64>(&net, &x, &y);
        let expected: Vec<f64> = plain.iter().map(|k| k * a).collect();
        prop_assert_eq!(single::dense::<f64>(&net, &scaled, &y), expected);
        prop_assert_eq!(single::dense::<f64>(&net, &y, &x), plain);
    }

    /// Mirroring both images changes the order of the sums and nothing else.
    #[test]
    fn mirrored_together((net, x, y) in pair(number())) {
        let plain = single::conv::<f64>(&net, &x, &y);
        let both = single::conv::<f64>(&net, &mirrored(net.shape(), &x), &mirrored(net.shape(), &y));
        prop_assert!(within(&plain, &both, PARALLEL_F64), "{plain:?} {both:?}");
    }

    /// Cauchy and Schwarz: a kernel is a scalar product of features.
    ///
    /// Parallel images reach the bound, and rounding may lift them above it. By little for the NNGP: κ1 is smooth. κ0 is not: where λ
    /// of two pixels of *one* image falls an ulp short of 1 and that of two images does not, the NTK is off by the root of that.
    #[test]
    fn bounded_by_the_diagonal((net, x, y) in pair(number())) {
        let [xy, xx, yy] = [(&x, &y), (&x, &x), (&y, &y)].map(|(x, y)| single::conv::<f64>(&net, x, y));
        let (nngp, ntk) = (0..9, 9..18);
        for (kernels, tolerance) in [(nngp.clone(), BOUND_F64), (ntk, PARALLEL_F64)] {
            for ((xy, xx), yy) in xy[kernels.clone()].iter().zip(&xx[kernels.clone()]).zip(&yy[kernels]) {
                prop_assert!(*xx >= 0.0 && *yy >= 0.0);
                prop_assert!(xy.abs() <= (xx * yy).sqrt() * (1.0 + tolerance), "{xy:e} {xx:e} {yy:e}");
            }
        }
        // κ1 is not negative, so the NNGP is not. Where λ is near −1, n − |Σ| is rounding, and may fall below 0 by as much.
        for ((xy, xx), yy) in xy[nngp.clone()].iter().zip(&xx[nngp.clone()]).zip(&yy[nngp]) {
            prop_assert!(*xy >= -BOUND_F64 * (xx * yy).sqrt(), "{xy:e} {xx:e} {yy:e}");
        }
    }

    /// The NTK adds to the NNGP what the layers below contribute: κ0 Θ, which is not negative if Θ⁰ is not. Θ⁰ is 0 if
    /// the first layer is frozen, and Σ⁰ ≥ 0 for images without negative pixels.
    #[test]
    fn tangent_kernels_exceed_nngp((net, x, y) in pair(number())) {
        let (nngp, ntk) = (0..9, 9..18);
        let positive = |image: &[f64]| -> Vec<f64> { image.iter().map(|x| x.abs()).collect() };
        let bright = single::conv::<f32>(&net, &positive(&x), &positive(&y));
        let any = single::conv::<f32>(&net, &x, &y);
        match net.request().trained() {
            // The output layer is frozen too, and its "+ K" left out.
            Trained::Hidden => prop_assert!(any[ntk].iter().all(|value| *value >= 0.0), "{any:?}"),
            Trained::All => for (nngp, ntk) in bright[nngp].iter().zip(&bright[ntk]) {
                prop_assert!(ntk >= nngp, "{bright:?}");
            },
        }
    }

    /// Pixels up to 10^17 (`f32`) or 10^150 (`f64`) have finite kernels.
    #[test]
    fn finite_for_finite_input((net, x, y) in pair(wild()), slope in slope()) {
        let net = bent(&net, slope);
        fn all_finite<S: Scalar>(values: &[S]) -> bool {
            values.iter().all(|value| value.is_finite())
        }
        let huge = |image: &[f64]| -> Vec<f64> { image.iter().map(|x| x * 1e133).collect() };
        let tiny = |image: &[f64]| -> Vec<f64> { image.iter().map(|x| x * 1e-300).collect() };
        for (x, y) in [(&x, &y), (&x, &x)] {
            let values = single::conv::<f32>(&net, x, y);
            prop_assert!(all_finite(&values), "{values:?}");
            for (x, y) in [(x.clone(), y.clone()), (huge(x), huge(y)), (tiny(x), huge(y)), (tiny(x), tiny(y))] {
                let values = single::conv::<f64>(&net, &x, &y);
                prop_assert!(all_finite(&values), "{values:?}");
            }
        }
    }

    #[test]
    fn dense_is_finite_for_finite_input(x in prop::collection::vec(wild(), 1..40)) {
        let net = Dense::new(request(&[Kernel::Nngp, Kernel::Ntk], &[2, 21], Trained::All));
        let y: Vec<f64> = x.iter().rev().copied().collect();
        let values = single::dense::<f32>(&net, &x, &y);
        prop_assert!(values.iter().all(|value| value.is_finite()), "{values:?}");
    }
}
