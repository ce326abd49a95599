//! A report for people.

use comfy_table::{CellAlignment, Table};
use std::collections::BTreeSet;
use std::fmt::Write;

use super::progress::duration;
use crate::job::{Report, Row};

/// All accuracies in one table, a row for each network and kernel and a column for each depth; then sizes and times.
pub(super) fn render(report: &Report, verbose: bool) -> String {
    let mut text = format!("{}\n", accuracies(report));
    for row in report.failures() {
        line(&mut text, &format!("failed: {}: {}", row.name(), row.error.as_deref().unwrap_or_default()));
    }
    text.push('\n');
    facts(report, &mut text);
    if verbose {
        text.push('\n');
        let _ = writeln!(text, "{}", solves(report));
        if report.results.iter().any(|row| !row.per_class.is_empty()) {
            let _ = writeln!(text, "\n{}", classes(report));
        }
    }
    text
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

fn new_table<T: Into<String>>(header: impl IntoIterator<Item = T>, left: usize) -> Table {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::ASCII_MARKDOWN)
        .set_header(header.into_iter().map(Into::into).collect::<Vec<String>>());
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_cell_alignment(if index < left { CellAlignment::Left } else { CellAlignment::Right });
    }
    table
}

fn percent(row: &Row) -> String {
    match (&row.error, row.accuracy) {
        (Some(_), _) => "failed".to_owned(),
        (None, Some(accuracy)) => format!("{:.2}", accuracy * 100.0),
        (None, None) => "done".to_owned(),
    }
}

fn accuracies(report: &Report) -> Table {
    let depths: BTreeSet<usize> = report.results.iter().map(|row| row.depth).collect();
    let names = ["net", "kernel", "trained"].map(str::to_owned).into_iter();
    let mut table = new_table(names.chain(depths.iter().map(|depth| format!("depth {depth}"))), 3);
    let mut seen: Vec<[&str; 3]> = Vec::new();
    for row in &report.results {
        let key = [&*row.net, &*row.kernel, &*row.trained];
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let same = |other: &&Row| [&*other.net, &*other.kernel, &*other.trained] == key;
        let cell = |depth: &usize| {
            let found = report.results.iter().filter(same).find(|row| row.depth == *depth);
            found.map(percent).unwrap_or_default()
        };
        table.add_row(key.map(str::to_owned).into_iter().chain(depths.iter().map(cell)));
    }
    table
}

fn facts(report: &Report, text: &mut String) {
    if let Some(data) = &report.data {
        let (train, test) = (data.train.images, data.test.images);
        line(text, &format!("test accuracy in %, {train} training and {test} test images of {}", data.shape));
        line(text, &format!("data        {} ({}), {}", data.name, data.subset, data.source));
    }
    let threads = format!("{} thread{}", report.threads, if report.threads == 1 { "" } else { "s" });
    let precision = report.settings.get("precision").and_then(|value| value.as_str()).unwrap_or("float64");
    match &report.backend {
        Some(backend) => line(text, &format!("machine     {backend}, {threads}, {precision}")),
        None => line(text, &format!("machine     {threads}")),
    }
    if !report.passes.is_empty() {
        let rate = report.pairs as f64 / report.kernel_seconds.max(1e-9);
        let seconds = seconds(report.kernel_seconds);
        line(text, &format!("kernels     {seconds}, {} pairs, {rate:.0} pairs/s", report.pairs));
        for pass in &report.passes {
            if let Some(ns) = pass.ns_per_entry_layer {
                let rate = pass.pairs as f64 / pass.seconds.max(1e-9);
                let name = &pass.name;
                line(text, &format!("  {name:<10}{rate:.0} pairs/s, {ns:.3} ns per entry and layer on one thread"));
            }
        }
    }
    line(text, &format!("regression  {}", seconds(report.regression_seconds)));
    line(text, &format!("in all      {}", seconds(report.seconds)));
}

fn seconds(seconds: f64) -> String {
    if seconds < 60.0 { format!("{seconds:.2} s") } else { duration(seconds) }
}

fn solves(report: &Report) -> Table {
    let header = [
        "net",
        "kernel",
        "trained",
        "depth",
        "condition",
        "smallest pivot",
        "largest pivot",
        "backward error",
        "residual",
    ];
    let header = header.into_iter().chain(["solver", "iterations", "shift", "GFLOP/s"]);
    let mut table = new_table(header, 3);
    for row in &report.results {
        let names = [row.net.clone(), row.kernel.clone(), row.trained.clone(), row.depth.to_string()];
        let figures = row.solve.into_iter().flat_map(|solve| {
            let figures =
                [solve.condition, solve.pivot_min, solve.pivot_max, solve.backward_error, solve.relative_residual];
            let way = [solve.solver.to_string(), solve.iterations.to_string(), format!("{:.0e}", solve.shift)];
            figures
                .map(|figure| format!("{figure:.2e}"))
                .into_iter()
                .chain(way)
                .chain([format!("{:.1}", solve.factor_gflops)])
        });
        table.add_row(names.into_iter().chain(figures));
    }
    table
}

fn classes(report: &Report) -> Table {
    let names = report.results.iter().find(|row| !row.per_class.is_empty()).map(|row| &row.per_class);
    let names = names.into_iter().flatten().map(|class| class.class.clone());
    let header = ["net", "kernel", "trained", "depth"].map(str::to_owned).into_iter().chain(names);
    let mut table = new_table(header, 3);
    for row in &report.results {
        let names = [row.net.clone(), row.kernel.clone(), row.trained.clone(), row.depth.to_string()];
        let percent =
            |accuracy: Option<f64>| accuracy.map_or("-".to_owned(), |accuracy| format!("{:.1}", accuracy * 100.0));
        let cells = row.per_class.iter().map(|class| percent(class.accuracy));
        table.add_row(names.into_iter().chain(cells));
    }
    table
}
