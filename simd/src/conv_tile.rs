//! One tile of a convolutional net's Gram matrix: the lanes are different column images.

use crate::tile::{Images, Tile};
use crate::{Backend, Element, Job};
use std::ops::Range;
use ultrawide_core::{
    Conv, Error, Number, Scalar, average_flipped, conv_pair, conv_scratch_len, flip, identity_cap, prepare,
    prepared_len,
};

/// A tile of a convolutional net's Gram matrix.
pub struct ConvTile<'a, S> {
    /// The network.
    pub net: &'a Conv,
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

impl<S: Element> ConvTile<'_, S> {
    /// Computes the tile on this backend's vectors.
    ///
    /// # Accuracy
    /// That of [`conv_pair`] on numbers that round as the backend's do; the bits of an entry depend on nothing that shares its vector or its tile.
    ///
    /// # Errors
    /// What the core refuses.
    ///
    /// # Panics
    /// As [`Backend::run`].
    pub fn compute(self, backend: Backend) -> Result<(), Error> {
        S::conv_tile(backend, self)
    }

    /// How many numbers it holds beside its result on vectors of `lanes`, for a tile of so many rows: the rows, the vector of columns, two copies of its
    /// pixels before they are prepared, and the scratch of a pair.
    pub fn numbers(net: &Conv, flip: bool, rows: usize, lanes: usize) -> f64 {
        let sides = if flip { 2.0 } else { 1.0 };
        let held = rows_at_a_time::<S>(net, flip, rows, lanes) as f64 * sides;
        let pixels = 2.0 * lanes as f64 * net.shape().len().unwrap_or(usize::MAX) as f64;
        prepared_len(net) as f64 * (held + lanes as f64) + pixels + (lanes * conv_scratch_len(net)) as f64
    }
}

/// The bytes of prepared images that a thread holds: 2.8 MB for a vector of them, at 3×32×32, depth 21, with AVX-512.
const BYTES: usize = 9_000_000;

/// How many row images are prepared at a time: as many vectors as fit beside one of columns, but at least one.
///
/// Each time the columns are prepared anew. Even for vanilla, where a pair costs least, that was 5 % faster than to prepare
/// all columns of a tile once (3×32×32, depth 21, two vectors of rows): those fell out of the cache.
fn rows_at_a_time<S>(net: &Conv, flip: bool, rows: usize, lanes: usize) -> usize {
    let vector = prepared_len(net).saturating_mul(lanes * size_of::<S>()).max(1);
    let fitting = (BYTES / vector).saturating_sub(1) / if flip { 2 } else { 1 };
    fitting.clamp(1, rows.div_ceil(lanes).max(1)) * lanes
}

impl<S: Scalar> Job<S> for ConvTile<'_, S> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<N: Number<Scalar = S>>(self) -> Result<(), Error> {
        let ConvTile { net, flip, x: x_images, y: y_images, tile, out } = self;
        let len = prepared_len(net);
        let count = rows_at_a_time::<S>(net, flip, tile.rows.len(), N::LANES);
        let mut packer = Packer::<N>::new(net);
        let mut x = vec![S::from_f64(0.0); count * len];
        let mut x_flipped = if flip { x.clone() } else { vec![] };
        let mut y = vec![N::zero(); len];
        let mut scratch = vec![N::zero(); conv_scratch_len(net)];
        let mut values = vec![N::zero(); net.outputs()];
        let mut flipped = values.clone();
        for start in tile.rows.clone().step_by(count) {
            let rows = start..tile.rows.end.min(start + count);
            for (mirror, x) in [(false, &mut x), (true, &mut x_flipped)] {
                for (first, x) in rows.clone().step_by(N::LANES).zip(x.chunks_exact_mut(N::LANES * len)) {
                    packer.pack(x_images, first..rows.end, mirror, &mut y)?;
                    transpose(&y, x);
                }
            }
            for first in tile.columns.clone().step_by(N::LANES) {
                if tile.diagonal && first >= rows.end {
                    break;
                }
                packer.pack(y_images, first..tile.columns.end, false, &mut y)?;
                for (index, row) in rows.clone().enumerate() {
                    if tile.diagonal && first > row {
                        continue;
                    }
                    // One call for both, as all loops over pixels are compiled into it: half the code.
                    let both = [(&x, &mut values), (&x_flipped, &mut flipped)];
                    for (x, values) in both.into_iter().take(1 + usize::from(flip)) {
                        one_row(net, &x[index * len..][..len], &y, &mut scratch, values)?;
                    }
                    if flip {
                        average_flipped(&mut values, &flipped)?;
                    }
                    tile.put(out, row, first, &values);
                }
            }
        }
        Ok(())
    }
}

/// The kernels of one image and a vector of partners, the exact rule for equal images included.
#[inline(always)]
fn one_row<N: Number>(net: &Conv, x: &[N::Scalar], y: &[N], scratch: &mut [N], values: &mut [N]) -> Result<(), Error> {
    let pixels = net.pixels() * net.shape().channels;
    let cap = identity_cap(&x[..pixels], &y[..pixels]);
    conv_pair(net, x, y, cap, scratch, values)
}

/// Brings images into lanes and prepares them; its buffers serve for one batch after another.
struct Packer<'a, N: Number> {
    net: &'a Conv,
    /// The images of a batch, one after another.
    raw: Vec<N::Scalar>,
    /// An image before it is mirrored.
    plain: Vec<N::Scalar>,
    lanes: Vec<N>,
}

impl<'a, N: Number> Packer<'a, N> {
    fn new(net: &'a Conv) -> Self {
        let pixels = net.pixels() * net.shape().channels;
        let zero = N::Scalar::from_f64(0.0);
        Packer { net, raw: vec![zero; N::LANES * pixels], plain: vec![zero; pixels], lanes: vec![N::zero(); pixels] }
    }

    /// Prepares one image of `range` in each lane of `out`; where images run out, the last one fills the lanes left.
    #[inline(always)]
    fn pack(
        &mut self,
        images: &dyn Images<N::Scalar>,
        range: Range<usize>,
        mirror: bool,
        out: &mut [N],
    ) -> Result<(), Error> {
        let pixels = self.plain.len();
        for (lane, image) in self.raw.chunks_exact_mut(pixels).enumerate() {
            let index = (range.start + lane).min(range.end - 1);
            if mirror {
                images.write(index, &mut self.plain);
                flip(&self.plain, self.net.shape().width, image)?;
            } else {
                images.write(index, image);
            }
        }
        for (at, lanes) in self.lanes.iter_mut().enumerate() {
            *lanes = N::from_lanes(|lane| self.raw[lane * pixels + at]);
        }
        prepare(self.net, &self.lanes, out)
    }
}

/// From one image in each lane to one image after another, as the side of x needs them.
#[inline(always)]
fn transpose<N: Number>(prepared: &[N], images: &mut [N::Scalar]) {
    // Sixteen numbers of an image are a cache line: the stores of a block go to one line for each image.
    const BLOCK: usize = 16;
    const { assert!(N::LANES <= BLOCK) };
    let mut block = [[N::Scalar::from_f64(0.0); BLOCK]; BLOCK];
    for (start, values) in (0..).step_by(BLOCK).zip(prepared.chunks(BLOCK)) {
        for (value, lanes) in values.iter().zip(&mut block) {
            value.write(lanes);
        }
        for (lane, image) in images.chunks_exact_mut(prepared.len()).enumerate() {
            for (to, lanes) in image[start..].iter_mut().zip(&block) {
                *to = lanes[lane];
            }
        }
    }
}
