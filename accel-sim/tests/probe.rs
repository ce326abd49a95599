//! Probe.
use ultrawide_accel_sim::validate::*;
use ultrawide::simd::Backend;
#[test]
fn probe() {
    for backend in [Backend::Avx2, Backend::Avx512] {
        for side in [8, 16, 32] {
            for depth in [3, 11] {
                let r = row(backend, side, depth, 0.3).unwrap();
                let entries = (side * side) as f64 * (side * side) as f64 * (depth - 1) as f64 / if backend == Backend::Avx2 { 8.0 } else { 16.0 };
                println!("{backend} {side} {depth} clock {:.2e} predicted {:.3e} best {:.3e} median {:.3e} ratio {:.3} cycles/entry {:.2} predicted {:.2}", r.clock, r.predicted, r.best, r.median, r.ratio(), r.best * r.clock / entries, r.predicted * r.clock / entries);
            }
        }
    }
}
