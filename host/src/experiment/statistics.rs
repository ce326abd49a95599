//! Means and slopes with their uncertainty.

use std::fmt;
use ultrawide_plot::Curve;

/// Two-sided 95 % points of Student's t: (degrees of freedom, point). It falls as they grow, so that the last line at or below a number
/// of them is on the safe side.
const STUDENT: [(usize, f64); 16] = [
    (1, 12.706),
    (2, 4.303),
    (3, 3.182),
    (4, 2.776),
    (5, 2.571),
    (6, 2.447),
    (7, 2.365),
    (8, 2.306),
    (9, 2.262),
    (10, 2.228),
    (12, 2.179),
    (15, 2.131),
    (20, 2.086),
    (30, 2.042),
    (60, 2.000),
    (120, 1.980),
];

/// A value with its 95 % confidence interval, center ± half.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Interval {
    /// The estimate.
    pub center: f64,
    /// Half of the interval; infinite where there are too few values to tell.
    pub half: f64,
}

impl Interval {
    /// Whether a value lies in it.
    pub fn contains(&self, value: f64) -> bool {
        (value - self.center).abs() <= self.half
    }

    /// Its ends, as far as they lie between two bounds that the value cannot leave: what is cut off held nothing possible, so that the rest covers as often.
    ///
    /// # Accuracy
    /// One rounding for each end.
    pub fn within(&self, bounds: [f64; 2]) -> [f64; 2] {
        [self.center - self.half, self.center + self.half].map(|end| end.clamp(bounds[0], bounds[1]))
    }
}

/// With three decimals or as many as are asked for; what says nothing is left out, or a dash.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(3);
        if !self.center.is_finite() {
            return write!(f, "–");
        }
        write!(f, "{:.decimals$}", self.center)?;
        if self.half.is_finite() { write!(f, " ± {:.decimals$}", self.half) } else { Ok(()) }
    }
}

/// What has no bounds.
pub const ANY: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];
/// The bounds of a share.
pub const SHARE: [f64; 2] = [0.0, 1.0];
/// The bounds of a correlation.
pub const CORRELATION: [f64; 2] = [-1.0, 1.0];

/// The intervals, within these bounds, as error bars; one that is unknown has none.
///
/// # Accuracy
/// That of [`Interval::within`].
pub fn bars(values: &[(f64, Interval)], bounds: [f64; 2]) -> impl Iterator<Item = (f64, f64, f64)> {
    let known = values.iter().filter(|(_, value)| value.half.is_finite());
    known.map(move |(x, value)| {
        let [low, high] = value.within(bounds);
        (*x, low, high)
    })
}

/// What was measured at some x, as dots with error bars within these bounds.
pub fn measured(label: impl Into<String>, number: usize, values: &[(f64, Interval)], bounds: [f64; 2]) -> Curve {
    Curve::dots(label, number, values.iter().map(|(x, value)| (*x, value.center))).with_bars(bars(values, bounds))
}

fn student(freedom: usize) -> f64 {
    STUDENT.iter().rfind(|line| line.0 <= freedom).map_or(f64::INFINITY, |line| line.1)
}

fn average(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// The mean of what `values` are independent samples of.
///
/// # Accuracy
/// Mean and interval 1e-14 of a few numbers. The interval is Student's t to three decimals, between the listed degrees of freedom the wider one:
/// 95 % of Gaussian samples or a little more. NaN without samples.
pub fn mean(values: &[f64]) -> Interval {
    let center = average(values.iter().copied());
    let freedom = values.len().saturating_sub(1);
    let squares: f64 = values.iter().map(|value| (value - center).powi(2)).sum();
    let half = if freedom == 0 {
        f64::INFINITY
    } else {
        student(freedom) * (squares / (freedom * values.len()) as f64).sqrt()
    };
    Interval { center, half }
}

/// y = factor·x^slope.
#[derive(Clone, Copy, Debug)]
pub struct PowerLaw {
    /// The power.
    pub slope: Interval,
    /// y at x = 1.
    pub factor: f64,
    /// The least x that it was fitted to.
    pub from: f64,
    x_mean: f64,
    spread: f64,
    count: f64,
}

impl PowerLaw {
    /// The line through the logarithms of `points` by least squares.
    ///
    /// # Accuracy
    /// 1e-14 of a few points. The intervals cover 95 % or a little more where the residuals are independent, alike and Gaussian. Points that a log
    /// axis has no place for are left out; of fewer than two different x the slope is NaN.
    pub fn fit(points: &[(f64, f64)]) -> Self {
        let logs: Vec<(f64, f64)> =
            points.iter().map(|(x, y)| (x.ln(), y.ln())).filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        let x_mean = average(logs.iter().map(|log| log.0));
        let y_mean = average(logs.iter().map(|log| log.1));
        let spread: f64 = logs.iter().map(|(x, _)| (x - x_mean).powi(2)).sum();
        let center = logs.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum::<f64>() / spread;
        let residuals: f64 = logs.iter().map(|(x, y)| (y - y_mean - center * (x - x_mean)).powi(2)).sum();
        let freedom = logs.len().saturating_sub(2);
        let half = student(freedom) * (residuals / (freedom as f64 * spread)).sqrt();
        let slope = Interval { center, half: if freedom == 0 { f64::INFINITY } else { half } };
        let from = logs.iter().map(|log| log.0).fold(f64::INFINITY, f64::min).exp();
        PowerLaw { slope, factor: (y_mean - center * x_mean).exp(), from, x_mean, spread, count: logs.len() as f64 }
    }

    /// The same through the wider half of the widths, at least two: what narrow nets do, the law of wide ones does not tell.
    ///
    /// # Accuracy
    /// That of [`fit`](Self::fit).
    pub fn of_wide(points: &[(f64, f64)]) -> Self {
        let mut widths: Vec<f64> = points.iter().map(|point| point.0).collect();
        widths.sort_by(f64::total_cmp);
        widths.dedup();
        let narrow = (widths.len() / 2).min(widths.len().saturating_sub(2));
        let wide = points.iter().filter(|point| widths[narrow..].contains(&point.0));
        Self::fit(&wide.copied().collect::<Vec<_>>())
    }

    /// Its value.
    ///
    /// # Accuracy
    /// A power in `f64`: some ε times 1 + |slope · ln x|, 1e-14 near x = 1.
    pub fn at(&self, x: f64) -> f64 {
        self.factor * x.powf(self.slope.center)
    }

    /// The 95 % confidence interval of the line at x.
    ///
    /// # Accuracy
    /// The interval covers as much as that of the slope; its ends are as right as [`at`](Self::at), 1e-14.
    pub fn band(&self, x: f64) -> (f64, f64) {
        // half / spread^(−½) is t·s, the error of one residual.
        let half = self.slope.half * (self.spread / self.count + (x.ln() - self.x_mean).powi(2)).sqrt();
        (self.at(x) * (-half).exp(), self.at(x) * half.exp())
    }

    /// A curve with its band, in the style of what was measured at these x; none where there is no slope.
    pub fn curve(&self, number: usize, measured: &[(f64, Interval)]) -> Option<Curve> {
        // The logarithm and back.
        let x = || measured.iter().map(|at| at.0).filter(|x| *x >= self.from * (1.0 - 1e-9));
        let band = x().map(|x| (x, self.band(x).0, self.band(x).1)).filter(|band| band.2.is_finite());
        let label = format!("∝ width^{:.2}", self.slope.center);
        let curve = || Curve::new(label, number, x().map(|x| (x, self.at(x)))).with_band(band);
        self.slope.center.is_finite().then(curve)
    }
}

/// √(mean of the squares).
///
/// # Accuracy
/// 1e-14 of a few numbers: a plain sum in `f64`.
pub fn root_mean_square(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| (sum + value * value, count + 1));
    (sum / count as f64).sqrt()
}

/// Pearson's correlation of pairs; NaN where one of them does not vary.
///
/// # Accuracy
/// 1e-14 of a few pairs: plain sums in `f64` of differences from the means.
pub fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let (x_mean, y_mean) = (average(pairs.iter().map(|pair| pair.0)), average(pairs.iter().map(|pair| pair.1)));
    let sum = |of: fn(f64, f64) -> f64| pairs.iter().map(|(x, y)| of(x - x_mean, y - y_mean)).sum::<f64>();
    sum(|x, y| x * y) / (sum(|x, _| x * x) * sum(|_, y| y * y)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::precision::TEXTBOOK;

    #[test]
    fn means_and_slopes_are_those_of_the_textbook() {
        // By hand: the variance of 1, 2, 3, 4 is 5/3.
        let of_four = mean(&[1.0, 2.0, 3.0, 4.0]);
        assert!(
            (of_four.center - 2.5).abs() < TEXTBOOK && (of_four.half - 3.182 * (5.0f64 / 12.0).sqrt()).abs() < TEXTBOOK
        );
        assert_eq!(format!("{:.1}, {}", of_four, mean(&[7.0])), "2.5 ± 2.1, 7.000");
        assert_eq!(
            bars(&[(1.0, mean(&[7.0])), (2.0, Interval { center: 3.0, half: 1.0 })], [0.0, 3.5]).collect::<Vec<_>>(),
            [(2.0, 2.0, 3.5)]
        );
        assert!(mean(&[7.0]).half.is_infinite() && mean(&[]).center.is_nan());
        let exact: Vec<(f64, f64)> = [1.0, 4.0, 16.0, 64.0].map(|x: f64| (x, 3.0 * x.powf(-0.5))).to_vec();
        let law = PowerLaw::fit(&exact);
        assert!(
            (law.slope.center + 0.5).abs() < TEXTBOOK
                && law.slope.half < TEXTBOOK
                && (law.factor - 3.0).abs() < TEXTBOOK
        );
        assert!((law.at(4.0) - 1.5).abs() < TEXTBOOK && (law.band(4.0).1 - 1.5).abs() < TEXTBOOK);
        assert_eq!(law.from, exact[0].0);
        assert!(PowerLaw::of_wide(&exact).from > exact[1].0);
        let [one, two] = [1, 2].map(|count| PowerLaw::of_wide(&exact[..count]));
        assert!((two.slope.center + 0.5).abs() < TEXTBOOK && two.slope.half.is_infinite());
        assert!(one.curve(0, &[]).is_none() && format!("{}", one.slope) == "–");
        // ln y = 0, 1, 1 at ln x = 0, 1, 2: slope ½, residuals −1/6, 1/3, −1/6.
        let e = std::f64::consts::E;
        let law = PowerLaw::fit(&[(1.0, 1.0), (e, e), (e * e, e), (0.0, 1.0), (1.0, -1.0)]);
        let slope = law.slope;
        assert!(
            (slope.center - 0.5).abs() < TEXTBOOK && (slope.half - 12.706 * (1.0f64 / 12.0).sqrt()).abs() < TEXTBOOK
        );
        assert!(slope.contains(-0.5) && !slope.contains(9.0));
        // At the mean of x the line is known as the mean of three: t·s/√3 with s² = 1/6.
        let half = 12.706 * (1.0f64 / 18.0).sqrt();
        assert!((law.band(e).1 / law.at(e) - half.exp()).abs() < TEXTBOOK * half.exp());
    }

    #[test]
    fn correlations_are_those_of_the_textbook() {
        assert!((correlation(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]) - 1.0).abs() < TEXTBOOK);
        assert!((correlation(&[(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)])).abs() < TEXTBOOK);
        assert!((correlation(&[(0.0, 0.0), (1.0, -1.0), (2.0, -1.0)]) + 0.75f64.sqrt()).abs() < TEXTBOOK);
        assert!((root_mean_square([3.0, -4.0, 0.0, 0.0].into_iter()) - 2.5).abs() < TEXTBOOK);
    }
}
