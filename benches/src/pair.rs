//! One image against a vector of partners: the hot loop alone, on one core.

use std::time::Instant;
use ultrawide::simd::{Backend, Job};
use ultrawide_core::{Conv, Number, Scalar, conv_pair, conv_scratch_len, prepare, prepared_len};

/// Times `rounds` of [`conv_pair`] on prepared random images; the seconds of a pair in each round.
pub struct ConvRounds<'a> {
    /// The network.
    pub net: &'a Conv,
    /// How many times.
    pub rounds: usize,
}

impl<S: Scalar> Job<S> for ConvRounds<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run<N: Number<Scalar = S>>(self) -> Vec<f64> {
        let net = self.net;
        let len = net.pixels() * net.shape().channels;
        let mut next = crate::uniform(1);
        let x: Vec<S> = (0..len).map(|_| S::from_f64(next())).collect();
        let y: Vec<N> = (0..len).map(|_| N::from_lanes(|_| S::from_f64(next()))).collect();
        let mut x_prepared = vec![S::from_f64(0.0); prepared_len(net)];
        let mut y_prepared = vec![N::zero(); prepared_len(net)];
        let mut scratch = vec![N::zero(); conv_scratch_len(net)];
        let mut out = vec![N::zero(); net.outputs()];
        let ready = prepare(net, &x, &mut x_prepared).and_then(|()| prepare(net, &y, &mut y_prepared));
        assert!(ready.is_ok(), "{ready:?}");
        let mut seconds = Vec::with_capacity(self.rounds);
        for _ in 0..self.rounds {
            let start = Instant::now();
            let done = conv_pair(net, &x_prepared, &y_prepared, None, &mut scratch, &mut out);
            assert!(done.is_ok(), "{done:?}");
            seconds.push(start.elapsed().as_secs_f64() / N::LANES as f64);
            std::hint::black_box(&out);
        }
        seconds
    }
}

/// The same in `f32` on a backend. It is not generic, so that who uses it does not compile it.
#[inline(never)]
pub fn single_rounds(backend: Backend, net: &Conv, rounds: usize) -> Vec<f64> {
    backend.run::<f32, _>(ConvRounds { net, rounds })
}
