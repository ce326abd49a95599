//! What a program on an emulated board needs beyond the core: startup, output, an exit code, the depth of its stack, and counted
//! instructions. Output and exit go through semihosting, so the same program runs under QEMU and under a debugger.
//!
//! ```ignore
//! #![no_std]
//! #![no_main]
//!
//! #[board::entry]
//! fn main() -> ! {
//!     board::print("hello\n");
//!     board::exit(true)
//! }
//! ```
//!
//! `board/memory` holds a memory layout for each board, of which `build.rs` gives the linker the target's. For WebAssembly there is
//! the output alone, by an imported function.
#![no_std]
#![cfg(any(target_os = "none", target_arch = "wasm32"))]

#[cfg(target_os = "none")]
pub mod counter;
#[cfg(fpu)]
mod fpu;
mod output;
#[cfg(target_os = "none")]
pub mod stack;

#[cfg(target_arch = "arm")]
pub use cortex_m_rt::entry;
#[cfg(fpu)]
pub use fpu::Fpu;
/// There is no float unit: a float like any other.
#[cfg(not(fpu))]
pub type Fpu = f32;
pub use output::{print, print_decimal, print_hex};
#[cfg(target_arch = "riscv32")]
pub use riscv_rt::entry;

/// Whether [`Fpu`] takes roots in its own way.
pub const HAS_FPU: bool = cfg!(fpu);

/// Ends the emulation with exit status 0 for success and 1 otherwise.
#[cfg(target_os = "none")]
pub fn exit(success: bool) -> ! {
    semihosting::process::exit(if success { 0 } else { 1 })
}

/// Needed to link, and never linked: a program of the core has no panic. Exit status 101, as on the host.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    print("panic\n");
    #[cfg(target_os = "none")]
    semihosting::process::exit(101);
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable()
}
