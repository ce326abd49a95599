//! The kernels from their definitions: four-dimensional arrays in `f64`, `acos` and `sqrt`, no attention to speed.
//!
//! It shares with the library the types that describe a network and nothing else: no displacement, no variance map, no
//! polynomial. Layer by layer it holds the arrays of (x, x), (y, y) and (x, y), the first two for their diagonals.
//!
//! Accuracy: where λ is not near ±1, some 1e-15 a layer. Where it is, `acos` turns the rounding error e of λ into √(2e),
//! about 2e-8: there the definition itself is no better in `f64`.

use std::f64::consts::PI;
use ultrawide_core::{Conv, Dense, Kernel, Readout, Shape, Trained};

fn kappa0(lambda: f64) -> f64 {
    (PI - lambda.acos()) / PI
}

fn kappa1(lambda: f64) -> f64 {
    (lambda * (PI - lambda.acos()) + (1.0 - lambda * lambda).sqrt()) / PI
}

/// (K, K̇) without the factor 1/q², of a covariance and two variances; `same` where the two inputs are one.
///
/// With a slope b an activation is that of max(z, 0) less b times that of max(−z, 0), over √(1 + b²); z and −z' correlate by −λ.
fn activate(sigma: f64, [variance_x, variance_y]: [f64; 2], slope: f64, same: bool) -> [f64; 2] {
    let n = (variance_x * variance_y).sqrt();
    if n == 0.0 {
        [0.0, kappa0(0.0)]
    } else if same {
        [sigma, 1.0]
    } else {
        let lambda = (sigma / n).clamp(-1.0, 1.0);
        let crossed = 2.0 * slope / (1.0 + slope * slope);
        [n * (kappa1(lambda) - crossed * kappa1(-lambda)), kappa0(lambda) + crossed * kappa0(-lambda)]
    }
}

/// T[i,j,i',j'] of images of P×Q pixels, in that order.
#[derive(Clone)]
struct Array4 {
    p: usize,
    q: usize,
    values: Vec<f64>,
}

impl Array4 {
    fn new(p: usize, q: usize, value: impl Fn(usize, usize, usize, usize) -> f64) -> Self {
        let mut values = Vec::with_capacity(p * q * p * q);
        for i in 0..p {
            for j in 0..q {
                for k in 0..p {
                    values.extend((0..q).map(|l| value(i, j, k, l)));
                }
            }
        }
        Array4 { p, q, values }
    }

    fn at(&self, i: usize, j: usize, k: usize, l: usize) -> f64 {
        self.values[((i * self.q + j) * self.p + k) * self.q + l]
    }

    /// T[i+a, j+b, k+c, l+d], 0 where a pixel lies outside its image.
    fn shifted(&self, [i, j, k, l]: [usize; 4], [a, b, c, d]: [isize; 4]) -> f64 {
        let inside = |at: usize, by: isize, size: usize| at.checked_add_signed(by).filter(|&at| at < size);
        let (Some(i), Some(j)) = (inside(i, a, self.p), inside(j, b, self.q)) else { return 0.0 };
        let (Some(k), Some(l)) = (inside(k, c, self.p), inside(l, d, self.q)) else { return 0.0 };
        self.at(i, j, k, l)
    }

    /// Σ_{a,b} T[i+a, j+b, i'+a, j'+b] with |a|, |b| ≤ (q − 1)/2. Shifts by more than the image reach nothing.
    fn boxed(&self, filter: usize) -> Self {
        let (a, b) = (window(filter / 2, self.p), window(filter / 2, self.q));
        Array4::new(self.p, self.q, |i, j, k, l| {
            let mut sum = 0.0;
            for a in a.clone() {
                for b in b.clone() {
                    sum += self.shifted([i, j, k, l], [a, b, a, b]);
                }
            }
            sum
        })
    }

    fn read_out(&self, readout: Readout) -> f64 {
        match readout {
            Readout::Vanilla => self.sum_over_pixels(|i, j| self.at(i, j, i, j)),
            Readout::Gap => self.values.iter().sum::<f64>() / self.values.len() as f64,
            Readout::Lap(half) => {
                let (rows, columns) = (window(half, self.p), window(half, self.q));
                let sum = self.sum_over_pixels(|i, j| {
                    let mut sum = 0.0;
                    for a in rows.clone() {
                        for b in columns.clone() {
                            for c in rows.clone() {
                                sum += columns.clone().map(|d| self.shifted([i, j, i, j], [a, b, c, d])).sum::<f64>();
                            }
                        }
                    }
                    sum
                });
                sum / ((2 * half + 1) as f64).powi(4)
            }
        }
    }

    fn sum_over_pixels(&self, term: impl Fn(usize, usize) -> f64) -> f64 {
        (0..self.p).map(|i| (0..self.q).map(|j| term(i, j)).sum::<f64>()).sum()
    }
}

/// What a readout makes at most of the terms of the vanilla one. Σ of either sign, of leaky ReLUs, cancels where pixels are pooled, so that a pooled
/// kernel tells nothing of the size of its terms; a pixel's own bound them.
pub fn largest_share(readout: Readout, shape: Shape) -> f64 {
    match readout {
        Readout::Vanilla => 1.0,
        Readout::Gap => 1.0 / (shape.height * shape.width) as f64,
        Readout::Lap(half) => {
            let side = half.saturating_mul(2).saturating_add(1);
            let inside = side.min(shape.height) as f64 * side.min(shape.width) as f64;
            (inside / (side as f64).powi(2)).powi(2)
        }
    }
}

/// The same net with the vanilla readout.
pub fn flattened(net: &Conv) -> Conv {
    let plain = Conv::new(net.shape(), net.filter(), &[Readout::Vanilla], net.request().clone());
    plain.and_then(|plain| plain.with_slope(net.slope())).expect("a net with another readout")
}

/// For every output of `net` what its terms come to at most for an image with itself.
pub fn conv_terms(net: &Conv, x: &[f64]) -> Vec<f64> {
    let (own, depths) = (conv(&flattened(net), x, x), net.request().depths().len());
    let of_kernel = |own: &[f64]| {
        let readouts = net.readouts().iter().map(|&readout| largest_share(readout, net.shape()));
        readouts.flat_map(|share| own.iter().map(move |own| share * own)).collect::<Vec<_>>()
    };
    own.chunks(depths).flat_map(of_kernel).collect()
}

/// −half … half, cut at the size of the image.
fn window(half: usize, size: usize) -> std::ops::RangeInclusive<isize> {
    let reach = half.min(size) as isize;
    -reach..=reach
}

/// Σ_c x_c[i,j] y_c[i',j'].
fn products(shape: Shape, x: &[f64], y: &[f64]) -> Array4 {
    let (p, q) = (shape.height, shape.width);
    Array4::new(p, q, |i, j, k, l| (0..shape.channels).map(|c| x[(c * p + i) * q + j] * y[(c * p + k) * q + l]).sum())
}

/// K of an image with itself, which a layer divides by q² on the diagonal.
fn own_layer(sigma: &Array4, scale: f64) -> Array4 {
    let variance = |i, j| sigma.at(i, j, i, j);
    Array4::new(sigma.p, sigma.q, |i, j, k, l| {
        // On the diagonal, which alone is read, K = Σ whatever the slope.
        activate(sigma.at(i, j, k, l), [variance(i, j), variance(k, l)], 0.0, (i, j) == (k, l))[0] * scale
    })
}

/// Every output of `net` for two images, in the order kernel, readout, depth.
pub fn conv(net: &Conv, x: &[f64], y: &[f64]) -> Vec<f64> {
    let (shape, filter, request) = (net.shape(), net.filter(), net.request());
    let (p, q) = (shape.height, shape.width);
    let scale = 1.0 / (filter as f64 * filter as f64);
    let same = x == y;
    let trained = request.trained() == Trained::All;

    let mut sigma = products(shape, x, y).boxed(filter);
    let mut own_x = products(shape, x, x).boxed(filter);
    let mut own_y = products(shape, y, y).boxed(filter);
    let mut theta = if trained { sigma.clone() } else { Array4::new(p, q, |_, _, _, _| 0.0) };
    // [kernel][readout][depth]
    let mut out = vec![vec![vec![]; net.readouts().len()]; request.kernels().len()];
    let deepest = *request.depths().last().expect("a request lists a depth");
    for layer in 1..deepest {
        let pair = |i, j, k, l| {
            let same = same && (i, j) == (k, l);
            let variances = [own_x.at(i, j, i, j), own_y.at(k, l, k, l)];
            activate(sigma.at(i, j, k, l), variances, net.slope(), same).map(|value| value * scale)
        };
        let k = Array4::new(p, q, |a, b, c, d| pair(a, b, c, d)[0]);
        let frozen = Array4::new(p, q, |a, b, c, d| pair(a, b, c, d)[1] * theta.at(a, b, c, d));
        let next = Array4::new(p, q, |a, b, c, d| frozen.at(a, b, c, d) + k.at(a, b, c, d));
        if request.depths().contains(&(layer + 1)) {
            for (out, kernel) in out.iter_mut().zip(request.kernels()) {
                let array = match (kernel, trained) {
                    (Kernel::Nngp, _) => &k,
                    (Kernel::Ntk, true) => &next,
                    (Kernel::Ntk, false) => &frozen,
                };
                for (out, &readout) in out.iter_mut().zip(net.readouts()) {
                    out.push(array.read_out(readout));
                }
            }
        }
        if layer + 1 < deepest {
            sigma = k.boxed(filter);
            theta = next.boxed(filter);
            own_x = own_layer(&own_x, scale).boxed(filter);
            own_y = own_layer(&own_y, scale).boxed(filter);
        }
    }
    out.concat().concat()
}

/// Every output of a dense `net` for two inputs, in the order kernel, depth.
pub fn dense(net: &Dense, x: &[f64], y: &[f64]) -> Vec<f64> {
    let request = net.request();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (variance_x, variance_y) = (dot(x, x), dot(y, y));
    let mut sigma = dot(x, y);
    let mut theta = if request.trained() == Trained::All { sigma } else { 0.0 };
    let mut out = vec![vec![]; request.kernels().len()];
    for layer in 1..*request.depths().last().expect("a request lists a depth") {
        let [k, k_dot] = activate(sigma, [variance_x, variance_y], net.slope(), x == y);
        let frozen = k_dot * theta;
        if request.depths().contains(&(layer + 1)) {
            for (out, kernel) in out.iter_mut().zip(request.kernels()) {
                out.push(match (kernel, request.trained()) {
                    (Kernel::Nngp, _) => k,
                    (Kernel::Ntk, Trained::All) => frozen + k,
                    (Kernel::Ntk, Trained::Hidden) => frozen,
                });
            }
        }
        (sigma, theta) = match net.residual() {
            None => (k, frozen + k),
            Some(s) => {
                let squares = 1.0 + s * s;
                ((sigma + s * s * k) / squares, (theta + s * s * (frozen + k)) / squares)
            }
        };
    }
    out.concat()
}
