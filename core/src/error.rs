//! What can be wrong with a description or a buffer.

use core::fmt;

/// An error of this crate; every variant carries the numbers that its message names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A shape has a zero dimension.
    EmptyShape {
        /// Channels, height, width.
        shape: crate::Shape,
    },
    /// The buffers for a shape and depth would be larger than the address space.
    TooLarge {
        /// Channels, height, width.
        shape: crate::Shape,
        /// The largest depth asked for.
        depth: usize,
    },
    /// A filter of even size has no centre.
    EvenFilter {
        /// q, the size asked for.
        filter: usize,
    },
    /// The window of a local average pooling is too large to be counted.
    PoolingTooLarge {
        /// c, the half width asked for.
        lap: usize,
    },
    /// A list (of depths, kernels, readouts) is empty.
    EmptyList {
        /// What the list holds.
        what: &'static str,
    },
    /// A list is longer than this crate's fixed capacity.
    LongList {
        /// What the list holds.
        what: &'static str,
        /// Its length.
        len: usize,
        /// The capacity.
        limit: usize,
    },
    /// A kernel or readout is listed twice.
    Duplicate {
        /// What the list holds.
        what: &'static str,
        /// The position of the second mention, counted from 0.
        index: usize,
    },
    /// A depth below 2: a net with no ReLU is linear and has no infinite-width limit to compute.
    ShallowDepth {
        /// The depth asked for.
        depth: usize,
    },
    /// A depth above [`crate::network::MAX_DEPTH`].
    DeepDepth {
        /// The depth asked for.
        depth: usize,
    },
    /// Depths must increase from one to the next; equal ones are duplicates.
    UnorderedDepths {
        /// The depth before.
        before: usize,
        /// The depth that is not larger.
        after: usize,
    },
    /// At depth 2 with the first and last layer frozen no layer is trained, so the NTK is zero.
    NothingTrained,
    /// A number of the network is infinite or NaN.
    NotFinite {
        /// Which number.
        what: &'static str,
    },
    /// A buffer has the wrong length.
    Length {
        /// Which buffer.
        what: &'static str,
        /// The elements it holds.
        have: usize,
        /// The elements it must hold (at least, for scratch).
        need: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Error::EmptyShape { shape } => write!(f, "shape {shape} holds nothing: every dimension must be at least 1"),
            Error::TooLarge { shape, depth } => {
                write!(f, "shape {shape} at depth {depth} needs buffers larger than the address space")
            }
            Error::EvenFilter { filter } => write!(f, "filter size {filter} is even: it must be odd (1, 3, 5, …)"),
            Error::PoolingTooLarge { lap } => {
                write!(f, "pooling half width {lap} is too large: the limit is {}", crate::network::MAX_LAP)
            }
            Error::EmptyList { what } => write!(f, "no {what} given: at least one is needed"),
            Error::LongList { what, len, limit } => write!(f, "{len} {what} given: at most {limit} fit"),
            Error::Duplicate { what, index } => write!(f, "{what} number {} is listed twice", index.saturating_add(1)),
            Error::ShallowDepth { depth } => {
                write!(
                    f,
                    "depth {depth} has no ReLU layer: the smallest depth is 2 (one hidden layer and the output layer)"
                )
            }
            Error::DeepDepth { depth } => {
                write!(f, "depth {depth} is too large: the limit is {}", crate::network::MAX_DEPTH)
            }
            Error::UnorderedDepths { before, after } if before == after => write!(f, "depth {after} is listed twice"),
            Error::UnorderedDepths { before, after } => {
                write!(f, "depth {after} follows depth {before}: depths must be listed in increasing order")
            }
            Error::NothingTrained => {
                write!(
                    f,
                    "depth 2 with the first and last layers frozen trains nothing, its NTK is zero: use depth 3 or more, or train all layers"
                )
            }
            Error::NotFinite { what } => write!(f, "the {what} must be a finite number"),
            Error::Length { what, have, need } => write!(f, "{what} holds {have} elements, {need} are needed"),
        }
    }
}

impl core::error::Error for Error {}
