//! Every bad shape, list and buffer is an error value whose message carries the numbers; none is a panic.
mod common;

use common::images::shape;
use common::single::{BOTH, conv_net, request};
use ultrawide_core::network::{MAX_DEPTH, MAX_DEPTHS, MAX_LAP, MAX_READOUTS};
use ultrawide_core::{
    Conv, Dense, Error, Kernel, Readout, Request, Shape, Trained, conv_pair, conv_scratch_len, dense_layers,
    dense_pair, flip, identity_cap, prepare, prepared_len,
};

const MAX: usize = usize::MAX;

/// Checks that `result` is an error whose message holds every one of `words`.
#[track_caller]
fn fails<T: std::fmt::Debug>(result: Result<T, Error>, words: &[&str]) {
    let message = result.expect_err("an error").to_string();
    for word in words {
        assert!(message.contains(word), "{message:?} does not name {word:?}");
    }
}

#[test]
fn requests() {
    let ntk = [Kernel::Ntk];
    let many: Vec<usize> = (2..=MAX_DEPTHS + 2).collect();
    let deep = [2, MAX_DEPTH + 1];
    type Case<'a> = (&'a [Kernel], &'a [usize], Trained, &'a [&'a str]);
    let cases: [Case<'_>; 15] = [
        (&[], &[3], Trained::All, &["no kernels"]),
        (&ntk, &[], Trained::All, &["no depths"]),
        (&[Kernel::Ntk, Kernel::Ntk], &[3], Trained::All, &["kernels number 2", "twice"]),
        (&[Kernel::Ntk, Kernel::Nngp, Kernel::Ntk], &[3], Trained::All, &["kernels number 3", "twice"]),
        (&ntk, &[0], Trained::All, &["depth 0", "smallest depth is 2"]),
        (&ntk, &[1], Trained::All, &["depth 1", "smallest depth is 2"]),
        (&ntk, &[3, 1], Trained::All, &["depth 1"]),
        (&ntk, &[3, 3], Trained::All, &["depth 3", "twice"]),
        (&ntk, &[3, 4, 4], Trained::All, &["depth 4", "twice"]),
        (&ntk, &[5, 4], Trained::All, &["depth 4", "depth 5", "increasing"]),
        (&ntk, &[MAX], Trained::All, &["depth 18446744073709551615", "16384"]),
        (&ntk, &deep, Trained::All, &["depth 16385", "16384"]),
        (&ntk, &many, Trained::All, &["33 depths", "at most 32"]),
        (&ntk, &[2], Trained::Hidden, &["depth 2", "trains nothing"]),
        (&BOTH, &[2, 3], Trained::Hidden, &["depth 2", "trains nothing"]),
    ];
    for (kernels, depths, trained, words) in cases {
        fails(Request::new(kernels, depths, trained), words);
    }
}

#[test]
fn slopes_and_strengths() {
    let dense = || Dense::new(request(&BOTH, &[3], Trained::All));
    for value in [f64::NAN, f64::INFINITY, -f64::INFINITY] {
        fails(dense().with_slope(value), &["slope", "finite"]);
        fails(dense().with_residual(value), &["strength", "finite"]);
        let net = conv_net(shape([1, 2, 2]), 3, &[Readout::Gap], request(&BOTH, &[3], Trained::All));
        fails(net.with_slope(value), &["slope", "finite"]);
    }
}

/// The limits themselves are legal.
#[test]
fn requests_at_the_limits() {
    let many: Vec<usize> = (2..MAX_DEPTHS + 2).collect();
    assert_eq!(request(&BOTH, &many, Trained::All).layers(), MAX_DEPTHS);
    assert_eq!(request(&[Kernel::Ntk], &[MAX_DEPTH], Trained::All).layers(), MAX_DEPTH - 1);
    // Without an NTK nothing depends on what is trained.
    assert_eq!(request(&[Kernel::Nngp], &[2], Trained::Hidden).layers(), 1);
    let readouts: Vec<Readout> = (0..MAX_READOUTS - 1).map(Readout::Lap).chain([Readout::Lap(MAX_LAP)]).collect();
    let net = conv_net(shape([1, 1, 1]), MAX, &readouts, request(&BOTH, &[2, 3], Trained::All));
    assert_eq!(net.outputs(), 2 * MAX_READOUTS * 2);
}

#[test]
fn networks() {
    let v: &[Readout] = &[Readout::Vanilla];
    let laps: Vec<Readout> = (0..=MAX_READOUTS).map(Readout::Lap).collect();
    type Case<'a> = ([usize; 3], usize, &'a [Readout], usize, &'a [&'a str]);
    let cases: [Case<'_>; 19] = [
        ([0, 8, 8], 3, v, 3, &["0x8x8", "at least 1"]),
        ([3, 0, 8], 3, v, 3, &["3x0x8"]),
        ([3, 8, 0], 3, v, 3, &["3x8x0"]),
        ([3, 8, 8], 0, v, 3, &["filter size 0", "odd"]),
        ([3, 8, 8], 4, v, 3, &["filter size 4", "odd"]),
        ([3, 8, 8], MAX - 1, v, 3, &["18446744073709551614"]),
        ([3, 8, 8], 3, &[], 3, &["no readouts"]),
        ([3, 8, 8], 3, &[Readout::Gap, Readout::Gap], 3, &["readouts number 2", "twice"]),
        ([3, 8, 8], 3, &[Readout::Lap(1), Readout::Gap, Readout::Lap(1)], 3, &["readouts number 3"]),
        ([3, 8, 8], 3, &laps, 3, &["9 readouts", "at most 8"]),
        ([3, 8, 8], 3, &[Readout::Lap(MAX_LAP + 1)], 3, &["4097", "4096"]),
        ([3, 8, 8], 3, &[Readout::Lap(MAX)], 3, &["18446744073709551615", "4096"]),
        ([MAX, 1, 1], 3, v, 3, &["18446744073709551615x1x1", "depth 3"]),
        ([1, MAX, 1], 3, v, 3, &["1x18446744073709551615x1"]),
        ([1, 1, MAX], 3, v, 3, &["1x1x18446744073709551615"]),
        ([1, MAX, MAX], 3, v, 3, &["address space"]),
        ([MAX, MAX, MAX], MAX, v, MAX_DEPTH, &["address space"]),
        // With one map a layer instead of two it would fit.
        ([1, 3 << 42, 1], 3, v, MAX_DEPTH, &["1x13194139533312x1", "depth 16384"]),
        ([1 << 20, 1 << 20, 1 << 20], 3, v, 3, &["1048576x1048576x1048576"]),
    ];
    for ([channels, height, width], filter, readouts, depth, words) in cases {
        let request = request(&[Kernel::Ntk], &[depth], Trained::All);
        fails(Conv::new(Shape { channels, height, width }, filter, readouts, request), words);
    }
}

#[test]
fn shapes_of_any_size_are_measured() {
    assert_eq!(shape([3, 32, 32]).len(), Some(3072));
    assert_eq!(shape([MAX, MAX, 2]).len(), None);
    assert_eq!(shape([MAX, 1, 1]).len(), Some(MAX));
    assert_eq!(shape([2, 1 << 32, 1 << 32]).pixels(), None);
    assert!(shape([1, 0, MAX]).is_empty());
    assert!(!shape([1, 1, 1]).is_empty());
}

/// One buffer at a time one element short, one long, and empty.
#[test]
fn convolutional_buffers() {
    let shape = shape([2, 3, 4]);
    let net = conv_net(shape, 3, &[Readout::Gap, Readout::Vanilla], request(&BOTH, &[3, 5], Trained::All));
    let (pixels, prepared, scratch, outputs) = (24, prepared_len(&net), conv_scratch_len(&net), net.outputs());
    // As docs/embedded.md tells those who make buffers of a fixed length.
    assert_eq!((prepared, scratch, outputs), (12 * (2 + 2 * 4) + 2, 3 * (12 + 3 * 4) + 2 * 8, 8));

    let run = |lens: [usize; 4]| {
        let [x, y, mut scratch, mut out] = lens.map(|len| vec![1f32; len]);
        conv_pair(&net, &x, &y, None, &mut scratch, &mut out)
    };
    let right = [prepared, prepared, scratch, outputs];
    assert_eq!(run(right), Ok(()));
    for (at, name) in ["prepared image x", "prepared image y", "scratch", "output"].into_iter().enumerate() {
        for wrong in [0, right[at] - 1, right[at] + 1] {
            let mut lens = right;
            lens[at] = wrong;
            if name == "scratch" && wrong > right[at] {
                assert_eq!(run(lens), Ok(()));
            } else {
                let (wrong, right) = (format!("{wrong} elements"), format!("{} are needed", right[at]));
                fails(run(lens), &[name, &wrong, &right]);
            }
        }
    }
    for (have, out, name) in [
        (pixels - 1, prepared, "pixels"),
        (pixels + 1, prepared, "pixels"),
        (0, prepared, "pixels"),
        (pixels, prepared - 1, "prepared image"),
        (pixels, prepared + 1, "prepared image"),
        (pixels, 0, "prepared image"),
    ] {
        let numbers = if name == "pixels" { [have, pixels] } else { [out, prepared] }.map(|n| n.to_string());
        fails(prepare(&net, &vec![1f64; have], &mut vec![0.0; out]), &[name, &numbers[0], &numbers[1]]);
    }
}

#[test]
fn dense_buffers() {
    let net = Dense::new(request(&BOTH, &[2, 7], Trained::All));
    let run =
        |x: usize, y: usize, out: usize| dense_pair(&net, &vec![1f64; x], &vec![1f64; y], None, &mut vec![0.0; out]);
    assert_eq!(run(5, 5, 4), Ok(()));
    fails(run(5, 4, 4), &["input y holds 4", "5 are needed"]);
    fails(run(5, 6, 4), &["input y holds 6", "5 are needed"]);
    fails(run(5, 0, 4), &["input y holds 0", "5 are needed"]);
    fails(run(0, 5, 4), &["input y holds 5"]);
    fails(run(0, 0, 4), &["input y holds 0", "1 are needed"]);
    for out in [0, 3, 5] {
        fails(run(5, 5, out), &["output", &format!("holds {out} "), "4 are needed"]);
        let layers = dense_layers(&net, 1f32, (&[1.0], [1.0; 3]), (&[1.0], [1.0; 3]), None, &mut vec![0.0; out]);
        fails(layers, &["output", "4 are needed"]);
    }
    let layers = dense_layers(&net, 1f32, (&[1.0; 2], [1.0; 3]), (&[1.0], [1.0; 3]), None, &mut [0.0; 4]);
    fails(layers, &["input y holds 1", "2 are needed"]);
}

#[test]
fn flips_and_comparisons() {
    fails(flip(&[1, 2, 3], 3, &mut [0; 2]), &["flipped image holds 2", "3 are needed"]);
    fails(flip(&[1, 2], 2, &mut [0; 3]), &["flipped image holds 3", "2 are needed"]);
    assert_eq!(flip::<f32>(&[], 0, &mut []), Ok(()));
    assert_eq!(flip(&[1, 2], MAX, &mut [0; 2]), Ok(()));
    assert_eq!(flip(&[1, 2], 0, &mut [0; 2]), Ok(()));

    assert_eq!(identity_cap(&[1f32, 2.0], &[1f32, 2.0]), Some(0.0));
    assert_eq!(identity_cap(&[1f32, 2.0], &[1f32, 2.0f32.next_up()]), None);
    assert_eq!(identity_cap(&[1f32, 2.0], &[1f32]), None);
    assert_eq!(identity_cap(&[f64::NAN], &[f64::NAN]), None);
}
