//! The plot of the errors by depth.

use anyhow::{Context, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use ultrawide_accuracy::growth::{EPSILONS, Net, Of, Row, bound};

/// The precisions, in the order of [`EPSILONS`].
pub const NAMES: [&str; 2] = ["f32", "f64"];

const KERNELS: [Of; 3] = [Of::Nngp, Of::NtkAll, Of::NtkHidden];
/// Colours that those who see few of them can tell apart (Okabe and Ito).
const NETS: [(Net, RGBColor); 4] = [
    (Net::Dense, RGBColor(0, 114, 178)),
    (Net::Vanilla, RGBColor(213, 94, 0)),
    (Net::Gap, RGBColor(0, 158, 115)),
    (Net::Lap, RGBColor(204, 121, 167)),
];
/// The inner products that the bound is drawn for: three channels under 3×3 filters.
const NUMBERS: usize = 27;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The largest errors of each net at each depth: a row of panels for each precision, a column for each kernel.
pub fn plot(path: &Path, rows: &[Row]) -> anyhow::Result<()> {
    let root = SVGBackend::new(path, (1200, 760)).into_drawing_area();
    draw(&root, rows).map_err(|error| anyhow!("{error}")).with_context(|| format!("cannot draw {}", path.display()))
}

fn draw(root: &Area, rows: &[Row]) -> Result<(), Box<dyn std::error::Error>> {
    root.fill(&WHITE)?;
    for (index, panel) in root.split_evenly((NAMES.len(), KERNELS.len())).iter().enumerate() {
        draw_panel(panel, rows, index / KERNELS.len(), KERNELS[index % KERNELS.len()])?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel(panel: &Area, rows: &[Row], precision: usize, of: Of) -> Result<(), Box<dyn std::error::Error>> {
    let rows = || rows.iter().filter(move |row| row.of == of);
    let deepest = rows().map(|row| row.depth).max().unwrap_or(2);
    let epsilon = EPSILONS[precision];
    let mut chart = ChartBuilder::on(panel)
        .caption(format!("{}, {of}", NAMES[precision]), ("sans-serif", 15))
        .margin(8)
        .x_label_area_size(34)
        .y_label_area_size(56)
        .build_cartesian_2d((2.0..deepest as f64).log_scale(), (0.3 * epsilon..1e4 * epsilon).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc("depth")
        .y_desc("largest relative error")
        .x_label_formatter(&|depth| format!("{depth}"))
        .y_label_formatter(&|error| format!("{error:.0e}"))
        .draw()?;
    let limit = (2..=deepest).map(|depth| (depth as f64, epsilon * bound(of, NUMBERS, depth)));
    chart.draw_series(LineSeries::new(limit, BLACK.stroke_width(1)))?.label("bound").legend(key(BLACK));
    for (net, colour) in NETS {
        let mut largest = BTreeMap::new();
        for row in rows().filter(|row| row.net == net) {
            if let Some(error) = [row.f32, Some(row.f64)][precision] {
                let entry = largest.entry(row.depth).or_insert(error);
                *entry = entry.max(error);
            }
        }
        let points = largest.into_iter().map(|(depth, error)| (depth as f64, error));
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(format!("{net:?}").to_lowercase())
            .legend(key(colour));
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).border_style(WHITE).draw()?;
    Ok(())
}

/// A stroke of a colour for the legend.
fn key(colour: RGBColor) -> impl Fn((i32, i32)) -> PathElement<(i32, i32)> {
    move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2))
}
