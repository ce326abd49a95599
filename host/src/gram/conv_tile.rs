//! One tile of a convolutional net's Gram matrix: the lanes are different column images.

use super::run::Tile;
use crate::data::Images;
use crate::simd::Job;
use std::ops::Range;
use ultrawide_core::{
    Conv, Error, Number, Scalar, average_flipped, conv_pair, conv_scratch_len, flip, identity_cap, prepare,
    prepared_len,
};

/// Computes the tile into `out` (outputs × rows × columns).
pub(super) struct ConvTile<'a, S> {
    pub(super) net: &'a Conv,
    pub(super) flip: bool,
    pub(super) tile: &'a Tile<'a>,
    pub(super) out: &'a mut [S],
}

impl<S: Scalar> Job<S> for ConvTile<'_, S> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run<N: Number<Scalar = S>>(self) -> Result<(), Error> {
        let ConvTile { net, flip, tile, out } = self;
        let len = prepared_len(net);
        let groups = tile.columns.len().div_ceil(N::LANES);
        let mut packer = Packer::<N>::new(net);
        let mut columns = vec![N::zero(); groups * len];
        for (start, group) in tile.columns.clone().step_by(N::LANES).zip(columns.chunks_exact_mut(len)) {
            packer.pack(tile.y, start..tile.columns.end, false, group)?;
        }
        let mut prepared = vec![N::zero(); len];
        let mut x = vec![S::from_f64(0.0); N::LANES * len];
        let mut x_flipped = if flip { x.clone() } else { vec![] };
        let mut scratch = vec![N::zero(); conv_scratch_len(net)];
        let mut values = vec![N::zero(); net.outputs()];
        let mut flipped = values.clone();
        for start in tile.rows.clone().step_by(N::LANES) {
            let rows = start..tile.rows.end;
            packer.pack(tile.x, rows.clone(), false, &mut prepared)?;
            transpose(&prepared, &mut x);
            if flip {
                packer.pack(tile.x, rows.clone(), true, &mut prepared)?;
                transpose(&prepared, &mut x_flipped);
            }
            for (group, y) in columns.chunks_exact(len).enumerate() {
                for (lane, row) in rows.clone().take(N::LANES).enumerate() {
                    let first = tile.columns.start + group * N::LANES;
                    if tile.diagonal && first > row {
                        continue;
                    }
                    one_row(net, &x[lane * len..][..len], y, &mut scratch, &mut values)?;
                    if flip {
                        one_row(net, &x_flipped[lane * len..][..len], y, &mut scratch, &mut flipped)?;
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
    fn pack(&mut self, images: &Images, range: Range<usize>, mirror: bool, out: &mut [N]) -> Result<(), Error> {
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
