//! `ultrawide-accel-sim formats`.

use super::{csv_records, csv_writer, folder, progress_bar, table};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use ultrawide::cli::print;
use ultrawide::data::{Kind, LoadOptions, Subset, load};
use ultrawide::simd::REVISION;
use ultrawide_accel_sim::cost::cntk;
use ultrawide_accel_sim::format::Format;
use ultrawide_accel_sim::formats::{REFERENCE, judge, kernels};
use ultrawide_accel_sim::number::{Arithmetic, MultiplyAdd};
use ultrawide_accel_sim::sweep;
use ultrawide_core::{Readout, Trained};
use ultrawide_plot::{Curve, Panel, plot};

#[derive(clap::Args)]
pub struct Args {
    /// Number formats
    #[arg(long, value_delimiter = ',')]
    format: Vec<Format>,
    /// The format of the accumulators, for all of them; by default f32 for short floats, 48 bits for fixed point
    #[arg(long)]
    accumulator: Option<Format>,
    /// Depths
    #[arg(long, value_delimiter = ',', default_value = "3,4,6,11,21")]
    depth: Vec<usize>,
    /// Digits to train on, as many of each class
    #[arg(long, default_value_t = 300)]
    train_size: usize,
    /// Digits to test with, as many of each class: of one there are 35
    #[arg(long, default_value_t = 350)]
    test_size: usize,
    /// The same for the pooled kernel, which takes 64 times as long
    #[arg(long, default_value_t = 60)]
    pooled: usize,
    /// The folder for formats.csv and formats.svg
    #[arg(long, default_value = ".")]
    out: PathBuf,
    /// Computes nothing: draws and prints what this formats.csv of a run before says
    #[arg(long, value_name = "CSV", conflicts_with_all = ["format", "accumulator", "depth", "train_size", "test_size", "pooled"])]
    from: Option<PathBuf>,
}

/// Columns of the file.
const COLUMNS: [&str; 11] = [
    "net",
    "format",
    "accumulator",
    "depth",
    "largest error",
    "mean error",
    "least over largest eigenvalue",
    "ridge",
    "accuracy",
    "beyond",
    "revision",
];

/// What one format made of one net at one depth: a row of it.
#[derive(serde::Deserialize)]
struct Record {
    net: String,
    format: String,
    depth: usize,
    #[serde(rename = "largest error")]
    largest: f64,
    #[serde(rename = "least over largest eigenvalue")]
    least: f64,
    ridge: Option<f64>,
    accuracy: Option<f64>,
    beyond: f64,
}

/// The nets, as the file calls them.
const NETS: [&str; 2] = ["cntk-v", "cntk-gap"];

impl Args {
    pub fn run(self) -> anyhow::Result<bool> {
        folder(&self.out)?;
        let path = match &self.from {
            Some(path) => path.clone(),
            None => self.compute()?,
        };
        let records: Vec<Record> = csv_records(&path)?;
        self.draw(&records)?;
        print(&tables(&records)?)?;
        Ok(true)
    }

    /// Writes the file.
    fn compute(&self) -> anyhow::Result<PathBuf> {
        let formats = if self.format.is_empty() { sweep::formats() } else { self.format.clone() };
        let [vanilla, pooled] = NETS;
        let nets = [
            (vanilla, Readout::Vanilla, Trained::All, self.train_size, self.test_size),
            (pooled, Readout::Gap, Trained::Hidden, self.pooled, self.pooled),
        ];
        let rows_of = |train: usize, test: usize| (train + test) as u64;
        let total: u64 = nets.iter().map(|net| rows_of(net.3, net.4)).sum();
        let bar = progress_bar(total * (formats.len() as u64 + 1), "formats");
        let mut rows = Vec::new();
        for (name, readout, trained, train, test) in nets {
            let mut options = LoadOptions::new(Kind::Digits);
            (options.train_size, options.test_size, options.subset) = (Some(train), Some(test), Subset::Balanced);
            let data = load(&options)?;
            let net = cntk(data.train.images.shape(), readout, &self.depth, trained)?;
            let tick = || bar.inc(1);
            let exact = kernels(&net, &data, REFERENCE, tick)?;
            for &format in &formats {
                let accumulator = self.accumulator.unwrap_or_else(|| sweep::accumulator(format));
                let arithmetic = Arithmetic { format, accumulator, multiply_add: MultiplyAdd::Fused };
                let found = kernels(&net, &data, arithmetic, tick)?;
                for q in judge(&net, &data, &found, &exact)? {
                    rows.push([
                        name.to_owned(),
                        format.to_string(),
                        accumulator.to_string(),
                        q.depth.to_string(),
                        format!("{:.2e}", q.largest),
                        format!("{:.2e}", q.mean),
                        format!("{:.2e}", q.least),
                        q.ridge.map_or(String::new(), |ridge| format!("{ridge:e}")),
                        q.accuracy.map_or(String::new(), |accuracy| format!("{accuracy:.4}")),
                        format!("{:.1e}", found.beyond),
                        REVISION.to_string(),
                    ]);
                }
            }
        }
        bar.finish_and_clear();
        let path = self.out.join("formats.csv");
        let mut file = csv_writer(&path, &COLUMNS)?;
        rows.iter().try_for_each(|row| file.write_record(row))?;
        file.flush()?;
        Ok(path)
    }

    fn draw(&self, records: &[Record]) -> anyhow::Result<()> {
        let panel = |net: &str, what: &'static str, value: fn(&Record) -> f64| {
            let shown: Vec<&Record> = records.iter().filter(|r| r.net == net && r.format != "f64").collect();
            let curve = |(number, rows): (usize, &[&Record])| {
                let points = rows.iter().map(|r| (r.depth as f64, value(r)));
                Curve::new(&rows[0].format, number, points)
            };
            let curves = shown.chunk_by(|a, b| a.format == b.format).enumerate().map(curve).collect();
            Panel { caption: net.to_owned(), axes: ["depth", what], curves, ..Panel::default() }
        };
        let panels: Vec<Panel> = NETS
            .into_iter()
            .flat_map(|net| {
                [
                    panel(net, "largest relative error", |r| r.largest),
                    panel(net, "least eigenvalue over largest", |r| r.least),
                    panel(net, "wrong test images", |r| r.accuracy.map_or(f64::NAN, |accuracy| 1.0 - accuracy)),
                ]
            })
            .collect();
        plot(&self.out.join("formats.svg"), 3, &panels)
    }
}

/// What the file says, net by net.
fn tables(records: &[Record]) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for net in NETS {
        let records: Vec<&Record> = records.iter().filter(|record| record.net == net).collect();
        let depths: BTreeSet<usize> = records.iter().map(|record| record.depth).collect();
        let header: Vec<String> =
            ["format".to_owned()].into_iter().chain(depths.iter().map(|depth| depth.to_string())).collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        for (what, cell) in [
            ("largest relative error", (|r: &Record| format!("{:.1e}", r.largest)) as fn(&Record) -> String),
            ("least eigenvalue over the largest", |r| format!("{:.1e}", r.least)),
            ("accuracy in %, and the ridge over the mean diagonal that it took", |r| match (r.accuracy, r.ridge) {
                (Some(accuracy), Some(0.0)) => format!("{:.1}", 100.0 * accuracy),
                (Some(accuracy), Some(ridge)) => format!("{:.1} ({ridge:.0e})", 100.0 * accuracy),
                _ => "–".to_owned(),
            }),
        ] {
            let mut table = table(&header);
            for rows in records.chunk_by(|a, b| a.format == b.format) {
                let (format, beyond) = (&rows[0].format, rows[0].beyond);
                let name = if beyond > 0.0 { format!("{format} ({beyond:.0e} out of range)") } else { format.clone() };
                table.add_row([name].into_iter().chain(rows.iter().map(|row| cell(row))));
            }
            writeln!(text, "**{net}: {what}, by depth**\n\n{table}\n")?;
        }
    }
    Ok(text)
}
