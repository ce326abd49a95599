//! Criterion benches: the hot loops on one core, with every backend of the machine.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;
use ultrawide::gram::{Gram, Net};
use ultrawide::simd::Backend;
use ultrawide_benches::pair::ConvRounds;
use ultrawide_benches::{CIFAR, images};
use ultrawide_core::{Conv, Dense, Kernel, Readout, Request, Shape, Trained};

/// A pair of 32×32×3 images; the throughput counts entries × layers.
fn conv(c: &mut Criterion) {
    let nets = [
        ("gap depth 11", Readout::Gap, Trained::Hidden, &[11][..]),
        ("lap(4) depth 11", Readout::Lap(4), Trained::All, &[11]),
        ("vanilla depths 3,4,6,11,21", Readout::Vanilla, Trained::All, &[3, 4, 6, 11, 21]),
    ];
    for (name, readout, trained, depths) in nets {
        let net =
            Request::new(&[Kernel::Ntk], depths, trained).and_then(|request| Conv::new(CIFAR, 3, &[readout], request));
        let Ok(net) = net else { panic!("{net:?}") };
        let mut group = c.benchmark_group(format!("conv_pair {name}"));
        group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        let work = Net::Conv(net.clone()).entries() * net.request().layers() as f64;
        group.throughput(Throughput::Elements(work as u64));
        for backend in Backend::available() {
            let net = &net;
            if backend != Backend::Scalar {
                group.bench_function(BenchmarkId::new("f32", backend), |b| {
                    b.iter_custom(|rounds| time::<f32>(backend, net, rounds));
                });
            }
            group.bench_function(BenchmarkId::new("f64", backend), |b| {
                b.iter_custom(|rounds| time::<f64>(backend, net, rounds));
            });
        }
        group.finish();
    }
}

fn time<S: ultrawide::simd::Element>(backend: Backend, net: &Conv, rounds: u64) -> Duration {
    let seconds = backend.run::<S, _>(ConvRounds { net, rounds: rounds as usize });
    Duration::from_secs_f64(seconds.iter().sum())
}

/// One tile of a dense net: 256 × 256 inputs of 3,072 features.
fn dense(c: &mut Criterion) {
    let shape = Shape { channels: 3072, height: 1, width: 1 };
    let request = Request::new(&[Kernel::Ntk], &[11], Trained::All);
    let Ok(request) = request else { panic!("{request:?}") };
    let net = Net::Dense { shape, net: Dense::new(request) };
    let (x, y) = (images(256, shape, 1), images(256, shape, 2));
    let gram = Gram { net: &net, flip: false, x: &x, y: Some(&y), tile: 256 };
    let mut group = c.benchmark_group("dense tile 256x256x3072 depth 11");
    group.sample_size(10).throughput(Throughput::Elements(256 * 256));
    for backend in Backend::available() {
        group.bench_function(BenchmarkId::new("f32", backend), |b| b.iter(|| gram.tile::<f32>(0, 0, backend)));
    }
    group.finish();
}

criterion_group!(benches, conv, dense);
criterion_main!(benches);
