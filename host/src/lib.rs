//! Host.
pub mod simd;
