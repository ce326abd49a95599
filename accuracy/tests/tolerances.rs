//! The tolerances of all tests stand in one file, `core/tests/common/precision.rs`: here the sources of the tests are searched for others.
//!
//! What counts as one: a float that something is compared with, an end of a range that must contain something, an argument of `check`, or of a function of
//! the same file for a parameter called `tolerance`; a constant that is a float and nothing else, or is called one of ULP; a number that a distance is
//! compared with. 0 and 1 are exact, and what is larger than
//! 1,000 bounds something else than an error. That finds whatever is written as the tests of today are, not all that could be.

use std::fs;
use std::path::{Path, PathBuf};

/// Spaces in the place of comments and strings, so that lines stay lines.
fn bare(source: &str) -> String {
    let (mut out, mut rest) = (String::new(), source);
    while let Some(first) = rest.chars().next() {
        let ends = |start: usize, end: &str| rest[start..].find(end).map_or(rest.len(), |len| start + len + end.len());
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("r#\"") {
            ends(3, "\"#")
        } else if rest.starts_with("r\"") {
            ends(2, "\"")
        } else if rest.starts_with("'\"'") {
            3
        } else if first == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let end = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                end
            });
            end.map_or(rest.len(), |len| len + 2)
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        out.extend(rest[..len].chars().map(|c| if c == '\n' { c } else { ' ' }));
        rest = &rest[len..];
    }
    out
}

/// The numbers in a piece of source; `true` for floats.
fn numbers(text: &str) -> Vec<(f64, bool)> {
    let ranges = text.replace("..", " ");
    let words = ranges.replace("e-", "e~");
    let words = words.split(|c: char| !c.is_alphanumeric() && !"._~".contains(c));
    words
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .filter_map(|word| {
            let word = word.replace('~', "-").replace('_', "");
            let end = word.find(|c: char| !c.is_ascii_digit() && !".e-".contains(c)).unwrap_or(word.len());
            let (number, suffix) = word.split_at(end);
            // A method of a number, and nothing else, comes after a point.
            let number = number.trim_end_matches(['.', 'e', '-']);
            Some((number.parse().ok()?, number.contains(['.', 'e']) || suffix.starts_with('f')))
        })
        .collect()
}

/// Beyond it nothing is an error.
const LARGEST: u16 = 1000;

fn holds_float(text: &str) -> bool {
    numbers(text).into_iter().any(|(value, float)| float && value != 0.0 && value != 1.0 && value <= f64::from(LARGEST))
}

/// Whether a comparison in `line` has a tolerance on either side.
fn compares(line: &str) -> bool {
    let distance = line.contains("ulp") || line.contains("distance");
    [" < ", " <= ", " > ", " >= "].into_iter().flat_map(|operator| line.match_indices(operator)).any(
        |(at, operator)| {
            let (left, right) = (&line[..at], &line[at + operator.len()..]);
            let end = ["&&", "||", "{", ";", ","].into_iter().filter_map(|end| right.find(end)).min();
            let (left, right) = (left.rsplit([' ', '(']).next().unwrap_or(""), &right[..end.unwrap_or(right.len())]);
            let first = left.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
            first && holds_float(left)
                || holds_float(right)
                || distance && numbers(right).iter().any(|(value, _)| *value > 1.0)
        },
    )
}

/// Whether `line` has a range with a tolerance as an end.
fn contains(line: &str) -> bool {
    line.match_indices(").contains(").any(|(at, _)| {
        let range = line[..at].rsplit_once("!(").map_or(&line[..at], |(_, range)| range);
        range.contains("..") && holds_float(range)
    })
}

/// Whether `line` is a constant that is a tolerance.
fn defines(line: &str) -> bool {
    let constant = line.split_once("const ").and_then(|(_, rest)| rest.split_once(" = "));
    constant.is_some_and(|(name, value)| {
        let (name, kind) = name.split_once(':').unwrap_or((name, ""));
        let literal =
            value.chars().any(|c| c.is_ascii_digit()) && value.chars().all(|c| "0123456789.e-_[], ;".contains(c));
        literal && (kind.contains("f32") || kind.contains("f64") || name.contains("ULP") || name.contains("TOLERANCE"))
    })
}

/// What stands between the bracket that `text` begins with and its partner, split at the commas of that level.
fn arguments(text: &str) -> Vec<&str> {
    let (mut arguments, mut depth, mut start) = (vec![], 0, 1);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || depth == 1 && c == ',' {
            arguments.push(&text[start..at]);
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    arguments
}

/// The functions of a file that take a tolerance, and which of their arguments it is.
fn helpers(source: &str) -> Vec<(&str, usize)> {
    let signatures = source.match_indices("fn ").map(|(at, found)| &source[at + found.len()..]);
    let helper = |signature: &'_ str| -> Option<usize> {
        let parameters = arguments(&signature[signature.find('(')?..]);
        let named = parameters.iter().filter(|parameter| !parameter.trim_end().ends_with("self"));
        named.map(|parameter| parameter.trim_start()).position(|parameter| parameter.starts_with("tolerance:"))
    };
    let name =
        |signature: &'_ str| signature.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(signature.len());
    signatures.filter_map(|signature| Some((&signature[..name(signature)], helper(signature)?))).collect()
}

/// The lines, counted from 0, that call such a function with a tolerance.
fn calls(source: &str) -> Vec<usize> {
    let mut lines = vec![];
    for (name, index) in helpers(source) {
        for (at, _) in source.match_indices(name) {
            let (before, after) = (&source[..at], &source[at + name.len()..]);
            let begins = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_') && !before.ends_with("fn ");
            // Types may stand between the name and the arguments.
            let after = match after.strip_prefix("::<") {
                Some(types) => types.split_once('>').map_or("", |(_, after)| after),
                None => after,
            };
            let arguments = if begins && after.starts_with('(') { arguments(after) } else { vec![] };
            if arguments.get(index).is_some_and(|argument| holds_float(argument)) {
                lines.push(before.matches('\n').count());
            }
        }
    }
    lines
}

/// The lines, counted from 1, that hold a tolerance.
fn tolerances(source: &str) -> Vec<usize> {
    let source = bare(source);
    let calls = calls(&source);
    let lines: Vec<&str> = source.lines().collect();
    let holds = |index: &usize| {
        let (line, next) = (lines[*index], lines.get(*index + 1).copied().unwrap_or(""));
        // An operator at the end of a line goes on in the next.
        let line = if line.ends_with(['<', '=', '>']) { format!("{line} {}", next.trim()) } else { format!("{line} ") };
        let argument = line.split_once(".check(").is_some_and(|(_, arguments)| holds_float(arguments));
        compares(&line) || contains(&line) || defines(&line) || argument || calls.contains(index)
    };
    (0..lines.len()).filter(holds).map(|index| index + 1).collect()
}

/// The part of a file that is test: all of what is for tests alone, of others the modules at the end.
fn test_part(path: &str, source: &str) -> Option<usize> {
    let whole = ["accuracy/", "benches/", "c/", "firmware/", "fuzz/"].iter().any(|folder| path.starts_with(folder));
    if whole || path.contains("/tests/") || path.ends_with("/tests.rs") {
        return Some(0);
    }
    let lines: Vec<&str> = source.lines().collect();
    lines.windows(2).position(|pair| pair[0].trim() == "#[cfg(test)]" && pair[1].ends_with("mod tests {"))
}

/// All folders with crates.
const FOLDERS: [&str; 12] = [
    "accel-sim",
    "accuracy",
    "benches",
    "c",
    "classifier",
    "core",
    "finite",
    "firmware",
    "fuzz",
    "host",
    "plot",
    "simd",
];

/// The Rust files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = paths
        .flat_map(|path| match path.is_dir() {
            true if path.ends_with("target") => vec![],
            true => files(&path),
            false if path.extension().is_some_and(|extension| extension == "rs") => vec![path],
            false => vec![],
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_tolerance_stands_in_one_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut found, mut searched) = (vec![], 0);
    for path in FOLDERS.iter().flat_map(|folder| files(&root.join(folder))) {
        let name =
            path.strip_prefix(&root).expect("a file of the repository").to_str().expect("a name in UTF-8").to_owned();
        let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        if name == "core/tests/common/precision.rs" {
            assert!(tolerances(&source).len() > 80, "the search is blind to {:?}", tolerances(&source));
            continue;
        }
        let Some(start) = test_part(&name, &source) else { continue };
        searched += 1;
        for line in tolerances(&source).into_iter().filter(|line| *line > start) {
            found.push(format!("{name}:{line}: {}", source.lines().nth(line - 1).unwrap_or("").trim()));
        }
    }
    assert!(searched > 150, "only {searched} files");
    assert!(found.is_empty(), "tolerances outside core/tests/common/precision.rs:\n{}", found.join("\n"));
}

#[test]
fn the_search_finds_tolerances() {
    for line in [
        "assert!((found - expected).abs() < 1e-14, \"{found} {expected}\");",
        "assert!(mean.abs() < EXACT && (variance - 1.0).abs() <= 5e-5);",
        "if 1.5e-3_f64 >= error {",
        "prop_assert!(error <= 2.0 * tolerance * scale);",
        "assert!((a / b - 1.0).abs() <\n    1e-10);",
        "assert!(least\n    > 1e-7);",
        "assert!((0.1 * ERROR..=ERROR).contains(&error));",
        "assert!((-1e-9..=1.0).contains(&error));",
        "assert!(ulp_distance(a, b) <= 4, \"{a}\");",
        "const SOLVE: f64 = 1e-13;",
        "pub const FACTOR: f32 = 10.0;",
        "    const LIMITS: [f64; 2] = [-1e-3, 1e-3];",
        "const KAPPA_ULP: u64 = 4;",
        "worst.check(\"kernels\", 1e-6);",
    ] {
        assert_eq!(tolerances(line).len(), 1, "{line}");
    }
    let helper = "fn near<T>(found: T, expected: f64, tolerance: f64, what: &str) {}\n";
    for call in ["near(x, 2.0, 0.1 * scale, \"x\");", "if near::<f32>(\nf(x, 2.0), 2.0, 1e-3) {"] {
        assert_eq!(tolerances(&format!("{helper}{call}")), [2], "{call}");
    }
    assert_eq!(tolerances("fn check(&self, tolerance: f64) {}\nself.check(1e-3);"), [2]);
    assert_eq!(tolerances("let x = 1e-3;\n\nassert!(x < 1e-3);"), [3]);
}

#[test]
fn the_search_finds_nothing_else() {
    for line in [
        "assert!(error < TOLERANCE && found > 0.0 && part <= 1.0);",
        "assert!(bytes <= 10e6);",
        "// an error < 1e-3",
        "let text = \"an error < 1e-3 \\\" < 1e-3\"; let other = r#\"x < 1e-3 \"x\" < 1e-3\"#;",
        "for distance in [1e-1, 1e-2] {",
        "let near = x + 1e-3 * y;",
        "assert!(count < 17 && pairs.0 > pairs.1);",
        "let table = match x { 6 => (0u32..1e17f32.to_bits()), _ => 0..1 };",
        "const SIZES: [usize; 3] = [1, 2, 3];",
        "const EPSILON: f64 = f64::EPSILON / 2.0;",
        "assert!((0.0..=1.0).contains(&kappa) && slope.contains(-0.5));",
        "worst.check(\"at most 1e-3\", KERNEL_F32);",
        "let f: Vec<f64> = vec![0.25; 3];",
    ] {
        assert!(tolerances(line).is_empty(), "{line}");
    }
    let helper = "fn near(found: f64, expected: f64, tolerance: f64) -> bool {}\n";
    for call in ["near(x, 2.5, TOLERANCE * 2);", "appear(1, 2, 0.5);", "fn near(a: f64) -> f64 { 0.5 }"] {
        assert!(tolerances(&format!("{helper}{call}")).is_empty(), "{call}");
    }
}
