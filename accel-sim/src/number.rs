//! A number that rounds as a chosen format does and counts what is done with it, on which the core's own recursion runs.
//!
//! [`Vector`] is the vector of a machine, seen through one of its lanes: they never depend on each other. Its operations are those that
//! the machine executes, and are counted. [`Lane`] is its scalar: what the core does with scalars (constants, coefficients, the scale
//! of an image) happens once, outside the hot loops, and is not.
//!
//! The format is a property of the thread while [`simulate`] runs, not of the type: formats come from machine files.

use crate::format::Format;
use crate::trace::{Recorder, Source, Trace};
use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use ultrawide_core::{Number, Scalar, polynomial};

/// What a machine makes of x · y + z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultiplyAdd {
    /// One operation that rounds once.
    Fused,
    /// One operation that rounds the product and then the sum, as Arm's VMLA.
    Chained,
    /// A product and a sum.
    Separate,
}

/// How a machine computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// Of its numbers.
    pub format: Format,
    /// Of its accumulators, in which the readout sums up; see [`Number::widened`].
    pub accumulator: Format,
    /// Of products that are added at once.
    pub multiply_add: MultiplyAdd,
}

impl Arithmetic {
    /// All in one format.
    pub const fn uniform(format: Format, multiply_add: MultiplyAdd) -> Arithmetic {
        Arithmetic { format, accumulator: format, multiply_add }
    }
}

/// What a machine does with numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// A sum or a difference.
    Add,
    /// A product.
    Multiply,
    /// A product and a sum in one.
    Fma,
    /// A quotient.
    Divide,
    /// A square root.
    Sqrt,
    /// Minimum, maximum, absolute value, choice by sign.
    Select,
    /// A vector, or a scalar for all lanes, from the scratchpad.
    Load,
    /// A vector to the scratchpad.
    Store,
    /// Addresses, counters, branches.
    Control,
}

impl Op {
    /// All of them, in the order of [`Op::index`].
    pub const ALL: [Op; 9] =
        [Op::Add, Op::Multiply, Op::Fma, Op::Divide, Op::Sqrt, Op::Select, Op::Load, Op::Store, Op::Control];

    /// The position among [`Op::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The name in machine files.
    pub fn name(self) -> &'static str {
        ["add", "multiply", "fma", "divide", "sqrt", "select", "load", "store", "control"][self.index()]
    }
}

/// How often each operation was done, by [`Op::index`]; the core's arithmetic has no loads, stores and control.
pub type Counts = [u64; Op::ALL.len()];

/// What [`simulate`] has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Operations on [`Vector`]s.
    pub counts: Counts,
    /// Results that left the range: infinite, or saturated.
    pub beyond: u64,
}

struct State {
    arithmetic: Cell<Arithmetic>,
    counts: [Cell<u64>; Op::ALL.len()],
    beyond: Cell<u64>,
    recording: Cell<bool>,
    recorder: RefCell<Recorder>,
}

thread_local! {
    static STATE: State = const {
        State {
            arithmetic: Cell::new(Arithmetic::uniform(Format::F64, MultiplyAdd::Fused)),
            counts: [const { Cell::new(0) }; Op::ALL.len()],
            beyond: Cell::new(0),
            recording: Cell::new(false),
            recorder: RefCell::new(Recorder::new()),
        }
    };
}

/// Runs `work` on this thread with this arithmetic; not to be nested.
pub fn simulate<T>(arithmetic: Arithmetic, work: impl FnOnce() -> T) -> (T, Tally) {
    STATE.with(|state| {
        state.arithmetic.set(arithmetic);
        state.counts.iter().chain([&state.beyond]).for_each(|count| count.set(0));
    });
    let result = work();
    let tally = STATE
        .with(|state| Tally { counts: std::array::from_fn(|op| state.counts[op].get()), beyond: state.beyond.get() });
    (result, tally)
}

/// Keeps the operations of `work`, which runs inside of [`simulate`].
pub fn record<T>(work: impl FnOnce() -> T) -> (T, Trace) {
    STATE.with(|state| {
        state.recorder.replace(Recorder::new());
        state.recording.set(true);
    });
    let result = work();
    let recorder = STATE.with(|state| {
        state.recording.set(false);
        state.recorder.replace(Recorder::new())
    });
    (result, recorder.finish())
}

/// A number of the thread's format, or of its accumulator's.
#[derive(Clone, Copy, Debug)]
pub struct Simulated<const COUNTED: bool> {
    value: f64,
    /// It is in an accumulator.
    wide: bool,
    /// Where an operation finds it.
    source: Source,
}

/// A scalar: not counted.
pub type Lane = Simulated<false>;
/// A lane of a vector: its operations are counted.
pub type Vector = Simulated<true>;

impl<const COUNTED: bool> Simulated<COUNTED> {
    /// The number that lies in memory, not in a register: whoever uses it has to load it.
    pub fn in_memory(self) -> Self {
        Simulated { source: Source::Memory, ..self }
    }

    const fn constant(value: f64) -> Self {
        Simulated { value, wide: false, source: Source::Constant }
    }

    /// The result of an operation on these operands, `compute`d in their format.
    #[inline(always)]
    fn operate<const N: usize>(op: Op, operands: [Self; N], compute: impl FnOnce(Format, [f64; N]) -> f64) -> Self {
        STATE.with(|state| {
            let arithmetic = state.arithmetic.get();
            let wide = operands.iter().any(|operand| operand.wide);
            let format = if wide { arithmetic.accumulator } else { arithmetic.format };
            let value = compute(format, operands.map(|operand| operand.value));
            let mut source = Source::Constant;
            if COUNTED {
                let count = &state.counts[op.index()];
                count.set(count.get() + 1);
                if format.is_beyond(value) {
                    state.beyond.set(state.beyond.get() + 1);
                }
                if state.recording.get() {
                    let operands = operands.map(|operand| (operand.source, operand.value));
                    source = state.recorder.borrow_mut().push(op, &operands);
                }
            }
            Simulated { value, wide, source }
        })
    }

    /// x · y + z, or with other signs: they commute with rounding to the nearest.
    #[inline(always)]
    fn fused(self, factor: Self, term: Self, signs: [f64; 2]) -> Self {
        let [of_product, of_term] = signs;
        let operands = [self, factor, term];
        match STATE.with(|state| state.arithmetic.get().multiply_add) {
            MultiplyAdd::Fused => {
                Self::operate(Op::Fma, operands, |format, [x, y, z]| format.mul_add(of_product * x, y, of_term * z))
            }
            MultiplyAdd::Chained => Self::operate(Op::Fma, operands, |format, [x, y, z]| {
                format.add(of_product * format.mul(x, y), of_term * z)
            }),
            MultiplyAdd::Separate => {
                let product = self.mul(factor);
                Self::operate(Op::Add, [product, term], |format, [xy, z]| format.add(of_product * xy, of_term * z))
            }
        }
    }
}

impl<const COUNTED: bool> Number for Simulated<COUNTED> {
    type Scalar = Lane;
    const LANES: usize = 1;

    fn splat(value: Lane) -> Self {
        Simulated { value: value.value, wide: value.wide, source: value.source }
    }
    fn from_lanes(mut lane: impl FnMut(usize) -> Lane) -> Self {
        Self::splat(lane(0))
    }
    fn lane(self, _index: usize) -> Lane {
        Simulated { value: self.value, wide: self.wide, source: self.source }
    }
    fn write(self, lanes: &mut [Lane]) {
        if let Some(lane) = lanes.first_mut() {
            *lane = self.lane(0);
        }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self::operate(Op::Add, [self, other], |format, [x, y]| format.add(x, y))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self::operate(Op::Add, [self, other], |format, [x, y]| format.add(x, -y))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self::operate(Op::Multiply, [self, other], |format, [x, y]| format.mul(x, y))
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self::operate(Op::Divide, [self, other], |format, [x, y]| format.div(x, y))
    }
    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        self.fused(factor, term, [1.0, 1.0])
    }
    #[inline(always)]
    fn mul_sub(self, factor: Self, term: Self) -> Self {
        self.fused(factor, term, [1.0, -1.0])
    }
    #[inline(always)]
    fn neg_mul_add(self, factor: Self, term: Self) -> Self {
        self.fused(factor, term, [-1.0, 1.0])
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self::operate(Op::Sqrt, [self], |format, [x]| format.sqrt(x))
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self::operate(Op::Select, [self], |format, [x]| format.round(x.abs()))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self::operate(Op::Select, [self, other], |_, [x, y]| if x < y { x } else { y })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self::operate(Op::Select, [self, other], |_, [x, y]| if x > y { x } else { y })
    }
    #[inline(always)]
    fn select_negative(self, negative: Self, other: Self) -> Self {
        Self::operate(Op::Select, [self, negative, other], |_, [x, y, z]| if x < 0.0 { y } else { z })
    }
    #[inline(always)]
    fn kappa0_factor(self, unit: Lane) -> Self {
        polynomial(self, coefficients(&SINGLE.0, &DOUBLE.0), unit)
    }
    #[inline(always)]
    fn kappa1_factor(self, unit: Lane) -> Self {
        polynomial(self, coefficients(&SINGLE.1, &DOUBLE.1), unit)
    }
    #[inline(always)]
    fn widened(self) -> Self {
        Simulated { wide: true, ..self }
    }
    #[inline(always)]
    fn narrowed(self) -> Self {
        Simulated { value: format().round(self.value), wide: false, ..self }
    }
}

/// The format of this thread's numbers.
fn format() -> Format {
    STATE.with(|state| state.arithmetic.get().format)
}

/// The coefficients of `f64` for that format, those of `f32` for all others.
fn coefficients(single: &'static [Lane], double: &'static [Lane]) -> &'static [Lane] {
    if format() == Format::F64 { double } else { single }
}

macro_rules! constants {
    ($float:ty) => {{
        const fn constants<const N: usize>(from: &[$float]) -> [Lane; N] {
            let mut lanes = [Lane::constant(0.0); N];
            let mut k = 0;
            while k < N {
                lanes[k] = Lane::constant(from[k] as f64);
                k += 1;
            }
            lanes
        }
        (
            constants::<{ <$float as Scalar>::KAPPA0.len() }>(<$float as Scalar>::KAPPA0),
            constants::<{ <$float as Scalar>::KAPPA1.len() }>(<$float as Scalar>::KAPPA1),
        )
    }};
}

// The core multiplies coefficients by 1, which is where they are rounded to the format.
static SINGLE: ([Lane; 8], [Lane; 7]) = constants!(f32);
static DOUBLE: ([Lane; 20], [Lane; 19]) = constants!(f64);

impl PartialEq for Lane {
    fn eq(&self, other: &Lane) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Lane {
    fn partial_cmp(&self, other: &Lane) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl Scalar for Lane {
    // Chosen at run time, see `kappa0_factor`.
    const KAPPA0: &'static [Lane] = &[];
    const KAPPA1: &'static [Lane] = &[];
    /// That of `f64`; [`Scalar::smallest_normal`] knows the format.
    const SMALLEST_NORMAL: Lane = Lane::constant(f64::MIN_POSITIVE);
    type Constant = f64;

    fn smallest_normal() -> Lane {
        Lane::constant(2f64.powi(format().smallest_exponent()))
    }
    fn narrow_limit() -> Option<u16> {
        Some(format().limit_exponent()).filter(|&limit| limit < 128)
    }
    /// Of an accumulator: constant factors belong to outputs, which are there.
    fn from_constant(value: f64) -> Lane {
        let accumulator = STATE.with(|state| state.arithmetic.get().accumulator);
        Lane::constant(accumulator.round(value)).widened()
    }
    fn from_f64(value: f64) -> Lane {
        Lane::constant(format().round(value))
    }
    fn to_f64(self) -> f64 {
        self.value
    }
    fn is_finite(self) -> bool {
        self.value.is_finite()
    }
}
