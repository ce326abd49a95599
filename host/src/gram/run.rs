//! The parallel run over the tiles of a Gram matrix.

use super::error::GramError;
use super::net::Net;
use crate::data::Images;
use crate::simd::{Backend, ConvTile, DenseTile, Element, Tile};
use crate::store::ArrayPlan;
use rayon::prelude::*;
use std::fmt;
use ultrawide_core::Scalar;

/// A Gram matrix to compute: k(x, y) of all images x (rows) and y (columns); without `y` the symmetric one of x.
#[derive(Clone, Copy)]
pub struct Gram<'a> {
    /// The network and its outputs.
    pub net: &'a Net,
    /// Whether to average with the mirrored rows: ½\[K(x, y) + K(flip x, y)\].
    pub flip: bool,
    /// The images of the rows.
    pub x: &'a Images,
    /// The images of the columns.
    pub y: Option<&'a Images>,
    /// The images along the side of a tile.
    pub tile: usize,
}

/// Where finished tiles are read from.
pub trait TileSource<S>: Sync {
    /// The matrix and its outputs.
    fn plan(&self) -> &ArrayPlan;

    /// The images along the side of a tile.
    fn tile(&self) -> usize;

    /// Reads one output of a tile, rows × columns, into `out`.
    ///
    /// # Errors
    /// A tile that is missing or cannot be read.
    fn read(&self, output: usize, i: usize, j: usize, out: &mut Vec<S>) -> Result<(), GramError>;
}

impl Gram<'_> {
    /// The matrix as a store knows it.
    pub fn plan(&self, name: &str) -> ArrayPlan {
        ArrayPlan {
            name: name.to_owned(),
            rows: self.x.len(),
            cols: self.columns().len(),
            symmetric: self.y.is_none(),
            outputs: self.net.outputs().iter().map(ToString::to_string).collect(),
        }
    }

    /// Checks that the network takes these images, and that none of their numbers leaves the range of `S`; warns of images
    /// whose faintest numbers do so beside their largest.
    ///
    /// # Errors
    /// [`GramError::Shape`], [`GramError::Empty`] or [`GramError::PixelRange`].
    pub fn check<S: Scalar>(&self) -> Result<(), GramError> {
        for (what, images) in [("the row images", Some(self.x)), ("the column images", self.y)] {
            let Some(images) = images else { continue };
            if images.shape() != self.net.shape() {
                return Err(GramError::Shape { what, have: images.shape(), need: self.net.shape() });
            }
            if images.is_empty() {
                return Err(GramError::Empty(what));
            }
            let mut faint = None;
            let mut pixels = vec![S::from_f64(0.0); images.shape().len().unwrap_or(0)];
            for image in 0..images.len() {
                images.write(image, &mut pixels);
                if let Some(index) = pixels.iter().position(|pixel| !pixel.is_finite()) {
                    return Err(GramError::PixelRange { image, index, value: pixels[index].to_f64() });
                }
                faint = faint.or_else(|| Faint::find(image, &pixels));
            }
            if let (Some(faint), Net::Conv(_)) = (faint, self.net) {
                tracing::warn!("{what}: {faint}");
            }
        }
        Ok(())
    }

    /// The pairs of images of a tile: what its computation costs.
    pub fn pairs(&self, (i, j): (usize, usize)) -> u64 {
        let tile = self.at(i, j);
        let (rows, columns) = (tile.rows.len() as u64, tile.columns.len() as u64);
        if tile.diagonal { rows * (rows + 1) / 2 } else { rows * columns }
    }

    /// The images of the columns.
    fn columns(&self) -> &Images {
        self.y.unwrap_or(self.x)
    }

    fn at(&self, i: usize, j: usize) -> Tile {
        let range = |start: usize, len: usize| (start * self.tile).min(len)..((start + 1) * self.tile).min(len);
        Tile {
            rows: range(i, self.x.len()),
            columns: range(j, self.columns().len()),
            diagonal: self.y.is_none() && i == j,
        }
    }

    /// Computes one tile: outputs × rows × columns.
    ///
    /// # Accuracy
    /// That of [`conv_pair`](ultrawide_core::conv_pair) and [`dense_pair`](ultrawide_core::dense_pair): of generic images, up to depth 21, within
    /// 2e-6 relative in `f32` and 1e-12 in `f64`, with mirrored rows too; the same bits by every backend with fused multiply-add, and of equal images
    /// wherever they stand (`host/tests/gram.rs`).
    ///
    /// # Errors
    /// [`GramError::NotFinite`] and [`GramError::Underflow`] where the values leave the range of `S`, and
    /// [`GramError::Memory`].
    pub fn tile<S: Element>(&self, i: usize, j: usize, backend: Backend) -> Result<Vec<S>, GramError> {
        let tile = self.at(i, j);
        let size = tile.rows.len() * tile.columns.len();
        let len = self.net.outputs().len() * size;
        let mut out = Vec::new();
        out.try_reserve_exact(len).map_err(|_| GramError::Memory { bytes: len.saturating_mul(size_of::<S>()) })?;
        out.resize(len, S::from_f64(0.0));
        let (x, y, flip) = (self.x, self.columns(), self.flip);
        match *self.net {
            Net::Conv(ref net) => ConvTile { net, flip, x, y, tile: &tile, out: &mut out }.compute(backend)?,
            Net::Dense { shape, ref net } => {
                DenseTile { net, shape, flip, x, y, tile: &tile, out: &mut out }.compute(backend)?;
            }
        }
        if tile.diagonal {
            for matrix in out.chunks_exact_mut(size) {
                mirror(matrix, tile.rows.len());
            }
        }
        if let Some(at) = out.iter().position(|value| !value.is_finite()) {
            return Err(GramError::NotFinite {
                row: tile.rows.start + at % size / tile.columns.len(),
                rows: self.x.len(),
                column: tile.columns.start + at % tile.columns.len(),
                columns: y.len(),
                value: out[at].to_f64(),
            });
        }
        self.check_underflow(&tile, &out, backend)?;
        Ok(out)
    }

    /// Exactly, an image that is not black has a positive kernel with itself. Between different images 0 is a possible
    /// value, so where a whole output of a tile is 0, an image of each side is tried with itself.
    fn check_underflow<S: Element>(&self, tile: &Tile, out: &[S], backend: Backend) -> Result<(), GramError> {
        let columns = tile.columns.len();
        for (index, matrix) in out.chunks_exact(tile.rows.len() * columns).enumerate() {
            if tile.diagonal {
                let diagonal = tile.rows.clone().zip(matrix.iter().step_by(columns + 1));
                for (image, &value) in diagonal {
                    if value < S::SMALLEST_NORMAL && !is_black(self.x, image) {
                        let output = self.net.outputs().get(index).map(ToString::to_string).unwrap_or_default();
                        let images = self.x.len();
                        return Err(GramError::Underflow { image, images, output, value: value.to_f64() });
                    }
                }
            } else if matrix.iter().all(|value| value.to_f64() == 0.0) {
                for (images, range) in [(self.x, &tile.rows), (self.columns(), &tile.columns)] {
                    if let Some(image) = range.clone().find(|&image| !is_black(images, image)) {
                        Gram { x: images, y: None, tile: 1, ..*self }.tile::<S>(image, image, backend)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// About the bytes that a thread needs for one tile, its result included.
    ///
    /// Beside the result at most 10 MB, so that 20 threads stay below 200 MB, unless a few images are more than that. A
    /// convolutional net holds two vectors of images prepared (three with mirrored rows), of
    /// 64·[`prepared_len`](ultrawide_core::prepared_len) bytes with AVX-512: 2.8 MB each for images of 3×32×32 at depth 21, but
    /// 138 MB for 3×224×224. A dense net holds 32 columns, which are more than planned above 25,000 numbers an image in `f32`.
    ///
    /// An allocator may keep as much again of what was given back: glibc does, see `docs/performance.md`.
    pub fn thread_bytes<S: Element>(&self, backend: Backend) -> f64 {
        let (rows, columns) = (self.tile.min(self.x.len()), self.tile.min(self.columns().len()));
        let lanes = backend.lanes::<S>();
        let out = self.net.outputs().len() as f64 * rows as f64 * columns as f64;
        let numbers = match self.net {
            Net::Conv(net) => ConvTile::<S>::numbers(net, self.flip, rows, lanes) + out,
            // With mirrored rows a second result.
            Net::Dense { shape, .. } => {
                let results = if self.flip { 2.0 } else { 1.0 };
                DenseTile::<S>::numbers(*shape, self.flip, (rows, columns), lanes) + out * results
            }
        };
        numbers * size_of::<S>() as f64
    }

    /// Computes the tiles `wanted` on the threads of `pool` and hands each to `sink` as it is done.
    ///
    /// # Accuracy
    /// That of [`tile`](Self::tile), with the same bits for any size of the tiles, number of threads and order of the images
    /// (`host/tests/gram.rs`, `host/tests/invariance.rs`).
    ///
    /// # Errors
    /// The first error of a tile or of `sink`; tiles under way are finished, no new ones begun.
    pub fn run<S: Element>(
        &self,
        backend: Backend,
        pool: &rayon::ThreadPool,
        wanted: &[(usize, usize)],
        sink: impl Fn(usize, usize, Vec<S>) -> Result<(), GramError> + Sync,
    ) -> Result<(), GramError> {
        pool.install(|| wanted.par_iter().with_max_len(1).try_for_each(|&(i, j)| sink(i, j, self.tile(i, j, backend)?)))
    }
}

/// A number that may be lost beside the largest of its image: the variance of a patch of such numbers, with the largest of the image near
/// 1, is below the smallest normal number and counts as 0.
struct Faint {
    image: usize,
    index: usize,
    value: f64,
    largest: f64,
    /// What is too small beside 1.
    limit: f64,
}

impl Faint {
    fn find<S: Scalar>(image: usize, pixels: &[S]) -> Option<Self> {
        let limit = S::SMALLEST_NORMAL.to_f64().sqrt();
        let largest = pixels.iter().map(|pixel| pixel.to_f64().abs()).fold(0.0, f64::max);
        let is_faint = |pixel: &S| (f64::MIN_POSITIVE..limit * largest).contains(&pixel.to_f64().abs());
        let index = pixels.iter().position(is_faint)?;
        Some(Faint { image, index, value: pixels[index].to_f64(), largest, limit })
    }
}

impl fmt::Display for Faint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Faint { image, index, value, largest, limit } = self;
        write!(
            f,
            "number {index} of image {image} is {value:e}, less than {limit:.1e} of the image's largest, {largest:e}: a patch of \
             such numbers counts as black in this precision; --precision f64 keeps numbers from {:.1e} of the largest on",
            f64::MIN_POSITIVE.sqrt()
        )
    }
}

/// Whether all numbers of an image are 0; in `f64`, so that pixels which underflow in `S` do not count as 0.
fn is_black(images: &Images, image: usize) -> bool {
    let mut pixels = vec![0.0_f64; images.shape().len().unwrap_or(0)];
    images.write(image, &mut pixels);
    pixels.iter().all(|&pixel| pixel == 0.0)
}

/// Copies what is below the diagonal of an n×n matrix to the other side.
fn mirror<S: Copy>(matrix: &mut [S], n: usize) {
    for row in 0..n {
        for column in row + 1..n {
            matrix[row * n + column] = matrix[column * n + row];
        }
    }
}
