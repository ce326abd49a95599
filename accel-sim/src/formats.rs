//! Which number format is good enough: kernels of real images as a machine's arithmetic gives them, against those of `f64`.

use crate::number::{Arithmetic, Lane, MultiplyAdd, Vector, simulate};
use anyhow::Context;
use faer::{Mat, Side};
use rayon::prelude::*;
use ultrawide::data::{Dataset, Images};
use ultrawide::regression::{Predictor, Targets, Workspace, evaluate};
use ultrawide_core::{Conv, Error, Number, Scalar, conv_pair, conv_scratch_len, identity_cap, prepare, prepared_len};

/// The reference: `f64`, whose kernels are right to 1e-14 (`docs/accuracy.md`).
pub const REFERENCE: Arithmetic = Arithmetic::uniform(crate::format::Format::F64, MultiplyAdd::Fused);

/// Kernel matrices by output: the training images among themselves, and the test images against them.
pub struct Kernels {
    train: Vec<Mat<f64>>,
    test: Vec<Mat<f64>>,
    /// The share of operations whose results left the range.
    pub beyond: f64,
}

/// What the format makes of one depth.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Quality {
    /// Layers with weights.
    pub depth: usize,
    /// The largest relative error of a kernel.
    pub largest: f64,
    /// The mean relative error.
    pub mean: f64,
    /// The smallest eigenvalue of the Gram matrix, over the largest.
    pub least: f64,
    /// The least ridge tried, over the mean of the diagonal, with which the matrix is positive definite.
    pub ridge: Option<f64>,
    /// Of the test images; none where no ridge helps.
    pub accuracy: Option<f64>,
}

/// An image in memory: prepared as the machine does, for either side of a pair.
struct Prepared {
    pixels: Vec<Lane>,
    x: Vec<Lane>,
    y: Vec<Vector>,
}

fn prepared(net: &Conv, images: &Images, index: usize) -> Result<Prepared, Error> {
    let mut pixels = vec![Lane::zero(); net.pixels() * net.shape().channels];
    images.write(index, &mut pixels);
    let vectors: Vec<Vector> = pixels.iter().map(|&pixel| Vector::splat(pixel)).collect();
    let mut y = vec![Vector::zero(); prepared_len(net)];
    prepare(net, &vectors, &mut y)?;
    Ok(Prepared { pixels, x: y.iter().map(|y| y.lane(0)).collect(), y })
}

/// The kernels of one pair, by output.
fn pair(net: &Conv, x: &Prepared, y: &Prepared) -> Result<Vec<f64>, Error> {
    let pixels: Vec<Vector> = y.pixels.iter().map(|&pixel| Vector::splat(pixel)).collect();
    let mut scratch = vec![Vector::zero(); conv_scratch_len(net)];
    let mut out = vec![Vector::zero(); net.outputs()];
    conv_pair(net, &x.x, &y.y, identity_cap(&x.pixels, &pixels), &mut scratch, &mut out)?;
    Ok(out.iter().map(|kernel| kernel.lane(0).to_f64()).collect())
}

/// Computes all kernels of a data set on all threads; `tick` is called for each row.
///
/// # Accuracy
/// That of the arithmetic, which is what is asked: each operation rounds as the format does.
///
/// # Errors
/// Those of the core.
pub fn kernels(net: &Conv, data: &Dataset, arithmetic: Arithmetic, tick: impl Fn() + Sync) -> anyhow::Result<Kernels> {
    let all = |images: &Images| -> Result<Vec<Prepared>, Error> {
        simulate(arithmetic, || (0..images.len()).map(|index| prepared(net, images, index)).collect()).0
    };
    let (train, test) = (all(&data.train.images)?, all(&data.test.images)?);
    // A row: one image against the training images, of a training image only those up to itself.
    type Row = Result<(Vec<Vec<f64>>, crate::number::Tally), Error>;
    let row = |x: &Prepared, partners: &[Prepared]| -> Row {
        let (row, tally) =
            simulate(arithmetic, || partners.iter().map(|y| pair(net, x, y)).collect::<Result<Vec<_>, Error>>());
        tick();
        Ok((row?, tally))
    };
    let rows: Vec<_> = train
        .par_iter()
        .enumerate()
        .map(|(index, x)| row(x, &train[..=index]))
        .chain(test.par_iter().map(|x| row(x, &train)))
        .collect::<Result<_, Error>>()?;
    let (mut beyond, mut operations) = (0, 0);
    for (_, tally) in &rows {
        beyond += tally.beyond;
        operations += tally.counts.iter().sum::<u64>();
    }
    let n = train.len();
    let outputs = 0..net.outputs();
    Ok(Kernels {
        train: outputs.clone().map(|k| Mat::from_fn(n, n, |i, j| rows[i.max(j)].0[i.min(j)][k])).collect(),
        test: outputs.map(|k| Mat::from_fn(test.len(), n, |i, j| rows[n + i].0[j][k])).collect(),
        beyond: beyond as f64 / operations.max(1) as f64,
    })
}

/// What the kernels are worth, depth by depth, against those of [`REFERENCE`].
///
/// # Accuracy
/// Errors as far as the reference knows them; eigenvalues some ε of the largest in `f64`; what is regressed on is that of [`Workspace::solve`].
///
/// # Errors
/// Labels that are none of the classes.
pub fn judge(net: &Conv, data: &Dataset, kernels: &Kernels, exact: &Kernels) -> anyhow::Result<Vec<Quality>> {
    let depths = net.request().depths().iter().enumerate();
    depths
        .map(|(output, &depth)| judge_one(data, depth, [kernels, exact].map(|k| [&k.train[output], &k.test[output]])))
        .collect()
}

/// Ridges over the mean of the diagonal, tried one after another.
const RIDGES: [f64; 8] = [0.0, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1];

fn judge_one(data: &Dataset, depth: usize, [ours, exact]: [[&Mat<f64>; 2]; 2]) -> anyhow::Result<Quality> {
    let (mut largest, mut sum, mut count) = (0.0f64, 0.0, 0.0);
    for (ours, exact) in ours.into_iter().zip(exact) {
        for j in 0..ours.ncols() {
            for i in 0..ours.nrows() {
                let error = ((ours[(i, j)] - exact[(i, j)]) / exact[(i, j)]).abs();
                let error = if error.is_nan() { f64::INFINITY } else { error };
                largest = largest.max(error);
                sum += error;
                count += 1.0;
            }
        }
    }
    let (train, test) = (ours[0], ours[1]);
    let n = train.nrows();
    let finite =
        [train, test].iter().all(|matrix| matrix.col_iter().all(|column| column.iter().all(|k| k.is_finite())));
    let mut quality = Quality { depth, largest, mean: sum / count, least: f64::NAN, ridge: None, accuracy: None };
    if !finite {
        return Ok(quality);
    }
    let eigenvalues = train.self_adjoint_eigenvalues(Side::Lower).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let (least, most) = eigenvalues.first().zip(eigenvalues.last()).context("no images")?;
    quality.least = least / most;
    let diagonal = (0..n).map(|i| train[(i, i)]).sum::<f64>() / n as f64;
    let classes = data.classes.len();
    let targets = Targets::new(&data.train.labels, classes)?;
    let mut workspace = Workspace::new(n, 1)?;
    workspace.load(|lower| {
        for row in 0..n {
            for column in 0..=row {
                lower.set(row, column, train[(row, column)])?;
            }
        }
        Ok(())
    })?;
    for ridge in RIDGES {
        let Ok(fit) = workspace.solve(ridge * diagonal, &targets) else { continue };
        let mut predictor = Predictor::new(fit.alpha.as_ref(), test.nrows())?;
        for row in 0..test.nrows() {
            let kernels: Vec<f64> = (0..n).map(|column| test[(row, column)]).collect();
            predictor.add_block(row, 0, 1, n, &kernels)?;
        }
        quality.ridge = Some(ridge);
        quality.accuracy = Some(evaluate(predictor.finish()?.as_ref(), &data.test.labels, classes)?.accuracy);
        break;
    }
    Ok(quality)
}
