//! Sums of networks that are trained together.

use faer::{Mat, MatRef, Scale};

use crate::{Architecture, Batch, Error, Layers, Network};

/// Σ_k c_k f_k(x): one network, or one without its output at initialisation.
#[derive(Clone, Debug)]
pub struct Model {
    parts: Vec<(f32, Network)>,
}

impl Model {
    /// The network alone.
    ///
    /// # Errors
    /// Those of [`Network::new`].
    pub fn plain(net: Architecture, seed: u64) -> Result<Self, Error> {
        Self::scaled(net, 1.0, seed)
    }

    /// c·f(x): the output at initialisation is c times as large, the kernel c² times. Trained 1/c² as fast, the network moves as
    /// before, but from an output nearer to 0 (Arora et al. 2019, §3 and the κ of Theorem 3.2).
    ///
    /// # Errors
    /// Those of [`Network::new`].
    pub fn scaled(net: Architecture, factor: f32, seed: u64) -> Result<Self, Error> {
        Ok(Model { parts: vec![(factor, Network::new(net, seed)?)] })
    }

    /// (f(θ, x) − f(θ', x))/√2 with θ' = θ before training: exactly 0 at first, and with the kernel of f.
    ///
    /// # Errors
    /// Those of [`Network::new`].
    pub fn antisymmetric(net: Architecture, seed: u64) -> Result<Self, Error> {
        let (network, half) = (Network::new(net, seed)?, std::f32::consts::FRAC_1_SQRT_2);
        Ok(Model { parts: vec![(half, network.clone()), (-half, network)] })
    }

    /// The networks, with their factors.
    pub fn parts(&self) -> impl Iterator<Item = (f32, &Network)> {
        self.parts.iter().map(|(factor, network)| (*factor, network))
    }

    /// f, a row for each output, a column for each image.
    ///
    /// # Accuracy
    /// Those of [`Network::forward`], times the factors and added in `f32`; of an antisymmetric model before training exactly 0.
    pub fn outputs(&self, x: &Batch) -> Mat<f32> {
        let parts = self.parts.iter().map(|(factor, network)| Scale(*factor) * network.forward(x).outputs);
        parts.reduce(|sum, part| sum + part).unwrap_or_else(Mat::new)
    }

    /// ⟨∂f(x)/∂θ, ∂f(x')/∂θ⟩ over all its weights in these layers.
    ///
    /// # Accuracy
    /// That of [`Network::kernel`]; the squares of the factors, which are `f32`, are formed in `f64`.
    pub fn kernel(&self, x: &Batch, y: &Batch, layers: Layers) -> Mat<f64> {
        let one = |(factor, network): &(f32, Network)| Scale(f64::from(*factor).powi(2)) * network.kernel(x, y, layers);
        self.parts.iter().map(one).reduce(|sum, part| sum + part).unwrap_or_else(Mat::new)
    }

    /// One step of gradient descent on ½ Σ (f − y)² over images and outputs: θ ← θ − rate·∂/∂θ. Returns the loss before it.
    ///
    /// # Shapes
    /// `y`: outputs × images.
    ///
    /// # Accuracy
    /// The gradient is that of [`Network::gradient`], new weights are rounded to `f32`; the squares of the loss are summed in `f64`.
    pub fn step(&mut self, x: &Batch, y: MatRef<'_, f32>, rate: f32, layers: Layers) -> f64 {
        let passes: Vec<_> = self.parts.iter().map(|(_, network)| network.forward(x)).collect();
        let mut residual = -y.to_owned();
        for ((factor, _), pass) in self.parts.iter().zip(&passes) {
            residual += Scale(*factor) * &pass.outputs;
        }
        for ((factor, network), pass) in self.parts.iter_mut().zip(&passes) {
            let gradient = network.gradient(pass, residual.as_ref(), layers);
            network.weights_mut().add(-rate * *factor, &gradient, layers);
        }
        residual.col_iter().flat_map(|column| column.iter()).map(|&r| f64::from(r).powi(2)).sum::<f64>() / 2.0
    }
}
