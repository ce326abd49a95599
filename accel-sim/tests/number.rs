//! The core's recursion on simulated numbers: the bits of the core's own floats, and operations counted by hand.

use std::io::{self, Write as _};
use ultrawide::data::{Images, Kind, LoadOptions, Pixels, load};
use ultrawide::gram::{Gram, Net};
use ultrawide::job::{Machine, NetKind, NetSettings, RunOptions, Silent, run};
use ultrawide::regression::{Targets, Workspace};
use ultrawide::simd::{Backend, Element};
use ultrawide::store::Precision;
use ultrawide_accel_sim::format::Format;
use ultrawide_accel_sim::formats::{Kernels, REFERENCE, judge, kernels};
use ultrawide_accel_sim::number::{Arithmetic, Lane, MultiplyAdd, Op, Tally, Vector, simulate};
use ultrawide_core::{
    Conv, Dense, Error, Kernel, Number, Readout, Request, Scalar, Shape, Trained, conv_pair, conv_scratch_len,
    dense_pair, identity_cap, prepare, prepared_len,
};

#[allow(dead_code, reason = "a file of the core's tests, of which a part is used")]
#[path = "../../core/tests/common/precision.rs"]
mod precision;

use precision::{NARROW, REAL_F32, SPECTRUM};

const BOTH: [Kernel; 2] = [Kernel::Nngp, Kernel::Ntk];

/// The kernels of a pair in any number type; x and y are in the first lane.
fn conv<N: Number>(net: &Conv, x: &[f64], y: &[f64]) -> Result<Vec<f64>, Error> {
    let scalars = |pixels: &[f64]| pixels.iter().map(|&p| N::Scalar::from_f64(p)).collect::<Vec<_>>();
    let (x, y) = (scalars(x), scalars(y));
    let vectors = |pixels: &[N::Scalar]| pixels.iter().map(|&p| N::splat(p)).collect::<Vec<N>>();
    let mut prepared = [vectors(&x), vectors(&y)].map(|pixels| (pixels, vec![N::zero(); prepared_len(net)]));
    for (pixels, out) in &mut prepared {
        prepare(net, pixels, out)?;
    }
    let cap = identity_cap(&x, &prepared[1].0);
    let x: Vec<N::Scalar> = prepared[0].1.iter().map(|x| x.lane(0)).collect();
    let (mut scratch, mut out) = (vec![N::zero(); conv_scratch_len(net)], vec![N::zero(); net.outputs()]);
    conv_pair(net, &x, &prepared[1].1, cap, &mut scratch, &mut out)?;
    Ok(out.iter().map(|k| k.lane(0).to_f64()).collect())
}

fn dense<N: Number>(net: &Dense, x: &[f64], y: &[f64]) -> Result<Vec<f64>, Error> {
    let x: Vec<N::Scalar> = x.iter().map(|&p| N::Scalar::from_f64(p)).collect();
    let y: Vec<N> = y.iter().map(|&p| N::splat(N::Scalar::from_f64(p))).collect();
    let mut out = vec![N::zero(); net.outputs()];
    dense_pair(net, &x, &y, identity_cap(&x, &y), &mut out)?;
    Ok(out.iter().map(|k| k.lane(0).to_f64()).collect())
}

/// The kernels of a pair by the host, on a backend.
fn by_the_host<S: Element>(net: &Net, [x, y]: [&[f64]; 2], backend: Backend) -> Vec<f64> {
    let [x, y] = [x, y].map(|pixels| Images::new(net.shape(), Pixels::F64(pixels.to_vec())).expect("finite pixels"));
    let gram = Gram { net, flip: false, x: &x, y: Some(&y), tile: 1 };
    gram.tile::<S>(0, 0, backend).expect("kernels in the range").iter().map(|kernel| kernel.to_f64()).collect()
}

fn images(shape: Shape) -> Vec<Vec<f64>> {
    let mut next = ultrawide_benches::uniform(7);
    let len = shape.len().expect("a small shape");
    let mut images: Vec<Vec<f64>> = (0..3).map(|_| (0..len).map(|_| next()).collect()).collect();
    images[2].iter_mut().step_by(3).for_each(|pixel| *pixel = 0.0);
    images
}

/// The bits of `S` without fusing, and of the fused backend that this machine has.
fn equals_the_core<S: Element>(format: Format) -> Result<(), Error> {
    if Backend::fused().is_none() {
        // Not by `eprintln!`, which the test harness would keep to itself.
        let _ = writeln!(
            io::stderr(),
            "\n==== SKIPPED: simulated fused multiply-add, no backend of this machine has it ===="
        );
    }
    let readouts = [Readout::Vanilla, Readout::Gap, Readout::Lap(1)];
    for (shape, filter) in
        [(Shape { channels: 2, height: 5, width: 4 }, 3), (Shape { channels: 1, height: 3, width: 3 }, 5)]
    {
        for trained in [Trained::All, Trained::Hidden] {
            // Deep enough that the growth of f32 is divided out on the way.
            let net = Conv::new(shape, filter, &readouts, Request::new(&BOTH, &[3, 11, 30], trained)?)?;
            let dense_net = Dense::new(net.request().clone());
            let nets = [Net::Conv(net.clone()), Net::Dense { shape, net: dense_net.clone() }];
            let images = images(shape);
            for (x, y) in [(0, 1), (1, 1), (0, 2), (2, 2)] {
                let (x, y) = (&images[x][..], &images[y][..]);
                let [plain, plain_dense] = nets.each_ref().map(|net| by_the_host::<S>(net, [x, y], Backend::Scalar));
                for multiply_add in [MultiplyAdd::Separate, MultiplyAdd::Chained] {
                    let twice = Arithmetic::uniform(format, multiply_add);
                    let (simulated, tally) = simulate(twice, || conv::<Vector>(&net, x, y));
                    assert_eq!(simulated?, plain, "{format} {shape} {trained:?}");
                    assert_eq!(tally.beyond, 0);
                    let (simulated, _) = simulate(twice, || dense::<Vector>(&dense_net, x, y));
                    assert_eq!(simulated?, plain_dense, "dense {format} {shape} {trained:?}");
                }
                if let Some(backend) = Backend::fused() {
                    let fused = Arithmetic::uniform(format, MultiplyAdd::Fused);
                    let (simulated, _) = simulate(fused, || conv::<Vector>(&net, x, y));
                    assert_eq!(simulated?, by_the_host::<S>(&nets[0], [x, y], backend), "{backend} {format} {shape}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn f32_has_the_bits_of_the_core() -> Result<(), Error> {
    equals_the_core::<f32>(Format::F32)
}

#[test]
fn f64_has_the_bits_of_the_core() -> Result<(), Error> {
    equals_the_core::<f64>(Format::F64)
}

/// A vanilla net of one pixel and one channel at depth 2, all layers trained, counted from the formulas of `core/src/dual.rs` by hand.
///
/// Products: 2 multiply-adds, and the sum of all channels and what it has lost (1 sum). The one layer, the first, with a box of one pixel: the sums over rows before and after the pixel are of
/// zeros that are in memory, 2 additions of K alone (Θ is not summed in the first layer), and 1 of the column to the right.
/// |Σ| (select), n − |Σ| (fma), 1/√v 1/√v' and u (2 products), max (select), root. P: 7 fma, R: 6; deficit · root (1 product),
/// + (fma), max(Σ, 0) (select); part (1 product), Θ + K (1 sum), after (fma), below zero (fma, select).
///
/// Looking out for close images (`core/src/close.rs`): the lesser of what patches are like (min), times four (product); n (product), u
/// from 0 on (max), 1 + u times a constant (fma), the weighted Σ (max, quotient), the sums (2 sums, fma); at the end how many pixels they come
/// to (2 quotients), one where n² is below the range (difference, select), and how many patches (fma, quotient), of few the third power (min, 2 products), the limit
/// (2 products, min), and whether it is exceeded (fma, min).
///
/// Readout: 1 sum in the block; the exact addition of it: 6 sums and differences, 1 for the low part: `exact_sum` has add, sub, sub,
/// sub, sub, add, add = 7. Value: 1 sum; 4 products for the output, 1 for ρ ρ'.
#[test]
fn counts_of_a_tiny_net() -> Result<(), Error> {
    // Two channels, so that the pixels are not close to each other: of one patch that takes λ below 1/9.
    let shape = Shape { channels: 2, height: 1, width: 1 };
    let net = Conv::new(shape, 3, &[Readout::Vanilla], Request::new(&[Kernel::Ntk], &[2], Trained::All)?)?;
    let arithmetic = Arithmetic::uniform(Format::F32, MultiplyAdd::Fused);
    let (prepared, _) = simulate(arithmetic, || {
        let one = [[0.5, 0.1], [0.1, -0.6]].map(|pixel| {
            let mut out = vec![Vector::zero(); prepared_len(&net)];
            prepare(&net, &pixel.map(|channel| Vector::splat(Lane::from_f64(channel))), &mut out).map(|()| out)
        });
        let [x, y] = one;
        Ok::<_, Error>((x?.iter().map(|x| x.lane(0)).collect::<Vec<_>>(), y?))
    });
    let (x, y) = prepared?;
    let ((), tally) = simulate(arithmetic, || {
        let (mut scratch, mut out) = (vec![Vector::zero(); conv_scratch_len(&net)], [Vector::zero()]);
        assert_eq!(conv_pair(&net, &x, &y, None, &mut scratch, &mut out), Ok(()));
    });
    let count = |op: Op| tally.counts[op.index()];
    assert_eq!(count(Op::Fma), 2 + 1 + 7 + 6 + 1 + 1 + 1 + (1 + 1 + 1 + 1 + 1), "multiply-adds");
    assert_eq!(count(Op::Multiply), 2 + 1 + 1 + (1 + 1 + 2 + 2) + 4 + 1, "products");
    assert_eq!(count(Op::Add), 1 + 2 + 1 + 1 + 1 + (2 + 1) + 1 + 7 + 1 + 1, "sums");
    assert_eq!(count(Op::Sqrt), 1, "roots");
    assert_eq!(count(Op::Select), 1 + 1 + 1 + 1 + (1 + 2 + 1 + 3 + 1), "choices");
    assert_eq!(count(Op::Divide), 1 + 2 + 1, "quotients");
    assert_eq!(tally.beyond, 0);
    Ok(())
}

/// Formats of narrow range: nothing leaves it, and the kernels are those of `f64` but for their few digits.
#[test]
fn narrow_formats() -> Result<(), Error> {
    let shape = Shape { channels: 3, height: 6, width: 6 };
    let net = Conv::new(shape, 3, &[Readout::Vanilla, Readout::Gap], Request::new(&BOTH, &[3, 11], Trained::All)?)?;
    let images = images(shape);
    let run = |arithmetic| -> Result<(Vec<f64>, Tally), Error> {
        let (kernels, tally) = simulate(arithmetic, || conv::<Vector>(&net, &images[0], &images[1]));
        Ok((kernels?, tally))
    };
    let (exact, _) = run(Arithmetic::uniform(Format::F64, MultiplyAdd::Fused))?;
    for (format, accumulator, digits) in [
        (Format::F16, Format::F32, 11),
        (Format::Bf16, Format::F32, 8),
        (Format::Fixed { integer: 15, fraction: 16 }, Format::Fixed { integer: 27, fraction: 20 }, 11),
        // In which images are lowered, so that sums over windows and layers stay below 2^7.
        (Format::Fixed { integer: 7, fraction: 24 }, Format::F32, 18),
    ] {
        let (kernels, tally) = run(Arithmetic { format, accumulator, multiply_add: MultiplyAdd::Fused })?;
        assert_eq!(tally.beyond, 0, "{format}");
        let unit = 2f64.powi(-digits);
        for (ours, exact) in kernels.iter().zip(&exact) {
            let error = (ours / exact - 1.0).abs();
            assert!(error < NARROW * unit, "{format}: {ours} instead of {exact}");
        }
    }
    Ok(())
}

/// A data set of a few digits is judged as the host computes it.
#[test]
fn kernels_are_judged_by_what_the_host_makes_of_them() -> anyhow::Result<()> {
    let mut options = LoadOptions::new(Kind::Digits);
    (options.train_size, options.test_size) = (Some(12), Some(20));
    let data = load(&options)?;
    let shape = data.train.images.shape();
    let net = Conv::new(shape, 3, &[Readout::Vanilla], Request::new(&[Kernel::Ntk], &[3], Trained::All)?)?;
    let exact = kernels(&net, &data, REFERENCE, || ())?;
    let of = |kernels: &Kernels| anyhow::Ok(judge(&net, &data, kernels, &exact)?.remove(0));
    let quality = of(&exact)?;
    assert_eq!((quality.largest, quality.mean, quality.ridge), (0.0, 0.0, Some(0.0)));

    let machine = Machine::new(Backend::select()?, Some(1))?;
    let nets = NetSettings {
        nets: vec![NetKind::CntkV],
        depths: vec![3],
        kernels: vec![Kernel::Ntk],
        trained: None,
        lap: None,
        filter: 3,
        slope: 0.0,
        residual: None,
    };
    let (precision, subset) = (Precision::F64, String::new());
    let (solver, store) = (None, None);
    let options =
        RunOptions { nets, precision, flip: false, tile: None, ridge: 0.0, solver, store, resume: false, subset };
    let report = run(&data, &options, &machine, &Silent)?;
    assert_eq!(quality.accuracy, report.results[0].accuracy);
    let host_net = Net::Conv(net.clone());
    let gram = Gram { net: &host_net, flip: false, x: &data.train.images, y: None, tile: 12 };
    let values = gram.tile::<f64>(0, 0, machine.backend)?;
    let mut workspace = Workspace::new(12, 1)?;
    workspace.load(|lower| Ok(lower.set_tile(0, 0, 12, 12, &values)?))?;
    let [least, most] = workspace.spectrum(&Targets::new(&data.train.labels, data.classes.len())?)?.extremes();
    assert!((quality.least - least / most).abs() < SPECTRUM, "{} {least} {most}", quality.least);

    let single = kernels(&net, &data, Arithmetic::uniform(Format::F32, MultiplyAdd::Fused), || ())?;
    let quality = of(&single)?;
    assert!(0.0 < quality.mean && quality.mean < quality.largest && quality.largest < REAL_F32, "{quality:?}");
    Ok(())
}

/// Numbers beyond a format's range: what they become, and that they are counted, but only those of vectors.
#[test]
fn beyond_the_range() {
    let run = |format: Format, work: fn([Vector; 2]) -> Vector, x: f64, y: f64| {
        let (result, tally) = simulate(Arithmetic::uniform(format, MultiplyAdd::Fused), || {
            work([x, y].map(|x| Vector::splat(Lane::from_f64(x)))).lane(0).to_f64()
        });
        (result, tally.beyond)
    };
    let fixed = |integer, fraction| Format::Fixed { integer, fraction };
    for (format, x, y, sum, beyond) in [
        (Format::F16, 60000.0, 5024.0, 65024.0, 0),
        (Format::F16, 60000.0, 6000.0, f64::INFINITY, 1),
        (Format::F16, -60000.0, -6000.0, f64::NEG_INFINITY, 1),
        (Format::Bf16, 60000.0, 6000.0, 66048.0, 0),
        (Format::Bf16, 3e38, 3e38, f64::INFINITY, 1),
        (fixed(7, 8), 100.0, 27.5, 127.5, 0),
        (fixed(7, 8), 100.0, 28.0, 127.99609375, 1),
        (fixed(7, 8), -100.0, -29.0, -128.0, 1),
        (fixed(5, 10), 1.5, 1.5, 3.0, 0),
    ] {
        assert_eq!(run(format, |[x, y]| x.add(y), x, y), (sum, beyond), "{format}: {x} + {y}");
    }
    assert_eq!(run(fixed(7, 8), |[x, y]| x.mul(y), -20.0, 20.0), (-128.0, 1));
    assert_eq!(run(fixed(7, 8), |[x, y]| x.mul_add(y, y), 20.0, 20.0), (127.99609375, 1));
    assert_eq!(run(fixed(7, 8), |[x, y]| x.div(y), 1.0, 0.00390625), (127.99609375, 1));
    // A number of the input is none of the operations.
    assert_eq!(run(fixed(7, 8), |[x, _]| x, 1e9, 0.0), (127.99609375, 0));
    // Scalars are not counted.
    let (sum, tally) = simulate(Arithmetic::uniform(Format::F16, MultiplyAdd::Fused), || {
        let large = Lane::from_f64(60000.0);
        large.add(large).to_f64()
    });
    assert_eq!((sum, tally.beyond), (f64::INFINITY, 0));
}
