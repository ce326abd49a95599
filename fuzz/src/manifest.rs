//! The documents of a store.

use arbitrary::{Arbitrary, Unstructured};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use ultrawide::job::stored_net;
use ultrawide::store::{ArrayPlan, Precision, Store, StorePlan};
use ultrawide_core::Shape;

use crate::check_line;

/// The store whose documents the seeds are.
pub(crate) static PLAN: LazyLock<StorePlan> = LazyLock::new(|| {
    let array = |name: &str, rows, cols, symmetric| ArrayPlan {
        name: name.to_owned(),
        rows,
        cols,
        symmetric,
        outputs: vec!["cntk-v ntk depth 3".to_owned(), "cntk-v ntk depth 6".to_owned()],
    };
    StorePlan {
        tile: 16,
        precision: Precision::F32,
        arrays: vec![array("all-test", 7, 40, false), array("all-train", 40, 40, true)],
        manifest: serde_json::from_str(MANIFEST).expect("an object"),
    }
});

const MANIFEST: &str = r#"{
    "data": {"name": "digits", "train": 40}, "kernels": ["ntk"], "depths": [3, 6], "flip": true,
    "passes": {
        "all": {"net": "cntk", "trained": "all", "readouts": ["vanilla"], "filter": 3, "slope": 0.5},
        "hidden": {"net": "fc", "trained": "hidden", "slope": 0, "residual": 0.25}
    }
}"#;

/// The images that the kernels of such a store are of.
const SHAPE: Shape = Shape { channels: 1, height: 8, width: 8 };

/// Where the documents lie: the group's, and those of its arrays.
const PLACES: [&str; 3] = ["", "all-test", "all-train"];

/// The documents of that store, in the order of [`PLACES`].
static DOCUMENTS: LazyLock<[Value; 3]> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.zarr");
    drop(Store::create(&path, &PLAN).expect("a good plan"));
    PLACES.map(|place| {
        let text = fs::read(path.join(place).join("zarr.json")).expect("a document");
        serde_json::from_slice(&text).expect("JSON")
    })
});

/// The documents of the group and of its arrays `all-test` and `all-train`, with a byte of 0 between them; after a byte of 1, changes of
/// those of a good store, which stay JSON: hardly any change of bytes does.
pub fn manifest(data: &[u8]) {
    let documents: Vec<Vec<u8>> = match data {
        [1, rest @ ..] => {
            let Ok(changes) = Vec::<Change<'_>>::arbitrary(&mut Unstructured::new(rest)) else { return };
            let mut documents = DOCUMENTS.clone();
            for change in &changes {
                let [group, test, train] = &mut documents;
                change.apply([group, test, train][usize::from(change.document) % PLACES.len()]);
            }
            documents.map(|document| document.to_string().into_bytes()).to_vec()
        }
        _ => data.splitn(PLACES.len(), |&byte| byte == 0).map(<[u8]>::to_vec).collect(),
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.zarr");
    for (name, document) in PLACES.into_iter().zip(&documents) {
        let below = path.join(name);
        fs::create_dir_all(&below).and_then(|()| fs::write(below.join("zarr.json"), document)).expect("a small file");
    }
    match Store::open(&path) {
        Ok(store) => {
            described(&store);
            reopened(store.plan(), folder.path());
        }
        Err(error) => check_line(&error),
    }
    match Store::resume(&path, &PLAN) {
        Ok(store) => {
            assert_eq!(*store.plan(), PLAN.canonical().expect("a good plan"));
            let (net, flip) = stored_net(&store, "all", SHAPE).expect("a network");
            assert!(flip && net.slope() == 0.5, "{net:?}");
        }
        Err(error) => check_line(&error),
    }
}

/// Every network that a manifest describes has the outputs of its arrays.
fn described(store: &Store) {
    for pass in ["all", "hidden"] {
        match stored_net(store, pass, SHAPE) {
            Ok((net, _)) => {
                let outputs: Vec<String> = net.outputs().iter().map(ToString::to_string).collect();
                let array = store.plan().array(&format!("{pass}-test")).expect("an array");
                assert_eq!(array.outputs, outputs);
            }
            Err(error) => check_line(&error),
        }
    }
}

/// A plan that was read back makes a store from which it is read back.
fn reopened(plan: &StorePlan, folder: &Path) {
    let path = folder.join("again.zarr");
    match Store::create(&path, plan) {
        Ok(store) => drop(store),
        // Documents that are just short enough to be read may be too long to be written, indented as they are then.
        Err(error) => return check_line(&error),
    }
    match Store::open(&path) {
        Ok(store) => assert_eq!(store.plan(), plan),
        Err(error) => panic!("a store that was just made cannot be opened: {error}"),
    }
}

/// A change of one value of one document.
#[derive(Arbitrary, Debug)]
struct Change<'a> {
    document: u8,
    /// Which value, counted from the outermost one, parents before children.
    at: u8,
    edit: Edit<'a>,
}

#[derive(Arbitrary, Debug)]
enum Edit<'a> {
    Replace(Json<'a>),
    /// The first entry or item of the value goes.
    Remove,
    /// One more entry or item.
    Add(&'a str, Json<'a>),
}

/// Any JSON, and often what some document of the store has elsewhere.
#[derive(Arbitrary, Debug)]
enum Json<'a> {
    Known(u8, u8),
    Small(u8),
    Whole(u64),
    Negative(i64),
    Fraction(f64),
    Truth(Option<bool>),
    Text(&'a str),
    List(Vec<Json<'a>>),
    Object(Vec<(&'a str, Json<'a>)>),
}

impl Json<'_> {
    fn value(&self) -> Value {
        match self {
            Json::Known(document, at) => {
                let mut document = DOCUMENTS[usize::from(*document) % PLACES.len()].clone();
                nth(&mut document, &mut usize::from(*at)).map_or(Value::Null, |value| value.clone())
            }
            Json::Small(number) => (*number).into(),
            Json::Whole(number) => (*number).into(),
            Json::Negative(number) => (*number).into(),
            Json::Fraction(number) => (*number).into(),
            Json::Truth(truth) => (*truth).into(),
            Json::Text(text) => (*text).into(),
            Json::List(items) => items.iter().map(Json::value).collect(),
            Json::Object(entries) => entries.iter().map(|(key, value)| ((*key).to_owned(), value.value())).collect(),
        }
    }
}

impl Change<'_> {
    fn apply(&self, document: &mut Value) {
        let Some(value) = nth(document, &mut self.at.into()) else { return };
        match (&self.edit, value) {
            (Edit::Replace(json), value) => *value = json.value(),
            (Edit::Remove, Value::Object(entries)) => {
                if let Some(key) = entries.keys().next().cloned() {
                    entries.remove(&key);
                }
            }
            (Edit::Remove, Value::Array(items)) => drop(items.pop()),
            (Edit::Add(key, json), Value::Object(entries)) => drop(entries.insert((*key).to_owned(), json.value())),
            (Edit::Add(_, json), Value::Array(items)) => items.push(json.value()),
            (Edit::Remove | Edit::Add(..), _) => {}
        }
    }
}

/// The value that `at` others come before; `at` becomes how many are still to come before it.
fn nth<'a>(value: &'a mut Value, at: &mut usize) -> Option<&'a mut Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    match value {
        Value::Object(entries) => entries.values_mut().find_map(|value| nth(value, at)),
        Value::Array(items) => items.iter_mut().find_map(|value| nth(value, at)),
        _ => None,
    }
}
