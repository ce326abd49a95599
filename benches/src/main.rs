//! The speed report: one run that puts side by side what has to be compared.
//!
//! `cargo run --release -p ultrawide-benches` (about a minute on two cores; `--quick` leaves the dense net of 10,000 inputs out)
//!
//! `--solve` compares the solvers instead, for the sizes that follow (2,000, 5,000 and 10,000 where none does); `--factor N` writes the seconds of one
//! factorisation in f64 and one in f32.

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use std::time::Instant;
use ultrawide::gram::{Gram, Memory, Net};
use ultrawide::simd::{Backend, Element};
use ultrawide_benches::issue::{FUSED, Issue, Limits};
use ultrawide_benches::pair::ConvRounds;
use ultrawide_benches::{CIFAR, images, solve, uniform};
use ultrawide_core::{Conv, Dense, Error, Kernel, Readout, Request, Shape, Trained};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    if has("--factor") {
        let [double, single] = solve::factor_seconds(sizes.first().copied().unwrap_or(10_000), cores()?)?;
        println!("{double:.4} {single:.4}");
        return Ok(());
    }
    if has("--solve") {
        println!("Solvers, all cores: medians (best) of 3 rounds in turn, GFLOP/s and GB/s.\n");
        println!("{}", solvers(if sizes.is_empty() { &[2000, 5000, 10_000] } else { &sizes })?);
        return Ok(());
    }
    let quick = has("--quick");
    println!("One core: medians (best) of one run; images {CIFAR}.\n");
    println!("{}", pairs()?);
    println!("Threads: CNTK-V, depth 11, 512 images against themselves; medians of 5 runs in turn.\n");
    println!("{}", threads()?);
    if !quick {
        println!(
            "Dense NTK of 10,000 inputs of 3,072 numbers, depth 11, against the product X·Xᵀ alone; all cores, f32.\n"
        );
        println!("{}", dense()?);
    }
    Ok(())
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header);
    table
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn cores() -> Result<usize, std::io::Error> {
    std::thread::available_parallelism().map(usize::from)
}

/// The factorisations and the iteration, beside what they are made of.
fn solvers(sizes: &[usize]) -> Result<Table, Box<dyn std::error::Error>> {
    let threads = cores()?;
    let mut table = table(&[
        "n",
        "type",
        "Cholesky",
        "faer's llt",
        "faer's product",
        "of the product",
        "iterations, GB/s",
        "copy, GB/s",
    ]);
    for &n in sizes {
        for (speeds, name) in solve::both(n, threads, 3)?.into_iter().zip(["f64", "f32"]) {
            let best = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
            let both = |values: &[f64]| format!("{:.1} ({:.1})", median(values.to_vec()), best(values));
            let rates = speeds.reports.iter().map(|report| solve::iteration_bytes(report) / report.solve_seconds / 1e9);
            let rates: Vec<f64> = rates.collect();
            let iterations = speeds.reports.first().map_or(0, |report| report.iterations);
            table.add_row([
                n.to_string(),
                name.to_owned(),
                both(&speeds.own),
                both(&speeds.faer),
                both(&speeds.product),
                format!("{:.0} %", 100.0 * best(&speeds.own) / best(&speeds.product)),
                if iterations > 0 { format!("{iterations}: {}", both(&rates)) } else { "–".to_owned() },
                if iterations > 0 { format!("{:.1}", solve::copy_rate(threads) / 1e9) } else { "–".to_owned() },
            ]);
        }
    }
    Ok(table)
}

fn conv(readout: Readout, depths: &[usize], trained: Trained) -> Result<Conv, Error> {
    Conv::new(CIFAR, 3, &[readout], Request::new(&[Kernel::Ntk], depths, trained)?)
}

/// The convolutional kernels on one core, with every vector backend, beside the issue limit.
fn pairs() -> Result<Table, Error> {
    let mut table = table(&[
        "kernel",
        "backend",
        "type",
        "time a pair",
        "ns / entry / layer",
        "of issue limit: all arithmetic",
        "of issue limit: multiply/FMA",
    ]);
    let kernels = [
        ("CNTK-GAP depth 11", conv(Readout::Gap, &[11], Trained::Hidden)?, 15),
        ("CNTK-V depths 3,4,6,11,21", conv(Readout::Vanilla, &[3, 4, 6, 11, 21], Trained::All)?, 5000),
    ];
    for (name, net, rounds) in &kernels {
        for backend in Backend::available().into_iter().rev() {
            row::<f32>(&mut table, name, net, backend, *rounds);
            row::<f64>(&mut table, name, net, backend, rounds.div_ceil(10));
        }
    }
    Ok(table)
}

fn row<S: Element>(table: &mut Table, name: &str, net: &Conv, backend: Backend, rounds: usize) {
    let rounds = if backend == Backend::Scalar { rounds.div_ceil(10) } else { rounds };
    // The limits of just before and just after: the clock of a shared machine does not stay.
    let limits = |_: usize| backend.run::<S, _>(Issue);
    let before: Limits = limits(0);
    let seconds = backend.run::<S, _>(ConvRounds { net, rounds });
    let after: Limits = limits(1);
    let best = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let median = median(seconds);
    let work = Net::Conv(net.clone()).entries() * net.request().layers() as f64;
    let lanes = backend.lanes::<S>() as f64;
    let ns = |seconds: f64| seconds * 1e9 / work;
    let single = size_of::<S>() == 4;
    let share = |limit: f64| format!("{:.0} %", 100.0 * limit / (ns(best) * lanes));
    let (mix, fused) = (before.mix.min(after.mix), before.fused.min(after.fused) * FUSED as f64);
    table.add_row([
        name.to_owned(),
        backend.to_string(),
        (if single { "f32" } else { "f64" }).to_owned(),
        format!("{:.2} µs ({:.2})", median * 1e6, best * 1e6),
        format!("{:.3} ({:.3})", ns(median), ns(best)),
        // The instructions were counted for f32; f64 has longer polynomials.
        if single { share(mix) } else { "–".to_owned() },
        if single { share(fused) } else { "–".to_owned() },
    ]);
}

/// One thread against two, and as many as the machine has.
fn threads() -> Result<Table, Box<dyn std::error::Error>> {
    let net = Net::Conv(conv(Readout::Vanilla, &[11], Trained::All)?);
    let x = images(512, CIFAR, 3);
    let gram = Gram { net: &net, flip: false, x: &x, y: None, tile: 32 };
    let backend = Backend::select()?;
    let cores = std::thread::available_parallelism()?.get();
    let mut counts = vec![1, 2, cores];
    counts.sort_unstable();
    counts.dedup();
    let mut times = vec![Vec::new(); counts.len()];
    for _ in 0..5 {
        for (threads, times) in counts.iter().zip(&mut times) {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(*threads).build()?;
            let start = Instant::now();
            keep::<f32>(&gram, backend, &pool)?;
            times.push(start.elapsed().as_secs_f64());
        }
    }
    let mut table = table(&["threads", "seconds", "times one thread", "ns / entry / layer, all threads"]);
    let pairs = gram.plan("train").tiles(gram.tile).map(|tile| gram.pairs(tile)).sum::<u64>();
    let one = median(times[0].clone());
    for (threads, times) in counts.iter().zip(times) {
        let seconds = median(times);
        let ns = seconds * 1e9 / (pairs as f64 * net.entries() * net.request().layers() as f64);
        table.add_row([
            threads.to_string(),
            format!("{seconds:.3}"),
            format!("{:.2}", one / seconds),
            format!("{ns:.3}"),
        ]);
    }
    Ok(table)
}

fn keep<S: Element>(
    gram: &Gram<'_>,
    backend: Backend,
    pool: &rayon::ThreadPool,
) -> Result<Memory<S>, Box<dyn std::error::Error>> {
    let plan = gram.plan("train");
    let tiles: Vec<_> = plan.tiles(gram.tile).collect();
    let memory = Memory::new(plan, gram.tile);
    gram.run(backend, pool, &tiles, |i, j, values| memory.set(i, j, values))?;
    Ok(memory)
}

/// The dense NTK beside the matrix product that it cannot do without.
fn dense() -> Result<Table, Box<dyn std::error::Error>> {
    let shape = Shape { channels: 3072, height: 1, width: 1 };
    let (n, features) = (10_000, 3072);
    let net = Net::Dense { shape, net: Dense::new(Request::new(&[Kernel::Ntk], &[11], Trained::All)?) };
    let x = images(n, shape, 5);
    let gram = Gram { net: &net, flip: false, x: &x, y: None, tile: net.tile() };
    let backend = Backend::select()?;
    let pool = rayon::ThreadPoolBuilder::new().build()?;
    let threads = pool.current_num_threads();
    let mut next = uniform(5);
    let matrix = Mat::<f32>::from_fn(features, n, |_, _| next() as f32);
    let mut product = Mat::<f32>::zeros(n, n);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let start = Instant::now();
        keep::<f32>(&gram, backend, &pool)?;
        ours.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        matmul(product.as_mut(), Accum::Replace, matrix.transpose(), matrix.as_ref(), 1.0, Par::rayon(threads));
        theirs.push(start.elapsed().as_secs_f64());
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let mut table = table(&["", "seconds (median of 3)", "ratio"]);
    table.add_row(["dense NTK, symmetric half".to_owned(), format!("{ours:.2}"), format!("{:.2}", ours / theirs)]);
    table.add_row(["X·Xᵀ by faer".to_owned(), format!("{theirs:.2}"), "1".to_owned()]);
    Ok(table)
}
