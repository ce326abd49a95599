//! `accuracy kappa`.

use std::fmt::LowerExp;
use ultrawide_accuracy::common::precision::{KAPPA_F32_ULP, KAPPA_F64_ULP};
use ultrawide_accuracy::kappa::Float;
use ultrawide_accuracy::kappa::points::GENERATORS;
use ultrawide_accuracy::kappa::scan::{Tallies, scan_f32, scan_f64};

#[derive(clap::Args)]
pub struct Args {
    #[arg(long, value_enum)]
    precision: Precision,
    /// How many arguments: of f32 as many evenly spaced bit patterns, of f64 as many of all generators together
    ///
    /// Without it, all 2,130,706,434 f32, or 100,000,000 f64.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Precision {
    F32,
    F64,
}

impl Args {
    /// Whether all errors are within the tolerance.
    pub fn run(self) -> bool {
        match self.precision {
            Precision::F32 => {
                let all = 2 * u64::from(1f32.to_bits()) + 2;
                let stride = self.sample.map_or(1, |sample| (all / sample).max(1));
                report("f32", &scan_f32(u32::try_from(stride).unwrap_or(1)), KAPPA_F32_ULP)
            }
            Precision::F64 => {
                let count = self.sample.unwrap_or(100_000_000).div_ceil(GENERATORS.len() as u64);
                let mut sum = Tallies::new();
                for generator in GENERATORS {
                    let tallies = scan_f64(generator, count);
                    print(&format!("f64 {generator:?},"), &tallies);
                    sum = sum.merge(tallies);
                }
                report("f64", &sum, KAPPA_F64_ULP)
            }
        }
    }
}

/// Prints the tallies of each function and arithmetic.
fn print<F: Float + LowerExp>(what: &str, tallies: &Tallies<F>) {
    for (backend, tallies) in &tallies.of {
        for (name, tally) in ["kappa0", "kappa1"].into_iter().zip(tallies) {
            print!("{name} {what} {backend}: {tally}");
        }
    }
}

/// Prints the tallies, and the arguments that only multi-precision can round; whether all errors are within the tolerance, with multiply-add rounded twice
/// and once.
fn report<F: Float + LowerExp>(precision: &str, tallies: &Tallies<F>, tolerances: [u64; 2]) -> bool {
    print(precision, tallies);
    // The same on every backend: they have to do with the exact values alone.
    if let Some((_, tallies)) = tallies.of.first() {
        for (name, tally) in ["kappa0", "kappa1"].into_iter().zip(tallies) {
            for lambda in &tally.undecided {
                println!("{name} {precision}, rounded by multi-precision at {} = {lambda:e}", lambda.hex());
            }
        }
    }
    if !tallies.of.iter().any(|(backend, _)| backend.is_fused()) {
        println!("SKIPPED, fused multiply-add: this machine has no vectors that ultrawide knows");
    }
    tallies.within(tolerances)
}
