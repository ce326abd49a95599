//! A fingerprint of images, the same on every machine: a store of kernels tells by it whether it was made of them.

use sha2::{Digest, Sha256};

use super::images::{Images, Pixels};
use super::normalise::Normalisation;

impl Images {
    /// SHA-256, in hexadecimal, of shape, number and type of the pixels, the raw pixels and the normalisation.
    ///
    /// All numbers are hashed as little-endian bytes, so the result is the same on every machine. Sets that `write` the
    /// same numbers from different raw pixels have different checksums.
    pub fn checksum(&self) -> String {
        let shape = self.shape();
        let mut hash = Sha256::new();
        // The version stands first: should what is hashed ever change, so does every checksum.
        hash.update(b"ultrawide images 1\n");
        for number in [shape.channels, shape.height, shape.width, self.len()] {
            hash.update((number as u64).to_le_bytes());
        }
        match self.pixels() {
            Pixels::U8(pixels) => {
                hash.update(b"u8");
                hash.update(pixels);
            }
            Pixels::F32(pixels) => {
                hash.update(b"f4");
                hash_numbers(&mut hash, pixels, f32::to_le_bytes);
            }
            Pixels::F64(pixels) => {
                hash.update(b"f8");
                hash_numbers(&mut hash, pixels, f64::to_le_bytes);
            }
        }
        match self.normalisation() {
            None => hash.update(b"raw"),
            Some(Normalisation { scale, mean, std }) => {
                hash.update(b"normalised");
                hash_numbers(&mut hash, &[*scale], f64::to_le_bytes);
                hash_numbers(&mut hash, mean, f64::to_le_bytes);
                hash_numbers(&mut hash, std, f64::to_le_bytes);
            }
        }
        hexadecimal(&hash.finalize())
    }
}

/// Hashes numbers in blocks: a call per number would cost more than the hash.
fn hash_numbers<P: Copy, const N: usize>(hash: &mut Sha256, numbers: &[P], bytes: impl Fn(P) -> [u8; N]) {
    let mut block = Vec::with_capacity(N * 4096);
    for numbers in numbers.chunks(4096) {
        block.clear();
        block.extend(numbers.iter().flat_map(|&number| bytes(number)));
        hash.update(&block);
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
