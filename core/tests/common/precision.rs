//! Every tolerance of this crate's accuracy tests, each with its reason.

/// κ0 and κ1 in `f32`, every argument in [−1, 1], against the nearest `f32` to the exact value.
///
/// Measured over all of them: κ0 2 (94 % are 0), κ1 4 (89 % are 0, 0.0002 % are 4, near λ = −0.15 and −0.45). Where
/// λ < 0 the result is a bare product of √u, the polynomial and, for κ1, u: each of them brings half a unit or more, and
/// the rounding of 1 − |λ| up to one and a half, as κ1 grows like u^(3/2).
pub const KAPPA_F32_ULP: u64 = 4;

/// κ0 and κ1 in `f64` at the arguments of `data/kappa_f64.csv`. The same steps as in `f32`, in another precision.
///
/// Measured: κ0 1, κ1 2.
pub const KAPPA_F64_ULP: u64 = 4;

/// By how much κ0 or κ1 may fall from one argument to a larger one. The exact functions increase; two results that
/// are each within [`KAPPA_F32_ULP`] could fall by twice that, but neighbours round much alike.
pub const KAPPA_FALL_ULP: u64 = 4;

/// Sums of the same entries by two readouts in `f64`, weighted by different counts.
pub const SUM_F64: f64 = 1e-14;

/// Kernels in `f64` against the definitions in `f64` (`common/naive.rs`), relative, up to depth 21.
pub const KERNEL_F64: f64 = 1e-12;

/// Kernels in `f32` against the definitions in `f64`, relative, up to depth 21.
pub const KERNEL_F32: f64 = 2e-6;

/// Dense.
pub const DENSE_F64: f64 = 1e-12;

/// Dense.
pub const DENSE_F32: f64 = 2e-6;

/// Parallel.
pub const PARALLEL_F64: f64 = 1e-7;

/// Parallel.
pub const PARALLEL_F32: f64 = 1e-3;

/// Near.
pub const NEAR_F64: f64 = 1e-7;

/// Near.
pub const NEAR_F32: f64 = 1e-3;
