//! Mistakes: one line, the right exit code, nothing half-written.

use super::support::*;
use std::fs;
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
        pixels[10] = value;
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
}

const K: &str = "kernel --out out.npy --depth 3 --net cntk-v --x";
const R: &str = "run --report out.json --train-size 20 --test-size 5 --net fc";

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
        (2, format!("{R} --filter 4"), "filter size 4 is even"),
        (2, format!("{R} --filter 0"), "filter size 0 is even"),
        (2, format!("{R} --threads 0"), "--threads"),
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
        // The run.
        (1, "run --train-size 5000".to_owned(), "5000 were asked for"),
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
    ];
    for (code, arguments, text) in table {
        let ran = run(path, &arguments);
        println!("{arguments}: {}", ran.stderr.trim_end());
        ran.fails(code, text);
        let (after, kept): (Vec<_>, Vec<_>) = (tree(path).into_keys().collect(), before.keys().cloned().collect());
        assert_eq!(after, kept, "{arguments} left something behind");
    }
    assert!(before == tree(path), "an input was changed");
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
    // A filter and a window larger than the image; constant images; one image; flat images for a convolution.
    run(path, "kernel --x x.npy --out a.npy --net cntk-lap --lap 7 --filter 9 --depth 3").ok();
    run(path, "kernel --x constant.npy --out b.npy --net cntk-gap --depth 3").ok();
    images(path, "single.npy", &[1, 1, 2, 1], 9);
    run(path, "kernel --x single.npy --out c.npy --net cntk-v --depth 2").ok();
    run(path, "kernel -q --x flat.npy --out d.npy --net cntk-v --depth 3").ok();
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
