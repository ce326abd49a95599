//! Networks in training beside what the closed form says of them.

use faer::{Mat, MatRef, Scale};
use serde_json::{Value, json};
use ultrawide_finite::{Architecture, Batch, Layers, Model};

use super::setting::{Limit, Setting, architecture, batch, first, name_of, targets};
use super::{Experiment, ExperimentError};
use crate::data::Labelled;
use crate::job::{Machine, NetKind};
use crate::regression::{Spectrum, Targets, Workspace};

/// Images to train on and to test on, as the closed form and as networks take them.
pub(super) struct Problem {
    pub(super) train: Labelled,
    pub(super) test: Labelled,
    pub(super) classes: usize,
    /// 0.9 for the class of an image, −0.1 for the others; an image in each column.
    pub(super) y: Mat<f32>,
    pub(super) depth: usize,
}

impl Problem {
    /// The first images of the data set, as many as the user says or else these.
    pub(super) fn new(setting: &Setting<'_>, depth: usize, train: usize, test: usize) -> Result<Self, ExperimentError> {
        let (data, depth) = (setting.data, setting.sizes.depth(depth));
        let (train, test) = setting.sizes.images(train, test);
        let classes = data.classes.len();
        let (train, test) = (first(&data.train, train)?, first(&data.test, test)?);
        let y = targets(&train, classes)?;
        Ok(Problem { train, test, classes, y, depth })
    }

    /// Other classes for the training images.
    pub(super) fn set_labels(&mut self, labels: Vec<u16>) -> Result<(), ExperimentError> {
        self.train.labels = labels;
        self.y = targets(&self.train, self.classes)?;
        Ok(())
    }

    /// What it is, for a report, with the layers that are trained.
    pub(super) fn settings(&self, setting: &Setting<'_>, which: Experiment, trained: &[Layers]) -> Value {
        let trained: Vec<_> = trained.iter().copied().map(name_of).collect();
        let own = json!({
            "net": NetKind::Fc.name(), "depth": self.depth, "trained": trained, "train": self.train.labels.len(),
        });
        let mut settings = setting.report(which, own);
        if which.is_tested() {
            settings["test"] = json!(self.test.labels.len());
        }
        settings
    }

    /// What it is, for a figure.
    pub(super) fn caption(&self, setting: &Setting<'_>) -> String {
        format!("{}, dense, depth {}, {} images; bars: 95 %", setting.data.name, self.depth, self.train.labels.len())
    }

    /// The dense net of this width.
    pub(super) fn net(&self, width: usize) -> Architecture {
        architecture(NetKind::Fc, self.train.images.shape(), self.depth, width, self.classes)
    }

    /// Refuses networks of this width, so many at once, that no memory holds beside two closed forms and so many kernels more.
    pub(super) fn check(
        &self,
        setting: &Setting<'_>,
        width: usize,
        copies: usize,
        kernels: usize,
    ) -> Result<(), ExperimentError> {
        let (net, images) = (self.net(width), self.train.labels.len());
        // Of each closed form the kernels of training and test images, and the eigenvectors.
        let of_tests = self.test.labels.len() as f64 / images.max(1) as f64;
        let kept = 4.0 + 2.0 * of_tests + kernels as f64;
        setting.check(&net, images, kept, net.bytes(images.max(self.test.labels.len()), copies))
    }

    /// The images of a set as that net takes them, times [`scale`](Self::scale).
    pub(super) fn batch(&self, set: &Labelled) -> Result<Batch, ExperimentError> {
        batch(&self.net(1), &set.images, self.scale())
    }

    /// What brings images whose pixels are of size 1 to a norm near 1, as the theorem has it: the outputs of a random net are then of the size
    /// of 1, too. The predictions of kernel regression do not depend on it.
    fn scale(&self) -> f32 {
        (self.net(1).shape.channels as f32).sqrt().recip()
    }

    /// The NTK, or the NNGP.
    pub(super) fn closed(&self, setting: &Setting<'_>, ntk: bool) -> Result<Closed, ExperimentError> {
        let kind = NetKind::Fc;
        let limit = if ntk { Limit::ntk(kind, self.depth) } else { Limit::nngp(kind, self.depth) };
        // A ReLU net of scaled images has scaled outputs.
        let square = Scale(f64::from(self.scale()).powi(2));
        let train = square * limit.of(&self.train.images, None, setting.machine)?;
        let test = square * limit.of(&self.test.images, Some(&self.train.images), setting.machine)?;
        let targets = Targets::new(&self.train.labels, self.classes)?;
        let spectrum = spectrum(&train, &targets, setting.machine)?;
        Ok(Closed { layers: limit.layers(), train, test, spectrum })
    }
}

/// The eigendecomposition of a kernel, with the targets of regression.
pub(super) fn spectrum(kernel: &Mat<f64>, targets: &Targets, machine: &Machine) -> Result<Spectrum, ExperimentError> {
    let mut workspace = Workspace::new(kernel.nrows(), machine.threads())?;
    workspace.load(|k| {
        for (j, column) in k.columns_mut().enumerate() {
            (j..).zip(column).for_each(|(i, value)| *value = kernel[(i, j)]);
        }
        Ok(())
    })?;
    Ok(workspace.spectrum(targets)?)
}

/// The training of the infinitely wide net.
pub(super) struct Closed {
    /// The layers that are trained.
    pub(super) layers: Layers,
    /// k(X, X).
    pub(super) train: Mat<f64>,
    /// k(x, X).
    pub(super) test: Mat<f64>,
    spectrum: Spectrum,
}

impl Closed {
    /// The largest eigenvalue of the training kernel: gradient descent is stable below twice its inverse.
    pub(super) fn largest(&self) -> f64 {
        self.spectrum.extremes()[1]
    }

    /// The outputs on the training and on the test images at time t, an image in each column; at ∞ those of kernel regression.
    pub(super) fn at(&self, time: f64) -> Result<[Mat<f64>; 2], ExperimentError> {
        let weights = self.spectrum.flow(time)?;
        Ok([&self.train, &self.test].map(|kernel| (kernel * &weights).transpose().to_owned()))
    }
}

/// Trains by full-batch gradient descent and calls `probe` at these numbers of steps, which increase.
pub(super) fn train(
    model: &mut Model,
    (x, y): (&Batch, MatRef<'_, f32>),
    (rate, layers): (f64, Layers),
    at: &[usize],
    mut probe: impl FnMut(usize, &Model),
) {
    let mut done = 0;
    for &steps in at {
        while done < steps {
            model.step(x, y, rate as f32, layers);
            done += 1;
        }
        probe(steps, model);
    }
}

/// √(Σ (a − b)² / Σ b²).
pub(super) fn difference(a: &Mat<f32>, b: &Mat<f64>) -> f64 {
    let squares = |of: &dyn Fn(usize, usize) -> f64| {
        (0..b.ncols()).flat_map(|c| (0..b.nrows()).map(move |r| (r, c))).map(|(r, c)| of(r, c).powi(2)).sum::<f64>()
    };
    (squares(&|r, c| f64::from(a[(r, c)]) - b[(r, c)]) / squares(&|r, c| b[(r, c)])).sqrt()
}

/// The class with the largest output, of equal ones the first.
pub(super) fn class_of<T: Copy + PartialOrd>(outputs: MatRef<'_, T>, image: usize) -> usize {
    let larger =
        |best: usize, class: usize| if outputs[(class, image)] > outputs[(best, image)] { class } else { best };
    (1..outputs.nrows()).fold(0, larger)
}
