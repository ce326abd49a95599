//! The network on the command line.

use anyhow::{Context, bail};
use std::str::FromStr;
use ultrawide_core::{Conv, Kernel, Readout, Request, Shape, Trained};

/// Channels × height × width.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub Shape);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let numbers: Option<Vec<usize>> = text.split('x').map(|number| number.parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[channels, height, width]) => Ok(Size(Shape { channels, height, width })),
            _ => Err("expected channels x height x width, as 3x32x32".to_owned()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Name {
    CntkV,
    CntkGap,
    CntkLap,
}

/// Not called `Args`: clap names a group after it, and so it does with those of the subcommand.
#[derive(clap::Args)]
pub struct NetArgs {
    /// The network
    #[arg(long, value_enum, default_value = "cntk-gap")]
    net: Name,
    /// Channels, height and width of the images
    #[arg(long, default_value = "3x32x32", value_name = "CxHxW")]
    shape: Size,
    /// Layers with weights; a list computes all of them in one pass
    #[arg(long, value_delimiter = ',', default_value = "11")]
    depth: Vec<usize>,
    /// Half width of the windows of cntk-lap
    #[arg(long)]
    lap: Option<usize>,
    /// Size of the filters
    #[arg(long, default_value_t = 3)]
    filter: usize,
    /// Slope of leaky ReLUs in place of ReLUs; -1 is the absolute value
    #[arg(long, value_name = "B", default_value_t = 0.0, allow_negative_numbers = true)]
    slope: f64,
}

impl NetArgs {
    /// The net with the layers trained that its preset trains.
    pub fn net(&self) -> anyhow::Result<Conv> {
        let (readout, trained) = match (self.net, self.lap) {
            (Name::CntkV, None) => (Readout::Vanilla, Trained::All),
            (Name::CntkGap, None) => (Readout::Gap, Trained::Hidden),
            (Name::CntkLap, Some(lap)) => (Readout::Lap(lap), Trained::All),
            (Name::CntkLap, None) => bail!("--net cntk-lap needs --lap, the half width of its windows"),
            _ => bail!("--lap belongs to --net cntk-lap"),
        };
        let request = Request::new(&[Kernel::Ntk], &self.depth, trained).context("--depth")?;
        Conv::new(self.shape.0, self.filter, &[readout], request)?.with_slope(self.slope).context("--slope")
    }
}
