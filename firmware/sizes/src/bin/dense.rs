//! A dense net.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[board::entry]
fn main() -> ! {
    use core::hint::black_box;
    use sizes::report::Report;
    use sizes::{DEEP, DEPTH, Float, IMAGES, PIXELS, SHALLOW, request};
    use ultrawide_core::{Dense, Error, Number, dense_pair, identity_cap};

    let mut out = [Float::zero()];
    let mut report = Report::begin(size_of_val(&out) + size_of::<[Float; PIXELS]>());
    let mut run = |depth, report: &mut Report| -> Result<(), Error> {
        let net = Dense::new(request(depth)?);
        let [x, y] = black_box(&IMAGES);
        let y = y.map(Float::splat);
        let cap = identity_cap(x, &y);
        report.count("pair", depth, || dense_pair(&net, x, &y, cap, &mut out))
    };
    let depths: &[usize] = if cfg!(feature = "measure") { &[SHALLOW, DEEP, DEPTH] } else { &[DEPTH] };
    let done = depths.iter().all(|&depth| run(depth, &mut report).is_ok());
    report.end(out.map(|kernel| kernel.lane(0)), done)
}

#[cfg(not(target_os = "none"))]
fn main() {}
