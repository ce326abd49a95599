//! Host.

pub mod regression;
