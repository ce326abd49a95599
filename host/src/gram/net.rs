//! The network of a Gram matrix, its outputs by name, and how large its tiles are.

use std::fmt;
use ultrawide_core::{Conv, Dense, Kernel, Readout, Request, Shape, Trained};

/// A network with the outputs that one pass computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Net {
    /// Fully connected; every number of an image is a feature.
    Dense {
        /// The images it takes.
        shape: Shape,
        /// The core's description.
        net: Dense,
    },
    /// Convolutional.
    Conv(Conv),
}

/// One of the kernels that a pass computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Output {
    /// NNGP or NTK.
    pub kernel: Kernel,
    /// The readout of a convolutional net.
    pub readout: Option<Readout>,
    /// Layers with weights.
    pub depth: usize,
}

impl Output {
    /// The network as the command names it, `fc`, `cntk-v`, `cntk-gap` or `cntk-lap`, with the half width of `cntk-lap`.
    pub fn net_name(&self) -> String {
        match self.readout {
            None => "fc".into(),
            Some(Readout::Vanilla) => "cntk-v".into(),
            Some(Readout::Gap) => "cntk-gap".into(),
            Some(Readout::Lap(c)) => format!("cntk-lap({c})"),
        }
    }

    /// `ntk` or `nngp`.
    pub fn kernel_name(&self) -> &'static str {
        match self.kernel {
            Kernel::Ntk => "ntk",
            Kernel::Nngp => "nngp",
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} depth {}", self.net_name(), self.kernel_name(), self.depth)
    }
}

impl Net {
    /// The images that the network takes.
    pub fn shape(&self) -> Shape {
        match self {
            Net::Dense { shape, .. } => *shape,
            Net::Conv(net) => net.shape(),
        }
    }

    /// The kernels and depths asked for.
    pub fn request(&self) -> &Request {
        match self {
            Net::Dense { net, .. } => net.request(),
            Net::Conv(net) => net.request(),
        }
    }

    /// The slope of its leaky ReLUs, 0 for ReLUs.
    pub fn slope(&self) -> f64 {
        match self {
            Net::Dense { net, .. } => net.slope(),
            Net::Conv(net) => net.slope(),
        }
    }

    /// The strength of its residual connections, where there are any.
    pub fn residual(&self) -> Option<f64> {
        match self {
            Net::Dense { net, .. } => net.residual(),
            Net::Conv(_) => None,
        }
    }

    /// The outputs, in the order in which the core writes them: kernel, readout, depth.
    pub fn outputs(&self) -> Vec<Output> {
        let readouts: Vec<Option<Readout>> = match self {
            Net::Dense { .. } => vec![None],
            Net::Conv(net) => net.readouts().iter().copied().map(Some).collect(),
        };
        let mut outputs = Vec::new();
        for &kernel in self.request().kernels() {
            for &readout in &readouts {
                outputs.extend(self.request().depths().iter().map(|&depth| Output { kernel, readout, depth }));
            }
        }
        outputs
    }

    /// `all` or `hidden`.
    pub fn trained_name(&self) -> &'static str {
        match self.request().trained() {
            Trained::All => "all",
            Trained::Hidden => "hidden",
        }
    }

    /// The entries of the P×Q×P×Q arrays that one pair of images runs through its layers; for a dense net 1.
    pub fn entries(&self) -> f64 {
        let Net::Conv(net) = self else { return 1.0 };
        let reach = |readout: &Readout| match *readout {
            Readout::Vanilla => 0,
            Readout::Gap => usize::MAX,
            Readout::Lap(c) => 2 * c,
        };
        let reach = net.readouts().iter().map(reach).max().unwrap_or(0);
        // Σ over |d| ≤ reach of the size − |d| entries.
        let along = |size: usize| {
            let reach = reach.min(size - 1) as f64;
            let size = size as f64;
            size + 2.0 * reach * size - reach * (reach + 1.0)
        };
        along(net.shape().height) * along(net.shape().width)
    }

    /// The images along the side of a tile: a power of two from 16 to 256, so that a tile takes seconds at the most and its
    /// images, prepared, 32 MB (a thread holds a part of them at a time, see [`Gram::thread_bytes`](super::Gram::thread_bytes)).
    /// It depends on the network alone: the same job has the same tiles anywhere.
    pub fn tile(&self) -> usize {
        self.tile_of(4e9)
    }

    /// The same where a tile may take up to a minute of one core, for matrices that would be millions of tiles.
    pub fn largest_tile(&self) -> usize {
        self.tile_of(1e11)
    }

    /// The largest tile of no more than so many entries × layers, of which a core computes some 2·10⁹ in a second.
    fn tile_of(&self, entry_layers: f64) -> usize {
        const BYTES: f64 = 32e6;
        let layers = self.request().layers() as f64;
        let numbers = match self {
            Net::Dense { shape, .. } => shape.len().unwrap_or(usize::MAX) as f64,
            Net::Conv(net) => ultrawide_core::prepared_len(net) as f64,
        };
        let by_time = (entry_layers / (self.entries() * layers)).sqrt();
        let by_memory = BYTES / (4.0 * numbers);
        let mut tile = 16;
        while tile < 256 && (2 * tile) as f64 <= by_time.min(by_memory) {
            tile *= 2;
        }
        tile
    }
}
