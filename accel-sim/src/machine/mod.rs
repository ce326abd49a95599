//! Machines and their files.
//!
//! A machine is a TOML file in which every key is needed and none is unknown: a model with a forgotten figure would still give an
//! answer, and nobody would know. An error is one line with the file, the key, its value and what is admitted.

mod bundled;
mod reader;

pub use bundled::{BUNDLED, bundled};

use crate::format::Format;
use crate::number::{Arithmetic, MultiplyAdd, Op};
use reader::Reader;
use std::path::Path;

/// What is wrong with a machine file.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// The file cannot be read.
    #[error("{file}: {reason}")]
    File {
        /// The file.
        file: String,
        /// What the system says.
        reason: String,
    },
    /// It is not TOML.
    #[error("{file}: line {line}: {reason}")]
    Syntax {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// A key is missing.
    #[error("{file}: key {key} is missing; it admits {admitted}")]
    Missing {
        /// The file.
        file: String,
        /// The key with those of its tables.
        key: String,
        /// What it admits.
        admitted: String,
    },
    /// A value is of another type, or out of range.
    #[error("{file}: key {key} is {value}; it admits {admitted}")]
    Value {
        /// The file.
        file: String,
        /// The key with those of its tables.
        key: String,
        /// The value as it stands in the file.
        value: String,
        /// What it admits.
        admitted: String,
    },
    /// A key that no machine has.
    #[error("{file}: key {key} is {value}; no such key is known, here are admitted: {admitted}")]
    Unknown {
        /// The file.
        file: String,
        /// The key with those of its tables.
        key: String,
        /// Its value.
        value: String,
        /// The keys that are.
        admitted: String,
    },
    /// No bundled machine, and no file.
    #[error("machine {name}: no such file, and none of the bundled machines: {known}")]
    Name {
        /// What was asked for.
        name: String,
        /// The bundled ones.
        known: String,
    },
}

/// What the lanes of a vector hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// As many partner images of one image: no lane needs another, and each has buffers of its own.
    Partners,
    /// As many columns of one stencil: the buffers of one pair, but sums along a row take numbers of other lanes, and the last vector
    /// of a row is not full.
    Columns,
}

/// How one operation is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operation {
    /// Instructions that it takes.
    pub instructions: u32,
    /// Cycles from the last of these until the result can be used.
    pub latency: u32,
    /// Cycles from the last of these until its unit takes the next.
    pub interval: u32,
    /// Energy of one lane; of control, which has none, of one instruction.
    pub picojoules: f64,
}

/// A part of a core that does some of the operations, one at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub name: String,
    /// What it does.
    pub operations: Vec<Op>,
}

/// How a core takes instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Instructions a cycle.
    pub width: usize,
    /// Instructions among which it looks for one that is ready; 1 is strictly in order. Of a statically scheduled machine: how far its
    /// compiler looks ahead.
    pub window: usize,
    /// Operations on vectors of those that can wait for their operands.
    pub queue: usize,
    /// Jobs that it interleaves, if they fit the scratchpad.
    pub contexts: usize,
    /// Vector registers of a job.
    pub registers: usize,
    /// Whether a load can be part of another instruction and needs no slot of its own.
    pub memory_operands: bool,
    /// Control instructions for each vector of entries and each layer.
    pub control: usize,
    /// Instructions for each pass over a row beside its entries.
    pub row_instructions: usize,
    /// Cycles that each pass over a row loses beside these: a mispredicted end of the loop.
    pub row_stall: usize,
    /// Instructions for each image and its partners beside the stencils: constant factors of the outputs, in f64.
    pub pair_instructions: usize,
}

/// What is between the units and the images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// Bytes of a core's scratchpad.
    pub scratchpad: usize,
    /// Bytes a cycle of a core's DMA.
    pub dma_bytes: f64,
    /// Cycles before the first byte.
    pub dma_latency: u64,
    /// Bytes a second that all cores together get from beyond their scratchpads.
    pub offchip: f64,
}

/// Energy that is not that of operations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Energy {
    /// pJ to fetch, decode and issue an instruction.
    pub instruction: f64,
    /// pJ for a byte from or to the scratchpad.
    pub scratchpad: f64,
    /// pJ for a byte over the off-chip link.
    pub offchip: f64,
    /// Watts that are spent whatever is done while it runs: clocks, regulators, leakage.
    pub standby: f64,
}

/// A machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub about: String,
    /// Cycles a second.
    pub clock: f64,
    /// Cores that run jobs.
    pub cores: usize,
    /// Lanes of a vector.
    pub lanes: usize,
    /// What they hold.
    pub hold: Lanes,
    /// Numbers, accumulators, fused multiply-add.
    pub arithmetic: Arithmetic,
    /// How a core takes instructions.
    pub issue: Issue,
    /// The units of a core.
    pub units: Vec<Unit>,
    /// By [`Op::index`].
    pub operations: [Operation; Op::ALL.len()],
    /// Scratchpad and what fills it.
    pub memory: Memory,
    /// Energy.
    pub energy: Energy,
}

impl Machine {
    /// The bundled machine of this name, or that of a file.
    ///
    /// # Errors
    /// Neither is there, or the file is bad.
    pub fn find(name: &str) -> Result<Machine, MachineError> {
        if let Some(machine) = bundled(name) {
            return machine;
        }
        if !name.contains(['.', '/']) && !Path::new(name).exists() {
            let known = BUNDLED.map(|(name, _)| name).join(", ");
            return Err(MachineError::Name { name: name.to_owned(), known });
        }
        let text = std::fs::read_to_string(name)
            .map_err(|error| MachineError::File { file: name.to_owned(), reason: error.to_string() })?;
        Machine::parse(name, &text)
    }

    /// Reads a machine file; `file` is for errors.
    ///
    /// # Errors
    /// See [`MachineError`].
    pub fn parse(file: &str, text: &str) -> Result<Machine, MachineError> {
        let mut top = Reader::new(file, text)?;
        let (format, accumulator) = (top.format("format")?, top.format("accumulator")?);
        let multiply_add = match top.one_of("multiply_add", &["fused", "chained", "separate"])? {
            0 => MultiplyAdd::Fused,
            1 => MultiplyAdd::Chained,
            _ => MultiplyAdd::Separate,
        };
        let arithmetic = Arithmetic { format, accumulator, multiply_add };
        let hold = match top.one_of("lanes_hold", &["partners", "columns"])? {
            0 => Lanes::Partners,
            _ => Lanes::Columns,
        };
        let mut issue = top.table("issue")?;
        let mut memory = top.table("memory")?;
        let mut energy = top.table("energy")?;
        let mut by_name = top.table("operation")?;
        let mut operations = Vec::new();
        for op in Op::ALL {
            let mut table = by_name.table(op.name())?;
            operations.push(Operation {
                latency: table.integer("latency", 1, 10_000)?,
                interval: table.integer("interval", 1, 10_000)?,
                instructions: table.integer("instructions", 1, 10_000)?,
                picojoules: table.float("picojoules", 0.0, 1e9)?,
            });
            table.finish()?;
        }
        by_name.finish()?;
        let machine = Machine {
            name: top.string("name")?,
            about: top.string("about")?,
            clock: top.float("clock_hz", 1.0, 1e12)?,
            cores: top.integer("cores", 1, 1_000_000)?,
            lanes: top.integer("lanes", 1, 65_536)?,
            hold,
            arithmetic,
            issue: Issue {
                width: issue.integer("width", 1, 1024)?,
                window: issue.integer("window", 1, 1_000_000)?,
                queue: issue.integer("queue", 1, 1_000_000)?,
                contexts: issue.integer("contexts", 1, 64)?,
                registers: issue.integer("registers", 1, 65_536)?,
                memory_operands: issue.bool("memory_operands")?,
                control: issue.integer("control", 0, 1000)?,
                row_instructions: issue.integer("row_instructions", 0, 100_000)?,
                row_stall: issue.integer("row_stall", 0, 100_000)?,
                pair_instructions: issue.integer("pair_instructions", 0, 1_000_000)?,
            },
            units: top.units("unit")?,
            // As many as there are names.
            operations: std::array::from_fn(|index| operations[index]),
            memory: Memory {
                scratchpad: memory.integer("scratchpad_bytes", 1, 1 << 50)?,
                dma_bytes: memory.float("dma_bytes_per_cycle", 1e-6, 1e9)?,
                dma_latency: memory.integer("dma_latency", 0, 1_000_000_000)?,
                offchip: memory.float("offchip_bytes_per_second", 1.0, 1e18)?,
            },
            energy: Energy {
                instruction: energy.float("instruction_picojoules", 0.0, 1e9)?,
                scratchpad: energy.float("scratchpad_picojoules_per_byte", 0.0, 1e9)?,
                offchip: energy.float("offchip_picojoules_per_byte", 0.0, 1e9)?,
                standby: energy.float("standby_watts", 0.0, 1e6)?,
            },
        };
        for table in [issue, memory, energy, top] {
            table.finish()?;
        }
        Ok(machine)
    }

    /// Issue slots that an operation takes: none where it is a load that is part of another instruction.
    pub fn slots(&self, op: Op) -> u32 {
        if op == Op::Load && self.issue.memory_operands { 0 } else { self.operations[op.index()].instructions }
    }

    /// Numbers of y, of one pair or of one for each lane, that stand where one number stands.
    pub fn partners(&self) -> usize {
        match self.hold {
            Lanes::Partners => self.lanes,
            Lanes::Columns => 1,
        }
    }

    /// The same machine with numbers and accumulators of other formats.
    pub fn with_format(mut self, format: Format, accumulator: Format) -> Machine {
        self.arithmetic = Arithmetic { format, accumulator, ..self.arithmetic };
        self
    }
}
