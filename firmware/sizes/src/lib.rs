//! What the programs of this package share: two images in flash, and one convolutional kernel of them.
//!
//! Shape and depth are kept from the compiler, so that the code is not made for one net alone.
#![no_std]
#![cfg(target_os = "none")]

pub mod report;

use core::hint::black_box;
use report::Report;
use ultrawide_core::*;

/// Images of 8×8 pixels, the first grey levels of a digit each.
const SIDE: usize = 8;
/// Their pixels, or features.
pub const PIXELS: usize = SIDE * SIDE;
/// The depth of the nets.
pub const DEPTH: usize = 11;
/// Others, so that the layers between can be counted. Those of a dense net are few instructions, hence so many.
pub const SHALLOW: usize = 3;
/// See [`SHALLOW`].
pub const DEEP: usize = 1003;

/// What [`prepared_len`] and [`conv_scratch_len`] give for these nets.
const PREPARED: usize = PIXELS * (1 + 2 * (DEPTH - 1)) + 2;
const SCRATCH: usize = 3 * (PIXELS + 3 * SIDE) + 2;

/// The number that the programs compute with.
#[cfg(not(feature = "fpu"))]
pub type Float = f32;
/// The number that the programs compute with.
#[cfg(feature = "fpu")]
pub type Float = board::Fpu;

/// Two images, one of numbers above 0 and one of numbers below: such as are close to each other at some displacement, and small ones soon are, are run twice.
pub static IMAGES: [[f32; PIXELS]; 2] = [image(7, 1.0), image(11, -1.0)];

/// Values up to the given one without a pattern, squares, so that a dense net's inputs are not nearly opposite.
const fn image(step: usize, most: f32) -> [f32; PIXELS] {
    let mut pixels = [0.0; PIXELS];
    let mut at = 0;
    while at < PIXELS {
        let root = (1 + at * at * step % 61) as f32 / 61.0;
        pixels[at] = most * root * root;
        at += 1;
    }
    pixels
}

/// The outputs that are asked for: the NTK at one depth.
///
/// # Errors
/// None, for depths from 2 on.
pub fn request(depth: usize) -> Result<Request, Error> {
    Request::new(&[Kernel::Ntk], &[black_box(depth)], Trained::All)
}

/// A whole program: the kernel of the two images, read out in one way.
pub fn conv(readout: Readout) -> ! {
    let (mut x, mut y) = ([0.0; PREPARED], [Float::zero(); PREPARED]);
    let (mut scratch, mut out) = ([Float::zero(); SCRATCH], [Float::zero()]);
    let buffers = size_of_val(&x) + size_of_val(&y) + size_of_val(&scratch) + size_of_val(&out);
    let mut report = Report::begin(buffers + size_of::<[Float; PIXELS]>());
    let mut run = |depth, report: &mut Report| -> Result<(), Error> {
        let shape = black_box(Shape { channels: 1, height: SIDE, width: SIDE });
        let net = Conv::new(shape, black_box(3), &[readout], request(depth)?)?;
        let len = prepared_len(&net);
        let (Some(x), Some(y)) = (x.get_mut(..len), y.get_mut(..len)) else { return Ok(()) };
        let [x_image, y_image] = black_box(&IMAGES);
        let y_image = y_image.map(Float::splat);
        prepare(&net, x_image, x)?;
        report.count("prepare", depth, || prepare(&net, &y_image, y))?;
        let cap = identity_cap(x_image, &y_image);
        report.count("pair", depth, || conv_pair(&net, x, y, cap, &mut scratch, &mut out))
    };
    let depths: &[usize] = if cfg!(feature = "measure") { &[SHALLOW, DEPTH] } else { &[DEPTH] };
    let done = depths.iter().all(|&depth| run(depth, &mut report).is_ok());
    report.end(out.map(|kernel| kernel.lane(0)), done)
}
