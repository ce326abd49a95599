//! Checks κ0 and κ1 in `f32` at every argument in [−1, 1], 2,130,706,434 of them, against the definitions in `f64`.
//!
//! ```text
//! cargo run --release -p ultrawide-core --example kappa_exhaustive
//! ```
//!
//! Prints the largest errors and where they are; fails if one exceeds the tolerance of `tests/common/precision.rs`.
//! The arguments it prints belong into `tests/data/kappa_hard_f32.csv`, which every run of the ordinary tests visits.
#[path = "../tests/common/mod.rs"]
mod common;

use common::precision::KAPPA_F32_ULP;
use common::{reference, ulp::ulp_distance};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use ultrawide_core::dual::{kappa0, kappa1};

/// The bits of 1: patterns from 0 to here are the arguments in [0, 1].
const ONE: u32 = 0x3f80_0000;
/// The patterns that a thread takes at a time.
const CHUNK: u32 = 1 << 20;
/// The arguments kept per function.
const KEPT: usize = 8;

/// How often each distance occurred, and where the largest did.
#[derive(Clone, Default)]
struct Worst {
    histogram: Vec<u64>,
    largest: u64,
    at: Vec<f32>,
}

impl Worst {
    fn record(&mut self, distance: u64, lambda: f32) {
        // Everything that is far off shares the last bin.
        let bin = distance.min(16) as usize;
        if self.histogram.len() <= bin {
            self.histogram.resize(bin + 1, 0);
        }
        self.histogram[bin] += 1;
        if distance > self.largest {
            self.largest = distance;
            self.at.clear();
        }
        if distance == self.largest && self.at.len() < KEPT {
            self.at.push(lambda);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.histogram.resize(self.histogram.len().max(other.histogram.len()), 0);
        for (sum, count) in self.histogram.iter_mut().zip(&other.histogram) {
            *sum += count;
        }
        if other.largest > self.largest {
            self.largest = other.largest;
            self.at.clear();
        }
        if other.largest == self.largest {
            self.at.extend(&other.at);
        }
    }

    fn report(&mut self, name: &str) -> bool {
        println!("{name}: largest error {} ULP", self.largest);
        for (distance, count) in self.histogram.iter().enumerate() {
            println!("  {distance:>2} ULP: {count}");
        }
        self.at.sort_by(f32::total_cmp);
        // Arguments apart from each other say more than a run of neighbours.
        let stride = self.at.len().div_ceil(KEPT).max(1);
        for lambda in self.at.iter().step_by(stride) {
            println!("  at {:08x} = {lambda:e}", lambda.to_bits());
        }
        self.largest <= KAPPA_F32_ULP
    }
}

fn scan(next: &AtomicU32) -> [Worst; 2] {
    let mut worst = [Worst::default(), Worst::default()];
    loop {
        let start = next.fetch_add(CHUNK, Ordering::Relaxed);
        if start > ONE {
            return worst;
        }
        for bits in start..=ONE.min(start + (CHUNK - 1)) {
            for lambda in [f32::from_bits(bits), -f32::from_bits(bits)] {
                worst[0].record(ulp_distance(kappa0(lambda), reference::kappa0(lambda) as f32), lambda);
                worst[1].record(ulp_distance(kappa1(lambda), reference::kappa1(lambda) as f32), lambda);
            }
        }
    }
}

fn main() -> ExitCode {
    let next = AtomicU32::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let [mut first, mut second] = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(|| scan(&next))).collect();
        let mut sum = [Worst::default(), Worst::default()];
        for handle in handles {
            let part = handle.join().expect("a scanning thread panicked");
            sum[0].merge(&part[0]);
            sum[1].merge(&part[1]);
        }
        sum
    });
    let good = [first.report("kappa0"), second.report("kappa1")];
    if good == [true, true] { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
