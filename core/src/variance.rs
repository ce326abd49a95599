//! Variance maps: what an image contributes to every pair it takes part in.
//!
//! The variance of a pixel never depends on a second image: since κ1(1) = 1,
//!
//! ```text
//! Σ⁰xx[i,j,i,j] = box( Σ_c x_c[i,j]² )        Σ^h xx[i,j,i,j] = box( Σ^(h−1) xx )[i,j] / q²
//! ```
//!
//! with a two-dimensional box of q×q pixels, terms outside the image dropped. The factor 1/q² is left out as it is in the
//! recursion over pairs, see [`crate::scale`]. The recursion over pairs needs the
//! standard deviation and its inverse, so that n = √(v v') and λ = Σ/n cost two products and no division.
//!
//! Source: Arora et al. 2019, §4, the diagonal of Σ⁽ʰ⁾.

use crate::Error;
use crate::accumulate::{by_fours, exact_sum};
use crate::network::Conv;
use crate::number::{Number, Scalar};
use crate::scale;

/// Variances that are alike differ by this part at most.
const ALIKE: f64 = 1.0 / 4096.0;

/// Images of no more pixels than this are compared whole; of larger ones as many pixels as there is room for patches beside each other, but within these bounds.
const WHOLE: usize = 32;
const FEWEST: usize = 16;
const MOST: usize = 4096;

/// The numbers that [`prepare`] writes for one image: its pixels, √v and 1/√v of every layer, how alike its patches are and its scale.
pub fn prepared_len(net: &Conv) -> usize {
    net.pixels() * (net.shape().channels + 2 * net.request().layers()) + 2
}

/// Scales one image and computes its variance maps, or does so for one image in each lane.
///
/// The bits do not depend on the number type's way of multiply-add: only sums, products, roots and quotients are used.
///
/// # Shapes
/// `pixels`: C·P·Q in the order channel, row, column. `out`: [`prepared_len`], in the order pixels, divided by the square of a
/// power of two ρ so that the largest lies in [1, 4); then for each ReLU layer the P·Q pairs √v, 1/√v (0 where v is 0 or subnormal)
/// of the scaled image, without the divisions by q²; then how much of the image a patch is like, as far as v tells; then ρ.
///
/// # Accuracy
/// √v and 1/√v within 10 ULP after 39 layers (measured: 5.4, `accuracy/tests/rules.rs`); pixels and ρ are exact.
///
/// # Errors
/// [`Error::Length`] where either slice has another length.
///
/// # Cost
/// P·Q·(2q + 3) operations a layer, one root and one division among them, and five for each two of up to 32 pixels; no scratch.
#[inline(always)]
pub fn prepare<N: Number>(net: &Conv, pixels: &[N], out: &mut [N]) -> Result<(), Error> {
    let (p, width) = (net.reach(), net.shape().width.max(1));
    let size = net.pixels();
    check("pixels", pixels.len(), size * net.shape().channels)?;
    check("prepared image", out.len(), prepared_len(net))?;
    let (scaled, maps) = out.split_at_mut_checked(pixels.len()).unwrap_or_default();
    let Some(([likeness, scale], maps)) = maps.as_chunks_mut().0.split_last_mut() else { return Ok(()) };
    let lowered = scale::lowered::<N::Scalar>(net.window(), net.request().layers());
    let root = scale::root(pixels, lowered);
    let one = N::Scalar::from_f64(1.0);
    let inverse = N::splat(one).div(root.mul(root));
    for (scaled, &pixel) in scaled.iter_mut().zip(pixels) {
        *scaled = pixel.mul(inverse);
    }
    *scale = root;

    let mut layers = maps.chunks_exact_mut(size);
    let Some(mut current) = layers.next() else { return Ok(()) };
    current.fill([N::zero(); 2]);
    for channel in scaled.chunks_exact(size) {
        for ([low, high], &x) in current.iter_mut().zip(channel) {
            [*high, *low] = exact_sum(*high, *low, x.mul(x));
        }
    }
    for [low, high] in current.iter_mut() {
        *high = high.add(*low);
    }
    box_sum(current, width, p);
    *likeness = self::likeness(current, width, net.area());
    let growth = net.growth::<N::Scalar>();
    for (layer, next) in (2..).zip(layers) {
        let shrink = N::splat(growth.before(layer).unwrap_or(one));
        for (next, current) in next.iter_mut().zip(current.iter()) {
            next[1] = current[1].mul(shrink);
        }
        box_sum(next, width, p);
        deviations(current);
        current = next;
    }
    deviations(current);
    Ok(())
}

/// box of the second numbers of `map`, in place; the first ones serve for the sums along the rows.
#[inline(always)]
fn box_sum<N: Number>(map: &mut [[N; 2]], width: usize, p: usize) {
    for row in map.chunks_exact_mut(width) {
        for column in 0..width {
            let (start, end) = window(column, p, width);
            let window = row.get(start..end).unwrap_or_default();
            let sum = by_fours(N::zero(), window.iter().map(|pair| pair[1]), N::add);
            if let Some(pair) = row.get_mut(column) {
                pair[0] = sum;
            }
        }
    }
    let height = map.len() / width;
    for row in 0..height {
        let (start, end) = window(row, p, height);
        for at in row * width..(row + 1) * width {
            let window = (start..end).filter_map(|other| map.get(other * width + at - row * width));
            let sum = by_fours(N::zero(), window.map(|pair| pair[0]), N::add);
            if let Some(pair) = map.get_mut(at) {
                pair[1] = sum;
            }
        }
    }
}

/// How much of an image its patches are like, from the variances, the second numbers of `map`, in windows of so many pixels:
///
/// ```text
/// Σ_i w_i min(1, c_i Σ_{j≠i} w_j [|v_j − v_i| ≤ v_i/4096])        w = v/Σ v
/// ```
///
/// where c_i is 1 in flat regions, where the pixel before i in its row or column is like it, and elsewhere the window, as the windows of neighbours overlap. The sums
/// are those of some pixels, spread over the image so densely that hardly a patch has none of them. Rounding errors of patches that are alike are alike, and do not cancel.
#[inline(always)]
fn likeness<N: Number>(map: &[[N; 2]], width: usize, window: usize) -> N {
    let constant = |value: f64| N::splat(N::Scalar::from_f64(value));
    let (one, least) = (constant(1.0), N::splat(N::Scalar::smallest_normal()));
    let add = |sum: N, v: N| sum.add(v.widened());
    let share = |part: N, all: N| part.div(all.max(least)).narrowed();
    let at = |pixel: usize| map.get(pixel).map_or(N::zero(), |pair| pair[1]);
    let beside = map.len().checked_div(window).unwrap_or(0);
    let count = if map.len() <= WHOLE { map.len() } else { beside.clamp(FEWEST, MOST) };
    let place = |number: usize| {
        if count == map.len() {
            return number;
        }
        // Parts of the golden section, which leave no gap and have no period.
        let part = (number as u64 * 40503) % 65536;
        (part * map.len() as u64 / 65536) as usize
    };
    let (mut compared, mut alike) = (N::zero().widened(), N::zero());
    for number in 0..count {
        compared = add(compared, at(place(number)));
    }
    for number in 0..count {
        let pixel = place(number);
        let v = at(pixel);
        let near = v.mul(constant(ALIKE));
        // Below 0 where it is not like this one.
        let like = |other: N| near.sub(other.sub(v).abs());
        let mut mass = N::zero().widened();
        for other in (0..count).filter(|&other| other != number) {
            let other = at(place(other));
            mass = add(mass, like(other).select_negative(N::zero(), other));
        }
        let before = |back: usize| pixel.checked_sub(back).map_or(constant(-1.0), |before| like(at(before)));
        let left = if pixel.checked_rem(width) == Some(0) { constant(-1.0) } else { before(1) };
        let copies = left.max(before(width)).select_negative(constant(window as f64), one);
        let (weight, part) = (share(v.widened(), compared), share(mass, compared.sub(v.widened())));
        alike = alike.add(weight.mul(part.mul(copies).min(one)));
    }
    alike
}

/// The first place within `p` of `at` in a line of `size`, and the one after the last.
fn window(at: usize, p: usize, size: usize) -> (usize, usize) {
    (at.saturating_sub(p), size.min(at.saturating_add(p).saturating_add(1)))
}

/// Turns variances, the second numbers, into deviations and their inverses.
#[inline(always)]
fn deviations<N: Number>(map: &mut [[N; 2]]) {
    for pair in map {
        *pair = deviation(pair[1]);
    }
}

/// √v and 1/√v. A variance below the smallest normal number counts as 0, with the inverse 0: it has too few digits for a
/// correlation, and the product of two such inverses would overflow.
#[inline(always)]
pub(crate) fn deviation<N: Number>(variance: N) -> [N; 2] {
    let root = variance.sqrt();
    let inverse = N::splat(N::Scalar::from_f64(1.0)).div(root);
    let below = variance.sub(N::splat(N::Scalar::smallest_normal()));
    [root, below.select_negative(N::zero(), inverse)]
}

/// What lanes of `y` hold the very image `x`: `None` where none does, otherwise the bound on 1 − |λ| that makes λ
/// exactly 1 in those lanes (0 there, 1 elsewhere).
///
/// # Shapes
/// Both slices hold the pixels, or the features, of one image.
///
/// # Accuracy
/// Exact. Images that differ in one bit of one number are different; 0 and −0 are equal.
///
/// # Cost
/// Ends at the first pixel by which every lane has differed: a few comparisons for different images.
#[inline(always)]
pub fn identity_cap<N: Number>(x: &[N::Scalar], y: &[N]) -> Option<N> {
    let mut any = false;
    let cap = N::from_lanes(|lane| {
        let same = x.len() == y.len() && x.iter().zip(y).all(|(&x, y)| x == y.lane(lane));
        any |= same;
        N::Scalar::from_f64(if same { 0.0 } else { 1.0 })
    });
    any.then_some(cap)
}

/// Mirrors one image left to right.
///
/// # Shapes
/// Both slices hold C·P·Q numbers of rows of `width`; a last row that is not whole is left as it is in `out`.
///
/// # Errors
/// [`Error::Length`] where the slices differ in length.
#[inline(always)]
pub fn flip<N: Copy>(pixels: &[N], width: usize, out: &mut [N]) -> Result<(), Error> {
    check("flipped image", out.len(), pixels.len())?;
    let width = width.max(1);
    for (from, to) in pixels.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        for (&from, to) in from.iter().rev().zip(to) {
            *to = from;
        }
    }
    Ok(())
}

/// Flip augmentation: `kernels` ← ½ (K(x, y) + K(flip x, y)), with K(flip x, y) in `flipped`.
///
/// # Accuracy
/// Correctly rounded, but for a sum that overflows.
///
/// # Errors
/// [`Error::Length`] where the slices differ in length.
///
/// # Source
/// Li et al. 2019, arXiv 1911.00809, §5: the kernel of the data set that holds every image and its mirror image.
#[inline(always)]
pub fn average_flipped<N: Number>(kernels: &mut [N], flipped: &[N]) -> Result<(), Error> {
    check("flipped kernels", flipped.len(), kernels.len())?;
    let half = N::splat(N::Scalar::from_f64(0.5));
    for (kernel, &flipped) in kernels.iter_mut().zip(flipped) {
        *kernel = kernel.add(flipped).mul(half);
    }
    Ok(())
}

#[inline(always)]
pub(crate) fn check(what: &'static str, have: usize, need: usize) -> Result<(), Error> {
    if have == need { Ok(()) } else { Err(Error::Length { what, have, need }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::precision::{OF_SAMPLES, OF_SHARES};

    fn likeness_of(variances: &[f64], width: usize, window: usize) -> f64 {
        let mut map = [[7.0; 2]; 128];
        for (pair, &variance) in map.iter_mut().zip(variances) {
            pair[1] = variance;
        }
        likeness(map.get(..variances.len()).unwrap_or_default(), width, window)
    }

    #[test]
    fn what_is_alike() {
        for (variances, width, window, expected) in [
            (&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..], 3, 9, 0.0),
            // Each is like all others: the first of them is not in a flat region, and overlaps with them.
            (&[2.0, 2.0, 2.0, 2.0], 4, 3, 1.0),
            // Two of 8 are half of the others of either: in its row; in its column, twelve of 24; as the first of a row is not after the last of the one before.
            (&[2.0, 2.0, 1.0, 3.0], 4, 1, 0.25 * (2.0 / 6.0) * 2.0),
            (&[2.0, 1.0, 2.0, 3.0], 2, 1, 0.25 * (2.0 / 6.0) * 2.0),
            // Not in flat regions they overlap with two more each; in one they do not, but for its first.
            (&[2.0, 1.0, 2.0, 3.0], 4, 2, 0.25 * (2.0 / 6.0 * 2.0) * 2.0),
            (&[1.0, 2.0, 2.0, 3.0], 4, 2, 0.25 * (2.0 / 6.0 * 2.0) + 0.25 * (2.0 / 6.0)),
            (&[1.0, 2.0, 2.0, 3.0], 2, 2, 0.25 * (2.0 / 6.0 * 2.0) * 2.0),
            (&[1.0, 3.0, 2.0, 3.0], 2, 2, 3.0 / 9.0 * 1.0 + 3.0 / 9.0 * 0.5),
            // No more than all of it.
            (&[1.0, 3.0, 3.0, 1.0], 2, 9, 1.0),
            (&[0.0, 0.0, 0.0, 0.0], 2, 9, 0.0),
            // A part in 4096 apart, and a little more.
            (&[1.0, 1.0 + 1.0 / 4096.0], 2, 1, 1.0),
            (&[1.0, 1.0 + 1.1 / 4096.0], 2, 1, 0.0),
        ] {
            let found = likeness_of(variances, width, window);
            assert!((found - expected).abs() <= OF_SHARES, "{variances:?}: {found}, not {expected}");
        }
    }

    /// Of more than 32 pixels some are compared: a pattern and a flat half are seen, whatever their period.
    #[test]
    fn patterns_are_seen() {
        for len in [33, 64, 100, 128] {
            for period in 1..8usize {
                let variances: [f64; 128] = core::array::from_fn(|at| 1.0 + (at % period) as f64);
                let found = likeness_of(variances.get(..len).unwrap_or_default(), len, 3);
                let least = (1.0 / period as f64).min(0.5);
                assert!(found > least, "{len} pixels, period {period}: {found}");
            }
            let variances: [f64; 128] =
                core::array::from_fn(|at| if 2 * at < len { 1.0 } else { 1.0 + 0.001 * at as f64 });
            let found = likeness_of(variances.get(..len).unwrap_or_default(), len, 3);
            // Half of the image is like half of it.
            let factor = found / 0.25;
            assert!((OF_SAMPLES.recip()..OF_SAMPLES).contains(&factor), "{len} pixels: {found}");
            let different: [f64; 128] = core::array::from_fn(|at| 1.0 + 0.01 * at as f64);
            assert_eq!(likeness_of(different.get(..len).unwrap_or_default(), len, 3), 0.0);
        }
    }
}
