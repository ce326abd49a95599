//! Machine files: the bundled ones are good, and what is wrong with a bad one is told in one line.

use std::collections::BTreeMap;
use ultrawide::simd::Backend;
use ultrawide_accel_sim::cost::cntk;
use ultrawide_accel_sim::machine::{BUNDLED, Machine};
use ultrawide_accel_sim::schedule::run;
use ultrawide_accel_sim::validate::Core;
use ultrawide_core::{Readout, Shape, Trained};

const GOOD: &str = include_str!("../machines/npu-64k.toml");

#[test]
fn bundled_machines_are_good() {
    for (name, _) in BUNDLED {
        assert_eq!(Machine::find(name).expect(name).name, name);
    }
}

/// Whether a comment names one of the sources by its letter, or says that it is an estimate.
fn has_source(comment: &str, sources: &[char]) -> bool {
    let mut words = comment.split(|c: char| !c.is_alphanumeric());
    comment.contains("estimate") || words.any(|word| word.len() == 1 && word.starts_with(sources))
}

/// Lines with figures whose own comment, or that of their block, has neither a source nor the word.
fn without_source(text: &str) -> Vec<&str> {
    let sources: Vec<char> = text
        .lines()
        .filter_map(|line| line.strip_prefix("#   ")?.split_once("  ").map(|(letter, _)| letter))
        .filter_map(|letter| letter.chars().next().filter(|_| letter.len() == 1))
        .collect();
    let (mut block, mut found) = (String::new(), Vec::new());
    // The first block is the list of sources itself.
    let mut after_sources = false;
    for line in text.lines() {
        match line.split_once('#') {
            Some(("", comment)) if after_sources => block.push_str(comment),
            Some(("", _)) => {}
            _ if line.is_empty() => block.clear(),
            split => {
                after_sources = true;
                let (figure, comment) = split.unwrap_or((line, ""));
                let value = figure.split_once('=').map_or("", |(_, value)| value.trim());
                let numeric = value.starts_with(|c: char| c.is_ascii_digit() || c == '{');
                if numeric && !has_source(comment, &sources) && !has_source(&block, &sources) {
                    found.push(line);
                }
            }
        }
    }
    found
}

#[test]
fn every_figure_has_a_source() {
    for (name, text) in BUNDLED {
        assert_eq!(without_source(text), [""; 0], "{name}");
    }
    let text = "#   A  A manual\n# Power: 3 W\nclock = 3  # A\ncores = 4\n# estimates\nlanes = 3\n\nwidth = 2  # a b\n";
    assert_eq!(without_source(text), ["cores = 4", "width = 2  # a b"]);
}

/// What a machine takes at the work of `ultrawide-accel-sim machines` is what its file says, to two digits.
#[test]
fn power_is_what_the_file_claims() {
    let shape = Shape { channels: 3, height: 32, width: 32 };
    let net = cntk(shape, Readout::Gap, &[11], Trained::Hidden).expect("a net");
    for (name, text) in BUNDLED {
        let claim = text.lines().find_map(|line| line.strip_prefix("# Power: ")?.split_once(" W"));
        let claim: f64 = claim.expect(name).0.parse().expect(name);
        let watts = run(&Machine::find(name).expect(name), &net).expect(name).watts();
        assert_eq!(format!("{watts:.1e}"), format!("{claim:.1e}"), "{name}");
    }
}

/// Files that describe the same hardware twice differ in nothing else than what makes the difference.
#[test]
fn siblings_agree() {
    let flat = |name: &str| {
        fn walk(path: String, value: &toml::Value, out: &mut BTreeMap<String, String>) {
            match value {
                toml::Value::Table(table) => {
                    table.iter().for_each(|(key, value)| walk(format!("{path}.{key}"), value, out));
                }
                other => assert_eq!(out.insert(path, other.to_string()), None),
            }
        }
        let (_, text) = BUNDLED.iter().find(|(bundled, _)| *bundled == name).expect(name);
        let mut keys = BTreeMap::new();
        walk(String::new(), &toml::Value::Table(text.parse().expect(name)), &mut keys);
        keys
    };
    let differing = |one: &str, other: &str| -> Vec<String> {
        let (one, other) = (flat(one), flat(other));
        assert!(one.keys().eq(other.keys()));
        one.into_iter().filter(|(key, value)| other[key] != *value).map(|(key, _)| key).collect()
    };
    assert_eq!(
        differing("h200-sm", "h200"),
        [".about", ".cores", ".energy.standby_watts", ".memory.offchip_bytes_per_second", ".name"]
    );
    let intervals = ["add", "divide", "fma", "load", "multiply", "select", "sqrt", "store"]
        .map(|op| format!(".operation.{op}.interval"));
    let start = [".about", ".issue.registers", ".lanes", ".name"].map(str::to_owned);
    assert_eq!(differing("zen4-avx2", "zen4-avx512"), [&start[..], &intervals].concat());
    assert_eq!(differing("zen5-avx2", "zen5-avx512"), [&start[..], &[".operation.store.interval".to_owned()]].concat());
}

/// A line of the file in the place of that which begins with `key`; gone where it is empty.
fn with(key: &str, line: &str) -> String {
    let lines = GOOD.lines().map(|old| if old.starts_with(key) { line } else { old });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn bad_files_are_told_in_one_line() {
    for (key, line, parts) in [
        ("lanes =", "lanes = 0", ["lanes", "is 0", "from 1 to"]),
        ("lanes =", "lanes = 99999999999999999999", ["lanes", "is 100000000000000000000.0", "from 1 to"]),
        ("lanes =", "lanes = -0x0", ["line", "bad.toml", ":"]),
        ("lanes =", "lanes = 0xffffffffffffffffffffffffffffffffffffffff", ["lanes", "is inf", "from 1 to"]),
        ("clock_hz", "clock_hz = 1e999", ["clock_hz", "is inf", "from 1 to"]),
        ("lanes =", "lanes = 1\nlanes = 2", ["line", "duplicate key", "bad.toml"]),
        ("lanes =", "lanes = 2.5", ["lanes", "2.5", "whole numbers"]),
        ("lanes =", "lanes = \"many\"", ["lanes", "many", "whole numbers"]),
        ("cores =", "", ["cores", "missing", "from 1 to"]),
        ("clock_hz", "clock_hz = nan", ["clock_hz", "nan", "from 1 to"]),
        ("clock_hz", "clock_hz = inf", ["clock_hz", "inf", "from 1 to"]),
        ("clock_hz", "clock_hz = -1e9", ["clock_hz", "-1", "from 1 to"]),
        ("format", "format = \"f8\"", ["format", "f8", "bf16"]),
        ("format", "format = \"q40.40\"", ["format", "q40.40", "from 1 to 52"]),
        ("lanes_hold", "lanes_hold = \"rows\"", ["lanes_hold", "rows", "partners, columns"]),
        ("name", "name = \"\"", ["name", "\"\"", "not empty"]),
        ("name", "nome = \"x\"", ["key name", "missing", "string"]),
        ("about", "about = \"x\"\ncolour = 3", ["colour", "is 3", "no such key"]),
        (
            "add =",
            "add = { latency = -1, interval = 1, instructions = 1, picojoules = 0.4 }",
            ["operation.add.latency", "-1", "from 1 to"],
        ),
        (
            "add =",
            "add = { latency = 1, interval = 1, instructions = 1 }",
            ["operation.add.picojoules", "missing", "from 0 to"],
        ),
        ("add =", "", ["operation.add", "missing", "a table"]),
        ("add =", "add = 3", ["operation.add", "is 3", "a table"]),
        ("multiply_add", "multiply_add = true", ["multiply_add", "true", "fused, chained, separate"]),
        ("memory_operands", "memory_operands = 1", ["issue.memory_operands", "is 1", "true or false"]),
        ("scratchpad_bytes", "scratchpad_bytes = 0", ["memory.scratchpad_bytes", "is 0", "from 1"]),
        ("operations = [\"sqrt", "operations = [\"add\"]", ["unit", "does divide", "admits"]),
        ("operations = [\"sqrt", "operations = [\"cosine\"]", ["unit[2].operations", "cosine", "sqrt"]),
        ("clock_hz", "clock_hz = = 3", ["line", "bad.toml", ":"]),
    ] {
        let error = Machine::parse("bad.toml", &with(key, line)).expect_err(line).to_string();
        assert!(!error.contains('\n') && error.starts_with("bad.toml"), "{line}: {error}");
        for part in parts {
            assert!(error.contains(part), "{line}: {error} does not say {part}");
        }
    }
    let error = Machine::find("abacus").expect_err("no such machine").to_string();
    assert!(error.contains("abacus") && error.contains("npu-64k"), "{error}");
    let error = Machine::find("no/such.toml").expect_err("no such file").to_string();
    assert!(error.contains("no/such.toml"), "{error}");
}

#[test]
fn cores_are_told_by_their_numbers() {
    let cpu = |vendor: &str, family: u32, model: u32| {
        let text = format!(
            "processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\nmodel name\t: A processor\n"
        );
        Core::of(&text)
    };
    for (family, model, core) in [(25, 17, Core::Zen4), (25, 97, Core::Zen4), (26, 2, Core::Zen5), (26, 68, Core::Zen5)]
    {
        assert_eq!(cpu("AuthenticAMD", family, model), Ok(core));
        let machines = [Backend::Avx2, Backend::Avx512].map(|backend| core.machine(backend).expect("a machine"));
        assert!(machines.iter().all(|name| BUNDLED.iter().any(|(bundled, _)| bundled == name)), "{machines:?}");
    }
    // Zen 3, Zen 5 of notebooks, and what is not AMD's.
    for (vendor, family, model) in [("AuthenticAMD", 25, 1), ("AuthenticAMD", 26, 36), ("GenuineIntel", 25, 17)] {
        assert_eq!(cpu(vendor, family, model), Err("A processor".to_owned()), "{vendor} {family} {model}");
    }
    assert_eq!(Core::of(""), Err("a processor without a name".to_owned()));
}
