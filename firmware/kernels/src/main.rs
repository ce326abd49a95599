//! Runs the fixed set of kernels on a board: exit status 0 where every bit is right.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[board::entry]
fn main() -> ! {
    board::stack::paint();
    let mut right = kernels::check::all::<f32>() & kernels::check::all::<f64>();
    if board::HAS_FPU {
        board::print("with the float unit's root:");
        right &= kernels::check::all::<board::Fpu>();
    }
    board::print("stack: ");
    board::print_decimal(board::stack::peak() as u64);
    board::print(" bytes\n");
    board::exit(right)
}

/// On the host the package `expected` does this.
#[cfg(not(target_os = "none"))]
fn main() {}
