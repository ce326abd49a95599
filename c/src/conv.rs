//! Convolutional networks: lengths, preparation, pairs.

use ultrawide_core::{conv_scratch_len, prepared_len};

use crate::buffer::{apart, input, output, read, span, write};
use crate::error::{code, uw_error};
use crate::network::uw_conv;
use crate::number::Float;

/// The lengths of the buffers of a convolutional net, in numbers (float or double), not in bytes.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uw_lengths {
    /// An image: C P Q pixels in the order channel, row, column.
    pub pixels: usize,
    /// A prepared image.
    pub prepared: usize,
    /// The scratch of a pair, at least.
    pub scratch: usize,
    /// The kernels of a pair: kernels x readouts x depths, the depth running fastest.
    pub outputs: usize,
}

/// The buffers that a net needs.
///
/// Errors: UW_ERROR_NULL and UW_ERROR_ALIGNMENT; what is wrong with the net.
/// Cost: the check of the net, which every function does: some hundred instructions, the two logarithms in double among them.
///
/// # Safety
/// `net` and `lengths` are NULL or lead to what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uw_conv_lengths(net: *const uw_conv, lengths: *mut uw_lengths) -> uw_error {
    let run = || {
        // SAFETY: the caller's promise; any bits are numbers.
        let net = unsafe { read(net) }?.check()?;
        let found = uw_lengths {
            pixels: net.pixels() * net.shape().channels,
            prepared: prepared_len(&net),
            scratch: conv_scratch_len(&net),
            outputs: net.outputs(),
        };
        // SAFETY: the caller's promise.
        unsafe { write(lengths, found) }
    };
    code(run())
}

/// # Safety
/// Pointers are NULL or lead to as many numbers as is said.
unsafe fn prepare_any<S: Float>(
    net: *const uw_conv,
    pixels: (*const S, usize),
    prepared: (*mut S, usize),
) -> Result<(), uw_error> {
    // SAFETY: the caller's promise; any bits are numbers.
    let net = unsafe { read(net) }?.check()?;
    apart([span(prepared.0, prepared.1)?], [span(pixels.0, pixels.1)?])?;
    // SAFETY: the caller's promise, and they do not overlap.
    let (pixels, prepared) = unsafe { (input(pixels.0, pixels.1)?, output(prepared.0, prepared.1)?) };
    Ok(S::prepare(&net, pixels, prepared)?)
}

/// # Safety
/// Pointers are NULL or lead to as many numbers as is said.
unsafe fn pair_any<S: Float>(
    net: *const uw_conv,
    x: (*const S, usize),
    y: (*const S, usize),
    scratch: (*mut S, usize),
    kernels: (*mut S, usize),
) -> Result<(), uw_error> {
    // SAFETY: the caller's promise; any bits are numbers.
    let net = unsafe { read(net) }?.check()?;
    apart([span(scratch.0, scratch.1)?, span(kernels.0, kernels.1)?], [span(x.0, x.1)?, span(y.0, y.1)?])?;
    // SAFETY: the caller's promise.
    let (x, y) = unsafe { (input(x.0, x.1)?, input(y.0, y.1)?) };
    // SAFETY: the caller's promise, and they do not overlap with each other nor with x and y.
    let (scratch, kernels) = unsafe { (output(scratch.0, scratch.1)?, output(kernels.0, kernels.1)?) };
    Ok(S::conv(&net, x, y, scratch, kernels)?)
}

/// Prepares one image: what it contributes to every pair that it takes part in.
///
/// ```text
///     v_0[i,j] = box(sum over c of pixel_c[i,j]^2),   v_h = box(v_(h-1)) / filter^2;   written: sqrt(v_h), 1 / sqrt(v_h)
/// ```
///
/// with box the sum over filter x filter pixels, those outside the image dropped. A prepared image serves for all its pairs, in this
/// process and on this machine: its layout may change from version to version.
///
/// Shapes: `pixels_len` is uw_lengths.pixels, `prepared_len` is uw_lengths.prepared. Pixels are finite; usually of mean 0 and standard
/// deviation 1. `prepared` may hold anything before.
/// Errors: UW_ERROR_NULL, UW_ERROR_ALIGNMENT, UW_ERROR_OVERLAP, UW_ERROR_LENGTH; what is wrong with the net. After an error `prepared` is
/// as it was.
/// Cost: P Q (2 filter + 3) operations a layer, one root and one division among them.
///
/// # Safety
/// Pointers are NULL or lead to as many numbers as is said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uw_conv_prepare_f32(
    net: *const uw_conv,
    pixels: *const f32,
    pixels_len: usize,
    prepared: *mut f32,
    prepared_len: usize,
) -> uw_error {
    // SAFETY: the caller's promise.
    code(unsafe { prepare_any(net, (pixels, pixels_len), (prepared, prepared_len)) })
}

/// As uw_conv_prepare_f32, in double.
///
/// # Safety
/// Pointers are NULL or lead to as many numbers as is said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uw_conv_prepare_f64(
    net: *const uw_conv,
    pixels: *const f64,
    pixels_len: usize,
    prepared: *mut f64,
    prepared_len: usize,
) -> uw_error {
    // SAFETY: the caller's promise.
    code(unsafe { prepare_any(net, (pixels, pixels_len), (prepared, prepared_len)) })
}

/// The kernels of two images: every kernel, readout and depth of the net in one pass.
///
/// ```text
///     S = box(sum over c of x_c[i,j] y_c[i',j']),   T = S or 0 (first layer frozen)
///     for each ReLU layer, with n = sqrt(v_x[i,j] v_y[i',j']):
///         K = n kappa1(S/n) / filter^2,   T = kappa0(S/n) / filter^2 * T + K,   then S = box(K), T = box(T)
/// ```
///
/// The NNGP kernel reads out K, the NTK reads out T, or T - K where the last layer is frozen (Arora et al. 2019, arXiv 1904.11955,
/// section 4 and appendix G, in its scale: no 1/C). Where the images are equal, S/n is exactly 1.
///
/// Shapes: `x`, `y`: prepared by uw_conv_prepare_f32 for the same net, uw_lengths.prepared numbers each; they may be the same buffer.
/// `scratch`: at least uw_lengths.scratch, of any content. `kernels`: uw_lengths.outputs, in the order kernel, readout, depth.
/// Accuracy: within 2e-6 relative of the exact value up to depth 21, for images of whose patches no two are nearly opposite; with a slope, relative to the root
/// of the product of the images' own kernels (docs/accuracy.md, which also tells what is lost of opposite patches and of greater depths). The bits are those of every machine without fused multiply-add.
/// Errors: UW_ERROR_NULL, UW_ERROR_ALIGNMENT, UW_ERROR_OVERLAP, UW_ERROR_LENGTH; what is wrong with the net. After an error `kernels` is
/// as it was.
/// Cost: about 20 multiplications, 20 sums and a square root for each entry and layer; P Q entries for UW_VANILLA, P^2 Q^2 for UW_GAP.
///
/// # Safety
/// Pointers are NULL or lead to as many numbers as is said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uw_conv_pair_f32(
    net: *const uw_conv,
    x: *const f32,
    x_len: usize,
    y: *const f32,
    y_len: usize,
    scratch: *mut f32,
    scratch_len: usize,
    kernels: *mut f32,
    kernels_len: usize,
) -> uw_error {
    // SAFETY: the caller's promise.
    code(unsafe { pair_any(net, (x, x_len), (y, y_len), (scratch, scratch_len), (kernels, kernels_len)) })
}

/// As uw_conv_pair_f32, in double: within 3e-15 of the exact value, and within 3e-9 where patches are opposite (up to depth 21; docs/accuracy.md).
///
/// # Safety
/// Pointers are NULL or lead to as many numbers as is said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uw_conv_pair_f64(
    net: *const uw_conv,
    x: *const f64,
    x_len: usize,
    y: *const f64,
    y_len: usize,
    scratch: *mut f64,
    scratch_len: usize,
    kernels: *mut f64,
    kernels_len: usize,
) -> uw_error {
    // SAFETY: the caller's promise.
    code(unsafe { pair_any(net, (x, x_len), (y, y_len), (scratch, scratch_len), (kernels, kernels_len)) })
}
