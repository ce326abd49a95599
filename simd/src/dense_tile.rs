//! One tile of a dense net's Gram matrix: a matrix product in register blocks, then the layers on its entries.

use crate::tile::{Images, Tile};
use crate::{Backend, Element, Job};
use std::ops::Range;
use ultrawide_core::{
    Dense, Error, FEATURE_BLOCK, Number, Scalar, Shape, add_exactly, average_flipped, block_products, dense_deviation,
    dense_layers, flip, identity_cap,
};

/// Rows and vectors of columns of a register block: 12 sums, and what feeds them, fit the 16 registers of AVX2.
const ROWS: usize = 6;
const GROUPS: usize = 2;

/// A tile of a dense net's Gram matrix.
pub struct DenseTile<'a, S> {
    /// The network.
    pub net: &'a Dense,
    /// The images; every number of one is a feature.
    pub shape: Shape,
    /// Whether to average with the mirrored rows.
    pub flip: bool,
    /// The images of the rows.
    pub x: &'a dyn Images<S>,
    /// The images of the columns.
    pub y: &'a dyn Images<S>,
    /// Where it lies.
    pub tile: &'a Tile,
    /// The outputs × rows × columns; above the diagonal of a symmetric matrix nothing of use is written.
    pub out: &'a mut [S],
}

impl<S: Element> DenseTile<'_, S> {
    /// Computes the tile on this backend's vectors.
    ///
    /// # Accuracy
    /// That of [`dense_pair`](ultrawide_core::dense_pair) on numbers that round as the backend's do; the bits of an entry depend on nothing that shares its vector or its
    /// tile.
    ///
    /// # Errors
    /// What the core refuses.
    ///
    /// # Panics
    /// As [`Backend::run`].
    pub fn compute(self, backend: Backend) -> Result<(), Error> {
        S::dense_tile(backend, self)
    }

    /// How many numbers it holds beside its result on vectors of `lanes`, for a tile of so many rows and columns: images of both, a vector of columns before
    /// it is packed, and the sums in two parts.
    pub fn numbers(shape: Shape, flip: bool, (rows, columns): (usize, usize), lanes: usize) -> f64 {
        let sides = if flip { 2.0 } else { 1.0 };
        let features = shape.len().unwrap_or(usize::MAX);
        let (height, width) = block::<S>(features, flip, (rows, columns), lanes);
        let (height, width) = (height as f64, width as f64);
        features as f64 * (height * sides + width + lanes as f64) + 2.0 * height * width
    }
}

/// The bytes of images that a thread holds on either side: a whole tile of 3×32×32 in `f32`, 256 images.
const BYTES: usize = 3_200_000;

/// How many images of a side of `count` are read at a time: a whole number of `unit`s, at least one of them.
fn at_a_time<S>(features: usize, count: usize, unit: usize) -> usize {
    let fitting = BYTES / features.saturating_mul(size_of::<S>()).max(1);
    (fitting / unit).clamp(1, count.div_ceil(unit).max(1)) * unit
}

/// How many rows and how many columns of a tile are read at a time; mirrored rows count as rows.
fn block<S>(features: usize, flip: bool, (rows, columns): (usize, usize), lanes: usize) -> (usize, usize) {
    let sides = if flip { 2 } else { 1 };
    (at_a_time::<S>(features * sides, rows, ROWS), at_a_time::<S>(features, columns, lanes * GROUPS))
}

impl<S: Scalar> Job<S> for DenseTile<'_, S> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<N: Number<Scalar = S>>(self) -> Result<(), Error> {
        let DenseTile { net, shape, flip: flipping, x, y, tile, out } = self;
        let features = shape.len().unwrap_or(0);
        let (height, width) = block::<S>(features, flipping, (tile.rows.len(), tile.columns.len()), N::LANES);
        let mut other = if flipping { out.to_vec() } else { vec![] };
        for first in tile.columns.clone().step_by(width) {
            let columns = Columns::<N>::new(y, first..tile.columns.end.min(first + width), features);
            for start in tile.rows.clone().step_by(height) {
                let range = start..tile.rows.end.min(start + height);
                if tile.diagonal && first >= range.end {
                    continue;
                }
                let rows = read(x, range, features);
                fill(net, tile, start, &rows, &columns, out)?;
                if flipping {
                    let mut mirrored = rows.clone();
                    flip(&rows, shape.width, &mut mirrored)?;
                    fill(net, tile, start, &mirrored, &columns, &mut other)?;
                }
            }
        }
        if flipping { average_flipped(out, &other) } else { Ok(()) }
    }
}

/// The kernels of the rows from `start` on and some columns of a tile, on and below the diagonal where the tile is on it.
#[inline(always)]
fn fill<N: Number>(
    net: &Dense,
    tile: &Tile,
    start: usize,
    rows: &[N::Scalar],
    columns: &Columns<N>,
    out: &mut [N::Scalar],
) -> Result<(), Error> {
    let features = columns.features;
    let covariances = Covariances::<N>::new(rows, &columns.images, features);
    let mut values = vec![N::zero(); net.outputs()];
    for (r, x) in rows.chunks_exact(features).enumerate() {
        let x_deviation = dense_deviation(x).map(N::splat);
        for (group, y) in columns.images.chunks_exact(features).enumerate() {
            let (row, first) = (start + r, columns.start + group * N::LANES);
            if tile.diagonal && first > row {
                continue;
            }
            let (covariance, y_deviation) = (covariances.get(r, group), columns.deviations[group]);
            dense_layers(net, covariance, (x, x_deviation), (y, y_deviation), identity_cap(x, y), &mut values)?;
            tile.put(out, row, first, &values);
        }
    }
    Ok(())
}

/// The images of a range, one after another.
fn read<S: Scalar>(images: &dyn Images<S>, range: Range<usize>, features: usize) -> Vec<S> {
    let mut all = vec![S::from_f64(0.0); range.len() * features];
    for (index, image) in range.zip(all.chunks_exact_mut(features)) {
        images.write(index, image);
    }
    all
}

/// Column images from `start` on.
struct Columns<N> {
    start: usize,
    features: usize,
    /// One image in each lane, a vector of images after another; the last image fills the lanes that are left.
    images: Vec<N>,
    /// Of each vector of images.
    deviations: Vec<[N; 3]>,
}

impl<N: Number> Columns<N> {
    #[inline(always)]
    fn new(images: &dyn Images<N::Scalar>, range: Range<usize>, features: usize) -> Self {
        let start = range.start;
        let groups = range.len().div_ceil(N::LANES);
        let (mut packed, mut deviations) = (Vec::with_capacity(groups * features), Vec::with_capacity(groups));
        for first in range.clone().step_by(N::LANES) {
            let some = read(images, first..range.end.min(first + N::LANES), features);
            let last = some.len() / features - 1;
            for at in 0..features {
                packed.push(N::from_lanes(|lane| some[lane.min(last) * features + at]));
            }
            deviations.push(dense_deviation(&packed[packed.len() - features..]));
        }
        Columns { start, features, images: packed, deviations }
    }
}

/// Σ⁰ = x·y of all rows and vectors of columns in hand.
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
