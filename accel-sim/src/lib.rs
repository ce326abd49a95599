//! Will an accelerator do? What it makes of `ultrawide`'s kernels, in its numbers, its time and its energy, before it is bought.
//!
//! - [`machine`]: a machine as a TOML file, and the bundled ones;
//! - [`mod@format`]: number formats, rounded to the bit;
//! - [`number`]: a number in such a format that counts, on which the core's own recursion runs;
//! - [`trace`], [`pipeline`]: the operations of that recursion as instructions, and how long a core takes for them;
//! - [`cost`]: what a stencil costs;
//! - [`plan`], [`event`], [`schedule`]: displacements as jobs on cores whose DMA fetches ahead;
//! - [`formats`]: kernels, eigenvalues and accuracies in a number format;
//! - [`sweep`]: the same machine with other figures;
//! - [`validate`]: predicted against measured.

pub mod cost;
pub mod event;
pub mod format;
pub mod formats;
pub mod machine;
pub mod number;
pub mod pipeline;
pub mod plan;
pub mod schedule;
pub mod sweep;
pub mod trace;
pub mod validate;
