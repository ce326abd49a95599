//! The manifest of a store: everything that decides its bytes.

use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::settings::dense;
use super::{JobError, Machine, NetSettings, Pass};
use crate::data::{Dataset, Labelled};
use crate::gram::Net;
use crate::simd::REVISION;
use crate::store::{Precision, Store};
use ultrawide_core::{Conv, Kernel, Readout, Request, Shape, Trained};

/// One of the two sets of images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetInfo {
    /// The number of images.
    pub images: usize,
    /// The checksum of the images, their normalisation included.
    pub sha256: String,
    /// The checksum of the labels.
    pub labels_sha256: String,
}

impl SetInfo {
    /// Counts and checksums.
    pub fn of(set: &Labelled) -> Self {
        let labels_sha256 = checksum_labels(&set.labels);
        SetInfo { images: set.images.len(), sha256: set.images.checksum(), labels_sha256 }
    }
}

/// SHA-256, in hexadecimal, of the number of labels and the labels as little-endian bytes.
pub fn checksum_labels(labels: &[u16]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"ultrawide labels 1\n");
    hash.update((labels.len() as u64).to_le_bytes());
    labels.iter().for_each(|label| hash.update(label.to_le_bytes()));
    crate::data::hexadecimal(&hash.finalize())
}

/// The name of a kernel on the command line.
pub(super) fn kernel_name(kernel: Kernel) -> &'static str {
    match kernel {
        Kernel::Ntk => "ntk",
        Kernel::Nngp => "nngp",
    }
}

/// What a store is told about the run that fills it. The layout (tile, precision, shapes, outputs) stands in the store's plan.
pub(super) struct Facts<'a> {
    pub(super) data: &'a Dataset,
    pub(super) subset: &'a str,
    pub(super) train: &'a SetInfo,
    pub(super) test: &'a SetInfo,
    pub(super) settings: &'a NetSettings,
    pub(super) passes: &'a [Pass],
    pub(super) flip: bool,
    pub(super) precision: Precision,
    pub(super) machine: &'a Machine,
}

impl Facts<'_> {
    pub(super) fn manifest(&self) -> Map<String, Value> {
        let passes: Map<String, Value> =
            self.passes.iter().map(|pass| (pass.name.clone(), describe(&pass.net))).collect();
        let value = json!({
            "software": { "name": "ultrawide", "version": env!("CARGO_PKG_VERSION"), "kernels": REVISION },
            // Backends that agree in this give the same bits, so a run may go on where another backend is the fastest.
            "arithmetic": if self.machine.backend.is_fused() { "fused" } else { "unfused" },
            "precision": self.precision.zarr_name(),
            "flip": self.flip,
            "passes": passes,
            "depths": self.passes.first().map(|pass| pass.net.request().depths()),
            "kernels": self.settings.kernels.iter().copied().map(kernel_name).collect::<Vec<_>>(),
            "data": {
                "name": self.data.name,
                "subset": self.subset,
                "shape": self.data.train.images.shape().to_string(),
                "classes": self.data.classes,
                "train": self.train,
                "test": self.test,
            },
        });
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

/// The network of a pass.
fn describe(net: &Net) -> Value {
    let trained = net.trained_name();
    let mut description = match net {
        Net::Dense { .. } => json!({ "net": "fc", "trained": trained }),
        Net::Conv(conv) => {
            let readouts: Vec<String> = conv.readouts().iter().map(readout_name).collect();
            json!({ "net": "cntk", "trained": trained, "readouts": readouts, "filter": conv.filter() })
        }
    };
    // Of plain networks nothing: stores that are older than these have no others.
    if net.slope() != 0.0 {
        description["slope"] = json!(net.slope());
    }
    if let Some(strength) = net.residual() {
        description["residual"] = json!(strength);
    }
    description
}

fn readout_name(readout: &Readout) -> String {
    match readout {
        Readout::Vanilla => "vanilla".to_owned(),
        Readout::Gap => "gap".to_owned(),
        Readout::Lap(c) => format!("lap({c})"),
    }
}

/// The network of a pass of a store, for images of a shape, and whether its rows were averaged with the mirrored ones, from the manifest.
///
/// # Errors
/// A manifest that describes no network, or another one than the arrays of the pass have outputs of.
pub fn stored_net(store: &Store, pass: &str, shape: Shape) -> Result<(Net, bool), JobError> {
    let unknown = |why: String| {
        JobError::Input(format!("{}: the manifest describes no network of {pass}: {why}", store.path().display()))
    };
    let manifest = store.manifest();
    let net = net_of(manifest, pass, shape).map_err(unknown)?;
    let outputs: Vec<String> = net.outputs().iter().map(ToString::to_string).collect();
    if store.plan().array(&format!("{pass}-test")).is_none_or(|array| array.outputs != outputs) {
        return Err(unknown("the arrays have other outputs".to_owned()));
    }
    Ok((net, manifest.get("flip").and_then(Value::as_bool).unwrap_or(false)))
}

/// The inverse of [`describe`]; the error says what is wrong.
fn net_of(manifest: &Map<String, Value>, pass: &str, shape: Shape) -> Result<Net, String> {
    let of_pass = manifest.get("passes").and_then(|passes| passes.get(pass)).ok_or("there is none of that name")?;
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let number = |value: &Value| value.as_u64().and_then(|value| usize::try_from(value).ok());
    let trained = match of_pass.get("trained").and_then(Value::as_str) {
        Some("all") => Trained::All,
        Some("hidden") => Trained::Hidden,
        _ => return Err("which layers are trained is not told".to_owned()),
    };
    let kernel = |value: &Value| [Kernel::Ntk, Kernel::Nngp].into_iter().find(|&kernel| *value == kernel_name(kernel));
    let kernels: Option<Vec<Kernel>> = list(manifest.get("kernels")).iter().map(kernel).collect();
    let depths: Option<Vec<usize>> = list(manifest.get("depths")).iter().map(number).collect();
    let request = Request::new(&kernels.ok_or("unknown kernels")?, &depths.ok_or("unknown depths")?, trained)
        .map_err(|error| error.to_string())?;
    let slope = of_pass.get("slope").map_or(Some(0.0), Value::as_f64).ok_or("the slope is no number")?;
    let net = match of_pass.get("net").and_then(Value::as_str) {
        Some("fc") => {
            let residual = of_pass.get("residual").map(|strength| strength.as_f64().ok_or("the strength is no number"));
            dense(shape, request, slope, residual.transpose()?)
        }
        Some("cntk") => {
            let readout = |value: &Value| match value.as_str()? {
                "vanilla" => Some(Readout::Vanilla),
                "gap" => Some(Readout::Gap),
                lap => lap.strip_prefix("lap(")?.strip_suffix(')')?.parse().ok().map(Readout::Lap),
            };
            let readouts: Option<Vec<Readout>> = list(of_pass.get("readouts")).iter().map(readout).collect();
            let filter = of_pass.get("filter").and_then(number).ok_or("the filter is no number")?;
            Conv::new(shape, filter, &readouts.ok_or("unknown readouts")?, request)
                .and_then(|net| net.with_slope(slope))
                .map(Net::Conv)
        }
        _ => return Err("it is of an unknown kind".to_owned()),
    };
    net.map_err(|error| error.to_string())
}
