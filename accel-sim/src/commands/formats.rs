//! `ultrawide-accel-sim formats`.

use super::{progress_bar, table};
use anyhow::Context;
use std::path::PathBuf;
use ultrawide::data::{Kind, LoadOptions, Subset, load};
use ultrawide_accel_sim::cost::cntk;
use ultrawide_accel_sim::format::Format;
use ultrawide_accel_sim::formats::{Quality, REFERENCE, judge, kernels};
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
    /// Digits to test with
    #[arg(long, default_value_t = 359)]
    test_size: usize,
    /// The same for the pooled kernel, which takes 64 times as long
    #[arg(long, default_value_t = 60)]
    pooled: usize,
    /// The folder for formats.csv and formats.svg
    #[arg(long, default_value = "docs/accel-sim")]
    out: PathBuf,
}

/// What one format made of one net.
struct Row {
    net: &'static str,
    format: Format,
    accumulator: Format,
    beyond: f64,
    quality: Vec<Quality>,
}

impl Args {
    pub fn run(self) -> anyhow::Result<bool> {
        std::fs::create_dir_all(&self.out).with_context(|| format!("cannot create {}", self.out.display()))?;
        let formats = if self.format.is_empty() { sweep::formats() } else { self.format.clone() };
        let nets = [
            ("cntk-v", Readout::Vanilla, Trained::All, self.train_size, self.test_size),
            ("cntk-gap", Readout::Gap, Trained::Hidden, self.pooled, self.pooled),
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
                let quality = judge(&net, &data, &found, &exact)?;
                rows.push(Row { net: name, format, accumulator, beyond: found.beyond, quality });
            }
        }
        bar.finish_and_clear();
        self.write(&rows)?;
        self.print(&rows);
        Ok(true)
    }

    fn write(&self, rows: &[Row]) -> anyhow::Result<()> {
        let path = self.out.join("formats.csv");
        let mut file = csv::Writer::from_path(&path).with_context(|| format!("cannot write {}", path.display()))?;
        file.write_record([
            "net",
            "format",
            "accumulator",
            "depth",
            "largest error",
            "mean error",
            "least eigenvalue",
            "ridge",
            "accuracy",
            "beyond",
        ])?;
        for row in rows {
            for q in &row.quality {
                file.write_record([
                    row.net.to_owned(),
                    row.format.to_string(),
                    row.accumulator.to_string(),
                    q.depth.to_string(),
                    format!("{:.2e}", q.largest),
                    format!("{:.2e}", q.mean),
                    format!("{:.2e}", q.least),
                    q.ridge.map_or(String::new(), |ridge| format!("{ridge:e}")),
                    q.accuracy.map_or(String::new(), |accuracy| format!("{accuracy:.4}")),
                    format!("{:.1e}", row.beyond),
                ])?;
            }
        }
        file.flush()?;
        let panel = |net: &str, what: &'static str, value: fn(&Quality) -> f64| {
            let shown = rows.iter().filter(|row| row.net == net && row.format != Format::F64);
            let curve = |(number, row): (usize, &Row)| {
                let points = row.quality.iter().map(|q| (q.depth as f64, value(q)));
                Curve::new(row.format.to_string(), number, points)
            };
            let curves = shown.enumerate().map(curve).collect();
            Panel { caption: net.to_owned(), axes: ["depth", what], range: None, curves }
        };
        let panels: Vec<Panel> = ["cntk-v", "cntk-gap"]
            .into_iter()
            .flat_map(|net| {
                [
                    panel(net, "largest relative error", |q| q.largest),
                    panel(net, "least eigenvalue over largest", |q| q.least),
                    panel(net, "wrong test images", |q| q.accuracy.map_or(f64::NAN, |accuracy| 1.0 - accuracy)),
                ]
            })
            .collect();
        plot(&self.out.join("formats.svg"), 3, &panels)
    }

    fn print(&self, rows: &[Row]) {
        let depths: Vec<String> = self.depth.iter().map(|depth| format!("{depth}")).collect();
        for net in ["cntk-v", "cntk-gap"] {
            for (what, cell) in [
                ("largest relative error", (|q: &Quality| format!("{:.1e}", q.largest)) as fn(&Quality) -> String),
                ("least eigenvalue over the largest", |q| format!("{:.1e}", q.least)),
                ("accuracy in %, and the ridge over the mean diagonal that it took", |q| match (q.accuracy, q.ridge) {
                    (Some(accuracy), Some(0.0)) => format!("{:.1}", 100.0 * accuracy),
                    (Some(accuracy), Some(ridge)) => format!("{:.1} ({ridge:.0e})", 100.0 * accuracy),
                    _ => "–".to_owned(),
                }),
            ] {
                println!("{net}: {what}, by depth\n");
                let header: Vec<&str> = ["format"].into_iter().chain(depths.iter().map(String::as_str)).collect();
                let mut table = table(&header);
                for row in rows.iter().filter(|row| row.net == net) {
                    let name = if row.beyond > 0.0 {
                        format!("{} ({:.0e} beyond)", row.format, row.beyond)
                    } else {
                        row.format.to_string()
                    };
                    table.add_row([name].into_iter().chain(row.quality.iter().map(cell)));
                }
                println!("{table}\n");
            }
        }
    }
}
