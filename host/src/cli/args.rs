//! The options that subcommands share.

use anyhow::bail;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, value_parser};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::experiment::Chosen;
use super::failure::Usage;
use crate::data::{Kind, Subset};
use crate::experiment::Experiment;
use crate::job::{Form, Format, Language, Machine, NetKind, NetSettings};
use crate::regression::{MAX_THREADS, Method};
use crate::simd::Backend;
use crate::store::Precision;
use ultrawide_core::{Kernel, Shape, Trained};

/// Networks and machine.
#[derive(Args)]
pub(super) struct NetArgs {
    /// Kernels: ntk (training by gradient flow), nngp (the covariance at initialisation), or both
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "ntk", value_parser = kernels())]
    pub(super) kernel: Vec<Kernel>,
    /// Trained layers; hidden freezes the first and the last [default: hidden for cntk-gap, all for the others]
    #[arg(long, value_name = "LAYERS", value_parser = trained())]
    pub(super) train: Option<Trained>,
    /// Half width c of the windows of cntk-lap, (2c+1)x(2c+1) pixels [default: 12 for images of 28 pixels and more, a
    /// quarter of the smaller side below: 2 for the digits]
    #[arg(long, value_name = "C", value_parser = whole, allow_negative_numbers = true)]
    pub(super) lap: Option<usize>,
    /// Size of the filters, odd [default: 3]
    #[arg(long, value_name = "Q", value_parser = whole, allow_negative_numbers = true)]
    pub(super) filter: Option<usize>,
    /// Leaky ReLUs of this slope in place of ReLUs: B z where z < 0; -1 is the absolute value. Convolutional kernels take three to
    /// four times as long [default: 0]
    #[arg(long, value_name = "B", value_parser = finite, allow_negative_numbers = true)]
    pub(super) slope: Option<f64>,
    /// Residual connections of this strength around the hidden layers of fc but the first: (z + S W a)/sqrt(1 + S^2) in place of W a
    #[arg(long, value_name = "S", value_parser = finite, allow_negative_numbers = true)]
    pub(super) residual: Option<f64>,
    /// Average with the mirrored images: (K(x, y) + K(flip x, y)) / 2
    #[arg(long)]
    pub(super) flip: bool,
    /// Precision of the kernels (the regression always runs in f64)
    #[arg(long, value_name = "TYPE", default_value = "f32", value_parser = precisions())]
    pub(super) precision: Precision,
    /// Threads, at most 1024; more than there are cores cost memory, about 10 MB each, and gain nothing [default: one per core]
    #[arg(long, value_name = "N", value_parser = threads(), allow_negative_numbers = true)]
    pub(super) threads: Option<usize>,
    /// Images along the side of a tile, the unit of work and of storage; the result does not depend on it [default: by the
    /// network and the number of images]
    #[arg(long, value_name = "N", value_parser = sizes(1 << 16), allow_negative_numbers = true)]
    pub(super) tile: Option<usize>,
}

impl NetArgs {
    /// Checks the networks as far as that can be done without images.
    pub(super) fn settings(&self, nets: &[NetKind], depths: &[usize]) -> anyhow::Result<NetSettings> {
        check_options(nets, self.lap, self.filter)?;
        if let (Some(_), Some(net)) = (self.residual, nets.iter().find(|&&net| net != NetKind::Fc)) {
            bail!(Usage(format!("--residual concerns fc alone: {} has no residual connections here", net.name())));
        }
        if self.residual.is_some() && depths.iter().all(|&depth| depth < 3) {
            bail!(Usage(
                "--residual concerns depths of 3 and more: the connections lead around hidden layers but the first"
                    .to_owned()
            ));
        }
        let settings = NetSettings {
            nets: nets.to_vec(),
            depths: depths.to_vec(),
            kernels: self.kernel.clone(),
            trained: self.train,
            lap: self.lap,
            filter: self.filter.unwrap_or(3),
            slope: self.slope.unwrap_or(0.0),
            residual: self.residual,
        };
        settings.check().map_err(|error| Usage(error.to_string()))?;
        Ok(settings)
    }

    /// The instruction set and the threads.
    pub(super) fn machine(&self) -> anyhow::Result<Machine> {
        Ok(Machine::new(Backend::select()?, self.threads)?)
    }
}

/// Checks that no option concerns a network which is not among those asked for.
///
/// # Errors
/// [`Usage`], which names the option.
pub(super) fn check_options(nets: &[NetKind], lap: Option<usize>, filter: Option<usize>) -> anyhow::Result<()> {
    if lap.is_some() && !nets.contains(&NetKind::CntkLap) {
        bail!(Usage("--lap concerns cntk-lap alone, which is not among the networks".to_owned()));
    }
    if filter.is_some() && nets.iter().all(|&net| net == NetKind::Fc) {
        bail!(Usage("--filter concerns convolutional networks alone, fc has no filters".to_owned()));
    }
    Ok(())
}

/// Checks that no output is an input or another output, by whatever name, nor lies in the store.
///
/// # Errors
/// [`Usage`], which names both options.
pub(super) fn check_distinct(
    outputs: &[(&'static str, Option<&PathBuf>)],
    inputs: &[(&'static str, Option<&PathBuf>)],
    store: Option<&PathBuf>,
) -> anyhow::Result<()> {
    let given = |paths: &[(&'static str, Option<&PathBuf>)]| -> Vec<(&'static str, PathBuf)> {
        paths.iter().filter_map(|&(name, path)| Some((name, real(path?)))).collect()
    };
    let (outputs, inputs) = (given(outputs), given(inputs));
    for (index, (name, path)) in outputs.iter().enumerate() {
        for (other, same) in outputs[..index].iter().chain(&inputs) {
            if path == same {
                bail!(Usage(format!(
                    "{other} and {name} are the same file, {}: it would be overwritten",
                    path.display()
                )));
            }
        }
        if store.is_some_and(|store| path.starts_with(real(store))) {
            bail!(Usage(format!("{name} {} lies in the folder of --store", path.display())));
        }
    }
    Ok(())
}

/// The path without links and dots; of a file that is not there yet, that of its folder with its name.
fn real(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_path_buf(),
    }
}

/// Checks the name of a report, and that it can be written.
pub(super) fn check_report(path: Option<&PathBuf>) -> anyhow::Result<()> {
    if let Some(path) = path {
        Format::of(path)?;
        crate::job::check_writable(path)?;
    }
    Ok(())
}

/// A list of names as a clap parser.
fn names<T, E>(names: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = E> + Clone + Send + Sync + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse::<T>())
}

pub(super) fn nets() -> impl TypedValueParser<Value = NetKind> {
    names(NetKind::ALL.map(NetKind::name))
}

pub(super) fn kinds() -> impl TypedValueParser<Value = Kind> {
    names(Kind::ALL.map(Kind::name))
}

pub(super) fn subsets() -> impl TypedValueParser<Value = Subset> {
    names([Subset::First.name(), Subset::Balanced.name()])
}

pub(super) fn kernels() -> impl TypedValueParser<Value = Kernel> {
    PossibleValuesParser::new(["ntk", "nngp"]).map(|name| if name == "ntk" { Kernel::Ntk } else { Kernel::Nngp })
}

pub(super) fn trained() -> impl TypedValueParser<Value = Trained> {
    PossibleValuesParser::new(["all", "hidden"]).map(|name| if name == "all" { Trained::All } else { Trained::Hidden })
}

pub(super) fn experiments() -> impl TypedValueParser<Value = Chosen> {
    PossibleValuesParser::new(Experiment::ALL.map(Experiment::name).into_iter().chain(["all"]))
        .map(|name| Chosen(name.parse().map_or(Experiment::ALL.to_vec(), |one| vec![one])))
}

pub(super) fn languages() -> impl TypedValueParser<Value = Language> {
    names([Language::C, Language::Rust].map(Language::name))
}

pub(super) fn forms() -> impl TypedValueParser<Value = Form> {
    names([Form::F32, Form::U8].map(Form::name))
}

fn precisions() -> impl TypedValueParser<Value = Precision> {
    PossibleValuesParser::new(["f32", "f64"]).map(|name| if name == "f32" { Precision::F32 } else { Precision::F64 })
}

/// A solver; none for `auto`.
#[derive(Clone, Copy)]
pub(super) struct Solver(pub(super) Option<Method>);

pub(super) fn solvers() -> impl TypedValueParser<Value = Solver> {
    let names = Method::ALL.map(Method::name);
    PossibleValuesParser::new(["auto"].into_iter().chain(names)).map(|name| Solver(name.parse().ok()))
}

/// A number from 1 to `limit`.
pub(super) fn sizes(limit: u64) -> impl TypedValueParser<Value = usize> {
    value_parser!(u64).range(1..=limit).map(|size| usize::try_from(size).unwrap_or(usize::MAX))
}

pub(super) fn threads() -> impl TypedValueParser<Value = usize> {
    sizes(MAX_THREADS as u64)
}

/// Checks that convolutional networks get more than one pixel: an array (n, features) is n images of one pixel.
///
/// # Errors
/// [`Usage`], which names the shape.
pub(super) fn check_pixels(nets: &[NetKind], shape: Shape, path: &Path) -> anyhow::Result<()> {
    if let Some(net) = nets.iter().find(|&&net| net != NetKind::Fc)
        && (shape.height, shape.width) == (1, 1)
    {
        bail!(Usage(format!(
            "{}: images of {shape} have one pixel and nothing for {} to convolve: (n, features) is for --net fc, the others \
             take (n, channels, height, width)",
            path.display(),
            net.name()
        )));
    }
    Ok(())
}

/// A whole number; what range it must have, the settings know.
pub(super) fn whole(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "a whole number is needed, not below 0".to_owned())
}

/// A finite number.
fn finite(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| "a finite number is needed".to_owned())
}

/// A ridge: finite and not negative.
pub(super) fn ridge(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(ridge) if ridge.is_finite() && ridge >= 0.0 => Ok(ridge),
        _ => Err("a ridge is a finite number of 0 or more".to_owned()),
    }
}
