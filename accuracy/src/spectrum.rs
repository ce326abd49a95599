//! The eigenvalues of Gram matrices of real images: are they positive semidefinite, and what does rounding to `f32` leave of that?
//!
//! A kernel matrix K has no negative eigenvalue. If the computed one is K + E, Weyl's inequality moves each eigenvalue by at most
//! ‖E‖₂, and an entry-wise relative error of c·ε is ‖E‖₂ ≤ c·ε·‖|K|‖₂, which is c·ε·λ_max where all entries are positive. So ε·λ_max
//! is the level of rounding: an eigenvalue far above it is known, one below it is lost in it, and the regression needs a ridge
//! of that size.

use crate::common::precision::{GRAM_F32, GRAM_F64};
use crate::common::single::{BOTH, conv_net, request};
use crate::growth::{EPSILONS, Net, Of, READOUTS};
use anyhow::Context;
use faer::{Mat, Side};
use ultrawide::data::Images;
use ultrawide::gram::{self, Gram};
use ultrawide::job::{Float, Machine, Silent, compute};
use ultrawide_core::{Dense, Readout, Trained};

/// One Gram matrix: one network and kernel at one depth.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields' names say it")]
pub struct Row {
    pub net: Net,
    pub of: Of,
    pub depth: usize,
    /// The number of images.
    pub images: usize,
    /// λ_min and λ_max of the matrix computed in `f64`.
    pub f64: [f64; 2],
    /// The same of the matrix computed in `f32`; their eigenvalues are found in `f64` too.
    pub f32: [f64; 2],
    /// ‖K_f32 − K_f64‖₂.
    pub distance: f64,
    /// The largest error of an entry in `f32`, relative to the larger of it and the NNGP's; that of `f64` is nothing beside it.
    pub entry: f64,
}

impl Row {
    /// λ_min over λ_max, in `f32` and in `f64`.
    pub fn least(&self) -> [f64; 2] {
        [self.f32, self.f64].map(|[least, largest]| least / largest)
    }

    /// Whether both matrices are positive semidefinite but for rounding, that of `f64` up to [`GRAM_F64`], that of `f32` up to half a unit in
    /// the last place of its largest eigenvalue, and no further apart than [`GRAM_F32`].
    pub fn semidefinite(&self) -> bool {
        self.f64[0] >= -GRAM_F64 * self.f64[1]
            && self.f32[0] >= -EPSILONS[0] * self.f32[1]
            && self.distance <= GRAM_F32 * self.f64[1]
    }
}

/// The eigenvalues of all kernels of `images` at all `depths` (in which 2 is left out where it trains nothing), for networks with
/// these readouts in one pass, or dense ones where there are none.
pub fn measure(
    images: &Images,
    readouts: &[Net],
    trained: Trained,
    depths: &[usize],
    machine: &Machine,
) -> anyhow::Result<Vec<Row>> {
    let depths: Vec<usize> = depths.iter().copied().filter(|&d| d > 2 || trained == Trained::All).collect();
    let shape = images.shape();
    let wanted: Vec<(Net, Readout)> = READOUTS.into_iter().filter(|(net, _)| readouts.contains(net)).collect();
    let request = request(&BOTH, &depths, trained);
    let net = if wanted.is_empty() {
        gram::Net::Dense { shape, net: Dense::new(request) }
    } else {
        let readouts: Vec<Readout> = wanted.iter().map(|&(_, readout)| readout).collect();
        gram::Net::Conv(conv_net(shape, 3, &readouts, request))
    };
    let gram = Gram { net: &net, flip: false, x: images, y: None, tile: net.tile() };
    let (f64, f32) = (matrices::<f64>(&gram, machine)?, matrices::<f32>(&gram, machine)?);
    let named = |readout: Option<Readout>| {
        wanted.iter().find(|(_, wanted)| Some(*wanted) == readout).map_or(Net::Dense, |&(net, _)| net)
    };
    // The outputs of the NNGP come first, each as many before that of the NTK.
    let outputs = net.outputs();
    (outputs.iter().enumerate().zip(&f32))
        .map(|((index, output), f32)| {
            let (net, of) = (named(output.readout), Of::new(output.kernel, trained));
            row((net, of, output.depth), f32, &f64[index], &f64[index % (outputs.len() / 2)])
        })
        .collect()
}

/// The figures of one kernel: of its matrices in `f32` and `f64`, with that of the NNGP of the same network.
pub fn row((net, of, depth): (Net, Of, usize), f32: &Mat<f64>, f64: &Mat<f64>, nngp: &Mat<f64>) -> anyhow::Result<Row> {
    let [low, high] = extremes(&(f32 - f64))?;
    let n = f64.nrows();
    let entries = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
    let error = |at: (usize, usize)| {
        let error = (f32[at] - f64[at]).abs() / f64[at].abs().max(nngp[at].abs());
        // What is no number is infinitely wrong.
        if error.is_nan() { f64::INFINITY } else { error }
    };
    Ok(Row {
        net,
        of,
        depth,
        images: n,
        f64: extremes(f64)?,
        f32: extremes(f32)?,
        distance: high.max(-low),
        entry: entries.map(error).fold(0.0, f64::max),
    })
}

/// All outputs of a Gram matrix; both triangles.
fn matrices<S: Float>(gram: &Gram<'_>, machine: &Machine) -> anyhow::Result<Vec<Mat<f64>>> {
    gram.check::<S>()?;
    let tiles = compute::<S>(gram, "spectrum", None, machine, &Silent)?;
    let (n, side) = (gram.x.len(), gram.tile);
    let mut values = Vec::new();
    (0..gram.net.outputs().len())
        .map(|output| {
            let mut matrix = Mat::zeros(n, n);
            for (i, j) in tiles.plan().tiles(side) {
                tiles.read(output, i, j, &mut values)?;
                let columns = side.min(n - j * side);
                for (row, line) in (i * side..).zip(values.chunks_exact(columns)) {
                    for (column, &value) in (j * side..).zip(line) {
                        matrix[(row, column)] = value.into();
                        matrix[(column, row)] = value.into();
                    }
                }
            }
            Ok(matrix)
        })
        .collect()
}

/// The least and the largest eigenvalue.
fn extremes(matrix: &Mat<f64>) -> anyhow::Result<[f64; 2]> {
    let eigenvalues = matrix.self_adjoint_eigenvalues(Side::Lower).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let (least, largest) = eigenvalues.first().zip(eigenvalues.last()).context("no images")?;
    Ok([*least, *largest])
}
