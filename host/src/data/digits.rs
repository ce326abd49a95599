//! The bundled digits: 1,797 handwritten digits of 8×8 pixels, so that a fresh clone has something to run on.
//!
//! The source is one file without a division into training and test set, and neighbours in it look alike: its order seems to
//! follow the writers. Here the third of every five images *of each class* (positions 2, 7, 12, … counted from 0) is a test
//! image: the classes keep their shares, and both sets hold every part of the source. 1,438 images train, 359 test. Of the
//! five such divisions this is the one whose accuracy is nearest their mean: a dense NTK of depth 3 reaches 98.6 to 99.7 %
//! on them, 99.2 % on this one. It says nothing about the hand of somebody who is not in the training set.
//!
//! `host/data/README.md` tells origin, licence and authors.

use ultrawide_core::Shape;

use super::DataError;
use super::idx;
use super::images::{Images, Labelled, Pixels};
use super::input::gunzip;
use super::quota::Quota;

const IMAGES: &[u8] = include_bytes!("../../data/digits-images.gz");
const LABELS: &[u8] = include_bytes!("../../data/digits-labels.gz");

/// The shape of every image.
pub const SHAPE: Shape = Shape { channels: 1, height: 8, width: 8 };
/// Brings pixels, which are 0 to 16, to [0, 1].
pub const SCALE: f64 = 1.0 / 16.0;

/// Whether the image at `position` among those of its class, counted from 0, is a test image.
fn is_test(position: usize) -> bool {
    position % 5 == 2
}

/// Reads the wanted images of both sets.
pub(super) fn load(mut train: Quota, mut test: Quota) -> Result<(Labelled, Labelled), DataError> {
    let (all, labels) = read()?;
    let mut positions = [0; 10];
    let (mut train_indices, mut test_indices) = (Vec::new(), Vec::new());
    for (index, &label) in labels.iter().enumerate() {
        let Some(position) = positions.get_mut(usize::from(label)) else {
            continue;
        };
        if is_test(*position) {
            if test.keep(label) {
                test_indices.push(index);
            }
        } else if train.keep(label) {
            train_indices.push(index);
        }
        *position += 1;
    }
    train.finish()?;
    test.finish()?;
    let select = |indices: &[usize]| -> Result<Labelled, DataError> {
        Ok(Labelled { images: all.select(indices)?, labels: indices.iter().map(|&index| labels[index]).collect() })
    };
    Ok((select(&train_indices)?, select(&test_indices)?))
}

/// All digits, in the order of their source.
pub(super) fn read() -> Result<(Images, Vec<u16>), DataError> {
    let (images_name, labels_name) = ("bundled digits-images.gz", "bundled digits-labels.gz");
    let unpack = |bytes: &'static [u8], name: &str| {
        gunzip(bytes).map_err(|cause| DataError::Io { file: name.to_owned(), cause })
    };
    let images = idx::read_images(unpack(IMAGES, images_name)?, images_name)?;
    let labels = idx::read_labels(unpack(LABELS, labels_name)?, labels_name, 9)?;
    let too_bright = |pixels: &[u8]| pixels.iter().any(|&pixel| pixel > 16);
    match images.pixels() {
        Pixels::U8(pixels) if images.shape() == SHAPE && images.len() == labels.len() && !too_bright(pixels) => {
            Ok((images, labels))
        }
        _ => Err(DataError::format(images_name, "not the 8x8 images of 0 to 16 with a label each")),
    }
}
