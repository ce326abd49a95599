//! Prints the kernels as bits and compares them with those that are expected.

use crate::expected::{F32, F64};
use crate::{PARTNERS, SETS};
use board::{print, print_decimal, print_hex};
use ultrawide_core::{Number, Scalar};

/// A float whose kernels are known.
pub trait Known: Scalar {
    /// What it is called.
    const NAME: &str;

    /// Its bits.
    fn bits(self) -> u64;

    /// The bits of value `index` of set number `set`.
    fn expected(set: usize, index: usize) -> Option<u64>;
}

impl Known for f32 {
    const NAME: &str = "f32";

    fn bits(self) -> u64 {
        self.to_bits().into()
    }

    fn expected(set: usize, index: usize) -> Option<u64> {
        F32.get(set)?.get(index).map(|&bits| bits.into())
    }
}

impl Known for f64 {
    const NAME: &str = "f64";

    fn bits(self) -> u64 {
        self.to_bits()
    }

    fn expected(set: usize, index: usize) -> Option<u64> {
        F64.get(set)?.get(index).copied()
    }
}

/// Runs all sets on `N` and tells whether every kernel has the bits that it should have.
pub fn all<N: Number<Scalar: Known>>() -> bool {
    let (mut values, mut wrong) = (0, 0);
    for (number, set) in SETS.iter().enumerate() {
        let mut index = 0;
        for first in (0..PARTNERS).step_by(N::LANES) {
            let ran = set.run::<N>(first, |partner, output, value| {
                if output == 0 {
                    begin::<N>(set.name, partner);
                }
                let (bits, expected) = (value.bits(), expected::<N>(number, index));
                print(" ");
                digits::<N>(bits);
                if expected != Some(bits) {
                    wrong += 1;
                    print("!=");
                    digits::<N>(expected.unwrap_or(0));
                }
                index += 1;
            });
            if ran.is_err() {
                wrong += 1;
                print("\na buffer is too short");
            }
        }
        // A value that is missing is wrong, too.
        if N::Scalar::expected(number, index).is_some() {
            wrong += 1;
        }
        values += index;
    }
    print("\n");
    print(N::Scalar::NAME);
    print(" in ");
    print_decimal(N::LANES as u64);
    print(if N::LANES == 1 { " lane: " } else { " lanes: " });
    print_decimal(values as u64);
    print(" kernels, ");
    print_decimal(wrong);
    print(" of them wrong\n");
    wrong == 0
}

fn begin<N: Number<Scalar: Known>>(set: &str, partner: usize) {
    print("\n");
    print(N::Scalar::NAME);
    print(", ");
    print(set);
    print(", ");
    print(["itself", "zeros", "larger", "opposite"].get(partner).copied().unwrap_or_default());
    print(":");
}

fn digits<N: Number<Scalar: Known>>(bits: u64) {
    print_hex(bits, 2 * size_of::<N::Scalar>() as u32);
}

fn expected<N: Number<Scalar: Known>>(set: usize, index: usize) -> Option<u64> {
    let flip = u64::from(cfg!(feature = "provoke") && (set, index) == (2, 5));
    Some(N::Scalar::expected(set, index)? ^ flip)
}
