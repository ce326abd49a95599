//! The entry points of the core: any network, any buffers, any numbers; and against the definitions where those hold.

use arbitrary::{Arbitrary, Result, Unstructured};
use ultrawide_core::{
    Conv, Dense, Error, Kernel, Readout, Request, Scalar, Shape, Trained, conv_pair, conv_scratch_len, dense_pair,
    identity_cap, prepare, prepared_len,
};

use crate::check_line;
use crate::common::naive;
use crate::common::precision::{KERNEL_F32, OPPOSITE_F32, PARALLEL_F64};
use crate::parts::{Parts, mean, mirror};

/// A number of an image.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Value {
    /// In steps of 1/32 up to 4: many zeros, equal and opposite patches.
    Plain(i8),
    /// Any bit pattern of `f32`, so that both types hold it.
    Any(u32),
    Tiny(i8),
    Huge(i8),
}

impl Value {
    pub(crate) fn number(self) -> f64 {
        match self {
            Value::Plain(x) => f64::from(x) / 32.0,
            Value::Any(bits) => f32::from_bits(bits).into(),
            Value::Tiny(x) => f64::from(f32::from(x) * 1e-40),
            Value::Huge(x) => f64::from(f32::from(x) * 1e36),
        }
    }
}

/// A network of a few layers and its two inputs.
#[derive(Debug)]
struct Case {
    shape: Shape,
    filter: usize,
    readouts: Vec<Readout>,
    kernels: Vec<Kernel>,
    depths: Vec<usize>,
    trained: Trained,
    slope: f64,
    residual: Option<f64>,
    x: Vec<f64>,
    y: Vec<f64>,
    /// All numbers are finite and the net is small: the definitions are quick, and `f64` holds the kernels of numbers of `f32`.
    defined: bool,
    /// Too large to compute: there are no numbers.
    large: bool,
    single: bool,
    /// By how much buffers are too long, or too short.
    lengths: [i8; 5],
}

impl Case {
    fn new(u: &mut Unstructured<'_>) -> Result<Self> {
        // One in 16 is of any size: such a description is refused, or only its lengths are asked for.
        let mut size = |limit| if u.ratio(1, 16)? { u.arbitrary() } else { u.int_in_range(0..=limit) };
        let shape = Shape { channels: size(3)?, height: size(5)?, width: size(5)? };
        let filter = size(9)?;
        let readout = |u: &mut Unstructured<'_>| {
            Ok(match u.int_in_range(0..=3)? {
                0 => Readout::Vanilla,
                1 => Readout::Gap,
                2 => Readout::Lap(u.int_in_range(0..=4)?),
                _ => Readout::Lap(u.arbitrary()?),
            })
        };
        let readouts = (0..u.int_in_range(0..=3)?).map(|_| readout(u)).collect::<Result<_>>()?;
        let kernels = [&[Kernel::Ntk, Kernel::Nngp][..], &[Kernel::Ntk], &[Kernel::Nngp], &[]];
        let kernels = u.choose(&kernels)?.to_vec();
        let depth = |u: &mut Unstructured<'_>| if u.ratio(1, 16)? { u.arbitrary() } else { u.int_in_range(0..=8) };
        let mut depths = (0..u.int_in_range(0..=3)?).map(|_| depth(u)).collect::<Result<Vec<usize>>>()?;
        if u.ratio(7, 8)? {
            depths.sort_unstable();
        }
        let trained = if u.arbitrary()? { Trained::All } else { Trained::Hidden };
        let (slope, residual) = tricks(u)?;
        let (single, lengths) = (u.arbitrary()?, if u.ratio(1, 4)? { u.arbitrary()? } else { [0; 5] });
        // The definitions take their time.
        let mut defined = depths.iter().all(|&depth| depth <= 8) && residual.is_none_or(holds);
        let (deepest, len) = (depths.iter().max().copied().unwrap_or(0), shape.len().unwrap_or(usize::MAX));
        let large = len > 75 || (deepest > 64 && shape.pixels() > Some(4)) || filter > 1 << 20;
        let len = if large { 0 } else { len };
        let mut image = |u: &mut Unstructured<'_>| {
            (0..len)
                .map(|_| {
                    let value = if u.is_empty() { Value::Plain(5) } else { u.arbitrary()? };
                    defined &= value.number().is_finite();
                    Ok(value.number())
                })
                .collect::<Result<Vec<f64>>>()
        };
        let x = image(u)?;
        let y = if u.ratio(1, 8)? { x.clone() } else { image(u)? };
        defined &= !large;
        Ok(Case {
            large,
            shape,
            filter,
            readouts,
            kernels,
            depths,
            trained,
            slope,
            residual,
            x,
            y,
            defined,
            single,
            lengths,
        })
    }
}

/// Networks of any description; their kernels where there are any. And the small functions, on what the same bytes are from the last to the first:
/// those that a case leaves are there.
pub fn core(data: &[u8]) {
    let backwards: Vec<u8> = data.iter().rev().copied().collect();
    let Ok(parts) = Parts::new(&mut Unstructured::new(&backwards)) else { return };
    parts.kappas();
    parts.check::<f32>();
    parts.check::<f64>();
    let Ok(case) = Case::new(&mut Unstructured::new(data)) else { return };
    let request = match Request::new(&case.kernels, &case.depths, case.trained) {
        Ok(request) => request,
        Err(error) => return check_line(&error),
    };
    if case.single {
        dense::<f32>(&case, &request, &parts)
    } else {
        dense::<f64>(&case, &request, &parts)
    }
    match Conv::new(case.shape, case.filter, &case.readouts, request).and_then(|net| net.with_slope(case.slope)) {
        Ok(net) if case.single => conv::<f32>(&case, &net),
        Ok(net) => conv::<f64>(&case, &net),
        Err(error) => check_line(&error),
    }
}

/// The slope of leaky ReLUs, mostly 0, and the strength of residual connections, mostly none.
pub(crate) fn tricks(u: &mut Unstructured<'_>) -> Result<(f64, Option<f64>)> {
    let number =
        |u: &mut Unstructured<'_>| if u.ratio(1, 8)? { u.arbitrary() } else { Ok(f64::from(i8::arbitrary(u)?) / 32.0) };
    let slope = if u.ratio(1, 2)? { number(u)? } else { 0.0 };
    Ok((slope, if u.ratio(1, 4)? { Some(number(u)?) } else { None }))
}

/// Whether `f32` has the share of connections of that strength: what is below it counts as 0.
fn holds(strength: f64) -> bool {
    let square = strength * strength;
    strength == 0.0 || square.is_finite() && square >= f32::MIN_POSITIVE.into()
}

pub(crate) fn dense_net(request: Request, slope: f64, residual: Option<f64>) -> std::result::Result<Dense, Error> {
    let net = Dense::new(request).with_slope(slope)?;
    match residual {
        Some(strength) => net.with_residual(strength),
        None => Ok(net),
    }
}

fn numbers<S: Scalar>(image: &[f64]) -> Vec<S> {
    image.iter().map(|&x| S::from_f64(x)).collect()
}

/// A buffer of `len` numbers and `by` more; what it holds must not matter.
fn buffer<S: Scalar>(len: usize, by: i8) -> Vec<S> {
    vec![S::from_f64(f64::NAN); len.saturating_add_signed(by.into())]
}

fn dense<S: Scalar>(case: &Case, request: &Request, parts: &Parts) {
    let net = match dense_net(request.clone(), case.slope, case.residual) {
        Ok(net) => net,
        Err(error) => return check_line(&error),
    };
    let run = |x: &[f64], y: &[f64], by: i8| {
        let (x, y) = (numbers::<S>(x), numbers::<S>(y));
        let mut out = buffer(net.outputs(), by);
        dense_pair(&net, &x, &y, identity_cap(&x, &y), &mut out).map(|()| out)
    };
    let good = case.lengths[0] == 0 && !case.x.is_empty() && case.x.len() == case.y.len();
    // x·y itself is not scaled: beyond the range nothing is promised.
    let product: f64 = case.x.iter().zip(&case.y).map(|(x, y)| (x * y).abs()).sum();
    let within = S::from_f64(product).is_finite();
    let exact = |x: &[f64], y: &[f64]| naive::dense(&net, x, y);
    check(case, KERNEL_F32, good, within, run(&case.x, &case.y, case.lengths[0]), exact, |x| exact(x, x));
    parts.layers::<S>(&net, &case.x, &case.y);
}

fn conv<S: Scalar>(case: &Case, net: &Conv) {
    let run = |x: &[f64], y: &[f64], [x_by, y_by, scratch_by, out_by, _]: [i8; 5]| {
        let (x, y) = (numbers::<S>(x), numbers::<S>(y));
        let (mut px, mut py) = (buffer(prepared_len(net), x_by), buffer(prepared_len(net), y_by));
        prepare(net, &x, &mut px)?;
        prepare(net, &y, &mut py)?;
        let mut scratch = buffer(conv_scratch_len(net), scratch_by);
        let mut out = buffer(net.outputs(), out_by);
        conv_pair(net, &px, &py, identity_cap(&x, &y), &mut scratch, &mut out).map(|()| out)
    };
    if case.large {
        let lens = [prepared_len(net), conv_scratch_len(net)];
        assert!(lens.iter().all(|&len| len > 0 && len < isize::MAX as usize / 8), "{lens:?}: {case:?}");
        return prepare::<S>(net, &[], &mut [])
            .map_or_else(|error| check_line(&error), |()| panic!("no pixels: {case:?}"));
    }
    let [x_by, y_by, scratch_by, out_by, flip_by] = case.lengths;
    let good = x_by == 0 && y_by == 0 && scratch_by >= 0 && out_by == 0;
    let exact = |x: &[f64], y: &[f64]| naive::conv(net, x, y);
    check(case, OPPOSITE_F32, good, true, run(&case.x, &case.y, case.lengths), exact, |x| naive::conv_terms(net, x));

    let len = case.x.len().saturating_add_signed(flip_by.into());
    let mirrored = mirror(&numbers::<S>(&case.x), case.shape.width, len);
    mean(&mirrored, &numbers::<S>(&case.y));
}

/// Checks the kernels of a case: `single` is what `f32` may be off by, of `f64` the definitions lose as much as [`PARALLEL_F64`]; `good` says whether its
/// buffers are right, `within` whether finite numbers have no NaN for a kernel; `exact` gives those of the definitions and `terms` what the terms of an input's own kernels come to.
fn check<S: Scalar>(
    case: &Case,
    single: f64,
    good: bool,
    within: bool,
    found: std::result::Result<Vec<S>, Error>,
    exact: impl Fn(&[f64], &[f64]) -> Vec<f64>,
    terms: impl Fn(&[f64]) -> Vec<f64>,
) {
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            check_line(&error);
            assert!(!good, "{error}: {case:?}");
            return;
        }
    };
    assert!(good, "buffers of wrong lengths are accepted: {case:?}");
    if within && case.x.iter().chain(&case.y).all(|x| x.is_finite()) {
        assert!(found.iter().all(|kernel| !kernel.to_f64().is_nan()), "{found:?} of finite numbers: {case:?}");
    }
    if !case.defined || !within {
        return;
    }
    let tolerance = if S::SMALLEST_NORMAL.to_f64() > f64::MIN_POSITIVE { single } else { PARALLEL_F64 };
    let smallest = S::SMALLEST_NORMAL.to_f64();
    let [xx, yy] = [&case.x, &case.y].map(|image| terms(image));
    for (index, exact) in exact(&case.x, &case.y).into_iter().enumerate() {
        // Kernels of finite numbers that the type does not hold are infinite, and those below its normal ones have fewer digits.
        let allowed = tolerance * (xx[index] * yy[index]).sqrt() + smallest;
        if S::from_f64(2.0 * (exact.abs() + allowed)).is_finite() {
            let error = (found[index].to_f64() - exact).abs();
            assert!(error <= allowed, "output {index}: {:?} instead of {exact:e}: {case:?}", found[index]);
        }
    }
}
