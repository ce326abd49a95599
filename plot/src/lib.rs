//! Panels of curves, in one SVG document: the figures of `docs/` and of the experiments.
//!
//! The legend stands beside the axes, so that it covers no curve.

use anyhow::{Context, anyhow};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, KeyPointWeight, NoDefaultFormatting, Ranged, ValueFormatter};
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

/// A line through points, or points alone.
#[derive(Clone, Debug)]
pub struct Curve {
    label: String,
    style: Style,
    /// What stands on the first axis; empty for numbers.
    names: Vec<String>,
    /// Whether the points are no line.
    dots: bool,
    /// Those that a log axis has no place for are left out.
    points: Vec<(f64, f64)>,
    /// (x, low, high).
    bars: Vec<(f64, f64, f64)>,
    /// (x, low, high), filled.
    band: Vec<(f64, f64, f64)>,
}

#[derive(Clone, Copy, Debug)]
enum Style {
    /// The first ones have colours, those after them the same colours again and dashes.
    Number(usize),
    Limit,
}

impl Curve {
    fn with(label: impl Into<String>, style: Style, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let points = points.into_iter().collect();
        Curve { label: label.into(), style, names: Vec::new(), dots: false, points, bars: Vec::new(), band: Vec::new() }
    }

    /// A curve in the style `number`, by which it is told from the others of its panel, and known again in another panel.
    pub fn new(label: impl Into<String>, number: usize, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self::with(label, Style::Number(number), points)
    }

    /// What a curve of that number tends to: in its colour, dashed.
    pub fn dashed(label: impl Into<String>, number: usize, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self::new(label, number % COLOURS.len() + COLOURS.len(), points)
    }

    /// Points without a line.
    pub fn dots(label: impl Into<String>, number: usize, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Curve { dots: true, ..Self::new(label, number, points) }
    }

    /// One value for each name, drawn as points: names have no order that a line could follow. All curves of a panel have the same names.
    pub fn named(
        label: impl Into<String>,
        number: usize,
        values: impl IntoIterator<Item = (impl Into<String>, f64)>,
    ) -> Self {
        let (names, values): (Vec<String>, Vec<f64>) =
            values.into_iter().map(|(name, value)| (name.into(), value)).unzip();
        Curve { names, ..Self::dots(label, number, (1..).map(f64::from).zip(values)) }
    }

    /// A limit that the other curves are seen against, black and thin.
    pub fn limit(label: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self::with(label, Style::Limit, points)
    }

    /// Error bars: (x, low, high).
    pub fn with_bars(mut self, bars: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        self.bars = bars.into_iter().collect();
        self
    }

    /// A band around the curve: (x, low, high).
    pub fn with_band(mut self, band: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        self.band = band.into_iter().collect();
        self
    }

    fn stroke(&self) -> ShapeStyle {
        match self.style {
            Style::Number(number) => COLOURS[number % COLOURS.len()].stroke_width(2),
            Style::Limit => BLACK.stroke_width(1),
        }
    }

    fn is_dashed(&self) -> bool {
        matches!(self.style, Style::Number(number) if number >= COLOURS.len())
    }
}

/// How an axis is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// By factors; numbers of 0 and below have no place.
    #[default]
    Log,
    /// By distances.
    Linear,
    /// The same, read at whole numbers alone: of what is counted there is no half.
    Whole,
}

impl Scale {
    /// Where a number stands.
    fn place(self, value: f64) -> f64 {
        if self == Scale::Log { value.log10() } else { value }
    }

    /// Whether it stands anywhere.
    fn has(self, value: f64) -> bool {
        self.place(value).is_finite()
    }
}

/// An axis as plotters takes it.
struct Axis {
    scale: Scale,
    ends: Range<f64>,
    /// The numbers that it is read by, as they are written.
    ticks: Vec<(f64, String)>,
}

impl Axis {
    fn new(scale: Scale, ends: Range<f64>) -> Self {
        let (ticks, written): (_, fn(f64) -> String) = match scale {
            Scale::Log => (ticks(&ends), written),
            Scale::Linear => (steps(&ends, false), written),
            Scale::Whole => (steps(&ends, true), written),
        };
        let ticks = ticks.into_iter().map(|tick| (tick, written(tick))).collect();
        Axis { scale, ends, ticks }
    }

    /// A little longer than what is to stand on it.
    fn around(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let standing = values.filter(|&value| scale.has(value));
        let (low, high) = standing.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let ends = match scale {
            Scale::Log if low < high => low * 0.8..high * 1.25,
            Scale::Log => 0.5 * high.max(1e-12)..2.0 * high.max(1e-12),
            _ if low < high => low - 0.05 * (high - low)..high + 0.05 * (high - low),
            _ if low == high => low - 1.0..high + 1.0,
            _ => 0.0..1.0,
        };
        Self::new(scale, ends)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let [low, high, place] = [self.ends.start, self.ends.end, *value].map(|value| self.scale.place(value));
        start + ((place - low) / (high - low) * f64::from(end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight() {
            KeyPointWeight::Bold => self.ticks.iter().map(|(tick, _)| *tick).collect(),
            KeyPointWeight::Any => vec![],
        }
    }

    fn range(&self) -> Range<f64> {
        self.ends.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.ticks.iter().find(|(tick, _)| tick == value).map(|(_, written)| written.clone()).unwrap_or_default()
    }
}

/// Curves on the same axes.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    /// What it shows.
    pub caption: String,
    /// Its axes, with units.
    pub axes: [&'static str; 2],
    /// How they are divided.
    pub scales: [Scale; 2],
    /// What of the second axis is shown; `None` for what the curves take up.
    pub range: Option<Range<f64>>,
    /// Its curves.
    pub curves: Vec<Curve>,
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

/// Multiples of the least of 1, 2, 5, 10, … of which not too many lie between the ends of a linear axis; `whole` ones, where no others are wanted.
fn steps(range: &Range<f64>, whole: bool) -> Vec<f64> {
    let decade = (range.end - range.start).log10().floor() as i32 - 1;
    let decade = if whole { decade.max(0) } else { decade };
    let sizes = (decade..decade + 3).flat_map(|decade| [1, 2, 5].map(|digit| (digit, decade)));
    let multiples = |(digit, exponent): (i32, i32)| -> Vec<f64> {
        let step = f64::from(digit) * 10f64.powi(exponent);
        let (first, last) = ((range.start / step).ceil() as i64, (range.end / step).floor() as i64);
        // Read as they are written: multiples of 0.1 are not exact.
        (first..=last).filter_map(|n| format!("{}e{exponent}", n * i64::from(digit)).parse().ok()).collect()
    };
    sizes.map(multiples).find(|ticks| ticks.len() <= TICKS).unwrap_or_default()
}

/// A number beside an axis.
fn written(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e6).contains(&value.abs()) { format!("{value:e}") } else { format!("{value}") }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws the panels, so many in a row, into a file.
///
/// # Errors
/// The file cannot be written.
pub fn plot(path: &Path, columns: usize, panels: &[Panel]) -> anyhow::Result<()> {
    let drawn = svg(columns, panels).and_then(|svg| Ok(std::fs::write(path, svg)?));
    drawn.with_context(|| format!("cannot draw {}", path.display()))
}

/// Draws the panels, so many in a row: an SVG document.
///
/// # Errors
/// Whatever plotters refuses.
pub fn svg(columns: usize, panels: &[Panel]) -> anyhow::Result<String> {
    let columns = columns.max(1);
    let rows = panels.len().div_ceil(columns).max(1);
    let size = |count: usize| u32::try_from(count).unwrap_or(1);
    let legend = panels.iter().map(Panel::legend_width).max().unwrap_or(0);
    let size = ((PANEL.0 + legend) * size(columns), PANEL.1 * size(rows));
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    let draw = || -> Result<(), Box<dyn std::error::Error>> {
        root.fill(&WHITE)?;
        for (area, panel) in root.split_evenly((rows, columns)).iter().zip(panels) {
            panel.draw(area)?;
        }
        Ok(root.present()?)
    };
    draw().map_err(|error| anyhow!("{error}"))?;
    drop(root);
    Ok(svg)
}

impl Panel {
    /// The pixels that the legend takes beside the axes: a stroke and the longest label.
    fn legend_width(&self) -> u32 {
        let longest = self.curves.iter().map(|curve| curve.label.chars().count()).max().unwrap_or(0);
        36 + 7 * u32::try_from(longest).unwrap_or(0)
    }

    fn draw(&self, area: &Area) -> Result<(), Box<dyn std::error::Error>> {
        let (axes, legend) = area.split_horizontally(area.dim_in_pixel().0.saturating_sub(self.legend_width()));
        let names = self.curves.first().map_or(&[][..], |curve| &curve.names);
        let x = if names.is_empty() {
            Axis::around(self.scales[0], self.curves.iter().flat_map(|curve| &curve.points).map(|point| point.0))
        } else {
            let ticks = (1..).map(f64::from).zip(names.iter().cloned()).collect();
            Axis { scale: Scale::Linear, ends: 0.5..names.len() as f64 + 0.5, ticks }
        };
        let bars = self.curves.iter().flat_map(|curve| &curve.bars).flat_map(|&(_, low, high)| [low, high]);
        let points = self.curves.iter().flat_map(|curve| &curve.points).map(|point| point.1);
        let y = match &self.range {
            Some(range) => Axis::new(self.scales[1], range.clone()),
            None => Axis::around(self.scales[1], points.chain(bars)),
        };
        let (across, up, ends) = (x.scale, y.scale, y.ends.clone());
        let mut chart = ChartBuilder::on(&axes)
            .caption(&self.caption, ("sans-serif", 15))
            .margin(8)
            .x_label_area_size(34)
            .y_label_area_size(60)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc(self.axes[0])
            .y_desc(self.axes[1])
            .x_label_style((FONT.0, if names.is_empty() { FONT.1 } else { FONT.1 - 3 }))
            .axis_desc_style(FONT)
            .draw()?;
        for (line, curve) in (0..).zip(&self.curves) {
            let height = 40 + LINE * line;
            let key = [(4, height), (24, height)];
            let stands = |&(x, y): &(f64, f64)| across.has(x) && up.has(y);
            let shown = || curve.points.iter().copied().filter(stands);
            let (lower, upper) =
                (curve.band.iter().map(|&(x, low, _)| (x, low)), curve.band.iter().map(|&(x, _, high)| (x, high)));
            let outline: Vec<(f64, f64)> =
                lower.chain(upper.rev()).map(|(x, y)| (x, y.clamp(ends.start, ends.end))).collect();
            if !outline.is_empty() && outline.iter().all(stands) {
                chart.draw_series([Polygon::new(outline, curve.stroke().color.mix(0.15))])?;
            }
            for &(x, low, high) in &curve.bars {
                let bar = [(x, low.max(ends.start)), (x, high.min(ends.end))];
                if bar.iter().all(stands) {
                    chart.draw_series(LineSeries::new(bar, curve.stroke().stroke_width(1)))?;
                }
            }
            if curve.dots {
                // Rings: one shows through another.
                let radius = if curve.points.len() > 40 { 2 } else { 4 };
                chart.draw_series(shown().map(|place| Circle::new(place, radius, curve.stroke())))?;
                legend.draw(&Circle::new((14, height), 4, curve.stroke()))?;
            } else if curve.is_dashed() {
                chart.draw_series(DashedLineSeries::new(shown(), 5, 4, curve.stroke()))?;
                legend.draw(&DashedPathElement::new(key, 5, 4, curve.stroke()))?;
            } else {
                chart.draw_series(LineSeries::new(shown(), curve.stroke()))?;
                legend.draw(&PathElement::new(key, curve.stroke()))?;
                // What was measured, which may be a single point.
                if !curve.bars.is_empty() || curve.points.len() == 1 {
                    chart.draw_series(shown().map(|place| Circle::new(place, 2, curve.stroke())))?;
                }
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
        let tends = Curve::dashed("tends", 1, [(1.0, 2.0), (10.0, 2.0)]);
        assert!(tends.is_dashed() && !limit.is_dashed());
        let panel = Panel {
            caption: "what".into(),
            axes: ["x", "y"],
            curves: curves.chain([limit, tends]).collect(),
            ..Panel::default()
        };
        plot(&path, 2, &[panel.clone(), Panel { curves: vec![], ..panel }]).unwrap();
        let svg = std::fs::read_to_string(&path).unwrap();
        assert!(svg.trim_end().ends_with("</svg>") && !svg.contains("NaN"), "{svg}");
        for label in (0..9).map(|n| format!("curve {n}")).chain(["limit", "tends", "what"].map(str::to_owned)) {
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
        plot(&path, 1, &[Panel { caption: "what".into(), axes: ["format", "y"], curves, ..Panel::default() }]).unwrap();
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
    fn linear_axes_have_round_steps() {
        assert_eq!(steps(&(0.0..1.0), false), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(steps(&(-0.13..0.4), false), [-0.1, 0.0, 0.1, 0.2, 0.3, 0.4]);
        assert_eq!(steps(&(97.0..99.9), false), [97.0, 97.5, 98.0, 98.5, 99.0, 99.5]);
        for size in 1..500 {
            let range = -f64::from(size) * 1e-3..f64::from(size * size) * 1e-2;
            assert!((3..=TICKS).contains(&steps(&range, false).len()), "{range:?}: {:?}", steps(&range, false));
        }
    }

    #[test]
    fn what_is_counted_is_read_at_whole_numbers() {
        let ticks = |values: [f64; 2]| -> Vec<f64> {
            Axis::around(Scale::Whole, values.into_iter()).ticks.iter().map(|tick| tick.0).collect()
        };
        assert_eq!(ticks([3.0, 4.0]), [3.0, 4.0]);
        assert_eq!(ticks([3.0, 6.0]), [3.0, 4.0, 5.0, 6.0]);
        assert_eq!(ticks([3.0, 21.0]), [5.0, 10.0, 15.0, 20.0]);
        assert_eq!(ticks([3.0, 3.0]), [2.0, 3.0, 4.0]);
    }

    #[test]
    fn bars_and_numbers_below_zero_are_drawn_on_linear_axes() {
        let curve = Curve::new("curve", 0, [(-1.0, -2.0), (1.0, 2.0)])
            .with_bars([(-1.0, -3.0, -1.0), (1.0, 1.5, 2.5)])
            .with_band([(-1.0, -2.5, -1.5), (1.0, 1.8, 2.2)]);
        let dots = Curve::dots("dots", 1, [(0.0, 0.0)]);
        let scales = [Scale::Linear; 2];
        let panel = Panel { axes: ["x", "y"], scales, curves: vec![curve, dots], ..Panel::default() };
        let svg = svg(1, &[panel]).unwrap();
        for label in ["-3", "-1", "0.5", "curve", "dots"] {
            assert!(svg.contains(&format!("\n{label}\n")), "{label}: {svg}");
        }
        assert_eq!(svg.matches("<polygon").count(), 1, "{svg}");
        // The curve, its two bars and its place in the legend; axes and their ticks are polylines, too.
        assert!(svg.matches("#0072B2").count() >= 4 && !svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = plot(Path::new("nowhere/plot.svg"), 1, &[]).unwrap_err();
        assert!(format!("{error:#}").contains("nowhere/plot.svg"), "{error:#}");
    }
}
