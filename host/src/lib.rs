//! Host.

pub mod data;
pub mod gram;
pub mod job;
pub mod regression;
pub mod simd;
pub mod store;
