//! Small schedules computed by hand, and what does not fit.

use ultrawide_accel_sim::cost::{self, Cost, cntk};
use ultrawide_accel_sim::event::{self, Cores, Outcome, Step};
use ultrawide_accel_sim::format::Format;
use ultrawide_accel_sim::machine::{BUNDLED, Lanes, Machine};
use ultrawide_accel_sim::number::Op;
use ultrawide_accel_sim::plan::{Images, bytes, plan};
use ultrawide_accel_sim::schedule;
use ultrawide_accel_sim::sweep::{Axis, sweep};
use ultrawide_core::{Conv, Readout, Shape, Trained};

const ONE: Cores = Cores { count: 1, buffers: 2, dma: 4.0, latency: 10.0, offchip: 100.0 };

fn step(bytes: f64, cycles: f64) -> Step {
    Step { bytes, cycles }
}

fn run(cores: Cores, jobs: &[Vec<Step>]) -> Outcome {
    event::run(cores, jobs).expect("a time")
}

fn net(side: usize, depth: usize) -> Conv {
    let shape = Shape { channels: 1, height: side, width: side };
    cntk(shape, Readout::Gap, &[depth], Trained::Hidden).expect("a net")
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

/// Two cores that fetch 100 bytes each at the same time: the off-chip link takes them one after another, 100 cycles each at 1 byte a cycle.
#[test]
fn the_off_chip_link_is_shared() {
    let cores = Cores { count: 2, offchip: 1.0, latency: 0.0, dma: 100.0, ..ONE };
    let outcome = run(cores, &[vec![step(100.0, 7.0)], vec![step(100.0, 7.0)]]);
    assert_eq!((outcome.cycles, outcome.offchip), (207.0, 200.0));
}

/// The slowest link, the longest latency: 2^50 bytes at 1 byte a second and 10^12 cycles a second are 2^90 cycles, and two fetches twice that.
#[test]
fn long_times_add_up() {
    let bytes = (1u64 << 50) as f64;
    let slow = Cores { offchip: 1e-12, latency: 1e9, dma: 1e-6, ..ONE };
    let outcome = run(slow, &[vec![step(bytes, 1.0); 2]]);
    assert!((outcome.cycles / (2.0 * bytes * 1e12) - 1.0).abs() * 1e12 <= 1.0, "{outcome:?}");
    assert_eq!(outcome.waiting + outcome.computing, outcome.cycles);
    // No machine file admits this, and it is told.
    assert_eq!(event::run(Cores { offchip: 1e-30, ..slow }, &[vec![step(bytes, 1.0); 2]]), None);
}

/// Each figure of a file at either end of what is admitted: a report that makes sense, or an error in one line.
#[test]
fn extreme_machines() {
    let (_, good) = BUNDLED.iter().find(|(name, _)| *name == "npu-64k").expect("bundled");
    let net = net(4, 3);
    for (key, values) in [
        ("clock_hz", ["1", "1e12"]),
        ("cores", ["1", "1000000"]),
        ("lanes", ["1", "65536"]),
        ("width", ["1", "1024"]),
        ("window", ["1", "1000000"]),
        ("queue", ["1", "1000000"]),
        ("contexts", ["1", "64"]),
        ("registers", ["1", "65536"]),
        ("row_instructions", ["0", "100000"]),
        ("row_stall", ["0", "100000"]),
        ("pair_instructions", ["0", "1000000"]),
        ("scratchpad_bytes", ["1", "1125899906842624"]),
        ("dma_bytes_per_cycle", ["1e-6", "1e9"]),
        ("dma_latency", ["0", "1000000000"]),
        ("offchip_bytes_per_second", ["1", "1e18"]),
        ("standby_watts", ["0", "1e6"]),
        (
            "fma",
            [
                "{ latency = 1, interval = 1, instructions = 1, picojoules = 0 }",
                "{ latency = 10000, interval = 10000, instructions = 10000, picojoules = 1e9 }",
            ],
        ),
    ] {
        for value in values {
            let line = |line: &str| match line.split_once(" = ") {
                Some((found, _)) if found == key => format!("{key} = {value}\n"),
                _ => format!("{line}\n"),
            };
            let text: String = good.lines().map(line).collect();
            let machine = Machine::parse("extreme.toml", &text).expect("admitted");
            match schedule::run(&machine, &net) {
                Ok(report) => {
                    assert!(report.cycles.is_finite() && report.cycles >= 1.0, "{key} = {value}: {report:?}");
                    assert!(
                        report.seconds_per_pair > 0.0 && report.joules_per_pair > 0.0,
                        "{key} = {value}: {report:?}"
                    );
                    let fits = report.utilisation.iter().all(|unit| (0.0..=1.0).contains(&unit.share));
                    assert!(fits, "{key} = {value}: {report:?}");
                }
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.contains("npu-64k") && !error.contains('\n'), "{key} = {value}: {error}");
                }
            }
        }
    }
}

/// Control by itself: ten operations on a machine of two such units and three slots a cycle.
#[test]
fn control_keeps_units_busy() {
    let mut machine = Machine::find("cortex-m7").expect("bundled");
    machine.issue.width = 3;
    let figures = cost::control(&machine, 10);
    assert_eq!((figures.slots, figures.cycles, figures.operations[Op::Control.index()]), (10.0, 5.0, 10.0));
    assert_eq!(figures.busy.iter().sum::<f64>(), 10.0);
    machine.issue.width = 1;
    assert_eq!(cost::control(&machine, 10).cycles, 10.0);
}

/// Loads that are part of other instructions are no instructions; scalar control is charged once for all lanes.
#[test]
fn instructions_and_energy_are_of_what_is_issued() {
    let net = net(6, 3);
    let folded = Machine::find("zen4-avx2").expect("bundled");
    let mut apart = folded.clone();
    apart.issue.memory_operands = false;
    let [folded, apart] = [folded, apart].map(|machine| schedule::run(&machine, &net).expect("it fits"));
    let of =
        |report: &schedule::Report, op| report.operations.iter().find(|(name, _)| *name == op).expect("an operation").1;
    let loads = of(&apart, "load") / apart.pairs as f64;
    assert_eq!((apart.instructions_per_pair - folded.instructions_per_pair).round(), loads.round());

    let mut free = Machine::find("zen4-avx2").expect("bundled");
    free.operations[Op::Control.index()].picojoules = 0.0;
    let mut dear = free.clone();
    dear.operations[Op::Control.index()].picojoules = 1e6;
    let [free, dear] = [free, dear].map(|machine| schedule::run(&machine, &net).expect("it fits").joules_per_pair);
    let controls = of(&folded, "control") / folded.pairs as f64;
    assert_eq!(((dear - free) * 1e6).round(), controls.round());
}

/// Lanes that hold columns: a row takes as many vectors as cover it, each with four loads from other lanes, and buffers of one pair.
#[test]
fn columns_in_lanes() {
    let columns = Machine::find("npu-64k").expect("bundled");
    assert_eq!((columns.hold, columns.lanes), (Lanes::Columns, 16));
    let partners = Machine { hold: Lanes::Partners, ..columns.clone() };
    let net = net(8, 3);
    let [in_columns, in_partners] = [&columns, &partners].map(|machine| Cost::new(machine, &net, 1).expect("a cost"));
    let layer = |cost: &Cost, width| cost.of(cost::Step::Layer, 5, width);
    assert_eq!(layer(&in_columns, 1), layer(&in_columns, 16));
    assert_eq!(layer(&in_columns, 17), layer(&in_columns, 32));
    assert_ne!(layer(&in_columns, 16), layer(&in_columns, 17));
    assert_ne!(layer(&in_partners, 16), layer(&in_partners, 15));
    let loads = |cost: &Cost, vectors: usize, lanes: usize| {
        let operations = layer(cost, (vectors - 1) * lanes + 1).operations;
        operations[Op::Load.index()]
    };
    let shifted = loads(&in_columns, 3, 16) - loads(&in_partners, 3, 1);
    assert_eq!(shifted.round(), 4.0 * 5.0 * 3.0);

    let wide = Machine { lanes: 64, ..columns.clone() };
    let bytes_of = |machine: &Machine| bytes(machine, &net, Images::Streamed, 2, 1);
    assert_eq!(bytes_of(&columns), bytes_of(&wide));
    assert!(bytes_of(&partners) > 10 * bytes_of(&columns));
}

#[test]
fn sweeps_vary_one_figure() {
    let net = net(10, 3);
    let machine = Machine::find("bf16-dsp").expect("bundled");
    let own = schedule::run(&machine, &net).expect("it fits").seconds_per_pair;
    for axis in Axis::ALL {
        let points = sweep(&machine, &net, axis).expect("depths that the net has");
        let at = |value: &str| {
            let point = points.iter().find(|point| point.value == value);
            point
                .unwrap_or_else(|| panic!("{} {value}", axis.name()))
                .report
                .as_ref()
                .expect("it fits")
                .seconds_per_pair
        };
        // The machine itself is one of the points.
        let itself = match axis {
            Axis::Scratchpad => "524288",
            Axis::Lanes => "32",
            Axis::Bandwidth => "32",
            Axis::Format => "bf16",
            Axis::Depth => "3",
        };
        assert_eq!(at(itself), own, "{}", axis.name());
        if axis == Axis::Format {
            for point in &points {
                let format: Format = point.value.parse().expect("a format");
                assert_eq!(point.lanes * format.bytes(), 64, "{format}");
            }
            assert!(at("f64") > at("f32") && at("f32") > at("bf16"));
        }
    }
    // A core without vectors gains none, and what does not fit is a point that says so.
    let scalar = Machine::find("cortex-m4f").expect("bundled");
    assert!(sweep(&scalar, &net, Axis::Format).expect("points").iter().all(|point| point.lanes == 1));
    let mut small = machine.clone();
    small.memory.scratchpad = 16384;
    let points = sweep(&small, &net, Axis::Scratchpad).expect("points");
    assert!(points[0].report.is_err() && points[6].report.is_ok());
}

#[test]
fn the_same_each_time() {
    let machine = Machine::find("h200-sm").expect("bundled");
    let net = net(9, 4);
    let report = schedule::run(&machine, &net).expect("it fits");
    assert_eq!(report, schedule::run(&machine, &net).expect("it fits"));
    assert_eq!(report.jobs, 2 * 17 * 17);
    assert!(report.utilisation.iter().all(|unit| (0.0..=1.0).contains(&unit.share)), "{report:?}");
}

/// What a scratchpad needs, and that one byte less is an error which says so.
#[test]
fn scratchpads() {
    let net = net(8, 3);
    let mut machine = Machine::find("zen4-avx2").expect("bundled");
    assert_eq!(machine.hold, Lanes::Partners);
    // Scratch: 3 (64 + 3 · 8) + 2 numbers for each of 8 partners; one buffer of √v, 1/√v of x and 8 y.
    let work = 8 * 4 * (3 * (64 + 3 * 8) + 2);
    let buffer = 2 * 64 * (1 + 8) * 4;
    assert_eq!(bytes(&machine, &net, Images::Streamed, 1, 1), work + buffer);
    // Prepared: 64 (1 + 2 · 2) + 2 numbers.
    let image = 4 * (64 * 5 + 2);
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
