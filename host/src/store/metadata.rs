//! The Zarr documents of a store: how a plan is written, and the arrays that `zarrs` works with.
//!
//! ```text
//! run.zarr/zarr.json           group; attributes: format version, names of the arrays, manifest
//! run.zarr/train/zarr.json     array (outputs, rows, columns), shards (outputs, tile, tile) of chunks (1, tile, tile)
//! run.zarr/train/c/0/3/2       tile (3, 2) with all outputs, padded to the shard's shape with NaN, and checksums
//! ```
//!
//! The group's document is written last. A folder that has it is a complete store.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};
use zarrs::array::codec::{BytesCodec, CodecChain, Crc32cCodec, ShardingCodec, ShardingIndexLocation};
use zarrs::array::{Array, ArrayBuilder, ArrayMetadataOptions, data_type};
use zarrs::group::{Group, GroupBuilder};

use super::atomic::{AtomicStorage, storage_error};
use super::error::StoreError;
use super::plan::{ArrayPlan, MAX_METADATA_BYTES, Precision, StorePlan};

/// The version of this layout; a store with another one is refused. Format 1 had no checksums.
pub(super) const FORMAT: u64 = 2;
/// Names of the dimensions of each array.
pub(super) const DIMENSIONS: [&str; 3] = ["output", "row", "column"];
/// The name of Zarr's documents.
pub(super) const DOCUMENT: &str = "zarr.json";

/// Names of the attributes.
pub(super) mod attribute {
    pub(in crate::store) const FORMAT: &str = "ultrawide_store";
    pub(in crate::store) const ARRAYS: &str = "arrays";
    pub(in crate::store) const MANIFEST: &str = "manifest";
    pub(in crate::store) const OUTPUTS: &str = "outputs";
    pub(in crate::store) const SYMMETRIC: &str = "symmetric";
    pub(in crate::store) const LOWER: &str = "lower";
    pub(in crate::store) const NONE: &str = "none";
}

/// An array of a store, as `zarrs` sees it.
pub(super) type ZarrArray = Array<AtomicStorage>;

/// The document of the group at `root`.
pub(super) fn group_document(root: &Path) -> PathBuf {
    root.join(DOCUMENT)
}

/// The document of an array of the group at `root`.
pub(super) fn array_document(root: &Path, name: &str) -> PathBuf {
    root.join(name).join(DOCUMENT)
}

/// The `zarrs` arrays of a canonical plan, in its order. Writes nothing.
pub(super) fn arrays(
    root: &Path,
    storage: &Arc<AtomicStorage>,
    plan: &StorePlan,
) -> Result<Vec<ZarrArray>, StoreError> {
    plan.arrays.iter().map(|array| zarr_array(root, storage, plan, array)).collect()
}

fn zarr_array(
    root: &Path,
    storage: &Arc<AtomicStorage>,
    plan: &StorePlan,
    array: &ArrayPlan,
) -> Result<ZarrArray, StoreError> {
    let outputs = array.outputs.len() as u64;
    let shape = vec![outputs, array.rows as u64, array.cols as u64];
    let chunk = vec![outputs, plan.tile as u64, plan.tile as u64];
    let mut builder = match plan.precision {
        Precision::F32 => ArrayBuilder::new(shape, chunk, data_type::float32(), f32::NAN),
        Precision::F64 => ArrayBuilder::new(shape, chunk, data_type::float64(), f64::NAN),
    };
    let stored = if array.symmetric { attribute::LOWER } else { attribute::NONE };
    let mut attributes = Map::new();
    attributes.insert(attribute::OUTPUTS.into(), json!(array.outputs));
    attributes.insert(attribute::SYMMETRIC.into(), json!(stored));
    builder
        .array_to_bytes_codec(Arc::new(tile_codec(plan.tile)?))
        .dimension_names(Some(DIMENSIONS))
        .attributes(attributes);
    builder
        .build(storage.clone(), &format!("/{}", array.name))
        .map_err(|error| StoreError::Zarr { path: root.to_path_buf(), message: error.to_string() })
}

/// How a tile becomes a file; [`Shard`](super::shard::Shard) does it. Each output has its checksum, and so has the
/// index.
fn tile_codec(tile: usize) -> Result<ShardingCodec, StoreError> {
    let edge =
        NonZeroU64::new(tile as u64).ok_or_else(|| StoreError::InvalidPlan { reason: "the tile is 0 wide".into() })?;
    // The default is the machine's own byte order, which is no property of a file.
    let bytes = || Arc::new(BytesCodec::little());
    let checked = Arc::new(CodecChain::new(vec![], bytes(), vec![Arc::new(Crc32cCodec::new())]));
    Ok(ShardingCodec::new(vec![NonZeroU64::MIN, edge, edge], checked.clone(), checked, ShardingIndexLocation::End))
}

/// [`tile_codec`] as it stands in a document.
pub(super) fn codecs(tile: usize) -> Value {
    let checked = json!([{ "name": "bytes", "configuration": { "endian": "little" } }, { "name": "crc32c" }]);
    let sharding = json!({
        "chunk_shape": [1, tile, tile],
        "codecs": checked,
        "index_codecs": checked,
        "index_location": "end",
    });
    json!([{ "name": "sharding_indexed", "configuration": sharding }])
}

/// Writes the documents of all arrays and then, as the last step, of the group.
pub(super) fn write(
    root: &Path,
    storage: &Arc<AtomicStorage>,
    plan: &StorePlan,
    arrays: &[ZarrArray],
) -> Result<(), StoreError> {
    let options = array_options();
    for (array, planned) in arrays.iter().zip(&plan.arrays) {
        array.store_metadata_opt(&options).map_err(|error| {
            storage_error(&error, &array_document(root, &planned.name), "write the document of an array")
        })?;
    }
    let file = group_document(root);
    group(root, storage, plan)?
        .store_metadata()
        .map_err(|error| storage_error(&error, &file, "write the document of the group"))
}

/// The size in bytes of each document that [`write`] writes.
pub(super) fn sizes(plan: &StorePlan) -> Result<Vec<u64>, StoreError> {
    // The documents do not depend on the place, and nothing is written.
    let root = Path::new(".");
    let storage = Arc::new(AtomicStorage::new(root, None)?);
    let options = array_options();
    let mut sizes = Vec::new();
    for array in arrays(root, &storage, plan)? {
        sizes.push(pretty_bytes(&array.metadata_opt(&options)));
    }
    sizes.push(pretty_bytes(group(root, &storage, plan)?.metadata()));
    Ok(sizes)
}

/// The library's version has no place in a document: another version shall write the same bytes.
fn array_options() -> ArrayMetadataOptions {
    ArrayMetadataOptions::default().with_include_zarrs_metadata(false)
}

fn group(root: &Path, storage: &Arc<AtomicStorage>, plan: &StorePlan) -> Result<Group<AtomicStorage>, StoreError> {
    GroupBuilder::new()
        .attributes(group_attributes(plan))
        .build(storage.clone(), "/")
        .map_err(|error| StoreError::Zarr { path: root.to_path_buf(), message: error.to_string() })
}

/// The length of a value as indented JSON.
fn pretty_bytes(value: &impl Serialize) -> u64 {
    serde_json::to_vec_pretty(value).map_or(u64::MAX, |text| text.len() as u64)
}

fn group_attributes(plan: &StorePlan) -> Map<String, Value> {
    let names: Vec<&str> = plan.arrays.iter().map(|array| array.name.as_str()).collect();
    // In alphabetical order: whether `Map` keeps the order of insertion or sorts is up to other crates' features.
    let mut attributes = Map::new();
    attributes.insert(attribute::ARRAYS.into(), json!(names));
    attributes.insert(attribute::MANIFEST.into(), Value::Object(plan.manifest.clone()));
    attributes.insert(attribute::FORMAT.into(), json!(FORMAT));
    attributes
}

/// Refuses a plan whose documents would be longer than what is read back.
pub(super) fn check_size(plan: &StorePlan) -> Result<(), StoreError> {
    // Room for the fields around the attributes, and for their indentation.
    let check = |what: &str, value: Value| {
        let bytes = pretty_bytes(&value).saturating_mul(2).saturating_add(4096);
        if bytes <= MAX_METADATA_BYTES {
            return Ok(());
        }
        let reason = format!("{what} needs about {bytes} bytes of JSON, the limit is {MAX_METADATA_BYTES}");
        Err(StoreError::InvalidPlan { reason })
    };
    check("the manifest", Value::Object(group_attributes(plan)))?;
    for array in &plan.arrays {
        check(&format!("the list of outputs of array {}", array.name), json!(array.outputs))?;
    }
    Ok(())
}
