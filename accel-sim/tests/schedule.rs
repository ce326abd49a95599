//! Small schedules computed by hand, and what does not fit.

use ultrawide_accel_sim::cost::cntk;
use ultrawide_accel_sim::event::{Cores, Step, run};
use ultrawide_accel_sim::machine::{Lanes, Machine};
use ultrawide_accel_sim::plan::{Images, bytes, plan};
use ultrawide_accel_sim::schedule;
use ultrawide_core::{Readout, Shape, Trained};

const ONE: Cores = Cores { count: 1, buffers: 2, dma: 4.0, latency: 10.0, offchip: 100.0 };

fn step(bytes: f64, cycles: f64) -> Step {
    Step { bytes, cycles }
}

/// Three steps of 40 bytes and 50 cycles: a fetch takes 10 + 40/4 = 20 cycles. Two buffers: 20, then 50 each, the fetches beside them: 170.
/// One buffer: a fetch begins when the step before is done: 3 · (20 + 50) = 210.
#[test]
fn double_buffering() {
    let job = vec![vec![step(40.0, 50.0); 3]];
    let double = run(ONE, &job);
    assert_eq!((double.cycles, double.computing, double.waiting, double.bytes), (170.0, 150.0, 20.0, 120.0));
    let single = run(Cores { buffers: 1, ..ONE }, &job);
    assert_eq!((single.cycles, single.computing, single.waiting), (210.0, 150.0, 60.0));
}

/// Fetches longer than steps: 10 + 400/4 = 110 cycles each, one after another; the last step ends 5 cycles after the third.
#[test]
fn bandwidth() {
    let outcome = run(ONE, &[vec![step(400.0, 5.0); 3]]);
    assert_eq!((outcome.cycles, outcome.fetching), (335.0, 300.0));
}

/// Three jobs of 30, 20 and 10 cycles without bytes on two cores: the second core takes the third job when it is done with its own.
#[test]
fn jobs_go_to_the_core_that_is_free() {
    let jobs: Vec<Vec<Step>> = [30.0, 20.0, 10.0].map(|cycles| vec![step(0.0, cycles)]).to_vec();
    let outcome = run(Cores { count: 2, buffers: 1, ..ONE }, &jobs);
    assert_eq!((outcome.cycles, outcome.computing, outcome.idle), (30.0, 60.0, 0.0));
}

/// Two cores that fetch 100 bytes each at the same time: the way beyond takes them one after another, 100 cycles each at 1 byte a cycle.
#[test]
fn the_way_beyond_is_shared() {
    let cores = Cores { count: 2, offchip: 1.0, latency: 0.0, dma: 100.0, ..ONE };
    let outcome = run(cores, &[vec![step(100.0, 7.0)], vec![step(100.0, 7.0)]]);
    assert_eq!((outcome.cycles, outcome.offchip), (207.0, 200.0));
}

#[test]
fn the_same_each_time() {
    let machine = Machine::find("h200-sm").expect("bundled");
    let net = cntk(Shape { channels: 1, height: 9, width: 9 }, Readout::Gap, &[4], Trained::Hidden).expect("a net");
    let report = schedule::run(&machine, &net).expect("it fits");
    assert_eq!(report, schedule::run(&machine, &net).expect("it fits"));
    assert_eq!(report.jobs, 2 * 17 * 17);
    assert!(report.utilisation.iter().all(|unit| (0.0..=1.0).contains(&unit.share)), "{report:?}");
}

/// What a scratchpad needs, and that one byte less is an error which says so.
#[test]
fn scratchpads() {
    let net = cntk(Shape { channels: 1, height: 8, width: 8 }, Readout::Gap, &[3], Trained::Hidden).expect("a net");
    let mut machine = Machine::find("zen4-avx2").expect("bundled");
    assert_eq!(machine.hold, Lanes::Partners);
    // Scratch: 2 (64 + 3 · 8 + 1) numbers for each of 8 partners; one buffer of √v, 1/√v of x and 8 y.
    let work = 8 * 4 * 2 * (64 + 3 * 8 + 1);
    let buffer = 2 * 64 * (1 + 8) * 4;
    assert_eq!(bytes(&machine, &net, Images::Streamed, 1, 1), work + buffer);
    // Prepared: 64 (1 + 2 · 2) + 1 numbers.
    let image = 4 * (64 * 5 + 1);
    assert_eq!(bytes(&machine, &net, Images::Resident, 2, 1), work + image + 2 * 8 * image);
    for (scratchpad, images, buffers) in [
        (work + image + 2 * 8 * image, Images::Resident, 2),
        (work + image + 2 * 8 * image - 1, Images::Streamed, 2),
        (work + 2 * buffer, Images::Streamed, 2),
        (work + 2 * buffer - 1, Images::Streamed, 1),
        (work + buffer, Images::Streamed, 1),
    ] {
        machine.memory.scratchpad = scratchpad;
        let plan = plan(&machine, &net).expect("it fits");
        assert_eq!((plan.images, plan.buffers), (images, buffers), "{scratchpad}");
        assert!(plan.bytes <= scratchpad);
        assert!(schedule::run(&machine, &net).is_ok());
    }
    machine.memory.scratchpad = work + buffer - 1;
    let error = schedule::run(&machine, &net).expect_err("too small").to_string();
    for part in
        [(work + buffer).to_string(), (work + 2 * buffer).to_string(), "1x7x7".to_owned(), "zen4-avx2".to_owned()]
    {
        assert!(error.contains(&part) && !error.contains('\n'), "{error} does not say {part}");
    }
}
