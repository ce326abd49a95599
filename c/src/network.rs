//! Networks as plain data, and what the core makes of them.

use ultrawide_core::{Conv, Dense, Kernel, Readout, Request, Shape, Trained, network};

use crate::error::uw_error::{self, *};

/// The length of the list of depths.
pub const UW_MAX_DEPTHS: usize = 32;
/// The length of the list of kernels.
pub const UW_MAX_KERNELS: usize = 2;
/// The length of the list of readouts.
pub const UW_MAX_READOUTS: usize = 8;

const _: () = assert!(UW_MAX_DEPTHS == network::MAX_DEPTHS && UW_MAX_READOUTS == network::MAX_READOUTS);

/// The kernel of an infinitely wide network.
#[repr(u32)]
#[derive(Clone, Copy)]
pub enum uw_kernel {
    /// The covariance of the output at random initialisation.
    UW_NNGP = 1,
    /// The neural tangent kernel: training by gradient flow.
    UW_NTK = 2,
}

/// Which layers are trained; it concerns the NTK alone.
#[repr(u32)]
#[derive(Clone, Copy)]
pub enum uw_trained {
    /// Every layer.
    UW_TRAIN_ALL = 0,
    /// Every layer but the first and the last.
    UW_TRAIN_HIDDEN = 1,
}

/// How the P x Q x P x Q array T of a convolutional net becomes one number.
#[repr(u32)]
#[derive(Clone, Copy)]
pub enum uw_pooling {
    /// Flatten and a dense layer: the sum of `T[i,j,i,j]` over all pixels (i,j).
    UW_VANILLA = 1,
    /// Global average pooling: the mean over all P^2 Q^2 entries.
    UW_GAP = 2,
    /// Local average pooling with windows of (2c+1)^2 pixels, c = lap: (2c+1)^-4 times the sum of `T[i+a,j+b,i+a',j+b']` over all pixels
    /// (i,j) and all a, b, a', b' from -c to c, terms outside the image dropped.
    UW_LAP = 3,
}

/// A readout of a convolutional net.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uw_readout {
    /// A constant of uw_pooling.
    pub pooling: u32,
    /// The half width c of UW_LAP, at most 4096; 0 for the others.
    pub lap: u32,
}

/// The outputs of one pass: every kernel at every depth. The lists end at their first zero.
///
/// All depths together cost what the largest one costs.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uw_request {
    /// Constants of uw_kernel, none twice.
    pub kernels: [u32; UW_MAX_KERNELS],
    /// Depths, increasing, from 2 to 16384. A depth counts the layers with weights: depth - 1 hidden layers, each with a ReLU, and the
    /// output layer.
    pub depths: [u32; UW_MAX_DEPTHS],
    /// A constant of uw_trained.
    pub trained: u32,
}

/// A convolutional ReLU net without biases: filter x filter weights, stride 1, zero padding.
///
/// Example: `uw_conv net = {1, 8, 8, 3, {{UW_VANILLA, 0}}, {{UW_NTK}, {3, 5}, UW_TRAIN_ALL}, 0};`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uw_conv {
    /// C, the channels of an image.
    pub channels: u32,
    /// P, its rows.
    pub height: u32,
    /// Q, its columns.
    pub width: u32,
    /// The size of the filters, odd.
    pub filter: u32,
    /// What is read out, none twice; the list ends at the first readout with pooling 0.
    pub readouts: [uw_readout; UW_MAX_READOUTS],
    /// The kernels and depths.
    pub request: uw_request,
    /// b of leaky ReLUs in place of the ReLUs: sqrt(2/(1 + b^2)) z where z > 0, b times that where z < 0. 0 is the ReLU, -1 the absolute
    /// value; all but 0 take longer.
    pub slope: f64,
}

/// A fully connected ReLU net without biases.
///
/// Example: `uw_dense net = {{{UW_NTK}, {3, 5}, UW_TRAIN_ALL}, 0, 0, 0};`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct uw_dense {
    /// The kernels and depths.
    pub request: uw_request,
    /// b of leaky ReLUs, as in uw_conv.
    pub slope: f64,
    /// s of the residual connections, where there are any.
    pub strength: f64,
    /// 1: connections around every hidden layer but the first, `z = (z + s W phi(z))/sqrt(1 + s^2)`; 0: none, and s must be 0.
    pub residual: u32,
}

pub(crate) fn kernel(number: u32) -> Result<Kernel, uw_error> {
    match number {
        _ if number == uw_kernel::UW_NNGP as u32 => Ok(Kernel::Nngp),
        _ if number == uw_kernel::UW_NTK as u32 => Ok(Kernel::Ntk),
        _ => Err(UW_ERROR_VALUE),
    }
}

pub(crate) fn trained(number: u32) -> Result<Trained, uw_error> {
    match number {
        _ if number == uw_trained::UW_TRAIN_ALL as u32 => Ok(Trained::All),
        _ if number == uw_trained::UW_TRAIN_HIDDEN as u32 => Ok(Trained::Hidden),
        _ => Err(UW_ERROR_VALUE),
    }
}

pub(crate) fn readout(readout: uw_readout) -> Result<Readout, uw_error> {
    let uw_readout { pooling, lap } = readout;
    match pooling {
        _ if pooling == uw_pooling::UW_LAP as u32 => Ok(Readout::Lap(lap as usize)),
        _ if lap != 0 => Err(UW_ERROR_VALUE),
        _ if pooling == uw_pooling::UW_VANILLA as u32 => Ok(Readout::Vanilla),
        _ if pooling == uw_pooling::UW_GAP as u32 => Ok(Readout::Gap),
        _ => Err(UW_ERROR_VALUE),
    }
}

pub(crate) fn shape(channels: u32, height: u32, width: u32) -> Shape {
    Shape { channels: channels as usize, height: height as usize, width: width as usize }
}

/// The entries of a list before its first zero, converted; `fill` stands where none is.
fn list<T: Copy, U: Copy, const N: usize>(
    items: &[T; N],
    is_zero: impl Fn(&T) -> bool,
    fill: U,
    convert: impl Fn(T) -> Result<U, uw_error>,
) -> Result<([U; N], usize), uw_error> {
    let (mut converted, mut len, mut ended) = ([fill; N], 0, false);
    for (item, converted) in items.iter().zip(&mut converted) {
        if is_zero(item) {
            ended = true;
        } else if ended {
            return Err(UW_ERROR_LIST);
        } else {
            *converted = convert(*item)?;
            len += 1;
        }
    }
    Ok((converted, len))
}

impl uw_request {
    pub(crate) fn check(&self) -> Result<Request, uw_error> {
        let (kernels, kernel_count) = list(&self.kernels, |&kernel| kernel == 0, Kernel::Ntk, kernel)?;
        let (depths, depth_count) = list(&self.depths, |&depth| depth == 0, 0, |depth| Ok(depth as usize))?;
        let kernels = kernels.get(..kernel_count).unwrap_or_default();
        let depths = depths.get(..depth_count).unwrap_or_default();
        Ok(Request::new(kernels, depths, trained(self.trained)?)?)
    }
}

impl uw_conv {
    pub(crate) fn check(&self) -> Result<Conv, uw_error> {
        let none = |readout: &uw_readout| readout.pooling == 0 && readout.lap == 0;
        let (readouts, count) = list(&self.readouts, none, Readout::Vanilla, readout)?;
        let shape = shape(self.channels, self.height, self.width);
        let readouts = readouts.get(..count).unwrap_or_default();
        Ok(Conv::new(shape, self.filter as usize, readouts, self.request.check()?)?.with_slope(self.slope)?)
    }
}

impl uw_dense {
    pub(crate) fn check(&self) -> Result<Dense, uw_error> {
        let net = Dense::new(self.request.check()?).with_slope(self.slope)?;
        match self.residual {
            0 if self.strength == 0.0 => Ok(net),
            1 => Ok(net.with_residual(self.strength)?),
            _ => Err(UW_ERROR_VALUE),
        }
    }
}
