//! Cores that compute while their DMA fetches what comes next, event by event.
//!
//! A core takes the next job when it has none. A job is a sequence of steps; a step computes once its bytes are there, and its bytes
//! are fetched once a buffer is free and the core's DMA has fetched those before. A fetch occupies the core's DMA, and all fetches share
//! the off-chip link, first come, first served. Equal times are settled by the order in which the events came up, so the
//! same input gives the same output.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A step: so many bytes in, then so many cycles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Bytes that it needs first.
    pub bytes: f64,
    /// Cycles that it computes.
    pub cycles: f64,
}

/// The cores and the links to them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cores {
    /// How many.
    pub count: usize,
    /// Steps whose bytes a core can hold, that which computes included.
    pub buffers: usize,
    /// Bytes a cycle of a core's DMA.
    pub dma: f64,
    /// Cycles before a fetch begins to arrive.
    pub latency: f64,
    /// Bytes a cycle of the off-chip link, for all cores.
    pub offchip: f64,
}

/// What happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Until the last step was done.
    pub cycles: f64,
    /// Cycles in which a core computed, of all cores.
    pub computing: f64,
    /// Cycles in which a core with a job waited for bytes.
    pub waiting: f64,
    /// Cycles in which a core had no job left.
    pub idle: f64,
    /// Cycles in which a core's DMA was occupied, of all cores.
    pub fetching: f64,
    /// Cycles in which the off-chip link was occupied.
    pub offchip: f64,
    /// Bytes that were fetched.
    pub bytes: f64,
}

/// Times as integers, so that they have an order and no rounding: 2^-20 of a cycle. The slowest fetch that machine files admit, of 2^50
/// bytes at 10^-12 bytes a cycle, is 2^110 of them.
type Time = u128;

fn time(cycles: f64) -> Time {
    (cycles * 1_048_576.0).round() as Time
}

fn cycles(time: Time) -> f64 {
    time as f64 / 1_048_576.0
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// The bytes of a step have come.
    Fetched,
    /// A step is done.
    Computed,
}

#[derive(Default)]
struct Core {
    /// Steps of its jobs that are not yet asked for.
    ahead: VecDeque<Step>,
    /// Cycles of steps whose bytes have come, in their order.
    ready: VecDeque<Time>,
    /// The cycles of the step whose bytes are on their way.
    fetching: Option<Time>,
    computing: bool,
    /// Since when it neither computes nor has finished.
    waits_since: Time,
    finished: Time,
}

struct Simulation<'a> {
    jobs: VecDeque<&'a [Step]>,
    hardware: Cores,
    cores: Vec<Core>,
    events: BinaryHeap<Reverse<(Time, u64, usize, What)>>,
    /// Events that came up.
    count: u64,
    /// From when on the off-chip link is free.
    free: Time,
    outcome: Outcome,
}

/// Runs the jobs in their order; nothing where that takes more than 2^108 cycles, which have no time.
pub fn run(hardware: Cores, jobs: &[Vec<Step>]) -> Option<Outcome> {
    let mut simulation = Simulation {
        jobs: jobs.iter().map(Vec::as_slice).collect(),
        hardware,
        cores: (0..hardware.count).map(|_| Core::default()).collect(),
        events: BinaryHeap::new(),
        count: 0,
        free: 0,
        outcome: Outcome::default(),
    };
    for core in 0..hardware.count {
        simulation.fetch(core, 0)?;
    }
    let mut end = 0;
    while let Some(Reverse((now, _, core, what))) = simulation.events.pop() {
        end = end.max(now);
        let state = &mut simulation.cores[core];
        match what {
            What::Fetched => {
                let cycles = state.fetching.take().unwrap_or(0);
                state.ready.push_back(cycles);
            }
            What::Computed => {
                state.computing = false;
                state.waits_since = now;
                state.finished = now;
            }
        }
        simulation.compute(core, now)?;
        simulation.fetch(core, now)?;
    }
    let mut outcome = simulation.outcome;
    outcome.cycles = cycles(end);
    outcome.idle = simulation.cores.iter().map(|core| cycles(end - core.finished)).sum();
    Some(outcome)
}

impl Simulation<'_> {
    fn at(&mut self, time: Time, core: usize, what: What) {
        self.count += 1;
        self.events.push(Reverse((time, self.count, core, what)));
    }

    /// Begins a step if there is one.
    fn compute(&mut self, core: usize, now: Time) -> Option<()> {
        let state = &mut self.cores[core];
        if state.computing {
            return Some(());
        }
        let Some(length) = state.ready.pop_front() else { return Some(()) };
        state.computing = true;
        self.outcome.waiting += cycles(now - state.waits_since);
        self.outcome.computing += cycles(length);
        self.at(now.checked_add(length)?, core, What::Computed);
        Some(())
    }

    /// Asks for the bytes of the next step if there is one and a buffer for it.
    fn fetch(&mut self, core: usize, now: Time) -> Option<()> {
        let state = &mut self.cores[core];
        let held = usize::from(state.computing) + state.ready.len();
        if state.fetching.is_some() || held >= self.hardware.buffers {
            return Some(());
        }
        if state.ahead.is_empty() {
            let Some(job) = self.jobs.pop_front() else { return Some(()) };
            state.ahead.extend(job);
        }
        let Some(step) = state.ahead.pop_front() else { return Some(()) };
        state.fetching = Some(time(step.cycles));
        let mut done = now;
        if step.bytes > 0.0 {
            let (own, shared) = (time(step.bytes / self.hardware.dma), time(step.bytes / self.hardware.offchip));
            let start = now.max(self.free);
            self.free = start.checked_add(shared)?;
            done = start.checked_add(time(self.hardware.latency))?.checked_add(own.max(shared))?;
            self.outcome.fetching += cycles(own);
            self.outcome.offchip += cycles(shared);
            self.outcome.bytes += step.bytes;
        }
        self.at(done, core, What::Fetched);
        Some(())
    }
}
