//! Every public function that computes has a row in `docs/accuracy.md` and says in its own documentation how accurate it is; every row names a
//! function and tests that exist.
//!
//! Every public function of the core is also called by `core/no-panic`, which proves that it cannot panic.
//!
//! All public functions and methods of the folders and files of [`SEARCHED`] count as such, and the traits, each as a whole, but for those of
//! [`NOT_NUMERICAL`]. Not searched are the command line, the store, which gives back the bits that it was given, plots, and the C interface, whose functions are
//! those of the core; of the simulator what it predicts of machines is no arithmetic, and `accel-sim validate` holds it against measured times.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where numbers are computed.
const SEARCHED: [&str; 12] = [
    "core/src",
    "simd/src",
    "classifier/src",
    "finite/src",
    "host/src/gram",
    "host/src/regression",
    "host/src/data",
    "host/src/experiment",
    "host/src/job",
    "accel-sim/src/format.rs",
    "accel-sim/src/formats.rs",
    "accel-sim/src/number.rs",
];

/// What computes no numbers: it describes, draws, reads, writes, keeps, copies, counts, plans or compares, or runs what it is given. A name that is gone
/// fails, too.
const NOT_NUMERICAL: &[(&str, &[&str])] = &[
    (
        "core/src/network.rs",
        &[
            "Request::new",
            "Request::kernels",
            "Request::depths",
            "Request::trained",
            "Request::layers",
            "Dense::new",
            "Dense::with_slope",
            "Dense::with_residual",
            "Dense::slope",
            "Dense::residual",
            "Dense::request",
            "Dense::outputs",
            "Conv::new",
            "Conv::with_slope",
            "Conv::slope",
            "Conv::shape",
            "Conv::pixels",
            "Conv::filter",
            "Conv::readouts",
            "Conv::request",
            "Conv::outputs",
        ],
    ),
    ("core/src/variance.rs", &["prepared_len", "flip"]),
    ("core/src/conv.rs", &["conv_scratch_len"]),
    ("core/src/shape.rs", &["Shape::len", "Shape::is_empty", "Shape::pixels"]),
    ("host/src/gram/stored.rs", &["Stored::new"]),
    ("host/src/gram/memory.rs", &["Memory::new", "Memory::set"]),
    (
        "host/src/gram/net.rs",
        &[
            "Output::net_name",
            "Output::kernel_name",
            "Net::shape",
            "Net::request",
            "Net::slope",
            "Net::residual",
            "Net::outputs",
            "Net::trained_name",
            "Net::entries",
            "Net::tile",
            "Net::largest_tile",
        ],
    ),
    ("host/src/gram/run.rs", &["TileSource", "Gram::plan", "Gram::check", "Gram::pairs", "Gram::thread_bytes"]),
    (
        "host/src/regression/workspace.rs",
        &[
            "SolveReport::warning",
            "Workspace::new",
            "Workspace::mixed",
            "Workspace::n",
            "Workspace::threads",
            "Workspace::load",
        ],
    ),
    (
        "host/src/regression/lower.rs",
        &["LowerMut::n", "LowerMut::set", "LowerMut::set_tile", "LowerMut::column_mut", "LowerMut::columns_mut"],
    ),
    ("host/src/regression/targets.rs", &["Targets::new", "Targets::labels", "Targets::classes"]),
    ("host/src/regression/predict.rs", &["Predictor::new"]),
    ("host/src/regression/entry.rs", &["Entry"]),
    ("host/src/regression/product.rs", &["Tiles"]),
    ("host/src/regression/rows.rs", &["Rows::share", "Rows::read", "Rows::n", "Rows::len", "Rows::is_empty"]),
    ("host/src/regression/spectrum.rs", &["Spectrum::n"]),
    ("host/src/regression/method.rs", &["Method::name", "Method::bytes"]),
    ("host/src/data/cifar.rs", &["read_records", "read_archive"]),
    ("host/src/data/input.rs", &["gunzip"]),
    ("host/src/data/checksum.rs", &["Images::checksum"]),
    ("host/src/data/idx.rs", &["read_images", "read_labels"]),
    (
        "host/src/data/images.rs",
        &[
            "Pixels::len",
            "Pixels::is_empty",
            "Images::new",
            "Images::len",
            "Images::is_empty",
            "Images::shape",
            "Images::pixels",
            "Images::normalisation",
            "Images::set_normalisation",
            "Images::select",
        ],
    ),
    ("host/src/data/mod.rs", &["Kind::name", "Kind::classes", "Kind::scale", "Subset::name", "LoadOptions::new"]),
    ("host/src/data/normalise.rs", &["Normalisation::check"]),
    (
        "host/src/data/npy/matrices.rs",
        &[
            "Matrices::open",
            "Matrices::name",
            "Matrices::shape",
            "Matrices::outer",
            "Matrices::count",
            "Matrices::rows",
            "Matrices::columns",
            "Matrices::is_f32",
            "Matrices::read",
            "Matrices::blocks",
            "read_matrix",
        ],
    ),
    (
        "host/src/data/npy/write.rs",
        &["Element", "write_array", "ArrayWriter::create", "ArrayWriter::write", "ArrayWriter::finish"],
    ),
    ("host/src/data/npy/mod.rs", &["read_images", "images_from", "read_labels", "labels_from"]),
    (
        "simd/src/lib.rs",
        &[
            "Backend::available",
            "Backend::is_available",
            "Backend::select",
            "Backend::fused",
            "Backend::is_fused",
            "Backend::lanes",
            "Backend::run",
            "Job",
            "Element",
        ],
    ),
    ("simd/src/tile.rs", &["Images"]),
    ("simd/src/conv_tile.rs", &["ConvTile::numbers"]),
    ("simd/src/dense_tile.rs", &["DenseTile::numbers"]),
    ("classifier/src/lib.rs", &["Model::workspace_len"]),
    (
        "finite/src/architecture.rs",
        &[
            "Layers::contain",
            "Architecture::check",
            "Architecture::pixels",
            "Architecture::weights",
            "Architecture::bytes",
        ],
    ),
    ("finite/src/batch.rs", &["Batch::new", "Batch::len", "Batch::is_empty", "Batch::select"]),
    ("finite/src/model.rs", &["Model::plain", "Model::scaled", "Model::antisymmetric", "Model::parts"]),
    ("finite/src/network.rs", &["Network::new", "Network::architecture", "Network::weights", "Network::weights_mut"]),
    ("host/src/experiment/error.rs", &["ExperimentError::is_usage"]),
    ("host/src/experiment/finding.rs", &["Finding::svg", "Finding::csv", "Finding::write", "shown"]),
    ("host/src/experiment/mod.rs", &["Experiment::name", "Experiment::is_tested"]),
    ("host/src/experiment/page.rs", &["page", "write_page"]),
    ("host/src/experiment/setting.rs", &["Steps"]),
    ("host/src/experiment/statistics.rs", &["Interval::contains", "measured", "PowerLaw::curve"]),
    ("host/src/job/available.rs", &["available_memory"]),
    ("host/src/job/error.rs", &["JobError::is_usage"]),
    ("host/src/job/file.rs", &["check_writable", "make_folder", "write_atomically"]),
    ("host/src/job/fit.rs", &["Solver::new", "Solver::by", "predicted"]),
    ("host/src/job/kernel.rs", &["KernelReport::write"]),
    (
        "host/src/job/kernels.rs",
        &["Machine::new", "Machine::threads", "cores", "Work::of", "Work::sum", "Work::plus", "Watch", "missing"],
    ),
    ("host/src/job/manifest.rs", &["SetInfo::of", "checksum_labels", "stored_net"]),
    ("host/src/job/mod.rs", &["Float"]),
    ("host/src/job/regress.rs", &["Classes::numbered", "stored_data"]),
    (
        "host/src/job/report.rs",
        &["DataInfo::of", "Row::new", "Row::name", "Format::of", "Report::failures", "Report::write"],
    ),
    (
        "host/src/job/settings.rs",
        &[
            "NetKind::name",
            "NetKind::default_trained",
            "NetKind::of",
            "default_lap",
            "NetSettings::check",
            "NetSettings::passes",
            "tile_for",
        ],
    ),
    ("host/src/job/share.rs", &["ShareReport::write", "ShareReport::check_format"]),
    ("host/src/job/sweep.rs", &["SweepOptions::count", "SweepReport::write"]),
    ("host/src/job/export/source.rs", &["Language::name", "Source::table", "Source::tests"]),
    (
        "host/src/job/export/table.rs",
        &[
            "Form::name",
            "Form::other",
            "Table::model",
            "Table::shape",
            "Table::form",
            "Table::support",
            "Table::image_bytes",
            "Table::weight_bytes",
            "Table::bytes",
            "Table::name",
        ],
    ),
    ("host/src/job/plan/mod.rs", &["PlanReport::write", "plan"]),
    (
        "host/src/job/ranks/cluster.rs",
        &[
            "Cluster::start",
            "Cluster::rank",
            "Cluster::size",
            "Cluster::is_first",
            "Cluster::barrier",
            "Cluster::together",
            "Cluster::abort",
        ],
    ),
    (
        "accel-sim/src/format.rs",
        &["Format::bytes", "Format::smallest_exponent", "Format::limit_exponent", "Format::is_beyond"],
    ),
    (
        "accel-sim/src/number.rs",
        &["Arithmetic::uniform", "Op::index", "Op::name", "simulate", "record", "Simulated::in_memory"],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A public function, `name` or `Type::name`, or a public trait.
#[derive(Debug)]
struct Item {
    file: String,
    name: String,
    /// Whether its documentation has a section "Accuracy".
    documented: bool,
}

fn identifier(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")
}

/// The type that the methods of `impl<…> Type<…> {` belong to; `None` for the implementation of a trait.
fn implemented(line: &str) -> Option<&str> {
    let mut depth = 0;
    let generics = |c: char| {
        depth += i32::from(c == '<') - i32::from(c == '>');
        depth == 0 && c == '>'
    };
    let rest = line.strip_prefix("impl")?;
    let rest = if rest.starts_with('<') { &rest[rest.find(generics)? + 1..] } else { rest };
    (!rest.contains(" for ")).then(|| identifier(rest.trim_start()))
}

/// The public items of a source as rustfmt writes it.
fn items(file: &str, source: &str) -> Vec<Item> {
    let (mut items, mut documentation, mut of) = (vec![], String::new(), None);
    for line in source.lines() {
        let text = line.trim_start();
        if line.starts_with("impl") {
            of = implemented(line);
        } else if line == "}" {
            of = None;
        }
        if let Some(comment) = text.strip_prefix("///") {
            documentation.push_str(comment);
            continue;
        }
        if text.starts_with("#[") {
            continue;
        }
        let public = text.strip_prefix("pub ").unwrap_or("");
        let (signature, function) = match public.split_once("fn ") {
            Some((before, after)) => (after, ["", "const ", "unsafe ", "const unsafe "].contains(&before)),
            None => ("", false),
        };
        let name = match of {
            _ if line.starts_with("pub trait ") => Some(identifier(&public["trait ".len()..]).to_owned()),
            Some(of) if function => Some(format!("{of}::{}", identifier(signature))),
            None if function => Some(identifier(signature).to_owned()),
            _ => None,
        };
        let documented = documentation.contains(" # Accuracy");
        items.extend(name.map(|name| Item { file: file.to_owned(), name, documented }));
        documentation.clear();
    }
    items
}

/// The items of all sources below a folder but its tests.
fn below(folder: &str) -> Vec<Item> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut all = vec![];
    for entry in entries {
        let entry = entry.expect("an entry");
        let name = format!("{folder}/{}", entry.file_name().to_str().expect("a name in UTF-8"));
        if name.ends_with(".rs") {
            all.extend(items(&name, &read(&entry.path())));
        } else if entry.path().is_dir() && !name.ends_with("/tests") {
            all.extend(below(&name));
        }
    }
    all
}

fn public() -> Vec<Item> {
    let of = |path: &str| if path.ends_with(".rs") { items(path, &read(&root().join(path))) } else { below(path) };
    SEARCHED.into_iter().flat_map(of).collect()
}

fn is_listed(item: &Item) -> bool {
    NOT_NUMERICAL.iter().any(|(file, names)| *file == item.file && names.contains(&item.name.as_str()))
}

/// Lines of the form ``| `name` | … | `path.rs::test` … |``.
fn rows() -> Vec<(String, Vec<String>)> {
    let text = read(&root().join("docs/accuracy.md"));
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let quoted = |rest: &str| rest.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    rows.map(|(name, rest)| (name.to_owned(), quoted(rest))).collect()
}

#[test]
fn every_numerical_function_has_a_row_and_documents_its_accuracy() {
    let rows: BTreeSet<String> = rows().into_iter().map(|row| row.0).collect();
    let public = public();
    assert!(public.len() > 250, "{public:?}");
    for item @ Item { file, name, documented } in &public {
        let (row, listed) = (rows.contains(name), is_listed(item));
        assert!(row || listed, "docs/accuracy.md says nothing of {name}, {file}");
        assert!(!row || !listed, "{name}, {file}, has a row and is listed as not numerical");
        assert!(listed || *documented, "no section \"Accuracy\" in the documentation of {name}, {file}");
    }
}

#[test]
fn what_is_not_numerical_exists() {
    let public = public();
    for (file, names) in NOT_NUMERICAL {
        for name in *names {
            assert!(public.iter().any(|item| item.file == *file && item.name == *name), "{file} has no public {name}");
        }
    }
}

#[test]
fn every_row_names_a_function_and_tests_that_exist() {
    let public = public();
    for (name, quoted) in rows() {
        let of_that_name = public.iter().filter(|item| item.name == name && !is_listed(item)).count();
        assert_eq!(of_that_name, 1, "public functions called {name}, of which there is a row");
        let tests = quoted.iter().filter_map(|quoted| quoted.split_once(".rs::"));
        let mut found = 0;
        for (file, test) in tests {
            let source = read(&root().join(format!("{file}.rs")));
            let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
            let is_test = |pair: &[&str]| pair[0] == "#[test]" && pair[1].starts_with(&format!("fn {test}("));
            assert!(lines.windows(2).any(is_test), "{name}: {file}.rs has no test {test}");
            found += 1;
        }
        assert!(found > 0, "the row of {name} names no test");
    }
}

/// How many calls of a function, or of methods of this name, there are in a source; what it declares and what comments say is none.
fn calls(source: &str, name: &str) -> usize {
    let call = format!("{name}(");
    let lines = source.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    let before = lines.flat_map(|line| line.match_indices(&call).map(move |(at, _)| line[..at].chars().next_back()));
    // At the beginning of a line, and after the $ of a macro, an entry is declared.
    before.flatten().filter(|c| !c.is_alphanumeric() && !"_$".contains(*c)).count()
}

/// What is not called there may panic unseen. Methods of one name cannot be told apart there, but counted; the traits are those of the numbers that all is called with.
#[test]
fn every_function_of_the_core_is_proven_not_to_panic() {
    let proof = read(&root().join("core/no-panic/src/lib.rs"));
    let last = |item: &Item| item.name.rsplit("::").next().unwrap_or("").to_owned();
    let core = below("core/src");
    let functions: Vec<String> = core.iter().map(last).filter(|name| !name.starts_with(char::is_uppercase)).collect();
    assert!(functions.len() > 30, "{functions:?}");
    for name in &functions {
        let (declared, called) = (functions.iter().filter(|other| *other == name).count(), calls(&proof, name));
        assert!(called >= declared, "core/no-panic calls {called} of {declared} public functions called {name}");
    }
}

#[test]
fn calls_are_counted() {
    let source = "
// name(x) in a comment
name(x: f64) -> f64 { other_name(x) }
    $name(x: f64) -> f64 { x }
    result() -> f64 { name(x) + module::name(x).name() }
Type::name(x)
names(x)
";
    assert_eq!(calls(source, "name"), 4);
}

/// The search sees functions however their generics are written.
#[test]
fn public_functions_are_found() {
    let source = "
/// Text.
///
/// # Accuracy
/// Exact.
#[inline(always)]
pub fn first<const R: usize, N: Number>(x: N) {
}
pub(crate) fn hidden<N: Number>(x: N) {}
/// Of no known accuracy.
pub const fn second(x: f64) {}
pub trait Third: Copy {
    fn method(self);
}
impl<'a, S: Into<Vec<f64>>> Fourth<'a, S> {
    fn private() {}

    /// # Accuracy
    pub fn method<
        S: Scalar,
    >() {
    }
}
impl<S: Scalar> Third for Fourth<S> {
    fn method(self) {}
}
mod sealed {
    pub trait Sealed {}
}
";
    let found: Vec<(String, bool)> =
        items("file.rs", source).into_iter().map(|item| (item.name, item.documented)).collect();
    let expected = [("first", true), ("second", false), ("Third", false), ("Fourth::method", true)];
    assert_eq!(found, expected.map(|(name, documented)| (name.to_owned(), documented)));
}
