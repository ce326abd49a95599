//! The whole way from images to accuracies: kernels, regression, report; and its parts, each alone.
//!
//! - [`run()`] loads nothing itself: it takes a [`Dataset`](crate::data::Dataset), computes the kernels of all networks asked
//!   for, in memory or in a store, and gives back a [`Report`].
//! - [`plan()`] tells what such a run costs, and [`run_share`] computes a part of its kernels, beside other processes.
//! - `run_ranks`, with the feature `mpi`, does it on many machines.
//! - [`kernel()`] writes the kernels of one array of images, or of two, to a `.npy` file.
//! - [`export()`] fits a classifier and makes source code of it.
//! - [`sweep_arrays`] and [`sweep_store`] try many ridges and times of training on them.
//! - [`regress_arrays`] and [`regress_store`] do the regression on kernels that were computed before.
//!
//! Nothing here knows a terminal: who wants to watch passes a [`Watch`].

mod available;
mod error;
mod export;
mod file;
mod fit;
mod kernel;
mod kernels;
mod manifest;
mod memory;
mod plan;
#[cfg(feature = "mpi")]
mod ranks;
mod regress;
mod report;
mod run;
mod settings;
mod setup;
mod share;
mod sweep;
mod symmetric;

pub use available::available_memory;
pub use error::JobError;
pub use export::{Answers, DEFAULT_SUPPORT, Export, ExportOptions, Form, Language, MAX_BYTES, Source, Table, export};
pub use file::{check_writable, make_folder, write_atomically};
pub use fit::{Solver, predicted};
pub use kernel::{KernelOptions, KernelReport, kernel};
pub use kernels::{Machine, Silent, Watch, Work, compute, cores, missing};
pub use manifest::{SetInfo, checksum_labels, stored_net};
pub use plan::{DiskPlan, MemoryPlan, PassPlan, PlanOptions, PlanReport, RegressionPlan, plan};
#[cfg(feature = "mpi")]
pub use ranks::{Cluster, run_ranks};
pub use regress::{Classes, regress_arrays, regress_store, stored_data};
pub use report::{ClassResult, DataInfo, Format, MemoryUse, PassInfo, Report, Row, Software};
pub use run::{RunOptions, run};
pub use settings::{NetKind, NetSettings, Pass, default_lap, tile_for};
pub use share::{ShareReport, run_share};
pub use sweep::{SweepOptions, SweepReport, SweepRow, sweep_arrays, sweep_store};

use crate::data::npy;
use crate::simd;
use crate::store::TileNumber;

/// A float that kernels are computed in, stored and written: `f32` and `f64`.
pub trait Float: simd::Element + TileNumber + npy::Element + Into<f64> + 'static {}

impl<T: simd::Element + TileNumber + npy::Element + Into<f64> + 'static> Float for T {}
