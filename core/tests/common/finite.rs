//! Random networks of finite width m, their gradients by back-propagation, and the kernels these make.
//!
//! All weights are independent standard Gaussians. A net of depth d is, for pixels p and filter positions δ inside the image,
//!
//! ```text
//! z¹_k[p]   =        Σ_{c,δ} W¹_k[c,δ] x_c[p+δ]
//! a^h_k[p]  = (√2/q) max(z^h_k[p], 0)
//! z^h_k[p]  = m^(−½) Σ_{c,δ} W^h_k[c,δ] a^(h−1)_c[p+δ]      h = 2 … d−1
//! f         = m^(−½) Σ_{c,p} v_c[p] a^(d−1)_c[p]            vanilla
//! f         = m^(−½) Σ_c     v_c    mean_p a^(d−1)_c[p]     gap
//! ```
//!
//! The factors follow from the covariances that the closed form states. Given the layer below, z^h_k[p] and z'^h_k[p'] are
//! Gaussians with the covariance m⁻¹ Σ_c box(a a'), which tends to box(K): hence m^(−½). The first layer has no factor, as
//! Σ⁰ = box(Σ_c x x') has none. E[max(z, 0) max(z', 0)] is n κ1(λ)/2 and E[1(z > 0) 1(z' > 0)] is κ0(λ)/2, so √2/q behind
//! each ReLU gives both K = n κ1/q² and K̇ = κ0/q². The readouts leave Σ_p K[p,p] and the mean of K[p,p'].
//!
//! A dense net is the net of one pixel with 1×1 filters, and both of its readouts are the same.
//!
//! A leaky ReLU of slope b puts √(2/(1 + b²)) (max(z, 0) + b min(z, 0)) in the place of √2 max(z, 0): of a symmetric z either
//! half brings half of E[z²], so the root leaves E[a²] = E[z²]/q² as it was. A residual connection of strength s makes
//! z^h = (z^(h−1) + s·(the z^h above))/√(1 + s²): given the layer below, the two are uncorrelated, and the root keeps the variance.
//!
//! With b = ∂f/∂z the gradient of W^h is m^(−½) Σ_p b_k[p] a_c[p+δ], so that the inner product of two gradients is
//! m⁻¹ Σ_{p,p'} B[p,p'] box(A)[p,p'], with B = Σ_k b_k[p] b'_k[p'] and A = Σ_c a_c[p] a'_c[p']: no gradient is ever stored.
//! Beside a connection it is s²/(1 + s²) times that.

use super::images::Random;
use std::f32::consts::TAU;
use ultrawide_core::Shape;

/// The last layer: one weight for each channel and pixel, or for each channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Head {
    Vanilla,
    Gap,
}

/// What a net has that is not plain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tricks {
    /// b; 0 is the ReLU.
    pub slope: f64,
    /// s of connections around each hidden layer but the first.
    pub residual: Option<f64>,
}

pub const PLAIN: Tricks = Tricks { slope: 0.0, residual: None };

/// Fills `out` with standard Gaussians (Box and Muller's).
fn gaussians(random: &mut Random, out: &mut [f32]) {
    for pair in out.chunks_mut(2) {
        let bits = random.bits();
        // 24 bits each; the first is never 0.
        let uniform = |bits: u64| ((bits & 0xff_ffff) as f32 + 0.5) / (1u32 << 24) as f32;
        let radius = (-2.0 * uniform(bits >> 40).ln()).sqrt();
        let (sin, cos) = (TAU * uniform(bits >> 8)).sin_cos();
        pair[0] = radius * cos;
        if let Some(second) = pair.get_mut(1) {
            *second = radius * sin;
        }
    }
}

/// Σ a b, in four sums that do not wait for each other, written out: tests are compiled without much optimisation.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a_blocks, a_rest), (b_blocks, b_rest)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    let [mut s0, mut s1, mut s2, mut s3] = [0.0; 4];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        s0 += a[0] * b[0];
        s1 += a[1] * b[1];
        s2 += a[2] * b[2];
        s3 += a[3] * b[3];
    }
    (s0 + s1) + (s2 + s3) + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// out += factor · values, as [`dot`].
fn add(out: &mut [f32], factor: f32, values: &[f32]) {
    let ((blocks, rest), (value_blocks, value_rest)) = (out.as_chunks_mut::<4>(), values.as_chunks::<4>());
    for (out, value) in blocks.iter_mut().zip(value_blocks) {
        out[0] += factor * value[0];
        out[1] += factor * value[1];
        out[2] += factor * value[2];
        out[3] += factor * value[3];
    }
    rest.iter_mut().zip(value_rest).for_each(|(out, value)| *out += factor * value);
}

/// Values of every pixel and channel, the channels of a pixel together.
pub type Map = Vec<f32>;

/// What one image becomes.
pub struct Pass {
    /// The image, and a¹ … a^(d−1).
    maps: Vec<Map>,
    /// z¹ … z^(d−1): a does not tell the sign of z where b < 0.
    sums: Vec<Map>,
}

pub struct Net {
    pixels: usize,
    /// (δ, p, p + δ) of every filter position and pixel for which p + δ is a pixel too; positions without any are not counted.
    reach: Vec<[usize; 3]>,
    /// The number of positions.
    taps: usize,
    filter: usize,
    width: usize,
    tricks: Tricks,
    /// W¹ … W^(d−1), each as [k][δ][c].
    pub layers: Vec<Vec<f32>>,
    /// The vanilla output's weights as [p][c], and gap's.
    pub vanilla: Map,
    pub gap: Vec<f32>,
}

impl Net {
    pub fn new(shape: Shape, filter: usize, depth: usize, width: usize, tricks: Tricks, random: &mut Random) -> Self {
        let pixels = shape.height * shape.width;
        let mut draw = |len: usize| {
            let mut weights = vec![0.0; len];
            gaussians(random, &mut weights);
            weights
        };
        let reach = reach(shape, filter);
        let taps = reach.last().map_or(0, |last| last[0] + 1);
        let fan_in = |layer| taps * if layer == 1 { shape.channels } else { width };
        Net {
            pixels,
            reach,
            taps,
            filter,
            width,
            tricks,
            layers: (1..depth).map(|layer| draw(width * fan_in(layer))).collect(),
            vanilla: draw(pixels * width),
            gap: draw(width),
        }
    }

    /// a/z where z > 0, and where z < 0: √2/q and 0 of ReLUs.
    fn gains(&self) -> [f32; 2] {
        let b = self.tricks.slope;
        let gain = (2.0 / (1.0 + b * b)).sqrt() / self.filter as f64;
        [gain as f32, (gain * b) as f32]
    }

    /// The square of what precedes the weights of a layer, counted from 0, the output's last: 1/m behind a hidden layer.
    fn square(&self, layer: usize) -> f64 {
        let share = self.strength(layer).map_or(1.0, |s| s * s / (1.0 + s * s));
        if layer == 0 { 1.0 } else { share / self.width as f64 }
    }

    fn shrink(&self, layer: usize) -> f32 {
        self.square(layer).sqrt() as f32
    }

    /// s, where a connection leads around this layer.
    fn strength(&self, layer: usize) -> Option<f64> {
        self.tricks.residual.filter(|_| (1..self.layers.len()).contains(&layer))
    }

    /// out += values/√(1 + s²), where a connection leads around this layer.
    fn connect(&self, layer: usize, out: &mut Map, values: Option<&Map>) {
        if let (Some(s), Some(values)) = (self.strength(layer), values) {
            add(out, (1.0 / (1.0 + s * s).sqrt()) as f32, values);
        }
    }

    /// Of `image`, channels × pixels.
    pub fn forward(&self, image: &[f64]) -> Pass {
        let channels = image.len() / self.pixels;
        let entry = |at: usize| image[at % channels * self.pixels + at / channels] as f32;
        let mut maps = vec![(0..image.len()).map(entry).collect::<Map>()];
        let mut sums: Vec<Map> = vec![];
        let [above_zero, below_zero] = self.gains();
        for (layer, weights) in self.layers.iter().enumerate() {
            let input = &maps[layer];
            let channels = input.len() / self.pixels;
            let shrink = self.shrink(layer);
            let mut sum = vec![0.0; self.pixels * self.width];
            for (k, kernel) in weights.chunks_exact(self.taps * channels).enumerate() {
                for &[position, p, neighbour] in &self.reach {
                    sum[p * self.width + k] +=
                        shrink * dot(at(kernel, position, channels), at(input, neighbour, channels));
                }
            }
            self.connect(layer, &mut sum, sums.last());
            maps.push(sum.iter().map(|z| above_zero * z.max(0.0) + below_zero * z.min(0.0)).collect());
            sums.push(sum);
        }
        Pass { maps, sums }
    }

    /// ∂f/∂a^(d−1).
    fn head(&self, head: Head) -> Map {
        let shrink = self.shrink(self.layers.len());
        match head {
            Head::Vanilla => self.vanilla.iter().map(|v| v * shrink).collect(),
            Head::Gap => self.gap.repeat(self.pixels).iter().map(|v| v * shrink / self.pixels as f32).collect(),
        }
    }

    /// f.
    pub fn output(&self, pass: &Pass, head: Head) -> f32 {
        dot(&self.head(head), &pass.maps[self.layers.len()])
    }

    /// The sum of the sizes of the terms that f is a sum of: its rounding is a part of this.
    pub fn terms(&self, pass: &Pass, head: Head) -> f32 {
        self.head(head).iter().zip(&pass.maps[self.layers.len()]).map(|(v, a)| (v * a).abs()).sum()
    }

    /// ∂f/∂z¹ … ∂f/∂z^(d−1).
    pub fn backward(&self, pass: &Pass, head: Head) -> Vec<Map> {
        let m = self.width;
        let [above_zero, below_zero] = self.gains();
        let mut signal = self.head(head);
        let mut signals: Vec<Map> = vec![];
        for layer in (0..self.layers.len()).rev() {
            // From ∂f/∂a to ∂f/∂z.
            for (signal, &z) in signal.iter_mut().zip(&pass.sums[layer]) {
                *signal *= if z > 0.0 { above_zero } else { below_zero };
            }
            self.connect(layer + 1, &mut signal, signals.last());
            let mut below = vec![0.0; self.pixels * m];
            if layer > 0 {
                let shrink = self.shrink(layer);
                for (k, kernel) in self.layers[layer].chunks_exact(self.taps * m).enumerate() {
                    for &[position, p, neighbour] in &self.reach {
                        let factor = signal[p * m + k] * shrink;
                        if factor != 0.0 {
                            add(&mut below[neighbour * m..(neighbour + 1) * m], factor, at(kernel, position, m));
                        }
                    }
                }
            }
            signals.push(std::mem::replace(&mut signal, below));
        }
        signals.reverse();
        signals
    }

    /// ⟨∇f(x), ∇f(x')⟩ over the weights of each layer, the output's last, from the passes and signals of x and x'.
    pub fn products(&self, passes: [&Pass; 2], signals: [&[Map]; 2], head: Head) -> Vec<f64> {
        let n = self.pixels;
        let maps = passes.map(|pass| &pass.maps);
        let mut products = vec![];
        for layer in 0..self.layers.len() {
            let a = self.gram(&maps[0][layer], &maps[1][layer]);
            let b = self.gram(&signals[0][layer], &signals[1][layer]);
            let mut sum = 0.0;
            for &[position, p, to] in &self.reach {
                for &[_, p_other, to_other] in self.reach.iter().filter(|other| other[0] == position) {
                    sum += b[p * n + p_other] * a[to * n + to_other];
                }
            }
            products.push(self.square(layer) * sum);
        }
        let last = self.gram(&maps[0][self.layers.len()], &maps[1][self.layers.len()]);
        let read_out = match head {
            Head::Vanilla => (0..n).map(|p| last[p * n + p]).sum::<f64>(),
            Head::Gap => last.iter().sum::<f64>() / (n * n) as f64,
        };
        products.push(self.square(self.layers.len()) * read_out);
        products
    }

    /// Σ_c a_c[p] b_c[p'], as [p][p'].
    fn gram(&self, a: &[f32], b: &[f32]) -> Vec<f64> {
        let channels = a.len() / self.pixels;
        let rows = a.chunks_exact(channels);
        rows.flat_map(|a| b.chunks_exact(channels).map(|b| f64::from(dot(a, b)))).collect()
    }
}

/// The `index`-th run of `len` values.
fn at(values: &[f32], index: usize, len: usize) -> &[f32] {
    &values[index * len..(index + 1) * len]
}

fn reach(shape: Shape, filter: usize) -> Vec<[usize; 3]> {
    let mut reach = vec![];
    let mut taps = 0;
    for position in 0..filter * filter {
        let before = reach.len();
        for p in 0..shape.height * shape.width {
            let row = (p / shape.width + position / filter).checked_sub(filter / 2).filter(|&row| row < shape.height);
            let column = (p % shape.width + position % filter).checked_sub(filter / 2).filter(|&at| at < shape.width);
            if let (Some(row), Some(column)) = (row, column) {
                reach.push([taps, p, row * shape.width + column]);
            }
        }
        taps += usize::from(reach.len() > before);
    }
    reach
}
