//! The smallest program: says that it runs, how deep its stack is, and what a tick of the clock is worth.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[board::entry]
fn main() -> ! {
    use board::{print, print_decimal, stack};

    stack::paint();
    let counter = board::counter::Counter::start();
    print("it runs; ");
    print_decimal(counter.per_thousand_ticks());
    print(" instructions in a thousand ticks, ");
    print_decimal(stack::peak() as u64);
    print(" bytes of stack\n");
    board::exit(true)
}

#[cfg(not(target_os = "none"))]
fn main() {}
