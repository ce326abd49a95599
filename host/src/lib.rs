//! Host.

pub mod data;
pub mod regression;
pub mod simd;
pub mod store;
