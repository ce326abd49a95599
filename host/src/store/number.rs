//! The numbers of a tile, and their decoding.

use super::plan::Precision;

mod sealed {
    /// What `write_tile` and `read_tile` need of a number.
    pub trait Number: Copy + Send + Sync + zarrs::array::Element {
        const NAN: Self;
        fn from_f32(value: f32) -> Self;
        /// `None` where the value would have to be rounded.
        fn from_f64(value: f64) -> Option<Self>;
    }

    impl Number for f32 {
        const NAN: Self = Self::NAN;
        fn from_f32(value: f32) -> Self {
            value
        }
        fn from_f64(_value: f64) -> Option<Self> {
            None
        }
    }

    impl Number for f64 {
        const NAN: Self = Self::NAN;
        fn from_f32(value: f32) -> Self {
            Self::from(value)
        }
        fn from_f64(value: f64) -> Option<Self> {
            Some(value)
        }
    }
}

/// The numbers that tiles are made of: `f32` and `f64`.
pub trait TileNumber: sealed::Number {
    /// The number type's precision.
    const PRECISION: Precision;
}

impl TileNumber for f32 {
    const PRECISION: Precision = Precision::F32;
}

impl TileNumber for f64 {
    const PRECISION: Precision = Precision::F64;
}

/// Decodes little-endian numbers; `false` where the lengths do not agree.
pub(super) fn decode<T: TileNumber>(bytes: &[u8], precision: Precision, out: &mut [T]) -> bool {
    if bytes.len() != out.len() * precision.bytes() {
        return false;
    }
    match precision {
        Precision::F32 => {
            for (value, bytes) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *value = T::from_f32(f32::from_le_bytes(*bytes));
            }
            true
        }
        Precision::F64 => out
            .iter_mut()
            .zip(bytes.as_chunks::<8>().0)
            .all(|(value, bytes)| T::from_f64(f64::from_le_bytes(*bytes)).map(|decoded| *value = decoded).is_some()),
    }
}
