//! Machine files: the bundled ones are good, and what is wrong with a bad one is told in one line.

use ultrawide_accel_sim::machine::{BUNDLED, Machine};

const GOOD: &str = include_str!("../machines/npu-64k.toml");

#[test]
fn bundled_machines_are_good() {
    for (name, text) in BUNDLED {
        let machine = Machine::find(name).expect(name);
        assert_eq!(machine.name, name);
        assert!(text.contains("estimate") || text.contains('#'), "{name}: figures without sources");
    }
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
