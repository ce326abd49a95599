//! What one stencil costs: cycles, instructions, unit by unit, from the core's own operations.
//!
//! A vanilla readout of an image of h×w pixels needs the one displacement (0, 0), whose stencil has h×w entries. So small vanilla nets
//! show what stencils of any size cost, in each of the steps that all of them go through:
//!
//! - a *channel* of the products Σ_c x_c y_c;
//! - the *first* layer, in which Σ may be negative;
//! - a *layer* after it;
//! - a *readout*, the sum over the entries.
//!
//! Each is the difference of two runs that differ by it, and is a + b·h + c·w + d·h·w, fitted to four sizes: the same loops run over
//! the rows and over the columns of each row. What loops cost at their ends is in a, b and c.

use crate::machine::{Lanes, Machine, Unit};
use crate::number::{Lane, Op, Vector, record, simulate};
use crate::pipeline;
use crate::trace::{Instruction, Target, Trace};
use ultrawide_core::{
    Conv, Error, Kernel, Number, Readout, Request, Scalar, Shape, Trained, conv_pair, conv_scratch_len, prepare,
    prepared_len,
};

/// The heights and widths that are run: wide enough that a column is not met again soon after it was stored.
const HEIGHTS: [usize; 2] = [3, 7];
const WIDTHS: [usize; 2] = [8, 24];

/// Figures that add up: cycles, slots, instructions by operation, busy cycles by unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Cycles of one context.
    pub cycles: f64,
    /// Issue slots.
    pub slots: f64,
    /// Vector operations, by [`Op::index`].
    pub operations: [f64; Op::ALL.len()],
    /// Cycles of each unit.
    pub busy: Vec<f64>,
}

impl Figures {
    /// None of `units` units does anything.
    pub fn zero(units: usize) -> Figures {
        Figures { cycles: 0.0, slots: 0.0, operations: [0.0; Op::ALL.len()], busy: vec![0.0; units] }
    }

    /// Adds `other` so many times.
    pub fn add(&mut self, other: &Figures, times: f64) {
        self.cycles += times * other.cycles;
        self.slots += times * other.slots;
        let pairs = self.operations.iter_mut().zip(&other.operations);
        for (sum, term) in pairs.chain(self.busy.iter_mut().zip(&other.busy)) {
            *sum += times * term;
        }
    }

    fn times(&self, factor: f64) -> Figures {
        let mut scaled = Figures::zero(self.busy.len());
        scaled.add(self, factor);
        scaled
    }
}

/// a + b·h + c·w + d·h·w of each figure.
#[derive(Clone, Debug, PartialEq)]
struct Bilinear([Figures; 4]);

impl Bilinear {
    /// Through the values at (h, w), in the order of `HEIGHTS`, for each of them that of `WIDTHS`.
    fn fit(values: &[Figures; 4]) -> Bilinear {
        let [h, w] = [HEIGHTS, WIDTHS].map(|[a, b]| [a as f64, b as f64]);
        let area = (h[1] - h[0]) * (w[1] - w[0]);
        // The weights of Lagrange's interpolation, product by product.
        let combine = |weights: [f64; 4]| {
            let mut sum = Figures::zero(values[0].busy.len());
            values.iter().zip(weights).for_each(|(value, weight)| sum.add(value, weight / area));
            sum
        };
        Bilinear([
            combine([h[1] * w[1], -h[1] * w[0], -h[0] * w[1], h[0] * w[0]]),
            combine([-w[1], w[0], w[1], -w[0]]),
            combine([-h[1], h[1], h[0], -h[0]]),
            combine([1.0, -1.0, -1.0, 1.0]),
        ])
    }

    fn at(&self, height: f64, width: f64) -> Figures {
        let mut sum = Figures::zero(self.0[0].busy.len());
        for (figures, factor) in self.0.iter().zip([1.0, height, width, height * width]) {
            sum.add(figures, factor);
        }
        // Lines through larger stencils may cross 0 for the smallest.
        sum.cycles = sum.cycles.max(0.0);
        sum.slots = sum.slots.max(0.0);
        sum.operations.iter_mut().chain(&mut sum.busy).for_each(|value| *value = value.max(0.0));
        sum
    }
}

/// Why a stencil has no cost.
#[derive(Debug, thiserror::Error)]
pub enum CostError {
    /// The net.
    #[error(transparent)]
    Net(#[from] Error),
    /// The machine.
    #[error(
        "machine {machine}: a stencil of 7x24 entries may take {cycles} cycles, of which {MOST_CYCLES} can be simulated: latency, interval, \
         instructions or contexts are too large"
    )]
    TooSlow {
        /// Its name.
        machine: String,
        /// Cycles that it may take.
        cycles: u64,
    },
}

/// Cycles that are kept account of, one by one.
const MOST_CYCLES: u64 = 1 << 27;

/// The steps of a stencil.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The products of one channel.
    Channel,
    /// The first ReLU layer.
    First,
    /// A later one.
    Layer,
    /// One readout after a layer.
    Readout,
}

/// What the steps of a net cost on a machine.
#[derive(Clone, Debug)]
pub struct Cost {
    steps: [Bilinear; 4],
    machine: Machine,
}

impl Cost {
    /// Runs small stencils of the net on a core of the machine, in each of `contexts`.
    ///
    /// # Errors
    /// See [`CostError`].
    pub fn new(machine: &Machine, net: &Conv, contexts: usize) -> Result<Cost, CostError> {
        let request = net.request();
        let (kernels, trained, filter) = (request.kernels(), request.trained(), net.filter());
        let mut corners: [Vec<Figures>; 4] = Default::default();
        for height in HEIGHTS {
            for width in WIDTHS {
                let run = |channels: usize, depths: &[usize]| -> Result<Figures, CostError> {
                    let shape = Shape { channels, height, width };
                    let request = Request::new(kernels, depths, trained)?;
                    let net = Conv::new(shape, filter, &[Readout::Vanilla], request)?.with_slope(net.slope())?;
                    let (_, trace) = trace(machine, &net)?;
                    figures(machine, &lower(machine, &trace), contexts)
                };
                let difference = |more: &Figures, less: &Figures| {
                    let mut difference = more.clone();
                    difference.add(less, -1.0);
                    difference
                };
                let [short, long] = [run(1, &[6])?, run(1, &[7])?];
                let layer = difference(&long, &short);
                let channel = difference(&run(5, &[6])?, &short).times(0.25);
                let readout = difference(&run(1, &[5, 6])?, &short);
                let mut first = short;
                first.add(&layer, -4.0);
                first.add(&channel, -1.0);
                first.add(&readout, -1.0);
                for (corner, value) in corners.iter_mut().zip([channel, first, layer, readout]) {
                    corner.push(value);
                }
            }
        }
        let fit = |values: Vec<Figures>| {
            let zero = Figures::zero(machine.units.len());
            let mut four = std::array::from_fn(|_| zero.clone());
            four.iter_mut().zip(values).for_each(|(to, value)| *to = value);
            Bilinear::fit(&four)
        };
        Ok(Cost { steps: corners.map(fit), machine: machine.clone() })
    }

    /// One step of a stencil of `height` × `width` entries.
    pub fn of(&self, step: Step, height: usize, width: usize) -> Figures {
        let columns = match self.machine.hold {
            Lanes::Partners => width,
            Lanes::Columns => width.div_ceil(self.machine.lanes),
        };
        let mut figures = self.steps[step as usize].at(height as f64, columns as f64);
        // The products go through the rows once for all channels: counted with the first layer.
        let passes = match step {
            Step::Channel => 0.0,
            Step::First => 2.0,
            Step::Layer | Step::Readout => 1.0,
        };
        if passes > 0.0 {
            let (rows, issue) = (passes * height as f64, &self.machine.issue);
            figures.add(&control(&self.machine, issue.row_instructions), rows);
            figures.cycles += rows * issue.row_stall as f64;
        }
        figures
    }
}

/// What so many control operations cost by themselves: the units that do them share them.
pub fn control(machine: &Machine, count: usize) -> Figures {
    let operation = &machine.operations[Op::Control.index()];
    let able = |unit: &&Unit| unit.operations.contains(&Op::Control);
    // A unit that does them was found when the machine was read.
    let units = machine.units.iter().filter(able).count().max(1);
    let mut figures = Figures::zero(machine.units.len());
    let busy = count as f64 * f64::from(operation.interval) / units as f64;
    figures.operations[Op::Control.index()] = count as f64;
    figures.slots = count as f64 * f64::from(operation.instructions);
    figures.cycles = busy.max(figures.slots / machine.issue.width as f64);
    for (unit, cycles) in machine.units.iter().zip(&mut figures.busy) {
        *cycles = if able(&unit) { busy } else { 0.0 };
    }
    figures
}

/// The instructions of a machine.
fn lower(machine: &Machine, trace: &Trace) -> Vec<Instruction> {
    let (registers, control) = (machine.issue.registers, machine.issue.control);
    // Where lanes hold columns, the neighbours on both sides of K and of Θ come from other lanes.
    let shifted = if machine.hold == Lanes::Columns { 4 } else { 0 };
    trace.lower(&Target { registers, control, shifted })
}

/// The kernels of two random images on a machine, which are not close to each other, and the operations of their recursion; x and y are in memory.
pub fn trace(machine: &Machine, net: &Conv) -> Result<(Vec<f64>, Trace), Error> {
    let mut next = ultrawide_benches::uniform(1);
    let len = net.pixels() * net.shape().channels;
    // Small images are soon close to each other at some displacement, and run anew with D: not those whose patches all correlate negatively.
    let [x, y]: [Vec<f64>; 2] = [1.0, -1.0].map(|sign| (0..len).map(|_| sign * (0.1 + next().abs())).collect());
    let (result, _) = simulate(machine.arithmetic, || {
        let prepared = |pixels: &[f64]| {
            let pixels: Vec<Vector> = pixels.iter().map(|&x| Vector::splat(Lane::from_f64(x))).collect();
            let mut out = vec![Vector::zero(); prepared_len(net)];
            prepare(net, &pixels, &mut out).map(|()| out.into_iter().map(Vector::in_memory).collect::<Vec<_>>())
        };
        let (x, y) = (prepared(&x)?, prepared(&y)?);
        let x: Vec<Lane> = x.into_iter().map(|x| x.lane(0)).collect();
        let mut scratch = vec![Vector::zero(); conv_scratch_len(net)];
        let mut out = vec![Vector::zero(); net.outputs()];
        let (done, trace) = record(|| conv_pair(net, &x, &y, None, &mut scratch, &mut out));
        done.map(|()| (out.iter().map(|out| out.lane(0).to_f64()).collect(), trace))
    });
    result
}

/// Runs instructions in each of `contexts`; the figures of one of them.
fn figures(machine: &Machine, instructions: &[Instruction], contexts: usize) -> Result<Figures, CostError> {
    let cycles = pipeline::at_most(machine, instructions, contexts);
    if cycles > MOST_CYCLES {
        return Err(CostError::TooSlow { machine: machine.name.clone(), cycles });
    }
    let run = pipeline::run(machine, instructions, contexts);
    let share = 1.0 / contexts as f64;
    let mut operations = [0.0; Op::ALL.len()];
    for instruction in instructions {
        operations[instruction.op.index()] += 1.0;
    }
    Ok(Figures {
        cycles: run.cycles as f64 * share,
        slots: run.slots as f64 * share,
        operations,
        busy: run.busy.iter().map(|&busy| busy as f64 * share).collect(),
    })
}

/// The kernel that a machine computes most often: the NTK at one depth.
///
/// # Errors
/// Those of the core.
pub fn cntk(shape: Shape, readout: Readout, depths: &[usize], trained: Trained) -> Result<Conv, Error> {
    Conv::new(shape, 3, &[readout], Request::new(&[Kernel::Ntk], depths, trained)?)
}
