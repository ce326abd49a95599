//! The dense recursion: NNGP and NTK of fully connected nets.
//!
//! A dense net is the convolutional recursion on an image of one pixel whose channels are the features, with a 1×1
//! filter: the variance stays what it is from layer to layer, so one deviation serves all of them.
//!
//! Source: Arora et al. 2019, §3 (the recursion) with c_σ = 2; Lee et al. 2018 and Jacot et al. 2018.

use crate::Error;
use crate::accumulate::{PLAIN, exact_sum};
use crate::close::{CLOSE, add_distance, gap};
use crate::dual::{Activation, Case, Layer, bend};
use crate::network::{Dense, Kernel, Trained};
use crate::number::{Number, Scalar};
use crate::scale;
use crate::variance::{check, deviation};

/// The features whose products are added, sixteen by sixteen, before the compensated sum takes over.
///
/// Few enough that the rounding error of the whole sum stays near one ulp, of equal features some, and so many that the compensation costs
/// less than a tenth of a matrix product.
pub const FEATURE_BLOCK: usize = 128;

/// Σ_k x_k y_k of up to [`FEATURE_BLOCK`] features, for R inputs x and G vectors of inputs y at once.
///
/// The register block of a matrix product: every y is loaded once for R products, every x once for G.
///
/// # Shapes
/// All slices hold the same features; where one is shorter, the rest of the others is left out.
///
/// # Accuracy
/// Sums of sixteen, then their sum: within 8 ULP of Σ |x y| for [`FEATURE_BLOCK`] features, random or all equal (measured: 1.3, `accuracy/tests/sums.rs`).
///
/// # Cost
/// R·G multiply-adds and R + G loads a feature; R·G sums for sixteen of them.
#[inline(always)]
pub fn block_products<N: Number, const R: usize, const G: usize>(x: [&[N::Scalar]; R], y: [&[N]; G]) -> [[N; G]; R] {
    let features = x.iter().map(|x| x.len()).chain(y.iter().map(|y| y.len())).min().unwrap_or(0);
    let (x, y) = (x.map(|x| x.get(..features).unwrap_or_default()), y.map(|y| y.get(..features).unwrap_or_default()));
    let mut sums = [[N::zero().widened(); G]; R];
    let zeros = (&[N::Scalar::from_f64(0.0); PLAIN], &[N::zero(); PLAIN]);
    let whole = features - features % PLAIN;
    for start in (0..whole).step_by(PLAIN) {
        // Always there, and of a length that the compiler knows.
        let x = x.map(|x| x.get(start..).and_then(<[_]>::first_chunk).unwrap_or(zeros.0));
        let y = y.map(|y| y.get(start..).and_then(<[_]>::first_chunk).unwrap_or(zeros.1));
        let mut parts = [[N::zero().widened(); G]; R];
        for k in 0..PLAIN {
            for (parts, x) in parts.iter_mut().zip(x) {
                let x = N::splat(x[k]);
                for (part, y) in parts.iter_mut().zip(y) {
                    *part = x.mul_add(y[k], *part);
                }
            }
        }
        for (sums, parts) in sums.iter_mut().zip(parts) {
            for (sum, part) in sums.iter_mut().zip(parts) {
                *sum = sum.add(part);
            }
        }
    }
    if whole < features {
        for (sums, x) in sums.iter_mut().zip(x) {
            for (sum, y) in sums.iter_mut().zip(y) {
                let rest = x.iter().zip(y).skip(whole);
                *sum = sum.add(rest.fold(N::zero().widened(), |part, (&x, &y)| N::splat(x).mul_add(y, part)));
            }
        }
    }
    sums
}

/// Adds a term to a sum kept as an unevaluated pair (high, low); the sum is high + low.
///
/// # Accuracy
/// high + term is split without error, where it does not overflow; only low is rounded. Sums of 2^15 positive terms, high and low added, are within 1e-7
/// (`f32`) or 2e-16 (`f64`) relative (`accuracy/tests/sums.rs`).
///
/// # Cost
/// 7 sums and differences.
///
/// # Source
/// Knuth, The Art of Computer Programming 2, §4.2.2.
#[inline(always)]
pub fn add_exactly<N: Number>([high, low]: [N; 2], term: N) -> [N; 2] {
    exact_sum(high, low, term)
}

/// √v, 1/√v and ρ: what an input contributes to every pair it takes part in.
///
/// v = x·x of the input divided by ρ², the square of a power of two, so that its largest feature lies in [1, 4) and no square leaves
/// the range; 1/√v is 0 for an input of zeros. The bits do not depend on the number type's way of multiply-add.
///
/// # Accuracy
/// √v and 1/√v within 8 ULP (measured: 1.6, `accuracy/tests/sums.rs`); ρ is exact.
///
/// # Cost
/// Two products, a sum and a maximum a feature; two quotients and a root an input.
#[inline(always)]
pub fn dense_deviation<N: Number>(x: &[N]) -> [N; 3] {
    // The layers are not known here: 64 are more than any narrow format tells apart.
    let root = scale::root(x, scale::lowered::<N::Scalar>(x.len(), 64));
    let inverse = N::splat(N::Scalar::from_f64(1.0)).div(root.mul(root));
    let mut sum = [N::zero(); 2];
    for block in x.chunks(PLAIN) {
        let mut squares = N::zero();
        for x in block {
            let scaled = x.mul(inverse);
            squares = squares.add(scaled.mul(scaled).widened());
        }
        sum = add_exactly(sum, squares);
    }
    let [deviation, inverse] = deviation(sum[0].add(sum[1]).narrowed());
    [deviation, inverse, root]
}

/// The kernels of input `x` and the input in each lane of `y`: every depth and kernel of `net` in one pass.
///
/// ```text
/// Σ⁰ = x·y,   Θ⁰ = Σ⁰ or 0;      h = 1 … d−1:   K = n κ1(Σ/n),   Θ ← κ0(Σ/n) Θ + K,   Σ = K
/// ```
///
/// with the κ of the net's slope ([`crate::dual`]). With residual connections of strength s, a = s²/(1 + s²), what is read out is the same, and what goes on
/// is (1 − a) Σ + a K and (1 − a) Θ + a (κ0 Θ + K).
///
/// # Shapes
/// `x`, `y`: the same number of features, not none. `cap`: from [`crate::identity_cap`]. `out`: [`Dense::outputs`], in
/// the order kernel, depth.
///
/// # Accuracy
/// `f32`: within 2e-6 up to depth 21, relative to the exact value, or to √(K(x, x) K(y, y)) where x·y < 0, with another slope and with residual
/// connections (`accuracy/tests/growth.rs`, `core/tests/close.rs`, `core/tests/tricks.rs`); bounds for any depth up to 200: `docs/accuracy.md`. With the feature `micromath` up to
/// eight times as much. Infinite or NaN where x·y or the kernel is beyond the range.
///
/// # Errors
/// [`Error::Length`] for slices of other lengths, or of none.
///
/// # Cost
/// One multiply-add a feature, nine operations more where some lane's |λ| is above ¾; 20 multiplications or multiply-adds, three sums, two choices, a maximum and a root (`f32`) a
/// layer, some ten more with another slope than 0, and as many with residual connections.
///
/// # Source
/// Arora et al. 2019, §3; the slope as in [`crate::dual`]; Huang et al. 2020, arXiv 2002.06262, for residual connections.
#[inline(always)]
pub fn dense_pair<N: Number>(
    net: &Dense,
    x: &[N::Scalar],
    y: &[N],
    cap: Option<N>,
    out: &mut [N],
) -> Result<(), Error> {
    check("input y", y.len(), x.len().max(1))?;
    let mut sigma = [N::zero(); 2];
    for (x, y) in x.chunks(FEATURE_BLOCK).zip(y.chunks(FEATURE_BLOCK)) {
        let [[products]] = block_products([x], [y]);
        sigma = add_exactly(sigma, products);
    }
    let of_x = dense_deviation(x).map(N::splat);
    dense_layers(net, sigma[0].add(sigma[1]), (x, of_x), (y, dense_deviation(y)), cap, out)
}

/// The layers of [`dense_pair`], for a covariance Σ⁰ = x·y and either input with what [`dense_deviation`] gives for it.
///
/// # Accuracy
/// That of [`dense_pair`], of which only the inner products are left out.
///
/// # Cost
/// That of [`dense_pair`] without them.
///
/// # Errors
/// [`Error::Length`] where `out` does not hold [`Dense::outputs`], or the inputs differ in length.
#[inline(always)]
pub fn dense_layers<N: Number>(
    net: &Dense,
    covariance: N,
    (x, of_x): (&[N::Scalar], [N; 3]),
    (y, of_y): (&[N], [N; 3]),
    cap: Option<N>,
    out: &mut [N],
) -> Result<(), Error> {
    check("output", out.len(), net.outputs())?;
    check("input y", y.len(), x.len())?;
    let request = net.request();
    let trained = request.trained() == Trained::All;
    let layer = Layer::new(cap, bend(net.slope()));
    let shares = net.shares();
    let depths = request.depths().len();
    // Both ways by ρ ρ' twice, which leaves what is between within the range.
    let root = of_x[2].mul(of_y[2]);
    let sigma = covariance.div(root).div(root).narrowed();
    let mut deficit = of_x[0].mul_sub(of_y[0], sigma.abs());
    // Below 0 in the lanes that are close; not where a deviation is 0.
    let margin = of_x[0].mul(N::splat(N::Scalar::from_f64(CLOSE))).neg_mul_add(of_y[0], deficit);
    if margin.any_negative() {
        // Where Σ < 0, −y is close to x.
        let inverse = sigma.select_negative(N::zero().sub(of_y[1]), of_y[1]);
        deficit = margin.select_negative(close_deficit((x, of_x), (y, [of_y[0], inverse, of_y[2]])), deficit);
    }
    let mut entry = [sigma, if trained { sigma } else { N::zero() }, deficit];
    // n from these two, so that an input has the kernel Σ⁰ with itself, and not what a root's square makes of it.
    let lengths = [sigma.abs().add(deficit), of_x[1].mul(of_y[1])];
    for number in 1..=request.layers() {
        let before = entry;
        entry = match (number == 1, request.theta_after(number)) {
            (true, true) => activate::<N, First<true>>(entry, lengths, &layer),
            (true, false) => activate::<N, First<false>>(entry, lengths, &layer),
            (false, _) if net.is_plain() => activate::<N, Later<false>>(entry, lengths, &layer),
            (false, _) => activate::<N, Later<true>>(entry, lengths, &layer),
        };
        // κ0 Θ. It may be far less than K, beside which it would lose its digits.
        let frozen = entry[1];
        entry[1] = frozen.add(entry[0]);
        if let Some(depth) = request.depth_after(number) {
            for (a, kernel) in request.kernels().iter().enumerate() {
                if let Some(out) = out.get_mut(a * depths + depth) {
                    let value = match (kernel, trained) {
                        (Kernel::Nngp, _) => entry[0],
                        (Kernel::Ntk, true) => entry[1],
                        (Kernel::Ntk, false) => frozen,
                    };
                    *out = value.widened().mul(root).mul(root);
                }
            }
        }
        if let Some(shares) = shares {
            entry = join(before, entry, shares.map(N::splat));
        }
    }
    Ok(())
}

/// n − Σ of inputs close to each other: n G, where G is 1 − cos of the angle between them (`core/src/close.rs`). With 1/√v' below 0 it is n + Σ.
#[inline(always)]
fn close_deficit<N: Number>((x, of_x): (&[N::Scalar], [N; 3]), (y, of_y): (&[N], [N; 3])) -> N {
    let one = N::splat(N::Scalar::from_f64(1.0));
    let [x_scale, y_scale] = [of_x[2], of_y[2]].map(|root| one.div(root.mul(root)));
    let mut sums = [[N::zero(); 2]; 2];
    for (x, y) in x.chunks(PLAIN).zip(y.chunks(PLAIN)) {
        let mut block = [N::zero().widened(); 2];
        for (&x, &y) in x.iter().zip(y) {
            block = add_distance(block, (N::splat(x).mul(x_scale), of_x[1]), (y.mul(y_scale), of_y[1]));
        }
        for (sum, block) in sums.iter_mut().zip(block) {
            *sum = add_exactly(*sum, block);
        }
    }
    gap(sums.map(|[high, low]| high.add(low).narrowed())).mul(of_x[0].mul(of_y[0]))
}

/// One layer, from Σ, Θ and n − |Σ| to K, κ0 Θ and n − |K|. n = √(v v') is the same in all of them, since κ1(1) = 1: so n − K is the next one's n − Σ, and
/// computed as such, not as a difference of rounded numbers, whose error each layer would magnify (u = 1 − λ falls as 44/h² in layer h).
///
/// Each layer rounds both |K| and n − |K| by parts of themselves, so that the lesser one has the lesser error. Where that is n − |K|, K follows from it.
#[inline(always)]
fn activate<N: Number, C: Case>(entry: [N; 3], [n, inverse]: [N; 2], layer: &Layer<N>) -> [N; 3] {
    let [k, theta, deficit] = Activation::begin::<C>(entry, inverse, layer).end::<C, 3>(layer);
    let mut rest = n.sub(deficit);
    if C::SIGNED {
        rest = k.select_negative(N::zero().sub(rest), rest);
    }
    [deficit.sub(k.abs()).select_negative(rest, k), theta, deficit]
}

/// What a residual connection hands on: a share a of Σ, Θ and n − |Σ| from after the layer, and 1 − a of those from before it.
#[inline(always)]
fn join<N: Number>(before: [N; 3], after: [N; 3], [a, rest]: [N; 2]) -> [N; 3] {
    // What is the same before and after stays so.
    let joined = |before: N, after: N| after.sub(before).mul_add(a, before);
    let k = joined(before[0], after[0]);
    // n − Σ, or n + Σ where what is handed on is below 0, from sums of numbers that are not: so no digits go.
    let [deficit, later] = [before, after].map(|[sigma, _, deficit]| {
        let turned = k.select_negative(sigma, N::zero().sub(sigma));
        deficit.add(sigma.abs().add(turned))
    });
    [k, joined(before[1], after[1]), later.mul_add(a, deficit.mul(rest))]
}

/// The first layer: Σ may be negative. It comes once: so ReLUs are leaky ones with the slope 0, whose every bit is the same.
struct First<const NTK: bool>;

impl<const NTK: bool> Case for First<NTK> {
    const FIRST: bool = true;
    const LEAKY: bool = true;
    const DENSE: bool = true;
    const NTK: bool = NTK;
}

/// The layers after it.
struct Later<const LEAKY: bool>;

impl<const LEAKY: bool> Case for Later<LEAKY> {
    const FIRST: bool = false;
    const LEAKY: bool = LEAKY;
    const DENSE: bool = true;
    const NTK: bool = true;
}
