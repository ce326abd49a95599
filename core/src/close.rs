//! Images that are close to each other: what tells them from others, and what is carried for them.
//!
//! Where λ is near 1, an error e of λ is one of e/(π√(2u)) in κ0, u = 1 − λ, and as long as u is small each layer adds another of the same
//! sign: 1e-8/u was measured after 21 layers of `f32`. The kernel being a mean over pixels, it loses the mean of that. So the first layer
//! takes the mean of about 1/u, and where it is large the pair is run anew with
//!
//! ```text
//! E = |a φ(x) − b φ(y)|² = a² v + b² v' − 2ab Σ
//! ```
//!
//! beside Σ and Θ: a sum of squares at first, box(E) afterwards, never a difference of large numbers ([`crate::dual::Activation`]). b/a is the ratio of the
//! lengths of the patches that made the mean large: E is small where images are multiples of each other as well.

use crate::number::{Number, Scalar};

/// u at which a pixel weighs half of what it does at u = 0. Its square root is 0.006, twenty times what rounding to `f32` makes of 0.
const NEAR: f64 = 1.0 / 32768.0;

/// The mean weight above which images of one patch are close to each other: that of u = 1/5. Those of more patches that do not overlap may have as many times
/// more, up to [`HIGHEST`], because rounding errors of different patches cancel.
const LIMIT: f64 = 1.0 / 8192.0;

/// The mean weight above which images are close to each other, however many patches they have: that of u = 1/256 in all pixels, or of equal pixels in one of 128.
const HIGHEST: f64 = 1.0 / 128.0;

/// What the first layer sees of how close two images are: sums over the pixels, as it goes.
#[derive(Clone, Copy)]
pub(crate) struct Watch<N> {
    /// Of w √v and w √v', with the weights w = λ/(1 + u/`NEAR`), 0 where λ < 0 or a variance is 0.
    weighted: [N; 2],
    /// Of √v + √v'.
    all: N,
    /// Below 0 in the lanes that are close whatever the sums say.
    close: N,
}

impl<N: Number> Watch<N> {
    /// `close` is below 0 in the lanes that hold the image x itself.
    #[inline(always)]
    pub(crate) fn new(close: N) -> Self {
        Watch { weighted: [N::zero(); 2], all: N::zero(), close }
    }

    /// With one more pixel: Σ, u and the pairs √v, 1/√v of both images.
    #[inline(always)]
    pub(crate) fn and(self, sigma: N, u: N, x: [N; 2], y: [N; 2]) -> Self {
        let constant = |value| N::splat(N::Scalar::from_f64(value));
        let lambda = sigma.mul(x[1].mul(y[1])).max(N::zero());
        let weight = lambda.div(u.max(N::zero()).mul_add(constant(1.0 / NEAR), constant(1.0)));
        let weighted = [weight.mul_add(x[0], self.weighted[0]), weight.mul_add(y[0], self.weighted[1])];
        Watch { weighted, all: self.all.add(x[0].add(y[0])), ..self }
    }

    /// The lanes that are close, in images of so many patches that do not overlap; `None` where there are none.
    #[inline(always)]
    pub(crate) fn close(self, patches: f64) -> Option<Close<N>> {
        let [x, y] = self.weighted;
        let limit = (patches * LIMIT).min(HIGHEST);
        // Below 0 in those lanes.
        let margin = self.all.mul_sub(N::splat(N::Scalar::from_f64(limit)), x.add(y)).min(self.close);
        if !below_zero(margin) {
            return None;
        }
        let (close, none) = (Close::new(x, y), Close::none());
        let choose = |value, other| margin.select_negative(value, other);
        Some(Close {
            a: choose(close.a, none.a),
            b: choose(close.b, none.b),
            product: choose(close.product, none.product),
            twice: choose(close.twice, none.twice),
            inverse: choose(close.inverse, none.inverse),
        })
    }
}

/// Whether any lane is below 0.
#[inline(always)]
pub(crate) fn below_zero<N: Number>(number: N) -> bool {
    let zero = N::Scalar::from_f64(0.0);
    (0..N::LANES).any(|lane| number.lane(lane) < zero)
}

/// The constants of E, in each lane its own.
#[derive(Clone, Copy)]
pub(crate) struct Close<N> {
    /// a, by which φ(x) is multiplied.
    a: N,
    /// b, by which φ(y) is multiplied.
    b: N,
    /// ab, or −1 in the lanes that are not close: there E is not used.
    pub(crate) product: N,
    /// 2ab.
    pub(crate) twice: N,
    /// 1/2ab.
    inverse: N,
}

impl<N: Number> Close<N> {
    /// For images in which the patches that are close have lengths in the ratio `x` : `y`.
    #[inline(always)]
    pub(crate) fn new(x: N, y: N) -> Self {
        let (one, largest) = (N::splat(N::Scalar::from_f64(1.0)), x.max(y));
        // 1 where it is 0/0, too.
        let [a, b] = [y, x].map(|length| length.div(largest).min(one));
        let product = a.mul(b);
        let twice = product.add(product);
        Close { a, b, product, twice, inverse: one.div(twice) }
    }

    /// a x − b y.
    #[inline(always)]
    pub(crate) fn difference(&self, x: N, y: N) -> N {
        self.a.mul(x).sub(self.b.mul(y))
    }

    /// n − Σ from E and the deviations of two pixels.
    #[inline(always)]
    pub(crate) fn deficit(&self, distance: N, x: N, y: N) -> N {
        let apart = self.difference(x, y);
        apart.neg_mul_add(apart, distance).mul(self.inverse)
    }

    /// Nothing is close.
    #[inline(always)]
    pub(crate) fn none() -> Self {
        let [none, half, one, two] = [-1.0, 0.5, 1.0, 2.0].map(|value| N::splat(N::Scalar::from_f64(value)));
        Close { a: one, b: one, product: none, twice: two, inverse: half }
    }
}
