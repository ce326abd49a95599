//! Random networks of finite width, differentiated by back-propagation, have kernels that tend to the closed form as
//! 1/√width: a proof of the formulas that shares no formula with them.
//!
//! One network gives one error: the root mean square of (its kernel − closed form) over the pairs (x, x), (x, y), (y, y),
//! relative to √(K(x, x) K(y, y)). Its logarithm over that of the width has the slope −½ if the closed form is right, and 0
//! in the limit if it is not. A [`Verdict`] holds two kinds of intervals, all at 99.9 % (`common/statistics.rs`):
//!
//! - the slope by least squares over all widths and seeds, each network with weights of its own, must contain −½;
//! - the mean deviation of each pair at the largest width must contain 0.
//!
//! The seeds are fixed, so a pass is a pass for good; of fresh seeds about one set in eight would see one of the 132
//! intervals miss. The same networks are also held against wrong closed forms, and each of those is rejected: leaky
//! ReLUs against those of other slopes, nets with residual connections against those without. That the
//! gradients are gradients is seen from differences of f.
mod common;

use common::finite::{Head, Net, PLAIN, Pass, Tricks};
use common::images::{Random, shape};
use common::precision::{FINITE_DIFFERENCE, FINITE_ERROR, FINITE_MISSED, FINITE_SLOPE, FINITE_STRAIGHT};
use common::single::{self, BOTH, Worst, conv_net, request};
use common::statistics::{Interval, mean, slope};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use ultrawide_core::{Dense, Readout, Shape, Trained};

const DEPTH: usize = 4;

/// What is compared: the NNGP, the NTK with all layers trained, the NTK with the first and the last frozen.
const KINDS: [&str; 3] = ["nngp", "ntk, all trained", "ntk, hidden trained"];
const NNGP: usize = 0;
const ALL: usize = 1;
const HIDDEN: usize = 2;

/// Values of each of [`KINDS`] for (x, x), (x, y), (y, y).
type Kernels = [[f64; 3]; 3];

/// The networks of one shape, of many widths and seeds.
struct Study {
    shape: Shape,
    filter: usize,
    tricks: Tricks,
    heads: &'static [Head],
    inputs: [Vec<f64>; 2],
    /// (width, the kernels of one network for each head).
    networks: Vec<(usize, Vec<Kernels>)>,
}

/// Widths 64 … 4096, on 7 features.
static DENSE: LazyLock<Study> = LazyLock::new(|| {
    Study::new(
        [7, 1, 1],
        1,
        PLAIN,
        &[Head::Vanilla],
        &[(4096, 16), (2048, 16), (1024, 32), (512, 48), (256, 64), (128, 128), (64, 128)],
    )
});

/// Widths 64 … 4096 on images of one line, where few positions of a filter lie within the image: one network 4096 wide takes
/// seconds, on [`CONV`]'s images it would take a gigabyte and a minute.
static LINE: LazyLock<Study> = LazyLock::new(|| {
    Study::new(
        [2, 1, 3],
        3,
        PLAIN,
        &[Head::Vanilla, Head::Gap],
        &[(4096, 8), (2048, 12), (1024, 24), (512, 32), (256, 64), (128, 128), (64, 192)],
    )
});

/// Widths 64 … 1024 on images of two dimensions.
static CONV: LazyLock<Study> = LazyLock::new(|| {
    Study::new(
        [2, 3, 4],
        3,
        PLAIN,
        &[Head::Vanilla, Head::Gap],
        &[(1024, 32), (512, 64), (256, 64), (128, 128), (64, 128)],
    )
});

const ABSOLUTE: Tricks = Tricks { slope: -1.0, residual: None };
const LEAKY: Tricks = Tricks { slope: 0.2, residual: None };
const CONNECTED: Tricks = Tricks { slope: 0.0, residual: Some(1.0) };
/// Where s is 1, nobody could tell it from s².
const BOTH_TRICKS: Tricks = Tricks { slope: -0.5, residual: Some(0.5) };

/// The nets that are not plain. Their kernels scatter less, so that fewer channels bring the error below [`FINITE_ERROR`]: all six take
/// 20 seconds of one processor.
static TRICKS: [&LazyLock<Study>; 6] =
    [&DENSE_ABSOLUTE, &DENSE_LEAKY, &DENSE_CONNECTED, &DENSE_BOTH, &CONV_ABSOLUTE, &CONV_LEAKY];

const TO_1024: [(usize, usize); 5] = [(1024, 48), (512, 48), (256, 64), (128, 128), (64, 128)];
const TO_2048: [(usize, usize); 6] = [(2048, 32), (1024, 32), (512, 48), (256, 64), (128, 128), (64, 128)];
/// Of images.
const TO_512: [(usize, usize); 4] = [(512, 64), (256, 96), (128, 192), (64, 192)];

static DENSE_ABSOLUTE: LazyLock<Study> =
    LazyLock::new(|| Study::new([7, 1, 1], 1, ABSOLUTE, &[Head::Vanilla], &TO_1024));
static DENSE_LEAKY: LazyLock<Study> = LazyLock::new(|| Study::new([7, 1, 1], 1, LEAKY, &[Head::Vanilla], &TO_2048));
static DENSE_CONNECTED: LazyLock<Study> =
    LazyLock::new(|| Study::new([7, 1, 1], 1, CONNECTED, &[Head::Vanilla], &TO_2048));
static DENSE_BOTH: LazyLock<Study> =
    LazyLock::new(|| Study::new([7, 1, 1], 1, BOTH_TRICKS, &[Head::Vanilla], &TO_1024));
static CONV_LEAKY: LazyLock<Study> = LazyLock::new(|| Study::new([2, 2, 3], 3, LEAKY, &[Head::Vanilla], &TO_512));
/// K of absolute values is nowhere below 0, so that nothing cancels where pixels are pooled.
static CONV_ABSOLUTE: LazyLock<Study> = LazyLock::new(|| Study::new([2, 2, 3], 3, ABSOLUTE, &[Head::Gap], &TO_512));

/// Two inputs that are neither parallel nor orthogonal. Those of nets with tricks have a negative product, where a kernel
/// depends on the slope the most.
fn inputs(shape: Shape, tricks: Tricks, random: &mut Random) -> [Vec<f64>; 2] {
    let (x, other) = (random.image(shape), random.image(shape));
    let share = if tricks == PLAIN { 0.5 } else { -0.5 };
    let y = x.iter().zip(&other).map(|(x, other)| f64::from((share * x + other) as f32)).collect();
    [x, y]
}

impl Study {
    /// `seeds` networks of each width, the widest first, so that the two threads finish together.
    fn new(
        dimensions: [usize; 3],
        filter: usize,
        tricks: Tricks,
        heads: &'static [Head],
        seeds: &[(usize, usize)],
    ) -> Self {
        let shape = shape(dimensions);
        let inputs = inputs(shape, tricks, &mut Random(71));
        let jobs: Vec<(usize, usize)> =
            seeds.iter().flat_map(|&(width, seeds)| (0..seeds).map(move |seed| (width, seed))).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = vec![];
            while let Some(&(width, seed)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                // The seed of a seed: the streams of neighbours must have nothing in common.
                let mut random = Random(Random((width << 16 | seed) as u64).bits());
                let net = Net::new(shape, filter, DEPTH, width, tricks, &mut random);
                let passes = inputs.each_ref().map(|image| net.forward(image));
                done.push((width, heads.iter().map(|&head| kernels(&net, &passes, head)).collect::<Vec<_>>()));
            }
            done
        };
        let networks = std::thread::scope(|scope| {
            let threads = [(); 2].map(|()| scope.spawn(work));
            threads.map(|thread| thread.join().expect("no network panics")).concat()
        });
        Study { shape, filter, tricks, heads, inputs, networks }
    }

    /// The closed form.
    fn exact(&self, head: Head) -> Kernels {
        self.closed(head, DEPTH, self.tricks)
    }

    /// The closed form of a net of this depth with these tricks.
    fn closed(&self, head: Head, depth: usize, tricks: Tricks) -> Kernels {
        let [x, y] = &self.inputs;
        let pairs = [(x, x), (x, y), (y, y)];
        let both = |trained| {
            pairs.map(|(x, y)| {
                let request = request(&BOTH, &[depth], trained);
                let values: Vec<f64> = if self.shape.height * self.shape.width == 1 {
                    let net = Dense::new(request).with_slope(tricks.slope).expect("a finite slope");
                    let net = match tricks.residual {
                        Some(strength) => net.with_residual(strength).expect("a finite strength"),
                        None => net,
                    };
                    single::dense::<f64>(&net, x, y)
                } else {
                    let readout = if head == Head::Gap { Readout::Gap } else { Readout::Vanilla };
                    let net = conv_net(self.shape, self.filter, &[readout], request);
                    single::conv::<f64>(&net.with_slope(tricks.slope).expect("a finite slope"), x, y)
                };
                [values[0], values[1]]
            })
        };
        let (all, hidden) = (both(Trained::All), both(Trained::Hidden));
        [all.map(|pair| pair[0]), all.map(|pair| pair[1]), hidden.map(|pair| pair[1])]
    }

    /// Holds the networks' kernels of one kind against `exact`.
    fn verdict(&self, head: Head, kind: usize, exact: [f64; 3]) -> Verdict {
        let head = self.heads.iter().position(|&h| h == head).expect("a head of the study");
        let scale = (exact[0] * exact[2]).sqrt();
        let deviations: Vec<(usize, [f64; 3])> = self
            .networks
            .iter()
            .map(|(width, kernels)| {
                let values = kernels[head][kind];
                (*width, [0, 1, 2].map(|pair| (values[pair] - exact[pair]) / scale))
            })
            .collect();
        let error = |deviation: &[f64; 3]| (deviation.iter().map(|d| d * d).sum::<f64>() / 3.0).sqrt();
        let points: Vec<(f64, f64)> =
            deviations.iter().map(|(width, d)| ((*width as f64).ln(), error(d).ln())).collect();
        let largest = self.networks.iter().map(|network| network.0).max().expect("a study has networks");
        let last: Vec<[f64; 3]> = deviations.iter().filter(|d| d.0 == largest).map(|d| d.1).collect();
        Verdict {
            slope: slope(&points),
            means: [0, 1, 2].map(|pair| mean(&last.iter().map(|d| d[pair]).collect::<Vec<_>>())),
            error: (last.iter().map(|d| error(d).powi(2)).sum::<f64>() / last.len() as f64).sqrt(),
        }
    }
}

/// The kernels of `net` for the three pairs of two inputs, of what [`Net::forward`] returned for them.
fn kernels(net: &Net, passes: &[Pass; 2], head: Head) -> Kernels {
    let signals = passes.each_ref().map(|pass| net.backward(pass, head));
    let layers =
        [[0, 0], [0, 1], [1, 1]].map(|[i, j]| net.products([&passes[i], &passes[j]], [&signals[i], &signals[j]], head));
    by_kind(&(0..DEPTH).map(|layer| [0, 1, 2].map(|pair| layers[pair][layer])).collect::<Vec<_>>())
}

/// The kernels, from the inner products of the gradients of each layer.
fn by_kind(layers: &[[f64; 3]]) -> Kernels {
    let sum = |layers: &[[f64; 3]]| [0, 1, 2].map(|pair| layers.iter().map(|layer| layer[pair]).sum());
    [layers[DEPTH - 1], sum(layers), sum(&layers[1..DEPTH - 1])]
}

impl std::fmt::Display for Study {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, slope {}, residual {:?}:", self.shape, self.tricks.slope, self.tricks.residual)
    }
}

#[derive(Debug)]
struct Verdict {
    slope: Interval,
    /// The mean deviation of each pair at the largest width.
    means: [Interval; 3],
    /// The root mean square of the errors there.
    error: f64,
}

impl Verdict {
    fn slope_fits(&self) -> bool {
        self.slope.contains(-0.5)
    }

    fn accepts(&self) -> bool {
        self.slope_fits() && self.means.iter().all(|mean| mean.contains(0.0))
    }
}

fn converges(study: &Study) {
    for &head in study.heads {
        for (kind, name) in KINDS.iter().enumerate() {
            let verdict = study.verdict(head, kind, study.exact(head)[kind]);
            let Interval { center, half } = verdict.slope;
            println!("{study} {head:?} {name}: slope {center:.3} ± {half:.3}, error {:.4}", verdict.error);
            println!("    means {:?}", verdict.means);
            assert!(verdict.accepts(), "{study} {head:?} {name}: {verdict:?}");
            assert!(half <= FINITE_SLOPE, "{study} {head:?} {name}: the slope says little, {verdict:?}");
            assert!(verdict.error <= FINITE_ERROR, "{study} {head:?} {name}: {verdict:?}, allowed {FINITE_ERROR}");
        }
    }
}

#[test]
fn dense_nets_converge() {
    converges(&DENSE);
}

#[test]
fn convolutional_nets_converge() {
    converges(&CONV);
}

#[test]
fn convolutional_nets_on_a_line_converge() {
    converges(&LINE);
}

#[test]
fn nets_with_tricks_converge() {
    for study in TRICKS.map(|study| &**study) {
        converges(study);
    }
}

/// A closed form of something else has no slope of −½: the checks above can fail.
#[test]
fn wrong_formulas_are_rejected() {
    for study in [&DENSE, &CONV, &LINE].into_iter().chain(TRICKS).map(|study| &**study) {
        for &head in study.heads {
            let (right, shallower) = (study.exact(head), study.closed(head, DEPTH - 1, study.tricks));
            let cases = [
                ("NTK against NNGP", ALL, right[NNGP]),
                ("NNGP against NTK", NNGP, right[ALL]),
                ("all against hidden", ALL, right[HIDDEN]),
                ("hidden against all", HIDDEN, right[ALL]),
                ("NTK against one layer less", ALL, shallower[ALL]),
                ("hidden against one layer less", HIDDEN, shallower[HIDDEN]),
            ];
            for (name, kind, exact) in cases {
                let verdict = study.verdict(head, kind, exact);
                println!("{study} {head:?} {name}: {verdict:?}");
                assert!(!verdict.slope_fits(), "{study} {head:?} {name}: {verdict:?}");
                assert!(!verdict.accepts());
            }
            // A tenth too much is less than the networks' scatter at most widths, and still seen.
            for (kind, exact) in right.iter().enumerate() {
                let verdict = study.verdict(head, kind, exact.map(|value| 1.1 * value));
                println!("{study} {head:?} {} 1.1: {verdict:?}", KINDS[kind]);
                assert!(!verdict.accepts(), "{study} {head:?} {} 10 % off: {verdict:?}", KINDS[kind]);
            }
        }
    }
}

/// Other tricks are another closed form.
#[test]
fn other_tricks_are_rejected() {
    for study in TRICKS.map(|study| &**study) {
        let own = study.tricks;
        let mut others = vec![
            Tricks { slope: 0.0, ..own },
            Tricks { slope: -own.slope, ..own },
            Tricks { residual: None, ..own },
            Tricks { residual: own.residual.map(f64::sqrt), ..own },
        ];
        others.retain(|&other| other != own);
        assert!(!others.is_empty());
        for (other, &head) in others.iter().flat_map(|other| study.heads.iter().map(move |head| (other, head))) {
            for (kind, exact) in study.closed(head, DEPTH, *other).into_iter().enumerate() {
                let (name, verdict) = (KINDS[kind], study.verdict(head, kind, exact));
                println!("{study} {head:?} {name} against {other:?}: {verdict:?}");
                assert!(!verdict.accepts(), "{study} {head:?} {name} against {other:?}: {verdict:?}");
                // Where a connection takes the greater part, the activation shows in the means alone.
                let seen = kind == ALL || own != BOTH_TRICKS;
                assert!(!seen || !verdict.slope_fits(), "{study} {head:?} {name} against {other:?}: {verdict:?}");
            }
        }
    }
}

/// The inner products come from signals; here every gradient is written out, by differences.
#[test]
fn back_propagation_is_the_derivative() {
    let mut worst = Worst::default();
    let shapes = [([3, 1, 1], 1, 6), ([2, 3, 4], 3, 4), ([1, 2, 5], 5, 3)];
    let nets = [PLAIN, ABSOLUTE, LEAKY, CONNECTED, BOTH_TRICKS].map(|tricks| shapes.map(|shape| (tricks, shape)));
    for (tricks, (dimensions, filter, width)) in nets.into_iter().flatten() {
        let shape = shape(dimensions);
        let mut random = Random(72);
        let inputs = inputs(shape, tricks, &mut random);
        for head in [Head::Vanilla, Head::Gap] {
            let mut net = Net::new(shape, filter, DEPTH, width, tricks, &mut random);
            let exact = kernels(&net, &inputs.each_ref().map(|image| net.forward(image)), head);
            let mut layers = vec![[0.0; 3]; DEPTH];
            for (layer, sums) in layers.iter_mut().enumerate() {
                for index in 0..weights(&mut net, layer, head).len() {
                    let [x, y] = derivatives(&mut net, &inputs, head, layer, index);
                    for (sum, term) in sums.iter_mut().zip([x * x, x * y, y * y]) {
                        *sum += term;
                    }
                }
            }
            for (kind, values) in by_kind(&layers).into_iter().enumerate() {
                let scale = (exact[kind][0] * exact[kind][2]).sqrt();
                for pair in 0..3 {
                    let at = || format!("{shape} {tricks:?} {head:?} {} pair {pair}", KINDS[kind]);
                    worst.record(exact[kind][pair], values[pair], scale, at);
                }
            }
        }
    }
    worst.check("back-propagation", FINITE_DIFFERENCE);
}

/// ∂f/∂w for both inputs, w being one weight.
///
/// As a function of w, f is made of straight pieces: the step is the largest power of two that stays on one.
fn derivatives(net: &mut Net, inputs: &[Vec<f64>; 2], head: Head, layer: usize, index: usize) -> [f64; 2] {
    let weight = weights(net, layer, head)[index];
    let terms = inputs.each_ref().map(|image| f64::from(net.terms(&net.forward(image), head)));
    let mut moved = |by: f32| {
        weights(net, layer, head)[index] = weight + by;
        inputs.each_ref().map(|image| f64::from(net.output(&net.forward(image), head)))
    };
    for step in (2..16).map(|exponent| 0.5_f32.powi(exponent)) {
        let (up, down, here) = (moved(step), moved(-step), moved(0.0));
        let bend = |i: usize| (up[i] - here[i] + (down[i] - here[i])).abs();
        if (0..2).all(|i| bend(i) <= FINITE_STRAIGHT * terms[i]) {
            return [0, 1].map(|i| (up[i] - down[i]) / f64::from(2.0 * step));
        }
    }
    panic!("weight {index} of layer {layer} is {weight}, where a ReLU bends");
}

/// The weights of one layer, the output's last.
fn weights(net: &mut Net, layer: usize, head: Head) -> &mut Vec<f32> {
    match head {
        _ if layer < DEPTH - 1 => &mut net.layers[layer],
        Head::Vanilla => &mut net.vanilla,
        Head::Gap => &mut net.gap,
    }
}

/// The interval of the slope keeps its promise for residuals like the ones here: logarithms of errors.
#[test]
fn slope_interval_covers() {
    const TRIALS: usize = 20_000;
    let mut random = Random(73);
    // Three sums of twelve uniform numbers each, nearly Gaussian.
    let mut error = || {
        let mut gaussian = || (0..12).map(|_| random.number() / 4.0).sum::<f64>();
        [gaussian(), gaussian(), gaussian()].map(|g| g * g).iter().sum::<f64>().sqrt()
    };
    let mut missed = 0;
    for _ in 0..TRIALS {
        let at = |index: usize| (index % 5) as f64;
        let points: Vec<(f64, f64)> = (0..80).map(|index| (at(index), error().ln() - 0.5 * at(index))).collect();
        missed += usize::from(!slope(&points).contains(-0.5));
    }
    println!("{missed} of {TRIALS} intervals missed");
    assert!(missed <= FINITE_MISSED, "{missed} of {TRIALS} intervals at 99.9 % missed");
}
