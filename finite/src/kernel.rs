//! The kernel of a network's gradients.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

use crate::{Batch, Head, Layers, Network, Pass};

impl Network {
    /// ⟨∂f(x)/∂θ, ∂f(x')/∂θ⟩ over the weights θ of these layers, f being the first output: x by its row, x' by its column.
    ///
    /// With b = ∂f/∂z the gradient of W^h is `m^(−½) Σ_p b_k[p] a_c[p+δ]`, so that the inner product of two gradients is
    /// `m⁻¹ Σ_{δ,p,p'} B[p,p'] A[p+δ,p'+δ]`, with `B = Σ_k b_k[p] b'_k[p']` and `A = Σ_c a_c[p] a'_c[p']`: no gradient is ever stored.
    ///
    /// # Accuracy
    /// Products in `f32`, sums over pixels and layers in `f64`: near 1e-6 relative to the geometric mean of the kernels of x and x' with themselves.
    ///
    /// # Cost
    /// 4·m operations for each pair of pixels of each pair of images, for each layer.
    pub fn kernel(&self, x: &Batch, y: &Batch, layers: Layers) -> Mat<f64> {
        let (x, y) = ([x, y]).map(|batch| Differentiated::new(self, batch)).into();
        self.kernel_of(&x, &y, layers)
    }

    fn kernel_of(&self, x: &Differentiated, y: &Differentiated, layers: Layers) -> Mat<f64> {
        let (net, pixels) = (&self.net, self.net.pixels());
        let reach: Vec<Vec<(usize, usize)>> = self
            .taps()
            .iter()
            .map(|&tap| (0..pixels).filter_map(|p| net.neighbour(p, tap).map(|to| (p, to))).collect())
            .collect();
        let (rows, columns) = (x.images(pixels), y.images(pixels));
        let lines: Vec<Vec<f64>> = (0..rows)
            .into_par_iter()
            .map(|image| {
                let mut line = vec![0.0; columns];
                let gram = |of: &Mat<f32>, with: &Mat<f32>| {
                    let mut gram = Mat::<f32>::zeros(pixels, with.ncols());
                    let own = of.as_ref().subcols(image * pixels, pixels);
                    matmul(gram.as_mut(), Accum::Replace, own.transpose(), with.as_ref(), 1.0, Par::Seq);
                    gram
                };
                for layer in (1..net.depth).filter(|&layer| layers.contain(layer, net.depth)) {
                    let a = gram(&x.pass.maps[layer - 1], &y.pass.maps[layer - 1]);
                    let b = gram(&x.signals[layer - 1], &y.signals[layer - 1]);
                    let scale = f64::from(net.shrink(layer)).powi(2);
                    for (other, sum) in line.iter_mut().enumerate() {
                        let (a, b) = (a.subcols(other * pixels, pixels), b.subcols(other * pixels, pixels));
                        *sum += scale * reach.iter().map(|reach| joined(a, b, reach)).sum::<f64>();
                    }
                }
                if layers.contain(net.depth, net.depth) {
                    let a = gram(&x.pass.maps[net.depth - 1], &y.pass.maps[net.depth - 1]);
                    for (other, sum) in line.iter_mut().enumerate() {
                        let a = a.subcols(other * pixels, pixels);
                        let read = match net.head {
                            Head::Vanilla => (0..pixels).map(|p| f64::from(a[(p, p)])).sum::<f64>(),
                            Head::Gap => {
                                let all = a.col_iter().flat_map(|column| column.iter());
                                all.map(|&a| f64::from(a)).sum::<f64>() / (pixels * pixels) as f64
                            }
                        };
                        *sum += read * f64::from(net.shrink(net.depth)).powi(2);
                    }
                }
                line
            })
            .collect();
        Mat::from_fn(rows, columns, |i, j| lines[i][j])
    }
}

/// Σ B[p,p'] A[p+δ,p'+δ] for one δ.
fn joined(a: MatRef<'_, f32>, b: MatRef<'_, f32>, reach: &[(usize, usize)]) -> f64 {
    let column = |&(p, to): &(usize, usize)| {
        let products = reach.iter().map(|&(q, from)| f64::from(b[(q, p)]) * f64::from(a[(from, to)]));
        products.sum::<f64>()
    };
    reach.iter().map(column).sum()
}

/// Images with the maps of a network and the derivatives of its first output.
struct Differentiated {
    pass: Pass,
    signals: Vec<Mat<f32>>,
}

impl Differentiated {
    fn new(network: &Network, batch: &Batch) -> Self {
        let pass = network.forward(batch);
        let first = Mat::from_fn(network.net.outputs, batch.len(), |output, _| if output == 0 { 1.0 } else { 0.0 });
        let signals = network.signals(&pass, first.as_ref());
        Differentiated { pass, signals }
    }

    fn images(&self, pixels: usize) -> usize {
        self.pass.maps[0].ncols() / pixels
    }
}
