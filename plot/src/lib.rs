//! Panels of curves on log axes, in one SVG file: the figures of `docs/`.
//!
//! The legend stands beside the axes, so that it covers no curve.

use anyhow::{Context, anyhow};
use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use std::ops::Range;
use std::path::Path;

/// Colours that those who see few of them can tell apart (Okabe and Ito).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(120, 120, 120),
];

/// The width and height of a panel, in pixels.
const PANEL: (u32, u32) = (440, 360);
/// The height of a line of the legend, in pixels.
const LINE: i32 = 17;
const FONT: (&str, u32) = ("sans-serif", 12);

/// Ticks of an axis, at most.
const TICKS: usize = 8;

/// A line through points, or points over names.
#[derive(Clone, Debug)]
pub struct Curve {
    label: String,
    style: Style,
    /// What stands on the first axis, see [`place`]; empty for numbers.
    names: Vec<String>,
    /// Those that a log axis has no place for are left out.
    points: Vec<(f64, f64)>,
}

#[derive(Clone, Copy, Debug)]
enum Style {
    /// The first ones have colours, those after them the same colours again and dashes.
    Number(usize),
    Limit,
}

impl Curve {
    /// A curve in the style `number`, by which it is told from the others of its panel, and known again in another panel.
    pub fn new(label: impl Into<String>, number: usize, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let points = points.into_iter().collect();
        Curve { label: label.into(), style: Style::Number(number), names: Vec::new(), points }
    }

    /// One value for each name, drawn as points: names have no order that a line could follow. All curves of a panel have the same names.
    pub fn named(
        label: impl Into<String>,
        number: usize,
        values: impl IntoIterator<Item = (impl Into<String>, f64)>,
    ) -> Self {
        let (names, values): (Vec<String>, Vec<f64>) =
            values.into_iter().map(|(name, value)| (name.into(), value)).unzip();
        let points = (1..).map(place).zip(values).collect();
        Curve { label: label.into(), style: Style::Number(number), names, points }
    }

    /// A limit that the other curves are seen against, black and thin.
    pub fn limit(label: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Curve { label: label.into(), style: Style::Limit, names: Vec::new(), points: points.into_iter().collect() }
    }

    fn shown(&self) -> impl Iterator<Item = (f64, f64)> + Clone {
        self.points.iter().copied().filter(|&(x, y)| x > 0.0 && y > 0.0 && x.is_finite() && y.is_finite())
    }

    fn stroke(&self) -> ShapeStyle {
        match self.style {
            Style::Number(number) => COLOURS[number % COLOURS.len()].stroke_width(2),
            Style::Limit => BLACK.stroke_width(1),
        }
    }

    fn dashed(&self) -> bool {
        matches!(self.style, Style::Number(number) if number >= COLOURS.len())
    }
}

/// Curves on the same axes.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it shows.
    pub caption: String,
    /// Its axes, with units.
    pub axes: [&'static str; 2],
    /// What of the second axis is shown; `None` for what the curves take up.
    pub range: Option<Range<f64>>,
    /// Its curves.
    pub curves: Vec<Curve>,
}

/// Where the name of this number, from 1 on, stands: at equal distances on a log axis.
fn place(number: usize) -> f64 {
    10f64.powi(i32::try_from(number).unwrap_or(i32::MAX))
}

/// Powers of ten between the ends of a log axis; where they are too few to read it by, numbers between them too, the roundest first.
fn ticks(range: &Range<f64>) -> Vec<f64> {
    let all_digits: Vec<u32> = (10..100).collect();
    let digits: [&[u32]; 4] = [&[10], &[10, 20, 50], &[10, 15, 20, 30, 40, 50, 60, 70, 80, 90], &all_digits];
    let decades = range.start.log10().floor() as i32..=range.end.log10().ceil() as i32;
    let with = |digits: &[u32]| -> Vec<f64> {
        let numbers = decades.clone().flat_map(|decade| digits.iter().map(move |digit| (digit, decade - 1)));
        // Read as they are written, so that they are written as they are read.
        let numbers = numbers.filter_map(|(digit, exponent)| format!("{digit}e{exponent}").parse().ok());
        numbers.filter(|number| range.contains(number)).collect()
    };
    let all = digits.into_iter().map(with).find(|ticks| ticks.len() > 2).unwrap_or_default();
    let step = all.len().div_ceil(TICKS).max(1);
    all.into_iter().step_by(step).collect()
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws the panels, so many in a row.
///
/// # Errors
/// The file cannot be written.
pub fn plot(path: &Path, columns: usize, panels: &[Panel]) -> anyhow::Result<()> {
    let columns = columns.max(1);
    let rows = panels.len().div_ceil(columns).max(1);
    let size = |count: usize| u32::try_from(count).unwrap_or(1);
    let legend = panels.iter().map(Panel::legend_width).max().unwrap_or(0);
    let size = ((PANEL.0 + legend) * size(columns), PANEL.1 * size(rows));
    let root = SVGBackend::new(path, size).into_drawing_area();
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
    /// The pixels that the legend takes beside the axes: a stroke and the longest label.
    fn legend_width(&self) -> u32 {
        let longest = self.curves.iter().map(|curve| curve.label.chars().count()).max().unwrap_or(0);
        36 + 7 * u32::try_from(longest).unwrap_or(0)
    }

    fn draw(&self, area: &Area) -> Result<(), Box<dyn std::error::Error>> {
        let span = |of: fn((f64, f64)) -> f64| {
            let values = self.curves.iter().flat_map(Curve::shown).map(of);
            let (low, high) = values.fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
            if low < high { low * 0.8..high * 1.25 } else { 0.5 * high.max(1e-12)..2.0 * high.max(1e-12) }
        };
        let (axes, legend) = area.split_horizontally(area.dim_in_pixel().0.saturating_sub(self.legend_width()));
        let names = self.curves.first().map_or(&[][..], |curve| &curve.names);
        let (x, x_ticks) = if names.is_empty() {
            let x = span(|point| point.0);
            (x.clone(), ticks(&x))
        } else {
            (place(0) * 3.0..place(names.len()) * 3.0, (1..=names.len()).map(place).collect())
        };
        let y = self.range.clone().unwrap_or_else(|| span(|point| point.1));
        let y_ticks = ticks(&y);
        let mut chart = ChartBuilder::on(&axes)
            .caption(&self.caption, ("sans-serif", 15))
            .margin(8)
            .x_label_area_size(34)
            .y_label_area_size(60)
            .build_cartesian_2d(x.log_scale().with_key_points(x_ticks), y.log_scale().with_key_points(y_ticks))?;
        let x_label = |x: &f64| match names.iter().enumerate().find(|(index, _)| place(index + 1) == *x) {
            Some((_, name)) => name.clone(),
            None if *x >= 1e6 || *x < 1e-3 => format!("{x:e}"),
            None => format!("{x}"),
        };
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc(self.axes[0])
            .y_desc(self.axes[1])
            .x_label_style((FONT.0, if names.is_empty() { FONT.1 } else { FONT.1 - 3 }))
            .axis_desc_style(FONT)
            .x_label_formatter(&x_label)
            .y_label_formatter(&|y| format!("{y:e}"))
            .draw()?;
        for (line, curve) in (0..).zip(&self.curves) {
            let height = 40 + LINE * line;
            let key = [(4, height), (24, height)];
            if !curve.names.is_empty() {
                // Rings: one shows through another.
                let point = |place: (f64, f64)| Circle::new(place, 4, curve.stroke());
                chart.draw_series(curve.shown().map(point))?;
                legend.draw(&Circle::new((14, height), 4, curve.stroke()))?;
            } else if curve.dashed() {
                chart.draw_series(DashedLineSeries::new(curve.shown(), 5, 4, curve.stroke()))?;
                legend.draw(&DashedPathElement::new(key, 5, 4, curve.stroke()))?;
            } else {
                chart.draw_series(LineSeries::new(curve.shown(), curve.stroke()))?;
                legend.draw(&PathElement::new(key, curve.stroke()))?;
            }
            legend.draw(&Text::new(curve.label.clone(), (29, height - 6), FONT))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_is_drawn_and_named_and_the_file_is_whole() {
        let path = tempfile::tempdir().unwrap().keep().join("plot.svg");
        let curves = (0..9).map(|n| Curve::new(format!("curve {n}"), n, [(1.0, 1.0 + n as f64), (10.0, 2.0)]));
        let limit = Curve::limit("limit", [(1.0, 0.5), (10.0, 0.5), (0.0, 1.0), (2.0, f64::NAN)]);
        let panel =
            Panel { caption: "what".into(), axes: ["x", "y"], range: None, curves: curves.chain([limit]).collect() };
        plot(&path, 2, &[panel.clone(), Panel { curves: vec![], ..panel }]).unwrap();
        let svg = std::fs::read_to_string(&path).unwrap();
        assert!(svg.trim_end().ends_with("</svg>") && !svg.contains("NaN"), "{svg}");
        for label in (0..9).map(|n| format!("curve {n}")).chain(["limit".to_owned(), "what".to_owned()]) {
            assert!(svg.contains(&label), "{label}");
        }
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    /// Names stand on the axis, their values are points of their own.
    #[test]
    fn names_are_places_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plot.svg");
        let curves = vec![Curve::named("machine", 0, [("f32", 1.0), ("q7.24", 1.5), ("gone", f64::NAN)])];
        plot(&path, 1, &[Panel { caption: "what".into(), axes: ["format", "y"], range: None, curves }]).unwrap();
        let svg = std::fs::read_to_string(&path).unwrap();
        for name in ["f32", "q7.24", "gone", "machine"] {
            assert!(svg.contains(&format!("\n{name}\n")), "{name}: {svg}");
        }
        // Two points and the one of the legend.
        assert_eq!(svg.matches("<circle").count(), 3, "{svg}");
    }

    /// Three at least, so that an axis can be read, and not more than fit.
    #[test]
    fn ticks_are_round_and_enough() {
        assert_eq!(ticks(&(0.8..1250.0)), [1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(ticks(&(0.8..80.0)), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!(ticks(&(0.012..0.047)), [0.015, 0.02, 0.03, 0.04]);
        assert_eq!(ticks(&(2.4..27.0)), [5.0, 10.0, 20.0]);
        assert_eq!(ticks(&(1e-16..1.0)).len(), 8);
        for start in 1..1000 {
            let start = f64::from(start) * 1e-3;
            let found = ticks(&(start..1.57 * start));
            assert!((2..=TICKS).contains(&found.len()), "{start}: {found:?}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = plot(Path::new("nowhere/plot.svg"), 1, &[]).unwrap_err();
        assert!(format!("{error:#}").contains("nowhere/plot.svg"), "{error:#}");
    }
}
