//! `accuracy growth`.

use super::{NETS, curve};
use anyhow::Context;
use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use ultrawide::simd::REVISION;
use ultrawide_accuracy::growth::images::IMAGES;
use ultrawide_accuracy::growth::{EPSILONS, Job, Net, Of, Row, bound};
use ultrawide_accuracy::progress_bar;
use ultrawide_core::Trained;
use ultrawide_plot::{Curve, Panel, plot};

/// The depths measured.
const DEPTHS: [usize; 15] = [2, 3, 4, 6, 8, 11, 16, 21, 32, 48, 64, 96, 128, 160, 200];
/// Features of dense nets.
const FEATURES: [usize; 4] = [8, 48, 192, 3072];

/// The precisions, in the order of [`EPSILONS`].
const NAMES: [&str; 2] = ["f32", "f64"];
/// The inner products that the bound is drawn for: three channels under 3×3 filters.
const NUMBERS: usize = 27;

#[derive(clap::Args)]
pub struct Args {
    /// The folder for growth.csv and the plots
    #[arg(long, default_value = "docs/accuracy")]
    out: PathBuf,
    /// Pairs of each kind and of each shape of up to 16 pixels; larger shapes get one
    #[arg(long, default_value_t = 2)]
    pairs: u64,
}

impl Args {
    pub fn run(self) -> anyhow::Result<bool> {
        std::fs::create_dir_all(&self.out).with_context(|| format!("cannot create {}", self.out.display()))?;
        let jobs = self.jobs();
        // The large ones take all the time, so they begin first, and the bar counts entries.
        let bar = progress_bar(jobs.iter().map(entries).sum(), "error growth");
        let rows: Vec<Row> = jobs
            .into_par_iter()
            .flat_map_iter(|job| {
                let rows = job.measure(&DEPTHS);
                bar.inc(entries(&job));
                rows
            })
            .collect();
        bar.finish_and_clear();
        write_csv(&self.out.join("growth.csv"), &rows)?;
        plot(&self.out.join("growth.svg"), 3, &panels(&rows))?;
        Ok(report(&rows))
    }

    fn jobs(&self) -> Vec<Job> {
        let shapes = [[3, 6, 6], [3, 4, 4], [8, 3, 2]].map(|shape| (shape, false));
        let shapes = shapes.into_iter().chain(FEATURES.map(|features| ([1, 1, features], true)));
        let mut jobs = vec![];
        for (shape, dense) in shapes {
            let pairs = if !dense && shape[1] * shape[2] > 16 { 1 } else { self.pairs };
            for images in IMAGES {
                for trained in [Trained::All, Trained::Hidden] {
                    jobs.extend((0..pairs).map(|seed| Job { shape, dense, filter: 3, images, trained, seed }));
                }
            }
        }
        jobs
    }
}

/// Prints the largest errors; whether all are within the bound.
fn report(rows: &[Row]) -> bool {
    let mut good = true;
    for (precision, epsilon) in EPSILONS.into_iter().enumerate() {
        let of = |row: &Row| [row.f32, Some(row.f64)][precision];
        for depth in [21, 200] {
            let at = rows.iter().filter(|row| row.depth == depth && of(row).is_some());
            if let Some(row) = at.max_by(|a, b| of(a).partial_cmp(&of(b)).unwrap_or(Ordering::Equal)) {
                let error = of(row).unwrap_or(f64::NAN);
                println!("{}: {error:.2e} = {:.1} ε at depth {depth}: {row:?}", NAMES[precision], error / epsilon);
            }
        }
        let part = rows.iter().filter_map(|row| row.parts()[precision]).fold(0.0, f64::max);
        println!("{}: at most {part:.2} of the bound", NAMES[precision]);
        good &= part <= 1.0;
    }
    good
}

/// The largest errors of each net at each depth: a row of panels for each precision, a column for each kernel.
fn panels(rows: &[Row]) -> Vec<Panel> {
    let panel = |precision: usize, of: Of| {
        let epsilon = EPSILONS[precision];
        let rows = || rows.iter().filter(move |row| row.of == of);
        let deepest = rows().map(|row| row.depth).max().unwrap_or(2);
        let limit = (2..=deepest).map(|depth| (depth as f64, epsilon * bound(Net::Vanilla, of, NUMBERS, depth)));
        let of_net = |net| {
            let mut largest = BTreeMap::new();
            for row in rows().filter(|row| row.net == net) {
                if let Some(error) = [row.f32, Some(row.f64)][precision] {
                    let entry = largest.entry(row.depth).or_insert(error);
                    *entry = entry.max(error);
                }
            }
            curve(net, largest)
        };
        Panel {
            caption: format!("{}, {of}", NAMES[precision]),
            axes: ["depth", "largest relative error"],
            range: Some(0.3 * epsilon..1e4 * epsilon),
            curves: [Curve::limit("bound", limit)].into_iter().chain(NETS.map(of_net)).collect(),
            ..Panel::default()
        }
    };
    (0..NAMES.len())
        .flat_map(|precision| [Of::Nngp, Of::NtkAll, Of::NtkHidden].map(|of| panel(precision, of)))
        .collect()
}

/// The entries of a pair's arrays.
fn entries(job: &Job) -> u64 {
    if job.dense {
        return 1;
    }
    let pixels = (job.shape[1] * job.shape[2]) as u64;
    pixels * pixels
}

/// The largest errors of each kernel, shape and depth.
fn write_csv(path: &Path, rows: &[Row]) -> anyhow::Result<()> {
    let mut largest: BTreeMap<_, (Option<f64>, f64)> = BTreeMap::new();
    for row in rows {
        let (f32, f64) = largest.entry((row.net, row.of, row.shape, row.depth)).or_default();
        *f32 = row.f32.map_or(*f32, |error| Some(f32.map_or(error, |largest| error.max(largest))));
        *f64 = f64.max(row.f64);
    }
    let mut file = csv::Writer::from_path(path).with_context(|| format!("cannot write {}", path.display()))?;
    file.write_record(["net", "kernel", "channels x height x width", "depth", "f32", "f64", "revision"])?;
    for ((net, of, [channels, height, width], depth), (f32, f64)) in largest {
        file.write_record([
            format!("{net:?}").to_lowercase(),
            of.to_string(),
            format!("{channels}x{height}x{width}"),
            depth.to_string(),
            f32.map_or(String::new(), |error| format!("{error:.2e}")),
            format!("{f64:.2e}"),
            REVISION.to_string(),
        ])?;
    }
    file.flush().with_context(|| format!("cannot write {}", path.display()))
}
