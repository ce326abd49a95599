//! The theorem, made visible: networks of finite width against the infinite one, on real images.
//!
//! Each experiment is a function of a [`Setting`] that gives a [`Finding`]: a table, figures with their confidence intervals, and a
//! plot.
//!
//! - [`init()`]: the kernel of the gradients at random initialisation;
//! - [`drift()`]: how far weights and kernel move in training;
//! - [`flow()`]: the course of training;
//! - [`equivalence()`]: where it ends;
//! - [`table()`]: convolutional nets and their kernels on the same images;
//! - [`double_descent()`]: the error against width, through the threshold of interpolation;
//! - [`tricks()`]: other activations and residual connections, at initialisation.

mod again;
mod convergence;
mod descent;
mod drift;
mod equivalence;
mod error;
mod finding;
mod flow;
mod init;
mod page;
mod problem;
mod setting;
pub mod statistics;
mod table;
#[cfg(test)]
mod tests;
mod tricks;

pub use descent::double_descent;
pub use drift::drift;
pub use equivalence::equivalence;
pub use error::ExperimentError;
pub use finding::{Claim, Finding, shown};
pub use flow::flow;
pub use init::init;
pub use page::{page, write_page};
pub use setting::{NoSteps, Setting, Sizes, Steps};
pub use table::table;
pub use tricks::tricks;

use std::str::FromStr;

/// An experiment by its name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Experiment {
    /// [`init()`].
    Init,
    /// [`drift()`].
    Drift,
    /// [`flow()`].
    Flow,
    /// [`equivalence()`].
    Equivalence,
    /// [`table()`].
    Table,
    /// [`double_descent()`].
    DoubleDescent,
    /// [`tricks()`].
    Tricks,
}

impl Experiment {
    /// All of them, in the order in which they make sense.
    pub const ALL: [Self; 7] =
        [Self::Init, Self::Drift, Self::Flow, Self::Equivalence, Self::Table, Self::DoubleDescent, Self::Tricks];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Drift => "drift",
            Self::Flow => "flow",
            Self::Equivalence => "equivalence",
            Self::Table => "table",
            Self::DoubleDescent => "double-descent",
            Self::Tricks => "tricks",
        }
    }

    /// Whether it looks at test images.
    pub fn is_tested(self) -> bool {
        !matches!(self, Self::Init | Self::Drift | Self::Tricks)
    }

    /// Runs it.
    ///
    /// # Accuracy
    /// That of the experiment.
    ///
    /// # Errors
    /// Images that no network takes, no memory, kernels that cannot be solved.
    pub fn run(self, setting: &Setting<'_>) -> Result<Finding, ExperimentError> {
        match self {
            Self::Init => init(setting),
            Self::Drift => drift(setting),
            Self::Flow => flow(setting),
            Self::Equivalence => equivalence(setting),
            Self::Table => table(setting),
            Self::DoubleDescent => double_descent(setting),
            Self::Tricks => tricks(setting),
        }
    }
}

impl FromStr for Experiment {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|one| one.name() == name).ok_or_else(|| format!("unknown experiment {name:?}"))
    }
}
