//! Confidence intervals of a mean and of a slope, at 99.9 %.

/// The two-sided 99.9 % point of Student's t: (degrees of freedom, point). It falls as they grow, so that the last line at
/// or below a number of them is on the safe side.
const STUDENT: [(usize, f64); 6] = [(7, 5.408), (15, 4.073), (19, 3.883), (30, 3.646), (60, 3.460), (120, 3.373)];

fn student(freedom: usize) -> f64 {
    STUDENT.iter().rfind(|line| line.0 <= freedom).expect("at least 7 degrees of freedom").1
}

/// center ± half.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    pub center: f64,
    pub half: f64,
}

impl Interval {
    pub fn contains(&self, value: f64) -> bool {
        (value - self.center).abs() <= self.half
    }
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of what `values` are independent samples of.
pub fn mean(values: &[f64]) -> Interval {
    let (center, freedom) = (average(values), values.len() - 1);
    let squares: f64 = values.iter().map(|value| (value - center).powi(2)).sum();
    Interval { center, half: student(freedom) * (squares / (freedom * values.len()) as f64).sqrt() }
}

/// The slope of the line through `points` (x, y) by least squares, whose residuals are independent and alike.
///
/// They need not be Gaussian: with 60 points and more the slope, a sum over all of them, nearly is.
pub fn slope(points: &[(f64, f64)]) -> Interval {
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    let (x_mean, y_mean) = (average(&x), average(&y));
    let spread: f64 = x.iter().map(|x| (x - x_mean).powi(2)).sum();
    let center = points.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum::<f64>() / spread;
    let residuals: f64 = points.iter().map(|(x, y)| (y - y_mean - center * (x - x_mean)).powi(2)).sum();
    let freedom = points.len() - 2;
    Interval { center, half: student(freedom) * (residuals / (freedom as f64 * spread)).sqrt() }
}
