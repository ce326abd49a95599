//! The small functions of the core, on numbers of any kind and slices of any length.

use arbitrary::{Arbitrary, Result, Unstructured};
use ultrawide_core::dual::{kappa0, kappa1};
use ultrawide_core::{
    Dense, FEATURE_BLOCK, Scalar, add_exactly, average_flipped, block_products, dense_deviation, dense_layers,
    dense_pair, flip, identity_cap,
};

use crate::check_line;
use crate::common::precision::{
    DEVIATION, KAPPA_F32_ULP, KAPPA_F64_ULP, KAPPA_FALL_ULP, REFERENCE_KAPPA0_ULP, REFERENCE_KAPPA1_ULP,
};
use crate::common::reference;
use crate::common::ulp::{Ordered, ulp_distance};
use crate::core::Value;

/// What they are called with.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Up to 40 numbers.
    values: Vec<f64>,
    /// Where slices of them end.
    ends: [u8; 4],
    /// Of the rows that are mirrored.
    width: usize,
    /// How often the inputs of a dense net are repeated, so that they have more features than a block.
    repeats: usize,
    /// By how much buffers and inputs are too long.
    by: [usize; 2],
}

impl Parts {
    pub(crate) fn new(u: &mut Unstructured<'_>) -> Result<Self> {
        let (ends, width) = (u.arbitrary()?, if u.ratio(1, 16)? { u.arbitrary()? } else { u.int_in_range(0..=6)? });
        let (repeats, by) = (u.int_in_range(1..=5)?, *u.choose(&[[0, 0], [0, 0], [0, 1], [1, 0]])?);
        let count = u.int_in_range(0..=40)?;
        let value = |u: &mut Unstructured<'_>| {
            Ok(if u.ratio(1, 4)? { f64::from_bits(u.arbitrary()?) } else { Value::arbitrary(u)?.number() })
        };
        let values = (0..count).map(|_| value(u)).collect::<Result<_>>()?;
        Ok(Parts { values, ends, width, repeats, by })
    }

    /// Part `index` of the numbers.
    fn slice<S: Scalar>(&self, index: usize) -> Vec<S> {
        let numbers = self.values.iter().map(|&value| S::from_f64(value));
        numbers.skip(usize::from(self.ends[index] >> 4)).take(usize::from(self.ends[index] % 16)).collect()
    }

    /// All functions that need no network, but κ0 and κ1.
    pub(crate) fn check<S: Scalar>(&self) {
        self.products::<S>();
        self.sums::<S>();
        self.deviations::<S>();
        self.mirrored::<S>();
        self.means::<S>();
        let [x, y] = [0, 1].map(|index| self.slice::<S>(index));
        let cap = identity_cap(&x, &y).map(S::to_f64);
        assert_eq!(cap, if x == y { Some(0.0) } else { None }, "{x:?}, {y:?}");
    }

    /// κ0 and κ1 in both types.
    pub(crate) fn kappas(&self) {
        let near = [-1.0, 0.0, 0.5, 1.0].into_iter().chain(self.values.iter().copied());
        // Beyond 1 they are clamped, and a quotient lies within.
        let all: Vec<f64> = near.flat_map(|value| [value, 1.0 / value]).collect();
        kappas(all.iter().map(|&value| value as f32), KAPPA_F32_ULP, |lambda: f32| {
            Some([reference::kappa0(lambda) as f32, reference::kappa1(lambda) as f32])
        });
        let [tolerance0, tolerance1] = KAPPA_F64_ULP;
        let tolerances = [tolerance0 + REFERENCE_KAPPA0_ULP, tolerance1 + REFERENCE_KAPPA1_ULP];
        // The reference takes `f32`.
        let narrow = all.iter().map(|&value| f64::from(value as f32));
        kappas(all.iter().copied().chain(narrow), tolerances, |lambda: f64| {
            let narrow = lambda as f32;
            (f64::from(narrow) == lambda).then(|| [reference::kappa0(narrow), reference::kappa1(narrow)])
        });
    }

    /// Slices of unlike lengths: the features that all have count.
    fn products<S: Scalar>(&self) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|index| self.slice::<S>(index));
        let found = block_products([&a[..], &b[..]], [&c[..], &d[..]]);
        let features = [&a, &b, &c, &d].map(Vec::len).into_iter().min().unwrap_or(0);
        for (x, found) in [&a, &b].into_iter().zip(found) {
            for (y, found) in [&c, &d].into_iter().zip(found) {
                let terms = x.iter().zip(y).take(features);
                let sum = terms.fold(S::zero(), |sum, (&x, &y)| x.mul_add(y, sum));
                assert!(same(found, sum), "{found:?} instead of {sum:?} of {x:?} and {y:?}");
            }
        }
    }

    /// What rounding takes from a sum, by Dekker's way, which has to know the larger term, in place of Knuth's.
    fn sums<S: Scalar>(&self) {
        let finite = |x: S| x.add(x).is_finite();
        let mut pair = [S::zero(); 2];
        for term in self.values.iter().map(|&value| S::from_f64(value)) {
            let ([high, low], before) = (add_exactly(pair, term), pair);
            assert!(same(high, before[0].add(term)), "{before:?} and {term:?}: {high:?}");
            // Half of the range: differences on the way are within it too.
            if !(finite(before[0]) && finite(term) && finite(high)) {
                pair = [S::zero(); 2];
                continue;
            }
            let [larger, less] = if before[0].abs() < term.abs() { [term, before[0]] } else { [before[0], term] };
            let lost = less.sub(high.sub(larger));
            let expected = before[1].add(lost);
            assert!(low == expected, "{before:?} and {term:?}: {low:?} instead of {expected:?}");
            pair = [high, low];
        }
    }

    fn deviations<S: Scalar>(&self) {
        let x = self.slice::<S>(0);
        let [deviation, inverse, root] = dense_deviation(&x).map(S::to_f64);
        let fraction = root.to_bits() & ((1 << 52) - 1);
        assert!(root > 0.0 && root.is_finite() && fraction == 0, "{x:?}: {root:e} is no power of two");
        if !x.iter().all(|x| x.is_finite()) {
            return;
        }
        let square = root * root;
        let scaled = x.iter().map(|x| x.to_f64() / square);
        let largest = scaled.clone().fold(0.0, |largest, x| x.abs().max(largest));
        // In [1, 4); only ρ² with an inverse of full precision does not reach down to the subnormal numbers.
        let (of_next, least_square) = (largest / 4.0, S::SMALLEST_NORMAL.to_f64() * 4.0);
        assert!(of_next < 1.0, "{x:?} over {square:e}");
        let exact = scaled.map(|x| x * x).sum::<f64>().sqrt();
        let epsilon = epsilon::<S>();
        // The sum here is rounded as well, in `f64`.
        let tolerance = DEVIATION * epsilon + x.len() as f64 * f64::EPSILON;
        // Squares of numbers that are far below the largest, or of subnormal ones, are lost.
        let smallest = S::SMALLEST_NORMAL.to_f64() * x.len() as f64;
        if exact * exact > smallest / epsilon {
            assert!((deviation - exact).abs() <= tolerance * exact, "{x:?}: {deviation:e} instead of {exact:e}");
            assert!((inverse * exact - 1.0).abs() <= tolerance, "{x:?}: 1/{inverse:e} instead of {exact:e}");
            assert!(largest >= 1.0 || square <= least_square, "{x:?} over {square:e}");
        } else {
            assert!(deviation >= 0.0 && inverse >= 0.0 && inverse.is_finite(), "{x:?}: {deviation:e}, {inverse:e}");
        }
    }

    /// Rows mirrored number by number; a last one that is not whole is left as it is.
    fn mirrored<S: Scalar>(&self) {
        let pixels: Vec<S> = self.slice(1);
        mirror(&pixels, self.width, pixels.len());
        mirror(&pixels, self.width, pixels.len() + self.by[0]);
    }

    fn means<S: Scalar>(&self) {
        let [x, y] = [2, 3].map(|index| self.slice::<S>(index));
        mean(&x, &y);
        let len = x.len().min(y.len());
        mean(&x[..len], &y[..len]);
    }

    /// [`dense_layers`] has the bits of [`dense_pair`] where it gets the same inner products, and refuses other lengths.
    pub(crate) fn layers<S: Scalar>(&self, net: &Dense, x: &[f64], y: &[f64]) {
        let [x, y] = [x, y].map(|x| x.repeat(self.repeats).iter().map(|&x| S::from_f64(x)).collect::<Vec<S>>());
        let buffer = |by: usize, value: f64| vec![S::from_f64(value); net.outputs() + by];
        let cap = identity_cap(&x, &y);
        let mut sigma = [S::zero(); 2];
        for (x, y) in x.chunks(FEATURE_BLOCK).zip(y.chunks(FEATURE_BLOCK)) {
            let [[products]] = block_products([x], [y]);
            sigma = add_exactly(sigma, products);
        }
        let [of_x, of_y] = [&x, &y].map(|x| dense_deviation(x));
        let [out_by, y_by] = self.by;
        let (mut whole, mut layers) = (buffer(0, f64::NAN), buffer(out_by, 1.0));
        let y_too_long: Vec<S> = y.iter().copied().chain(vec![S::zero(); y_by]).collect();
        let covariance = sigma[0].add(sigma[1]);
        let found = dense_layers(net, covariance, (&x, of_x), (&y_too_long, of_y), cap, &mut layers);
        let good = out_by == 0 && y_by == 0;
        match found {
            Ok(()) => assert!(good, "slices of wrong lengths are accepted"),
            Err(error) => {
                check_line(&error);
                assert!(!good, "{error}");
            }
        }
        if good && !x.is_empty() {
            dense_pair(net, &x, &y, cap, &mut whole).unwrap_or_else(|error| panic!("{error}"));
            let equal = whole.iter().zip(&layers).all(|(&whole, &layers)| same(whole, layers));
            assert!(equal, "{whole:?} and {layers:?} of {x:?} and {y:?}");
        }
        // Whatever it is told of them, it writes all that it was asked for.
        let numbers = self.slice::<S>(2);
        let told = |at: usize| numbers.get(at).copied().unwrap_or(S::zero());
        let [first, second] = [f64::NAN, 1.0].map(|before| {
            let mut out = buffer(0, before);
            let (of_x, of_y) = ([1, 2, 3].map(told), [4, 5, 6].map(told));
            let done = dense_layers(net, told(0), (&x, of_x), (&y, of_y), numbers.get(7).copied(), &mut out);
            done.unwrap_or_else(|error| panic!("{error}"));
            out
        });
        let equal = first.iter().zip(&second).all(|(&first, &second)| same(first, second));
        assert!(equal, "{first:?} over NaN and {second:?} over 1");
    }
}

/// [`flip`] into a buffer of `len` numbers, against its definition; other lengths are refused.
pub(crate) fn mirror<S: Scalar>(pixels: &[S], width: usize, len: usize) -> Vec<S> {
    let untouched = S::from_f64(-7.0);
    let mut out = vec![untouched; len];
    if let Err(error) = flip(pixels, width, &mut out) {
        check_line(&error);
        assert!(len != pixels.len(), "{error}");
        return out;
    }
    assert!(len == pixels.len(), "{len} numbers for {}", pixels.len());
    let width = width.max(1);
    let whole = pixels.len() - pixels.len() % width;
    for (at, &found) in out.iter().enumerate() {
        let expected = if at < whole { pixels[at - at % width + (width - 1 - at % width)] } else { untouched };
        assert!(same(found, expected), "{pixels:?} in rows of {width}: {out:?}");
    }
    out
}

/// [`average_flipped`] against its definition.
pub(crate) fn mean<S: Scalar>(kernels: &[S], flipped: &[S]) {
    let mut means = kernels.to_vec();
    if let Err(error) = average_flipped(&mut means, flipped) {
        check_line(&error);
        assert!(kernels.len() != flipped.len(), "{error}");
        return;
    }
    assert!(kernels.len() == flipped.len(), "{} and {} kernels are accepted", kernels.len(), flipped.len());
    let half = S::from_f64(0.5);
    for ((&kernel, &flipped), &mean) in kernels.iter().zip(flipped).zip(&means) {
        let [a, b] = [kernel, flipped].map(|x| x.mul(half));
        // Halves of normal numbers are exact, and so is the sum of two so small that its own half is rounded.
        let exact = |x: S, half: S| half.add(half) == x;
        if kernel.add(flipped).is_finite() && exact(kernel, a) && exact(flipped, b) {
            assert!(mean == a.add(b), "{mean:?} of {kernel:?} and {flipped:?}");
        } else if kernel.to_f64().is_nan() || flipped.to_f64().is_nan() {
            assert!(mean.to_f64().is_nan(), "{mean:?} of {kernel:?} and {flipped:?}");
        }
    }
}

/// κ0 and κ1 of any arguments: within their range, increasing, and, where the exact values are known, near those.
fn kappas<S: Scalar + Ordered>(
    arguments: impl Iterator<Item = S>,
    tolerances: [u64; 2],
    exact: impl Fn(S) -> Option<[S; 2]>,
) {
    let [zero, one] = [0.0, 1.0].map(S::from_f64);
    let mut all: Vec<(S, [S; 2])> = arguments.map(|lambda| (lambda, [kappa0(lambda), kappa1(lambda)])).collect();
    for (lambda, values) in &all {
        // Of NaN, too.
        assert!(values.iter().all(|value| (zero..=one).contains(value)), "{lambda:?}: {values:?}");
        assert!(!(*lambda <= one && values[1] < *lambda), "{lambda:?}: {values:?}");
        let end = if *lambda >= one { Some(one) } else { (*lambda <= zero.sub(one)).then_some(zero) };
        if let Some(end) = end {
            assert_eq!(values, &[end; 2], "{lambda:?}");
        } else if let Some(exact) = exact(*lambda).filter(|_| lambda.abs() <= one) {
            for ((&value, exact), tolerance) in values.iter().zip(exact).zip(tolerances) {
                let distance = ulp_distance(value, exact);
                assert!(distance <= tolerance, "{lambda:?}: {value:?} is {distance} ULP from {exact:?}");
            }
        }
    }
    all.retain(|(lambda, _)| !Ordered::is_nan(*lambda));
    all.sort_by_key(|(lambda, _)| lambda.position());
    for pair in all.windows(2) {
        for (before, after) in pair[0].1.into_iter().zip(pair[1].1) {
            let fall = before.position() - after.position();
            assert!(fall <= i128::from(KAPPA_FALL_ULP), "{pair:?}: falls by {fall} ULP");
        }
    }
}

/// The same bits, or NaN both.
fn same<S: Scalar>(a: S, b: S) -> bool {
    let [a, b] = [a, b].map(S::to_f64);
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// The distance from 1 to the next number.
fn epsilon<S: Scalar>() -> f64 {
    if S::SMALLEST_NORMAL.to_f64() > f64::MIN_POSITIVE { f32::EPSILON.into() } else { f64::EPSILON }
}
