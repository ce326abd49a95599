//! The shares of several processes that fill one store, each with tiles of its own.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::plan::ArrayPlan;

/// Share number `index` of `count`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    index: usize,
    count: usize,
}

impl Share {
    /// Share `index` of `count`; `None` unless 1 ≤ `index` ≤ `count`.
    pub fn new(index: usize, count: usize) -> Option<Self> {
        (1..=count).contains(&index).then_some(Self { index, count })
    }

    /// What the share's files are called after.
    pub(super) fn file_name(self) -> String {
        format!("{}of{}", self.index, self.count)
    }

    /// The share's tiles of an array, all that lie between two in the order of [`ArrayPlan::tiles`]; `None` where it has none.
    ///
    /// Every array is divided by itself, evenly by the pairs of its tiles: those of one array cost the same, those of different
    /// arrays need not. A tile belongs to the share in whose part of the pairs its middle lies, so a share has at most one tile
    /// of each array more or less than its part.
    pub fn range(self, array: &ArrayPlan, tile: usize) -> Option<RangeInclusive<(usize, usize)>> {
        let pairs = |i, j| {
            let (rows, cols) = array.tile_shape(tile, i, j).unwrap_or_default();
            let (rows, cols) = (rows as u128, cols as u128);
            if array.symmetric && i == j { rows * (rows + 1) / 2 } else { rows * cols }
        };
        let (rows, cols) = (array.rows as u128, array.cols as u128);
        let all = if array.symmetric { rows * (rows + 1) / 2 } else { rows * cols };
        let mut before = 0;
        let mut range: Option<RangeInclusive<(usize, usize)>> = None;
        for (i, j) in array.tiles(tile) {
            let twice_the_middle = 2 * before + pairs(i, j);
            before += pairs(i, j);
            // Below `count`, since the middle lies before the end.
            match (twice_the_middle * self.count as u128 / (2 * all)).cmp(&(self.index as u128 - 1)) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => {
                    let first = range.map_or((i, j), |range| *range.start());
                    range = Some(first..=(i, j));
                }
                std::cmp::Ordering::Greater => break,
            }
        }
        range
    }

    /// Whether a tile of the array is the share's; without a share all are.
    pub fn filter(share: Option<Self>, array: &ArrayPlan, tile: usize) -> impl Fn(&(usize, usize)) -> bool + use<> {
        let range = share.map(|share| share.range(array, tile));
        move |tile| range.as_ref().is_none_or(|range| range.as_ref().is_some_and(|range| range.contains(tile)))
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        numbers
            .and_then(|(index, count)| Self::new(index, count))
            .ok_or_else(|| "a shard is i/n, number i of n from 1/n to n/n, for instance 2/4".to_owned())
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}
