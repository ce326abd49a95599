//! Prints the largest relative errors of `f32`, against `f64` on the same inputs: of the square root, of κ0 and κ1, and of kernels,
//! separated by tabs. The feature `micromath` decides by which root; `f64` does not depend on it.

use ultrawide_core::dual::{kappa0, kappa1};
use ultrawide_core::*;

/// Pairs of images for each depth.
const PAIRS: u32 = 300;

fn main() -> Result<(), Error> {
    let floats = (f32::MIN_POSITIVE.to_bits()..f32::MAX.to_bits()).step_by(499).map(f32::from_bits);
    print("square root", floats.map(|x| error(Number::sqrt(x), f64::from(x).sqrt())));
    let lambdas = || (-99_990..=100_000).map(|at| at as f32 / 100_000.0);
    print("κ0", lambdas().map(|x| error(kappa0(x), kappa0(f64::from(x)))));
    print("κ1", lambdas().map(|x| error(kappa1(x), kappa1(f64::from(x)))));
    for depth in [3, 5, 11, 21] {
        let request = Request::new(&[Kernel::Ntk, Kernel::Nngp], &[depth], Trained::All)?;
        let shape = Shape { channels: 1, height: 8, width: 8 };
        let net = Conv::new(shape, 3, &[Readout::Vanilla, Readout::Gap], request.clone())?;
        let dense = Dense::new(request);
        let mut worst = [0.0_f64; 3];
        for seed in 1..=PAIRS {
            let (x, y) = (image(seed), image(seed + PAIRS));
            for y in [&x, &y] {
                let exact = kernels::<f64>(&net, &dense, &x, y)?;
                for (index, (value, exact)) in kernels::<f32>(&net, &dense, &x, y)?.into_iter().zip(exact).enumerate() {
                    // Vanilla, gap, dense: the NTK and the NNGP kernel of each.
                    let kind = if index < 4 { index % 2 } else { 2 };
                    worst[kind] = worst[kind].max(error(value, exact));
                }
            }
        }
        for (kind, worst) in ["vanilla", "gap", "dense"].into_iter().zip(worst) {
            print(&format!("{kind}, depth {depth}"), [worst].into_iter());
        }
    }
    Ok(())
}

fn print(what: &str, errors: impl Iterator<Item = f64>) {
    println!("{what}\t{:.1e}", errors.fold(0.0, f64::max));
}

fn error(value: f32, exact: f64) -> f64 {
    if exact == 0.0 { f64::from(value).abs() } else { ((f64::from(value) - exact) / exact).abs() }
}

/// 64 multiples of 2^-20 in [−1, 1): no two patches are nearly parallel.
fn image(seed: u32) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9);
    let next = |_| {
        // Marsaglia 2003, Xorshift RNGs, the triple (13, 17, 5).
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f64::from(state >> 11) / f64::from(1 << 20) - 1.0
    };
    (0..64).map(next).collect()
}

/// The outputs of both nets.
fn kernels<S: Scalar>(net: &Conv, dense: &Dense, x: &[f64], y: &[f64]) -> Result<Vec<S>, Error> {
    let [x, y] = [x, y].map(|image| image.iter().map(|&pixel| S::from_f64(pixel)).collect::<Vec<S>>());
    let zeros = |len| vec![S::from_f64(0.0); len];
    let (mut px, mut py) = (zeros(prepared_len(net)), zeros(prepared_len(net)));
    prepare(net, &x, &mut px)?;
    prepare(net, &y, &mut py)?;
    let cap = identity_cap(&x, &y);
    let (mut out, mut out_dense) = (zeros(net.outputs()), zeros(dense.outputs()));
    conv_pair(net, &px, &py, cap, &mut zeros(conv_scratch_len(net)), &mut out)?;
    dense_pair(dense, &x, &y, cap, &mut out_dense)?;
    out.extend(out_dense);
    Ok(out)
}
