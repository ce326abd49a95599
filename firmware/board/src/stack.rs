//! How deep the stack has been: its free part is painted, and what is no longer painted was used.

use core::ptr;

/// A word that no program writes by chance.
const PAINT: u32 = 0x5afe_c0de;

/// Bytes below the caller's stack pointer that are left unpainted: the frames of the functions that paint.
const MARGIN: usize = 128;

unsafe extern "C" {
    /// The end of the stack's memory, from which it grows down.
    static _stack_start: u32;
    /// The start of the stack's memory, after the statics.
    #[cfg_attr(target_arch = "riscv32", link_name = "__eheap")]
    static _stack_end: u32;
}

/// Paints the free part of the stack; [`peak`] counts what is above it as used.
#[inline(never)]
pub fn paint() {
    let mut word = lowest();
    while word < pointer() - MARGIN {
        // SAFETY: between the statics and the stack pointer lies memory that nothing uses.
        unsafe { ptr::write_volatile(word as *mut u32, PAINT) };
        word += size_of::<u32>();
    }
}

/// The most bytes that the stack has held since [`paint`], counted from the start of the program.
#[inline(never)]
pub fn peak() -> usize {
    let top = (&raw const _stack_start) as usize;
    let mut word = lowest();
    // SAFETY: the same memory, aligned, below the end of the stack.
    while word < top && unsafe { ptr::read_volatile(word as *const u32) } == PAINT {
        word += size_of::<u32>();
    }
    top - word
}

/// The first word of the stack's memory.
fn lowest() -> usize {
    ((&raw const _stack_end) as usize).next_multiple_of(size_of::<u32>())
}

/// The stack pointer.
#[inline(always)]
fn pointer() -> usize {
    let pointer: usize;
    // SAFETY: copies a register.
    #[cfg(target_arch = "arm")]
    unsafe {
        core::arch::asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags))
    };
    // SAFETY: copies a register.
    #[cfg(target_arch = "riscv32")]
    unsafe {
        core::arch::asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags))
    };
    pointer
}
