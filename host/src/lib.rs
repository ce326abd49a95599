//! Host.

pub mod data;
pub mod simd;
pub mod store;
