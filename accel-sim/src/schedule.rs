//! A whole machine at work on one image and its partners: displacements as jobs, and what bounds them.

use crate::cost::{Cost, CostError, Figures, Step, control};
use crate::event::{self, Cores, Outcome};
use crate::machine::Machine;
use crate::number::Op;
use crate::plan::{Images, Plan, TooSmall, plan};
use ultrawide_core::{Conv, Readout, prepared_len};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The scratchpad.
    #[error(transparent)]
    TooSmall(#[from] TooSmall),
    /// The net, or a machine that is too slow to be simulated.
    #[error(transparent)]
    Cost(#[from] CostError),
    /// The machine.
    #[error("machine {0}: the schedule takes more than 2^108 cycles: its DMA or its off-chip link is too slow")]
    Endless(String),
}

/// What bounds the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// A unit, or the issue slots, are taken most of the time.
    Issue,
    /// Instructions wait for one another.
    Latency,
    /// Cores wait for bytes although the next ones are fetched meanwhile.
    Bandwidth,
    /// Cores wait for bytes because there is room for no second buffer.
    Scratchpad,
    /// Cores have no job.
    Jobs,
}

/// A unit's name and its share of the time.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Use {
    /// The unit.
    pub name: String,
    /// From 0 to 1.
    pub share: f64,
}

/// What a machine takes for one image and its partners.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Report {
    /// The machine.
    pub machine: String,
    /// How the scratchpad is used.
    pub plan: Plan,
    /// Pairs of images.
    pub pairs: usize,
    /// Jobs: displacements.
    pub jobs: usize,
    /// Cycles for all pairs.
    pub cycles: f64,
    /// Seconds for one pair.
    pub seconds_per_pair: f64,
    /// Instructions of one pair, all lanes of a vector being one; loads that are part of another instruction are none.
    pub instructions_per_pair: f64,
    /// Instructions for a vector of entries and a layer.
    pub instructions_per_entry_and_layer: f64,
    /// Operations on vectors by name, for all pairs.
    pub operations: Vec<(&'static str, f64)>,
    /// Bytes from and to the scratchpads, by loads and stores, for all pairs.
    pub scratchpad_bytes: f64,
    /// Bytes over the off-chip link.
    pub offchip_bytes: f64,
    /// Joules for one pair.
    pub joules_per_pair: f64,
    /// Units, issue slots, DMA, off-chip link.
    pub utilisation: Vec<Use>,
    /// What bounds the time.
    pub bound: Bound,
}

impl Report {
    /// Its mean power.
    pub fn watts(&self) -> f64 {
        self.joules_per_pair / self.seconds_per_pair
    }
}

/// The displacements of a net, the largest stencils first: long jobs at the end would leave cores idle.
fn displacements(net: &Conv) -> Vec<(usize, usize)> {
    let reach = net.readouts().iter().map(|readout| match *readout {
        Readout::Vanilla => 0,
        Readout::Gap => usize::MAX,
        Readout::Lap(c) => 2 * c,
    });
    let reach = reach.max().unwrap_or(0);
    let sizes = |size: usize| {
        let shorter = (1..size).take(reach).flat_map(move |d| [size - d; 2]);
        std::iter::once(size).chain(shorter)
    };
    let widths: Vec<usize> = sizes(net.shape().width).collect();
    let mut all: Vec<(usize, usize)> =
        sizes(net.shape().height).flat_map(|height| widths.iter().map(move |&width| (height, width))).collect();
    all.sort_by_key(|&(height, width)| std::cmp::Reverse((height * width, height)));
    all
}

/// The steps of each size of stencil, and what they come to.
struct Steps<'a> {
    cost: &'a Cost,
    net: &'a Conv,
    machine: &'a Machine,
    plan: Plan,
}

impl Steps<'_> {
    /// The steps of a stencil, in their order, with all their figures.
    fn of(&self, height: usize, width: usize) -> (Vec<event::Step>, Figures) {
        let (net, request) = (self.net, self.net.request());
        let mut total = Figures::zero(self.machine.units.len());
        let mut steps = Vec::new();
        // Of x and of its partners.
        let numbers = (height * width * (1 + self.machine.partners()) * self.machine.arithmetic.format.bytes()) as f64;
        let streamed = if self.plan.images == Images::Streamed { numbers } else { 0.0 };
        let channel = self.cost.of(Step::Channel, height, width);
        for _ in 0..net.shape().channels {
            total.add(&channel, 1.0);
            steps.push(event::Step { bytes: streamed, cycles: channel.cycles });
        }
        let readouts = (request.kernels().len() * net.readouts().len()) as f64;
        let [first, layer, readout] =
            [Step::First, Step::Layer, Step::Readout].map(|step| self.cost.of(step, height, width));
        for number in 1..=request.layers() {
            let mut figures = if number == 1 { first.clone() } else { layer.clone() };
            if request.depths().contains(&(number + 1)) {
                figures.add(&readout, readouts);
            }
            total.add(&figures, 1.0);
            steps.push(event::Step { bytes: 2.0 * streamed, cycles: figures.cycles });
        }
        (steps, total)
    }
}

/// Rounds of one image against a vector of partners that are run: images are fetched during the round before.
const ROUNDS: usize = 2;

/// Runs `ROUNDS` vectors of partners through a machine.
///
/// # Errors
/// See [`ScheduleError`].
pub fn run(machine: &Machine, net: &Conv) -> Result<Report, ScheduleError> {
    let plan = plan(machine, net)?;
    let cost = Cost::new(machine, net, plan.contexts)?;
    let steps = Steps { cost: &cost, net, machine, plan };
    let displacements = displacements(net);
    let mut total = Figures::zero(machine.units.len());
    let mut jobs = Vec::new();
    let mut of_size = std::collections::BTreeMap::new();
    for _ in 0..ROUNDS {
        for &(height, width) in &displacements {
            let (job, figures) = of_size.entry((height, width)).or_insert_with(|| steps.of(height, width));
            total.add(figures, 1.0);
            jobs.push(job.clone());
        }
    }
    let partners = machine.partners();
    let number = machine.arithmetic.format.bytes();
    if plan.images == Images::Resident {
        // Each core fetches the images of a round before its first job of it; x comes with the first.
        let image = (prepared_len(net) * number) as f64;
        let cores = machine.cores.min(displacements.len());
        for round in 0..ROUNDS {
            for job in jobs.iter_mut().skip(round * displacements.len()).take(cores) {
                if let Some(step) = job.first_mut() {
                    step.bytes += image * (partners + usize::from(round == 0)) as f64;
                }
            }
        }
    }
    // The outputs of a round, which one core writes.
    let outputs = control(machine, machine.issue.pair_instructions);
    total.add(&outputs, ROUNDS as f64);
    let last = event::Step { bytes: 0.0, cycles: outputs.cycles };
    for round in (1..=ROUNDS).rev() {
        jobs[round * displacements.len() - 1].push(last);
    }
    let hardware = Cores {
        count: machine.cores,
        buffers: plan.buffers,
        dma: machine.memory.dma_bytes,
        latency: machine.memory.dma_latency as f64,
        offchip: machine.memory.offchip / machine.clock,
    };
    let outcome = event::run(hardware, &jobs).ok_or_else(|| ScheduleError::Endless(machine.name.clone()))?;
    Ok(report(machine, net, plan, &total, &outcome, jobs.len()))
}

fn report(machine: &Machine, net: &Conv, plan: Plan, total: &Figures, outcome: &Outcome, jobs: usize) -> Report {
    let pairs = ROUNDS * machine.partners();
    let cores = machine.cores as f64;
    let seconds = outcome.cycles / machine.clock;
    let instructions: f64 = Op::ALL.iter().map(|&op| total.operations[op.index()] * f64::from(machine.slots(op))).sum();
    let accesses = total.operations[Op::Load.index()] + total.operations[Op::Store.index()];
    let scratchpad_bytes = accesses * (machine.lanes * machine.arithmetic.format.bytes()) as f64;
    let energy = &machine.energy;
    // Control is scalar.
    let lanes = |op: Op| if op == Op::Control { 1.0 } else { machine.lanes as f64 };
    let of = |&op: &Op| total.operations[op.index()] * lanes(op) * machine.operations[op.index()].picojoules;
    let arithmetic: f64 = Op::ALL.iter().map(of).sum();
    let picojoules = arithmetic
        + instructions * energy.instruction
        + scratchpad_bytes * energy.scratchpad
        + outcome.bytes * energy.offchip;
    let joules = picojoules * 1e-12 + energy.standby * seconds;

    let of_all = cores * outcome.cycles;
    let share = |cycles: f64| cycles / of_all;
    let mut utilisation: Vec<Use> = machine
        .units
        .iter()
        .zip(&total.busy)
        .map(|(unit, &busy)| Use { name: unit.name.clone(), share: share(busy) })
        .collect();
    let slots = total.slots / machine.issue.width as f64;
    utilisation.push(Use { name: "issue slots".to_owned(), share: share(slots) });
    utilisation.push(Use { name: "dma".to_owned(), share: share(outcome.fetching) });
    utilisation.push(Use { name: "off-chip".to_owned(), share: outcome.offchip / outcome.cycles });

    // Of the time of all cores: what the busiest unit takes, what goes by while it waits, and what no instruction runs in.
    let busiest = total.busy.iter().copied().fold(slots, f64::max).min(outcome.computing);
    let waiting = if plan.buffers > 1 { Bound::Bandwidth } else { Bound::Scratchpad };
    let parts = [
        (Bound::Issue, busiest),
        (Bound::Latency, outcome.computing - busiest),
        (waiting, outcome.waiting),
        (Bound::Jobs, outcome.idle),
    ];
    let bound = parts.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(Bound::Issue, |(bound, _)| bound);
    let vectors = vectors(machine, net);
    Report {
        machine: machine.name.clone(),
        plan,
        pairs,
        jobs,
        cycles: outcome.cycles,
        seconds_per_pair: seconds / pairs as f64,
        instructions_per_pair: instructions / pairs as f64,
        instructions_per_entry_and_layer: instructions / (ROUNDS as f64 * vectors * net.request().layers() as f64),
        operations: Op::ALL.iter().map(|op| (op.name(), total.operations[op.index()])).collect(),
        scratchpad_bytes,
        offchip_bytes: outcome.bytes,
        joules_per_pair: joules / pairs as f64,
        utilisation,
        bound,
    }
}

/// Vectors of entries of one image and a vector of partners.
fn vectors(machine: &Machine, net: &Conv) -> f64 {
    let columns = |width: usize| match machine.hold {
        crate::machine::Lanes::Partners => width,
        crate::machine::Lanes::Columns => width.div_ceil(machine.lanes),
    };
    displacements(net).iter().map(|&(height, width)| (height * columns(width)) as f64).sum()
}
