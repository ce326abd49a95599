//! What no other program may contain, to show that `firmware/symbols` finds it: an allocator, a panic, a formatted float.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod program {
    extern crate alloc;

    use alloc::{boxed::Box, format};
    use core::alloc::{GlobalAlloc, Layout};
    use core::hint::black_box;

    struct Nothing;

    // SAFETY: there is never any memory, which is allowed; the compiler does not know.
    unsafe impl GlobalAlloc for Nothing {
        unsafe fn alloc(&self, _: Layout) -> *mut u8 {
            black_box(core::ptr::null_mut())
        }
        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
    }

    #[global_allocator]
    static NOTHING: Nothing = Nothing;

    #[board::entry]
    fn main() -> ! {
        let number = Box::new(black_box(0.5_f32));
        board::print(&format!("{number}"));
        board::exit(black_box(&[true])[black_box(1)])
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}
