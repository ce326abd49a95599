//! The smallest program: says that it runs, how deep its stack is, and what a tick of the clock is worth.
#![no_std]
#![no_main]

use board::counter::Counter;
use board::{print, print_decimal, stack};

#[board::entry]
fn main() -> ! {
    stack::paint();
    let counter = Counter::start();
    print("it runs; ");
    print_decimal(counter.per_thousand_ticks());
    print(" instructions in a thousand ticks, ");
    print_decimal(stack::peak() as u64);
    print(" bytes of stack\n");
    board::exit(true)
}
