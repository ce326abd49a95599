//! Variance maps: what an image contributes to every pair it takes part in.
//!
//! The variance of a pixel never depends on a second image: since κ1(1) = 1,
//!
//! ```text
//! Σ⁰xx[i,j,i,j] = box( Σ_c x_c[i,j]² )        Σ^h xx[i,j,i,j] = box( Σ^(h−1) xx )[i,j] / q²
//! ```
//!
//! with a two-dimensional box of q×q pixels, terms outside the image dropped. The recursion over pairs needs the
//! standard deviation and its inverse, so that n = √(v v') and λ = Σ/n cost two products and no division.
//!
//! Source: Arora et al. 2019, §4, the diagonal of Σ⁽ʰ⁾.

use crate::Error;
use crate::network::Conv;
use crate::number::{Number, Scalar};

/// The numbers that [`prepare`] writes for one image: its pixels, then √v and 1/√v of every layer.
pub fn prepared_len(net: &Conv) -> usize {
    net.pixels() * (net.shape().channels + 2 * net.request().layers())
}

/// Computes the variance maps of one image, or of one image in each lane.
///
/// The bits do not depend on the number type's way of multiply-add: only sums, products, roots and quotients are used.
///
/// # Shapes
/// `pixels`: C·P·Q in the order channel, row, column. `out`: [`prepared_len`], in the order pixels; then for each
/// ReLU layer the P·Q pairs √v, 1/√v (0 where v is 0).
///
/// # Errors
/// [`Error::Length`] where either slice has another length.
///
/// # Cost
/// P·Q·(2q + 3) operations a layer, one root and one division among them; no scratch.
#[inline(always)]
pub fn prepare<N: Number>(net: &Conv, pixels: &[N], out: &mut [N]) -> Result<(), Error> {
    let (p, width) = (net.reach(), net.shape().width);
    let size = net.pixels();
    check("pixels", pixels.len(), size * net.shape().channels)?;
    check("prepared image", out.len(), prepared_len(net))?;
    let (copy, maps) = out.split_at_mut(pixels.len());
    copy.copy_from_slice(pixels);

    let shrink = N::splat(N::Scalar::from_f64(1.0 / (net.filter() as f64 * net.filter() as f64)));
    let mut layers = maps.as_chunks_mut().0.chunks_exact_mut(size);
    let Some(mut current) = layers.next() else { return Ok(()) };
    let square = |at: usize| {
        let mut sum = N::zero();
        for channel in pixels.chunks_exact(size) {
            if let Some(&x) = channel.get(at) {
                sum = sum.add(x.mul(x));
            }
        }
        sum
    };
    box_sum(square, width, p, current);
    for next in layers {
        box_sum(|at| current.get(at).map_or(N::zero(), |v| v[0].mul(shrink)), width, p, next);
        deviations(current);
        current = next;
    }
    deviations(current);
    Ok(())
}

/// Writes box(source) into the first numbers of `map`, the second ones serving for the sums along the rows.
#[inline(always)]
fn box_sum<N: Number>(source: impl Fn(usize) -> N, width: usize, p: usize, map: &mut [[N; 2]]) {
    let height = map.len() / width;
    for (at, pair) in map.iter_mut().enumerate() {
        let (start, column) = (at - at % width, at % width);
        let mut sum = N::zero();
        for other in column.saturating_sub(p)..width.min(column.saturating_add(p).saturating_add(1)) {
            sum = sum.add(source(start + other));
        }
        pair[1] = sum;
    }
    for at in 0..map.len() {
        let (row, column) = (at / width, at % width);
        let mut sum = N::zero();
        for other in row.saturating_sub(p)..height.min(row.saturating_add(p).saturating_add(1)) {
            sum = map.get(other * width + column).map_or(sum, |pair| sum.add(pair[1]));
        }
        if let Some(pair) = map.get_mut(at) {
            pair[0] = sum;
        }
    }
}

/// Turns variances into deviations and their inverses.
#[inline(always)]
fn deviations<N: Number>(map: &mut [[N; 2]]) {
    for pair in map {
        let deviation = pair[0].sqrt();
        *pair = [deviation, deviation.reciprocal_or_zero()];
    }
}

/// What lanes of `y` hold the very image `x`: `None` where none does, otherwise the bound on 1 − |λ| that makes λ
/// exactly 1 in those lanes (0 there, 1 elsewhere).
///
/// # Shapes
/// Both slices hold the pixels, or the features, of one image.
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

#[inline(always)]
pub(crate) fn check(what: &'static str, have: usize, need: usize) -> Result<(), Error> {
    if have == need { Ok(()) } else { Err(Error::Length { what, have, need }) }
}
