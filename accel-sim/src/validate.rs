//! Predicted against measured: the host's own machine files, and its own clock.

use crate::cost::cntk;
use crate::machine::Machine;
use crate::schedule;
use std::hint::black_box;
use std::time::Instant;
use ultrawide::simd::Backend;
use ultrawide_benches::pair::single_rounds;
use ultrawide_core::{Conv, Readout, Shape, Trained};

/// One kernel on one core.
#[derive(Clone, Debug)]
pub struct Row {
    /// The machine file.
    pub machine: &'static str,
    /// Pixels along a side.
    pub side: usize,
    /// Layers with weights.
    pub depth: usize,
    /// Cycles a second, of the same moments.
    pub clock: f64,
    /// Seconds of a pair: the median of all rounds.
    pub median: f64,
    /// The fastest of them, since other work can only make a round longer; or the mean processor time of some rounds, where other work
    /// interrupted every one.
    pub best: f64,
}

/// A processor's core that machine files describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Core {
    /// AMD, 2022.
    Zen4,
    /// AMD, 2024, where its vector units are 512 bits wide.
    Zen5,
}

impl Core {
    /// That of this machine.
    ///
    /// # Errors
    /// It is another one, which is named, or nobody tells; Linux does.
    pub fn here() -> Result<Core, String> {
        match std::fs::read_to_string("/proc/cpuinfo") {
            Ok(text) => Core::of(&text),
            Err(_) => Err("a processor that this system does not name".to_owned()),
        }
    }

    /// That of the first processor of `/proc/cpuinfo`, by AMD's numbers of family and model.
    ///
    /// # Errors
    /// It is another one, which is named.
    pub fn of(cpuinfo: &str) -> Result<Core, String> {
        let value = |key: &str| {
            let pairs = cpuinfo.lines().filter_map(|line| line.split_once(':'));
            pairs
                .map(|(key, value)| (key.trim(), value.trim()))
                .find(|(found, _)| *found == key)
                .map(|(_, value)| value)
        };
        let number = |key| value(key).and_then(|value| value.parse::<u32>().ok());
        let model = number("model").filter(|_| value("vendor_id") == Some("AuthenticAMD"));
        match (number("cpu family"), model) {
            (Some(0x19), Some(0x10..=0x1f | 0x60..=0x7f | 0xa0..=0xaf)) => Ok(Core::Zen4),
            // Those of notebooks have units of half the width.
            (Some(0x1a), Some(0x00..=0x1f | 0x40..=0x4f)) => Ok(Core::Zen5),
            _ => Err(value("model name").unwrap_or("a processor without a name").to_owned()),
        }
    }

    /// The machine file of this core with a backend's instructions.
    pub fn machine(self, backend: Backend) -> Option<&'static str> {
        match (self, backend) {
            (Core::Zen4, Backend::Avx2) => Some("zen4-avx2"),
            (Core::Zen4, Backend::Avx512) => Some("zen4-avx512"),
            (Core::Zen5, Backend::Avx2) => Some("zen5-avx2"),
            (Core::Zen5, Backend::Avx512) => Some("zen5-avx512"),
            (_, Backend::Scalar | Backend::Neon) => None,
        }
    }
}

/// Cycles a second, by a chain of multiplications of 64-bit integers, each of which waits three cycles for the one before (on any x86-64
/// of the last fifteen years, and AMD's since Zen); the best of several.
pub fn clock() -> f64 {
    const CHAIN: usize = 200;
    const ROUNDS: usize = 2000;
    let mut best = f64::INFINITY;
    for _ in 0..8 {
        let mut x = black_box(3u64);
        let start = Instant::now();
        for _ in 0..ROUNDS {
            // Squares, which no compiler can gather.
            for _ in 0..CHAIN {
                x = x.wrapping_mul(x);
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        black_box(x);
        best = best.min(seconds);
    }
    (3 * CHAIN * ROUNDS) as f64 / best
}

/// Seconds that this thread has had a processor, where the system tells.
fn processor_time() -> Option<f64> {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Some(time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64)
    }
    #[cfg(not(unix))]
    None
}

/// CNTK-GAP of images with three channels.
fn net(side: usize, depth: usize) -> Result<Conv, ultrawide_core::Error> {
    cntk(Shape { channels: 3, height: side, width: side }, Readout::Gap, &[depth], Trained::Hidden)
}

/// Seconds of a pair of CNTK-GAP on a machine file at this clock.
///
/// # Errors
/// There is no such machine, or the model fails.
pub fn predicted(machine: &str, side: usize, depth: usize, clock: f64) -> anyhow::Result<f64> {
    let machine = Machine { clock, ..Machine::find(machine)? };
    Ok(schedule::run(&machine, &net(side, depth)?)?.seconds_per_pair)
}

/// Measures CNTK-GAP at one depth and size, and the clock in the same moments.
///
/// # Errors
/// There is no such net.
pub fn row(machine: &'static str, backend: Backend, side: usize, depth: usize, seconds: f64) -> anyhow::Result<Row> {
    let net = net(side, depth)?;
    let mut clocks = vec![clock()];
    let mut times = Vec::new();
    let start = Instant::now();
    // Some rounds at a time, the clock between them.
    let mut best = f64::INFINITY;
    while times.len() < 9 || start.elapsed().as_secs_f64() < seconds {
        let before = processor_time();
        let some = single_rounds(backend, &net, 12);
        // Preparing two images goes into the mean: a thousandth for pooling.
        let mean =
            processor_time().zip(before).map(|(after, before)| (after - before) / (12 * backend.lanes::<f32>()) as f64);
        best = some.iter().copied().chain(mean).fold(best, f64::min);
        times.extend(some);
        clocks.push(clock());
    }
    let clock = clocks.iter().copied().fold(0.0, f64::max);
    times.sort_by(f64::total_cmp);
    Ok(Row { machine, side, depth, clock, median: times[times.len() / 2], best })
}

/// What a prediction may be off by.
pub const TOLERANCE: f64 = 0.25;
