//! The convolutional recursion: CNN-GP and CNTK of one pair of images, or of one image and a vector of partners.
//!
//! The recursion never mixes displacements: the entries \[i, j, i + di, j + dj\] of the P×Q×P×Q arrays depend on each
//! other and on the two images' variance maps only. A pair is therefore (2P−1)(2Q−1) independent stencils of at most
//! P×Q points, one for each (di, dj), and each runs through all layers in two small buffers, K and Θ. On such a
//! stencil `box` is an ordinary q×q box filter.
//!
//! A layer is one pass over the rows, in place. box(K) and box(Θ) of a row need the old values of the rows before it and
//! after it. With 3×3 filters the new row takes the place of the old row before it, which nothing needs any more: all
//! rows move up by one, and down again in the next layer, whose pass begins at the other end. With other filters the old rows
//! before it are kept aside.
//!
//! Source: Arora et al. 2019, arXiv 1904.11955v2, §4 and App. G; the layout is this project's own.

use core::cell::Cell;

use crate::Error;
use crate::dual::{Activation, Case, Layer};
use crate::network::Conv;
use crate::number::Number;
use crate::readout;
use crate::variance::{check, prepared_len};

/// The numbers of scratch that [`conv_pair`] needs.
pub fn conv_scratch_len(net: &Conv) -> usize {
    // Pairs: the entries [K, Θ], a row to move by, the rows kept aside, a row of vertical sums, and the sums of the outputs.
    2 * (net.pixels() + (rows_aside(net) + 2) * net.shape().width + net.outputs())
}

/// The old rows that a pass keeps: (q − 1)/2, but no more than there are; a filter of one row needs none.
fn rows_aside(net: &Conv) -> usize {
    net.reach().min(net.shape().height)
}

/// The kernels of image `x` and the image in each lane of `y`: every depth, readout and kernel of `net` in one pass.
///
/// ```text
/// Σ⁰ = box( Σ_c x_c[i,j] y_c[i',j'] ),   Θ⁰ = Σ⁰ or 0
/// h = 1 … d−1:   K = n κ1(Σ/n)/q²,   Θ ← κ0(Σ/n)/q² ⊙ Θ + K,   then Σ = box(K), Θ ← box(Θ)
/// ```
///
/// # Shapes
/// `x`, `y`: images prepared by [`crate::prepare`]. `cap`: from [`crate::identity_cap`] on their pixels. `scratch`: at
/// least [`conv_scratch_len`], of any content. `out`: [`Conv::outputs`], in the order kernel, readout, depth.
///
/// # Accuracy
/// `f32`: within 2e-6 relative of the exact value up to depth 21, for images of whose patches no two have 1 − |λ| below 5e-3
/// (`accuracy/tests/growth.rs`); a bound for any depth up to 200 and either precision, and what nearly parallel patches lose:
/// `docs/accuracy.md`. λ is exactly 1 where a pixel meets itself. Images may be of any
/// size: a kernel is finite where it is itself within the range (`core/tests/properties.rs`).
///
/// # Errors
/// [`Error::Length`] for a slice of another length, or a short scratch.
///
/// # Cost
/// 20 multiplications or multiply-adds, 9 sums, one maximum and one square root (`f32`, 3×3) for each of the entries of
/// each layer; there are P·Q entries for vanilla, P²Q² for gap. Scratch near 2·P·Q numbers.
///
/// # Source
/// Arora et al. 2019, §4 and App. G.
#[inline(always)]
pub fn conv_pair<N: Number>(
    net: &Conv,
    x: &[N::Scalar],
    y: &[N],
    cap: Option<N>,
    scratch: &mut [N],
    out: &mut [N],
) -> Result<(), Error> {
    check("prepared image x", x.len(), prepared_len(net))?;
    check("prepared image y", y.len(), prepared_len(net))?;
    check("output", out.len(), net.outputs())?;
    let (have, need) = (scratch.len(), conv_scratch_len(net));
    let parts = scratch.get_mut(..need).and_then(|scratch| scratch.split_at_mut_checked(2 * net.outputs()));
    let Some((sums, scratch)) = parts else {
        return Err(Error::Length { what: "scratch", have, need });
    };
    sums.fill(N::zero());
    let sums = Cell::from_mut(sums).as_slice_of_cells();
    let scratch = scratch.as_chunks_mut().0;

    let (rows, columns) = readout::reach(net);
    for di in -rows..=rows {
        for dj in -columns..=columns {
            let stencil = Stencil::new(net, di, dj);
            let same = if (di, dj) == (0, 0) { cap } else { None };
            run(net, &stencil, x, y, same, scratch, sums);
        }
    }
    if let (Some(&x), Some(&y)) = (x.last(), y.last()) {
        readout::finish(net, sums, N::splat(x), y, out);
    }
    Ok(())
}

/// The entries of one displacement: `height` × `width` of them, entry (r, s) joining pixel (`x_row` + r, `x_column` + s)
/// of x with pixel (`y_row` + r, `y_column` + s) of y.
pub(crate) struct Stencil {
    pub(crate) di: isize,
    pub(crate) dj: isize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) x_row: usize,
    pub(crate) x_column: usize,
    y_row: usize,
    y_column: usize,
}

impl Stencil {
    #[inline(always)]
    fn new(net: &Conv, di: isize, dj: isize) -> Self {
        let start = |d: isize| (d.min(0).unsigned_abs(), d.max(0).unsigned_abs());
        let ((x_row, y_row), (x_column, y_column)) = (start(di), start(dj));
        Stencil {
            di,
            dj,
            height: net.shape().height.saturating_sub(di.unsigned_abs()),
            // At least 1 as it is; said, so that the compiler knows.
            width: net.shape().width.saturating_sub(dj.unsigned_abs()).max(1),
            x_row,
            x_column,
            y_row,
            y_column,
        }
    }

    /// Where row `r` of the stencil starts in a map of image x, and in one of image y.
    #[inline(always)]
    fn starts(&self, net: &Conv, r: usize) -> (usize, usize) {
        let width = net.shape().width;
        ((self.x_row + r) * width + self.x_column, (self.y_row + r) * width + self.y_column)
    }
}

/// Runs one stencil through all layers and adds its entries to the sums of the readouts.
#[inline(always)]
fn run<N: Number>(
    net: &Conv,
    stencil: &Stencil,
    x: &[N::Scalar],
    y: &[N],
    same: Option<N>,
    scratch: &mut [[N; 2]],
    sums: &[Cell<N>],
) {
    let (width, len) = (stencil.width, stencil.height * stencil.width);
    let Some((entries, rows)) = scratch.split_at_mut_checked(len + width) else { return };
    let channels = net.pixels() * net.shape().channels;
    let (Some((x_pixels, x_maps)), Some((y_pixels, y_maps))) =
        (x.split_at_checked(channels), y.split_at_checked(channels))
    else {
        return;
    };
    let (request, growth) = (net.request(), net.growth::<N::Scalar>());
    // Whether the entries lie one row down, as 3×3 filters leave them after every other layer.
    let mut down = false;
    products(net, stencil, x_pixels, y_pixels, entries);

    let maps = x_maps.as_chunks().0.chunks_exact(net.pixels()).zip(y_maps.as_chunks().0.chunks_exact(net.pixels()));
    for (number, (x, y)) in (1..).zip(maps) {
        if let Some(shrink) = growth.before(number) {
            for entry in entries.iter_mut() {
                *entry = [entry[0].mul(N::splat(shrink)), entry[1].mul(N::splat(shrink))];
            }
        }
        let pass = Pass { net, stencil, x, y, layer: Layer::new(same) };
        match (number == 1, same.is_some(), request.theta_after(number)) {
            (false, false, true) => pass.layer::<Const<false, false, true>>(entries, rows, down),
            (false, true, true) => pass.layer::<Const<false, true, true>>(entries, rows, down),
            (true, false, true) => pass.layer::<Const<true, false, true>>(entries, rows, down),
            (true, true, true) => pass.layer::<Const<true, true, true>>(entries, rows, down),
            (false, false, false) => pass.layer::<Const<false, false, false>>(entries, rows, down),
            (false, true, false) => pass.layer::<Const<false, true, false>>(entries, rows, down),
            (true, false, false) => pass.layer::<Const<true, false, false>>(entries, rows, down),
            (true, true, false) => pass.layer::<Const<true, true, false>>(entries, rows, down),
        }
        down ^= net.filter() == 3;
        let start = if down { width } else { 0 };
        if let (Some(depth), Some(entries)) = (request.depth_after(number), part(entries, start, len)) {
            readout::add(net, stencil, depth, entries, rows, sums);
        }
    }
}

/// Σ_c x_c\[i,j\] y_c\[i',j'\] on a stencil: the covariance before the first box.
#[inline(always)]
fn products<N: Number>(net: &Conv, stencil: &Stencil, x: &[N::Scalar], y: &[N], entries: &mut [[N; 2]]) {
    /// Entries at a time, so that their sums stay in registers from channel to channel.
    const BLOCK: usize = 4;
    for (r, row) in entries.chunks_exact_mut(stencil.width).take(stencil.height).enumerate() {
        let (x_start, y_start) = stencil.starts(net, r);
        let (Some(mut x), Some(mut y)) = (x.get(x_start..), y.get(y_start..)) else { return };
        let (blocks, rest) = row.as_chunks_mut::<BLOCK>();
        for block in blocks {
            *block = covariances(x, y, net.pixels());
            (x, y) = (x.get(BLOCK..).unwrap_or_default(), y.get(BLOCK..).unwrap_or_default());
        }
        for entry in rest {
            [*entry] = covariances(x, y, net.pixels());
            (x, y) = (x.get(1..).unwrap_or_default(), y.get(1..).unwrap_or_default());
        }
    }
}

/// The first `B` of the pairs \[Σ_c x_c y_c, 0\], the channels being `pixels` apart.
#[inline(always)]
fn covariances<N: Number, const B: usize>(x: &[N::Scalar], y: &[N], pixels: usize) -> [[N; 2]; B] {
    let mut sums = [[N::zero(); 2]; B];
    for (x, y) in x.chunks(pixels).zip(y.chunks(pixels)) {
        let (Some(x), Some(y)) = (x.first_chunk::<B>(), y.first_chunk::<B>()) else { break };
        for ([sum, _], (&x, &y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum = N::splat(x).mul_add(y, *sum);
        }
    }
    sums
}

/// The cases of a layer as a type.
struct Const<const FIRST: bool, const SAME: bool, const NTK: bool>;

impl<const FIRST: bool, const SAME: bool, const NTK: bool> Case for Const<FIRST, SAME, NTK> {
    const FIRST: bool = FIRST;
    const SAME: bool = SAME;
    const NTK: bool = NTK;
}

/// One layer on one stencil, with the deviations (√v, 1/√v) of the two images before this layer.
///
/// An entry is the pair \[K, Θ\]: side by side, the hot loop gets by with few pointers.
struct Pass<'a, N: Number> {
    net: &'a Conv,
    stencil: &'a Stencil,
    x: &'a [[N::Scalar; 2]],
    y: &'a [[N; 2]],
    layer: Layer<N>,
}

/// The pairs √v, 1/√v of a row of image x and of image y.
type Maps<'a, N> = (&'a [[<N as Number>::Scalar; 2]], &'a [[N; 2]]);

impl<N: Number> Pass<'_, N> {
    /// `entries` holds a row more than the stencil, the first one if its rows lie one row down, otherwise the last.
    #[inline(always)]
    fn layer<C: Case>(&self, entries: &mut [[N; 2]], rows: &mut [[N; 2]], down: bool) {
        if self.net.filter() == 3 {
            self.layer_of_three::<C>(entries, rows, down);
        } else {
            self.layer_of_any::<C>(entries, rows);
        }
    }

    /// The deviations along row `r` of the stencil.
    #[inline(always)]
    fn maps(&self, r: usize) -> Option<Maps<'_, N>> {
        let (x_start, y_start) = self.stencil.starts(self.net, r);
        Some((part(self.x, x_start, self.stencil.width)?, part(self.y, y_start, self.stencil.width)?))
    }

    /// 3×3 filters, the hot loop: vertical sums formed on the way, horizontal sums slid through registers.
    ///
    /// The rows move up by one, or down if they were not `down`; `rows` holds a row to spare.
    #[inline(always)]
    fn layer_of_three<C: Case>(&self, entries: &mut [[N; 2]], rows: &mut [[N; 2]], down: bool) {
        let (height, width) = (self.stencil.height, self.stencil.width);
        let Some(zeros) = rows.get_mut(..width) else { return };
        zeros.fill([N::zero(); 2]);
        // Before the first row of the pass there is none.
        let before = if down { 0 } else { height * width };
        if let Some(before) = entries.get_mut(before..before + width) {
            before.fill([N::zero(); 2]);
        }
        for step in 0..height {
            let r = if down { step } else { height - 1 - step };
            let Some((above, below)) = entries.split_at_mut_checked((r + 1) * width) else { return };
            let (new, old, after) = if down {
                (above.get_mut(r * width..), below.get(..width), part(below, width, width))
            } else {
                let after = r.checked_sub(1).and_then(|after| part(above, after * width, width));
                (below.get_mut(..width), part(above, r * width, width), after)
            };
            let (Some(new), Some(old), Some((x, y))) = (new, old, self.maps(r)) else { return };
            row_of_three::<N, C>(new, old, after.unwrap_or(zeros), x, y, &self.layer);
        }
    }

    /// Filters of any odd size: the vertical sums of a row first, then its horizontal sums.
    #[inline(always)]
    fn layer_of_any<C: Case>(&self, entries: &mut [[N; 2]], rows: &mut [[N; 2]]) {
        let (reach, width) = (self.net.reach(), self.stencil.width);
        let Some((above, rest)) = rows.split_at_mut_checked(rows_aside(self.net) * width) else { return };
        let Some(sums) = rest.get_mut(..width) else { return };
        let Some(entries) = entries.get_mut(..self.stencil.height * width) else { return };
        for r in 0..self.stencil.height {
            vertical_sums(entries, r, reach, above, sums);
            let (Some((x, y)), Some(row)) = (self.maps(r), entries.get_mut(r * width..(r + 1) * width)) else { return };
            for (column, (entry, (&x, &y))) in row.iter_mut().zip(x.iter().zip(y)).enumerate() {
                let end = width.min(column.saturating_add(reach).saturating_add(1));
                let window = sums.get(column.saturating_sub(reach)..end).unwrap_or_default();
                let mut boxed = [N::zero(); 2];
                for &value in window {
                    boxed = plus::<N, C>(boxed, value);
                }
                *entry = begin::<N, C>(boxed, x, y, &self.layer).end::<C>(&self.layer);
            }
        }
    }
}

/// One row: `new`, which holds the old values of the row before it, takes the values that follow from `old`, its own old
/// values, and `after`, those of the row after it.
#[inline(always)]
fn row_of_three<N: Number, C: Case>(
    new: &mut [[N; 2]],
    old: &[[N; 2]],
    after: &[[N; 2]],
    x: &[[N::Scalar; 2]],
    y: &[[N; 2]],
    layer: &Layer<N>,
) {
    // One length for all, once: the loop below is then free of bounds checks.
    let width = old.len();
    let (Some(new), Some(after), Some(x), Some(y)) =
        (new.get_mut(..width), after.get(..width), x.get(..width), y.get(..width))
    else {
        return;
    };
    let (Some(&first_x), Some(&first_y)) = (x.first(), y.first()) else { return };
    let mut left = vertical::<N, C>(new, old, after, 0);
    let mut middle = if width > 1 { vertical::<N, C>(new, old, after, 1) } else { [N::zero(); 2] };
    let mut entry = begin::<N, C>(plus::<N, C>(left, middle), first_x, first_y, layer);
    for column in 2..width {
        let right = vertical::<N, C>(new, old, after, column);
        let next = begin::<N, C>(plus::<N, C>(plus::<N, C>(left, middle), right), x[column - 1], y[column - 1], layer);
        new[column - 2] = entry.end::<C>(layer);
        entry = next;
        (left, middle) = (middle, right);
    }
    if let ([.., before, _], Some(&x), Some(&y)) = (&mut *new, x.last(), y.last()) {
        let next = begin::<N, C>(plus::<N, C>(left, middle), x, y, layer);
        *before = entry.end::<C>(layer);
        entry = next;
    }
    if let Some(place) = new.last_mut() {
        *place = entry.end::<C>(layer);
    }
}

/// The vertical 3-sum of a column.
#[inline(always)]
fn vertical<N: Number, C: Case>(before: &[[N; 2]], old: &[[N; 2]], after: &[[N; 2]], column: usize) -> [N; 2] {
    plus::<N, C>(plus::<N, C>(before[column], old[column]), after[column])
}

/// [`Activation::begin`] with the deviations of one pixel of x for all lanes.
#[inline(always)]
fn begin<N: Number, C: Case>(boxed: [N; 2], x: [N::Scalar; 2], y: [N; 2], layer: &Layer<N>) -> Activation<N> {
    Activation::begin::<C>(boxed, [N::splat(x[0]), N::splat(x[1])], y, layer)
}

/// The sum of two pairs \[K, Θ\], of Θ only where it is wanted and has been set.
#[inline(always)]
fn plus<N: Number, C: Case>(a: [N; 2], b: [N; 2]) -> [N; 2] {
    [a[0].add(b[0]), if C::NTK && !C::FIRST { a[1].add(b[1]) } else { a[1] }]
}

/// Σ over the rows r − reach … r + reach inside the stencil, column by column; the old rows above are in the ring
/// `above`, which then takes up row r.
#[inline(always)]
fn vertical_sums<N: Number>(entries: &[[N; 2]], r: usize, reach: usize, above: &mut [[N; 2]], sums: &mut [[N; 2]]) {
    let width = sums.len().max(1);
    let kept = above.len() / width;
    sums.fill([N::zero(); 2]);
    for slot in (r.saturating_sub(kept)..r).filter_map(|old| old.checked_rem(kept)) {
        add_row(sums, part(above, slot * width, width).unwrap_or_default());
    }
    for row in entries.chunks_exact(width).skip(r).take(reach.saturating_add(1)) {
        add_row(sums, row);
    }
    if let Some(slot) = r.checked_rem(kept)
        && let (Some(keep), Some(row)) =
            (above.get_mut(slot * width..(slot + 1) * width), part(entries, r * width, width))
    {
        keep.copy_from_slice(row);
    }
}

#[inline(always)]
fn add_row<N: Number>(sums: &mut [[N; 2]], row: &[[N; 2]]) {
    for (sum, &[k, theta]) in sums.iter_mut().zip(row) {
        *sum = [sum[0].add(k), sum[1].add(theta)];
    }
}

#[inline(always)]
fn part<T>(slice: &[T], start: usize, len: usize) -> Option<&[T]> {
    slice.get(start..)?.get(..len)
}
