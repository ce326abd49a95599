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

use crate::number::{Number, Scalar};

/// u at which a pixel weighs half of what it does at u = 0. Its square root is 0.006, twenty times what rounding to `f32` makes of 0.
const NEAR: f64 = 1.0 / 32768.0;

/// The mean weight above which images of four patches that do not overlap are close to each other: that of u = 1/32. Those of more patches may have as many
/// times more, up to [`HIGHEST`], because rounding errors of different patches cancel; those of fewer, whose errors do not, the fourth power as many: with
/// one patch, that of u = 8/9 and λ = 1/9, so that hardly any pair of such images is not close.
const LIMIT: f64 = 1.0 / 1024.0;

/// The number of those patches.
const PATCHES: f64 = 4.0;

/// The mean weight above which images are close to each other, however many patches they have: that of u = 1/500 in all pixels, or of equal pixels in one of 64.
const HIGHEST: f64 = 1.0 / 64.0;

/// The same of pixels at different places, that of u = 1/2000 in all of them: there are many more of them, and more errors that cancel.
const DISPLACED: f64 = 1.0 / 16.0;

/// The same of images that repeat their patches, with which they repeat their errors, and under 1×1 filters, which mix no errors: that of u = 1/16.
const REPEATED: f64 = 1.0 / 2048.0;

/// u of a pixel, as a multiple of that which makes the mean weight the limit, from which on n − Σ keeps enough digits as a difference.
const SMALL: f64 = 8.0;

/// 1 − |λ| below which n − |Σ| does not come from a difference where there is no look-out: in dense nets, and in nets of leaky ReLUs.
pub(crate) const CLOSE: f64 = 1.0 / 4.0;

/// The share of repeated patches above which an image counts as one that does so.
const SHARE: f64 = 1.0 / 16.0;

/// What the first layer sees of how close two images are: sums over pixels, as it goes.
#[derive(Clone, Copy)]
pub(crate) struct Watch<N> {
    /// Of Σ/(1 + u/`NEAR`), and of 0 where Σ < 0.
    weighted: N,
    /// Of n.
    all: N,
    /// Of n².
    squares: N,
    /// What part of `PATCHES` an equal pixel is, the limit of the mean weight where they are as many, and the highest one.
    limits: [N; 3],
    /// Below 0 in lanes that are close whatever the sums say.
    close: N,
}

impl<N: Number> Watch<N> {
    /// Of pixels at the same place, in windows of so many pixels. `close`: below 0 in lanes that hold the image x itself. `repeated`: the lesser
    /// share of repeated patches of the two images.
    #[inline(always)]
    pub(crate) fn same(window: usize, repeated: N, close: N) -> Self {
        Self::new(window, [1.0 / (PATCHES * window as f64), LIMIT, HIGHEST], repeated, close)
    }

    /// Of pixels at different places. A pixel counts (Σ n)²/Σ n² ≥ 1 times its limit, which leaves the limit of the whole.
    #[inline(always)]
    pub(crate) fn displaced(window: usize, repeated: N) -> Self {
        Self::new(window, [1.0, DISPLACED, DISPLACED], repeated, N::zero())
    }

    #[inline(always)]
    fn new(window: usize, [pixel, limit, highest]: [f64; 3], repeated: N, close: N) -> Self {
        let highest = if window == 1 { REPEATED } else { highest };
        let highest = constant::<N>(SHARE).sub(repeated).select_negative(constant(REPEATED), constant(highest));
        Watch {
            weighted: N::zero(),
            all: N::zero(),
            squares: N::zero(),
            limits: [constant(pixel), constant(limit), highest],
            close,
        }
    }

    /// With one more pixel: Σ, u, √v and √v'.
    #[inline(always)]
    pub(crate) fn and(self, sigma: N, u: N, x: N, y: N) -> Self {
        let n = x.mul(y).widened();
        let weight = u.max(N::zero()).widened().mul_add(constant(1.0 / NEAR), constant(1.0));
        Watch {
            weighted: self.weighted.add(sigma.max(N::zero()).widened().div(weight)),
            all: self.all.add(n),
            squares: n.mul_add(n, self.squares),
            ..self
        }
    }

    /// u below which n − Σ is to come from D, and a number below 0 in the lanes that are not close; `None` where none is.
    #[inline(always)]
    pub(crate) fn close(self) -> Option<N> {
        let [pixel, limit, highest] = self.limits;
        // (Σ n)²/Σ n² equal pixels would make these sums.
        let patches = self.all.div(self.squares).mul(self.all).mul(pixel);
        let few = patches.min(constant(1.0));
        let limit = few.mul(few).mul(few).mul(patches).mul(limit).min(highest);
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
    use crate::precision::{OF_GAP, OF_LIMITS};

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
            (REPEATED, 1.0 / 16.0, 1.0),
        ] {
            let quotient = limit * (1.0 + u / NEAR) / lambda;
            assert!((quotient - 1.0).abs() <= OF_LIMITS, "{limit} is {quotient} times the weight of {u}");
        }
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
        assert_eq!(four(watch, mean, 0.0), None);
        // Pixels that are rounded beyond each other count as equal ones.
        for u in [0.0, -NEAR] {
            assert_eq!(four(watch, 2.0 * mean, u), Some(SMALL * NEAR / limit));
        }
        // One at u = NEAR counts half, and one at 3 NEAR a quarter.
        for (sigma, u) in [(2.0, NEAR), (4.0, 3.0 * NEAR)] {
            assert_eq!(four(watch, sigma * mean, u), None);
            assert_eq!(four(watch, 2.0 * sigma * mean, u), Some(SMALL * NEAR / limit));
        }
    }

    #[test]
    fn limits_of_the_mean_weight() {
        // Four equal pixels make one window of four, or two of two.
        turns_at(Watch::same(4, 0.0, 0.0), ONE);
        turns_at(Watch::same(2, 0.0, 0.0), 16.0 * ONE);
        turns_at(Watch::same(4, SHARE, 0.0), ONE);
        turns_at(Watch::displaced(4, 0.0), DISPLACED);
        turns_at(Watch::displaced(4, SHARE), DISPLACED);
        // Repeated patches, an eighth of all, and 1×1 filters, whatever repeats.
        turns_at(Watch::displaced(4, 0.125), REPEATED);
        for repeated in [0.0, 1.0] {
            turns_at(Watch::displaced(1, repeated), REPEATED);
            turns_at(Watch::same(1, repeated, 0.0), REPEATED);
        }
    }

    #[test]
    fn an_image_with_itself_is_close_whatever_the_sums_say() {
        assert_eq!(four(Watch::same(4, 0.0, -0.5), 0.0, 0.0), Some(SMALL * NEAR / ONE));
        assert_eq!(four(Watch::same(4, 0.0, 0.5), 0.0, 0.0), None);
    }

    #[test]
    fn many_patches_have_the_highest_limit() {
        // Eight patches of two pixels have twice the limit of four.
        let eight = |sigma: f64| {
            (0..16).fold(Watch::same(2, 0.0, 0.0), |watch: Watch<f64>, _| watch.and(sigma, 0.0, 2.0, 0.5)).close()
        };
        assert_eq!(eight(2.0 * LIMIT), None);
        assert_eq!(eight(4.0 * LIMIT), Some(SMALL * NEAR / (2.0 * LIMIT)));
        for (window, highest) in [(4, HIGHEST), (1, REPEATED)] {
            let many = |sigma: f64| {
                let watch = Watch::same(window, 0.0, 0.0);
                (0..1024).fold(watch, |watch: Watch<f64>, _| watch.and(sigma, 0.0, 2.0, 0.5)).close()
            };
            assert_eq!(many(highest), None);
            assert_eq!(many(2.0 * highest), Some(SMALL * NEAR / highest));
        }
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
