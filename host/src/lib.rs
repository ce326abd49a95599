//! Host.

pub mod data;
