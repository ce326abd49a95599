//! The dual activations of the normalised ReLU, κ0 and κ1, without trigonometry.
//!
//! For a pair of inputs with correlation λ, a ReLU layer of infinite width maps the covariance n·λ to n·κ1(λ) and
//! multiplies the tangent kernel by κ0(λ):
//!
//! ```text
//! κ0(λ) = (π − acos λ) / π              κ1(λ) = (λ (π − acos λ) + √(1 − λ²)) / π
//! ```
//!
//! Both have a square-root singularity at λ = 1, where the kernels of similar images live. With u = 1 − |λ| it comes
//! out as a factor: the functions
//!
//! ```text
//! P(u) = acos(1 − u) / (π √u)           R(u) = (κ1(1 − u) − (1 − u)) / (u √u)
//! ```
//!
//! are smooth on [0, 1] (their nearest singularity is u = 2) and are replaced by polynomials, so that
//!
//! ```text
//! λ ≥ 0:  κ0 = 1 − √u P(u)              κ1 = λ + u √u R(u)
//! λ < 0:  κ0 =     √u P(u)              κ1 =     u √u R(u)
//! ```
//!
//! because κ0(−λ) = 1 − κ0(λ) and κ1(−λ) = κ1(λ) − λ. The coefficients are derived by `scripts/kappa_coefficients.py`.
//!
//! A leaky ReLU, z where z > 0 and b z elsewhere, is a sum of z and |z|, which are uncorrelated: normalised, its dual activations are
//!
//! ```text
//! α κ0(λ) + 1 − α       α κ1(λ) + (1 − α) λ       α = (1 − b)²/(1 + b²)
//! ```
//!
//! so that α goes with the root, λ ≥ 0 stays as it is otherwise, and λ < 0 has 1 − α, or (1 − α) λ, beside what it has above.
//!
//! Source: Cho and Saul 2009, eqs. 6 and 7; Arora et al. 2019, arXiv 1904.11955v2, App. D and G; Tsuchida, Roosta-Khorasani and Gallagher 2018, arXiv
//! 1711.09090, for the leaky ReLU.

use crate::number::{Number, Scalar};

/// κ0(λ) = (π − acos λ)/π, the derivative's dual activation; λ is clamped to [−1, 1].
///
/// # Accuracy
/// At most 2 ULP from the nearest `f32` to the exact value, for every `f32` in [−1, 1], and 2 ULP at 10⁸ arguments of `f64` (`accuracy
/// kappa`, see `docs/accuracy.md`; samples in `accuracy/tests/kappa.rs` and `core/tests/kappa.rs`); exact at −1 and 1. With the feature `micromath` the `f32` square root, and with it κ0, is approximate.
///
/// # Cost
/// 8 (`f32`) or 20 (`f64`) multiply-adds and one square root.
///
/// # Source
/// Arora et al. 2019, App. D: the dual of the step function.
#[inline(always)]
pub fn kappa0<N: Number>(lambda: N) -> N {
    let (u, one) = complement(lambda);
    let (root, p) = (u.sqrt(), u.kappa0_factor(N::Scalar::from_f64(1.0)));
    lambda.select_negative(root.mul(p), root.neg_mul_add(p, one))
}

/// κ1(λ) = (λ(π − acos λ) + √(1 − λ²))/π, the dual activation; λ is clamped to [−1, 1].
///
/// # Accuracy
/// At most 4 ULP from the nearest `f32` to the exact value, for every `f32` in [−1, 1], and 4 ULP at 10⁸ arguments of `f64` (`accuracy
/// kappa`, see `docs/accuracy.md`; samples in `accuracy/tests/kappa.rs` and `core/tests/kappa.rs`); exact at −1 and 1. With the feature `micromath` the `f32` square root, and with it κ1, is approximate.
///
/// # Cost
/// 8 (`f32`) or 20 (`f64`) multiply-adds and one square root.
///
/// # Source
/// Cho and Saul 2009, eq. 6 with n = 1, normalised so that κ1(1) = 1.
#[inline(always)]
pub fn kappa1<N: Number>(lambda: N) -> N {
    let (u, one) = complement(lambda);
    let (root, r) = (u.sqrt(), u.kappa1_factor(N::Scalar::from_f64(1.0)));
    let positive = lambda.max(N::zero()).min(one);
    u.mul_add(root.mul(r), positive)
}

/// (1 − |λ|, 1), the former not below 0.
#[inline(always)]
fn complement<N: Number>(lambda: N) -> (N, N) {
    let one = N::splat(N::Scalar::from_f64(1.0));
    (one.sub(lambda.abs()).max(N::zero()), one)
}

/// Which of its cases a layer has to treat; a type, so that each loop is compiled for its own.
pub(crate) trait Case {
    /// Before the first activation, where Σ may be negative.
    const FIRST: bool;
    /// Leaky ReLUs of any slope, after which Σ may be negative in every layer.
    const LEAKY: bool = false;
    /// Σ may be negative.
    const SIGNED: bool = Self::FIRST || Self::LEAKY;
    /// Dense nets, whose layers are by themselves: Θ is left as κ0 Θ, without K, what is carried is n − |K| in place of n − K, and the cap counts, as
    /// some lanes may join an input with itself.
    const DENSE: bool = false;
    /// Θ is more than K. It is just K after the first ReLU where the first layer is frozen, and whatever it is where only
    /// the NNGP is wanted.
    const NTK: bool;
    /// Pixels that come close to each other are looked out for.
    const WATCH: bool = false;
}

/// What stays the same for all entries of a layer.
#[derive(Clone, Copy)]
pub(crate) struct Layer<N: Number> {
    /// 1, unknown to the compiler; see `number::polynomial`.
    unit: N::Scalar,
    /// 0 in the lanes that join a pixel with itself, where λ is exactly 1, and 1 elsewhere.
    cap: N,
    /// α, 1 − α and 2 − α of a leaky ReLU; not read in other cases.
    bend: [N::Scalar; 3],
}

impl<N: Number> Layer<N> {
    /// With `cap` from [`crate::identity_cap`] and `bend` from [`bend`].
    #[inline(always)]
    pub(crate) fn new(cap: Option<N>, bend: [N::Scalar; 3]) -> Self {
        let one = N::Scalar::from_f64(1.0);
        Layer { unit: core::hint::black_box(one), cap: cap.unwrap_or(N::splat(one)), bend }
    }
}

/// α = (1 − b)²/(1 + b²), 1 − α = 2b/(1 + b²) and 2 − α = (1 + b)²/(1 + b²) of a leaky ReLU with the slope b: 1, 0 and 1 of a ReLU.
#[inline(always)]
pub(crate) fn bend<S: Scalar>(slope: f64) -> [S; 3] {
    let (one, b) = (S::Constant::from_f64(1.0), S::Constant::from_f64(slope));
    // That of 1/b is the same, and no square leaves the range.
    let b = if b.abs() > one { one.div(b) } else { b };
    let (apart, together, squares) = (one.sub(b), one.add(b), one.add(b.mul(b)));
    [apart.mul(apart), b.add(b), together.mul(together)].map(|part| S::from_constant(part.div(squares)))
}

/// One entry on its way through one layer of ReLUs, with n = √(v_x v_y), λ = Σ/n, without the factor 1/q² (see [`crate::scale`]):
///
/// ```text
/// K = n κ1(λ)         Θ ← κ0(λ) Θ + K
/// ```
///
/// evaluated from the deficit n − |Σ|, so that n is never rounded by itself, and after the first layer, where Σ ≥ 0, as
///
/// ```text
/// u = (n − Σ)/n       K = Σ + (n − Σ) √u R(u)       Θ ← (Θ + K) − √u Θ P(u)
/// ```
///
/// With D = n − K beside them, for images that are close to each other (`core/src/close.rs`) and for dense nets,
///
/// ```text
/// n − Σ = box D + n G        D ← (n − Σ) − (n − Σ) √u R(u)
/// ```
///
/// Leaky ReLUs have α √u in place of √u, and where Σ < 0 another (1 − α) Σ in K and (1 − α) Θ in Θ. There n − |Σ| stands for n − Σ, and D has (2 − α) |Σ| beside it;
/// where K < 0, too, dense nets need
///
/// ```text
/// n − |K| = (n − |Σ|) + (n − |Σ|) √u R(u) + α |Σ|
/// ```
///
/// A variance of 0 has the inverse 0 and needs no branch: there Σ and Θ are 0 and stay so, whatever λ is taken for. Where a variance
/// only counts as 0, Σ is at most 1e-19 (`f32`) of what the largest pixels of the images make, and stays that: little beside the
/// kernels of the images with themselves, though it may be all that K(x, x') has.
///
/// The work is cut in two, so that a loop can begin an entry before it ends the one before: the root and the
/// polynomials are long chains of dependent operations, and a processor sees only so far ahead.
///
/// Cost (f32, after the first layer): 20 multiplications and multiply-adds, one sum, one maximum, one root; the 3×3
/// boxes add 8 sums.
///
/// Source: Arora et al. 2019, §4, and App. G, eqs. for K and K̇.
#[derive(Clone, Copy)]
pub(crate) struct Activation<N> {
    sigma: N,
    theta: N,
    /// n − |Σ|.
    deficit: N,
    /// u = 1 − |λ|, not clamped.
    pub(crate) u: N,
    /// √u, or α √u, clamped to λ in [−1, 1], and 0 where a pixel meets itself.
    root: N,
}

impl<N: Number> Activation<N> {
    /// n − |Σ|, from Σ, √v and √v'.
    #[inline(always)]
    pub(crate) fn deficit<C: Case>(sigma: N, x: N, y: N) -> N {
        x.mul_sub(y, if C::SIGNED { sigma.abs() } else { sigma })
    }

    /// Begins with Σ, Θ and n − |Σ|, and 1/n (0 where a variance is 0).
    #[inline(always)]
    pub(crate) fn begin<C: Case>([sigma, theta, deficit]: [N; 3], inverse: N, layer: &Layer<N>) -> Self {
        let u = deficit.mul(inverse);
        // Rounding may take u an ulp below 0. Where the root is 0 the polynomials do not count, so they need not wait.
        let mut bounded = u.max(N::zero());
        if C::DENSE {
            bounded = bounded.min(layer.cap);
        }
        // Θ⁰ = Σ⁰; where the first layer is frozen and Θ⁰ is 0, this is not read.
        let theta = if C::FIRST { sigma } else { theta };
        let root = bounded.sqrt();
        Activation { sigma, theta, deficit, u, root: if C::LEAKY { root.mul(N::splat(layer.bend[0])) } else { root } }
    }

    /// Ends with K and Θ after the layer, and D where there are three.
    #[inline(always)]
    pub(crate) fn end<C: Case, const LEN: usize>(self, layer: &Layer<N>) -> [N; LEN] {
        let Activation { sigma, deficit, u, root, .. } = self;
        let r = u.kappa1_factor(layer.unit);
        let [k, theta] = self.end_with::<C>(r, layer);
        let mut entry = [theta; LEN];
        entry[0] = k;
        if let Some(carried) = entry.get_mut(2) {
            let (mut r, mut share) = (r, N::splat(layer.bend[2]));
            if C::DENSE && C::SIGNED {
                r = k.select_negative(N::zero().sub(r), r);
                share = k.select_negative(N::splat(layer.bend[0]), share);
            }
            *carried = deficit.mul(root).neg_mul_add(r, deficit);
            if C::SIGNED {
                // Where Σ < 0, n is (n − |Σ|) + |Σ|, and K has another (1 − α) Σ. Nothing is left of either for the absolute value.
                let below = sigma.abs().sub(sigma.max(N::zero()));
                *carried = below.mul_add(share, *carried);
            }
        }
        entry
    }

    /// `r` is R(u).
    #[inline(always)]
    fn end_with<C: Case>(self, r: N, layer: &Layer<N>) -> [N; 2] {
        let Activation { sigma, theta, deficit, u, root, .. } = self;
        let mut linear = if C::SIGNED { sigma.max(N::zero()) } else { sigma };
        if C::LEAKY {
            linear = sigma.min(N::zero()).mul_add(N::splat(layer.bend[1]), linear);
        }
        let k = deficit.mul(root).mul_add(r, linear);
        if !C::NTK {
            return [k, if C::DENSE { N::zero() } else { k }];
        }
        let p = u.kappa0_factor(layer.unit);
        let part = root.mul(theta);
        let after = part.neg_mul_add(p, if C::DENSE { theta } else { theta.add(k) });
        if C::SIGNED {
            let own = if C::DENSE { N::zero() } else { k };
            let linear = if C::LEAKY { theta.mul_add(N::splat(layer.bend[1]), own) } else { own };
            return [k, sigma.select_negative(part.mul_add(p, linear), after)];
        }
        [k, after]
    }
}
