//! Error codes, their names and messages.

use core::ffi::{CStr, c_char};

use ultrawide_core::Error;

/// What can be wrong. The numbers of the constants stay what they are in later versions; new ones may come.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum uw_error {
    /// All went well.
    UW_OK = 0,
    /// A pointer is NULL.
    UW_ERROR_NULL = 1,
    /// A pointer is not aligned to what it points to.
    UW_ERROR_ALIGNMENT = 2,
    /// An output or the scratch overlaps with another buffer.
    UW_ERROR_OVERLAP = 3,
    /// A buffer has the wrong length; the functions that tell lengths name the right one.
    UW_ERROR_LENGTH = 4,
    /// A number stands for nothing: a kernel, pooling or choice of trained layers that does not exist, a lap where no local pooling is
    /// asked for, images in two formats, residual connections other than 0 and 1 or a strength without them.
    UW_ERROR_VALUE = 5,
    /// Something follows the zero that ends a list.
    UW_ERROR_LIST = 6,
    /// A dimension of the shape is zero.
    UW_ERROR_EMPTY_SHAPE = 7,
    /// The buffers would be larger than the address space.
    UW_ERROR_TOO_LARGE = 8,
    /// The size of the filter is even.
    UW_ERROR_EVEN_FILTER = 9,
    /// The half width of the local average pooling is above 4096.
    UW_ERROR_POOLING_TOO_LARGE = 10,
    /// A list holds nothing: kernels, depths, readouts, classes, support images.
    UW_ERROR_EMPTY_LIST = 11,
    /// A kernel or a readout is listed twice.
    UW_ERROR_DUPLICATE = 12,
    /// A depth is 1: such a net is linear.
    UW_ERROR_SHALLOW_DEPTH = 13,
    /// A depth is above 16384.
    UW_ERROR_DEEP_DEPTH = 14,
    /// The depths do not increase.
    UW_ERROR_UNORDERED_DEPTHS = 15,
    /// At depth 2 with the first and the last layer frozen nothing is trained, and the NTK is zero.
    UW_ERROR_NOTHING_TRAINED = 16,
    /// An error that this version has no code for.
    UW_ERROR_OTHER = 17,
    /// A slope or a strength is infinite or NaN.
    UW_ERROR_NOT_FINITE = 18,
}

use uw_error::*;

/// Every code with its name and its message.
const TEXTS: [(uw_error, &CStr, &CStr); 19] = [
    (UW_OK, c"UW_OK", c"all went well"),
    (UW_ERROR_NULL, c"UW_ERROR_NULL", c"a pointer is NULL"),
    (UW_ERROR_ALIGNMENT, c"UW_ERROR_ALIGNMENT", c"a pointer is not aligned"),
    (UW_ERROR_OVERLAP, c"UW_ERROR_OVERLAP", c"an output or the scratch overlaps with another buffer"),
    (UW_ERROR_LENGTH, c"UW_ERROR_LENGTH", c"a buffer has the wrong length"),
    (UW_ERROR_VALUE, c"UW_ERROR_VALUE", c"a number of the description stands for nothing"),
    (UW_ERROR_LIST, c"UW_ERROR_LIST", c"something follows the zero that ends a list"),
    (UW_ERROR_EMPTY_SHAPE, c"UW_ERROR_EMPTY_SHAPE", c"a dimension of the shape is zero"),
    (UW_ERROR_TOO_LARGE, c"UW_ERROR_TOO_LARGE", c"the buffers would be larger than the address space"),
    (UW_ERROR_EVEN_FILTER, c"UW_ERROR_EVEN_FILTER", c"the size of the filter is even: it must be odd (1, 3, 5, ...)"),
    (UW_ERROR_POOLING_TOO_LARGE, c"UW_ERROR_POOLING_TOO_LARGE", c"the half width of the pooling is above 4096"),
    (UW_ERROR_EMPTY_LIST, c"UW_ERROR_EMPTY_LIST", c"a list holds nothing: at least one is needed"),
    (UW_ERROR_DUPLICATE, c"UW_ERROR_DUPLICATE", c"a kernel or a readout is listed twice"),
    (UW_ERROR_SHALLOW_DEPTH, c"UW_ERROR_SHALLOW_DEPTH", c"a depth has no ReLU layer: the smallest is 2"),
    (UW_ERROR_DEEP_DEPTH, c"UW_ERROR_DEEP_DEPTH", c"a depth is above 16384"),
    (UW_ERROR_UNORDERED_DEPTHS, c"UW_ERROR_UNORDERED_DEPTHS", c"depths must be listed in increasing order"),
    (
        UW_ERROR_NOTHING_TRAINED,
        c"UW_ERROR_NOTHING_TRAINED",
        c"depth 2 with the first and last layers frozen trains nothing",
    ),
    (UW_ERROR_OTHER, c"UW_ERROR_OTHER", c"an error that this version has no code for"),
    (UW_ERROR_NOT_FINITE, c"UW_ERROR_NOT_FINITE", c"a slope or a strength is infinite or NaN"),
];

impl From<Error> for uw_error {
    fn from(error: Error) -> Self {
        match error {
            Error::EmptyShape { .. } => UW_ERROR_EMPTY_SHAPE,
            Error::TooLarge { .. } => UW_ERROR_TOO_LARGE,
            Error::EvenFilter { .. } => UW_ERROR_EVEN_FILTER,
            Error::PoolingTooLarge { .. } => UW_ERROR_POOLING_TOO_LARGE,
            Error::EmptyList { .. } => UW_ERROR_EMPTY_LIST,
            Error::Duplicate { .. } => UW_ERROR_DUPLICATE,
            Error::ShallowDepth { .. } => UW_ERROR_SHALLOW_DEPTH,
            Error::DeepDepth { .. } => UW_ERROR_DEEP_DEPTH,
            Error::UnorderedDepths { .. } => UW_ERROR_UNORDERED_DEPTHS,
            Error::NothingTrained => UW_ERROR_NOTHING_TRAINED,
            Error::NotFinite { .. } => UW_ERROR_NOT_FINITE,
            Error::Length { .. } => UW_ERROR_LENGTH,
            _ => UW_ERROR_OTHER,
        }
    }
}

/// What C gets of a result.
pub(crate) fn code(result: Result<(), uw_error>) -> uw_error {
    result.err().unwrap_or(UW_OK)
}

fn texts(error: i32) -> (&'static CStr, &'static CStr) {
    let found = TEXTS.iter().find(|&&(code, ..)| code as i32 == error);
    found.map_or((c"unknown", c"no error of this library"), |&(_, name, message)| (name, message))
}

/// The name of an error code as it stands in this header, such as "UW_ERROR_NULL"; "unknown" for any other number.
///
/// The text is static: it is never to be freed. Cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn uw_error_name(error: i32) -> *const c_char {
    texts(error).0.as_ptr()
}

/// One line in English that tells what an error code means.
///
/// The text is static: it is never to be freed. Cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn uw_error_message(error: i32) -> *const c_char {
    texts(error).1.as_ptr()
}
