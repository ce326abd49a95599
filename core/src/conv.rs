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
//! Where patches of two images are all but equal, rounding leaves little of n − Σ, nor of κ0, which has its root in it. There
//! D = n − K is carried beside K and Θ (`core/src/close.rs`). It takes three to four times as long; the first layer tells which
//! stencils need it, and few do. Nets of leaky ReLUs always carry it: no second hot loop is needed for them.
//!
//! Source: Arora et al. 2019, arXiv 1904.11955v2, §4 and App. G; the layout is this project's own.

use core::cell::Cell;
use core::marker::PhantomData;

use crate::accumulate::{PLAIN, exact_sum};
use crate::close::{CLOSE, Watch, add_distance, gap};
use crate::dual::{Activation, Case, Layer, bend};
use crate::network::Conv;
use crate::number::{Number, Scalar};
use crate::readout;
use crate::variance::{check, prepared_len};
use crate::{Error, Readout, Shape};

/// The numbers of scratch that [`conv_pair`] needs.
pub fn conv_scratch_len(net: &Conv) -> usize {
    // Triples [K, Θ, D]: the entries, a row to move by, the rows kept aside, a row of vertical sums. Pairs: the sums of the outputs.
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
/// with the κ of the net's slope ([`crate::dual`]).
///
/// # Shapes
/// `x`, `y`: images prepared by [`crate::prepare`]. `cap`: from [`crate::identity_cap`] on their pixels. `scratch`: at
/// least [`conv_scratch_len`], of any content. `out`: [`Conv::outputs`], in the order kernel, readout, depth.
///
/// # Accuracy
/// `f32`: within 2e-6 relative of the exact value up to depth 21 (`accuracy/tests/growth.rs`, `core/tests/close.rs`, and a search among random nets and images of
/// many kinds, `accuracy/tests/search.rs`), but for images opposite to each other, which reach that at depth 21 alone, and for inputs made so that roundings add up; bounds
/// for any depth up to 200 and either precision, of generic images and of others, and what nearly parallel patches lose otherwise: `docs/accuracy.md`. Of leaky ReLUs, whose Σ may have either sign and
/// cancel in a readout, relative to the mean size of its terms, for images opposite to each other, too (`core/tests/tricks.rs`). With the feature `micromath` up to eight times as much, and 1.4e-4 where pixels are nearly parallel. λ is exactly 1 where a pixel meets itself. Images may be of any
/// size: a kernel is finite where it is itself within the range (`core/tests/properties.rs`).
///
/// # Errors
/// [`Error::Length`] for a slice of another length, or a short scratch.
///
/// # Cost
/// 20 multiplications or multiply-adds, 9 sums, one maximum and one square root (`f32`, 3×3) for each of the entries of
/// each layer; there are P·Q entries for vanilla, P²Q² for gap. Three to four times as long for the displacements at which
/// the image in some lane is close to x (`core/src/close.rs`), and for all with leaky ReLUs. Scratch near 3·P·Q numbers.
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

    let (Some((x, [x_alike, x_scale])), Some((y, [y_alike, y_scale]))) = (x.split_last_chunk(), y.split_last_chunk())
    else {
        return Ok(());
    };
    // Below 0 in the lanes that hold the image x itself.
    let itself = cap.unwrap_or(N::splat(N::Scalar::from_f64(1.0))).sub(N::splat(N::Scalar::from_f64(0.5)));
    // Of two images that repeat patches unlike, the one that repeats less decides: so many pairs of patches are not alike.
    let alike = N::splat(*x_alike).min(*y_alike);
    let (rows, columns) = readout::reach(net);
    // Once, as their limits are quotients of `f64`, which small machines have no unit for.
    let same = Watch::same(net.area(), net.shape(), alike, itself);
    let parts = net.readouts().iter().any(|readout| matches!(readout, Readout::Lap(_)));
    let displaced = if rows + columns > 0 { Watch::displaced(net.area(), net.shape(), alike, parts) } else { same };
    for di in -rows..=rows {
        for dj in -columns..=columns {
            let stencil = Stencil::new(net, di, dj);
            let watch = if (di, dj) == (0, 0) { same } else { displaced };
            let small = if net.slope() == 0.0 {
                run::<N, 2>(net, &stencil, (x, y), watch, N::zero(), scratch.as_chunks_mut().0, sums)
            } else {
                Some(N::splat(N::Scalar::from_f64(CLOSE)))
            };
            if let Some(small) = small {
                run::<N, 3>(net, &stencil, (x, y), watch, small, scratch.as_chunks_mut().0, sums);
            }
        }
    }
    readout::finish(net, sums, N::splat(*x_scale), *y_scale, out);
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

    /// Whether it joins pixels at the same place.
    #[inline(always)]
    fn same_place(&self) -> bool {
        (self.di, self.dj) == (0, 0)
    }

    /// Whether row `r` is looked at for close pixels under q×q filters: of pixels at different places every q-th and the last, whose windows leave no row out.
    #[inline(always)]
    fn watched(&self, r: usize, q: usize) -> bool {
        self.same_place() || r.checked_rem(q) == Some(q / 2) || r + 1 == self.height
    }

    /// Where row `r` of the stencil starts in a map of image x, and in one of image y.
    #[inline(always)]
    fn starts(&self, net: &Conv, r: usize) -> (usize, usize) {
        let width = net.shape().width;
        ((self.x_row + r) * width + self.x_column, (self.y_row + r) * width + self.y_column)
    }
}

/// Whether entries of so many numbers carry D = n − K.
const fn carries_d(len: usize) -> bool {
    len == 3
}

/// Runs one stencil through all layers and adds its entries to the sums of the readouts.
///
/// An entry is \[K, Θ\], or for `LEN` = 3 \[K, Θ, D\], from which n − Σ comes where u is below `small`.
///
/// With `LEN` = 2 the run ends after the first layer if `watch` has then found close lanes, adds nothing and returns the `small` of the run that is
/// to take its place.
#[inline(always)]
fn run<N: Number, const LEN: usize>(
    net: &Conv,
    stencil: &Stencil,
    (x, y): (&[N::Scalar], &[N]),
    watch: Watch<N>,
    small: N,
    scratch: &mut [[N; LEN]],
    sums: &[Cell<N>],
) -> Option<N> {
    let (width, len) = (stencil.width, stencil.height * stencil.width);
    let (entries, rows) = scratch.split_at_mut_checked(len + width)?;
    let channels = net.pixels() * net.shape().channels;
    let ((x_pixels, x_maps), (y_pixels, y_maps)) = (x.split_at_checked(channels)?, y.split_at_checked(channels)?);
    let (request, growth) = (net.request(), net.growth::<N::Scalar>());
    let bend = bend(if const { carries_d(LEN) } { net.slope() } else { 0.0 });
    // Whether the entries lie one row down, as 3×3 filters leave them after every other layer.
    let mut down = false;
    products(net, stencil, (x_pixels, y_pixels), entries);
    let watch = Cell::new(watch);
    let mut patches = Patches { x: x_pixels, y: y_pixels, root: N::Scalar::from_f64(1.0) };

    let (x_maps, y_maps) = (x_maps.as_chunks().0, y_maps.as_chunks().0);
    for number in 1..=request.layers() {
        let start = (number - 1) * net.pixels();
        let (x, y) = (part(x_maps, start, net.pixels())?, part(y_maps, start, net.pixels())?);
        if let Some(shrink) = growth.before(number) {
            for entry in entries.iter_mut() {
                *entry = entry.map(|number| number.mul(N::splat(shrink)));
            }
            patches.root = shrink.sqrt();
        }
        let pass = Pass { net, stencil, x, y, layer: Layer::new(None, bend), small, watch: &watch, patches };
        // The constants keep from being compiled what is not used: where Θ is not wanted it may be anything.
        match (number == 1, request.theta_after(number)) {
            (true, true) => pass.layer::<Const<true, true, LEN>, LEN>(entries, rows, down),
            (true, false) => pass.layer::<Const<true, false, LEN>, LEN>(entries, rows, down),
            (false, true) => pass.layer::<Const<false, true, LEN>, LEN>(entries, rows, down),
            (false, false) if const { carries_d(LEN) } => {
                pass.layer::<Const<false, true, LEN>, LEN>(entries, rows, down)
            }
            (false, false) => pass.layer::<Const<false, false, LEN>, LEN>(entries, rows, down),
        }
        if const { !carries_d(LEN) } && number == 1 {
            let small = watch.get().close();
            if small.is_some() {
                return small;
            }
        }
        patches = Patches { x: x.as_flattened(), y: y.as_flattened(), root: N::Scalar::from_f64(1.0) };
        down ^= net.filter() == 3;
        let start = if down { width } else { 0 };
        if let (Some(depth), Some(entries)) = (request.depth_after(number), part(entries, start, len)) {
            readout::add(net, stencil, depth, entries, rows, sums);
        }
    }
    None
}

/// Σ_c x_c\[i,j\] y_c\[i',j'\] on a stencil, the covariance before the first box.
#[inline(always)]
fn products<N: Number, const LEN: usize>(
    net: &Conv,
    stencil: &Stencil,
    (x, y): (&[N::Scalar], &[N]),
    entries: &mut [[N; LEN]],
) {
    /// Entries at a time, so that their sums stay in registers from channel to channel.
    const BLOCK: usize = 4;
    for (r, row) in entries.chunks_exact_mut(stencil.width).take(stencil.height).enumerate() {
        let (x_start, y_start) = stencil.starts(net, r);
        let (Some(mut x), Some(mut y)) = (x.get(x_start..), y.get(y_start..)) else { return };
        let (blocks, rest) = row.as_chunks_mut::<BLOCK>();
        for block in blocks {
            *block = covariances(net, (x, y));
            (x, y) = (x.get(BLOCK..).unwrap_or_default(), y.get(BLOCK..).unwrap_or_default());
        }
        for entry in rest {
            [*entry] = covariances(net, (x, y));
            (x, y) = (x.get(1..).unwrap_or_default(), y.get(1..).unwrap_or_default());
        }
    }
}

/// The first `B` entries \[Σ_c x_c y_c, 0, …\].
#[inline(always)]
fn covariances<N: Number, const LEN: usize, const B: usize>(
    net: &Conv,
    (mut x, mut y): (&[N::Scalar], &[N]),
) -> [[N; LEN]; B] {
    let mut sums = [[N::zero(); 2]; B];
    for start in (0..net.shape().channels).step_by(PLAIN) {
        let mut parts = [N::zero(); B];
        for _ in start..net.shape().channels.min(start.saturating_add(PLAIN)) {
            let (Some(some_x), Some(some_y)) = (x.first_chunk::<B>(), y.first_chunk::<B>()) else { break };
            for (part, (&x, &y)) in parts.iter_mut().zip(some_x.iter().zip(some_y)) {
                *part = N::splat(x).mul_add(y, *part);
            }
            (x, y) = (x.get(net.pixels()..).unwrap_or_default(), y.get(net.pixels()..).unwrap_or_default());
        }
        for (sum, part) in sums.iter_mut().zip(parts) {
            *sum = if start == 0 { [part, N::zero()] } else { exact_sum(sum[0], sum[1], part) };
        }
    }
    sums.map(|[high, low]| {
        let mut entry = [N::zero(); LEN];
        entry[0] = high.add(low);
        entry
    })
}

/// The cases of a layer as a type. Where D is carried, for few images or for leaky ReLUs, less code counts for more than speed: ReLUs are
/// there leaky ones with the slope 0, whose every bit is the same.
struct Const<const FIRST: bool, const NTK: bool, const LEN: usize>;

impl<const FIRST: bool, const NTK: bool, const LEN: usize> Case for Const<FIRST, NTK, LEN> {
    const FIRST: bool = FIRST;
    const LEAKY: bool = carries_d(LEN);
    const NTK: bool = NTK;
}

/// A case in which pixels that come close to each other are looked out for.
struct Watching<C>(PhantomData<C>);

impl<C: Case> Case for Watching<C> {
    const FIRST: bool = C::FIRST;
    const NTK: bool = C::NTK;
    const WATCH: bool = true;
}

/// One layer on one stencil, with the deviations (√v, 1/√v) of the two images before this layer.
///
/// K, Θ and D of an entry lie side by side: so the hot loop gets by with few pointers.
struct Pass<'a, N: Number> {
    net: &'a Conv,
    stencil: &'a Stencil,
    x: &'a [[N::Scalar; 2]],
    y: &'a [[N; 2]],
    layer: Layer<N>,
    /// u below which n − Σ comes from D, where that is carried.
    small: N,
    /// What has been met, in a case that watches.
    watch: &'a Cell<Watch<N>>,
    /// What n − Σ of this layer comes from, where D is carried.
    patches: Patches<'a, N>,
}

/// Where the patches of two images are found that are compared with each other: the pixels, or √v of the layer before.
#[derive(Clone, Copy)]
struct Patches<'a, N: Number> {
    x: &'a [N::Scalar],
    y: &'a [N],
    /// The root of what has been multiplied to v since.
    root: N::Scalar,
}

/// The pairs √v, 1/√v of a row of image x and of image y.
type Maps<'a, N> = (&'a [[<N as Number>::Scalar; 2]], &'a [[N; 2]]);

/// A row to be written, one of old values and the one after that.
type Rows<'a, N, const LEN: usize> = (&'a mut [[N; LEN]], &'a [[N; LEN]], &'a [[N; LEN]]);

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
            let rows = (new, old, after.unwrap_or(zeros));
            if const { carries_d(LEN) } {
                self.row_of_three_close::<C, LEN>(rows, r, (x, y));
            } else if C::FIRST && self.stencil.watched(r, self.net.filter()) {
                self.row_of_three::<Watching<C>, LEN>(rows, r, (x, y));
            } else {
                self.row_of_three::<C, LEN>(rows, r, (x, y));
            }
        }
    }

    /// Filters of any odd size: the vertical sums of a row first, then its horizontal sums, both four by four (`core/src/accumulate.rs`).
    #[inline(always)]
    fn layer_of_any<C: Case, const LEN: usize>(&self, entries: &mut [[N; LEN]], rows: &mut [[N; LEN]]) {
        let (reach, width) = (self.net.reach(), self.stencil.width);
        let Some((above, rest)) = rows.split_at_mut_checked(rows_aside(self.net) * width) else { return };
        let Some(sums) = rest.get_mut(..width) else { return };
        let Some(entries) = entries.get_mut(..self.stencil.height * width) else { return };
        for r in 0..self.stencil.height {
            vertical_sums(entries, r, reach, above, sums);
            let (Some((x, y)), Some(row)) = (self.maps(r), entries.get_mut(r * width..(r + 1) * width)) else { return };
            let watched = C::FIRST && const { !carries_d(LEN) } && self.stencil.watched(r, self.net.filter());
            for (column, (entry, (&x, &y))) in row.iter_mut().zip(x.iter().zip(y)).enumerate() {
                let end = width.min(column.saturating_add(reach).saturating_add(1));
                let window = sums.get(column.saturating_sub(reach)..end).unwrap_or_default();
                let mut boxed = [N::zero(); LEN];
                for four in window.chunks(4) {
                    let add = plus::<N, C, LEN>;
                    let part = match *four {
                        [a, b, c, d] => add(add(a, b), add(c, d)),
                        [a, b, c] => add(add(a, b), c),
                        [a, b] => add(a, b),
                        [a] => a,
                        _ => continue,
                    };
                    boxed = add(boxed, part);
                }
                let begun = if watched {
                    self.begin::<Watching<C>, LEN>(boxed, (r, column), x, y)
                } else {
                    self.begin::<C, LEN>(boxed, (r, column), x, y)
                };
                *entry = begun.end::<C, LEN>(&self.layer);
            }
        }
    }

    /// One row: `new`, which holds the old values of the row before it, takes the values that follow from `old`, its own old
    /// values, and `after`, those of the row after it.
    #[inline(always)]
    fn row_of_three<C: Case, const LEN: usize>(
        &self,
        (new, old, after): Rows<'_, N, LEN>,
        r: usize,
        (x, y): Maps<'_, N>,
    ) {
        // One length for all, once: the loop below is then free of bounds checks.
        let width = old.len();
        let (Some(new), Some(after), Some(x), Some(y)) =
            (new.get_mut(..width), after.get(..width), x.get(..width), y.get(..width))
        else {
            return;
        };
        let (Some(&first_x), Some(&first_y)) = (x.first(), y.first()) else { return };
        // D, for which the column counts as well, is not carried here.
        let place = (r, 0);
        let mut left = vertical::<N, C, LEN>(new, old, after, 0);
        let mut middle = if width > 1 { vertical::<N, C, LEN>(new, old, after, 1) } else { [N::zero(); LEN] };
        let mut entry = self.begin::<C, LEN>(plus::<N, C, LEN>(left, middle), place, first_x, first_y);
        for column in 2..width {
            let right = vertical::<N, C, LEN>(new, old, after, column);
            let sum = plus::<N, C, LEN>(plus::<N, C, LEN>(left, middle), right);
            let next = self.begin::<C, LEN>(sum, place, x[column - 1], y[column - 1]);
            new[column - 2] = entry.end::<C, LEN>(&self.layer);
            entry = next;
            (left, middle) = (middle, right);
        }
        if let ([.., before, _], Some(&x), Some(&y)) = (&mut *new, x.last(), y.last()) {
            let next = self.begin::<C, LEN>(plus::<N, C, LEN>(left, middle), place, x, y);
            *before = entry.end::<C, LEN>(&self.layer);
            entry = next;
        }
        if let Some(place) = new.last_mut() {
            *place = entry.end::<C, LEN>(&self.layer);
        }
    }

    /// The same row where D is carried, for few images or for leaky ReLUs: less code counts for more there than speed. The sums are the same to the bit, as lanes need
    /// that are not close.
    #[inline(always)]
    fn row_of_three_close<C: Case, const LEN: usize>(
        &self,
        (new, old, after): Rows<'_, N, LEN>,
        r: usize,
        (x, y): Maps<'_, N>,
    ) {
        let width = old.len();
        let (Some(new), Some(after), Some(x), Some(y)) =
            (new.get_mut(..width), after.get(..width), x.get(..width), y.get(..width))
        else {
            return;
        };
        let (mut left, mut middle) = ([N::zero(); LEN], [N::zero(); LEN]);
        for next in 0..=width {
            let right = if next < width { vertical::<N, C, LEN>(new, old, after, next) } else { [N::zero(); LEN] };
            if let Some(column) = next.checked_sub(1) {
                let sum = plus::<N, C, LEN>(plus::<N, C, LEN>(left, middle), right);
                let begun = self.begin::<C, LEN>(sum, (r, column), x[column], y[column]);
                new[column] = begun.end::<C, LEN>(&self.layer);
            }
            (left, middle) = (middle, right);
        }
    }

    /// Begins an entry at a row and column of the stencil, with the deviations of one pixel of x for all lanes.
    ///
    /// Where D is carried and n − Σ is small, it is box D + n G. Elsewhere rounding leaves enough of the difference.
    #[inline(always)]
    fn begin<C: Case, const LEN: usize>(
        &self,
        boxed: [N; LEN],
        place: (usize, usize),
        x: [N::Scalar; 2],
        y: [N; 2],
    ) -> Activation<N> {
        let x = x.map(N::splat);
        let mut deficit = Activation::deficit::<C>(boxed[0], x[0], y[0]);
        if let Some(&carried) = boxed.get(2) {
            let n = x[0].mul(y[0]);
            let mut margin = n.neg_mul_add(self.small, deficit);
            // Where Σ < 0, n − |Σ| is n G of x and −y. That goes for pixels; what is carried is n − K.
            let mut toward = y[1];
            if C::FIRST {
                toward = boxed[0].select_negative(N::zero().sub(toward), toward);
            } else if C::SIGNED {
                margin = boxed[0].select_negative(N::zero(), margin);
            }
            if margin.any_negative() {
                let gap = self.gap::<C>(place, x[1], toward);
                deficit = margin.select_negative(gap.mul_add(n, carried), deficit);
            }
        }
        let begun = Activation::begin::<C>([boxed[0], boxed[1], deficit], x[1].mul(y[1]), &self.layer);
        if C::WATCH {
            self.watch.set(self.watch.get().and(boxed[0], begun.u, x[0], y[0]));
        }
        begun
    }

    /// G: 1 − cos of the angle between the patches around the pixels at a row and column of the stencil, the reciprocals of whose lengths are given.
    #[inline(always)]
    fn gap<C: Case>(&self, (r, s): (usize, usize), x_inverse: N, y_inverse: N) -> N {
        let (Shape { channels, height, width }, stencil) = (self.net.shape(), self.stencil);
        // Pixels, or pairs √v, 1/√v.
        let (planes, stride) = if C::FIRST { (channels, 1) } else { (1, 2) };
        // No further than to the other side of the image.
        let (rows, columns) = (self.net.reach().min(height - 1), self.net.reach().min(width - 1));
        let root = N::splat(self.patches.root);
        let (x_scale, y_scale) = (x_inverse.mul(root), y_inverse.mul(root));
        let mut sums = [[N::zero(); 2]; 2];
        for (plane, i) in (0..planes).flat_map(|plane| (0..=2 * rows).map(move |i| (plane, i))) {
            // A row of an image, empty outside of it: below 0 its number wraps.
            let line = |row: usize| {
                let row = (row + r + i).wrapping_sub(rows);
                let start = (plane * height + row.min(height)) * width * stride;
                if row < height { start..start + width * stride } else { 0..0 }
            };
            let x = self.patches.x.get(line(stencil.x_row)).unwrap_or_default();
            let y = self.patches.y.get(line(stencil.y_row)).unwrap_or_default();
            let mut of_line = [N::zero(); 2];
            for j in s..=s + 2 * columns {
                let at = |start: usize| (start + j).wrapping_sub(columns).wrapping_mul(stride);
                let (x, y) = (x.get(at(stencil.x_column)), y.get(at(stencil.y_column)));
                let x = if let Some(&x) = x { N::splat(x) } else { N::zero() };
                let y = if let Some(&y) = y { y } else { N::zero() };
                of_line = add_distance(of_line, (x, x_scale), (y, y_scale));
            }
            for ([high, low], term) in sums.iter_mut().zip(of_line) {
                [*high, *low] = exact_sum(*high, *low, term);
            }
        }
        gap(sums.map(|[high, low]| high.add(low)))
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
    let old = (r.saturating_sub(kept)..r).filter_map(|old| old.checked_rem(kept));
    let old = old.map(|slot| part(above, slot * width, width).unwrap_or_default());
    let mut rows = old.chain(entries.chunks_exact(width).skip(r).take(reach.saturating_add(1)));
    while let Some(first) = rows.next() {
        add_rows(
            sums,
            [first, rows.next().unwrap_or_default(), rows.next().unwrap_or_default(), rows.next().unwrap_or_default()],
        );
    }
    if let Some(slot) = r.checked_rem(kept)
        && let (Some(keep), Some(row)) =
            (above.get_mut(slot * width..(slot + 1) * width), part(entries, r * width, width))
    {
        keep.copy_from_slice(row);
    }
}

/// Adds up to four rows to sums, as [`crate::accumulate::by_fours`] does; those that are not there are empty.
///
/// In loops, not by an iterator's methods, which are not always compiled for the vectors that they are called on.
#[inline(always)]
fn add_rows<N: Number, const LEN: usize>(sums: &mut [[N; LEN]], [first, second, third, fourth]: [&[[N; LEN]]; 4]) {
    if third.is_empty() {
        return add_two(sums, [first, second]);
    }
    if fourth.is_empty() {
        for (((sums, first), second), third) in sums.iter_mut().zip(first).zip(second).zip(third) {
            for (((sum, a), b), c) in sums.iter_mut().zip(first).zip(second).zip(third) {
                *sum = sum.add(a.add(*b).add(*c));
            }
        }
        return;
    }
    for ((((sums, first), second), third), fourth) in sums.iter_mut().zip(first).zip(second).zip(third).zip(fourth) {
        for ((((sum, a), b), c), d) in sums.iter_mut().zip(first).zip(second).zip(third).zip(fourth) {
            *sum = sum.add(a.add(*b).add(c.add(*d)));
        }
    }
}

/// The same of up to two.
#[inline(always)]
fn add_two<N: Number, const LEN: usize>(sums: &mut [[N; LEN]], [first, second]: [&[[N; LEN]]; 2]) {
    if second.is_empty() {
        for (sums, first) in sums.iter_mut().zip(first) {
            for (sum, a) in sums.iter_mut().zip(first) {
                *sum = sum.add(*a);
            }
        }
        return;
    }
    for ((sums, first), second) in sums.iter_mut().zip(first).zip(second) {
        for ((sum, a), b) in sums.iter_mut().zip(first).zip(second) {
            *sum = sum.add(a.add(*b));
        }
    }
}

#[inline(always)]
fn part<T>(slice: &[T], start: usize, len: usize) -> Option<&[T]> {
    slice.get(start..)?.get(..len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kernel, Readout, Request, Trained};

    #[test]
    fn rows_that_are_watched() {
        let shape = Shape { channels: 1, height: 8, width: 5 };
        let request = Request::new(&[Kernel::Ntk], &[3], Trained::All).expect("a depth");
        for (q, displacement, expected) in [
            (3, (0, 0), &[0, 1, 2, 3, 4, 5, 6, 7][..]),
            (3, (0, 1), &[1, 4, 7]),
            (3, (-1, 0), &[1, 4, 6]),
            (3, (2, 0), &[1, 4, 5]),
            (5, (0, -1), &[2, 7]),
            (1, (-3, 1), &[0, 1, 2, 3, 4]),
        ] {
            let net = Conv::new(shape, q, &[Readout::Gap], request.clone()).expect("a net");
            let stencil = Stencil::new(&net, displacement.0, displacement.1);
            let watched = (0..stencil.height).filter(|&r| stencil.watched(r, q));
            assert!(watched.eq(expected.iter().copied()), "{q}×{q}, {displacement:?}");
        }
    }
}
