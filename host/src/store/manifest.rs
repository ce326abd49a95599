//! The manifest's canonical form, and the comparison that a resumed run starts with.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

/// Deepest nesting of a manifest. The JSON reader stops at 128.
pub const MAX_DEPTH: usize = 64;
/// Values longer than this many characters are shortened around the first difference.
const SHOWN: usize = 48;

/// Sorts the keys of all objects, so that the bytes do not depend on the order in which they were set.
pub(super) fn canonical(manifest: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    sorted(manifest, 0)
}

fn sorted(map: &Map<String, Value>, depth: usize) -> Result<Map<String, Value>, String> {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries.into_iter().map(|(key, value)| Ok((key.clone(), sorted_value(value, depth + 1)?))).collect()
}

fn sorted_value(value: &Value, depth: usize) -> Result<Value, String> {
    if depth > MAX_DEPTH {
        return Err(format!("the manifest is nested more than {MAX_DEPTH} deep"));
    }
    match value {
        Value::Object(map) => Ok(Value::Object(sorted(map, depth)?)),
        Value::Array(items) => {
            items.iter().map(|item| sorted_value(item, depth + 1)).collect::<Result<_, _>>().map(Value::Array)
        }
        other => Ok(other.clone()),
    }
}

/// One setting in which a stored run and a requested run differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key; keys of nested objects are joined by dots.
    pub key: String,
    /// The stored value as JSON, shortened where it is long; `absent` where the store has no such key.
    pub stored: String,
    /// The requested value, in the same way.
    pub requested: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} vs. {}", self.key, self.stored, self.requested)
    }
}

/// All differences between two JSON values, by dotted key, sorted by key.
pub(super) fn differences(prefix: &str, stored: &Value, requested: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    collect(prefix, Some(stored), Some(requested), &mut found);
    found
}

fn collect(key: &str, stored: Option<&Value>, requested: Option<&Value>, found: &mut Vec<Difference>) {
    match (stored, requested) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in keys {
                let name_shown = one_line(name);
                let inner = if key.is_empty() { name_shown } else { format!("{key}.{name_shown}") };
                collect(&inner, a.get(name), b.get(name), found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => {
            let text = |value: Option<&Value>| value.map_or("absent".into(), |v| one_line(&v.to_string()));
            let (a, b) = (text(a), text(b));
            let common = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
            found.push(Difference { key: key.to_owned(), stored: shorten(&a, common), requested: shorten(&b, common) });
        }
    }
}

/// A window of `text` around character `focus`, with `…` for what is left out.
fn shorten(text: &str, focus: usize) -> String {
    let length = text.chars().count();
    if length <= SHOWN {
        return text.to_owned();
    }
    // A few characters before the first difference tell the reader where in the list it stands.
    let start = focus.saturating_sub(SHOWN / 4).min(length - SHOWN / 2);
    let start = if start < SHOWN / 4 { 0 } else { start };
    let end = (start + SHOWN / 2).min(length);
    let window: String = text.chars().skip(start).take(end - start).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if end < length { "…" } else { "" };
    format!("{before}{window}{after} ({length} characters)")
}

/// `text` with control characters escaped: an error message stays one line, whatever the store holds.
pub(super) fn one_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}';
    text.chars()
        .flat_map(|c| {
            let escaped: Box<dyn Iterator<Item = char>> =
                if breaks(c) { Box::new(c.escape_default()) } else { Box::new(std::iter::once(c)) };
            escaped
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(stored: Value, requested: Value) -> Vec<String> {
        differences("", &stored, &requested).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_difference_is_named_by_its_dotted_key() {
        let stored = json!({"seed": 1, "net": {"depth": [3, 4], "lap": 2, "same": null}, "old": true});
        let requested = json!({"seed": 2, "net": {"depth": [3, 5], "lap": 2, "same": null}, "new": "x"});
        assert_eq!(
            lines(stored, requested),
            ["net.depth: [3,4] vs. [3,5]", "new: absent vs. \"x\"", "old: true vs. absent", "seed: 1 vs. 2"]
        );
    }

    #[test]
    fn equal_manifests_do_not_differ() {
        let value = json!({"a": {"b": [1, 2.5, "x"]}, "c": 0.1});
        assert!(differences("", &value, &value.clone()).is_empty());
    }

    #[test]
    fn long_values_are_cut_around_the_first_difference() {
        let list =
            |last: u32| json!({ "list": (0..1000).map(|i| if i == 900 { last } else { i }).collect::<Vec<_>>() });
        let line = lines(list(1), list(2)).join("");
        assert!(line.len() < 160, "{line}");
        assert!(line.contains("899,1,") && line.contains("899,2,"), "{line}");
        let sum = |c: &str| json!({ "sha256": format!("{c}{}", "0".repeat(63)) });
        let line = lines(sum("a"), sum("b")).join("");
        assert!(line.contains("\"a000") && line.contains("\"b000") && line.len() < 160, "{line}");
        // The difference at the very end.
        let tail = |c: &str| json!({ "text": format!("{}{c}", "x".repeat(500)) });
        let line = lines(tail("a"), tail("b")).join("");
        assert!(line.contains("xa\"") && line.contains("xb\""), "{line}");
    }

    #[test]
    fn a_difference_stays_on_one_line() {
        let line = lines(json!({"a\nb": "x\ny\u{2028}\u{9b}"}), json!({})).join("");
        assert!(!line.contains(['\n', '\u{2028}', '\u{9b}']), "{line:?}");
    }

    #[test]
    fn canonical_sorts_at_every_level_and_bounds_the_depth() {
        let mut map = Map::new();
        map.insert("b".into(), json!([{"z": 1, "a": 2}]));
        map.insert("a".into(), json!(1));
        let text = Value::Object(canonical(&map).unwrap()).to_string();
        assert_eq!(text, r#"{"a":1,"b":[{"a":2,"z":1}]}"#);
        let mut deep = json!(0);
        for _ in 0..MAX_DEPTH + 1 {
            deep = json!([deep]);
        }
        map.insert("deep".into(), deep);
        assert!(canonical(&map).unwrap_err().contains("64"));
    }
}
