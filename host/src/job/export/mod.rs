//! A trained classifier as source code for a small machine: choose support images, fit, try, write.
//!
//! The support images are first brought into the form in which they will lie on the target, bytes or floats, and the weights are
//! fitted to what the target will see of them. Test images are then classified by [`ultrawide_classifier`], the code that runs
//! on the target, in the same scalar `f32`: what is written as expected are the target's own bits.

mod fit;
mod source;
mod table;

pub use source::{Language, Source};
pub use table::{Form, Table};

use rayon::prelude::*;

use super::{JobError, Machine, NetSettings, Pass, Watch, Work};
use crate::data::{Dataset, Labelled};
use crate::regression::{RegressionError, SolveReport};
use ultrawide_core::Error;

/// The largest table: compilers take minutes for more, and no small machine holds it.
pub const MAX_BYTES: usize = 16 << 20;

/// The support images where nothing else is asked for.
pub const DEFAULT_SUPPORT: usize = 400;

/// What to export.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// One network, one kernel, one depth.
    pub nets: NetSettings,
    /// The number of support images; `None` for [`DEFAULT_SUPPORT`], or all training images where there are fewer.
    pub support: Option<usize>,
    /// How they are stored.
    pub form: Form,
    /// The weight of αᵀ K α beside the squared errors.
    pub ridge: f64,
}

/// What a classifier makes of the test images.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// The scores, one row of classes for each test image.
    pub scores: Vec<f32>,
    /// The class of each test image.
    pub classes: Vec<u16>,
    /// How many of them are right.
    pub right: usize,
}

/// A classifier and what it is worth.
#[derive(Clone, Debug)]
pub struct Export {
    /// The classifier.
    pub table: Table,
    /// What it makes of the test images.
    pub answers: Answers,
    /// The other form of the images, and how many test images it gets right; `None` where it gives the same bits.
    pub other: Option<(Form, usize)>,
    /// How the regression went.
    pub solve: SolveReport,
}

/// Fits a classifier to the training images of `data` and tries it on the test images.
///
/// The support images are spread evenly over the training images of each class.
///
/// # Accuracy
/// Weights are fitted in `f64` to kernels in `f32`, and rounded to `f32`; scores and classes are the bits of the target.
///
/// # Errors
/// Settings that describe no network or more than one kernel; more support images than training images; a table beyond
/// [`MAX_BYTES`]; a kernel for which there is no solution.
///
/// # Cost
/// Two fits and two tests where the two forms of the images differ; a pair costs what it costs in scalar `f32`.
pub fn export(
    data: &Dataset,
    options: &ExportOptions,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<Export, JobError> {
    if !options.ridge.is_finite() || options.ridge < 0.0 {
        return Err(JobError::Usage(RegressionError::Ridge { ridge: options.ridge }.to_string()));
    }
    let passes = options.nets.passes(data.train.images.shape())?;
    let [Pass { net, .. }] = &passes[..] else {
        return Err(JobError::Usage(format!("{} nets: exactly one is exported", options.nets.nets.len())));
    };
    if net.outputs().len() != 1 {
        return Err(JobError::Usage(format!("{} kernels or depths: exactly one is exported", net.outputs().len())));
    }
    if net.slope() != 0.0 || net.residual().is_some() {
        return Err(JobError::Usage("a classifier has ReLUs, neither leaky ones nor residual connections".to_owned()));
    }
    let training = data.train.images.len();
    let count = options.support.unwrap_or(DEFAULT_SUPPORT.min(training));
    if count > training {
        let reason =
            format!("{count} support images were asked for, {training} training images are there to choose from");
        return Err(JobError::Input(reason));
    }
    let indices = spread(&data.train, count);
    let table = |form| Table::encode(data, &indices, net, form);
    let (chosen, other) = (table(options.form)?, table(options.form.other())?);
    if chosen.bytes() > MAX_BYTES {
        return Err(JobError::Input(format!(
            "the table would hold {} bytes, at most {MAX_BYTES} are written: use fewer support images",
            chosen.bytes()
        )));
    }
    let differs = chosen.decoded()? != other.decoded()?;
    let (support, training, tests) = (count as u64, training as u64, data.test.images.len() as u64);
    let rows = tests + if support == training { 0 } else { training };
    let pairs = (support * (support + 1) / 2 + support * rows) * if differs { 2 } else { 1 };
    let each = net.entries() * net.request().layers() as f64;
    watch.begin(Work { pairs, entry_layers: pairs as f64 * each }, Work::default());
    let run = |table| -> Result<_, JobError> {
        let (table, solve) = fit::train(table, data, net, options.ridge, machine, watch)?;
        let answers = answer(&table, &data.test, each, machine, watch)?;
        Ok((table, answers, solve))
    };
    let (table, answers, solve) = run(chosen)?;
    let other = if differs { Some((options.form.other(), run(other)?.1.right)) } else { None };
    watch.end();
    Ok(Export { table, answers, other, solve })
}

/// `count` images at equal distances of the list in which the classes follow each other, each in its own order: every class gets
/// its share, and every part of a class is met.
fn spread(images: &Labelled, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..images.labels.len()).collect();
    order.sort_by_key(|&index| images.labels[index]);
    let mut chosen: Vec<usize> = (0..count).map(|nth| order[(2 * nth + 1) * order.len() / (2 * count)]).collect();
    chosen.sort_unstable();
    chosen
}

/// Classifies the test images, each on one thread, as the target will.
fn answer(
    table: &Table,
    test: &Labelled,
    each: f64,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<Answers, JobError> {
    let model = table.model();
    let workspace_len = model.workspace_len()?;
    let tests = table::raw(&test.images)?;
    let one = |index: usize| -> Result<(Vec<f32>, u16), Error> {
        let mut pixels = vec![0.0; model.shape.len().unwrap_or(0)];
        let (mut workspace, mut scores) = (vec![0.0; workspace_len], vec![0.0; model.classes]);
        tests.write(index, &mut pixels);
        let class = model.classify(&pixels, &mut workspace, &mut scores)?;
        let pairs = table.support() as u64;
        watch.add(Work { pairs, entry_layers: pairs as f64 * each });
        // Labels, and so classes, are u16.
        Ok((scores, class as u16))
    };
    let rows: Vec<_> = machine.pool.install(|| (0..tests.len()).into_par_iter().map(one).collect::<Result<_, _>>())?;
    let (scores, classes): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let right = classes.iter().zip(&test.labels).filter(|(found, label)| found == label).count();
    let scores = scores.concat();
    if let Some(score) = scores.iter().find(|score| !score.is_finite()) {
        return Err(JobError::Input(format!("a score is {score}: the weights or kernels are too large for f32")));
    }
    Ok(Answers { scores, classes, right })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Images, Kind, LoadOptions, Pixels, load};
    use crate::job::{NetKind, Silent};
    use crate::simd::Backend;
    use ultrawide_core::{Kernel, Shape};

    #[test]
    fn other_activations_are_refused() {
        let mut sizes = LoadOptions::new(Kind::Digits);
        (sizes.train_size, sizes.test_size) = (Some(20), Some(5));
        let data = load(&sizes).unwrap();
        let machine = Machine::new(Backend::Scalar, Some(1)).unwrap();
        let exported = |net, slope, residual| {
            let (nets, kernels) = (vec![net], vec![Kernel::Ntk]);
            let nets =
                NetSettings { nets, depths: vec![3], kernels, trained: None, lap: None, filter: 3, slope, residual };
            export(&data, &ExportOptions { nets, support: None, form: Form::U8, ridge: 0.0 }, &machine, &Silent)
        };
        for (net, slope, residual) in
            [(NetKind::Fc, 0.0, Some(1.0)), (NetKind::Fc, 0.1, None), (NetKind::CntkV, -1.0, None)]
        {
            let refused = exported(net, slope, residual).unwrap_err();
            assert!(matches!(&refused, JobError::Usage(reason) if reason.contains("neither leaky")), "{refused}");
        }
        exported(NetKind::Fc, 0.0, None).unwrap();
    }

    #[test]
    fn support_images_are_spread_over_the_classes() {
        let shape = Shape { channels: 1, height: 1, width: 1 };
        let labels = vec![1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0];
        let images = Images::new(shape, Pixels::U8(vec![0; labels.len()])).unwrap();
        let set = Labelled { images, labels };
        assert_eq!(spread(&set, 12), (0..12).collect::<Vec<_>>());
        // The zeros are at 1 2 4 5 7 8 10 11, the ones at 0 3 6 9: two of the former, one of the latter.
        assert_eq!(spread(&set, 3), [4, 6, 10]);
        assert_eq!(spread(&set, 1), [10]);
    }
}
