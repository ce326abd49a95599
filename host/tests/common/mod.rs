//! What the tests of the host share: the core's reference and tolerances, and whole Gram matrices.
#![allow(dead_code, reason = "each program that includes this module uses a part of it")]

#[path = "../../../core/tests/common/images.rs"]
pub mod images;
#[path = "../../../core/tests/common/naive.rs"]
pub mod naive;
#[path = "../../../core/tests/common/precision.rs"]
pub mod precision;
#[path = "../../../core/tests/common/single.rs"]
pub mod single;

use std::sync::Mutex;
use ultrawide::data::{Images, Pixels};
use ultrawide::gram::{Gram, Net};
use ultrawide::simd::{Backend, Element};
use ultrawide_core::{Dense, Request, Shape};

/// Images of these numbers.
pub fn set(shape: Shape, images: &[Vec<f64>]) -> Images {
    Images::new(shape, Pixels::F64(images.concat())).expect("finite pixels")
}

pub fn dense_net(shape: Shape, request: Request) -> Net {
    Net::Dense { shape, net: Dense::new(request) }
}

/// The exact kernels of one pair, all outputs.
pub fn exact(net: &Net, x: &[f64], y: &[f64]) -> Vec<f64> {
    match net {
        Net::Dense { net, .. } => naive::dense(net, x, y),
        Net::Conv(net) => naive::conv(net, x, y),
    }
}

/// The kernels of one pair by the core, without vectors.
pub fn scalar<S: Element>(net: &Net, x: &[f64], y: &[f64]) -> Vec<S> {
    match net {
        Net::Dense { net, .. } => single::dense::<S>(net, x, y),
        Net::Conv(net) => single::conv::<S>(net, x, y),
    }
}

/// All outputs of a Gram matrix.
pub struct Matrices<S> {
    pub outputs: usize,
    pub rows: usize,
    pub columns: usize,
    /// output, row, column
    pub values: Vec<S>,
}

impl<S: Element> Matrices<S> {
    pub fn at(&self, output: usize, row: usize, column: usize) -> S {
        self.values[(output * self.rows + row) * self.columns + column]
    }

    pub fn bits(&self) -> Vec<u64> {
        self.values.iter().map(|value| value.to_f64().to_bits()).collect()
    }
}

/// Computes the whole matrix on so many threads; a symmetric one is completed from its stored half.
pub fn matrices<S: Element>(gram: &Gram<'_>, backend: Backend, threads: usize) -> Matrices<S> {
    let plan = gram.plan("test");
    let (rows, columns) = (plan.rows, plan.cols);
    let (down, across) = plan.grid(gram.tile);
    let wanted: Vec<(usize, usize)> =
        (0..down).flat_map(|i| (0..across).map(move |j| (i, j))).filter(|(i, j)| !plan.symmetric || j <= i).collect();
    let outputs = plan.outputs.len();
    let nan = S::from_f64(f64::NAN);
    let values = Mutex::new(vec![nan; outputs * rows * columns]);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    gram.run(backend, &pool, &wanted, |i, j, tile: Vec<S>| {
        let (first_row, first_column) = (i * gram.tile, j * gram.tile);
        let (height, width) = (gram.tile.min(rows - first_row), gram.tile.min(columns - first_column));
        assert_eq!(tile.len(), outputs * height * width);
        let mut values = values.lock().expect("no test panicked here");
        for (at, &value) in tile.iter().enumerate() {
            let (output, rest) = (at / (height * width), at % (height * width));
            let (row, column) = (first_row + rest / width, first_column + rest % width);
            values[(output * rows + row) * columns + column] = value;
            if plan.symmetric {
                values[(output * rows + column) * columns + row] = value;
            }
        }
        Ok(())
    })
    .expect("finite kernels");
    Matrices { outputs, rows, columns, values: values.into_inner().expect("no test panicked here") }
}
