//! What an experiment has found, in a form that a table, a file and a page can show.

use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;
use ultrawide_plot::{Panel, svg};

use super::ExperimentError;
use super::statistics::Interval;
use crate::job::{JobError, Software, write_atomically};

/// A number that theory knows, or that tells how far reality is.
#[derive(Clone, Debug, Serialize)]
pub struct Claim {
    /// What it is.
    pub what: String,
    /// What was found, with its 95 % confidence interval.
    pub found: Interval,
    /// What theory says, if it says a number.
    pub expected: Option<f64>,
}

/// The outcome of one experiment.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The software that ran.
    pub software: Software,
    /// The experiment, as the command names it.
    pub name: &'static str,
    /// What it shows, in a few words.
    pub title: &'static str,
    /// The statement as a formula.
    pub formula: &'static str,
    /// What is seen, in a few sentences.
    pub text: Vec<String>,
    /// The settings, as they were used.
    pub settings: Value,
    /// The seconds that it took; in no file, so that files of the same seed are the same.
    #[serde(skip)]
    pub seconds: f64,
    /// The figures that matter.
    pub claims: Vec<Claim>,
    /// The names of the columns.
    pub columns: Vec<&'static str>,
    /// The rows, a value for each column.
    pub rows: Vec<Vec<Value>>,
    /// The plot.
    #[serde(skip)]
    pub panels: Vec<Panel>,
}

impl Finding {
    /// The plot as an SVG document.
    ///
    /// # Errors
    /// [`ExperimentError::Plot`].
    pub fn svg(&self) -> Result<String, ExperimentError> {
        svg(self.panels.len().min(2), &self.panels).map_err(|error| ExperimentError::Plot(format!("{error:#}")))
    }

    /// The rows as CSV.
    ///
    /// # Errors
    /// No memory.
    pub fn csv(&self) -> Result<Vec<u8>, ExperimentError> {
        let failed = |error: csv::Error| JobError::Input(format!("the rows cannot be written as CSV: {error}"));
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.columns).map_err(failed)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(plain)).map_err(failed)?;
        }
        writer.into_inner().map_err(|error| failed(error.into_error().into()).into())
    }

    /// Writes `NAME.csv`, `NAME.json` and `NAME.svg` into a folder that is there, each whole or not at all.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ExperimentError> {
        let file = |extension: &str| folder.join(format!("{}.{extension}", self.name));
        let json = serde_json::to_vec_pretty(self)
            .map_err(|error| JobError::Input(format!("the finding cannot be written as JSON: {error}")))?;
        write_atomically(&file("csv"), &self.csv()?)?;
        write_atomically(&file("json"), &json)?;
        write_atomically(&file("svg"), self.svg()?.as_bytes())?;
        Ok(())
    }
}

/// A value as a table shows it.
pub fn shown(value: &Value) -> String {
    match value.as_f64() {
        _ if value.is_u64() => plain(value),
        Some(number) if number != 0.0 && !(1e-2..1e4).contains(&number.abs()) => format!("{number:.2e}"),
        Some(number) => format!("{number:.4}"),
        None => plain(value),
    }
}

/// A mean with the ends of its interval, for the columns of a row; of an unknown interval no ends.
pub(super) fn bounded(value: &Interval, bounds: [f64; 2]) -> [Value; 3] {
    let [low, high] = if value.half.is_finite() { value.within(bounds) } else { [f64::NAN; 2] };
    [value.center, low, high].map(|number| json!(number))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
