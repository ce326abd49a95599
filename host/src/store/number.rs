//! The numbers of a tile, and their bytes.

use super::plan::Precision;

mod sealed {
    /// What `write_tile` and `read_tile` need of a number.
    pub trait Number: Copy + Send + Sync {
        const NAN: Self;
        /// Appends little-endian numbers.
        fn encode(values: &[Self], bytes: &mut Vec<u8>);
        fn from_f32(value: f32) -> Self;
        /// Rounds if it has to, which `read_tile` refuses beforehand.
        fn from_f64(value: f64) -> Self;
    }

    impl Number for f32 {
        const NAN: Self = Self::NAN;
        fn encode(values: &[Self], bytes: &mut Vec<u8>) {
            let start = bytes.len();
            bytes.resize(start + size_of_val(values), 0);
            for (place, value) in bytes[start..].as_chunks_mut().0.iter_mut().zip(values) {
                *place = value.to_le_bytes();
            }
        }
        fn from_f32(value: f32) -> Self {
            value
        }
        fn from_f64(value: f64) -> Self {
            value as Self
        }
    }

    impl Number for f64 {
        const NAN: Self = Self::NAN;
        fn encode(values: &[Self], bytes: &mut Vec<u8>) {
            let start = bytes.len();
            bytes.resize(start + size_of_val(values), 0);
            for (place, value) in bytes[start..].as_chunks_mut().0.iter_mut().zip(values) {
                *place = value.to_le_bytes();
            }
        }
        fn from_f32(value: f32) -> Self {
            Self::from(value)
        }
        fn from_f64(value: f64) -> Self {
            value
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

/// Decodes little-endian numbers, as many as there are in `bytes` or as fit into `out`.
pub(super) fn decode<T: TileNumber>(bytes: &[u8], precision: Precision, out: &mut [T]) {
    match precision {
        Precision::F32 => {
            for (value, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                *value = T::from_f32(f32::from_le_bytes(*bytes));
            }
        }
        Precision::F64 => {
            for (value, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                *value = T::from_f64(f64::from_le_bytes(*bytes));
            }
        }
    }
}
