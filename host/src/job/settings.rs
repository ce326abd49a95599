//! Which networks: the user's list, and the passes that compute them.

use std::str::FromStr;

use super::JobError;
use crate::data::Images;
use crate::gram::{Net, Output};
use ultrawide_core::{Conv, Dense, Error, Kernel, Readout, Request, Shape, Trained};

/// A network by its name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetKind {
    /// `fc`: fully connected.
    Fc,
    /// `cntk-v`: convolutional, flattened.
    CntkV,
    /// `cntk-gap`: convolutional, global average pooling.
    CntkGap,
    /// `cntk-lap`: convolutional, local average pooling.
    CntkLap,
}

impl NetKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Fc, Self::CntkV, Self::CntkGap, Self::CntkLap];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fc => "fc",
            Self::CntkV => "cntk-v",
            Self::CntkGap => "cntk-gap",
            Self::CntkLap => "cntk-lap",
        }
    }

    /// The layers that the papers train: all, but for global average pooling the hidden ones.
    pub fn default_trained(self) -> Trained {
        if self == Self::CntkGap { Trained::Hidden } else { Trained::All }
    }

    /// The network that an output belongs to.
    pub fn of(output: &Output) -> Self {
        match output.readout {
            None => Self::Fc,
            Some(Readout::Vanilla) => Self::CntkV,
            Some(Readout::Gap) => Self::CntkGap,
            Some(Readout::Lap(_)) => Self::CntkLap,
        }
    }
}

impl FromStr for NetKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|net| net.name() == name)
            .ok_or_else(|| format!("unknown net {name:?}, known are {}", known()))
    }
}

/// The networks to compute and what to read out of them.
#[derive(Clone, Debug, PartialEq)]
pub struct NetSettings {
    /// The networks, none twice.
    pub nets: Vec<NetKind>,
    /// The depths, in any order, none twice.
    pub depths: Vec<usize>,
    /// The kernels, none twice.
    pub kernels: Vec<Kernel>,
    /// The trained layers; `None` for each network's [default](NetKind::default_trained).
    pub trained: Option<Trained>,
    /// The half width of the local average pooling; `None` for [`default_lap`].
    pub lap: Option<usize>,
    /// The size of the filters, odd.
    pub filter: usize,
    /// The slope of leaky ReLUs; 0 for ReLUs.
    pub slope: f64,
    /// The strength of residual connections, which of all networks `fc` alone has.
    pub residual: Option<f64>,
}

/// One run of the recursion over all pairs, which gives all outputs of one or more networks.
#[derive(Clone, Debug, PartialEq)]
pub struct Pass {
    /// What its arrays in a store begin with: `all`, `hidden`, `fc-all` or `fc-hidden`.
    pub name: String,
    /// The network and its outputs.
    pub net: Net,
}

/// The half width of the local average pooling where none is named: 12 from 28 pixels on, as Li et al. 2019 found best for
/// images of 32×32; a quarter of the smaller side below that (2 for the digits), but at least 1.
pub fn default_lap(shape: Shape) -> usize {
    let side = shape.height.min(shape.width);
    if side >= 28 { 12 } else { (side / 4).max(1) }
}

impl NetSettings {
    /// Checks what can be checked before the images are known.
    ///
    /// # Errors
    /// As [`passes`](Self::passes).
    pub fn check(&self) -> Result<(), Error> {
        self.passes(Shape { channels: 1, height: 1, width: 1 }).map(drop)
    }

    /// The passes for images of `shape`: convolutional networks with the same trained layers share one.
    ///
    /// # Errors
    /// An empty list, something listed twice, a depth below 2, an even filter, a shape that is too large, a slope or a strength that is infinite or NaN.
    pub fn passes(&self, shape: Shape) -> Result<Vec<Pass>, Error> {
        if self.nets.is_empty() {
            return Err(Error::EmptyList { what: "nets" });
        }
        if let Some(index) = (1..self.nets.len()).find(|&index| self.nets[..index].contains(&self.nets[index])) {
            return Err(Error::Duplicate { what: "nets", index });
        }
        let mut depths = self.depths.clone();
        depths.sort_unstable();
        // An even filter is a mistake also where no network uses it.
        if self.filter.is_multiple_of(2) {
            return Err(Error::EvenFilter { filter: self.filter });
        }
        let mut groups: Vec<(Trained, Vec<Readout>)> = Vec::new();
        for &net in &self.nets {
            // The NNGP kernel does not depend on the trained layers: alone, it needs one pass for all networks.
            let default = if self.kernels.contains(&Kernel::Ntk) { net.default_trained() } else { Trained::All };
            let trained = self.trained.unwrap_or(default);
            let readout = match net {
                NetKind::Fc => {
                    groups.push((trained, vec![]));
                    continue;
                }
                NetKind::CntkV => Readout::Vanilla,
                NetKind::CntkGap => Readout::Gap,
                NetKind::CntkLap => Readout::Lap(self.lap.unwrap_or_else(|| default_lap(shape))),
            };
            match groups.iter_mut().find(|(other, readouts)| *other == trained && !readouts.is_empty()) {
                Some((_, readouts)) => readouts.push(readout),
                None => groups.push((trained, vec![readout])),
            }
        }
        let pass = |(trained, readouts): (Trained, Vec<Readout>)| {
            let request = Request::new(&self.kernels, &depths, trained)?;
            let (prefix, net) = if readouts.is_empty() {
                ("fc-", dense(shape, request, self.slope, self.residual)?)
            } else {
                ("", Net::Conv(Conv::new(shape, self.filter, &readouts, request)?.with_slope(self.slope)?))
            };
            Ok(Pass { name: format!("{prefix}{}", net.trained_name()), net })
        };
        groups.into_iter().map(pass).collect()
    }
}

/// A dense net with leaky ReLUs of this slope, 0 for ReLUs, and residual connections where they have a strength.
pub(super) fn dense(shape: Shape, request: Request, slope: f64, residual: Option<f64>) -> Result<Net, Error> {
    let net = Dense::new(request).with_slope(slope)?;
    Ok(Net::Dense { shape, net: if let Some(strength) = residual { net.with_residual(strength)? } else { net } })
}

/// A mirrored image of one column is the image itself, so averaging would only cost time.
///
/// # Errors
/// [`JobError::Usage`] where `flip` is asked for such images.
pub(super) fn check_flip(flip: bool, images: &Images) -> Result<(), JobError> {
    if flip && images.shape().width == 1 {
        let reason = format!("--flip: images of {} have nothing to mirror, their width is 1", images.shape());
        return Err(JobError::Usage(reason));
    }
    Ok(())
}

/// The side of the tiles for a matrix of n×n pairs: what all networks allow, smaller where few images would leave threads
/// without a tile, and larger where there would be so many that a file system, and whoever lists them, has more to do with the
/// files than with what is in them. It depends on the job alone, so that it is the same on every machine.
pub fn tile_for(passes: &[Pass], n: usize) -> usize {
    const ENOUGH: usize = 64;
    const MANY: usize = 1 << 16;
    let least = |tile: fn(&Net) -> usize| passes.iter().map(|pass| tile(&pass.net)).min().unwrap_or(16);
    let tiles = |tile: usize| {
        let side = n.div_ceil(tile);
        side.saturating_mul(side + 1) / 2
    };
    let mut tile = least(Net::tile);
    while tile > 16 && tiles(tile) < ENOUGH {
        tile /= 2;
    }
    let most = least(Net::largest_tile);
    while tile < most && tiles(tile) > MANY {
        tile *= 2;
    }
    tile
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: Shape = Shape { channels: 1, height: 8, width: 8 };

    fn settings(nets: &[NetKind], depths: &[usize]) -> NetSettings {
        let (nets, depths) = (nets.to_vec(), depths.to_vec());
        let kernels = vec![Kernel::Ntk];
        NetSettings { nets, depths, kernels, trained: None, lap: None, filter: 3, slope: 0.0, residual: None }
    }

    #[test]
    fn nets_with_the_same_trained_layers_share_a_pass() {
        let names = |settings: &NetSettings| {
            let passes = settings.passes(DIGITS).unwrap();
            passes.iter().map(|pass| (pass.name.clone(), pass.net.outputs().len())).collect::<Vec<_>>()
        };
        let mut all = settings(&NetKind::ALL, &[4, 3]);
        let expected = [("fc-all", 2), ("all", 4), ("hidden", 2)];
        assert_eq!(names(&all), expected.map(|(name, outputs)| (name.to_owned(), outputs)));
        all.trained = Some(Trained::Hidden);
        let expected = [("fc-hidden", 2), ("hidden", 6)];
        assert_eq!(names(&all), expected.map(|(name, outputs)| (name.to_owned(), outputs)));
        (all.trained, all.kernels) = (None, vec![Kernel::Nngp]);
        let expected = [("fc-all", 2), ("all", 6)];
        assert_eq!(names(&all), expected.map(|(name, outputs)| (name.to_owned(), outputs)));
    }

    #[test]
    fn depths_are_sorted_and_mistakes_named() {
        let passes = settings(&[NetKind::CntkV], &[6, 3]).passes(DIGITS).unwrap();
        assert_eq!(passes[0].net.request().depths(), [3, 6]);
        let error = |nets: &[NetKind], depths: &[usize]| settings(nets, depths).check().unwrap_err().to_string();
        assert!(error(&[NetKind::Fc], &[3, 3]).contains("depth 3 is listed twice"));
        assert!(error(&[NetKind::Fc], &[1]).contains("depth 1"));
        assert!(error(&[NetKind::Fc, NetKind::Fc], &[3]).contains("nets number 2 is listed twice"));
        assert!(error(&[], &[3]).contains("no nets"));
        assert!(error(&[NetKind::Fc], &[]).contains("no depths"));
    }

    #[test]
    fn few_images_get_small_tiles() {
        let passes = settings(&[NetKind::CntkV], &[3]).passes(DIGITS).unwrap();
        assert_eq!(tile_for(&passes, 1), 16);
        assert_eq!(tile_for(&passes, 400), 32);
        assert_eq!(tile_for(&passes, 100_000), 256);
    }

    #[test]
    fn many_images_get_larger_tiles() {
        let cifar = Shape { channels: 3, height: 32, width: 32 };
        let tile = |net, depth, n| tile_for(&settings(&[net], &[depth]).passes(cifar).unwrap(), n);
        let gap = |depth, n| tile(NetKind::CntkGap, depth, n);
        assert_eq!([500, 5_000, 10_000, 50_000].map(|n| gap(21, n)), [16, 16, 32, 64]);
        assert_eq!([500, 5_000, 10_000, 50_000].map(|n| gap(11, n)), [16, 16, 32, 64]);
        // All of CIFAR-10 by global pooling: 6.8 million tiles before, 0.4 million now.
        let (train, test) = (50_000_usize.div_ceil(64), 10_000_usize.div_ceil(64));
        assert!(train * (train + 1) / 2 + train * test < 430_000);
        assert_eq!([500, 50_000].map(|n| tile(NetKind::CntkV, 21, n)), [32, 128]);
    }

    #[test]
    fn the_pooling_follows_the_images() {
        let of = |side| default_lap(Shape { channels: 1, height: side, width: side });
        assert_eq!([1, 8, 28, 32].map(of), [1, 2, 12, 12]);
    }
}
