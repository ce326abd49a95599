//! Host.

pub mod store;
