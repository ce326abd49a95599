//! Fully connected networks.

use crate::buffer::{apart, input, output, read, span, write};
use crate::error::{code, uw_error};
use crate::network::uw_dense;
use crate::number::Float;

/// The number of kernels that a fully connected net gives for a pair: kernels x depths.
///
/// Errors: UW_ERROR_NULL and UW_ERROR_ALIGNMENT; what is wrong with the net.
///
/// # Safety
/// `net` and `outputs` are NULL or lead to what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uw_dense_outputs(net: *const uw_dense, outputs: *mut usize) -> uw_error {
    let run = || {
        // SAFETY: the caller's promise; any bits are numbers.
        let net = unsafe { read(net) }?.check()?;
        // SAFETY: the caller's promise.
        unsafe { write(outputs, net.outputs()) }
    };
    code(run())
}

/// # Safety
/// Pointers are NULL or lead to as many numbers as is said.
unsafe fn pair_any<S: Float>(
    net: *const uw_dense,
    x: *const S,
    y: *const S,
    features: usize,
    kernels: (*mut S, usize),
) -> Result<(), uw_error> {
    // SAFETY: the caller's promise; any bits are numbers.
    let net = unsafe { read(net) }?.check()?;
    apart([span(kernels.0, kernels.1)?], [span(x, features)?, span(y, features)?])?;
    // SAFETY: the caller's promise.
    let (x, y) = unsafe { (input(x, features)?, input(y, features)?) };
    // SAFETY: the caller's promise, and it does not overlap with x and y.
    let kernels = unsafe { output(kernels.0, kernels.1) }?;
    Ok(S::dense(&net, x, y, kernels)?)
}

/// The kernels of two inputs of a fully connected ReLU net without biases: every kernel and depth of its request in one pass.
///
/// ```text
///     S = x.y,   T = S or 0 (first layer frozen);   for each ReLU layer, with n = |x| |y|:
///         K = n kappa1(S/n),   T = kappa0(S/n) T + K,   S = K
/// ```
///
/// That is the formula of ReLUs; that of leaky ReLUs and residual connections: docs/theory.md. The NNGP kernel is K, the NTK is T, or
/// T - K where the last layer is frozen. Nothing needs to be prepared, and there is no scratch.
///
/// Shapes: `x`, `y`: `features` numbers each, at least one, finite; they may be the same buffer. `kernels`: as many as uw_dense_outputs
/// says, in the order kernel, depth.
/// Accuracy: within 2e-6 up to depth 21, relative to the exact value, or to the root of the product of the inputs' own kernels where S < 0, with a slope
/// and with residual connections (docs/accuracy.md).
/// Errors: UW_ERROR_NULL, UW_ERROR_ALIGNMENT, UW_ERROR_OVERLAP, UW_ERROR_LENGTH; what is wrong with the net. After an error
/// `kernels` is as it was.
/// Cost: 7 operations a feature; about 20 multiplications, a sum and a square root a layer.
///
/// # Safety
/// Pointers are NULL or lead to as many numbers as is said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uw_dense_pair_f32(
    net: *const uw_dense,
    x: *const f32,
    y: *const f32,
    features: usize,
    kernels: *mut f32,
    kernels_len: usize,
) -> uw_error {
    // SAFETY: the caller's promise.
    code(unsafe { pair_any(net, x, y, features, (kernels, kernels_len)) })
}

/// As uw_dense_pair_f32, in double: within 5e-15 of the exact value (up to depth 21; docs/accuracy.md).
///
/// # Safety
/// Pointers are NULL or lead to as many numbers as is said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uw_dense_pair_f64(
    net: *const uw_dense,
    x: *const f64,
    y: *const f64,
    features: usize,
    kernels: *mut f64,
    kernels_len: usize,
) -> uw_error {
    // SAFETY: the caller's promise.
    code(unsafe { pair_any(net, x, y, features, (kernels, kernels_len)) })
}
