//! The library on one pair of images, buffers and all; and how far its results are from the exact ones.

use ultrawide_core::{
    Conv, Dense, Kernel, Number, Readout, Request, Scalar, Shape, Trained, conv_pair, conv_scratch_len, dense_pair,
    identity_cap, prepare, prepared_len,
};

pub const BOTH: [Kernel; 2] = [Kernel::Nngp, Kernel::Ntk];
pub const PAPER_DEPTHS: [usize; 5] = [3, 4, 6, 11, 21];

pub fn request(kernels: &[Kernel], depths: &[usize], trained: Trained) -> Request {
    Request::new(kernels, depths, trained).expect("a valid request")
}

pub fn conv_net(shape: Shape, filter: usize, readouts: &[Readout], request: Request) -> Conv {
    Conv::new(shape, filter, readouts, request).expect("a valid network")
}

pub fn rounded<S: Scalar>(numbers: &[f64]) -> Vec<S> {
    numbers.iter().map(|&x| S::from_f64(x)).collect()
}

/// A number in all lanes of a vector.
fn splat<N: Number>(numbers: &[N::Scalar]) -> Vec<N> {
    numbers.iter().map(|&x| N::splat(x)).collect()
}

fn first_lane<N: Number>(numbers: &[N]) -> Vec<N::Scalar> {
    numbers.iter().map(|x| x.lane(0)).collect()
}

fn prepared<N: Number>(net: &Conv, image: &[N]) -> Vec<N> {
    let mut out = vec![N::splat(N::Scalar::from_f64(f64::NAN)); prepared_len(net)];
    prepare(net, image, &mut out).expect("buffers of the stated length");
    out
}

/// All outputs for two images, on one number or the first lane of a vector. The scratch starts full of NaN: its content must not
/// matter.
pub fn conv<N: Number>(net: &Conv, x: &[f64], y: &[f64]) -> Vec<N::Scalar> {
    let (x, y) = (rounded::<N::Scalar>(x), splat::<N>(&rounded(y)));
    let nan = N::splat(N::Scalar::from_f64(f64::NAN));
    let mut scratch = vec![nan; conv_scratch_len(net)];
    let mut out = vec![nan; net.outputs()];
    let (px, py) = (prepared(net, &x), prepared(net, &y));
    conv_pair(net, &px, &py, identity_cap(&x, &y), &mut scratch, &mut out).expect("buffers of the stated length");
    first_lane(&out)
}

pub fn dense<N: Number>(net: &Dense, x: &[f64], y: &[f64]) -> Vec<N::Scalar> {
    let (x, y) = (rounded::<N::Scalar>(x), splat::<N>(&rounded(y)));
    let mut out = vec![N::splat(N::Scalar::from_f64(f64::NAN)); net.outputs()];
    dense_pair(net, &x, &y, identity_cap(&x, &y), &mut out).expect("buffers of the stated length");
    first_lane(&out)
}

pub fn as_f64<S: Scalar>(values: &[S]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

/// The largest error seen of a kind, with the words that say where.
#[derive(Default)]
pub struct Worst {
    error: f64,
    at: String,
    compared: usize,
}

impl Worst {
    /// Records |value − exact| / scale; a NaN is an infinite error.
    pub fn record(&mut self, value: f64, exact: f64, scale: f64, at: impl FnOnce() -> String) {
        self.compared += 1;
        let difference = (value - exact).abs();
        // 0 against 0 is right whatever the scale.
        let error = if difference == 0.0 { 0.0 } else { difference / scale };
        let error = if error.is_nan() { f64::INFINITY } else { error };
        if error > self.error {
            *self = Worst { error, at: format!("{}: {value:e} instead of {exact:e}", at()), compared: self.compared };
        }
    }

    /// Records all outputs of a request of [`BOTH`] kernels, relative to the largest term of each sum.
    ///
    /// That is the value itself for NNGP. The NTK κ0 Θ + K crosses zero where Θ < 0 (all layers trained, opposite inputs);
    /// its terms are as large as K, the NNGP's value.
    pub fn record_all<S: Scalar>(&mut self, values: &[S], exact: &[f64], at: impl Fn(usize) -> String) {
        assert_eq!(values.len(), exact.len());
        let half = exact.len() / 2;
        for (index, (value, &exact_value)) in values.iter().zip(exact).enumerate() {
            let scale = exact_value.abs().max(exact[index % half].abs());
            self.record(value.to_f64(), exact_value, scale, || at(index));
        }
    }

    #[track_caller]
    pub fn check(&self, what: &str, tolerance: f64) {
        assert!(self.compared > 0, "{what}: nothing was compared");
        println!("{what}: at most {:.2e} of {} values; {}", self.error, self.compared, self.at);
        assert!(self.error <= tolerance, "{what}: {:.3e} off, allowed {tolerance:e}, at {}", self.error, self.at);
    }
}
