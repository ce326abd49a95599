//! Reads the plan of a store back from its documents, which may hold anything.
//!
//! `zarrs` never sees a document from the disk: the few fields that matter are checked here against the one form
//! that this module writes, and the arrays are then built from the recovered plan. Attributes that others have
//! added are left alone.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::error::StoreError;
use super::metadata::{DIMENSIONS, FORMAT, array_document, attribute, codecs, group_document};
use super::plan::{ArrayPlan, MAX_ARRAYS, MAX_METADATA_BYTES, Precision, StorePlan, is_array_name};

/// Longest piece of a document that a message quotes.
const QUOTED: usize = 60;

/// What the document of one array says.
pub(super) struct Recovered {
    array: ArrayPlan,
    tile: usize,
    precision: Precision,
}

/// The plan of the store at `root`; `None` where the group's document does not exist.
pub(super) fn plan(root: &Path) -> Result<Option<StorePlan>, StoreError> {
    let file = group_document(root);
    let Some(document) = read(&file)? else {
        return Ok(None);
    };
    let (names, manifest) = group(&document).map_err(|reason| StoreError::metadata(&file, reason))?;
    let mut arrays = Vec::with_capacity(names.len());
    let mut common: Option<(usize, Precision)> = None;
    for name in names {
        let file = array_document(root, &name);
        let Some(found) = array(root, &name)? else {
            let reason = "is missing, though the store's own zarr.json names the array";
            return Err(StoreError::metadata(&file, reason));
        };
        let (tile, precision) = *common.get_or_insert((found.tile, found.precision));
        if (tile, precision) != (found.tile, found.precision) {
            let reason = format!(
                "tile {} of {}, while other arrays of the store have tile {tile} of {precision}",
                found.tile, found.precision
            );
            return Err(StoreError::metadata(&file, reason));
        }
        arrays.push(found.array);
    }
    let Some((tile, precision)) = common else {
        return Err(StoreError::metadata(&file, "names no arrays"));
    };
    let plan = StorePlan { tile, precision, arrays, manifest };
    match plan.canonical() {
        Ok(plan) => Ok(Some(plan)),
        Err(StoreError::InvalidPlan { reason }) => Err(StoreError::metadata(&file, reason)),
        Err(error) => Err(error),
    }
}

/// What the document of array `name` says; `None` where it does not exist.
pub(super) fn array(root: &Path, name: &str) -> Result<Option<Recovered>, StoreError> {
    let file = array_document(root, name);
    let Some(document) = read(&file)? else {
        return Ok(None);
    };
    parse_array(name, &document).map(Some).map_err(|reason| StoreError::metadata(&file, reason))
}

/// Reads a JSON document of bounded size; `None` where there is no file.
fn read(file: &Path) -> Result<Option<Value>, StoreError> {
    let fail = |cause| StoreError::io("read", file, cause);
    let found = match fs::metadata(file) {
        Ok(found) => found,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(fail(error)),
    };
    if !found.is_file() {
        return Err(StoreError::metadata(file, "is not a file"));
    }
    let too_long =
        |bytes: u64| StoreError::metadata(file, format!("holds {bytes} bytes, the limit is {MAX_METADATA_BYTES}"));
    if found.len() > MAX_METADATA_BYTES {
        return Err(too_long(found.len()));
    }
    let mut text = Vec::new();
    // The file may have grown since it was measured.
    File::open(file).and_then(|open| open.take(MAX_METADATA_BYTES + 1).read_to_end(&mut text)).map_err(fail)?;
    if text.len() as u64 > MAX_METADATA_BYTES {
        return Err(too_long(text.len() as u64));
    }
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| StoreError::metadata(file, format!("is damaged, not JSON: {error}")))
}

/// Names of the arrays, and the manifest.
fn group(document: &Value) -> Result<(Vec<String>, Map<String, Value>), String> {
    expect(document, "zarr_format", &3.into())?;
    expect(document, "node_type", &"group".into())?;
    let attributes = field(document, "attributes")?;
    let version = attributes.get(attribute::FORMAT).ok_or("is a Zarr group, but not a store of ultrawide")?;
    if version.as_u64() != Some(FORMAT) {
        return Err(format!(
            "the store has format {}, this version knows {FORMAT}: compute it again in another folder, or use the \
             version that made it",
            quote(version)
        ));
    }
    let names = strings(field(attributes, attribute::ARRAYS)?, "arrays")?;
    if names.len() > MAX_ARRAYS {
        return Err(format!("names {} arrays, the limit is {MAX_ARRAYS}", names.len()));
    }
    // The names become paths, so this comes before anything is opened.
    if let Some(name) = names.iter().find(|name| !is_array_name(name)) {
        return Err(format!("names an array {}", quote(&Value::from(name.as_str()))));
    }
    match field(attributes, attribute::MANIFEST)? {
        Value::Object(manifest) => Ok((names, manifest.clone())),
        other => Err(format!("the manifest is {}, an object is needed", quote(other))),
    }
}

fn parse_array(name: &str, document: &Value) -> Result<Recovered, String> {
    expect(document, "zarr_format", &3.into())?;
    expect(document, "node_type", &"array".into())?;
    let precision = match field(document, "data_type")?.as_str() {
        Some("float32") => Precision::F32,
        Some("float64") => Precision::F64,
        _ => {
            return Err(format!("data_type is {}, float32 or float64 is needed", quote(&document["data_type"])));
        }
    };
    expect(document, "fill_value", &"NaN".into())?;
    expect(document, "dimension_names", &Value::from(DIMENSIONS.to_vec()))?;
    match document.get("storage_transformers").and_then(Value::as_array) {
        Some(transformers) if !transformers.is_empty() => {
            return Err("has storage transformers".into());
        }
        _ => {}
    }
    let encoding = field(document, "chunk_key_encoding")?;
    expect(encoding, "name", &"default".into())?;
    if let Some(separator) = encoding.pointer("/configuration/separator").filter(|s| s.as_str() != Some("/")) {
        return Err(format!("the separator of chunk keys is {}, \"/\" is needed", quote(separator)));
    }
    let grid = field(document, "chunk_grid")?;
    expect(grid, "name", &"regular".into())?;

    let attributes = field(document, "attributes")?;
    let outputs = strings(field(attributes, attribute::OUTPUTS)?, "outputs")?;
    let symmetric = match field(attributes, attribute::SYMMETRIC)?.as_str() {
        Some(attribute::LOWER) => true,
        Some(attribute::NONE) => false,
        _ => {
            return Err(format!("symmetric is {}", quote(&attributes[attribute::SYMMETRIC])));
        }
    };
    let [planes, rows, cols] = lengths(field(document, "shape")?, "shape")?;
    let [deep, tile, wide] = lengths(field(field(grid, "configuration")?, "chunk_shape")?, "chunk_shape")?;
    if planes != outputs.len() || deep != planes || wide != tile {
        return Err(format!(
            "{} outputs, shape {planes}x{rows}x{cols} and chunk shape {deep}x{tile}x{wide} do not fit each other",
            outputs.len()
        ));
    }
    match field(document, "codecs")? {
        found if *found == codecs(tile) => {}
        other => return Err(format!("codecs is {}, the ones for tile {tile} are needed", quote(other))),
    }
    Ok(Recovered { array: ArrayPlan { name: name.into(), rows, cols, symmetric, outputs }, tile, precision })
}

fn field<'a>(value: &'a Value, key: &str) -> Result<&'a Value, String> {
    value.get(key).ok_or_else(|| format!("{key} is missing"))
}

fn expect(value: &Value, key: &str, expected: &Value) -> Result<(), String> {
    let found = field(value, key)?;
    if found == expected {
        return Ok(());
    }
    Err(format!("{key} is {}, {expected} is needed", quote(found)))
}

fn strings(value: &Value, what: &str) -> Result<Vec<String>, String> {
    let list = value.as_array().and_then(|items| items.iter().map(|item| item.as_str().map(String::from)).collect());
    list.ok_or_else(|| format!("{what} is {}, a list of strings is needed", quote(value)))
}

fn lengths(value: &Value, what: &str) -> Result<[usize; 3], String> {
    let length = |item: &Value| item.as_u64().and_then(|length| usize::try_from(length).ok());
    let list: Option<Vec<usize>> = value.as_array().and_then(|items| items.iter().map(length).collect());
    list.and_then(|list| list.try_into().ok())
        .ok_or_else(|| format!("{what} is {}, three lengths are needed", quote(value)))
}

/// A piece of a document for a message: short, whatever it is.
fn quote(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
