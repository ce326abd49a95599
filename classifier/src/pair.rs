//! The core's functions of one image and of two, with the rule for equal images.
//!
//! The core is inlined wherever it is called. In a small machine one copy is enough, and only of a function with one caller does the
//! compiler find again that it cannot panic: hence the versions in `f32`, which are compiled once.

use ultrawide_core::{Conv, Dense, Error, Scalar, conv_pair, dense_pair, identity_cap, prepare};

/// The kernels of two prepared images: [`ultrawide_core::conv_pair`].
///
/// # Accuracy
/// Its bits.
#[inline(always)]
pub fn conv_kernels<S: Scalar>(net: &Conv, x: &[S], y: &[S], scratch: &mut [S], out: &mut [S]) -> Result<(), Error> {
    // Scaled by powers of two, images that differ by such a factor alone are equal: they are parallel, so λ is 1 as well.
    let pixels = net.pixels() * net.shape().channels;
    let cap = identity_cap(x.get(..pixels).unwrap_or_default(), y.get(..pixels).unwrap_or_default());
    conv_pair(net, x, y, cap, scratch, out)
}

/// The kernels of two inputs of a fully connected net: [`ultrawide_core::dense_pair`].
///
/// # Accuracy
/// Its bits.
#[inline(always)]
pub fn dense_kernels<S: Scalar>(net: &Dense, x: &[S], y: &[S], out: &mut [S]) -> Result<(), Error> {
    dense_pair(net, x, y, identity_cap(x, y), out)
}

/// [`ultrawide_core::prepare`] in `f32`.
///
/// # Accuracy
/// Its bits.
#[inline(never)]
pub fn prepare_f32(net: &Conv, pixels: &[f32], out: &mut [f32]) -> Result<(), Error> {
    prepare(net, pixels, out)
}

/// [`conv_kernels`] in `f32`.
///
/// # Accuracy
/// Its bits.
#[inline(never)]
pub fn conv_kernels_f32(net: &Conv, x: &[f32], y: &[f32], scratch: &mut [f32], out: &mut [f32]) -> Result<(), Error> {
    conv_kernels(net, x, y, scratch, out)
}

/// [`dense_kernels`] in `f32`.
///
/// # Accuracy
/// Its bits.
#[inline(never)]
pub fn dense_kernels_f32(net: &Dense, x: &[f32], y: &[f32], out: &mut [f32]) -> Result<(), Error> {
    dense_kernels(net, x, y, out)
}
