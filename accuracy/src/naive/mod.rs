//! The kernels from their definitions in multi-precision: four-dimensional arrays, acos and square roots.
//!
//! It shares with the core the types that describe a network and nothing else: no displacement, no variance map, no
//! 1 − |λ|, no scale. Layer by layer it holds the arrays of (x, y) and, for their diagonals, of (x, x) and (y, y).
//!
//! ```text
//! Σ⁰[i,j,i',j'] = box( Σ_c x_c[i,j] x'_c[i',j'] )
//! h = 1 … d−1, n = √(Σxx[i,j,i,j] Σx'x'[i',j',i',j']), λ = Σ/n:
//!     K = n κ1(λ)/q²     K̇ = κ0(λ)/q²     Θ ← K̇ ⊙ Θ + K     Σ = box(K), Θ ← box(Θ)
//! ```
//!
//! Source: Arora et al. 2019, arXiv 1904.11955v2, §4.

mod array;
mod real;

use array::Array4;
pub use real::Real;
use ultrawide_core::{Conv, Dense, Kernel, Request, Shape, Trained};

/// (K, K̇) without the factor 1/q², of a covariance and two variances; `same` where the two inputs are one.
///
/// κ0(λ) = (π − acos λ)/π, κ1(λ) = (λ (π − acos λ) + √(1 − λ²))/π. With a slope b the activation is that of max(z, 0) less b times that of
/// max(−z, 0), over √(1 + b²); z and −z' correlate by −λ.
fn activate(sigma: &Real, [variance_x, variance_y]: [&Real; 2], slope: f64, same: bool) -> [Real; 2] {
    let (one, pi) = (Real::from(1.0), Real::pi());
    let n = (variance_x * variance_y).sqrt();
    if n.is_zero() {
        [Real::from(0.0), Real::from(0.5)]
    } else if same {
        [sigma.clone(), one]
    } else {
        let lambda = (sigma / &n).clamp();
        let b = Real::from(slope);
        let crossed = (&b + &b) / (&one + &(&b * &b));
        let (other, sine) = (lambda.acos(), (one - &lambda * &lambda).sqrt());
        let angle = &pi - &other;
        let kappa1 = &lambda * &angle + &sine - &crossed * &(&sine - &(&lambda * &other));
        [n * (kappa1 / &pi), (angle + &crossed * &other) / pi]
    }
}

/// Σ_c x_c[i,j] y_c[i',j'].
fn products(shape: Shape, x: &[f64], y: &[f64]) -> Array4 {
    let (p, q) = (shape.height, shape.width);
    let value = |image: &[f64], c: usize, i: usize, j: usize| Real::from(image[(c * p + i) * q + j]);
    Array4::new(p, q, |[i, j, k, l]| (0..shape.channels).map(|c| value(x, c, i, j) * value(y, c, k, l)).sum())
}

/// (K, K̇) of all entries, from Σ and the arrays whose diagonals are the variances.
fn layer(net: &Conv, sigma: &Array4, own_x: &Array4, own_y: &Array4, same: bool) -> [Array4; 2] {
    let (shape, filter) = (net.shape(), net.filter());
    let area = Real::from((filter * filter) as f64);
    let mut k_dot = vec![];
    let k = Array4::new(shape.height, shape.width, |index @ [i, j, k, l]| {
        let same = same && (i, j) == (k, l);
        let variances = [own_x.at([i, j, i, j]), own_y.at([k, l, k, l])];
        let [value, derivative] = activate(sigma.at(index), variances, net.slope(), same);
        k_dot.push(derivative / &area);
        value / &area
    });
    let mut k_dot = k_dot.into_iter();
    let k_dot = Array4::new(shape.height, shape.width, |_| k_dot.next().expect("as many values as entries"));
    [k, k_dot]
}

/// K of an image with itself on the diagonal, where it is Σ/q²; box never moves an entry from elsewhere there.
fn own_layer(sigma: &Array4, shape: Shape, filter: usize) -> Array4 {
    Array4::new(shape.height, shape.width, |index @ [i, j, k, l]| {
        let variance = sigma.at(index);
        if (i, j) != (k, l) {
            return Real::from(0.0);
        }
        let [value, _] = activate(variance, [variance; 2], 0.0, true);
        value / Real::from((filter * filter) as f64)
    })
}

/// The kernels that a request asks for after a layer, of K, K̇ ⊙ Θ and their sum.
fn wanted<'a, T>(request: &'a Request, k: &'a T, frozen: &'a T, next: &'a T) -> impl Iterator<Item = &'a T> {
    request.kernels().iter().map(move |kernel| match (kernel, request.trained()) {
        (Kernel::Nngp, _) => k,
        (Kernel::Ntk, Trained::All) => next,
        (Kernel::Ntk, Trained::Hidden) => frozen,
    })
}

/// Every output of `net` for two images, in the order kernel, readout, depth.
pub fn conv(net: &Conv, x: &[f64], y: &[f64]) -> Vec<Real> {
    let (shape, filter, request) = (net.shape(), net.filter(), net.request());
    let mut sigma = products(shape, x, y).boxed(filter);
    let mut own_x = products(shape, x, x).boxed(filter);
    let mut own_y = products(shape, y, y).boxed(filter);
    let mut theta = match request.trained() {
        Trained::All => sigma.clone(),
        Trained::Hidden => Array4::new(shape.height, shape.width, |_| Real::from(0.0)),
    };
    // [kernel][readout][depth]
    let mut out = vec![vec![vec![]; net.readouts().len()]; request.kernels().len()];
    for depth in 2..=request.layers() + 1 {
        let [k, k_dot] = layer(net, &sigma, &own_x, &own_y, x == y);
        let frozen = k_dot.zip(&theta, |k_dot, theta| k_dot * theta);
        let next = frozen.zip(&k, |frozen, k| frozen + k);
        if request.depths().contains(&depth) {
            for (out, array) in out.iter_mut().zip(wanted(request, &k, &frozen, &next)) {
                out.iter_mut().zip(net.readouts()).for_each(|(out, &readout)| out.push(array.read_out(readout)));
            }
        }
        if depth <= request.layers() {
            [own_x, own_y] = [&own_x, &own_y].map(|own| own_layer(own, shape, filter).boxed(filter));
            sigma = k.boxed(filter);
            theta = next.boxed(filter);
        }
    }
    out.concat().concat()
}

/// Every output of a dense `net` for two inputs, in the order kernel, depth.
pub fn dense(net: &Dense, x: &[f64], y: &[f64]) -> Vec<Real> {
    let request = net.request();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(&a, &b)| Real::from(a) * Real::from(b)).sum::<Real>();
    let (variance_x, variance_y, mut sigma) = (dot(x, x), dot(y, y), dot(x, y));
    let mut theta = if request.trained() == Trained::All { sigma.clone() } else { Real::from(0.0) };
    let mut out = vec![vec![]; request.kernels().len()];
    for depth in 2..=request.layers() + 1 {
        let [k, k_dot] = activate(&sigma, [&variance_x, &variance_y], net.slope(), x == y);
        let frozen = k_dot * &theta;
        let next = &frozen + &k;
        if request.depths().contains(&depth) {
            out.iter_mut().zip(wanted(request, &k, &frozen, &next)).for_each(|(out, value)| out.push(value.clone()));
        }
        (sigma, theta) = match net.residual() {
            None => (k, next),
            Some(s) => {
                let square = Real::from(s) * Real::from(s);
                let squares = Real::from(1.0) + &square;
                ((sigma + &square * &k) / &squares, (theta + &square * &next) / &squares)
            }
        };
    }
    out.concat()
}
