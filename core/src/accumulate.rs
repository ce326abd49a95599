//! Sums of very many numbers that keep their last digit.

use crate::number::Number;

/// Numbers that are added plainly at most, before their sum is added to others.
///
/// The rounding errors of equal terms need not cancel: of n of them, each in the same direction and a part of the sum so far, they come to about n/4 ulps.
pub(crate) const PLAIN: usize = 16;

/// A running sum as an unevaluated pair: what rounding takes from `high` goes to `low`.
///
/// Accuracy: the relative error stays near one ulp of the working precision for any number of positive terms.
///
/// Source: Knuth, The Art of Computer Programming 2, §4.2.2 (the exact sum of two floats).
#[derive(Clone, Copy)]
pub(crate) struct Sum<'a, N> {
    high: &'a core::cell::Cell<N>,
    low: &'a core::cell::Cell<N>,
}

impl<'a, N: Number> Sum<'a, N> {
    /// The sum number `index` of a buffer of pairs.
    #[inline(always)]
    pub(crate) fn at(pairs: &'a [core::cell::Cell<N>], index: usize) -> Option<Self> {
        Some(Sum { high: pairs.get(2 * index)?, low: pairs.get(2 * index + 1)? })
    }

    /// Adds one number.
    #[inline(always)]
    pub(crate) fn add(self, term: N) {
        let [high, low] = exact_sum(self.high.get(), self.low.get(), term);
        self.high.set(high);
        self.low.set(low);
    }

    /// The sum.
    #[inline(always)]
    pub(crate) fn value(self) -> N {
        self.high.get().add(self.low.get())
    }
}

/// (high, low) + term: what rounding takes from the new `high` is added to `low`.
#[inline(always)]
pub(crate) fn exact_sum<N: Number>(high: N, low: N, term: N) -> [N; 2] {
    let sum = high.add(term);
    let taken = sum.sub(high);
    let lost = high.sub(sum.sub(taken)).add(term.sub(taken));
    [sum, low.add(lost)]
}

/// The sum of the numbers of a window, four by four: of equal ones four make no rounding error, and a quarter as many sums do.
#[inline(always)]
pub(crate) fn by_fours<T>(zero: T, mut terms: impl Iterator<Item = T>, add: impl Fn(T, T) -> T) -> T {
    let mut sum = zero;
    while let Some(mut part) = terms.next() {
        if let Some(second) = terms.next() {
            part = add(part, second);
        }
        if let Some(third) = terms.next() {
            let rest = if let Some(fourth) = terms.next() { add(third, fourth) } else { third };
            part = add(part, rest);
        }
        sum = add(sum, part);
    }
    sum
}
