//! Kernels of the user's own arrays, into a `.npy` file.

use std::path::Path;
use std::time::Instant;

use rayon::prelude::*;
use serde::Serialize;

use super::kernels::compute;
use super::memory::Need;
use super::report::{PassInfo, Software, to_json};
use super::run::pass_info;
use super::settings::{check_flip, tile_for};
use super::{Float, JobError, Machine, NetSettings, Pass, Watch, Work, check_writable, write_atomically};
use crate::data::{Images, npy};
use crate::gram::{Gram, TileSource};
use crate::store::Precision;
use ultrawide_core::Scalar;

/// What to compute of one array, or of two.
#[derive(Clone, Debug)]
pub struct KernelOptions {
    /// The network, exactly one.
    pub nets: NetSettings,
    /// The precision of the kernels and of the file.
    pub precision: Precision,
    /// Whether to average with the mirrored rows.
    pub flip: bool,
    /// The images along the side of a tile; `None` for [`tile_for`].
    pub tile: Option<usize>,
    /// Whether only k(x, x) is wanted, as a matrix of one row.
    pub diagonal: bool,
}

/// What was computed, and how fast.
#[derive(Clone, Debug, Serialize)]
pub struct KernelReport {
    /// The software that ran.
    pub software: Software,
    /// The subcommand.
    pub command: &'static str,
    /// The shape of the array that was written.
    pub shape: Vec<usize>,
    /// The type of its numbers.
    pub precision: &'static str,
    /// The checksum of the rows' images.
    pub x_sha256: String,
    /// The checksum of the columns' images.
    pub y_sha256: Option<String>,
    /// The network.
    pub pass: PassInfo,
    /// Whether the rows were averaged with the mirrored ones.
    pub flip: bool,
    /// The instruction set.
    pub backend: String,
    /// The number of threads.
    pub threads: usize,
    /// The pairs of images that were computed; of a symmetric matrix each once.
    pub pairs: u64,
    /// The seconds that the kernels took, without reading and writing files.
    pub kernel_seconds: f64,
    /// `kernel_seconds` over `pairs`.
    pub seconds_per_pair: f64,
}

impl KernelReport {
    /// Writes the report as JSON, whole or not at all.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), JobError> {
        write_atomically(path, &to_json(self)?)
    }
}

/// Writes k(x, y) for all images of `x` and `y`, or the symmetric matrix of `x`, to `out`.
///
/// # Shapes
/// (n, m) for one output, (1, n) of a diagonal; (depths, n, m) for one kernel at several depths, (kernels, depths, n, m) for two kernels.
///
/// # Accuracy
/// That of [`Gram::tile`], with the same bits for any tiles and threads.
///
/// # Errors
/// Settings that describe no network, images that do not fit it or each other, a file that cannot be written.
///
/// # Cost
/// Memory: the result, of a symmetric matrix half of it, and some MB for each thread.
pub fn kernel(
    x: &Images,
    y: Option<&Images>,
    out: &Path,
    options: &KernelOptions,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<KernelReport, JobError> {
    match options.precision {
        Precision::F32 => kernel_in::<f32>(x, y, out, options, machine, watch),
        Precision::F64 => kernel_in::<f64>(x, y, out, options, machine, watch),
    }
}

fn kernel_in<S: Float>(
    x: &Images,
    y: Option<&Images>,
    out: &Path,
    options: &KernelOptions,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<KernelReport, JobError> {
    let passes = options.nets.passes(x.shape())?;
    let [pass @ Pass { name, net }] = &passes[..] else {
        return Err(JobError::Usage(format!("{} nets: exactly one is needed here", options.nets.nets.len())));
    };
    let columns = y.unwrap_or(x).len();
    let tile = if options.diagonal { Some(1) } else { options.tile };
    let tile = tile.unwrap_or_else(|| tile_for(&passes, x.len().min(columns)));
    if tile == 0 {
        return Err(JobError::Usage("a tile of 0 images: at least 1 is needed".to_owned()));
    }
    let gram = Gram { net, flip: options.flip, x, y, tile };
    gram.check::<S>()?;
    check_writable(out)?;
    check_flip(options.flip, x)?;
    let (kernels, depths) = (net.request().kernels().len(), net.request().depths().len());
    let mut shape = if options.diagonal { vec![1, x.len()] } else { vec![x.len(), columns] };
    if depths > 1 || kernels > 1 {
        shape.insert(0, depths);
    }
    if kernels > 1 {
        shape.insert(0, kernels);
    }
    if options.diagonal {
        return diagonal::<S>(&gram, pass, out, shape, machine, watch);
    }
    // The result is written in stripes of one tile's height.
    let after = (tile.min(x.len()) as f64) * columns as f64 * S::PRECISION.bytes() as f64;
    Need { after, ..Need::of::<S>(&gram, true, machine) }.check()?;

    let work = Work::sum(&gram, gram.plan(name).tiles(tile));
    watch.begin(work, Work::default());
    let clock = Instant::now();
    let source = compute::<S>(&gram, name, None, machine, watch)?;
    let kernel_seconds = clock.elapsed().as_secs_f64();
    watch.stage("writing");
    let mut writer = npy::ArrayWriter::create(out, &shape)?;
    for output in 0..net.outputs().len() {
        write_output(&*source, output, &mut writer)?;
    }
    writer.finish()?;
    watch.end();
    Ok(report::<S>(&gram, pass, shape, (work, kernel_seconds), machine))
}

/// k(x, x) of all images, into a file.
fn diagonal<S: Float>(
    gram: &Gram<'_>,
    pass: &Pass,
    out: &Path,
    shape: Vec<usize>,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<KernelReport, JobError> {
    let work = Work::sum(gram, (0..gram.x.len()).map(|image| (image, image)));
    watch.begin(work, Work::default());
    let clock = Instant::now();
    let values = own_kernels::<S>(gram, machine, watch)?;
    let kernel_seconds = clock.elapsed().as_secs_f64();
    npy::write_array(out, &shape, values.into_iter().flatten())?;
    watch.end();
    Ok(report::<S>(gram, pass, shape, (work, kernel_seconds), machine))
}

/// k(x, x) of all images of `gram`, whose tiles are of one image, for each output; each image is alone in its vector.
///
/// # Errors
/// Those of [`Gram::tile`].
pub(super) fn own_kernels<S: Float>(
    gram: &Gram<'_>,
    machine: &Machine,
    watch: &dyn Watch,
) -> Result<Vec<Vec<S>>, JobError> {
    let of_image = |image: usize| {
        let values = gram.tile::<S>(image, image, machine.backend)?;
        watch.add(Work::of(gram, (image, image)));
        Ok::<_, JobError>(values)
    };
    let images = 0..gram.x.len();
    let values: Vec<Vec<S>> =
        machine.pool.install(|| images.into_par_iter().map(of_image).collect::<Result<_, _>>())?;
    let outputs = 0..gram.net.outputs().len();
    Ok(outputs.map(|output| values.iter().filter_map(|values| values.get(output).copied()).collect()).collect())
}

fn report<S: Float>(
    gram: &Gram<'_>,
    pass: &Pass,
    shape: Vec<usize>,
    (work, kernel_seconds): (Work, f64),
    machine: &Machine,
) -> KernelReport {
    KernelReport {
        software: Software::default(),
        command: "kernel",
        shape,
        precision: S::PRECISION.zarr_name(),
        x_sha256: gram.x.checksum(),
        y_sha256: gram.y.map(Images::checksum),
        pass: pass_info(pass, work, kernel_seconds, machine.threads()),
        flip: gram.flip,
        backend: machine.backend.to_string(),
        threads: machine.threads(),
        pairs: work.pairs,
        kernel_seconds,
        seconds_per_pair: kernel_seconds / work.pairs.max(1) as f64,
    }
}

/// Writes one output row by row; what a symmetric matrix has above its diagonal is read from below it.
fn write_output<S: Float>(
    source: &dyn TileSource<S>,
    output: usize,
    writer: &mut npy::ArrayWriter<S>,
) -> Result<(), JobError> {
    let (plan, tile) = (source.plan(), source.tile());
    let (tile_rows, tile_columns) = plan.grid(tile);
    let mut values = Vec::new();
    for i in 0..tile_rows {
        let rows = tile.min(plan.rows - i * tile);
        let mut stripe = vec![<S as Scalar>::from_f64(0.0); rows * plan.cols];
        for j in 0..tile_columns {
            let mirrored = plan.symmetric && j > i;
            let (down, right) = if mirrored { (j, i) } else { (i, j) };
            source.read(output, down, right, &mut values)?;
            let columns = tile.min(plan.cols - j * tile);
            for (row, line) in stripe.chunks_exact_mut(plan.cols).enumerate() {
                for (column, value) in line[j * tile..][..columns].iter_mut().enumerate() {
                    *value = values[if mirrored { column * rows + row } else { row * columns + column }];
                }
            }
        }
        writer.write(&stripe)?;
    }
    Ok(())
}
