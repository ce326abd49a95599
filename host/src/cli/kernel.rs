//! `ultrawide kernel`.

use anyhow::bail;
use clap::Args;
use std::path::{Path, PathBuf};

use super::args::{self, NetArgs};
use super::failure::Usage;
use super::progress::Progress;
use super::{Talk, output};
use crate::data::npy::read_images;
use crate::data::{Images, Normalisation};
use crate::job::{Format, KernelOptions, NetKind, NetSettings, kernel};

const EXAMPLES: &str = "\
Examples:
  ultrawide kernel --x X.npy --out K.npy --net fc --depth 3
        the symmetric NTK of the rows of X, shape (n, n)
  ultrawide kernel --x XT.npy --y X.npy --out KT.npy --net cntk-gap --depth 3,11 --train all
        shape (2, m, n): depths, rows of --x, rows of --y
  ultrawide kernel --x X.npy --out K.npy --net cntk-v --depth 3,11 --kernel ntk,nngp --precision f64
        shape (2, 2, n, n): kernels, depths, rows, columns
  ultrawide kernel --x XT.npy --y X.npy --normalise --diagonal --out KD.npy --net fc --depth 3 --kernel nngp
        shape (1, m): k(x, x) of the same normalised images as without --diagonal

Kernels are in the scale of Arora et al. 2019: no 1/channels, 1/(filter size)^2 once per layer.";

/// Kernels of one array of images, or of two, into a .npy file.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Kernel {
    /// Images of the rows, .npy of f32, f64 or u8: (n, features) for fc, (n, channels, height, width) for the others
    #[arg(long, value_name = "FILE")]
    x: PathBuf,
    /// Images of the columns [default: those of --x, for a symmetric matrix]
    #[arg(long, value_name = "FILE")]
    y: Option<PathBuf>,
    /// Only k(x, x) of each image, as a matrix of one row: the prior variance of a Gaussian process. With --normalise, --y names the
    /// training images, whose statistics serve for both: as for the kernel of test images with them
    #[arg(long)]
    diagonal: bool,
    /// Where to write the kernels, .npy in the precision asked for
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Network: fc, cntk-v (flattened), cntk-gap (global average pooling), cntk-lap (local average pooling)
    #[arg(long, value_parser = args::nets())]
    net: NetKind,
    /// Depths, counted in layers with weights
    #[arg(long, value_name = "LIST", value_delimiter = ',', required = true, value_parser = args::whole, allow_negative_numbers = true)]
    depth: Vec<usize>,
    #[command(flatten)]
    nets: NetArgs,
    /// Bring the images to mean 0 and standard deviation 1 per channel, by the statistics of --y, or of --x without it
    #[arg(long)]
    normalise: bool,
    /// Write settings and times to this .json file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Kernel {
    /// The network.
    pub(super) fn settings(&self) -> anyhow::Result<NetSettings> {
        self.nets.settings(&[self.net], &self.depth)
    }

    pub(super) fn execute(&self, talk: Talk) -> anyhow::Result<()> {
        let nets = self.settings()?;
        if self.diagonal && self.y.is_some() && !self.normalise {
            bail!(Usage("--diagonal: k(x, x) takes no columns; --y serves --normalise alone".to_owned()));
        }
        let outputs = [("--out", Some(&self.out)), ("--report", self.report.as_ref())];
        args::check_distinct(&outputs, &[("--x", Some(&self.x)), ("--y", self.y.as_ref())], None)?;
        let machine = self.nets.machine()?;
        if let Some(path) = &self.report {
            if Format::of(path)? != Format::Json {
                bail!(Usage(format!("{}: the report of a kernel ends in .json", path.display())));
            }
            crate::job::check_writable(path)?;
        }
        crate::job::check_writable(&self.out)?;
        let mut x = read_images(&self.x)?;
        let mut y = self.y.as_deref().map(read_images).transpose()?;
        if let Some(y) = &y
            && x.shape() != y.shape()
        {
            let (x_file, y_file) = (self.x.display(), self.y.as_deref().unwrap_or(Path::new("")).display());
            bail!("{x_file} holds images of {}, {y_file} of {}: they must be equal", x.shape(), y.shape());
        }
        args::check_pixels(&[self.net], x.shape(), &self.x)?;
        if self.normalise {
            normalise(&mut x, y.as_mut())?;
        }
        let options = KernelOptions {
            nets,
            precision: self.nets.precision,
            flip: self.nets.flip,
            tile: self.nets.tile,
            diagonal: self.diagonal,
        };
        let columns = y.as_ref().filter(|_| !self.diagonal);
        let report = kernel(&x, columns, &self.out, &options, &machine, &Progress::new(talk.quiet))?;
        let written = self.report.as_deref().map_or(Ok(()), |path| report.write(path));
        let shape: Vec<String> = report.shape.iter().map(ToString::to_string).collect();
        let text = format!(
            "{}: ({}) {}, {} pairs in {:.2} s ({}, {} threads)\n",
            self.out.display(),
            shape.join(", "),
            report.precision,
            report.pairs,
            report.kernel_seconds,
            report.backend,
            report.threads
        );
        output::print_beside(written.map_err(Into::into), &text)
    }
}

fn normalise(x: &mut Images, y: Option<&mut Images>) -> anyhow::Result<()> {
    let (mean, std) = y.as_deref().unwrap_or(x).channel_statistics(1.0);
    let normalisation = Normalisation { scale: 1.0, mean, std };
    x.set_normalisation(normalisation.clone())?;
    if let Some(y) = y {
        y.set_normalisation(normalisation)?;
    }
    Ok(())
}
