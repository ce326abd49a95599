//! Panels of curves on log axes, in one SVG file.

use anyhow::{Context, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

/// Colours that those who see few of them can tell apart (Okabe and Ito).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(120, 120, 120),
];

/// A line through points.
pub struct Curve {
    /// What it is.
    pub label: String,
    /// Its points; those that a log axis has no place for are left out.
    pub points: Vec<(f64, f64)>,
}

/// Curves on the same axes.
pub struct Panel {
    /// What it shows.
    pub caption: String,
    /// Its axes.
    pub axes: [&'static str; 2],
    /// Its curves.
    pub curves: Vec<Curve>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws the panels, so many in a row.
///
/// # Errors
/// The file cannot be written.
pub fn plot(path: &Path, columns: usize, panels: &[Panel]) -> anyhow::Result<()> {
    let rows = panels.len().div_ceil(columns).max(1);
    let size = |count: usize| u32::try_from(count).unwrap_or(1);
    let root = SVGBackend::new(path, (420 * size(columns), 360 * size(rows))).into_drawing_area();
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
        let shown = |&(x, y): &(f64, f64)| x > 0.0 && y > 0.0 && x.is_finite() && y.is_finite();
        let points: Vec<(f64, f64)> =
            self.curves.iter().flat_map(|curve| &curve.points).copied().filter(|point| shown(point)).collect();
        let range = |of: fn(&(f64, f64)) -> f64| {
            let (low, high) =
                points.iter().map(of).fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
            if low < high { low * 0.8..high * 1.25 } else { 0.5 * high.max(1e-12)..2.0 * high.max(1e-12) }
        };
        let mut chart = ChartBuilder::on(area)
            .caption(&self.caption, ("sans-serif", 15))
            .margin(8)
            .x_label_area_size(34)
            .y_label_area_size(60)
            .build_cartesian_2d(range(|p| p.0).log_scale(), range(|p| p.1).log_scale())?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc(self.axes[0])
            .y_desc(self.axes[1])
            .x_label_formatter(&|x| if *x >= 1e6 { format!("{x:.0e}") } else { format!("{x}") })
            .y_label_formatter(&|y| format!("{y:.0e}"))
            .draw()?;
        for (curve, colour) in self.curves.iter().zip(COLOURS.iter().cycle()) {
            let points = curve.points.iter().copied().filter(|point| shown(point));
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                .label(&curve.label)
                .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
        }
        chart.configure_series_labels().position(SeriesLabelPosition::UpperRight).border_style(WHITE).draw()?;
        Ok(())
    }
}
