//! What can go wrong while a Gram matrix is computed.

use crate::data::DataError;
use std::error::Error;
use std::path::PathBuf;
use ultrawide_core::Shape;

/// Why a Gram matrix was not computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GramError {
    /// The core refused a description or a buffer.
    #[error(transparent)]
    Core(#[from] ultrawide_core::Error),
    /// The images could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The network is made for other images, or the two sets differ.
    #[error("{what} hold images of {have}, the network takes {need}")]
    Shape {
        /// Which images.
        what: &'static str,
        /// Their shape.
        have: Shape,
        /// The network's.
        need: Shape,
    },
    /// No image to compute with.
    #[error("{0} hold no image: at least 1 is needed")]
    Empty(&'static str),
    /// The values leave the range of the working precision.
    #[error(
        "the kernel of image {row} of {rows} and image {column} of {columns} overflows: the pixels are too large \
         for this precision; scale them down or use --precision f64"
    )]
    NotFinite {
        /// The image's number in the rows' set, from 0.
        row: usize,
        /// The images of the rows' set.
        rows: usize,
        /// The image's number in the columns' set, from 0.
        column: usize,
        /// The images of the columns' set.
        columns: usize,
        /// What came out.
        value: f64,
    },
    /// The kernel of an image that is not black with itself is too small for the working precision.
    #[error(
        "the kernel of image {image} of {images} with itself underflows to {value:e} ({output}): use --precision f64 \
         or a smaller filter or depth, or scale the pixels up"
    )]
    Underflow {
        /// The image's number in its set, from 0.
        image: usize,
        /// The images of the set.
        images: usize,
        /// Which output.
        output: String,
        /// What came out.
        value: f64,
    },
    /// There is no memory for a tile.
    #[error("no memory for a tile of {bytes} bytes: use a smaller --tile")]
    Memory {
        /// The bytes that were asked for.
        bytes: usize,
    },
    /// A pixel leaves the range of the working precision.
    #[error(
        "number {index} of image {image} is {value} in this precision: scale the pixels down or use --precision f64"
    )]
    PixelRange {
        /// The image, from 0.
        image: usize,
        /// The position among its numbers, from 0.
        index: usize,
        /// What it became.
        value: f64,
    },
    /// A finished tile could not be kept.
    #[error("{0}")]
    Sink(#[source] Box<dyn Error + Send + Sync>),
    /// A stored tile holds something that is no kernel, although its checksum is right.
    #[error(
        "{}: {value} at row {row}, column {column} of array {array} ({output}) is no kernel: remove this file, and \
         --resume computes it again",
        file.display()
    )]
    Stored {
        /// The tile's file.
        file: PathBuf,
        /// The array.
        array: String,
        /// Which output.
        output: String,
        /// The row of the array.
        row: usize,
        /// The column of the array.
        column: usize,
        /// What stands there.
        value: f64,
    },
    /// A tile that is asked for was never computed.
    #[error("tile ({i}, {j}) is missing")]
    Missing {
        /// The tile's row.
        i: usize,
        /// The tile's column.
        j: usize,
    },
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {cause}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// Why not.
        cause: String,
    },
}
