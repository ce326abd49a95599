//! The operations of the core's recursion in their order, each with where its operands come from, and the instructions that a machine
//! makes of them.
//!
//! The core's numbers pass through slices that a number type does not see, so loads and stores are read off the data flow: an operand
//! computed long before it is used has been in memory since, and a result that is loaded was stored. *Long* is more than
//! `HORIZON` operations, the number of three columns: the hot loop keeps nothing in registers for longer than that.

use crate::number::Op;

/// Operations after which a result is no longer in a register. A column of the hot loop has 31 (`f32`, fused) to 46 (not fused), and
/// the sum of a column serves for the two columns after it.
const HORIZON: usize = 140;

/// Where an operation finds an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The same in every step: kept in a register where there are enough.
    Constant,
    /// In memory.
    Memory,
    /// The result of the operation of this number.
    Result(u32),
}

/// An operand of a recorded operation.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Operand {
    None,
    /// A constant by its number.
    Constant(u32),
    Memory,
    Result(u32),
}

/// Collects operations.
#[derive(Debug, Default)]
pub struct Recorder {
    operations: Vec<(Op, [Operand; 3])>,
    constants: Vec<u64>,
}

impl Recorder {
    /// One that has seen nothing.
    pub const fn new() -> Recorder {
        Recorder { operations: Vec::new(), constants: Vec::new() }
    }

    /// Adds an operation; where its result is found.
    pub fn push(&mut self, op: Op, operands: &[(Source, f64)]) -> Source {
        let mut from = [Operand::None; 3];
        for (to, &(source, value)) in from.iter_mut().zip(operands) {
            *to = match source {
                Source::Constant => Operand::Constant(self.constant(value.to_bits())),
                Source::Memory => Operand::Memory,
                Source::Result(index) => Operand::Result(index),
            };
        }
        self.operations.push((op, from));
        Source::Result((self.operations.len() - 1) as u32)
    }

    fn constant(&mut self, bits: u64) -> u32 {
        let position = self.constants.iter().position(|&other| other == bits).unwrap_or_else(|| {
            self.constants.push(bits);
            self.constants.len() - 1
        });
        position as u32
    }

    /// What was collected.
    pub fn finish(self) -> Trace {
        Trace { operations: self.operations, constants: self.constants.len() }
    }
}

/// Recorded operations.
#[derive(Clone, Debug)]
pub struct Trace {
    operations: Vec<(Op, [Operand; 3])>,
    constants: usize,
}

/// What a compiler for a machine has to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Registers for vectors.
    pub registers: usize,
    /// Control instructions for each entry and layer.
    pub control: usize,
    /// Loads of numbers in other lanes for each entry and layer.
    pub shifted: usize,
}

/// An instruction: what it does, and the instructions before it whose results it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What it does.
    pub op: Op,
    /// Positions in the list of instructions.
    pub needs: [Option<u32>; 3],
}

impl Trace {
    /// The operations, without loads, stores and control.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The most results that are waiting in registers at any moment.
    fn pressure(&self) -> usize {
        let mut last_use = vec![None; self.operations.len()];
        for (index, (_, operands)) in self.operations.iter().enumerate() {
            for operand in operands {
                if let Some(from) = in_register(*operand, index) {
                    last_use[from] = Some(index);
                }
            }
        }
        let mut ends = vec![0usize; self.operations.len() + 1];
        let (mut live, mut most) = (0usize, 0);
        for (index, last) in last_use.iter().enumerate() {
            live -= ends[index];
            if let Some(last) = *last {
                live += 1;
                ends[last] += 1;
            }
            most = most.max(live);
        }
        most
    }

    /// The instructions of a machine: loads before what needs them, stores after what makes what is loaded later, and control.
    ///
    /// Constants share the registers that results leave; the rest of them is loaded wherever one is used.
    pub fn lower(&self, target: &Target) -> Vec<Instruction> {
        let resident = target.registers.saturating_sub(self.pressure()).min(self.constants);
        let mut stored = vec![false; self.operations.len()];
        for (index, (_, operands)) in self.operations.iter().enumerate() {
            for operand in operands {
                if let Operand::Result(from) = *operand
                    && in_register(*operand, index).is_none()
                {
                    stored[from as usize] = true;
                }
            }
        }
        let mut list: Vec<Instruction> = Vec::with_capacity(2 * self.operations.len());
        let mut places = Vec::with_capacity(self.operations.len());
        // Where each result was stored, for the loads that follow.
        let mut stores = vec![None; self.operations.len()];
        let push = |list: &mut Vec<Instruction>, op, needs| {
            list.push(Instruction { op, needs });
            Some((list.len() - 1) as u32)
        };
        for (index, &(op, operands)) in self.operations.iter().enumerate() {
            let mut needs = [None; 3];
            for (need, operand) in needs.iter_mut().zip(operands) {
                *need = match operand {
                    Operand::None => None,
                    Operand::Constant(number) if (number as usize) < resident => None,
                    Operand::Constant(_) | Operand::Memory => push(&mut list, Op::Load, [None; 3]),
                    Operand::Result(from) => match in_register(operand, index) {
                        Some(from) => places[from],
                        None => push(&mut list, Op::Load, [stores[from as usize], None, None]),
                    },
                };
            }
            let place = push(&mut list, op, needs);
            places.push(place);
            if stored[index] {
                stores[index] = push(&mut list, Op::Store, [place, None, None]);
            }
            // A layer takes one root for each of its entries.
            if op == Op::Sqrt {
                for (op, count) in [(Op::Control, target.control), (Op::Load, target.shifted)] {
                    for _ in 0..count {
                        push(&mut list, op, [None; 3]);
                    }
                }
            }
        }
        list
    }
}

/// The operation whose result the operand of operation `index` is, where it is still in a register.
fn in_register(operand: Operand, index: usize) -> Option<usize> {
    match operand {
        Operand::Result(from) if index - from as usize <= HORIZON => Some(from as usize),
        _ => None,
    }
}
