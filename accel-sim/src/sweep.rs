//! The same machine with other figures: what each of them is worth.

use crate::format::Format;
use crate::machine::Machine;
use crate::schedule::{Report, ScheduleError, run};
use ultrawide_core::{Conv, Request};

/// What is varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// Bytes of the scratchpad.
    Scratchpad,
    /// Lanes of a vector.
    Lanes,
    /// Bytes a cycle of the DMA, and of the off-chip link in proportion.
    Bandwidth,
    /// The number format; lanes · bytes of a number stay as they are, except on a machine of one lane, which keeps it.
    Format,
    /// Layers with weights.
    Depth,
}

impl Axis {
    /// All of them.
    pub const ALL: [Axis; 5] = [Axis::Scratchpad, Axis::Lanes, Axis::Bandwidth, Axis::Format, Axis::Depth];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Axis::Scratchpad => "scratchpad",
            Axis::Lanes => "lanes",
            Axis::Bandwidth => "bandwidth",
            Axis::Format => "format",
            Axis::Depth => "depth",
        }
    }
}

/// One point of a sweep.
pub struct Point {
    /// The value on the axis.
    pub value: String,
    /// Lanes of the machine there.
    pub lanes: usize,
    /// What came out, or why nothing did.
    pub report: Result<Report, ScheduleError>,
}

/// Varies one figure of a machine, around what it has.
///
/// # Errors
/// A depth that the net does not have; what does not fit is a point without a report.
pub fn sweep(machine: &Machine, net: &Conv, axis: Axis) -> Result<Vec<Point>, ultrawide_core::Error> {
    const FACTORS: [f64; 7] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];
    let point =
        |value: String, machine: &Machine, net: &Conv| Point { value, lanes: machine.lanes, report: run(machine, net) };
    let scaled = |value: usize, factor: f64| ((value as f64 * factor).round() as usize).max(1);
    let mut points = Vec::new();
    match axis {
        Axis::Scratchpad => {
            for factor in FACTORS {
                let mut machine = machine.clone();
                machine.memory.scratchpad = scaled(machine.memory.scratchpad, factor);
                let bytes = machine.memory.scratchpad;
                points.push(point(bytes.to_string(), &machine, net));
            }
        }
        Axis::Lanes => {
            for lanes in [1, 2, 4, 8, 16, 32, 64] {
                let machine = Machine { lanes, ..machine.clone() };
                points.push(point(lanes.to_string(), &machine, net));
            }
        }
        Axis::Bandwidth => {
            for factor in FACTORS {
                let mut machine = machine.clone();
                machine.memory.dma_bytes *= factor;
                machine.memory.offchip *= factor;
                let bytes = machine.memory.dma_bytes;
                points.push(point(bytes.to_string(), &machine, net));
            }
        }
        Axis::Format => {
            for format in formats() {
                points.push(point(format.to_string(), &in_format(machine, format), net));
            }
        }
        Axis::Depth => {
            for depth in [3, 4, 6, 8, 11, 16, 21] {
                let request = Request::new(net.request().kernels(), &[depth], net.request().trained())?;
                let net = Conv::new(net.shape(), net.filter(), net.readouts(), request)?.with_slope(net.slope())?;
                points.push(point(depth.to_string(), machine, &net));
            }
        }
    }
    Ok(points)
}

/// The machine with numbers of another format in vectors of as many bytes.
fn in_format(machine: &Machine, format: Format) -> Machine {
    let bytes = machine.lanes * machine.arithmetic.format.bytes();
    let lanes = if machine.lanes == 1 { 1 } else { (bytes / format.bytes()).max(1) };
    Machine { lanes, ..machine.clone().with_format(format, accumulator(format)) }
}

/// The formats that are compared.
pub fn formats() -> Vec<Format> {
    let fixed = [(19, 12), (15, 16), (11, 20), (7, 24), (7, 8), (5, 10)];
    let fixed = fixed.map(|(integer, fraction)| Format::Fixed { integer, fraction });
    [Format::F64, Format::F32, Format::F16, Format::Bf16].into_iter().chain(fixed).collect()
}

/// What machines with numbers of a format have accumulators of: `f32` for short floats, 48 bits for fixed point.
pub fn accumulator(format: Format) -> Format {
    match format {
        Format::F64 => Format::F64,
        Format::F32 | Format::Bf16 | Format::F16 => Format::F32,
        Format::Fixed { fraction, .. } => Format::Fixed { integer: 47 - fraction.min(24), fraction: fraction.min(24) },
    }
}
