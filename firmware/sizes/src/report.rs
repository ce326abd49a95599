//! What a program says in the end: its kernel, or, with the feature `measure`, its stack and its instructions.

#[cfg(feature = "measure")]
use board::{counter::Counter, print_decimal, stack};
use board::{print, print_hex};

/// Measures, with the feature `measure`; is nothing without it.
pub struct Report {
    #[cfg(feature = "measure")]
    buffers: usize,
    #[cfg(feature = "measure")]
    counter: Counter,
}

impl Report {
    /// Begins, in a program whose buffers, of as many bytes, lie on the stack already.
    #[cfg_attr(not(feature = "measure"), allow(unused_variables, reason = "measured alone"))]
    pub fn begin(buffers: usize) -> Report {
        #[cfg(feature = "measure")]
        stack::paint();
        Report {
            #[cfg(feature = "measure")]
            buffers,
            #[cfg(feature = "measure")]
            counter: Counter::start(),
        }
    }

    /// Does the work, and counts its instructions.
    #[cfg(feature = "measure")]
    pub fn count<T>(&mut self, what: &str, depth: usize, work: impl FnOnce() -> T) -> T {
        let mut result = None;
        let count = self.counter.count(|| result = Some(work()));
        print(what);
        print(" ");
        print_decimal(depth as u64);
        print(": ");
        print_decimal(count);
        print(" instructions\n");
        match result {
            Some(result) => result,
            None => board::exit(false),
        }
    }

    /// Does the work.
    #[cfg(not(feature = "measure"))]
    #[inline(always)]
    pub fn count<T>(&mut self, _: &str, _: usize, work: impl FnOnce() -> T) -> T {
        work()
    }

    /// Ends the program.
    pub fn end(self, [kernel]: [f32; 1], done: bool) -> ! {
        #[cfg(feature = "measure")]
        {
            for (what, bytes) in [("stack", stack::peak()), ("buffers", self.buffers)] {
                print(what);
                print(": ");
                print_decimal(bytes as u64);
                print(" bytes\n");
            }
        }
        print("kernel: ");
        print_hex(kernel.to_bits().into(), 8);
        print("\n");
        board::exit(done)
    }
}
