//! From the P×Q×P×Q array T to one number: vanilla, gap and lap(c), as sums over displacements.
//!
//! Every readout is a weighted sum of entries, and its weights separate into a factor of the rows and one of the
//! columns. For lap(c) the entry \[i, j, i', j'\] counts once for every window that holds both pixels: for every centre
//! (a, b) inside the image with |i − a|, |i' − a|, |j − b|, |j' − b| ≤ c. So vanilla needs the displacement (0, 0) alone,
//! lap(c) those with |di|, |dj| ≤ 2c, gap all of them.

use core::cell::Cell;

use crate::accumulate::Sum;
use crate::conv::Stencil;
use crate::network::{Conv, Kernel, Readout, Trained};
use crate::number::{Number, Scalar};
use crate::scale;

/// The largest |di| and |dj| that a readout of `net` needs.
#[inline(always)]
pub(crate) fn reach(net: &Conv) -> (isize, isize) {
    let reach = net.readouts().iter().map(|&readout| displacement(readout)).max().unwrap_or(0);
    let within = |size: usize| isize::try_from(reach.min(size.saturating_sub(1))).unwrap_or(0);
    (within(net.shape().height), within(net.shape().width))
}

/// The largest displacement that a readout needs.
fn displacement(readout: Readout) -> usize {
    match readout {
        Readout::Vanilla => 0,
        Readout::Gap => usize::MAX,
        Readout::Lap(c) => 2 * c,
    }
}

/// The windows of half width `c`, centred inside an image of `size`, that hold both `i` and `i + d`.
fn windows(i: usize, d: isize, c: usize, size: usize) -> usize {
    let other = i.saturating_add_signed(d);
    let first = i.max(other).saturating_sub(c);
    let last = size.saturating_sub(1).min(i.min(other).saturating_add(c));
    (last + 1).saturating_sub(first)
}

/// Adds the entries of one stencil to the sums of every kernel and readout at the depth number `depth`.
///
/// `spare` holds at least a row of the stencil; its content does not matter.
#[inline(always)]
pub(crate) fn add<N: Number, const LEN: usize>(
    net: &Conv,
    stencil: &Stencil,
    depth: usize,
    entries: &[[N; LEN]],
    spare: &mut [[N; LEN]],
    sums: &[Cell<N>],
) {
    let request = net.request();
    for (b, &readout) in net.readouts().iter().enumerate() {
        if stencil.di.unsigned_abs().max(stencil.dj.unsigned_abs()) > displacement(readout) {
            continue;
        }
        if let Readout::Lap(c) = readout {
            for (s, pair) in spare.iter_mut().enumerate().take(stencil.width) {
                pair[0] = count(windows(stencil.x_column + s, stencil.dj, c, net.shape().width));
            }
        }
        for (a, &kernel) in request.kernels().iter().enumerate() {
            let index = (a * net.readouts().len() + b) * request.depths().len() + depth;
            let Some(sum) = Sum::at(sums, index) else { return };
            for (r, row) in entries.chunks_exact(stencil.width).enumerate() {
                let Some(columns) = spare.get(..row.len()) else { return };
                let rows = match readout {
                    Readout::Lap(c) => Some(count(windows(stencil.x_row + r, stencil.di, c, net.shape().height))),
                    Readout::Vanilla | Readout::Gap => None,
                };
                match (kernel, request.trained()) {
                    (Kernel::Nngp, _) => add_row::<N, Covariance, LEN>(row, columns, rows, sum),
                    (Kernel::Ntk, Trained::All) => add_row::<N, Tangent, LEN>(row, columns, rows, sum),
                    (Kernel::Ntk, Trained::Hidden) => add_row::<N, HiddenTangent, LEN>(row, columns, rows, sum),
                }
            }
        }
    }
}

/// A number of windows as a weight.
#[inline(always)]
fn count<N: Number>(windows: usize) -> N {
    N::splat(N::Scalar::from_f64(windows as f64))
}

/// What a kernel reads of an entry \[K, Θ\]. Types rather than closures: a closure that returns a vector need not be
/// inlined, and one that is not is compiled without the vector's instructions.
trait Pick {
    fn pick<N: Number>(entry: [N; 2]) -> N;
}

/// NNGP: K.
struct Covariance;

impl Pick for Covariance {
    #[inline(always)]
    fn pick<N: Number>([k, _]: [N; 2]) -> N {
        k
    }
}

/// NTK with the output layer trained: Θ.
struct Tangent;

impl Pick for Tangent {
    #[inline(always)]
    fn pick<N: Number>([_, theta]: [N; 2]) -> N {
        theta
    }
}

/// NTK with the output layer frozen: K̇ ⊙ Θ, the last "+ K" left out again.
struct HiddenTangent;

impl Pick for HiddenTangent {
    #[inline(always)]
    fn pick<N: Number>([k, theta]: [N; 2]) -> N {
        theta.sub(k)
    }
}

/// Terms added plainly before the exact addition takes over: few enough to lose nothing that matters.
const BLOCK: usize = 16;

/// Adds a row of entries; with a weight for the row also weighted by that and by the weights of its columns.
#[inline(always)]
fn add_row<N: Number, P: Pick, const LEN: usize>(
    row: &[[N; LEN]],
    columns: &[[N; LEN]],
    weight: Option<N>,
    sum: Sum<'_, N>,
) {
    for (row, columns) in row.chunks(BLOCK).zip(columns.chunks(BLOCK)) {
        let mut block = N::zero();
        match weight {
            None => {
                for entry in row {
                    block = block.add(P::pick([entry[0].widened(), entry[1].widened()]));
                }
            }
            Some(weight) => {
                for (entry, column) in row.iter().zip(columns) {
                    block = block.add(P::pick([entry[0].widened(), entry[1].widened()]).mul(column[0]));
                }
                block = block.mul(weight);
            }
        }
        sum.add(block);
    }
}

/// What the constant factors of outputs in `N` are computed in.
type Constant<N> = <<N as Number>::Scalar as Scalar>::Constant;

/// Writes the sums, times the constant factor of their readout and depth, and the scales ρ² of the images x and y.
#[inline(always)]
pub(crate) fn finish<N: Number>(net: &Conv, sums: &[Cell<N>], x: N, y: N, out: &mut [N]) {
    let depths = net.request().depths();
    let square = |root: usize| {
        let root = Constant::<N>::from_f64(root as f64);
        root.mul(root)
    };
    let (count, root, growth) = (depths.len(), x.mul(y), net.growth::<N::Scalar>());
    for (d, depth) in depths.iter().enumerate() {
        let carried: Constant<N> = growth.factor(depth.saturating_sub(1));
        // The outputs in the order kernel, readout, depth.
        let readouts = net.request().kernels().iter().flat_map(|_| net.readouts());
        for (nth, &readout) in readouts.enumerate() {
            let index = nth * count + d;
            let (Some(sum), Some(out)) = (Sum::at(sums, index), out.get_mut(index)) else { return };
            let one = Constant::<N>::from_f64(1.0);
            let factor = match readout {
                Readout::Vanilla => one,
                Readout::Gap => one.div(square(net.pixels())),
                Readout::Lap(c) => {
                    let area = square(2 * c + 1);
                    one.div(area.mul(area))
                }
            };
            // A power of two and the rest, neither of them as small as the whole, which may be subnormal where the result is not.
            let (rest, power) = scale::halves(carried.mul(factor));
            let (rest, power) = (N::Scalar::from_constant(rest), N::Scalar::from_f64(power));
            *out = sum.value().mul(N::splat(power)).mul(N::splat(rest)).mul(root).mul(root);
        }
    }
}
