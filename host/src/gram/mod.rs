//! Gram matrices: what to compute, how it is cut into tiles, and the parallel run over them.
//!
//! A tile is the unit of work, of progress, of storage and of resumption. A pair of images is computed by the same
//! operations wherever it stands, so the bits of a Gram matrix depend on the images and the network alone: not on the
//! size of the tiles, the number of threads, the order of the work, or which backend with fused multiply-add ran.

mod error;
mod memory;
mod net;
mod run;
mod stored;

pub use error::GramError;
pub use memory::Memory;
pub use net::{Net, Output};
pub use run::{Gram, TileSource};
pub use stored::Stored;
