//! Panels of curves by depth, in one SVG file.

use anyhow::{Context, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::ops::Range;
use std::path::Path;
use ultrawide_accuracy::growth::Net;

/// Colours that those who see few of them can tell apart (Okabe and Ito).
pub const NETS: [(Net, RGBColor); 4] = [
    (Net::Dense, RGBColor(0, 114, 178)),
    (Net::Vanilla, RGBColor(213, 94, 0)),
    (Net::Gap, RGBColor(0, 158, 115)),
    (Net::Lap, RGBColor(204, 121, 167)),
];

/// A line through points (depth, value).
pub struct Curve {
    pub label: String,
    pub colour: RGBColor,
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// The curve of a net.
    pub fn of(net: Net, points: impl IntoIterator<Item = (usize, f64)>) -> Curve {
        let colour = NETS.iter().find(|&&(other, _)| other == net).map_or(BLACK, |&(_, colour)| colour);
        Curve::new(&format!("{net:?}").to_lowercase(), colour, points)
    }

    /// A limit that the other curves are seen against.
    pub fn limit(label: &str, points: impl IntoIterator<Item = (usize, f64)>) -> Curve {
        Curve::new(label, BLACK, points)
    }

    fn new(label: &str, colour: RGBColor, points: impl IntoIterator<Item = (usize, f64)>) -> Curve {
        let points = points.into_iter().map(|(depth, value)| (depth as f64, value)).collect();
        Curve { label: label.to_owned(), colour, points }
    }
}

/// Curves on log axes.
pub struct Panel {
    pub caption: String,
    /// What the values are.
    pub values: &'static str,
    pub range: Range<f64>,
    pub curves: Vec<Curve>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws the panels, so many in a row.
pub fn plot(path: &Path, columns: usize, panels: &[Panel]) -> anyhow::Result<()> {
    let rows = panels.len().div_ceil(columns);
    let size = |count: usize| u32::try_from(count).unwrap_or(1);
    let root = SVGBackend::new(path, (400 * size(columns), 380 * size(rows))).into_drawing_area();
    let draw = || -> Result<(), Box<dyn std::error::Error>> {
        root.fill(&WHITE)?;
        for (area, panel) in root.split_evenly((rows, columns)).iter().zip(panels) {
            panel.draw(area)?;
        }
        Ok(root.present()?)
    };
    draw().map_err(|error| anyhow!("{error}")).with_context(|| format!("cannot draw {}", path.display()))
}

impl Panel {
    fn draw(&self, area: &Area) -> Result<(), Box<dyn std::error::Error>> {
        let depths = self.curves.iter().flat_map(|curve| &curve.points).map(|&(depth, _)| depth);
        let deepest = depths.fold(3.0, f64::max);
        let mut chart = ChartBuilder::on(area)
            .caption(&self.caption, ("sans-serif", 15))
            .margin(8)
            .x_label_area_size(34)
            .y_label_area_size(56)
            .build_cartesian_2d((2.0..deepest).log_scale(), self.range.clone().log_scale())?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc("depth")
            .y_desc(self.values)
            .x_label_formatter(&|depth| format!("{depth}"))
            .y_label_formatter(&|value| format!("{value:.0e}"))
            .draw()?;
        for Curve { label, colour, points } in &self.curves {
            let width = if *colour == BLACK { 1 } else { 2 };
            chart
                .draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(width)))?
                .label(label)
                .legend(key(*colour));
        }
        chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).border_style(WHITE).draw()?;
        Ok(())
    }
}

/// A stroke of a colour for the legend.
fn key(colour: RGBColor) -> impl Fn((i32, i32)) -> PathElement<(i32, i32)> {
    move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2))
}
