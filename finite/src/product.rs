//! Products of large matrices in fixed tiles: the same bits for any number of threads.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

use crate::Architecture;

/// The edge of a tile of the result, which one thread computes.
const TILE: usize = 256;

/// C ← (C +) factor·A·B.
pub(crate) fn product(c: MatMut<'_, f32>, accum: Accum, a: MatRef<'_, f32>, b: MatRef<'_, f32>, factor: f32) {
    c.par_col_chunks_mut(TILE).enumerate().for_each(|(j, tiles)| {
        let b = b.subcols(j * TILE, tiles.ncols());
        tiles.par_row_chunks_mut(TILE).enumerate().for_each(|(i, tile)| {
            matmul(tile, accum, a.subrows(i * TILE, a.nrows().min((i + 1) * TILE) - i * TILE), b, factor, Par::Seq);
        });
    });
}

/// Into column p of each image of `to` column p + δ of `from`, and 0 where that is no pixel.
pub(crate) fn gather(net: &Architecture, tap: [isize; 2], from: MatRef<'_, f32>, to: &mut Mat<f32>) {
    let pixels = net.pixels();
    let sources: Vec<Option<usize>> = (0..pixels).map(|pixel| net.neighbour(pixel, tap)).collect();
    to.as_mut().par_col_chunks_mut(pixels).enumerate().for_each(|(image, columns)| {
        for (column, source) in columns.col_iter_mut().zip(&sources) {
            let mut column = column;
            match source {
                Some(source) => column.copy_from(from.col(image * pixels + source)),
                None => column.fill(0.0),
            }
        }
    });
}
