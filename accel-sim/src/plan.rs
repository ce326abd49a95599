//! What lies in a core's scratchpad, and whether it fits.
//!
//! There are two ways. *Resident*: the prepared image x and those of its partners y lie there whole, with room for the next partners
//! while these are worked on. *Streamed*: before each step of a stencil only that step's part of the maps of both images is fetched,
//! a channel of pixels or √v and 1/√v of a layer, into one of several buffers. What cannot be streamed are the entries themselves, which
//! every layer reads and writes.

use crate::machine::{Lanes, Machine};
use ultrawide_core::{Conv, Shape, conv_scratch_len, prepared_len};

/// Where the images are while stencils run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Images {
    /// In the scratchpad, whole.
    Resident,
    /// Beyond it; each step fetches its part.
    Streamed,
}

/// A way to use the scratchpad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Plan {
    /// Where the images are.
    pub images: Images,
    /// Copies of what is fetched: with two, the next is fetched while one is worked on.
    pub buffers: usize,
    /// Jobs in the scratchpad at the same time.
    pub contexts: usize,
    /// Bytes used.
    pub bytes: usize,
}

/// Nothing fits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "scratchpad of {machine} holds {have} bytes, images {shape} at depth {depth} need {need} with one buffer ({double} with two): {hint}"
)]
pub struct TooSmall {
    /// The machine.
    pub machine: String,
    /// The images asked for.
    pub shape: Shape,
    /// The depth asked for.
    pub depth: usize,
    /// Bytes of the scratchpad.
    pub have: usize,
    /// Bytes that are needed at least.
    pub need: usize,
    /// Bytes that are needed for two buffers.
    pub double: usize,
    /// What would fit.
    pub hint: String,
}

/// The bytes that a plan takes; at most those that a `usize` can tell.
pub fn bytes(machine: &Machine, net: &Conv, images: Images, buffers: usize, contexts: usize) -> usize {
    let format = machine.arithmetic.format.bytes();
    // The sums of the outputs are in accumulators.
    let wide = machine.arithmetic.accumulator.bytes().max(format);
    let [number, wide, sums, scratch, prepared, partners, pixels, buffers, contexts] = [
        format,
        wide,
        2 * net.outputs(),
        conv_scratch_len(net),
        prepared_len(net),
        machine.partners(),
        net.pixels(),
        buffers,
        contexts,
    ]
    .map(|value| value as u128);
    let work = partners * ((scratch - sums) * number + sums * wide);
    let bytes = match images {
        Images::Resident => {
            let image = prepared * number;
            contexts * work + image + buffers * partners * image
        }
        // A layer's √v and 1/√v; a channel is shorter.
        Images::Streamed => contexts * (work + buffers * 2 * pixels * (1 + partners) * number),
    };
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// The first way that fits: images resident or streamed, two buffers or one, as many contexts as fit.
///
/// # Errors
/// Not even one job with one buffer fits.
pub fn plan(machine: &Machine, net: &Conv) -> Result<Plan, TooSmall> {
    let have = machine.memory.scratchpad;
    let ways = [(Images::Resident, 2), (Images::Streamed, 2), (Images::Streamed, 1)];
    for (images, buffers) in ways {
        // Resident images are not worth contexts: those hide latencies that streaming does not add to.
        let least = if images == Images::Resident { machine.issue.contexts } else { 1 };
        for contexts in (least..=machine.issue.contexts).rev() {
            let bytes = bytes(machine, net, images, buffers, contexts);
            if bytes <= have {
                return Ok(Plan { images, buffers, contexts, bytes });
            }
        }
    }
    let need = |buffers| bytes(machine, net, Images::Streamed, buffers, 1);
    Err(TooSmall {
        machine: machine.name.clone(),
        shape: net.shape(),
        depth: net.request().layers() + 1,
        have,
        need: need(1),
        double: need(2),
        hint: hint(machine, net),
    })
}

/// The largest square image that fits, and what else would help.
fn hint(machine: &Machine, net: &Conv) -> String {
    let channels = net.shape().channels;
    let fits = |side: usize| {
        let shape = Shape { channels, height: side, width: side };
        Conv::new(shape, net.filter(), net.readouts(), net.request().clone())
            .is_ok_and(|net| bytes(machine, &net, Images::Streamed, 1, 1) <= machine.memory.scratchpad)
    };
    // Larger images need more, so the first that does not fit ends the search.
    let side = (1..net.shape().height.max(net.shape().width)).take_while(|&side| fits(side)).last();
    let largest = match side {
        Some(side) => {
            format!("the largest square image that fits with one buffer is {channels}x{side}x{side}")
        }
        None => "not even an image of one pixel fits".to_owned(),
    };
    match machine.hold {
        Lanes::Partners => format!("{largest}; lanes_hold = \"columns\" needs the buffers of one pair"),
        Lanes::Columns => largest,
    }
}
