//! A dense net.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
#[board::entry]
fn main() -> ! {
    use core::hint::black_box;
    use sizes::report::Report;
    use sizes::{DEPTH, IMAGES, SHALLOW, request};
    use ultrawide_core::{Dense, Error, dense_pair, identity_cap};

    let mut out = [0.0];
    let mut report = Report::begin(size_of_val(&out));
    let mut run = |depth, report: &mut Report| -> Result<(), Error> {
        let net = Dense::new(request(depth)?);
        let [x, y] = black_box(&IMAGES);
        report.count("pair", depth, || dense_pair(&net, x, y, identity_cap(x, y), &mut out))
    };
    let done = if cfg!(feature = "measure") { run(SHALLOW, &mut report) } else { Ok(()) };
    let done = done.and_then(|()| run(DEPTH, &mut report)).is_ok();
    report.end(out, done)
}

#[cfg(not(target_os = "none"))]
fn main() {}
