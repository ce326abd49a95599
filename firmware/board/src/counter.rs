//! Executed instructions, under QEMU with `-icount shift=0`, where each of them takes a nanosecond of the emulated time.
//!
//! RISC-V counts instructions itself. A Cortex-M has only SysTick, which counts the board's clock: how many instructions go into
//! one of its ticks is found out with a loop whose instructions are known.

/// The turns of the loop that [`Counter::start`] measures, two instructions each.
const TURNS: u32 = 500_000;

/// Counts instructions.
pub struct Counter {
    /// The ticks that the loop took.
    ticks: u32,
}

impl Counter {
    /// Starts the clock and calibrates it.
    pub fn start() -> Counter {
        clock::start();
        let before = clock::now();
        turn(TURNS);
        Counter { ticks: clock::since(before).max(1) }
    }

    /// The instructions that `work` executes, to the next tick. SysTick wraps after 10⁸ of them or more, RISC-V's counter after
    /// 2³².
    #[inline(always)]
    pub fn count(&self, work: impl FnOnce()) -> u64 {
        let before = clock::now();
        work();
        self.instructions(u64::from(clock::since(before)))
    }

    /// The instructions in a thousand ticks.
    pub fn per_thousand_ticks(&self) -> u64 {
        self.instructions(1000)
    }

    /// As many ticks in instructions, to the nearest.
    fn instructions(&self, ticks: u64) -> u64 {
        let loop_ticks = u64::from(self.ticks);
        (ticks * u64::from(2 * TURNS) + loop_ticks / 2) / loop_ticks
    }
}

/// Two instructions, as many times.
#[inline(never)]
fn turn(turns: u32) {
    // SAFETY: counts a register down.
    #[cfg(target_arch = "arm")]
    unsafe {
        core::arch::asm!("2:", "subs {0}, #1", "bne 2b", inout(reg) turns => _, options(nomem, nostack));
    }
    // SAFETY: counts a register down.
    #[cfg(target_arch = "riscv32")]
    unsafe {
        core::arch::asm!("2:", "addi {0}, {0}, -1", "bnez {0}, 2b", inout(reg) turns => _, options(nomem, nostack));
    }
}

/// SysTick, which counts down.
#[cfg(target_arch = "arm")]
mod clock {
    use core::ptr;

    const CONTROL: *mut u32 = 0xe000_e010 as *mut u32;
    const RELOAD: *mut u32 = 0xe000_e014 as *mut u32;
    const CURRENT: *mut u32 = 0xe000_e018 as *mut u32;
    /// SysTick has 24 bits.
    const LARGEST: u32 = 0x00ff_ffff;
    /// Enabled, without interrupts, on the processor's clock.
    const RUN: u32 = 0b101;

    pub fn start() {
        // SAFETY: registers that every Cortex-M of these boards has, and that nothing else uses.
        unsafe {
            ptr::write_volatile(RELOAD, LARGEST);
            ptr::write_volatile(CURRENT, 0);
            ptr::write_volatile(CONTROL, RUN);
        }
    }

    #[inline(always)]
    pub fn now() -> u32 {
        // SAFETY: reads a register.
        unsafe { ptr::read_volatile(CURRENT) }
    }

    #[inline(always)]
    pub fn since(before: u32) -> u32 {
        before.wrapping_sub(now()) & LARGEST
    }
}

/// The counter of retired instructions.
#[cfg(target_arch = "riscv32")]
mod clock {
    pub fn start() {}

    #[inline(always)]
    pub fn now() -> u32 {
        let count: u32;
        // SAFETY: reads a register.
        unsafe { core::arch::asm!("csrr {}, minstret", out(reg) count, options(nomem, nostack)) };
        count
    }

    #[inline(always)]
    pub fn since(before: u32) -> u32 {
        now().wrapping_sub(before)
    }
}
