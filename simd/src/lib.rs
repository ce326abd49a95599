//! Vectors of floats as numbers of the core, and the choice of the instruction set that runs.
//!
//! A lane is a different partner image, so the core's recursion runs on a vector register as it runs on a float.
//! [`Backend::run`] enters a function compiled for the instruction set and inlines the whole [`Job`] into it; it is
//! called once for a tile of the Gram matrix, not once for a pair.
//!
//! Every backend but [`Backend::Scalar`] fuses multiply-add, and all of those give the same bits.
//!
//! The tiles of Gram matrices, [`ConvTile`] and [`DenseTile`], are compiled here for each of them, once for all that use this crate: the recursion
//! on every vector type is most of what there is to compile.
#![deny(missing_docs)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod conv_tile;
mod dense_tile;
#[cfg(target_arch = "aarch64")]
mod neon;
mod tile;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod vector;

#[cfg(target_arch = "x86_64")]
use avx2::{F32x8, F64x4};
#[cfg(target_arch = "x86_64")]
use avx512::{F32x16, F64x8};
#[cfg(target_arch = "aarch64")]
use neon::{F32x4, F64x2};

pub use conv_tile::ConvTile;
pub use dense_tile::DenseTile;
pub use tile::{Images, Tile};

use std::fmt;
use std::str::FromStr;
use ultrawide_core::{Error, Number, Scalar};

/// The environment variable that forces a backend.
pub const VARIABLE: &str = "ULTRAWIDE_SIMD";

/// Counts the changes of the kernels' bits: a store begun before one is not gone on with after it.
pub const REVISION: u32 = 12;

/// An instruction set that the kernels can run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Plain floats, multiply-add rounded twice.
    Scalar,
    /// AVX2 and FMA: 8 lanes of f32, 4 of f64.
    Avx2,
    /// AVX-512 F: 16 lanes of f32, 8 of f64.
    Avx512,
    /// NEON: 4 lanes of f32, 2 of f64.
    Neon,
}

/// Why a backend cannot run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// Not one of the names.
    #[error("{VARIABLE}={0}: unknown backend; use scalar, avx2, avx512 or neon")]
    Unknown(String),
    /// The machine lacks the instructions.
    #[error("backend {0} was asked for, but this machine has only: {available}", available = names(&Backend::available()))]
    Missing(Backend),
}

fn names(backends: &[Backend]) -> String {
    backends.iter().map(Backend::to_string).collect::<Vec<_>>().join(", ")
}

impl Backend {
    /// All backends, the slowest first.
    pub const ALL: [Backend; 4] = [Backend::Scalar, Backend::Neon, Backend::Avx2, Backend::Avx512];

    /// The backends that this machine has, the slowest first.
    pub fn available() -> Vec<Backend> {
        Self::ALL.into_iter().filter(|backend| backend.is_available()).collect()
    }

    /// Whether this machine has the backend's instructions.
    pub fn is_available(self) -> bool {
        match self {
            Backend::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 => Backend::Avx2.is_available() && is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "aarch64")]
            Backend::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            _ => false,
        }
    }

    /// The backend named by the environment variable `ULTRAWIDE_SIMD`, or the fastest that this machine has.
    ///
    /// # Errors
    /// An unknown name, or a backend that this machine lacks.
    pub fn select() -> Result<Backend, BackendError> {
        let backend = match std::env::var(VARIABLE) {
            Ok(name) => name.parse()?,
            Err(std::env::VarError::NotPresent) => *Self::available().last().unwrap_or(&Backend::Scalar),
            Err(std::env::VarError::NotUnicode(name)) => {
                return Err(BackendError::Unknown(name.to_string_lossy().into_owned()));
            }
        };
        if backend.is_available() { Ok(backend) } else { Err(BackendError::Missing(backend)) }
    }

    /// The fastest backend of this machine whose multiply-add rounds once, if it has one.
    pub fn fused() -> Option<Backend> {
        Self::available().into_iter().rfind(|backend| backend.is_fused())
    }

    /// Whether multiply-add rounds once. Backends that agree in this give the same bits.
    pub fn is_fused(self) -> bool {
        self != Backend::Scalar
    }

    /// The lanes of a vector of `S`.
    pub fn lanes<S: Element>(self) -> usize {
        struct Lanes;
        impl<S: Scalar> Job<S> for Lanes {
            type Output = usize;
            #[inline(always)]
            fn run<N: Number<Scalar = S>>(self) -> usize {
                N::LANES
            }
        }
        self.run::<S, _>(Lanes)
    }

    /// Runs `job` on this backend's vectors of `S`.
    ///
    /// # Panics
    /// Where the machine lacks the backend; [`Backend::select`] never returns such a one.
    pub fn run<S: Element, J: Job<S>>(self, job: J) -> J::Output {
        assert!(self.is_available(), "{}", BackendError::Missing(self));
        S::run(self, job)
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Backend::Scalar => "scalar",
            Backend::Avx2 => "avx2",
            Backend::Avx512 => "avx512",
            Backend::Neon => "neon",
        })
    }
}

impl FromStr for Backend {
    type Err = BackendError;

    fn from_str(name: &str) -> Result<Self, BackendError> {
        let found = Self::ALL.into_iter().find(|backend| backend.to_string() == name);
        found.ok_or_else(|| BackendError::Unknown(name.to_owned()))
    }
}

/// Work that is written over the number type.
pub trait Job<S: Scalar> {
    /// What the work returns.
    type Output;

    /// Does the work with vectors of type `N`. Implementations are `#[inline(always)]`, as is all that they call in
    /// a hot loop: only code inlined into the backend's entry is compiled for its instruction set.
    fn run<N: Number<Scalar = S>>(self) -> Self::Output;
}

/// A float that the backends have vectors of: `f32` and `f64`.
pub trait Element: Scalar + Send + Sync + sealed::Sealed {
    #[doc(hidden)]
    fn run<J: Job<Self>>(backend: Backend, job: J) -> J::Output;

    #[doc(hidden)]
    fn conv_tile(backend: Backend, job: ConvTile<'_, Self>) -> Result<(), Error>;

    #[doc(hidden)]
    fn dense_tile(backend: Backend, job: DenseTile<'_, Self>) -> Result<(), Error>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

macro_rules! element {
    ($float:ty, $avx2:ident, $avx512:ident, $neon:ident) => {
        impl Element for $float {
            fn run<J: Job<Self>>(backend: Backend, job: J) -> J::Output {
                match backend {
                    // SAFETY: `Backend::run` has checked that this machine has AVX2 and FMA.
                    #[cfg(target_arch = "x86_64")]
                    Backend::Avx2 => unsafe { avx2::enter::<$float, $avx2, J>(job) },
                    // SAFETY: `Backend::run` has checked that this machine has AVX-512 F, AVX2 and FMA.
                    #[cfg(target_arch = "x86_64")]
                    Backend::Avx512 => unsafe { avx512::enter::<$float, $avx512, J>(job) },
                    // SAFETY: `Backend::run` has checked that this machine has NEON.
                    #[cfg(target_arch = "aarch64")]
                    Backend::Neon => unsafe { neon::enter::<$float, $neon, J>(job) },
                    _ => job.run::<$float>(),
                }
            }

            // Not generic, not inlined: compiled here and nowhere else.
            #[inline(never)]
            fn conv_tile(backend: Backend, job: ConvTile<'_, Self>) -> Result<(), Error> {
                backend.run(job)
            }

            #[inline(never)]
            fn dense_tile(backend: Backend, job: DenseTile<'_, Self>) -> Result<(), Error> {
                backend.run(job)
            }
        }
    };
}

element!(f32, F32x8, F32x16, F32x4);
element!(f64, F64x4, F64x8, F64x2);
