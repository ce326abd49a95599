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
use crate::network::Conv;
use crate::number::{Number, Scalar};
use crate::scale;

/// The numbers that [`prepare`] writes for one image: its pixels, √v and 1/√v of every layer, its share of repeated patches and its scale.
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
/// of the scaled image, without the divisions by q²; then the share of Σ v that pixels have whose v is that of the one before, in their row or
/// column; then ρ.
///
/// # Accuracy
/// √v and 1/√v within 10 ULP after 39 layers (measured: 5.4, `accuracy/tests/rules.rs`); pixels and ρ are exact.
///
/// # Errors
/// [`Error::Length`] where either slice has another length.
///
/// # Cost
/// P·Q·(2q + 3) operations a layer, one root and one division among them; no scratch.
#[inline(always)]
pub fn prepare<N: Number>(net: &Conv, pixels: &[N], out: &mut [N]) -> Result<(), Error> {
    let (p, width) = (net.reach(), net.shape().width.max(1));
    let size = net.pixels();
    check("pixels", pixels.len(), size * net.shape().channels)?;
    check("prepared image", out.len(), prepared_len(net))?;
    let (scaled, maps) = out.split_at_mut_checked(pixels.len()).unwrap_or_default();
    let Some(([repeated, scale], maps)) = maps.as_chunks_mut().0.split_last_mut() else { return Ok(()) };
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
    for pair in current.iter_mut() {
        pair[1] = N::zero();
    }
    for channel in scaled.chunks_exact(size) {
        for (pair, &x) in current.iter_mut().zip(channel) {
            pair[1] = pair[1].add(x.mul(x));
        }
    }
    box_sum(current, width, p);
    *repeated = repetition(current, width);
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
            let mut sum = N::zero();
            for pair in row.get(start..end).unwrap_or_default() {
                sum = sum.add(pair[1]);
            }
            if let Some(pair) = row.get_mut(column) {
                pair[0] = sum;
            }
        }
    }
    let height = map.len() / width;
    for row in 0..height {
        let (start, end) = window(row, p, height);
        for at in row * width..(row + 1) * width {
            let mut sum = N::zero();
            for other in start..end {
                if let Some(pair) = map.get(other * width + at - row * width) {
                    sum = sum.add(pair[0]);
                }
            }
            if let Some(pair) = map.get_mut(at) {
                pair[1] = sum;
            }
        }
    }
}

/// The share of the sum of the second numbers of `map` that those make which are the same as the one before, in their row or column.
#[inline(always)]
fn repetition<N: Number>(map: &[[N; 2]], width: usize) -> N {
    let (mut repeated, mut all) = (N::zero().widened(), N::zero().widened());
    for (at, pair) in map.iter().enumerate() {
        let before =
            |back: usize| at.checked_sub(back).and_then(|before| map.get(before)).map_or(N::zero(), |pair| pair[1]);
        let left = if at.checked_rem(width) == Some(0) { N::zero() } else { before(1) };
        let apart = pair[1].sub(left).abs().min(pair[1].sub(before(width)).abs());
        let same = apart.sub(N::splat(N::Scalar::smallest_normal()));
        repeated = repeated.add(same.select_negative(pair[1], N::zero()).widened());
        all = all.add(pair[1].widened());
    }
    repeated.div(all.max(N::splat(N::Scalar::smallest_normal()))).narrowed()
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

    /// The share of v = 1, 2, 3 … that equal the one before.
    #[test]
    fn what_repeats() {
        for (variances, width, expected) in [
            (&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0][..], 3, 0.0),
            // In its row; in its column; the first of a row is not after the last of the one before.
            (&[1.0, 1.0, 2.0, 4.0], 4, 0.125),
            (&[1.0, 3.0, 1.0, 3.0], 2, 0.5),
            (&[1.0, 3.0, 3.0, 1.0], 2, 0.0),
            (&[0.0, 0.0, 0.0, 0.0], 2, 0.0),
        ] {
            let map: [_; 6] = core::array::from_fn(|at| [7.0, variances.get(at).copied().unwrap_or(0.0)]);
            let map = map.get(..variances.len()).unwrap_or_default();
            assert_eq!(repetition(map, width), expected, "{variances:?}");
        }
    }
}
