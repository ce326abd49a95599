//! A number that takes roots with the float unit.
//!
//! Rust's `core` offers no square root, so libm computes it from integers where it knows no instruction, and that of these targets it
//! does not know. Here is how one's own number brings it: everything else, and every bit, is that of `f32`.

use ultrawide_core::Number;

/// An `f32` whose square root is one instruction.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Fpu(f32);

/// Methods that are those of `f32`.
macro_rules! as_f32 {
    ($($method:ident($($argument:ident),*);)*) => {
        $(#[inline(always)]
        fn $method(self, $($argument: Self),*) -> Self {
            Fpu(Number::$method(self.0, $($argument.0),*))
        })*
    };
}

impl Number for Fpu {
    type Scalar = f32;
    const LANES: usize = 1;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        Fpu(value)
    }
    #[inline(always)]
    fn from_lanes(lane: impl FnMut(usize) -> f32) -> Self {
        Fpu(Number::from_lanes(lane))
    }
    #[inline(always)]
    fn lane(self, index: usize) -> f32 {
        Number::lane(self.0, index)
    }
    #[inline(always)]
    fn write(self, lanes: &mut [f32]) {
        Number::write(self.0, lanes);
    }
    as_f32! {
        add(other);
        sub(other);
        mul(other);
        div(other);
        mul_add(factor, term);
        mul_sub(factor, term);
        neg_mul_add(factor, term);
        abs();
        min(other);
        max(other);
        select_negative(negative, other);
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Fpu(root(self.0))
    }
}

/// The square root, correctly rounded, as IEEE 754 demands of the instruction.
#[cfg(target_arch = "riscv32")]
#[inline(always)]
fn root(x: f32) -> f32 {
    let root: f32;
    // SAFETY: the target has this instruction.
    unsafe { core::arch::asm!("fsqrt.s {}, {}", out(freg) root, in(freg) x, options(pure, nomem, nostack)) };
    root
}

/// The square root, correctly rounded, as IEEE 754 demands of the instruction.
///
/// A function, because Rust lets assembly use float registers only where there are those of doubles, too. Arguments and results
/// are in s0.
#[cfg(target_arch = "arm")]
#[unsafe(naked)]
extern "C" fn root(x: f32) -> f32 {
    core::arch::naked_asm!(".fpu fpv4-sp-d16", "vsqrt.f32 s0, s0", "bx lr")
}
