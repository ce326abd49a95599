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
//! Where two images are all but equal at the same place, rounding leaves little of n − Σ, nor of κ0, which has its root in it. There
//! E, the distance of φ(x) and φ(y), is carried beside Σ and Θ (`core/src/close.rs`). It costs a third more; the first layer tells which pairs need
//! it, and few do.
//!
//! Source: Arora et al. 2019, arXiv 1904.11955v2, §4 and App. G; the layout is this project's own.

use core::cell::Cell;

use crate::Error;
use crate::close::{Close, Watch};
use crate::dual::{Activation, Case, Layer};
use crate::network::Conv;
use crate::number::{Number, Scalar};
use crate::readout;
use crate::variance::{check, prepared_len};

/// The numbers of scratch that [`conv_pair`] needs.
pub fn conv_scratch_len(net: &Conv) -> usize {
    // Triples [K, Θ, E]: the entries, a row to move by, the rows kept aside, a row of vertical sums. Pairs: the sums of the outputs.
    3 * (net.pixels() + (rows_aside(net) + 2) * net.shape().width) + 2 * net.outputs()
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
/// (`accuracy/tests/growth.rs`), and for images that are as a whole, or in part, close to each other or to a multiple of each other (`core/tests/close.rs`); a bound
/// for any depth up to 200 and either precision, and what nearly parallel patches lose otherwise: `docs/accuracy.md`. λ is exactly 1 where a pixel meets itself. Images may be of any
/// size: a kernel is finite where it is itself within the range (`core/tests/properties.rs`).
///
/// # Errors
/// [`Error::Length`] for a slice of another length, or a short scratch.
///
/// # Cost
/// 20 multiplications or multiply-adds, 9 sums, one maximum and one square root (`f32`, 3×3) for each of the entries of
/// each layer; there are P·Q entries for vanilla, P²Q² for gap. A third more for the P·Q entries of pixels at the same place, where
/// the image in some lane is close to x. Scratch near 3·P·Q numbers.
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

    // Below 0 in the lanes that hold the image x itself.
    let itself = cap.unwrap_or(N::splat(N::Scalar::from_f64(1.0))).sub(N::splat(N::Scalar::from_f64(0.5)));
    let (rows, columns) = readout::reach(net);
    let none = Close::none();
    for di in -rows..=rows {
        for dj in -columns..=columns {
            let stencil = Stencil::new(net, di, dj);
            let watch = if (di, dj) == (0, 0) { Some(Watch::new(itself)) } else { None };
            let close = run::<N, 2>(net, &stencil, (x, y), watch, none, scratch.as_chunks_mut().0, sums);
            if let Some(close) = close {
                run::<N, 3>(net, &stencil, (x, y), None, close, scratch.as_chunks_mut().0, sums);
            }
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
///
/// An entry is \[K, Θ\], or for `LEN` = 3 \[K, Θ, E\], where lanes are `close`.
///
/// With a `watch`, the run ends after the first layer if that finds close lanes, adds nothing and returns the `close` of the run that is to take
/// its place.
#[inline(always)]
fn run<N: Number, const LEN: usize>(
    net: &Conv,
    stencil: &Stencil,
    (x, y): (&[N::Scalar], &[N]),
    watch: Option<Watch<N>>,
    close: Close<N>,
    scratch: &mut [[N; LEN]],
    sums: &[Cell<N>],
) -> Option<Close<N>> {
    let (width, len) = (stencil.width, stencil.height * stencil.width);
    let (entries, rows) = scratch.split_at_mut_checked(len + width)?;
    let channels = net.pixels() * net.shape().channels;
    let ((x_pixels, x_maps), (y_pixels, y_maps)) = (x.split_at_checked(channels)?, y.split_at_checked(channels)?);
    let (request, growth) = (net.request(), net.growth::<N::Scalar>());
    // Whether the entries lie one row down, as 3×3 filters leave them after every other layer.
    let mut down = false;
    products(net, stencil, (x_pixels, y_pixels), &close, entries);
    let watched = Cell::new(watch.unwrap_or(Watch::new(N::zero())));

    let (x_maps, y_maps) = (x_maps.as_chunks().0, y_maps.as_chunks().0);
    for number in 1..=request.layers() {
        let start = (number - 1) * net.pixels();
        let (x, y) = (part(x_maps, start, net.pixels())?, part(y_maps, start, net.pixels())?);
        if let Some(shrink) = growth.before(number) {
            for entry in entries.iter_mut() {
                *entry = entry.map(|number| number.mul(N::splat(shrink)));
            }
        }
        let pass = Pass { net, stencil, x, y, layer: Layer::new(None, close), watch: &watched };
        // The constants keep from being compiled what is not used: a run with E watches no more, and where Θ is not wanted it may be anything.
        let ntk = request.theta_after(number);
        if number > 1 {
            if const { LEN == 3 } || ntk {
                pass.layer::<Const<false, true, false>, LEN>(entries, rows, down);
            } else {
                pass.layer::<Const<false, false, false>, LEN>(entries, rows, down);
            }
        } else if const { LEN == 2 } && watch.is_some() {
            if ntk {
                pass.layer::<Const<true, true, true>, LEN>(entries, rows, down);
            } else {
                pass.layer::<Const<true, false, true>, LEN>(entries, rows, down);
            }
        } else if ntk {
            pass.layer::<Const<true, true, false>, LEN>(entries, rows, down);
        } else {
            pass.layer::<Const<true, false, false>, LEN>(entries, rows, down);
        }
        if number == 1 && watch.is_some() {
            let close = watched.get().close(net.patches());
            if close.is_some() {
                return close;
            }
        }
        down ^= net.filter() == 3;
        let start = if down { width } else { 0 };
        if let (Some(depth), Some(entries)) = (request.depth_after(number), part(entries, start, len)) {
            readout::add(net, stencil, depth, entries, rows, sums);
        }
    }
    None
}

/// Σ_c x_c\[i,j\] y_c\[i',j'\] on a stencil, the covariance before the first box, and Σ_c (a x_c\[i,j\] − b y_c\[i',j'\])² where E is carried.
#[inline(always)]
fn products<N: Number, const LEN: usize>(
    net: &Conv,
    stencil: &Stencil,
    (x, y): (&[N::Scalar], &[N]),
    close: &Close<N>,
    entries: &mut [[N; LEN]],
) {
    /// Entries at a time, so that their sums stay in registers from channel to channel.
    const BLOCK: usize = 4;
    for (r, row) in entries.chunks_exact_mut(stencil.width).take(stencil.height).enumerate() {
        let (x_start, y_start) = stencil.starts(net, r);
        let (Some(mut x), Some(mut y)) = (x.get(x_start..), y.get(y_start..)) else { return };
        let (blocks, rest) = row.as_chunks_mut::<BLOCK>();
        for block in blocks {
            *block = covariances(net, (x, y), close);
            (x, y) = (x.get(BLOCK..).unwrap_or_default(), y.get(BLOCK..).unwrap_or_default());
        }
        for entry in rest {
            [*entry] = covariances(net, (x, y), close);
            (x, y) = (x.get(1..).unwrap_or_default(), y.get(1..).unwrap_or_default());
        }
    }
}

/// The first `B` entries \[Σ_c x_c y_c, 0\] or \[Σ_c x_c y_c, 0, Σ_c (a x_c − b y_c)²\].
#[inline(always)]
fn covariances<N: Number, const LEN: usize, const B: usize>(
    net: &Conv,
    (mut x, mut y): (&[N::Scalar], &[N]),
    close: &Close<N>,
) -> [[N; LEN]; B] {
    let mut sums = [[N::zero(); LEN]; B];
    for _ in 0..net.shape().channels {
        let (Some(some_x), Some(some_y)) = (x.first_chunk::<B>(), y.first_chunk::<B>()) else { break };
        for (sum, (&x, &y)) in sums.iter_mut().zip(some_x.iter().zip(some_y)) {
            let x = N::splat(x);
            sum[0] = x.mul_add(y, sum[0]);
            if let Some(distance) = sum.get_mut(2) {
                let difference = close.difference(x, y);
                *distance = difference.mul_add(difference, *distance);
            }
        }
        (x, y) = (x.get(net.pixels()..).unwrap_or_default(), y.get(net.pixels()..).unwrap_or_default());
    }
    sums
}

/// The cases of a layer as a type.
struct Const<const FIRST: bool, const NTK: bool, const WATCH: bool>;

impl<const FIRST: bool, const NTK: bool, const WATCH: bool> Case for Const<FIRST, NTK, WATCH> {
    const FIRST: bool = FIRST;
    const NTK: bool = NTK;
    const WATCH: bool = WATCH;
}

/// One layer on one stencil, with the deviations (√v, 1/√v) of the two images before this layer.
///
/// K, Θ and E of an entry lie side by side: so the hot loop gets by with few pointers.
struct Pass<'a, N: Number> {
    net: &'a Conv,
    stencil: &'a Stencil,
    x: &'a [[N::Scalar; 2]],
    y: &'a [[N; 2]],
    layer: Layer<N>,
    /// What has been met, in a case that watches.
    watch: &'a Cell<Watch<N>>,
}

/// The pairs √v, 1/√v of a row of image x and of image y.
type Maps<'a, N> = (&'a [[<N as Number>::Scalar; 2]], &'a [[N; 2]]);

impl<N: Number> Pass<'_, N> {
    /// `entries` holds a row more than the stencil, the first one if its rows lie one row down, otherwise the last.
    #[inline(always)]
    fn layer<C: Case, const LEN: usize>(&self, entries: &mut [[N; LEN]], rows: &mut [[N; LEN]], down: bool) {
        if self.net.filter() == 3 {
            self.layer_of_three::<C, LEN>(entries, rows, down);
        } else {
            self.layer_of_any::<C, LEN>(entries, rows);
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
    fn layer_of_three<C: Case, const LEN: usize>(&self, entries: &mut [[N; LEN]], rows: &mut [[N; LEN]], down: bool) {
        let (height, width) = (self.stencil.height, self.stencil.width);
        let Some(zeros) = rows.get_mut(..width) else { return };
        zeros.fill([N::zero(); LEN]);
        // Before the first row of the pass there is none.
        let before = if down { 0 } else { height * width };
        if let Some(before) = entries.get_mut(before..before + width) {
            before.fill([N::zero(); LEN]);
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
            row_of_three::<N, C, LEN>(new, old, after.unwrap_or(zeros), (x, y), &self.layer, self.watch);
        }
    }

    /// Filters of any odd size: the vertical sums of a row first, then its horizontal sums.
    #[inline(always)]
    fn layer_of_any<C: Case, const LEN: usize>(&self, entries: &mut [[N; LEN]], rows: &mut [[N; LEN]]) {
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
                let mut boxed = [N::zero(); LEN];
                for &value in window {
                    boxed = plus::<N, C, LEN>(boxed, value);
                }
                *entry = begin::<N, C, LEN>(boxed, x, y, &self.layer, self.watch).end::<C, LEN>(&self.layer);
            }
        }
    }
}

/// One row: `new`, which holds the old values of the row before it, takes the values that follow from `old`, its own old
/// values, and `after`, those of the row after it.
#[inline(always)]
fn row_of_three<N: Number, C: Case, const LEN: usize>(
    new: &mut [[N; LEN]],
    old: &[[N; LEN]],
    after: &[[N; LEN]],
    (x, y): Maps<'_, N>,
    layer: &Layer<N>,
    watch: &Cell<Watch<N>>,
) {
    // One length for all, once: the loop below is then free of bounds checks.
    let width = old.len();
    let (Some(new), Some(after), Some(x), Some(y)) =
        (new.get_mut(..width), after.get(..width), x.get(..width), y.get(..width))
    else {
        return;
    };
    let (Some(&first_x), Some(&first_y)) = (x.first(), y.first()) else { return };
    let mut left = vertical::<N, C, LEN>(new, old, after, 0);
    let mut middle = if width > 1 { vertical::<N, C, LEN>(new, old, after, 1) } else { [N::zero(); LEN] };
    let mut entry = begin::<N, C, LEN>(plus::<N, C, LEN>(left, middle), first_x, first_y, layer, watch);
    for column in 2..width {
        let right = vertical::<N, C, LEN>(new, old, after, column);
        let sum = plus::<N, C, LEN>(plus::<N, C, LEN>(left, middle), right);
        let next = begin::<N, C, LEN>(sum, x[column - 1], y[column - 1], layer, watch);
        new[column - 2] = entry.end::<C, LEN>(layer);
        entry = next;
        (left, middle) = (middle, right);
    }
    if let ([.., before, _], Some(&x), Some(&y)) = (&mut *new, x.last(), y.last()) {
        let next = begin::<N, C, LEN>(plus::<N, C, LEN>(left, middle), x, y, layer, watch);
        *before = entry.end::<C, LEN>(layer);
        entry = next;
    }
    if let Some(place) = new.last_mut() {
        *place = entry.end::<C, LEN>(layer);
    }
}

/// The vertical 3-sum of a column.
#[inline(always)]
fn vertical<N: Number, C: Case, const LEN: usize>(
    before: &[[N; LEN]],
    old: &[[N; LEN]],
    after: &[[N; LEN]],
    column: usize,
) -> [N; LEN] {
    plus::<N, C, LEN>(plus::<N, C, LEN>(before[column], old[column]), after[column])
}

/// [`Activation::begin`] with the deviations of one pixel of x for all lanes.
#[inline(always)]
fn begin<N: Number, C: Case, const LEN: usize>(
    boxed: [N; LEN],
    x: [N::Scalar; 2],
    y: [N; 2],
    layer: &Layer<N>,
    watch: &Cell<Watch<N>>,
) -> Activation<N> {
    let x = x.map(N::splat);
    let begun = Activation::begin::<C, LEN>(boxed, x, y, layer);
    if C::WATCH {
        watch.set(watch.get().and(boxed[0], begun.u, x, y));
    }
    begun
}

/// The sum of two entries, of Θ only where it is wanted and has been set.
#[inline(always)]
fn plus<N: Number, C: Case, const LEN: usize>(a: [N; LEN], b: [N; LEN]) -> [N; LEN] {
    let mut sum = a;
    for (index, (sum, b)) in sum.iter_mut().zip(b).enumerate() {
        if index != 1 || C::NTK && !C::FIRST {
            *sum = sum.add(b);
        }
    }
    sum
}

/// Σ over the rows r − reach … r + reach inside the stencil, column by column; the old rows above are in the ring
/// `above`, which then takes up row r.
#[inline(always)]
fn vertical_sums<N: Number, const LEN: usize>(
    entries: &[[N; LEN]],
    r: usize,
    reach: usize,
    above: &mut [[N; LEN]],
    sums: &mut [[N; LEN]],
) {
    let width = sums.len().max(1);
    let kept = above.len() / width;
    sums.fill([N::zero(); LEN]);
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
fn add_row<N: Number, const LEN: usize>(sums: &mut [[N; LEN]], row: &[[N; LEN]]) {
    for (sum, row) in sums.iter_mut().zip(row) {
        for (sum, &number) in sum.iter_mut().zip(row) {
            *sum = sum.add(number);
        }
    }
}

#[inline(always)]
fn part<T>(slice: &[T], start: usize, len: usize) -> Option<&[T]> {
    slice.get(start..)?.get(..len)
}
