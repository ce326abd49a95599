//! Images to test with, by name. All numbers are `f32`, so that both precisions start from the same ones.

use ultrawide_core::Shape;

/// A source of numbers that gives the same ones on every machine (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An `f32` in [−2, 2).
    pub fn number(&mut self) -> f64 {
        f64::from((self.bits() >> 40) as f32 / (1u64 << 22) as f32 - 2.0)
    }

    pub fn numbers(&mut self, len: usize) -> Vec<f64> {
        (0..len).map(|_| self.number()).collect()
    }

    pub fn image(&mut self, shape: Shape) -> Vec<f64> {
        self.numbers(len(shape))
    }
}

pub fn len(shape: Shape) -> usize {
    shape.len().expect("a small shape")
}

pub fn shape([channels, height, width]: [usize; 3]) -> Shape {
    Shape { channels, height, width }
}

/// `image` with zeros in the rows from `first` on.
pub fn black_below(shape: Shape, image: &[f64], first: usize) -> Vec<f64> {
    replace(shape, image, |row, _| row >= first, |_| 0.0)
}

/// The numbers of `image`, but `with(index)` where `place(row, column)`.
pub fn replace(
    shape: Shape,
    image: &[f64],
    place: impl Fn(usize, usize) -> bool,
    with: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let value = |(index, &value): (usize, &f64)| {
        let pixel = index % (shape.height * shape.width);
        if place(pixel / shape.width, pixel % shape.width) { with(index) } else { value }
    };
    image.iter().enumerate().map(value).collect()
}

/// `image` times `factor`, rounded to `f32`.
pub fn scaled(image: &[f64], factor: f64) -> Vec<f64> {
    image.iter().map(|&x| f64::from((x * factor) as f32)).collect()
}

/// `image` mirrored left to right, without the library's help.
pub fn mirrored(shape: Shape, image: &[f64]) -> Vec<f64> {
    let source = |at: usize| at - at % shape.width + (shape.width - 1 - at % shape.width);
    (0..image.len()).map(|at| image[source(at)]).collect()
}

/// Every number of `x` up to `distance` away.
pub fn beside(x: &[f64], distance: f64, random: &mut Random) -> Vec<f64> {
    x.iter().map(|x| f64::from((x + distance * random.number()) as f32)).collect()
}
