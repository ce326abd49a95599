//! The experiments in a size that takes seconds.
