//! Host.

pub mod data;
pub mod simd;
