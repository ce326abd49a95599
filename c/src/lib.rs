//! The C interface of [`ultrawide_core`] and [`ultrawide_classifier`]: descriptions as plain data, buffers of the caller, error codes.
//!
//! C sees `include/ultrawide.h`, which cbindgen makes of this crate's documentation; `README.md` tells how to link it. Nothing is
//! allocated, there is no global state, and nothing unwinds: the core cannot panic, and `c/check` finds that the library holds no
//! panic machinery.
//!
//! C can pass anything. Every integer is compared with the values it may have, and every pointer is checked as far as a pointer can
//! be: NULL, alignment, the end of the address space, and outputs that overlap with what they are computed from. That a pointer leads to
//! as many numbers as the caller says is what remains, and is the safety condition of every function here.
#![no_std]
#![deny(missing_docs)]
#![allow(non_camel_case_types, reason = "the names are those that C sees")]

mod buffer;
mod classifier;
mod conv;
mod dense;
mod error;
mod network;
mod number;

pub use classifier::{uw_affine, uw_classifier, uw_classifier_workspace, uw_classify};
pub use conv::{
    uw_conv_lengths, uw_conv_pair_f32, uw_conv_pair_f64, uw_conv_prepare_f32, uw_conv_prepare_f64, uw_lengths,
};
pub use dense::{uw_dense_outputs, uw_dense_pair_f32, uw_dense_pair_f64};
pub use error::{uw_error, uw_error_message, uw_error_name};
pub use network::{
    UW_MAX_DEPTHS, UW_MAX_KERNELS, UW_MAX_READOUTS, uw_conv, uw_dense, uw_kernel, uw_pooling, uw_readout, uw_request,
    uw_trained,
};

use core::ffi::{CStr, c_char};

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// The version of the library, such as "0.1.0". Cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn uw_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Never called, but a library without the standard library must have one. Only `c/build` makes such a library, with a profile in
/// which a panic aborts; in tests the standard library has its own.
#[cfg(panic = "abort")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
