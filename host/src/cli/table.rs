//! A report for people.

use comfy_table::{CellAlignment, Table};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use super::progress::duration;
use crate::job::{MemoryUse, PassPlan, PlanReport, RegressionPlan, Report, Row, ShareReport, SweepReport};

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

/// What a process did for its share, and what is left.
pub(super) fn share(report: &ShareReport, store: Option<&Path>) -> String {
    let ShareReport { shard, tiles, computed_tiles, missing_tiles, .. } = report;
    let took = seconds(report.kernel_seconds);
    let mut text =
        format!("shard {shard}: {tiles} tiles are stored, {computed_tiles} of them computed now in {took}\n");
    let store = store.unwrap_or(Path::new("")).display();
    line(
        &mut text,
        &match missing_tiles {
            0 => format!("the store is complete: ultrawide regress --store {store}"),
            missing => format!("{missing} tiles of the store are still missing, of other shards"),
        },
    );
    text
}

/// What a run costs: a table of its parts, then memory and disk.
pub(super) fn plan(report: &PlanReport) -> String {
    let many = report.nodes > 1;
    let mut header = ["part", "pairs", "entries x layers", "operations", "time"].map(str::to_owned).to_vec();
    if many {
        header.push(format!("time on {} nodes", report.nodes));
    }
    let mut table = new_table(header, 1);
    let mut row = |part: &str, pairs: String, figures: [Option<f64>; 2], times: [f64; 2]| {
        let figures = figures.map(|figure| figure.map_or(String::new(), |figure| format!("{figure:.2e}")));
        let times = times.into_iter().map(seconds).take(if many { 2 } else { 1 });
        table.add_row([part.to_owned(), pairs].into_iter().chain(figures).chain(times));
    };
    row("preparation", String::new(), [None; 2], [report.preparation_seconds; 2]);
    for PassPlan { name, pairs, entry_layers, operations, seconds, nodes_seconds, .. } in &report.passes {
        row(name, pairs.to_string(), [Some(*entry_layers), Some(*operations)], [*seconds, *nodes_seconds]);
    }
    if let Some(regression) = &report.regression {
        let part = format!("{} regression{}", regression.count, if regression.count == 1 { "" } else { "s" });
        let times = [regression.seconds, regression.nodes_seconds];
        row(&part, String::new(), [None, Some(regression.operations)], times);
    }
    let entry_layers = report.passes.iter().map(|pass| pass.entry_layers).sum();
    let times = [report.seconds, report.nodes_seconds];
    row("total", report.pairs.to_string(), [Some(entry_layers), Some(report.operations)], times);

    let mut text = format!("{table}\n\n");
    let (train, test) = (report.data.train.images, report.data.test.images);
    line(&mut text, &format!("{train} training and {test} test images of {}", report.data.shape));
    let threads = format!("{} thread{}", report.threads, if report.threads == 1 { "" } else { "s" });
    line(&mut text, &format!("machine     {}, {threads}", report.backend));
    if report.cores_got < 0.9 {
        let (got, busy) = (100.0 * report.cores_got, seconds(report.seconds / report.cores_got));
        line(
            &mut text,
            &format!("            other work left {got:.0} % of the cores: as busy as that, a run takes {busy}"),
        );
    }
    if let Some(regression) = &report.regression {
        steps(&mut text, regression, report.nodes);
    }
    let memory = &report.memory;
    let available = match memory.available {
        None => "how much there is, this system does not tell".to_owned(),
        Some(available) => format!("{} available", bytes(available as f64)),
    };
    let refused = if memory.fits == Some(false) { ": too little, a run is refused" } else { "" };
    line(&mut text, &format!("memory      {} at the peak, {available}{refused}", bytes(memory.bytes)));
    if let Some(memory) = &report.nodes_memory {
        let (nodes, least) = (report.nodes, bytes(memory.bytes));
        line(
            &mut text,
            &format!(
                "            {least} on the first of {nodes} nodes of run --mpi, where its peak is; less on the others"
            ),
        );
    }
    let disk = &report.disk;
    let size = bytes(disk.bytes as f64);
    match (&disk.folder, disk.missing) {
        (Some(folder), Some(missing)) => {
            let free = disk.free.map_or("how much is free, this system does not tell".to_owned(), |free| {
                format!("{} free", bytes(free as f64))
            });
            let missing = bytes(missing as f64);
            line(
                &mut text,
                &format!("disk        {size} in {} files, {missing} still to be written, {free}", disk.files),
            );
            if let Some(refused) = &disk.refused {
                line(&mut text, &format!("            a run is refused: {refused}"));
            } else {
                line(&mut text, &format!("            in {folder}"));
            }
        }
        _ => line(&mut text, &format!("disk        none; a --store would take {size} in {} files", disk.files)),
    }
    text
}

/// Of an iteration how many steps are reckoned with, as nobody knows them beforehand.
fn steps(text: &mut String, regression: &RegressionPlan, nodes: usize) {
    let range = |[few, many]: [f64; 2]| format!("{} to {}", seconds(few), seconds(many));
    let RegressionPlan { solver, steps, seconds_range, nodes_solver, nodes_seconds_range, .. } = regression;
    if let Some([few, many]) = steps {
        let times = range(*seconds_range);
        line(
            text,
            &format!("regression  {solver}: {times}, with {few:.0} to {many:.0} steps each, as other kernels took"),
        );
    }
    if nodes > 1 && (nodes_solver != solver || steps.is_some()) {
        line(text, &format!("            on {nodes} nodes {nodes_solver}: {}", range(*nodes_seconds_range)));
    }
}

/// Bytes as a reader takes them in: with three digits and a unit.
fn bytes(bytes: f64) -> String {
    const UNITS: [&str; 7] = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
    let (mut value, mut unit) = (bytes, 0);
    // As it will be rounded.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1e3, unit + 1);
    }
    let decimals = if unit == 0 || value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} {}", UNITS[unit])
}

/// A row for each kernel and ridge or time.
pub(super) fn sweep(report: &SweepReport) -> String {
    let header =
        ["net", "kernel", "trained", "depth", "ridge", "time", "accuracy", "left out", "left-out error", "condition"];
    let variance = report.results.iter().any(|row| row.variance.is_some());
    let header = header.into_iter().chain(variance.then_some("variance"));
    let mut table = new_table(header, 3);
    let percent = |value: Option<f64>| value.map_or(String::new(), |value| format!("{:.2}", value * 100.0));
    let figure = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.3e}"));
    let plain = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:e}"));
    for row in &report.results {
        let names = [row.net.clone(), row.kernel.clone(), row.trained.clone(), row.depth.to_string()];
        let settings = [plain(row.ridge), plain(row.time)];
        let failed = row.error.is_some().then(|| "failed".to_owned());
        let accuracy = failed.unwrap_or_else(|| percent(row.accuracy));
        let figures =
            [accuracy, percent(row.leave_one_out_accuracy), figure(row.leave_one_out_error), figure(row.condition)];
        let variance = variance.then(|| figure(row.variance));
        table.add_row(names.into_iter().chain(settings).chain(figures).chain(variance));
    }
    let mut text = format!("{table}\n\naccuracies in %; {} threads, {:.1} s\n", report.threads, report.seconds);
    line(&mut text, &format!("memory {}", memory(&report.memory)));
    for row in report.results.iter().filter(|row| row.error.is_some()) {
        let name = format!("{} {} depth {}", row.net, row.kernel, row.depth);
        line(&mut text, &format!("failed: {name}: {}", row.error.as_deref().unwrap_or_default()));
    }
    text
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

pub(super) fn new_table<T: Into<String>>(header: impl IntoIterator<Item = T>, left: usize) -> Table {
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
    for (setting, what) in [("slope", "leaky ReLUs of slope"), ("residual", "residual connections of strength")] {
        if let Some(number) = report.settings.get(setting).and_then(|value| value.as_f64()).filter(|&it| it != 0.0) {
            line(text, &format!("networks    {what} {number}"));
        }
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
    line(text, &format!("memory      {}", memory(&report.memory)));
}

/// Peak and plan.
fn memory(memory: &MemoryUse) -> String {
    let planned = bytes(memory.planned_bytes);
    match memory.peak_bytes {
        Some(peak) => {
            format!("{} at the peak, {planned} planned for kernels and solver", bytes(peak as f64))
        }
        None => format!("{planned} planned for kernels and solver"),
    }
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
            let bound = if solve.condition_is_bound { "≥" } else { "" };
            let figures = [solve.pivot_min, solve.pivot_max, solve.backward_error, solve.relative_residual];
            let way = [solve.solver.to_string(), solve.iterations.to_string(), format!("{:.0e}", solve.shift)];
            [format!("{bound}{:.2e}", solve.condition)]
                .into_iter()
                .chain(figures.map(|figure| format!("{figure:.2e}")))
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
