//! `accuracy spectrum`.

use super::{NETS, curve};
use anyhow::Context;
use std::path::{Path, PathBuf};
use ultrawide::data::{Images, Kind, LoadOptions, load};
use ultrawide::job::Machine;
use ultrawide::simd::{Backend, REVISION};
use ultrawide_accuracy::growth::{EPSILONS, Net, Of};
use ultrawide_accuracy::progress_bar;
use ultrawide_accuracy::spectrum::{Row, measure};
use ultrawide_core::Trained;
use ultrawide_plot::{Curve, Panel, plot};

/// Every depth up to the deepest of the paper.
const DEPTHS: [usize; 20] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21];

#[derive(clap::Args)]
pub struct Args {
    /// The folder or archive of CIFAR-10; without it the digits alone
    #[arg(long, value_name = "PATH")]
    cifar10: Option<PathBuf>,
    /// Images of each data set, the first ones
    #[arg(long, default_value_t = 500)]
    images: usize,
    /// Images of CIFAR-10 for the pooled kernels, which take a thousand times as long
    #[arg(long, default_value_t = 48)]
    pooled: usize,
    /// The folder for spectrum.csv and the plots
    #[arg(long, default_value = "docs/accuracy")]
    out: PathBuf,
}

/// The rows of one data set.
struct Set {
    name: Kind,
    rows: Vec<Row>,
}

impl Args {
    pub fn run(self) -> anyhow::Result<bool> {
        std::fs::create_dir_all(&self.out).with_context(|| format!("cannot create {}", self.out.display()))?;
        let machine = Machine::new(Backend::select()?, None)?;
        let all = [Net::Vanilla, Net::Gap, Net::Lap];
        let mut jobs = vec![(Kind::Digits, self.images, vec![]), (Kind::Digits, self.images, all.to_vec())];
        if self.cifar10.is_some() {
            jobs.push((Kind::Cifar10, self.images, vec![]));
            jobs.push((Kind::Cifar10, self.images, vec![Net::Vanilla]));
            jobs.push((Kind::Cifar10, self.pooled, vec![Net::Gap, Net::Lap]));
        }
        let bar = progress_bar(2 * jobs.len() as u64, "spectra");
        let mut sets: Vec<Set> = Vec::new();
        for (kind, count, readouts) in jobs {
            let images = self.images(kind, count)?;
            for trained in [Trained::All, Trained::Hidden] {
                let rows = measure(&images, &readouts, trained, &DEPTHS, &machine)?;
                match sets.iter_mut().find(|set| set.name == kind) {
                    Some(set) => set.rows.extend(rows),
                    None => sets.push(Set { name: kind, rows }),
                }
                bar.inc(1);
            }
        }
        bar.finish_and_clear();
        for set in &mut sets {
            // Both choices of trained layers have measured the same NNGP.
            set.rows.sort_by_key(|row| (row.net, row.of, row.depth));
            set.rows.dedup_by_key(|row| (row.net, row.of, row.depth));
        }
        write_csv(&self.out.join("spectrum.csv"), &sets)?;
        plot(&self.out.join("spectrum.svg"), 3, &sets.iter().flat_map(panels).collect::<Vec<_>>())?;
        sets.iter().for_each(report);
        Ok(sets.iter().flat_map(|set| &set.rows).all(Row::semidefinite))
    }

    fn images(&self, kind: Kind, count: usize) -> anyhow::Result<Images> {
        let data_dir = if kind == Kind::Cifar10 { self.cifar10.clone() } else { None };
        let options = LoadOptions { data_dir, train_size: Some(count), test_size: Some(1), ..LoadOptions::new(kind) };
        Ok(load(&options)?.train.images)
    }
}

/// Prints the worst of each net.
fn report(set: &Set) {
    println!("{}: smallest eigenvalue over the largest; depths where that is least", set.name);
    for net in NETS {
        for of in [Of::Nngp, Of::NtkAll, Of::NtkHidden] {
            let rows = || set.rows.iter().filter(|row| row.net == net && row.of == of);
            let Some(least) = rows().min_by(|a, b| a.least()[1].total_cmp(&b.least()[1])) else { continue };
            let single = rows().map(|row| row.least()[0]).fold(f64::INFINITY, f64::min);
            let distance = rows().map(|row| row.distance / row.f64[1]).fold(0.0, f64::max);
            let entry =
                |deep: bool| rows().filter(|row| !deep || row.depth == 21).map(|row| row.entry).fold(0.0, f64::max);
            println!(
                "  {net:?}, {of}, {} images: f64 {:.2e} at depth {}, f32 {single:.2e}; ‖K_f32 − K_f64‖ at most {distance:.1e} λ_max, \
                 entries {:.1e}, at depth 21 {:.1e}",
                least.images,
                least.least()[1],
                least.depth,
                entry(false),
                entry(true)
            );
        }
    }
}

/// A panel for each kernel.
fn panels(set: &Set) -> [Panel; 3] {
    [Of::Nngp, Of::NtkAll, Of::NtkHidden].map(|of| {
        let of_net = |net| {
            let rows = set.rows.iter().filter(|row| row.net == net && row.of == of);
            curve(net, rows.map(|row| (row.depth, row.least()[1])).filter(|&(_, least)| least > 0.0))
        };
        let level = DEPTHS.map(|depth| (depth as f64, EPSILONS[0]));
        Panel {
            caption: format!("{}, {of}", set.name),
            axes: ["depth", "λ_min / λ_max"],
            range: Some(1e-10..1.0),
            curves: [Curve::limit("rounding of f32", level)].into_iter().chain(NETS.map(of_net)).collect(),
            ..Panel::default()
        }
    })
}

fn write_csv(path: &Path, sets: &[Set]) -> anyhow::Result<()> {
    let mut file = csv::Writer::from_path(path).with_context(|| format!("cannot write {}", path.display()))?;
    file.write_record([
        "data",
        "net",
        "kernel",
        "images",
        "depth",
        "largest",
        "least f64",
        "least f32",
        "difference",
        "entry",
        "revision",
    ])?;
    for set in sets {
        for row in &set.rows {
            let [least_f32, least_f64] = row.least();
            file.write_record([
                set.name.to_string(),
                format!("{:?}", row.net).to_lowercase(),
                row.of.to_string(),
                row.images.to_string(),
                row.depth.to_string(),
                format!("{:.3e}", row.f64[1]),
                format!("{least_f64:.2e}"),
                format!("{least_f32:.2e}"),
                format!("{:.2e}", row.distance / row.f64[1]),
                format!("{:.2e}", row.entry),
                REVISION.to_string(),
            ])?;
        }
    }
    file.flush().with_context(|| format!("cannot write {}", path.display()))
}
