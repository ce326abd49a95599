//! One tile of a dense net's Gram matrix: a matrix product in register blocks, then the layers on its entries.

use super::run::Tile;
use crate::simd::Job;
use ultrawide_core::{
    Dense, Error, FEATURE_BLOCK, Number, Scalar, add_exactly, average_flipped, block_products, dense_deviation,
    dense_layers, flip, identity_cap,
};

/// Rows and vectors of columns of a register block: 12 sums, and what feeds them, fit the 16 registers of AVX2.
const ROWS: usize = 6;
const GROUPS: usize = 2;

/// Computes the tile into `out` (outputs × rows × columns).
pub(super) struct DenseTile<'a, S> {
    pub(super) net: &'a Dense,
    pub(super) flip: bool,
    pub(super) tile: &'a Tile<'a>,
    pub(super) out: &'a mut [S],
}

impl<S: Scalar> Job<S> for DenseTile<'_, S> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<N: Number<Scalar = S>>(self) -> Result<(), Error> {
        let DenseTile { net, flip: flipping, tile, out } = self;
        let shape = tile.x.shape();
        let features = shape.len().unwrap_or(0);
        let rows = read::<S>(tile.x, tile.rows.clone(), features);
        let columns = pack::<N>(&read::<S>(tile.y, tile.columns.clone(), features), features);
        fill(net, tile, &rows, &columns, out)?;
        if flipping {
            let mut mirrored = rows.clone();
            flip(&rows, shape.width, &mut mirrored)?;
            let mut other = out.to_vec();
            fill(net, tile, &mirrored, &columns, &mut other)?;
            average_flipped(out, &other)?;
        }
        Ok(())
    }
}

/// The kernels of all rows and columns of a tile, on and below the diagonal where the tile is on it.
#[inline(always)]
fn fill<N: Number>(
    net: &Dense,
    tile: &Tile<'_>,
    rows: &[N::Scalar],
    columns: &[N],
    out: &mut [N::Scalar],
) -> Result<(), Error> {
    let features = tile.x.shape().len().unwrap_or(0);
    let covariances = Covariances::<N>::new(rows, columns, features);
    let mut y_deviations = Vec::new();
    for y in columns.chunks_exact(features) {
        y_deviations.push(dense_deviation(y));
    }
    let mut values = vec![N::zero(); net.outputs()];
    for (r, x) in rows.chunks_exact(features).enumerate() {
        let [deviation, inverse] = dense_deviation(x);
        let x_deviation = [N::splat(deviation), N::splat(inverse)];
        for (group, y) in columns.chunks_exact(features).enumerate() {
            let (row, first) = (tile.rows.start + r, tile.columns.start + group * N::LANES);
            if tile.diagonal && first > row {
                continue;
            }
            let covariance = covariances.get(r, group);
            dense_layers(net, covariance, x_deviation, y_deviations[group], identity_cap(x, y), &mut values)?;
            tile.put(out, row, first, &values);
        }
    }
    Ok(())
}

/// The images of a range, one after another.
fn read<S: Scalar>(images: &crate::data::Images, range: std::ops::Range<usize>, features: usize) -> Vec<S> {
    let mut all = vec![S::from_f64(0.0); range.len() * features];
    for (index, image) in range.zip(all.chunks_exact_mut(features)) {
        images.write(index, image);
    }
    all
}

/// One image in each lane, a vector of images after another; the last image fills the lanes that are left.
#[inline(always)]
fn pack<N: Number>(images: &[N::Scalar], features: usize) -> Vec<N> {
    let count = images.len() / features;
    let mut packed = Vec::with_capacity(count.div_ceil(N::LANES) * features);
    for first in (0..count).step_by(N::LANES) {
        for at in 0..features {
            packed.push(N::from_lanes(|lane| images[(first + lane).min(count - 1) * features + at]));
        }
    }
    packed
}

/// Σ⁰ = x·y of all rows and vectors of columns of a tile.
struct Covariances<N> {
    sums: Vec<[N; 2]>,
    groups: usize,
}

impl<N: Number> Covariances<N> {
    #[inline(always)]
    fn new(rows: &[N::Scalar], columns: &[N], features: usize) -> Self {
        let (count, groups) = (rows.len() / features, columns.len() / features);
        let mut sums = vec![[N::zero(); 2]; count * groups];
        for start in (0..features).step_by(FEATURE_BLOCK) {
            let part = start..features.min(start + FEATURE_BLOCK);
            // A block of columns stays in the nearest cache while all rows pass over it.
            for group in (0..groups).step_by(GROUPS) {
                let y: [&[N]; GROUPS] =
                    std::array::from_fn(|g| &columns[(group + g).min(groups - 1) * features..][part.clone()]);
                for row in (0..count).step_by(ROWS) {
                    let x: [&[N::Scalar]; ROWS] =
                        std::array::from_fn(|r| &rows[(row + r).min(count - 1) * features..][part.clone()]);
                    let products = block_products(x, y);
                    for (r, products) in products.iter().enumerate().take(count - row) {
                        for (g, &product) in products.iter().enumerate().take(groups - group) {
                            let sum = &mut sums[(row + r) * groups + group + g];
                            *sum = add_exactly(*sum, product);
                        }
                    }
                }
            }
        }
        Covariances { sums, groups }
    }

    #[inline(always)]
    fn get(&self, row: usize, group: usize) -> N {
        let [high, low] = self.sums[row * self.groups + group];
        high.add(low)
    }
}
