//! T[i,j,i',j'] of images of P×Q pixels: its box and its readouts, from their definitions.

use super::real::Real;
use ultrawide_core::Readout;

/// P×Q×P×Q numbers.
#[derive(Clone)]
pub struct Array4 {
    p: usize,
    q: usize,
    /// In the order i, j, i', j'.
    values: Vec<Real>,
}

/// The indices i, j, i', j'.
type Index = [usize; 4];

impl Array4 {
    /// The array of `value(index)`.
    pub fn new(p: usize, q: usize, value: impl FnMut(Index) -> Real) -> Array4 {
        let index = |at: usize| [at / (q * p * q), at / (p * q) % q, at / q % p, at % q];
        Array4 { p, q, values: (0..p * q * p * q).map(index).map(value).collect() }
    }

    /// T[i,j,i',j'].
    pub fn at(&self, [i, j, k, l]: Index) -> &Real {
        &self.values[((i * self.q + j) * self.p + k) * self.q + l]
    }

    /// f of the entries of two arrays of one shape.
    pub fn zip(&self, other: &Array4, f: impl Fn(&Real, &Real) -> Real) -> Array4 {
        let values = self.values.iter().zip(&other.values).map(|(a, b)| f(a, b)).collect();
        Array4 { values, ..*self }
    }

    /// T[i+a, j+b, i'+c, j'+d], unless a pixel lies outside its image.
    fn shifted(&self, index: Index, by: [isize; 4]) -> Option<&Real> {
        let mut to = [0; 4];
        for (axis, size) in [self.p, self.q, self.p, self.q].into_iter().enumerate() {
            to[axis] = index[axis].checked_add_signed(by[axis]).filter(|&at| at < size)?;
        }
        Some(self.at(to))
    }

    /// Σ_{a,b} T[i+a, j+b, i'+a, j'+b] with |a|, |b| ≤ (q − 1)/2.
    pub fn boxed(&self, filter: usize) -> Array4 {
        let reach = (filter / 2) as isize;
        Array4::new(self.p, self.q, |index| {
            let shifts = (-reach..=reach).flat_map(|a| (-reach..=reach).map(move |b| [a, b, a, b]));
            shifts.filter_map(|by| self.shifted(index, by)).cloned().sum()
        })
    }

    /// The readout as [`Readout`] defines it.
    pub fn read_out(&self, readout: Readout) -> Real {
        match readout {
            Readout::Vanilla => self.diagonal().map(|index| self.at(index).clone()).sum(),
            Readout::Gap => self.values.iter().cloned().sum::<Real>() / Real::from(self.values.len() as f64),
            Readout::Lap(c) => {
                let window = || -(c as isize)..=c as isize;
                let columns = move |a, b, c| window().map(move |d| [a, b, c, d]);
                let shifts = window()
                    .flat_map(move |a| window().flat_map(move |b| window().flat_map(move |c| columns(a, b, c))));
                let terms = shifts.flat_map(|by| self.diagonal().filter_map(move |index| self.shifted(index, by)));
                terms.cloned().sum::<Real>() / Real::from(((2 * c + 1) as f64).powi(4))
            }
        }
    }

    /// \[i, j, i, j\] of every pixel.
    fn diagonal(&self) -> impl Iterator<Item = Index> + use<> {
        let (p, q) = (self.p, self.q);
        (0..p).flat_map(move |i| (0..q).map(move |j| [i, j, i, j]))
    }
}
