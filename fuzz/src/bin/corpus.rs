//! Writes `fuzz/seeds` and `fuzz/hostile`: inputs that the fuzzers begin with and the ordinary tests replay.
//!
//! Seeds are what users have: files of the real formats, manifests of real stores, command lines of the documentation. Hostile inputs are
//! the same damaged on purpose. Findings of the fuzzers are added by hand and stay when this is run again, and so do the arrays that
//! NumPy wrote (`scripts/numpy_seeds.py`).

use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use ultrawide::data::npy::write_array;
use ultrawide::data::readers::{FILE_LEN, RECORD_LEN, gunzip};
use ultrawide::store::Store;
use ultrawide_fuzz::{manifest_plan, words_of};

/// One of the folders.
struct Folder(PathBuf);

impl Folder {
    fn new(kind: &str, target: &str) -> io::Result<Folder> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(target);
        fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        fs::write(self.0.join(name), bytes)
    }
}

fn both(target: &str) -> io::Result<[Folder; 2]> {
    Ok([Folder::new("seeds", target)?, Folder::new("hostile", target)?])
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// A pattern that compresses well and repeats late.
fn pattern(len: usize, limit: u8) -> Vec<u8> {
    (0..len).map(|at| ((at * at + at / 7) % usize::from(limit)) as u8).collect()
}

fn cifar() -> io::Result<()> {
    let [seeds, hostile] = both("cifar")?;
    let record = |label: u8| [&[label], &pattern(RECORD_LEN - 1, 251)[..]].concat();
    // The first byte is the limit.
    seeds.put("one", [&[255], &record(3)[..]].concat())?;
    seeds.put("two-of-three", [&[2], &record(0)[..], &record(9), &record(5)].concat())?;
    hostile.put("label-10", [&[255], &record(10)[..]].concat())?;
    hostile.put("cut", [&[255], &record(3)[..RECORD_LEN - 1]].concat())?;
    hostile.put("none", [255])
}

/// A member of a tar file, with the size that its header claims.
fn member(name: &str, size: u64, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    // A name that does not fit is left out: that is hostile too.
    let _ = header.set_path(name);
    header.set_size(size);
    header.set_cksum();
    let mut bytes = [header.as_bytes(), content].concat();
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// What the target `tar_gz` makes a readable archive of: the first batch and the test batch, both whole.
fn whole_archive() -> Vec<u8> {
    // As `arbitrary` takes it apart: numbers from the front, and each list goes on while the next byte is odd.
    let member =
        |name: [u8; 4], variant: &[u8]| [&[1][..], &name, variant, &[1], &FILE_LEN.to_le_bytes(), &[0], &[0]].concat();
    // Variants of an enum of three: the upper bits of a `u32` choose.
    let [train, test] = [[0, 0, 0, 0], [0, 0, 0, 0x60]];
    [b"T\0".as_slice(), &member(train, &[1]), &member(test, &[]), &[0; 8]].concat()
}

fn tar_gz() -> io::Result<()> {
    let [seeds, hostile] = both("tar_gz")?;
    let name = "cifar-10-batches-bin/data_batch_1.bin";
    let small =
        [member("cifar-10-batches-bin/readme.html", 88, &[b'r'; 88]), member(name, 3073, &pattern(3073, 10))].concat();
    seeds.put("tar", &small)?;
    seeds.put("gzip", gzip(&small)?)?;
    seeds.put("members", [b"T\x01".as_slice(), &pattern(200, 251)].concat())?;
    seeds.put("whole", whole_archive())?;
    hostile.put("claims-30-megabytes", gzip(&member(name, 30_730_000, b"short"))?)?;
    hostile.put("claims-all-there-is", member(name, u64::MAX >> 1, b""))?;
    // 40 MB of zeros, beyond what the archive may unpack to nothing but itself.
    hostile.put("bomb", gzip(&[member(name, 40 << 20, b""), vec![0; 40 << 20]].concat())?)?;
    let mut flipped = gzip(&small)?;
    let at = flipped.len() - 6;
    flipped[at] ^= 1;
    hostile.put("checksum", flipped)?;
    hostile.put("cut", &gzip(&small)?[..100])?;
    hostile.put("path", member("../../../data_batch_1.bin", 10, &[0; 10]))?;
    hostile.put("no-tar", gzip(b"text")?)
}

fn idx_images(count: u32, side: u32, pixels: &[u8]) -> Vec<u8> {
    let words = [0x803, count, side, side].map(u32::to_be_bytes).concat();
    [&words, pixels].concat()
}

fn idx_labels(count: u32, labels: &[u8]) -> Vec<u8> {
    [&[0x801, count].map(u32::to_be_bytes).concat(), labels].concat()
}

/// The first bytes behind the header of a file of the bundled digits.
fn digits(name: &str, header: usize, len: usize) -> io::Result<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../host/data/digits-{name}.gz"));
    let mut bytes = vec![0; header + len];
    gunzip(fs::File::open(path)?)?.read_exact(&mut bytes)?;
    Ok(bytes.split_off(header))
}

fn idx() -> io::Result<()> {
    let [seeds, hostile] = both("idx")?;
    let [zipped, bad_zipped] = both("gzip")?;
    let images = idx_images(3, 8, &digits("images", 16, 192)?);
    let labels = idx_labels(12, &digits("labels", 8, 12)?);
    for (name, bytes) in [("images", &images), ("labels", &labels)] {
        seeds.put(name, bytes)?;
        zipped.put(name, gzip(bytes)?)?;
        zipped.put(&format!("{name}-to-pack"), [b"Z", &bytes[..]].concat())?;
    }
    hostile.put("count-of-all-ones", idx_images(u32::MAX, 28, b"x"))?;
    hostile.put("side-of-all-ones", idx_images(1, u32::MAX, b"x"))?;
    hostile.put("no-images", idx_images(0, 28, b""))?;
    hostile.put("cut", &images[..100])?;
    hostile.put("longer", [&images, &b"x"[..]].concat())?;
    hostile.put("label-10", idx_labels(2, &[1, 10]))?;
    hostile.put("floats", [&[0, 0, 0x0d, 3][..], &images[4..]].concat())?;
    bad_zipped.put("bomb", gzip(&[&idx_images(9_999_999, 1024, b"")[..], &vec![0; 40 << 20]].concat())?)?;
    bad_zipped.put("cut", &gzip(&images)?[..30])?;
    let mut flipped = gzip(&images)?;
    let at = flipped.len() - 8;
    flipped[at] ^= 0x80;
    bad_zipped.put("checksum", flipped)?;
    bad_zipped.put("members", [gzip(&images[..50])?, gzip(&images[50..])?].concat())
}

/// An array with a header of any text.
fn npy_file(version: u8, text: &str, data: &[u8]) -> Vec<u8> {
    let len = match version {
        1 => (text.len() as u16).to_le_bytes().to_vec(),
        _ => (text.len() as u32).to_le_bytes().to_vec(),
    };
    [b"\x93NUMPY".as_slice(), &[version, 0], &len, text.as_bytes(), data].concat()
}

fn npy() -> io::Result<()> {
    let [seeds, hostile] = both("npy")?;
    let values: Vec<f32> = (0..24).map(|value| value as f32 / 8.0).collect();
    for (name, shape) in [("matrix", &[4, 6][..]), ("images", &[2, 3, 2, 2]), ("labels-as-floats", &[24])] {
        write_array(&seeds.0.join(name), shape, values.iter().copied()).map_err(io::Error::other)?;
    }
    write_array(&seeds.0.join("doubles"), &[3, 3], (0..9).map(f64::from)).map_err(io::Error::other)?;
    let header = |descr: &str, fortran: &str, shape: &str| {
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
    };
    seeds.put("big-endian", npy_file(1, &header(">f8", "False", "(2, 1)"), &[0x3f; 16]))?;
    seeds.put("fortran", npy_file(2, &header("<f4", "True", "(3, 2)"), &[0x3f; 24]))?;
    seeds.put("labels", npy_file(3, &header("<i8", "False", "(3,)"), &[[1; 1].as_slice(), &[0; 23]].concat()))?;
    seeds.put("built", pattern(120, 251))?;
    hostile.put("nan", npy_file(1, &header("<f4", "False", "(1, 2)"), &[0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0x3f]))?;
    hostile.put("shape-overflows", npy_file(1, &header("<f8", "False", "(4294967296, 4294967296, 1)"), b""))?;
    hostile.put("shape-of-a-terabyte", npy_file(1, &header("<f8", "False", "(1099511627776, 1)"), &[0; 8]))?;
    hostile.put("float16", npy_file(1, &header("<f2", "False", "(2, 1)"), &[0; 4]))?;
    hostile.put("pickle", npy_file(1, &header("|O", "False", "(2, 1)"), b"\x80\x04."))?;
    hostile.put("nested", npy_file(1, &"(".repeat(4000), b""))?;
    hostile.put(
        "key-twice",
        npy_file(1, "{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)}\n", &[0; 8]),
    )?;
    hostile.put("header-longer-than-the-file", [b"\x93NUMPY\x02\x00".as_slice(), &[0xff; 4], b"{}"].concat())?;
    hostile.put("label-beyond", npy_file(1, &header("<u8", "False", "(1,)"), &[0xff; 8]))?;
    hostile.put("cut", npy_file(1, &header("<f4", "False", "(3, 2)"), &[0; 23]))
}

fn arguments() -> io::Result<()> {
    let [seeds, hostile] = both("arguments")?;
    for (name, line) in [
        ("run", "run"),
        (
            "cifar",
            "run --data cifar10 --data-dir cifar-10-batches-bin --net cntk-v --depth 3,4,6,11,21 --train-size 2000",
        ),
        (
            "gap",
            "run --data cifar10 --data-dir . --net cntk-gap --depth 11 --store gap.zarr --report gap.json --resume",
        ),
        ("kernel", "kernel --x X.npy --y Y.npy --out K.npy --net cntk-gap --depth 3,11 --kernel ntk,nngp --filter 5"),
        (
            "lap",
            "kernel --x X.npy --out K.npy --net cntk-lap --lap 4 --depth 6 --precision f64 --flip --threads 2 --tile 64",
        ),
        ("regress", "regress --train K.npy --test KT.npy --labels y.npy --test-labels yt.npy --ridge 1e-4"),
        ("own", "run --train-x X.npy --train-y y.npy --test-x XT.npy --test-y yt.npy --net fc --depth 3 --normalise"),
        ("help", "run --help"),
        ("slope", "run --net fc,cntk-v --slope 0.1 --depth 3"),
        ("residual", "kernel --x X.npy --out K.npy --net fc --slope -1 --residual 0.5 --depth 21"),
        ("plan", "plan --data cifar10 --data-dir . --net cntk-gap --depth 21 --nodes 100 --solver cg"),
        ("sweep", "sweep --store kernels.zarr --ridge 0,1e-4 --variance variance.npy"),
        ("shard", "run --data digits --net cntk-v --store k.zarr --shard 2/3 --solver mixed"),
        ("export", "export --target c --out digits.c --support 300 --quantise --name digits"),
        ("experiment", "experiment equivalence --width 16,64 --seed 3 --quick --report report"),
    ] {
        seeds.put(name, line.replace(' ', "\n"))?;
    }
    let words = [
        "kernel --net cntk-v --depth 3 --slope 0.1",
        "run --data digits --solver cg --shard 1/4",
        "kernel --x x.npy --diagonal --out x.npy --net fc --depth 2 --verbose",
        "export --target rust --out digits.rs --tests x.npy --name c --data digits",
        "info --json",
        "run --mpi --store c --train-size 2",
        "experiment double-descent --width 16,64",
    ];
    for (number, line) in words.into_iter().enumerate() {
        seeds.put(&format!("words-{number}"), words_of(line))?;
    }
    for (name, line) in [
        ("depth-0", "run --depth 0"),
        ("depth-1", "run --depth 1 --net fc"),
        ("depth-beyond", "run --depth 99999999999999999999"),
        ("depths-not-increasing", "run --depth 6,3"),
        (
            "too-many-depths",
            "run --depth 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35",
        ),
        ("lap-without", "kernel --x a --out b --net fc --lap 3"),
        ("lap-of-all-ones", "run --net cntk-lap --lap 18446744073709551615"),
        ("even-filter", "run --filter 4"),
        ("filter-beyond", "run --filter 18446744073709551615"),
        ("ridge-nan", "run --ridge nan"),
        ("net-twice", "run --net fc,fc"),
        ("nothing-trained", "run --depth 2 --train hidden"),
        ("threads-0", "run --threads 0"),
        ("empty-list", "run --net , --depth ,"),
        ("slope-nan", "run --slope nan"),
        ("slope-inf", "kernel --x a --out b --slope -inf"),
        ("residual-inf", "run --net fc --residual inf"),
        ("residual-on-cntk", "run --net cntk-v --residual 1"),
        ("shard-beyond", "run --store k.zarr --shard 4/3"),
        ("nodes-0", "plan --nodes 0"),
        ("width-0", "experiment init --width 0"),
        ("seeds-beyond", "experiment drift --seeds 18446744073709551615"),
    ] {
        hostile.put(name, line.replace(' ', "\n"))?;
    }
    hostile.put("not-text", b"run\n--data\n\xff\xfe\n--store\n\xc3")?;
    hostile.put("control", b"run\n--net\n\x1b[31m\x07\r")
}

fn manifest() -> io::Result<()> {
    let [seeds, hostile] = both("manifest")?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.zarr");
    drop(Store::create(&path, &manifest_plan()).map_err(io::Error::other)?);
    let read = |name: &str| fs::read_to_string(path.join(name).join("zarr.json"));
    let [group, test, train] = [read(".")?, read("all-test")?, read("all-train")?];
    let join = |group: &str, test: &str, train: &str| [group, test, train].join("\0");
    seeds.put("store", join(&group, &test, &train))?;
    seeds.put("swapped", join(&group, &train, &test))?;
    seeds.put("group-alone", &group)?;
    // Changes of values, as `arbitrary` takes them apart.
    for number in 0..6 {
        let bytes = pattern(40 + 20 * number, [251_u8, 7, 90, 127, 200, 33][number]);
        seeds.put(&format!("changes-{number}"), [&[1], &bytes[..]].concat())?;
    }
    seeds.put("doubles", join(&group, &test.replace("float32", "float64"), &train.replace("float32", "float64")))?;
    for (name, old, new) in [
        ("path", "\"all-test\"", "\"../../etc\""),
        ("array-twice", "\"all-test\"", "\"all-train\""),
        ("format", "\"ultrawide_store\": ", "\"ultrawide_store\": 9"),
        ("no-group", "\"group\"", "\"array\""),
        ("cut", "}", ""),
        ("net-kind", "\"cntk\"", "\"rnn\""),
        ("net-readout", "\"vanilla\"", "\"lap(18446744073709551616)\""),
        ("net-wide-readout", "\"vanilla\"", "\"lap(18446744073709551615)\""),
        ("net-filter", "\"filter\": 3", "\"filter\": 18446744073709551615"),
        ("net-slope", "\"slope\": 0.5", "\"slope\": 1e308"),
        ("net-depth", "\"depths\": [", "\"depths\": [1, 18446744073709551615, "),
        ("net-trained", "\"trained\": \"all\"", "\"trained\": null"),
        ("net-kernels", "\"ntk\"", "\"ntk\", \"ntk\""),
        ("no-passes", "\"passes\"", "\"passed\""),
    ] {
        hostile.put(name, join(&group.replace(old, new), &test, &train))?;
    }
    for (name, old, new) in [
        ("enormous", "40", "18446744073709551615"),
        ("negative", "40", "-40"),
        ("no-rows", "40", "0"),
        ("type", "float32", "float16"),
        ("fill", "\"NaN\"", "0"),
        ("codec", "little", "big"),
    ] {
        hostile.put(name, join(&group, &test, &train.replace(old, new)))?;
    }
    hostile.put("nested", "[".repeat(5000))?;
    hostile.put(
        "nested-manifest",
        join(&group.replace("\"digits\"", &format!("{}1{}", "[".repeat(100), "]".repeat(100))), &test, &train),
    )?;
    hostile.put("key-twice", join(&group.replacen('{', "{\"node_type\": \"array\", ", 1), &test, &train))
}

/// What the small functions of the core are called with, as `arbitrary` takes it apart, from the end on: where four slices of 40 numbers begin and
/// end, rows of three, inputs of dense nets repeated as often as said, and the numbers.
fn parts(ends: [u8; 4], repeats: u8, numbers: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = [&ends[..], &[1, 3, repeats - 1, 0, 40], &numbers.concat()].concat();
    bytes.reverse();
    bytes
}

fn core_parts() -> io::Result<()> {
    let [seeds, hostile] = both("core")?;
    let bits = |value: f64| [&[0][..], &value.to_bits().to_le_bytes()].concat();
    let least = f64::from_bits(1);
    let edges = [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN_POSITIVE, least, 1.0, 0.0, 1.5, 0.5, 1e-40]
        .map(|value| [value, -value, value.next_down(), 1.0 - value]);
    hostile.put(
        "parts-edges",
        parts([0xff, 0x3d, 0x5c, 0x8f], 5, &edges.concat().into_iter().map(bits).collect::<Vec<_>>()),
    )?;
    let near: Vec<_> = (0..40).map(|at| bits(1.0 - f64::from(at * at * at) / 65536.0)).collect();
    seeds.put("parts-near-1", parts([0x0f, 0x2f, 0x4f, 0x6f], 3, &near))?;
    // A byte chooses the kind in its upper bits, and one is the number.
    for (name, kind) in [("plain", 0), ("tiny", 0x80), ("huge", 0xc0)] {
        let values: Vec<_> = pattern(40, 251).into_iter().map(|byte| vec![1, 0, 0, 0, kind, byte]).collect();
        seeds.put(&format!("parts-{name}"), parts([0x0f, 0x2f, 0x4e, 0x6e], 2, &values))?;
    }
    // 3×5×5 numbers, filters of 3, no readout, both kernels at depth 3, all layers trained, no tricks, right lengths; five times as many features are more than
    // a block has.
    let image = |step: usize| (0..75).flat_map(move |at| [0, 0, 0, 0, (at * step % 251) as u8]).collect::<Vec<_>>();
    for (name, single) in [("dense-f32", 1), ("dense-f64", 0)] {
        let net = [1, 3, 1, 5, 1, 5, 1, 3, 0, 0, 1, 1, 3, 0, 1, 1, 1, single, 1];
        let rest = parts([0x0f, 0x2f, 0x4f, 0x6f], 5, &near);
        seeds.put(name, [&net[..], &image(7), &[1], &image(11), &rest].concat())?;
    }
    Ok(())
}

fn kernels() -> io::Result<()> {
    for target in ["core", "simd"] {
        let [seeds, hostile] = both(target)?;
        for (number, limit) in [251_u8, 3, 127, 200, 16, 90].into_iter().enumerate() {
            seeds.put(&format!("bytes-{number}"), pattern(150 + 60 * number, limit))?;
        }
        hostile.put("zeros", [0; 200])?;
        hostile.put("ones", [0xff; 400])?;
        // Every choice is the largest one, and the numbers are powers of two.
        hostile.put("large-then-plain", [vec![0xff; 12], pattern(300, 2)].concat())?;
    }
    Ok(())
}

fn main() -> io::Result<()> {
    cifar()?;
    tar_gz()?;
    idx()?;
    npy()?;
    arguments()?;
    manifest()?;
    core_parts()?;
    kernels()
}
