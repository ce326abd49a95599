//! The issue limit: how fast a core can issue the arithmetic of the hot loop when nothing holds it up.

use std::hint::black_box;
use std::time::Instant;
use ultrawide::simd::Job;
use ultrawide_core::{Number, Scalar};

/// Instructions of the hot loop per vector of entries and layer, f32, counted in the generated code: 15 multiply-adds and
/// 5 products; beside them 9 sums, one maximum, one root.
pub const FUSED: usize = 20;

/// Nanoseconds that a core needs to issue instructions without waiting for memory or for one another's results.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One multiply-add.
    pub fused: f64,
    /// The arithmetic of one vector of entries and one layer: [`FUSED`], 9 sums, a maximum and a root.
    pub mix: f64,
}

/// Measures [`Limits`]; the best of several rounds, because whatever disturbs makes it slower.
pub struct Issue;

impl<S: Scalar> Job<S> for Issue {
    type Output = Limits;

    #[inline(always)]
    fn run<N: Number<Scalar = S>>(self) -> Limits {
        Limits { fused: best::<N, false>() / FUSED as f64, mix: best::<N, true>() }
    }
}

/// Nanoseconds of [`FUSED`] multiply-adds, with `MIX` also of the sums, the maximum and the root, on independent registers: nine
/// chains of multiply-adds, which two units of a latency of four cycles can overlap, three of sums and two of maxima and roots,
/// so that they and two constants fit 16 registers.
#[inline(always)]
fn best<N: Number, const MIX: bool>() -> f64 {
    const ROUNDS: usize = 20_000;
    let constant = |value: f64| N::splat(black_box(N::Scalar::from_f64(value)));
    let (factor, term) = (constant(0.999), constant(0.001));
    let (mut fused, mut sums, mut roots) = ([constant(1.0); 9], [constant(1.0); 3], [constant(1.5); 2]);
    let mut best = f64::INFINITY;
    for _ in 0..40 {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            // Two iterations at a time, in the order of a round-robin: 4 · 9 + 4 multiply-adds, 6 · 3 sums, 2 maxima and roots.
            for round in 0..5 {
                let chains = if round < 4 { 9 } else { 4 };
                for value in fused.iter_mut().take(chains) {
                    *value = value.mul_add(factor, term);
                }
                if MIX {
                    for _ in 0..if round == 0 { 2 } else { 1 } {
                        for sum in &mut sums {
                            *sum = sum.add(term);
                        }
                    }
                    if let Some(root) = roots.get_mut(round) {
                        *root = root.max(term).sqrt();
                    }
                }
            }
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / (2 * ROUNDS) as f64);
    }
    for value in fused.iter().chain(&sums).chain(&roots) {
        black_box(value.lane(0));
    }
    best
}
