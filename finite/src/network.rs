//! A network: its weights, its outputs and their gradients.

use faer::prelude::*;
use faer::{Accum, Mat, MatMut, MatRef, Scale};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64;
use rayon::prelude::*;

use crate::product::{gather, product};
use crate::{Architecture, Batch, Error, Head, Layers};

/// Weights of all layers, or a gradient with respect to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// W¹ … W^(d−1), m rows each; the columns of a filter's positions one after the other, a channel each.
    hidden: Vec<Mat<f32>>,
    /// The last layer, a row for each output: the channels of each pixel, or of all.
    head: Mat<f32>,
}

impl Weights {
    fn layers(&self) -> impl Iterator<Item = MatRef<'_, f32>> {
        self.hidden.iter().chain([&self.head]).map(Mat::as_ref)
    }

    fn layers_mut(&mut self) -> impl Iterator<Item = MatMut<'_, f32>> {
        self.hidden.iter_mut().chain([&mut self.head]).map(Mat::as_mut)
    }

    /// self ← self + factor·other, for these layers.
    ///
    /// # Accuracy
    /// Product and sum are each rounded to `f32`.
    pub fn add(&mut self, factor: f32, other: &Weights, layers: Layers) {
        let depth = self.hidden.len() + 1;
        for (layer, (to, from)) in (1..).zip(self.layers_mut().zip(other.layers())) {
            if layers.contain(layer, depth) {
                to.par_col_chunks_mut(64).zip(from.par_col_chunks(64)).for_each(|(to, from)| {
                    zip!(to, from).for_each(|unzip!(to, from)| *to += factor * from);
                });
            }
        }
    }

    /// Σ self·other of each layer.
    ///
    /// # Accuracy
    /// 1e-15 of Σ |self·other|: products and sums in `f64`, of which the products are exact.
    pub fn products(&self, other: &Weights) -> Vec<f64> {
        let both = self.layers().zip(other.layers());
        both.map(|(own, other)| {
            let column = |c| (0..own.nrows()).map(|r| f64::from(own[(r, c)]) * f64::from(other[(r, c)])).sum::<f64>();
            (0..own.ncols()).map(column).sum()
        })
        .collect()
    }

    /// ‖self − other‖/‖other‖ of each layer (Frobenius), and of all of them together at the end.
    ///
    /// # Accuracy
    /// 1e-14, relative: differences, squares and sums in `f64`.
    pub fn distances(&self, other: &Weights) -> Vec<f64> {
        let square = |of: &dyn Fn(usize, usize) -> f64, (rows, columns): (usize, usize)| -> f64 {
            (0..columns).map(|column| (0..rows).map(|row| of(row, column).powi(2)).sum::<f64>()).sum()
        };
        let both = self.layers().zip(other.layers());
        let layers = both.map(|(own, other)| {
            let moved = square(&|i, j| f64::from(own[(i, j)]) - f64::from(other[(i, j)]), own.shape());
            [moved, square(&|i, j| f64::from(other[(i, j)]), own.shape())]
        });
        let mut squares: Vec<[f64; 2]> = layers.collect();
        squares.push([0, 1].map(|which| squares.iter().map(|layer| layer[which]).sum()));
        squares.into_iter().map(|[moved, from]| moved.sqrt() / from.sqrt()).collect()
    }
}

/// What a network computes on the way to its outputs.
pub struct Pass {
    /// x and a¹ … a^(d−1): a column of channels for each pixel of each image.
    pub(crate) maps: Vec<Mat<f32>>,
    /// z¹ … z^(d−1), where [they are kept](Architecture::keeps_sums).
    sums: Vec<Mat<f32>>,
    /// f, a row for each output, a column for each image.
    pub outputs: Mat<f32>,
}

/// A network with its weights.
#[derive(Clone, Debug)]
pub struct Network {
    pub(crate) net: Architecture,
    taps: Vec<[isize; 2]>,
    weights: Weights,
}

impl Network {
    /// A random network: the same for the same architecture and seed.
    ///
    /// # Errors
    /// Those of [`Architecture::check`].
    pub fn new(net: Architecture, seed: u64) -> Result<Self, Error> {
        net.check()?;
        let mut random = Pcg64::seed_from_u64(seed);
        let mut gaussian = |rows, columns| {
            // Column by column, as they lie in memory.
            Mat::from_fn(rows, columns, |_, _| StandardNormal.sample(&mut random))
        };
        let taps = net.taps();
        let hidden = (1..net.depth).map(|layer| gaussian(net.width, taps.len() * net.fan_in(layer))).collect();
        let inputs = net.width * if net.head == Head::Gap { 1 } else { net.pixels() };
        let head = gaussian(net.outputs, inputs);
        Ok(Network { net, taps, weights: Weights { hidden, head } })
    }

    /// The architecture.
    pub fn architecture(&self) -> &Architecture {
        &self.net
    }

    /// The weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The weights, to be changed by [`Weights::add`].
    pub fn weights_mut(&mut self) -> &mut Weights {
        &mut self.weights
    }

    /// The positions of a filter.
    pub(crate) fn taps(&self) -> &[[isize; 2]] {
        &self.taps
    }

    /// The weights of a hidden layer, counted from 1, at one position of the filter: m × the channels that come in.
    fn at(&self, layer: usize, tap: usize) -> MatRef<'_, f32> {
        let fan_in = self.net.fan_in(layer);
        self.weights.hidden[layer - 1].subcols(tap * fan_in, fan_in)
    }

    /// Has `act` work on the neighbours of all pixels at each position of the filter.
    fn each_tap(&self, map: MatRef<'_, f32>, mirrored: bool, mut act: impl FnMut(usize, MatRef<'_, f32>)) {
        if self.taps.len() == 1 {
            return act(0, map);
        }
        let mut neighbours = Mat::zeros(map.nrows(), map.ncols());
        for (index, &[row, column]) in self.taps.iter().enumerate() {
            let tap = if mirrored { [-row, -column] } else { [row, column] };
            gather(&self.net, tap, map, &mut neighbours);
            act(index, neighbours.as_ref());
        }
    }

    /// The outputs for all images.
    ///
    /// # Accuracy
    /// Products and sums in `f32`, in an order that does not depend on the threads: near 1e-6 of the norm of the gradient with respect to a layer's weights.
    ///
    /// # Cost
    /// 2·m²·q² operations for each pixel, image and hidden layer but the first; memory for d arrays of m numbers for each pixel of each image.
    pub fn forward(&self, x: &Batch) -> Pass {
        let net = &self.net;
        let (mut maps, mut sums) = (vec![x.values.clone()], Vec::<Mat<f32>>::new());
        let [gain, below_zero] = net.gains();
        for layer in 1..net.depth {
            let below = &maps[layer - 1];
            let mut map = Mat::zeros(net.width, below.ncols());
            self.each_tap(below.as_ref(), false, |tap, neighbours| {
                product(map.as_mut(), Accum::Add, self.at(layer, tap), neighbours, net.shrink(layer));
            });
            if let (Some(skip), Some(before)) = (net.skip(layer), sums.last()) {
                map += Scale(skip) * before;
            }
            if net.keeps_sums() {
                sums.push(map.clone());
            }
            map.as_mut().par_col_chunks_mut(64).for_each(|part| {
                zip!(part).for_each(|unzip!(z)| *z = gain * z.max(0.0) + below_zero * z.min(0.0));
            });
            maps.push(map);
        }
        let mut outputs = Mat::zeros(net.outputs, x.len());
        product(
            outputs.as_mut(),
            Accum::Add,
            self.weights.head.as_ref(),
            self.read(&maps).as_ref(),
            net.shrink(net.depth),
        );
        Pass { maps, sums, outputs }
    }

    /// What the last layer sees, with the factor before it: a column for each image. The outputs are the last weights times these.
    ///
    /// # Accuracy
    /// That of [`forward`](Self::forward).
    pub fn features(&self, x: &Batch) -> Mat<f32> {
        Scale(self.net.shrink(self.net.depth)) * self.read(&self.forward(x).maps)
    }

    /// What the last layer sees: a column for each image.
    fn read(&self, maps: &[Mat<f32>]) -> Mat<f32> {
        let (m, pixels) = (self.net.width, self.net.pixels());
        let last = maps[self.net.depth - 1].as_ref();
        let images = last.ncols() / pixels;
        match self.net.head {
            Head::Vanilla => Mat::from_fn(m * pixels, images, |at, image| last[(at % m, image * pixels + at / m)]),
            Head::Gap => Mat::from_fn(m, images, |c, image| {
                (0..pixels).map(|p| last[(c, image * pixels + p)]).sum::<f32>() / pixels as f32
            }),
        }
    }

    /// Σ over the outputs of `factors` · ∂f/∂z¹ … ∂f/∂z^(d−1), for each image by itself.
    ///
    /// # Shapes
    /// `factors`: outputs × images.
    pub(crate) fn signals(&self, pass: &Pass, factors: MatRef<'_, f32>) -> Vec<Mat<f32>> {
        let net = &self.net;
        let (m, pixels, images) = (net.width, net.pixels(), factors.ncols());
        let mut read = Mat::zeros(self.weights.head.ncols(), images);
        product(read.as_mut(), Accum::Add, self.weights.head.transpose(), factors, net.shrink(net.depth));
        let mut signal = Mat::from_fn(m, images * pixels, |c, at| match net.head {
            Head::Vanilla => read[(at % pixels * m + c, at / pixels)],
            Head::Gap => read[(c, at / pixels)] / pixels as f32,
        });
        let mut signals = Vec::<Mat<f32>>::new();
        for layer in (1..net.depth).rev() {
            // From ∂f/∂a to ∂f/∂z: a is positive where z is, or z has been kept.
            let ([gain, below_zero], map) = (net.gains(), pass.sums.get(layer - 1).unwrap_or(&pass.maps[layer]));
            signal.as_mut().par_col_chunks_mut(64).zip(map.as_ref().par_col_chunks(64)).for_each(|(signal, map)| {
                zip!(signal, map).for_each(|unzip!(signal, z)| *signal *= if *z > 0.0 { gain } else { below_zero });
            });
            if let (Some(skip), Some(above)) = (net.skip(layer + 1), signals.last()) {
                signal += Scale(skip) * above;
            }
            let mut below = Mat::zeros(0, 0);
            if layer > 1 {
                below = Mat::zeros(m, images * pixels);
                self.each_tap(signal.as_ref(), true, |tap, neighbours| {
                    let weights = self.at(layer, tap).transpose();
                    product(below.as_mut(), Accum::Add, weights, neighbours, net.shrink(layer));
                });
            }
            signals.push(std::mem::replace(&mut signal, below));
        }
        signals.reverse();
        signals
    }

    /// The gradient of Σ factors·f with respect to these layers; 0 for the others.
    ///
    /// # Shapes
    /// `factors`: outputs × images.
    ///
    /// # Accuracy
    /// Products and sums in `f32`, as those of [`forward`](Self::forward): inner products of gradients are those of [`kernel`](Self::kernel) to 1e-6 of their norms.
    ///
    /// # Cost
    /// Twice that of [`forward`](Self::forward).
    pub fn gradient(&self, pass: &Pass, factors: MatRef<'_, f32>, layers: Layers) -> Weights {
        let net = &self.net;
        let mut gradient = Weights {
            hidden: self.weights.hidden.iter().map(|layer| Mat::zeros(layer.nrows(), layer.ncols())).collect(),
            head: Mat::zeros(net.outputs, self.weights.head.ncols()),
        };
        if layers.contain(net.depth, net.depth) {
            let read = self.read(&pass.maps);
            product(gradient.head.as_mut(), Accum::Replace, factors, read.transpose(), net.shrink(net.depth));
        }
        if !(1..net.depth).any(|layer| layers.contain(layer, net.depth)) {
            return gradient;
        }
        let signals = self.signals(pass, factors);
        for layer in (1..net.depth).filter(|&layer| layers.contain(layer, net.depth)) {
            let (signal, fan_in) = (&signals[layer - 1], net.fan_in(layer));
            let to = &mut gradient.hidden[layer - 1];
            self.each_tap(pass.maps[layer - 1].as_ref(), false, |tap, neighbours| {
                let to = to.as_mut().subcols_mut(tap * fan_in, fan_in);
                product(to, Accum::Replace, signal.as_ref(), neighbours.transpose(), net.shrink(layer));
            });
        }
        gradient
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tricks;
    use crate::precision::{NET_DISTANCE, NET_PRODUCTS};
    use ultrawide_core::Shape;

    /// The weights of two nets with a layer of more columns than are added at a time.
    fn two() -> [Weights; 2] {
        let shape = Shape { channels: 2, height: 3, width: 4 };
        let (head, tricks) = (Head::Vanilla, Tricks::default());
        let net = Architecture { shape, filter: 3, depth: 4, width: 9, outputs: 2, head, tricks };
        [1, 2].map(|seed| Network::new(net, seed).expect("a valid net").weights)
    }

    /// The numbers of each layer, row by row.
    fn lists(weights: &Weights) -> Vec<Vec<f32>> {
        let list = |layer: &Mat<f32>| {
            (0..layer.nrows()).flat_map(|r| (0..layer.ncols()).map(move |c| layer[(r, c)])).collect()
        };
        weights.hidden.iter().map(list).chain([list(&weights.head)]).collect()
    }

    #[test]
    fn sums_of_weights_are_those_of_a_plain_loop() {
        let [own, other] = two();
        assert!(own.hidden.iter().any(|layer| layer.ncols() > 64));
        for layers in [Layers::All, Layers::Hidden, Layers::Last] {
            let mut sum = own.clone();
            sum.add(0.1, &other, layers);
            let expected = (1..).zip(lists(&own).into_iter().zip(lists(&other))).map(|(layer, (own, other))| {
                let factor = if layers.contain(layer, 4) { 0.1f32 } else { 0.0 };
                own.into_iter().zip(other).map(|(own, other)| own + factor * other).map(f32::to_bits).collect()
            });
            let found = lists(&sum).into_iter().map(|layer| layer.into_iter().map(f32::to_bits).collect());
            assert_eq!(found.collect::<Vec<Vec<u32>>>(), expected.collect::<Vec<Vec<u32>>>(), "{layers:?}");
        }
    }

    #[test]
    fn products_of_weights_are_those_of_a_plain_loop() {
        let [own, other] = two();
        for (found, (own, other)) in own.products(&other).into_iter().zip(lists(&own).into_iter().zip(lists(&other))) {
            let (mut sum, mut size) = (0.0, 0.0);
            for (own, other) in own.into_iter().zip(other) {
                let product = f64::from(own) * f64::from(other);
                sum += product;
                size += product.abs();
            }
            assert!((found - sum).abs() <= NET_PRODUCTS * size, "{found} {sum}");
        }
        assert_eq!(own.products(&other).len(), 4);
    }

    #[test]
    fn distances_of_weights_are_those_of_a_plain_loop() {
        let [own, other] = two();
        let (mut expected, mut all) = (vec![], [0.0; 2]);
        for (own, other) in lists(&own).into_iter().zip(lists(&other)) {
            let mut squares = [0.0; 2];
            for (own, other) in own.into_iter().zip(other) {
                let (own, other) = (f64::from(own), f64::from(other));
                squares[0] += (own - other) * (own - other);
                squares[1] += other * other;
            }
            expected.push((squares[0] / squares[1]).sqrt());
            all = [all[0] + squares[0], all[1] + squares[1]];
        }
        expected.push((all[0] / all[1]).sqrt());
        let found = own.distances(&other);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found / expected - 1.0).abs() <= NET_DISTANCE, "{found} {expected}");
        }
    }
}
