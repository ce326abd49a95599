//! Mistakes: one line, the right exit code, nothing half-written.

use super::support::*;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use ultrawide::data::npy::write_array;

/// The inputs that the table speaks of.
fn inputs(path: &Path) {
    images(path, "x.npy", &[6, 1, 3, 3], 1);
    images(path, "x2.npy", &[6, 2, 3, 3], 2);
    images(path, "flat.npy", &[6, 9], 3);
    labels(path, "y.npy", &[0, 1, 0, 1, 0, 1]);
    labels(path, "y5.npy", &[0, 1, 0, 1, 0]);
    labels(path, "one.npy", &[0; 6]);
    for (name, value) in [("nan.npy", f32::NAN), ("inf.npy", f32::INFINITY), ("huge.npy", 3e38)] {
        let mut pixels = numbers(54, 4);
        // A whole image: a single pixel would make the others faint beside it, which is warned of.
        pixels[if value == 3e38 { 9..18 } else { 10..11 }].fill(value);
        write_array(&path.join(name), &[6, 1, 3, 3], pixels).unwrap();
    }
    write_array(&path.join("constant.npy"), &[6, 1, 3, 3], [1.0_f32; 54]).unwrap();
    write_array(&path.join("none.npy"), &[0, 1, 3, 3], [0.0_f32; 0]).unwrap();
    let whole = fs::read(path.join("x.npy")).unwrap();
    fs::write(path.join("short.npy"), &whole[..whole.len() - 3]).unwrap();
    fs::write(path.join("garbled.npy"), b"no array at all").unwrap();
    fs::write(path.join("file"), b"").unwrap();
    fs::create_dir(path.join("other")).unwrap();
    fs::write(path.join("other/notes.txt"), b"mine").unwrap();
    write_array(&path.join("k.npy"), &[2, 2], [1.0_f64, 0.5, 0.5, 1.0]).unwrap();
    write_array(&path.join("skew.npy"), &[2, 2], [1.0_f64, 0.9, 0.5, 1.0]).unwrap();
    write_array(&path.join("indefinite.npy"), &[2, 2], [1.0_f64, 2.0, 2.0, 1.0]).unwrap();
    write_array(&path.join("knan.npy"), &[2, 2], [1.0_f64, f64::NAN, f64::NAN, 1.0]).unwrap();
    labels(path, "y2.npy", &[0, 1]);
    images(path, "column.npy", &[6, 1, 3, 1], 7);
    write_array(&path.join("bright.npy"), &[6, 1, 3, 3], numbers(54, 4).iter().map(|x| x * 1e30)).unwrap();
    write_array(&path.join("k3.npy"), &[2, 3], [1.0_f64; 6]).unwrap();
    write_array(&path.join("k4.npy"), &[2, 1, 2, 2], [1.0_f64, 0.5, 0.5, 1.0].repeat(2)).unwrap();
    write_array(&path.join("k5.npy"), &[1, 1, 1, 2, 2], [1.0_f64, 0.5, 0.5, 1.0]).unwrap();
    sets(path);
}

/// A file that claims `len` bytes, of which only the first are written: the rest is a hole.
fn sparse(path: &Path, start: &[u8], len: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, start).unwrap();
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(len).unwrap();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Data sets, each with one thing wrong.
fn sets(path: &Path) {
    const FILE: u64 = 30_730_000;
    for (folder, start, len) in [("label", &[10][..], FILE), ("record", &[], FILE - 1)] {
        sparse(&path.join(folder).join("data_batch_1.bin"), start, len);
        sparse(&path.join(folder).join("test_batch.bin"), &[], FILE);
    }
    sparse(&path.join("partial/test_batch.bin"), &[], FILE);
    fs::write(path.join("neither.tar.gz"), [b'q'; 3000]).unwrap();
    fs::write(path.join("notar.tar.gz"), gzip(&[b'q'; 3000])).unwrap();
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(FILE);
    header.set_cksum();
    let name = "cifar-10-batches-bin/data_batch_1.bin";
    archive.append_data(&mut header, name, std::io::repeat(0).take(FILE)).unwrap();
    let whole = gzip(&archive.into_inner().unwrap());
    fs::write(path.join("cut.tar.gz"), &whole[..whole.len() / 2]).unwrap();

    let mut images = [0x803_u32, 30, 28, 28].map(u32::to_be_bytes).concat();
    images.resize(16 + 30 * 784, 7);
    let mut labels = [0x801_u32, 30].map(u32::to_be_bytes).concat();
    labels.resize(8 + 30, 0);
    for folder in ["magic", "cut"] {
        fs::create_dir(path.join(folder)).unwrap();
        for set in ["train", "t10k"] {
            fs::write(path.join(folder).join(format!("{set}-images-idx3-ubyte.gz")), gzip(&images)).unwrap();
            fs::write(path.join(folder).join(format!("{set}-labels-idx1-ubyte.gz")), gzip(&labels)).unwrap();
        }
    }
    fs::write(path.join("magic/train-images-idx3-ubyte.gz"), gzip(&[1; 100])).unwrap();
    let whole = gzip(&images);
    fs::write(path.join("cut/train-images-idx3-ubyte.gz"), &whole[..whole.len() / 2]).unwrap();
}

const K: &str = "kernel --out out.npy --depth 3 --net cntk-v --x";
const R: &str = "run --report out.json --train-size 20 --test-size 5 --net fc";

const E: &str = "export --target c --out out.c --train-size 20 --test-size 5";

#[test]
fn every_mistake_is_one_line() {
    let folder = folder();
    let path = folder.path();
    inputs(path);
    let before = tree(path);
    let arrays = |x: &str, y: &str| {
        format!(
            "run --report out.json --net cntk-v --depth 3 --train-x {x} --train-y {y} --test-x x.npy --test-y y.npy"
        )
    };
    let own = |x: &str, y: &str| {
        format!("export --target c --out out.c --train-x {x} --train-y {y} --test-x x.npy --test-y y.npy")
    };
    let table = [
        // Usage.
        (2, "".to_owned(), "subcommand"),
        (2, "fly".to_owned(), "fly"),
        (2, "run --wings".to_owned(), "--wings"),
        (2, format!("{R} --depth 0"), "depth 0"),
        (2, format!("{R} --depth 1"), "depth 1"),
        (2, format!("{R} --depth 3,3"), "depth 3 is listed twice"),
        (2, format!("{R} --depth x"), "--depth"),
        (2, format!("{R} --depth="), "--depth"),
        (2, format!("{R} --net="), "--net"),
        (2, "run --net cntk-v,cntk-v".to_owned(), "nets number 2 is listed twice"),
        (2, "run --net cnn".to_owned(), "cnn"),
        (2, format!("{R} --kernel ntk,ntk"), "listed twice"),
        (2, "run --net cntk-v --filter 4".to_owned(), "filter size 4 is even"),
        (2, "run --net cntk-v --filter 0".to_owned(), "filter size 0 is even"),
        (2, "run --slope nan".to_owned(), "a finite number"),
        (2, "run --net fc --residual inf".to_owned(), "a finite number"),
        (2, "run --net fc,cntk-v --residual 1".to_owned(), "cntk-v has no residual connections"),
        (2, format!("{R} --threads 0"), "--threads"),
        (2, format!("{R} --threads 1025"), "1..=1024"),
        (2, format!("{R} --tile 0"), "--tile"),
        (2, format!("{R} --ridge=-1"), "--ridge"),
        (2, format!("{R} --ridge nan"), "--ridge"),
        (2, format!("{R} --precision f16"), "--precision"),
        (2, format!("{R} --resume"), "--store"),
        (2, "run --train-size 0".to_owned(), "--train-size"),
        (2, "run --data imagenet".to_owned(), "imagenet"),
        (2, "run --report out.txt".to_owned(), ".json or .csv"),
        (2, "run --net cntk-gap --depth 2".to_owned(), "trains nothing"),
        (2, "run --net cntk-lap --lap 100000 --train-size 9 --test-size 9".to_owned(), "pooling"),
        (2, "run --train-x x.npy".to_owned(), "--train-y"),
        (2, "kernel --x x.npy --out out.npy --depth 3".to_owned(), "--net"),
        (2, "kernel --x x.npy --out out.npy --depth 3 --net fc,cntk-v".to_owned(), "fc,cntk-v"),
        (2, format!("{K} x.npy --report out.csv"), ".json"),
        (2, "regress --train k.npy".to_owned(), "--test"),
        (2, "regress".to_owned(), "--train"),
        (2, "completions tcsh".to_owned(), "tcsh"),
        (2, format!("{R} --depth -1"), "--depth"),
        (2, "run --filter -3".to_owned(), "--filter"),
        (2, "run --lap -3".to_owned(), "--lap"),
        (2, "run --train-size -3".to_owned(), "--train-size"),
        (2, "export --out out.c".to_owned(), "--target"),
        (2, "export --target c".to_owned(), "--out"),
        (2, "export --out out.c --target java".to_owned(), "java"),
        (2, format!("{E} --quantise u4"), "u4"),
        (2, format!("{E} --support 0"), "--support"),
        (2, format!("{E} --support -1"), "--support"),
        (2, format!("{E} --depth 1"), "depth 1"),
        (2, format!("{E} --depth 3,4"), "--depth"),
        (2, format!("{E} --net fc,cntk-v"), "--net"),
        (2, format!("{E} --kernel ntk,nngp"), "--kernel"),
        (2, format!("{E} --net cntk-gap --depth 2"), "trains nothing"),
        (2, format!("{E} --filter 2"), "filter size 2 is even"),
        (2, format!("{E} --ridge nan"), "--ridge"),
        (2, format!("{E} --name 7up"), "--name"),
        (2, format!("{E} --name a-b"), "--name"),
        (2, format!("{E} --threads 0"), "--threads"),
        (2, "experiment".to_owned(), "WHICH"),
        (2, "experiment init --width 0".to_owned(), "0 is not in 1..=65536"),
        (2, "experiment init --width -4".to_owned(), "--width"),
        (2, "experiment init --width 65537".to_owned(), "65537 is not in 1..=65536"),
        (2, "experiment init --width 65536".to_owned(), "width 65536 makes an array of more than 2^31 numbers"),
        (2, "experiment drift --depth 1".to_owned(), "depth 1"),
        (2, "experiment drift --depth 257".to_owned(), "257 is not in 1..=256"),
        (2, "experiment flow --seeds 0".to_owned(), "--seeds"),
        (2, "experiment flow --seed -1".to_owned(), "--seed"),
        (2, "experiment flow --train-size 0".to_owned(), "--train-size"),
        (2, "experiment table --step nan".to_owned(), "a step size is a finite number above 0"),
        (2, "experiment table --step 0.1,-1".to_owned(), "'-1'"),
        (2, "experiment table --step inf".to_owned(), "'inf'"),
        (2, "experiment table --epochs 0".to_owned(), "--epochs"),
        (2, "experiment table --batch 0".to_owned(), "--batch"),
        (2, "experiment table --threads 1025".to_owned(), "1..=1024"),
        (2, "experiment triple-descent".to_owned(), "triple-descent"),
        (2, "experiment init --data imagenet".to_owned(), "imagenet"),
        // Options that would change nothing.
        (2, "experiment init --epochs 3".to_owned(), "--epochs concerns table"),
        (2, "experiment flow --batch 3".to_owned(), "--batch concerns table"),
        (2, "experiment drift --step 0.1".to_owned(), "--step concerns table"),
        (2, "experiment flow --depth 3,4".to_owned(), "--depth: a list is for table"),
        (2, "experiment init --subset balanced".to_owned(), "--subset says which images"),
        (2, "experiment tricks --depth 2".to_owned(), "tricks takes 3 or more"),
        (2, format!("{R} --residual 1 --depth 2"), "--residual concerns depths of 3 and more"),
        (2, "experiment table --width 8,16".to_owned(), "--width: table takes one"),
        (2, "experiment init --test-size 8".to_owned(), "--test-size"),
        (2, "experiment init --data-dir other".to_owned(), "--data-dir"),
        (2, format!("{E} --lap 2"), "--lap"),
        (2, format!("{E} --net fc --filter 3"), "--filter"),
        (2, format!("{E} --data-dir other"), "--data-dir"),
        (2, "export --target rust --out out.rs --name x".to_owned(), "--name"),
        (2, format!("{R} --data-dir other"), "--data-dir"),
        (2, format!("{R} --data digits --data-dir other"), "--data-dir"),
        (2, format!("{R} --lap 2"), "--lap"),
        (2, format!("{K} x.npy --lap 2"), "--lap"),
        (2, format!("{R} --filter 3"), "--filter"),
        (2, format!("{} --subset first", arrays("x.npy", "y.npy")), "--subset"),
        (2, format!("{} --flip", arrays("x.npy", "y.npy").replace("x.npy", "column.npy")), "--flip"),
        (2, format!("{K} column.npy --flip"), "--flip"),
        (2, "kernel --x flat.npy --out out.npy --net fc --depth 3 --flip".to_owned(), "--flip"),
        // Rows of features are no images.
        (2, format!("{K} flat.npy"), "flat.npy: images of 9x1x1 have one pixel"),
        (2, arrays("flat.npy", "y.npy").replace("x.npy --test-y", "flat.npy --test-y"), "(n, channels, height, width)"),
        // Outputs that would overwrite.
        (2, "kernel --x x.npy --out x.npy --net fc --depth 3".to_owned(), "--x and --out"),
        (2, "kernel --x x.npy --y x2.npy --out other/../x2.npy --net fc --depth 3".to_owned(), "--y and --out"),
        (2, "kernel --x x.npy --out o.json --report ./o.json --net fc --depth 3".to_owned(), "--out and --report"),
        (2, "regress --train k.npy --test k.npy --labels y.npy --out y.npy".to_owned(), "--labels and --out"),
        (2, "regress --train k.npy --test k.npy --labels y.npy --out q --report q".to_owned(), "--out and --report"),
        (2, "regress --store other --out other/p.npy".to_owned(), "--store"),
        (2, "run --net fc --store other --report other/r.json".to_owned(), "--store"),
        (2, arrays("x.npy", "out.json"), "--train-y and --report"),
        (2, format!("{E} --tests ./out.c"), "--out and --tests"),
        (2, own("x.npy", "y.npy").replace("out.c", "y.npy"), "--train-y and --out"),
        // The run.
        (1, "run --data cifar10 --data-dir partial".to_owned(), "30730000 bytes"),
        (1, "run --data cifar10 --data-dir neither.tar.gz".to_owned(), "is neither a gzip nor a tar file"),
        (1, "run --data cifar10 --data-dir notar.tar.gz".to_owned(), "holds no tar file"),
        (1, "run --data cifar10 --data-dir cut.tar.gz".to_owned(), "cut.tar.gz"),
        (1, "run --data cifar10 --data-dir label".to_owned(), "label 10 of record 0"),
        (1, "run --data cifar10 --data-dir record".to_owned(), "30729999 bytes"),
        (1, "run --data mnist --data-dir magic".to_owned(), "magic"),
        (1, "run --data mnist --data-dir cut".to_owned(), "train-images-idx3-ubyte.gz"),
        (1, format!("{K} bright.npy"), "overflows"),
        (1, "kernel --x x.npy --out out.npy --net cntk-v --depth 21 --filter 1001".to_owned(), "underflows"),
        (1, "kernel --x x.npy --y x.npy --out out.npy --net cntk-v --depth 21 --filter 1001".to_owned(), "underflows"),
        (1, "regress --train k.npy --test k3.npy --labels y2.npy".to_owned(), "k3.npy is (2, 3)"),
        (1, "regress --train k3.npy --test k.npy --labels y2.npy".to_owned(), "square, this one is (2, 3)"),
        (
            1,
            "regress --train k4.npy --test k.npy --labels y2.npy".to_owned(),
            "a test kernel that fits is (2, 1, 2, 2)",
        ),
        (1, "regress --train k5.npy --test k.npy --labels y2.npy".to_owned(), "shape (1, 1, 1, 2, 2)"),
        (1, "run --train-size 5000".to_owned(), "5000 were asked for"),
        (1, "experiment init --train-size 5000".to_owned(), "5000 were asked for"),
        (1, "experiment init --data cifar10 --data-dir other".to_owned(), "cifar-10"),
        (1, "experiment init --data cifar10 --data-dir nowhere".to_owned(), "nowhere"),
        (1, "experiment init --quick --report file".to_owned(), "file"),
        (1, "experiment init --quick --report file/below".to_owned(), "file/below"),
        (1, "run --data cifar10 --data-dir other".to_owned(), "cifar-10"),
        (1, "run --report missing/out.json".to_owned(), "missing/out.json"),
        (1, "run --report other.json/".to_owned(), "other.json"),
        (1, format!("{R} --store other"), "other"),
        (1, format!("{R} --store other --resume"), "other"),
        (1, format!("{R} --store file"), "is a file"),
        (1, format!("{R} --store missing/store"), "missing"),
        (1, format!("{K} missing.npy"), "missing.npy"),
        (1, format!("{K} nan.npy"), "image 1, channel 0, row 0, column 1 is NaN"),
        (1, format!("{K} inf.npy"), "inf"),
        (1, format!("{K} huge.npy"), "too large for this precision"),
        (1, format!("{K} none.npy"), "none.npy"),
        (1, format!("{K} short.npy"), "short.npy"),
        (1, format!("{K} garbled.npy"), "garbled.npy"),
        (1, format!("{K} x.npy --y x2.npy"), "1x3x3"),
        (1, format!("{K} constant.npy --normalise"), "all pixels of this channel are equal"),
        (1, "kernel --x x.npy --out missing/out.npy --net fc --depth 3".to_owned(), "missing/out.npy"),
        (1, "kernel --x x.npy --out other --net fc --depth 3".to_owned(), "other"),
        (1, arrays("x.npy", "y5.npy"), "5 labels"),
        (1, arrays("x2.npy", "y.npy"), "2x3x3"),
        (1, arrays("nan.npy", "y.npy"), "NaN"),
        (1, "regress --train k.npy --test k.npy --labels y.npy".to_owned(), "6 training labels"),
        (1, "regress --train skew.npy --test k.npy --labels y2.npy --out out.npy".to_owned(), "not symmetric"),
        (1, "regress --train knan.npy --test k.npy --labels y2.npy --out out.npy".to_owned(), "NaN"),
        (1, "regress --train indefinite.npy --test k.npy --labels y2.npy --out out.npy".to_owned(), "ridge"),
        (1, "regress --store other".to_owned(), "other"),
        (1, "regress --store missing".to_owned(), "missing"),
        (1, format!("{E} --support 21"), "21 support images were asked for, 20 training images"),
        (1, "export --target c --out missing/out.c".to_owned(), "missing/out.c"),
        (1, format!("{E} --tests other"), "other"),
        (1, own("nan.npy", "y.npy"), "NaN"),
        (1, own("x.npy", "y5.npy"), "5 labels"),
        (1, own("constant.npy", "y.npy"), "not positive definite"),
        (1, own("constant.npy", "y.npy") + " --normalise", "all pixels of this channel are equal"),
        (1, own("bright.npy", "y.npy"), "overflows"),
        (2, own("flat.npy", "y.npy").replace("--test-x x.npy", "--test-x flat.npy"), "flat.npy: images of 9x1x1"),
    ];
    for (code, arguments, text) in table {
        let ran = run(path, &arguments);
        println!("{arguments}: {}", ran.stderr.trim_end());
        assert!(!ran.stderr.contains(".part"), "a temporary name: {}", ran.stderr);
        ran.fails(code, text);
        let (after, kept): (Vec<_>, Vec<_>) = (tree(path).into_keys().collect(), before.keys().cloned().collect());
        assert_eq!(after, kept, "{arguments} left something behind");
    }
    assert!(before == tree(path), "an input was changed");
}

/// A folder of its own, whose images are too large for the table's copies.
#[test]
#[cfg(target_os = "linux")]
fn what_no_memory_can_hold_is_refused() {
    let folder = folder();
    let path = folder.path();
    images(path, "large.npy", &[2, 1, 1024, 1024], 1);
    labels(path, "y.npy", &[0, 1]);
    let nets = "--net cntk-v --depth 16000 --threads 2";
    run(path, &format!("kernel --x large.npy --out out.npy {nets}")).fails(1, "bytes are available");
    let own = format!("run --train-x large.npy --train-y y.npy --test-x large.npy --test-y y.npy {nets}");
    for store in ["", "--store s", "--store s --shard 1/2"] {
        run(path, &format!("{own} {store}")).fails(1, "bytes are available");
    }
    assert!(!path.join("out.npy").exists() && !path.join("s").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_standard_output_is_an_error() {
    let folder = folder();
    for arguments in ["info", "run -q --net fc --depth 3 --train-size 20 --test-size 5", "completions bash"] {
        let mut command = command(folder.path(), arguments);
        command.stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments}: {text}");
        assert!(text.starts_with("error: ") && text.lines().count() == 1, "{arguments}: {text}");
    }
}

#[test]
fn one_class_is_warned_of() {
    let folder = folder();
    let path = folder.path();
    inputs(path);
    let sets = "--train-x x.npy --train-y one.npy --test-x x.npy --test-y y.npy";
    let ran = run(path, &format!("run --net fc --depth 3 {sets}"));
    assert!(ran.stderr.contains("all training images are of class 0"), "{}", ran.stderr);
}

/// In `f32` alone, and for patches alone: a dense net sees whole inputs, `f64` reaches further.
#[test]
fn faint_numbers_are_warned_of() {
    let folder = folder();
    let path = folder.path();
    let mut pixels = [1.0_f32; 54];
    pixels[9 + 4] = -1e-25;
    write_array(&path.join("faint.npy"), &[6, 1, 3, 3], pixels).unwrap();
    let warning = "the row images: number 4 of image 1 is -1.00";
    for (net, precision, warned) in [("cntk-v", "f32", true), ("cntk-v", "f64", false), ("fc", "f32", false)] {
        let ran =
            run(path, &format!("kernel --x faint.npy --out k.npy --net {net} --depth 3 --precision {precision}")).ok();
        assert_eq!(ran.stderr.contains(warning), warned, "{net}, {precision}: {}", ran.stderr);
        fs::remove_file(path.join("k.npy")).unwrap();
    }
}

#[test]
fn an_unknown_backend_is_a_mistake_of_usage() {
    let folder = folder();
    for (name, text) in [("mmx", "unknown backend"), ("AVX2", "unknown backend"), ("", "unknown backend")] {
        let mut command = command(folder.path(), "info");
        command.env("ULTRAWIDE_SIMD", name);
        ran(command).fails(2, text);
    }
    let lacking = if cfg!(target_arch = "aarch64") { "avx2" } else { "neon" };
    let mut command = command(folder.path(), "run");
    command.env("ULTRAWIDE_SIMD", lacking);
    ran(command).fails(2, "this machine has only");
}

#[test]
fn unusual_but_legal_settings_work() {
    let folder = folder();
    let path = folder.path();
    inputs(path);
    // A filter and a window larger than the image; constant images; one image.
    run(path, "kernel --x x.npy --out a.npy --net cntk-lap --lap 7 --filter 9 --depth 3").ok();
    run(path, "kernel --x constant.npy --out b.npy --net cntk-gap --depth 3").ok();
    images(path, "single.npy", &[1, 1, 2, 1], 9);
    run(path, "kernel --x single.npy --out c.npy --net cntk-v --depth 2").ok();
}

#[test]
fn equal_images_of_different_classes_are_told_with_a_ridge() {
    let folder = folder();
    let path = folder.path();
    inputs(path);
    let arguments =
        "run -q --net fc,cntk-v --depth 3 --train-x constant.npy --train-y y.npy --test-x x.npy --test-y y.npy";
    let ran = run(path, &format!("{arguments} --report r.json"));
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("not positive definite") && ran.stderr.contains("ridge"), "{}", ran.stderr);
    assert!(ran.stdout.contains("failed"), "{}", ran.stdout);
    let ridge = json(&path.join("r.json"))["results"][0]["suggested_ridge"].as_f64().unwrap();
    assert!(ridge > 0.0);
}
