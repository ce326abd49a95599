//! float and double.

use ultrawide_classifier::pair;
use ultrawide_core::{Conv, Dense, Error, Scalar, prepare};

/// A number that C passes. Those of `f32` are the functions that the classifier uses: the library holds each once.
pub(crate) trait Float: Scalar {
    fn prepare(net: &Conv, pixels: &[Self], prepared: &mut [Self]) -> Result<(), Error>;
    fn conv(net: &Conv, x: &[Self], y: &[Self], scratch: &mut [Self], kernels: &mut [Self]) -> Result<(), Error>;
    fn dense(net: &Dense, x: &[Self], y: &[Self], kernels: &mut [Self]) -> Result<(), Error>;
}

impl Float for f32 {
    fn prepare(net: &Conv, pixels: &[f32], prepared: &mut [f32]) -> Result<(), Error> {
        pair::prepare_f32(net, pixels, prepared)
    }

    fn conv(net: &Conv, x: &[f32], y: &[f32], scratch: &mut [f32], kernels: &mut [f32]) -> Result<(), Error> {
        pair::conv_kernels_f32(net, x, y, scratch, kernels)
    }

    fn dense(net: &Dense, x: &[f32], y: &[f32], kernels: &mut [f32]) -> Result<(), Error> {
        pair::dense_kernels_f32(net, x, y, kernels)
    }
}

impl Float for f64 {
    fn prepare(net: &Conv, pixels: &[f64], prepared: &mut [f64]) -> Result<(), Error> {
        prepare(net, pixels, prepared)
    }

    fn conv(net: &Conv, x: &[f64], y: &[f64], scratch: &mut [f64], kernels: &mut [f64]) -> Result<(), Error> {
        pair::conv_kernels(net, x, y, scratch, kernels)
    }

    fn dense(net: &Dense, x: &[f64], y: &[f64], kernels: &mut [f64]) -> Result<(), Error> {
        pair::dense_kernels(net, x, y, kernels)
    }
}
