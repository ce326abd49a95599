//! Time of the factorisation, beside faer's own; run by hand:
//! `cargo test --release -p ultrawide --lib regression::tests::speed -- --ignored --nocapture`.

use std::time::Instant;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::{Mat, Par};

use super::oracle::labels;
use crate::regression::{Targets, Workspace};

/// A kernel in f32 precision: exp(−|i − j|/50) with a unit diagonal.
fn entry(i: usize, j: usize) -> f64 {
    f64::from((-(i.abs_diff(j) as f32) / 50.0).exp())
}

#[test]
#[ignore = "a measurement that takes a minute and up to 1 GB, not a check"]
fn factorisation() {
    let sizes = std::env::var("REGRESSION_SIZES").unwrap_or_else(|_| "1000,5000".into());
    for n in sizes.split(',').map(|n| n.parse::<usize>().unwrap()) {
        let targets = Targets::new(&labels(n, 10), 10).unwrap();
        for threads in [1, 2, 2, 1] {
            let mut workspace = Workspace::new(n, threads).unwrap();
            workspace
                .load(|k| {
                    for (j, column) in k.columns_mut().enumerate() {
                        (j..).zip(column).for_each(|(i, value)| *value = entry(i, j));
                    }
                    Ok(())
                })
                .unwrap();
            let r = workspace.solve(0.0, &targets).unwrap().report;
            println!(
                "n {n} threads {threads}: fill {:.2} s, factor {:.3} s {:.1} GFLOP/s, solve {:.3} s, check {:.3} s, condition {:.2e}, backward {:.1e}",
                r.fill_seconds,
                r.factor_seconds,
                r.factor_gflops,
                r.solve_seconds,
                r.check_seconds,
                r.condition,
                r.backward_error
            );
        }
        let mut bits = Vec::new();
        for (par, threads) in [(Par::Seq, 1), (Par::rayon(2), 2), (Par::rayon(3), 3)] {
            let mut a = Mat::from_fn(n, n, entry);
            let scratch = cholesky_in_place_scratch::<f64>(n, par, Default::default());
            let mut memory = MemBuffer::new(scratch);
            let (stack, clock) = (MemStack::new(&mut memory), Instant::now());
            cholesky_in_place(a.as_mut(), Default::default(), par, stack, Default::default()).unwrap();
            let seconds = clock.elapsed().as_secs_f64();
            let gflops = (n as f64).powi(3) / 3e9 / seconds;
            bits.push((0..n).map(|j| a[(n - 1, j)].to_bits()).fold(0u64, |h, b| h.rotate_left(5) ^ b));
            println!("n {n} threads {threads}: faer's own factorisation {seconds:.3} s {gflops:.1} GFLOP/s");
        }
        println!(
            "n {n}: faer's own factor has the same bits for 1, 2 and 3 threads: {}",
            bits.iter().all(|b| *b == bits[0])
        );
    }
}
