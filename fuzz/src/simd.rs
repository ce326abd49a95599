//! Gram matrices by every instruction set of the machine, against each other and against the scalar one.

use arbitrary::{Arbitrary, Result, Unstructured};
use ultrawide::data::{Images, Pixels};
use ultrawide::gram::{Gram, Net};
use ultrawide::simd::{Backend, Element};
use ultrawide_core::{Conv, Kernel, Readout, Request, Shape, Trained};

use crate::check_line;
use crate::common::naive::{flattened, largest_share};
use crate::common::precision::{BETWEEN_TWO, OPPOSITE_F32, PARALLEL_F64};
use crate::core::{dense_net, tricks};

/// A number of an image.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Value {
    Plain(i8),
    Scaled(i8, i8),
    /// The number at the same place of the image before, so that images and patches are often alike.
    Before,
}

#[derive(Debug)]
struct Case {
    net: Net,
    flip: bool,
    images: Images,
    single: bool,
    plain: bool,
}

impl Case {
    /// `None` for what is no network.
    fn new(u: &mut Unstructured<'_>) -> Result<Option<Self>> {
        let mut size = |limit| u.int_in_range(1..=limit);
        let shape = Shape { channels: size(3)?, height: size(4)?, width: size(5)? };
        let (depth, filter) = (1 + size(5)?, 2 * size(3)? - 1);
        let (kernel, trained) =
            (*u.choose(&[Kernel::Ntk, Kernel::Nngp])?, *u.choose(&[Trained::All, Trained::Hidden])?);
        let (slope, residual) = tricks(u)?;
        let Ok(request) = Request::new(&[kernel], &[depth], trained) else { return Ok(None) };
        let net = match u.int_in_range(0..=3)? {
            0 => {
                let Ok(net) = dense_net(request, slope, residual) else { return Ok(None) };
                Net::Dense { shape, net }
            }
            readout => {
                let readout = [Readout::Vanilla, Readout::Gap, Readout::Lap(1)][readout - 1];
                let net = Conv::new(shape, filter, &[readout], request);
                let Ok(net) = net.and_then(|net| net.with_slope(slope)) else { return Ok(None) };
                Net::Conv(net)
            }
        };
        let (flip, single, count) = (u.arbitrary()?, u.arbitrary()?, u.int_in_range(1..=18)?);
        let len = shape.channels * shape.height * shape.width;
        let (mut pixels, mut plain) = (Vec::<f64>::new(), true);
        for at in 0..count * len {
            let before = at.checked_sub(len).map_or(0.0, |before| pixels[before]);
            pixels.push(match if u.is_empty() { Value::Before } else { u.arbitrary()? } {
                Value::Before => before,
                Value::Plain(x) => f64::from(x) / 32.0,
                Value::Scaled(x, exponent) => {
                    plain = false;
                    f64::from(f32::from(x) * f32::from(exponent).exp2())
                }
            });
        }
        let images = match Images::new(shape, Pixels::F64(pixels)) {
            Ok(images) => images,
            Err(error) => {
                check_line(&error);
                return Ok(None);
            }
        };
        Ok(Some(Case { net, flip, images, single, plain }))
    }
}

/// The matrix of a few images.
pub fn simd(data: &[u8]) {
    match Case::new(&mut Unstructured::new(data)) {
        Ok(Some(case)) if case.single => check::<f32>(&case, OPPOSITE_F32),
        Ok(Some(case)) => check::<f64>(&case, PARALLEL_F64),
        _ => {}
    }
}

fn check<S: Element>(case: &Case, tolerance: f64) {
    let gram = Gram { net: &case.net, flip: case.flip, x: &case.images, y: None, tile: case.images.len() };
    if let Err(error) = gram.check::<S>() {
        return check_line(&error);
    }
    let tile = |backend| gram.tile::<S>(0, 0, backend).map_err(|error| error.to_string());
    let scalar = tile(Backend::Scalar);
    let terms = terms::<S>(case);
    let mut fused = None;
    for backend in Backend::available().into_iter().filter(|&backend| backend != Backend::Scalar) {
        let found = tile(backend);
        if let Err(error) = &found {
            check_line(error);
        }
        if let (Ok(found), Ok(scalar), Some(terms)) = (&found, &scalar, &terms) {
            near(found, scalar, tolerance, terms, case);
        }
        // A kernel that is out of range is so everywhere, but perhaps by an ulp.
        assert!(!case.plain || found.is_ok() == scalar.is_ok(), "{found:?}, {scalar:?}: {case:?}");
        let bits = found.map(|values| values.iter().map(|value| value.to_f64().to_bits()).collect::<Vec<_>>());
        let first = fused.get_or_insert_with(|| bits.clone());
        assert!(*first == bits, "{backend} differs from the other backends with fused multiply-add: {case:?}");
    }
}

/// What the terms of each image's own kernel come to at most, where they are in range.
fn terms<S: Element>(case: &Case) -> Option<Vec<f64>> {
    let (net, share) = match &case.net {
        Net::Dense { .. } => (case.net.clone(), 1.0),
        Net::Conv(net) => (Net::Conv(flattened(net)), largest_share(net.readouts()[0], net.shape())),
    };
    let own = |image| {
        let image = case.images.select(&[image]).ok()?;
        Gram { net: &net, flip: false, x: &image, y: None, tile: 1 }.tile::<S>(0, 0, Backend::Scalar).ok()
    };
    (0..case.images.len()).map(|image| Some(share * own(image)?[0].to_f64())).collect()
}

/// Both within the tolerance of what they are approximations of.
fn near<S: Element>(found: &[S], scalar: &[S], tolerance: f64, terms: &[f64], case: &Case) {
    let n = case.images.len();
    for (at, (found, scalar)) in found.iter().zip(scalar).enumerate() {
        let error = (found.to_f64() - scalar.to_f64()).abs();
        let scale = (terms[at / n] * terms[at % n]).sqrt();
        let allowed = BETWEEN_TWO * tolerance * scale + S::SMALLEST_NORMAL.to_f64();
        assert!(error <= allowed, "{found:?} instead of {scalar:?} at {at}: {case:?}");
    }
}
