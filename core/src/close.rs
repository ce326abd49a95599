//! Images that are close to each other: what tells them from others, and what is carried for them.
//!
//! Where λ is near 1, an error e of λ is one of e/(π√(2u)) in κ0, u = 1 − λ, and as long as u is small each layer adds another of the same
//! sign: 1e-8/u was measured after 21 layers of `f32`. The kernel being a mean over pixels, it loses the mean of that. So the first layer
//! takes the mean of about 1/u, and where it is large the stencil is run anew with
//!
//! ```text
//! D = n − K
//! ```
//!
//! beside K and Θ. D follows from n − Σ without cancellation ([`crate::dual::Activation`]), and so does the next n − Σ from D:
//!
//! ```text
//! n − Σ = √(box v box v') − box K = box D + n G      G = ½ Σ_w (√v_w/√(box v) − √v'_w/√(box v'))²
//! ```
//!
//! the sum running over the window, terms outside either image 0. G is 1 − cos of the angle between the patches of √v and √v'. In the first layer
//! n − Σ is n G itself, with the patches of the pixels in place of those of √v; and n − |Σ|, where Σ < 0, is that of one image and the negative of the other.

use crate::Shape;
use crate::number::{Number, Scalar};

/// u at which a pixel weighs half of what it does at u = 0. Its square root is 0.006, twenty times what rounding to `f32` makes of 0.
const NEAR: f64 = 1.0 / 32768.0;

/// The mean weight above which images of four patches that do not overlap and are not alike are close to each other: that of u = 1/32. Those of more patches may have as many
/// times more, up to [`HIGHEST`], because rounding errors of different patches cancel; those of fewer, whose errors do not, the fourth power as many: with
/// one patch, that of u = 8/9 and λ = 1/9, so that hardly any pair of such images is not close.
const LIMIT: f64 = 1.0 / 1024.0;

/// The number of those patches.
const PATCHES: f64 = 4.0;

/// The mean weight above which images are close to each other, however many patches they have: that of u = 1/500 in all pixels, or of equal pixels in one of 64.
const HIGHEST: f64 = 1.0 / 64.0;

/// The same of pixels at different places that all of an image is averaged over, that of u = 1/2000 in all of them: there are many more of them, and more errors that cancel.
/// Averages over parts of an image have few displacements, and a region of equal pixels in all of them, and narrow images ([`MIXED`]) have few: no more than [`HIGHEST`].
const DISPLACED: f64 = 1.0 / 16.0;

/// The side of a region of equal pixels that layer after layer mixes with what is around it. Larger regions keep their errors, which have one sign: where more pixels than
/// these are equal, however faint, no more than [`LIMIT`] holds, and [`HIGHEST`] where `DISPLACED` would.
const MIXED: usize = 8;

/// The length of such a region where it is as wide as the image is narrow: it has other pixels around it on two sides alone.
const MIXED_ALONG: usize = 5;

/// What patches that are alike count for, beside so many that do not overlap: errors that are wholly alike are larger than those of neighbours, which overlap.
const ALIKE: f64 = 1.5 * PATCHES;

/// The highest mean weight under 1×1 filters, which mix no errors: that of u = 1/16.
const UNMIXED: f64 = 1.0 / 2048.0;

/// u of a pixel, as a multiple of that which makes the mean weight the limit, from which on n − Σ keeps enough digits as a difference.
const SMALL: f64 = 2.0;

/// 1 − |λ| below which n − |Σ| does not come from a difference where there is no look-out: in dense nets, and in nets of leaky ReLUs.
pub(crate) const CLOSE: f64 = 1.0 / 4.0;

/// What the first layer sees of how close two images are: sums over pixels, as it goes.
#[derive(Clone, Copy)]
pub(crate) struct Watch<N> {
    /// Of Σ/(1 + u/`NEAR`), and of 0 where Σ < 0.
    weighted: N,
    /// Of n.
    all: N,
    /// Of n².
    squares: N,
    /// Of 1/(1 + u/`NEAR`).
    equal: N,
    /// `PATCHES` over what an equal pixel counts for.
    pixels: N,
    /// `PATCHES` over the number of patches, as far as they are alike.
    alike: N,
    /// Equal pixels that a region has at most which is mixed with what is around it.
    mixed: N,
    /// The highest limits of the mean weight, where no more pixels are equal and where more are.
    highest: [N; 2],
    /// Below 0 in lanes that are close whatever the sums say.
    close: N,
}

impl<N: Number> Watch<N> {
    /// Of pixels at the same place, in windows of so many pixels of images of this shape. `alike`: the lesser of what [`crate::variance`] finds of the two images.
    /// `close`: below 0 in lanes that hold the image x itself.
    #[inline(always)]
    pub(crate) fn same(window: usize, shape: Shape, alike: N, close: N) -> Self {
        Self::new(window, shape, (PATCHES * window as f64, [HIGHEST, LIMIT]), alike.mul(constant(ALIKE)), close)
    }

    /// Of pixels at different places. There all pairs of patches count, as many as those of one image times those of the other, whatever these pixels are: a
    /// pixel counts for more than the highest limit needs. `parts`: whether averages over parts of the image are among the outputs.
    #[inline(always)]
    pub(crate) fn displaced(window: usize, shape: Shape, alike: N, parts: bool) -> Self {
        let few = parts || shape.height.min(shape.width) < MIXED;
        let limits = if few { [HIGHEST, LIMIT] } else { [DISPLACED, HIGHEST] };
        let alike = alike.add(constant(window as f64 / (shape.height as f64 * shape.width as f64))).min(constant(1.0));
        Self::new(window, shape, (LIMIT / limits[0], limits), alike.mul(alike), N::zero())
    }

    #[inline(always)]
    fn new(window: usize, shape: Shape, (pixels, highest): (f64, [f64; 2]), alike: N, close: N) -> Self {
        let narrow = shape.height.min(shape.width);
        let mixed = if narrow < MIXED { MIXED_ALONG * narrow } else { MIXED * MIXED };
        let highest = highest.map(|limit| if window == 1 { UNMIXED } else { limit });
        let zero = N::zero();
        Watch {
            weighted: zero,
            all: zero,
            squares: zero,
            equal: zero,
            pixels: constant(pixels),
            alike,
            mixed: constant(mixed as f64),
            highest: highest.map(constant),
            close,
        }
    }

    /// With one more pixel: Σ, u, √v and √v'.
    #[inline(always)]
    pub(crate) fn and(self, sigma: N, u: N, x: N, y: N) -> Self {
        let n = x.mul(y).widened();
        let equal = constant::<N>(1.0).div(u.max(N::zero()).widened().mul_add(constant(1.0 / NEAR), constant(1.0)));
        Watch {
            weighted: sigma.max(N::zero()).widened().mul_add(equal, self.weighted),
            equal: self.equal.add(equal),
            all: self.all.add(n),
            squares: n.mul_add(n, self.squares),
            ..self
        }
    }

    /// u below which n − Σ is to come from D, and a number below 0 in the lanes that are not close; `None` where none is.
    #[inline(always)]
    pub(crate) fn close(self) -> Option<N> {
        // (Σ n)²/Σ n² equal pixels would make these sums; one, where n² is below the range.
        let pixels = self.squares.div(self.all).div(self.all);
        let below = self.squares.sub(N::splat(N::Scalar::smallest_normal()));
        let pixels = below.select_negative(constant(1.0), pixels);
        let patches = constant::<N>(1.0).div(pixels.mul_add(self.pixels, self.alike));
        let few = patches.min(constant(1.0));
        let [highest, lowered] = self.highest;
        let highest = self.mixed.sub(self.equal).select_negative(lowered, highest);
        let limit = few.mul(few).mul(few).mul(patches).mul(constant(LIMIT)).min(highest);
        let margin = self.all.mul_sub(limit, self.weighted).min(self.close);
        if !margin.any_negative() {
            return None;
        }
        Some(margin.select_negative(constant::<N>(SMALL * NEAR).div(limit), constant(-1.0)))
    }
}

#[inline(always)]
fn constant<N: Number>(value: f64) -> N {
    N::splat(N::Scalar::from_f64(value))
}

/// Adds a number more to Σ (a − b)² and Σ (a − b)(a + b), with a = x α and b = y β. Both products are rounded, so that x and y may be exchanged.
#[inline(always)]
pub(crate) fn add_distance<N: Number>([squares, lengths]: [N; 2], (x, alpha): (N, N), (y, beta): (N, N)) -> [N; 2] {
    let (a, b) = (x.mul(alpha), y.mul(beta));
    let apart = a.sub(b);
    [apart.mul_add(apart, squares), apart.mul_add(a.add(b), lengths)]
}

/// 1 − cos of the angle between vectors a and b whose lengths are 1 but for roundings, from the sums of [`add_distance`]:
///
/// ```text
/// ½ |a − b|² = |a| |b| (1 − cos) + ½ (|a| − |b|)²        |a| − |b| = ½ (|a|² − |b|²)
/// ```
///
/// Of parallel vectors the second part, a rounding squared, is all that there is.
#[inline(always)]
pub(crate) fn gap<N: Number>([squares, lengths]: [N; 2]) -> N {
    let half = constant::<N>(0.5);
    let apart = lengths.mul(half);
    apart.neg_mul_add(apart, squares).max(N::zero()).mul(half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::precision::{OF_GAP, OF_LIMITS, OF_SHARES};

    /// The limit of images of one patch.
    const ONE: f64 = LIMIT / 256.0;

    /// What the comments on the limits say of them, but for 1 in 1 + u/NEAR.
    #[test]
    fn limits_are_weights() {
        for (limit, u, lambda) in [
            (LIMIT, 1.0 / 32.0, 1.0),
            (ONE, 8.0 / 9.0, 1.0 / 9.0),
            (HIGHEST, 1.0 / 500.0, 1.0),
            (DISPLACED, 1.0 / 2000.0, 1.0),
            (UNMIXED, 1.0 / 16.0, 1.0),
        ] {
            let quotient = limit * (1.0 + u / NEAR) / lambda;
            assert!((quotient - 1.0).abs() <= OF_LIMITS, "{limit} is {quotient} times the weight of {u}");
        }
    }

    /// A shape whose limits are not lowered.
    const SMALL_SHAPE: Shape = Shape { channels: 1, height: 2, width: 2 };

    fn same(window: usize, alike: f64, close: f64) -> Watch<f64> {
        Watch::same(window, SMALL_SHAPE, alike, close)
    }

    /// Four pixels with n = 4, the first of them with this Σ and u; the others count with n alone. So (Σ n)²/Σ n² = 4, and Σ n = 16.
    fn four(watch: Watch<f64>, sigma: f64, u: f64) -> Option<f64> {
        let first = watch.and(sigma, u, 4.0, 1.0);
        first.and(0.0, 0.0, 0.5, 8.0).and(-3.0, 0.0, 8.0, 0.5).and(0.0, 5.0, 1.0, 4.0).close()
    }

    /// A sum of weights at the limit is not close; twice that is.
    #[track_caller]
    fn turns_at(watch: Watch<f64>, limit: f64) {
        let mean = 16.0 * limit;
        assert_eq!(four(watch, 0.999 * mean, 0.0), None);
        // Pixels that are rounded beyond each other count as equal ones.
        for u in [0.0, -NEAR] {
            let small = four(watch, 2.0 * mean, u).unwrap_or_default();
            assert!((small * limit / (SMALL * NEAR) - 1.0).abs() < OF_SHARES, "{small}");
        }
        // One at u = NEAR counts half, and one at 3 NEAR a quarter.
        for (sigma, u) in [(2.0, NEAR), (4.0, 3.0 * NEAR)] {
            assert_eq!(four(watch, 0.999 * sigma * mean, u), None);
            assert!(four(watch, 2.0 * sigma * mean, u).is_some());
        }
    }

    #[test]
    fn limits_of_the_mean_weight() {
        // Four equal pixels make one window of four, or two of two.
        turns_at(same(4, 0.0, 0.0), ONE);
        turns_at(same(2, 0.0, 0.0), 16.0 * ONE);
        // Two that are wholly alike are half of one: 1/2 + 3/2 is 1 over that.
        turns_at(same(2, 1.0, 0.0), ONE * 0.5f64.powi(4));
        // All pairs of different patches count, and a little how many of their pixels there are, here four.
        turns_at(Watch::displaced(1, SMALL_SHAPE, 0.0, false), UNMIXED);
        turns_at(Watch::displaced(2, SMALL_SHAPE, 0.25, false), LIMIT / (9.0 / 16.0 + 1.0 / 64.0));
        turns_at(Watch::displaced(4, SMALL_SHAPE, 1.0, false), LIMIT * (64.0f64 / 65.0).powi(4));
        for alike in [0.0, 1.0 / 64.0] {
            let shape = Shape { height: 12, width: 11, ..SMALL_SHAPE };
            turns_at(Watch::displaced(1, shape, alike, false), UNMIXED);
            let wide = Shape { height: 48, width: 48, ..SMALL_SHAPE };
            turns_at(Watch::displaced(3, wide, alike, false), DISPLACED);
            turns_at(Watch::displaced(3, wide, alike, true), HIGHEST);
        }
    }

    /// Of regions that no layer mixes with what is around them the limit is lower, however faint they are.
    #[test]
    fn more_equal_pixels_have_a_lower_limit() {
        let image = |height, width| Shape { channels: 1, height, width };
        for (shape, mixed) in
            [(image(96, 96), 64.0), (image(8, 500), 64.0), (image(7, 500), 35.0), (image(500, 1), 5.0)]
        {
            for (watch, window, limits) in [
                (Watch::same(9, shape, 0.0, 0.0), 9, [HIGHEST, LIMIT]),
                (
                    Watch::displaced(9, shape, 0.0, false),
                    9,
                    if shape.height.min(shape.width) < MIXED { [HIGHEST, LIMIT] } else { [DISPLACED, HIGHEST] },
                ),
                (Watch::displaced(9, shape, 0.0, true), 9, [HIGHEST, LIMIT]),
                (Watch::same(1, shape, 0.0, 0.0), 1, [UNMIXED; 2]),
            ] {
                // So many equal pixels of this Σ, and 900 that are not.
                let of = |count: usize, sigma: f64| {
                    let equal = (0..count).fold(watch, |watch, _| watch.and(sigma, 0.0, 1.0, sigma));
                    (0..900).fold(equal, |watch, _| watch.and(0.0, 1.0, 1.0, 1.0)).close().is_some()
                };
                // The 900 count as less than an equal pixel together.
                let count = mixed as usize - 1;
                for (count, limit) in [(count, limits[0]), (count + 2, limits[1])] {
                    let bright = 900.0 * limit / count as f64;
                    assert!(!of(count, 0.9 * bright) && of(count, 1.2 * bright), "{window}, {shape:?}: {count}");
                }
            }
        }
    }

    #[test]
    fn an_image_with_itself_is_close_whatever_the_sums_say() {
        assert_eq!(four(same(4, 0.0, -0.5), 0.0, 0.0), Some(SMALL * NEAR / ONE));
        assert_eq!(four(same(4, 0.0, 0.5), 0.0, 0.0), None);
    }

    #[test]
    fn many_patches_have_the_highest_limit() {
        // Eight patches of two pixels have twice the limit of four.
        let shape = Shape { channels: 1, height: 32, width: 32 };
        let alone = Watch::same(2, shape, 0.0, 0.0);
        let eight = |sigma: f64| (0..16).fold(alone, |watch, _| watch.and(sigma, 0.0, 2.0, 0.5)).close();
        assert_eq!(eight(2.0 * LIMIT), None);
        assert_eq!(eight(4.0 * LIMIT), Some(SMALL * NEAR / (2.0 * LIMIT)));
        for (window, highest) in [(4, HIGHEST), (1, UNMIXED)] {
            // So far from equal that they count as ten.
            let watch = Watch::same(window, shape, 0.0, 0.0);
            let many =
                |sigma: f64| (0..1024).fold(watch, |watch, _| watch.and(128.0 * sigma, 127.0 * NEAR, 2.0, 0.5)).close();
            assert_eq!(many(highest), None);
            assert_eq!(many(2.0 * highest), Some(SMALL * NEAR / highest));
        }
    }

    /// n² below the range makes no patches of one pixel.
    #[test]
    fn faint_pixels_are_one_patch() {
        let many = (0..64).fold(same(1, 0.0, 0.0), |watch, _| watch.and(1e-200 * 4.0 * ONE, 0.0, 1e-100, 1e-100));
        assert_eq!(many.close(), Some(SMALL * NEAR / ONE));
    }

    #[test]
    fn distances_are_added() {
        assert_eq!(add_distance([0.5, 2.0], (3.0, 2.0), (4.0, 0.25)), [25.5, 37.0]);
    }

    #[test]
    fn the_angle_does_not_depend_on_the_lengths() {
        // (3, 4)/5 and (4, 3)/5, of which cos is 24/25; one a little too long, which alone would add 2e-8.
        let sums = [(3.0, 4.0), (4.0, 3.0)].into_iter();
        let sums = sums.fold([0.0; 2], |sums, (x, y)| add_distance(sums, (x, 0.2 * (1.0 + 2e-4)), (y, 0.2)));
        let excess = gap(sums) / (1.0 + 2e-4) - 1.0 / 25.0;
        assert!(excess.abs() < OF_GAP, "{excess:e}");
        assert_eq!(gap([1e-20, 1e-6]), 0.0);
    }
}
