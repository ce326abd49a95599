//! How long a core takes for a list of instructions, and how busy its units are.
//!
//! Instructions enter in their order, so many a cycle, into a window; they leave it in their order when they are done. When it enters,
//! an instruction is given to the unit with the fewest that wait, of those that can do it, and is done there in the first moment at
//! which its operands have come and the unit is free. Only so many operations on vectors wait at a time; with a window of 1 none
//! overtakes another. Several contexts take turns. Loads are always hits, branches always predicted: what rows cost beside is a parameter.

use crate::machine::{Machine, Unit};
use crate::number::Op;
use crate::trace::Instruction;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a list of instructions took.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Until the last result.
    pub cycles: u64,
    /// Cycles in which each unit could take nothing else.
    pub busy: Vec<u64>,
    /// Issue slots that were used.
    pub slots: u64,
}

/// Cycles that are taken.
#[derive(Clone, Default)]
struct Calendar {
    taken: Vec<bool>,
}

impl Calendar {
    /// The first of `length` free cycles from `from` on.
    fn free(&self, from: u64, length: u64) -> u64 {
        let mut start = from;
        let mut cycle = from;
        while cycle < start + length {
            if self.taken.get(cycle as usize).copied().unwrap_or(false) {
                start = cycle + 1;
            }
            cycle += 1;
        }
        start
    }

    fn take(&mut self, start: u64, length: u64) {
        let end = (start + length) as usize;
        if self.taken.len() < end {
            self.taken.resize(end, false);
        }
        self.taken[start as usize..end].fill(true);
    }
}

/// What a context has done so far.
struct Context {
    done: Vec<u64>,
    /// When each instruction left the window.
    left: Vec<u64>,
    /// The latest issue.
    issued: u64,
}

/// Runs the same instructions in each of `contexts`.
pub fn run(machine: &Machine, instructions: &[Instruction], contexts: usize) -> Run {
    let issue = &machine.issue;
    let mut units = vec![Calendar::default(); machine.units.len()];
    // When those that wait for each unit will be done.
    let mut waiting = vec![BinaryHeap::<Reverse<u64>>::new(); units.len()];
    let able: Vec<Vec<usize>> = Op::ALL
        .iter()
        .map(|op| (0..units.len()).filter(|&unit| machine.units[unit].operations.contains(op)).collect())
        .collect();
    let mut entered = Vec::<u16>::new();
    let mut busy = vec![0; units.len()];
    let mut slots = 0;
    let mut all: Vec<Context> =
        (0..contexts).map(|_| Context { done: Vec::new(), left: Vec::new(), issued: 0 }).collect();
    // Slots are given in the order of the cycles; those before this one are all taken, or were missed.
    let mut first_open = 0u64;
    for (index, instruction) in instructions.iter().enumerate() {
        let operation = &machine.operations[instruction.op.index()];
        for context in &mut all {
            let oldest = index.checked_sub(issue.window).map_or(0, |before| context.left[before]);
            let needed = machine.slots(instruction.op) as usize;
            // Entering: in order, when the window has room.
            let in_order = issue.window == 1;
            let mut ready = 0;
            for need in instruction.needs.iter().flatten() {
                ready = ready.max(context.done[*need as usize]);
            }
            let mut entry = first_open.max(oldest);
            if in_order {
                entry = entry.max(context.issued);
            }
            let start = if in_order { entry.max(ready) } else { entry };
            // With several contexts another may use the slots that this one has to leave.
            let mut cycle = if contexts > 1 { start } else { start.max(first_open) };
            let mut left = needed;
            let mut last = cycle;
            while left > 0 {
                if entered.len() <= cycle as usize {
                    entered.resize(cycle as usize + 1, 0);
                }
                let free = issue.width - usize::from(entered[cycle as usize]);
                let used = free.min(left);
                entered[cycle as usize] += used as u16;
                left -= used;
                last = cycle;
                cycle += 1;
            }
            slots += needed as u64;
            if contexts == 1 {
                first_open = first_open.max(last);
            }
            let interval = u64::from(operation.interval);
            let able = &able[instruction.op.index()];
            if is_vector(instruction.op) {
                last = room(&mut waiting, &machine.units, issue.queue, last);
                if contexts == 1 {
                    first_open = first_open.max(last);
                }
            }
            // Every operation has a unit: the machine was checked.
            let fewest = able.iter().copied().min_by_key(|&unit| {
                let waiting = &mut waiting[unit];
                while waiting.peek().is_some_and(|&Reverse(at)| at <= last) {
                    waiting.pop();
                }
                waiting.len()
            });
            let unit = fewest.unwrap_or(0);
            let at = units[unit].free(ready.max(last), interval);
            units[unit].take(at, interval);
            waiting[unit].push(Reverse(at));
            busy[unit] += interval;
            let done = at + u64::from(operation.latency);
            context.issued = at;
            context.done.push(done);
            let before = context.left.last().copied().unwrap_or(0);
            context.left.push(before.max(done));
        }
    }
    let cycles = all.iter().filter_map(|context| context.left.last()).max().copied().unwrap_or(0);
    Run { cycles, busy, slots }
}

/// Cycles that [`run`] cannot take more of: as if nothing ran beside anything else.
pub fn at_most(machine: &Machine, instructions: &[Instruction], contexts: usize) -> u64 {
    let alone = |instruction: &Instruction| {
        let operation = &machine.operations[instruction.op.index()];
        u64::from(operation.instructions) + u64::from(operation.interval) + u64::from(operation.latency)
    };
    contexts as u64 * instructions.iter().map(alone).sum::<u64>()
}

/// Whether an operation waits in the queue of those on vectors.
fn is_vector(op: Op) -> bool {
    !matches!(op, Op::Load | Op::Store | Op::Control)
}

/// The first moment from `now` on at which fewer than `queue` operations on vectors wait.
fn room(waiting: &mut [BinaryHeap<Reverse<u64>>], units: &[Unit], queue: usize, mut now: u64) -> u64 {
    loop {
        let (mut count, mut next) = (0, u64::MAX);
        for (waiting, unit) in waiting.iter_mut().zip(units) {
            if !unit.operations.iter().any(|&op| is_vector(op)) {
                continue;
            }
            while waiting.peek().is_some_and(|&Reverse(at)| at <= now) {
                waiting.pop();
            }
            count += waiting.len();
            next = waiting.peek().map_or(next, |&Reverse(at)| next.min(at));
        }
        if count < queue {
            return now;
        }
        now = next;
    }
}
