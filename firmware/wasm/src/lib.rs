//! The fixed set of kernels on WebAssembly, on floats and on vectors of 128 bits; `run.mjs` calls it.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![cfg(target_arch = "wasm32")]

mod operations;

use kernels::check;
use ultrawide_core::{F32x4, F64x2};

/// Runs everything: 0 where every bit is right.
#[unsafe(no_mangle)]
extern "C" fn run() -> u32 {
    let right =
        operations::agree() & check::all::<f32>() & check::all::<F32x4>() & check::all::<f64>() & check::all::<F64x2>();
    u32::from(!right)
}
