//! Predicted against measured: the host's own machine files, and its own clock.

use crate::cost::cntk;
use crate::machine::Machine;
use crate::schedule;
use std::hint::black_box;
use std::time::Instant;
use ultrawide::simd::Backend;
use ultrawide_benches::pair::single_rounds;
use ultrawide_core::{Readout, Shape, Trained};

/// One kernel on one backend.
#[derive(Clone, Debug)]
pub struct Row {
    /// What ran.
    pub backend: Backend,
    /// Pixels along a side.
    pub side: usize,
    /// Layers with weights.
    pub depth: usize,
    /// Cycles a second, of the same moments.
    pub clock: f64,
    /// Seconds of a pair.
    pub predicted: f64,
    /// The median of all rounds.
    pub median: f64,
    /// The fastest of them, since other work can only make a round longer; or the mean processor time of some rounds, where other work
    /// interrupted every one.
    pub best: f64,
}

impl Row {
    /// Predicted over the best measured.
    pub fn ratio(&self) -> f64 {
        self.predicted / self.best
    }
}

/// The machine files of this host's backends.
pub fn machine_of(backend: Backend) -> Option<&'static str> {
    match backend {
        Backend::Avx2 => Some("zen4-avx2"),
        Backend::Avx512 => Some("zen4-avx512"),
        Backend::Scalar | Backend::Neon => None,
    }
}

/// The processor where it is none of Zen 4, or where nobody tells; Linux does.
pub fn not_zen4() -> Option<String> {
    match std::fs::read_to_string("/proc/cpuinfo") {
        Ok(text) => other_than_zen4(&text),
        Err(_) => Some("a processor that this system does not name".to_owned()),
    }
}

/// The first processor of `/proc/cpuinfo` unless it is of AMD's family 19h with a model of Zen 4.
pub fn other_than_zen4(cpuinfo: &str) -> Option<String> {
    let value = |key: &str| {
        let pairs = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        pairs.map(|(key, value)| (key.trim(), value.trim())).find(|(found, _)| *found == key).map(|(_, value)| value)
    };
    let number = |key| value(key).and_then(|value| value.parse::<u32>().ok());
    let models = [0x10..=0x1f, 0x60..=0x7f, 0xa0..=0xaf];
    let zen4 = value("vendor_id") == Some("AuthenticAMD")
        && number("cpu family") == Some(0x19)
        && number("model").is_some_and(|model| models.iter().any(|range| range.contains(&model)));
    if zen4 { None } else { Some(value("model name").unwrap_or("a processor without a name").to_owned()) }
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

/// Measures CNTK-GAP at one depth and size and predicts it, in the same moments.
///
/// # Errors
/// There is no machine file for the backend, or the model fails.
pub fn row(backend: Backend, side: usize, depth: usize, seconds: f64) -> anyhow::Result<Row> {
    let name = machine_of(backend).ok_or_else(|| anyhow::anyhow!("no machine file describes backend {backend}"))?;
    let shape = Shape { channels: 3, height: side, width: side };
    let net = cntk(shape, Readout::Gap, &[depth], Trained::Hidden)?;
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
    let machine = Machine { clock, ..Machine::find(name)? };
    let predicted = schedule::run(&machine, &net)?.seconds_per_pair;
    Ok(Row { backend, side, depth, clock, predicted, median: times[times.len() / 2], best })
}

/// What a prediction may be off by.
pub const TOLERANCE: f64 = 0.25;
