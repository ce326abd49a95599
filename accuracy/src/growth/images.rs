//! The pairs of inputs on which errors are measured.

use crate::common::images::{Random, len};
use ultrawide_core::Shape;

/// Kinds of pairs, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Images {
    /// Independent numbers.
    Random,
    /// Two smooth images whose channels are much alike.
    Natural,
    /// One of independent numbers with itself.
    Same,
    /// A smooth one with itself.
    SameNatural,
}

/// All kinds.
pub const IMAGES: [Images; 4] = [Images::Random, Images::Natural, Images::Same, Images::SameNatural];

impl Images {
    /// A pair, of `f32` numbers.
    pub fn pair(self, shape: Shape, random: &mut Random) -> [Vec<f64>; 2] {
        match self {
            Images::Random => [(); 2].map(|()| random.image(shape)),
            Images::Natural => {
                let [x, y] = [(); 2].map(|()| natural(shape, random));
                // Nearly opposite inputs are ill-conditioned: there κ1 is like u^(3/2), and an error e of λ one of 3e/(2u) of K.
                let opposite = x.iter().zip(&y).map(|(x, y)| x * y).sum::<f64>() < 0.0;
                [x, if opposite { y.iter().map(|y| -y).collect() } else { y }]
            }
            Images::Same => same(random.image(shape)),
            Images::SameNatural => same(natural(shape, random)),
        }
    }
}

fn same(image: Vec<f64>) -> [Vec<f64>; 2] {
    [image.clone(), image]
}

/// Waves with amplitudes that fall as 1/frequency, as those of photographs do, the same in all channels but for a little noise.
fn natural(shape: Shape, random: &mut Random) -> Vec<f64> {
    let pixels = shape.height * shape.width;
    let mut brightness = vec![0.0; pixels];
    for frequency in 1..=4 {
        let ([x, y, phase], amplitude) = ([(); 3].map(|()| random.number()), 1.0 / f64::from(frequency));
        for (pixel, value) in brightness.iter_mut().enumerate() {
            let [row, column] = [pixel / shape.width, pixel % shape.width].map(|at| at as f64);
            let turn = f64::from(frequency) * (x * row + y * column) / shape.height.max(shape.width) as f64;
            *value += amplitude * (std::f64::consts::PI * (turn + phase)).sin();
        }
    }
    let value = |index: usize| f64::from((brightness[index % pixels] + 0.1 * random.number()) as f32);
    (0..len(shape)).map(value).collect()
}

/// The smallest 1 − |λ| of a patch of `x` and one of `y`, λ the correlation of the q×q patches about two pixels, those of equal
/// images about the same pixel left out: how generic a pair is.
pub fn least_u(shape: Shape, q: usize, x: &[f64], y: &[f64]) -> f64 {
    let patches = [x, y].map(|image| patches(shape, q, image));
    let correlation = |a: &[f64], b: &[f64]| {
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        product(a, b) / (product(a, a) * product(b, b)).sqrt()
    };
    let mut least = f64::INFINITY;
    for (i, a) in patches[0].iter().enumerate() {
        for (j, b) in patches[1].iter().enumerate() {
            if !(i == j && x == y) {
                least = least.min(1.0 - correlation(a, b).abs());
            }
        }
    }
    least
}

/// The numbers about each pixel, 0 outside the image.
fn patches(shape: Shape, q: usize, image: &[f64]) -> Vec<Vec<f64>> {
    let reach = (q / 2) as isize;
    let at = |channel: usize, row: usize, column: usize, a: isize, b: isize| {
        let (row, column) = (row.checked_add_signed(a)?, column.checked_add_signed(b)?);
        let inside = row < shape.height && column < shape.width;
        inside.then(|| image[(channel * shape.height + row) * shape.width + column])
    };
    let patch = |row: usize, column: usize| {
        let offsets = (-reach..=reach).flat_map(|a| (-reach..=reach).map(move |b| (a, b)));
        let all = offsets.flat_map(|(a, b)| (0..shape.channels).map(move |channel| at(channel, row, column, a, b)));
        all.map(|number| number.unwrap_or(0.0)).collect()
    };
    let pixels = (0..shape.height).flat_map(|row| (0..shape.width).map(move |column| (row, column)));
    pixels.map(|(row, column)| patch(row, column)).collect()
}
