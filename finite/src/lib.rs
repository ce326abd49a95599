//! Random networks of finite width, to be held against the infinite one: outputs, gradients by back-propagation, training by gradient
//! descent, and the kernels that the gradients make.
//!
//! All weights are independent standard Gaussians. A net of depth d and width m is, for pixels p, filters of q×q and their positions δ
//! inside the image,
//!
//! ```text
//! z¹_k[p]   =        Σ_{c,δ} W¹_k[c,δ] x_c[p+δ]
//! a^h_k[p]  = (√2/q) max(z^h_k[p], 0)
//! z^h_k[p]  = m^(−½) Σ_{c,δ} W^h_k[c,δ] a^(h−1)_c[p+δ]      h = 2 … d−1
//! f         = m^(−½) Σ_{c,p} v_c[p] a^(d−1)_c[p]            vanilla
//! f         = m^(−½) Σ_c     v_c    mean_p a^(d−1)_c[p]     gap
//! ```
//!
//! with several f of the same last layer where there are several classes. [`Tricks`] are leaky ReLUs, √(2/(1 + b²))/q (max(z, 0) + b min(z, 0)), and residual
//! connections, z^h = (z^(h−1) + s m^(−½) W^h a^(h−1))/√(1 + s²). This is the NTK parameterisation: the factors stand beside the
//! weights, not in them, so that gradient descent moves all layers at the rate of the closed form, and as m → ∞ the covariance of f tends to
//! the NNGP and ⟨∂f(x)/∂θ, ∂f(x')/∂θ⟩ to the NTK of `ultrawide-core`, without further factors. A dense net is one of a single pixel with
//! 1×1 filters.
//!
//! Numbers are `f32`; products run on the threads of the rayon pool that calls, in fixed tiles, so that the bits do not depend on how many
//! there are.
//!
//! ```
//! use ultrawide_core::Shape;
//! use ultrawide_finite::{Architecture, Batch, Head, Layers, Network, Tricks};
//!
//! let shape = Shape { channels: 2, height: 1, width: 1 };
//! let (head, tricks) = (Head::Vanilla, Tricks::default());
//! let net = Architecture { shape, filter: 1, depth: 3, width: 64, outputs: 1, head, tricks };
//! let images: [&[f32]; 2] = [&[1.0, 0.0], &[0.6, 0.8]];
//! let batch = Batch::new(shape, images.into_iter())?;
//! let network = Network::new(net, 7)?;
//! let kernel = network.kernel(&batch, &batch, Layers::All);
//! assert!(kernel[(0, 0)] > 0.0 && kernel[(0, 1)] == kernel[(1, 0)]);
//! # Ok::<(), ultrawide_finite::Error>(())
//! ```
//!
//! Source: Jacot, Gabriel and Hongler 2018, arXiv 1806.07572; Arora et al. 2019, arXiv 1904.11955v2, §§3 and 4.
#![forbid(unsafe_code)]

mod architecture;
mod batch;
mod kernel;
mod model;
mod network;
mod product;

#[cfg(test)]
#[allow(dead_code, reason = "a file of the core's tests, of which a part is used")]
#[path = "../../core/tests/common/precision.rs"]
mod precision;

pub use architecture::{Architecture, Error, Head, Layers, Tricks};
pub use batch::Batch;
pub use faer::Mat;
pub use model::Model;
pub use network::{Network, Pass, Weights};
