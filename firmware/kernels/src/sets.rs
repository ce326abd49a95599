//! The nets, and how one of them is run.

use crate::images::{self, PARTNERS};
use ultrawide_core::*;

/// A net, and the inputs that it is given.
pub struct Set {
    /// What it is called where it is printed.
    pub name: &'static str,
    /// What kind of net.
    pub net: Net,
    depths: &'static [usize],
    trained: Trained,
}

/// The kind of a net.
pub enum Net {
    /// Dense, on as many features.
    Dense(usize),
    /// Convolutional: channels, height, width; the filter's size; the readouts.
    Conv([usize; 3], usize, &'static [Readout]),
}

const ALL: &[Readout] = &[Readout::Vanilla, Readout::Gap, Readout::Lap(1)];
const BOTH: [Kernel; 2] = [Kernel::Ntk, Kernel::Nngp];

/// Small enough, one by one, for 16 KB of memory.
pub const SETS: [Set; 8] = [
    set("dense", Net::Dense(20), &[2, 3, 11, 21], Trained::All),
    // More features than are summed plainly.
    set("dense, hidden layers trained", Net::Dense(140), &[3, 8], Trained::Hidden),
    set("conv", Net::Conv([2, 5, 4], 3, ALL), &[2, 3, 8], Trained::All),
    set("conv, hidden layers trained", Net::Conv([2, 5, 4], 3, ALL), &[3, 6], Trained::Hidden),
    // So deep that the numbers are divided on the way.
    set("conv, deep", Net::Conv([1, 3, 3], 3, ALL), &[11, 24], Trained::All),
    // These filters keep rows aside, and reach beyond the image.
    set("conv, 5x5 filters", Net::Conv([1, 4, 4], 5, &[Readout::Vanilla, Readout::Gap]), &[4], Trained::All),
    set("conv, 1x1 filters", Net::Conv([3, 1, 6], 1, &[Readout::Gap, Readout::Lap(2)]), &[3, 5], Trained::All),
    set("conv, 1x1 images", Net::Conv([20, 1, 1], 3, &[Readout::Vanilla]), &[3], Trained::Hidden),
];

/// The most numbers of an input, of a prepared image, of scratch and of outputs among [`SETS`].
const INPUT: usize = 140;
const PREPARED: usize = 425;
const SCRATCH: usize = 144;
const OUTPUTS: usize = 18;

const fn set(name: &'static str, net: Net, depths: &'static [usize], trained: Trained) -> Set {
    Set { name, net, depths, trained }
}

impl Set {
    /// The kernels of the image with partner `first` and the next ones, one in each lane; `emit` gets partner, output and value.
    ///
    /// # Errors
    /// None, as long as the buffers' sizes are right.
    pub fn run<N: Number>(&self, first: usize, emit: impl FnMut(usize, usize, N::Scalar)) -> Result<(), Error> {
        let request = Request::new(&BOTH, self.depths, self.trained)?;
        match self.net {
            Net::Dense(features) => dense::<N>(&Dense::new(request), features, first, emit),
            Net::Conv([channels, height, width], filter, readouts) => {
                let net = Conv::new(Shape { channels, height, width }, filter, readouts, request)?;
                conv::<N>(&net, first, emit)
            }
        }
    }
}

#[inline(never)]
fn dense<N: Number>(
    net: &Dense,
    features: usize,
    first: usize,
    emit: impl FnMut(usize, usize, N::Scalar),
) -> Result<(), Error> {
    let (mut x, mut y) = ([N::Scalar::zero(); INPUT], [N::zero(); INPUT]);
    let mut out = [N::zero(); OUTPUTS];
    let (x, y) = (part("input", &mut x, features)?, part("input", &mut y, features)?);
    let out = part("output", &mut out, net.outputs())?;
    images::fill(x, y, first);
    dense_pair(net, x, y, identity_cap(x, y), out)?;
    lanes(out, first, emit);
    Ok(())
}

#[inline(never)]
fn conv<N: Number>(net: &Conv, first: usize, emit: impl FnMut(usize, usize, N::Scalar)) -> Result<(), Error> {
    let (mut x, mut y) = ([N::Scalar::zero(); PREPARED], [N::zero(); PREPARED]);
    let (x, y) =
        (part("prepared image", &mut x, prepared_len(net))?, part("prepared image", &mut y, prepared_len(net))?);
    let cap = prepare_both(net, first, x, y)?;
    let (mut scratch, mut out) = ([N::zero(); SCRATCH], [N::zero(); OUTPUTS]);
    let out = part("output", &mut out, net.outputs())?;
    conv_pair(net, x, y, cap, &mut scratch, out)?;
    lanes(out, first, emit);
    Ok(())
}

/// Prepares the images; a function of its own, so that they take no memory after it.
#[inline(never)]
fn prepare_both<N: Number>(net: &Conv, first: usize, x: &mut [N::Scalar], y: &mut [N]) -> Result<Option<N>, Error> {
    let (mut x_pixels, mut y_pixels) = ([N::Scalar::zero(); INPUT], [N::zero(); INPUT]);
    let pixels = net.pixels() * net.shape().channels;
    let (x_pixels, y_pixels) = (part("image", &mut x_pixels, pixels)?, part("image", &mut y_pixels, pixels)?);
    images::fill(x_pixels, y_pixels, first);
    prepare(net, x_pixels, x)?;
    prepare(net, y_pixels, y)?;
    Ok(identity_cap(x_pixels, y_pixels))
}

/// Hands out the outputs of the lanes that hold a partner, partner by partner.
fn lanes<N: Number>(out: &[N], first: usize, mut emit: impl FnMut(usize, usize, N::Scalar)) {
    for partner in first..PARTNERS.min(first + N::LANES) {
        for (output, value) in out.iter().enumerate() {
            emit(partner, output, value.lane(partner - first));
        }
    }
}

/// The first `need` numbers of a buffer.
fn part<'a, T>(what: &'static str, buffer: &'a mut [T], need: usize) -> Result<&'a mut [T], Error> {
    let have = buffer.len();
    buffer.get_mut(..need).ok_or(Error::Length { what, have, need })
}
