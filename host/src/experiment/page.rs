//! All findings on one page that needs nothing but a browser.

use askama::Template;
use std::path::Path;

use super::finding::{Finding, shown};
use super::{ExperimentError, Setting};
use crate::job::write_atomically;

struct Section<'a> {
    finding: &'a Finding,
    svg: String,
}

#[derive(Template)]
#[template(path = "experiments.html")]
struct Page<'a> {
    data: &'a str,
    quick: bool,
    sections: Vec<Section<'a>>,
}

impl Page<'_> {
    fn optional(&self, value: &Option<f64>) -> String {
        value.as_ref().map_or("–".to_owned(), |value| value.to_string())
    }

    /// The command that leads to a finding.
    fn command<'b>(&self, finding: &'b Finding) -> &'b str {
        finding.settings["command"].as_str().unwrap_or_default()
    }

    fn shown(&self, value: &serde_json::Value) -> String {
        shown(value)
    }
}

/// The page as HTML, with its plots inside.
///
/// # Errors
/// [`ExperimentError::Plot`].
pub fn page(setting: &Setting<'_>, findings: &[Finding]) -> Result<String, ExperimentError> {
    let section = |finding| Ok(Section { finding, svg: finding.svg()? });
    let sections = findings.iter().map(section).collect::<Result<Vec<_>, ExperimentError>>()?;
    let page = Page { data: &setting.data.name, quick: setting.quick, sections };
    page.render().map_err(|error| ExperimentError::Plot(error.to_string()))
}

/// Writes the page, `NAME.html`, into a folder that is there, whole or not at all.
///
/// # Errors
/// A file that cannot be written.
pub fn write_page(
    setting: &Setting<'_>,
    findings: &[Finding],
    folder: &Path,
    name: &str,
) -> Result<(), ExperimentError> {
    Ok(write_atomically(&folder.join(format!("{name}.html")), page(setting, findings)?.as_bytes())?)
}
