//! One tile of a convolutional net's Gram matrix: the lanes are different column images.

use super::run::Tile;
use crate::simd::Job;
use std::ops::Range;
use ultrawide_core::{
    Conv, Error, Number, Scalar, conv_pair, conv_scratch_len, flip, identity_cap, prepare, prepared_len,
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
        let mut columns = Vec::new();
        for start in tile.columns.clone().step_by(N::LANES) {
            columns.extend(Packed::<N>::new(net, tile.y, start..tile.columns.end, false)?.prepared);
        }
        let mut scratch = vec![N::zero(); conv_scratch_len(net)];
        let mut values = vec![N::zero(); net.outputs()];
        let mut flipped = values.clone();
        let half = N::splat(S::from_f64(0.5));
        for start in tile.rows.clone().step_by(N::LANES) {
            let rows = start..tile.rows.end;
            let x = Packed::<N>::new(net, tile.x, rows.clone(), false)?.transposed(len);
            let x_flipped =
                if flip { Packed::<N>::new(net, tile.x, rows.clone(), true)?.transposed(len) } else { vec![] };
            for (group, y) in columns.chunks_exact(len).enumerate() {
                for (lane, row) in rows.clone().take(N::LANES).enumerate() {
                    let first = tile.columns.start + group * N::LANES;
                    if tile.diagonal && first > row {
                        continue;
                    }
                    one_row(net, &x[lane * len..][..len], y, &mut scratch, &mut values)?;
                    if flip {
                        one_row(net, &x_flipped[lane * len..][..len], y, &mut scratch, &mut flipped)?;
                        for (value, &flipped) in values.iter_mut().zip(&flipped) {
                            *value = value.add(flipped).mul(half);
                        }
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

/// One image in each lane, prepared; where images run out, the last one fills the lanes that are left.
struct Packed<N> {
    prepared: Vec<N>,
}

impl<N: Number> Packed<N> {
    #[inline(always)]
    fn new(net: &Conv, images: &crate::data::Images, range: Range<usize>, mirror: bool) -> Result<Self, Error> {
        let pixels = net.pixels() * net.shape().channels;
        let zero = N::Scalar::from_f64(0.0);
        let mut raw = vec![zero; N::LANES * pixels];
        let mut plain = vec![zero; pixels];
        for (lane, image) in raw.chunks_exact_mut(pixels).enumerate() {
            images.write((range.start + lane).min(range.end - 1), &mut plain);
            if mirror {
                flip(&plain, net.shape().width, image)?;
            } else {
                image.copy_from_slice(&plain);
            }
        }
        let mut lanes = vec![N::zero(); pixels];
        for (at, lanes) in lanes.iter_mut().enumerate() {
            *lanes = N::from_lanes(|lane| raw[lane * pixels + at]);
        }
        let mut prepared = vec![N::zero(); prepared_len(net)];
        prepare(net, &lanes, &mut prepared)?;
        Ok(Packed { prepared })
    }

    /// The prepared images one after another, as the side of x needs them.
    #[inline(always)]
    fn transposed(&self, len: usize) -> Vec<N::Scalar> {
        // Sixteen numbers of an image are a cache line: the stores of a block go to one line for each image.
        const BLOCK: usize = 16;
        let zero = N::Scalar::from_f64(0.0);
        let mut images = vec![zero; N::LANES * len];
        let mut block = vec![zero; N::LANES * BLOCK];
        for (start, values) in (0..len).step_by(BLOCK).zip(self.prepared.chunks(BLOCK)) {
            for (value, lanes) in values.iter().zip(block.chunks_exact_mut(N::LANES)) {
                value.write(lanes);
            }
            for (lane, image) in images.chunks_exact_mut(len).enumerate() {
                for (at, to) in image[start..].iter_mut().take(values.len()).enumerate() {
                    *to = block[at * N::LANES + lane];
                }
            }
        }
        images
    }
}
