//! Ridges, times, left-out images and variances of stored kernels.

use super::precision::{KNOWN, LEFT_OUT, LEFT_OUT_ERROR, SPECTRUM};
use super::support::*;
use std::path::Path;
use ultrawide::data::npy::read_matrix;
use ultrawide::data::npy::{Matrices, write_array};

/// Sixty images of eight numbers, forty of them for training, NNGP in f64, and labels that follow the first number.
fn arrays(folder: &Path) {
    images(folder, "x.npy", &[40, 8], 1);
    images(folder, "xt.npy", &[20, 8], 2);
    let classes =
        |count: usize, seed| numbers(count * 8, seed).chunks(8).map(|x| u16::from(x[0] > 0.0)).collect::<Vec<_>>();
    labels(folder, "y.npy", &classes(40, 1));
    labels(folder, "yt.npy", &classes(20, 2));
    let net = "--net fc --depth 3 --kernel nngp --precision f64 -q";
    run(folder, &format!("kernel --x x.npy --out k.npy {net}")).ok();
    run(folder, &format!("kernel --x xt.npy --y x.npy --out kt.npy {net}")).ok();
    run(folder, &format!("kernel --x xt.npy --diagonal --out kd.npy {net}")).ok();
}

const FILES: &str = "--train k.npy --test kt.npy --labels y.npy --test-labels yt.npy";

#[test]
fn ridges_of_a_store_are_those_of_single_regressions() {
    let folder = folder();
    let path = folder.path();
    run(path, "run --train-size 80 --test-size 40 --net cntk-v,fc --depth 3,4 --store k.zarr -q").ok();
    let said = run(path, "sweep --store k.zarr --ridge 0.5,20 --time inf,1e-3 --report s.json -q").ok().stdout;
    assert!(said.contains("left-out error") && said.contains("cntk-v"), "{said}");
    let rows = json(&path.join("s.json"))["results"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 4 * 4);
    for (ridge, setting) in [("0.5", "ridge"), ("20", "ridge"), ("0", "time")] {
        run(path, &format!("regress --store k.zarr --ridge {ridge} --report r.json -q")).ok();
        for alone in json(&path.join("r.json"))["results"].as_array().unwrap() {
            let same = |row: &&serde_json::Value| {
                let wanted = if setting == "ridge" { ridge.parse::<f64>().ok() } else { None };
                row["net"] == alone["net"] && row["depth"] == alone["depth"] && row["ridge"].as_f64() == wanted
            };
            // Of the times infinity comes first: JSON has no number for it.
            let row = rows.iter().find(same).expect("a row");
            assert_eq!(row["accuracy"], alone["accuracy"], "{ridge}: {row}");
        }
    }
    for row in rows.iter().filter(|row| !row["ridge"].is_null()) {
        let (left_out, error) =
            (row["leave_one_out_accuracy"].as_f64().unwrap(), row["leave_one_out_error"].as_f64().unwrap());
        assert!((LEFT_OUT..=1.0).contains(&left_out) && 0.0 < error && error < LEFT_OUT_ERROR, "{row}");
    }
    // The same numbers from any number of threads.
    run(path, "sweep --store k.zarr --ridge 0.5,20 --time inf,1e-3 --report one.json -q --threads 1").ok();
    assert_eq!(json(&path.join("one.json"))["results"], json(&path.join("s.json"))["results"]);
    run(path, "sweep --store k.zarr --report s.csv -q").ok();
    let csv = std::fs::read_to_string(path.join("s.csv")).unwrap();
    assert!(csv.starts_with("net,kernel,trained,depth,ridge,time,accuracy,leave_one_out_accuracy,"), "{csv}");
    assert_eq!(csv.lines().count(), 1 + 4);
}

#[test]
fn the_diagonal_is_that_of_the_matrix() {
    let folder = folder();
    let path = folder.path();
    images(path, "x.npy", &[9, 2, 4, 5], 3);
    for (net, precision) in [("cntk-gap", "f32"), ("cntk-v", "f64"), ("fc", "f32")] {
        let net = format!("--x x.npy --net {net} --depth 3,5 --kernel ntk,nngp --precision {precision} -q");
        run(path, &format!("kernel {net} --out k.npy")).ok();
        let said = run(path, &format!("kernel {net} --diagonal --out d.npy")).ok().stdout;
        assert!(said.contains("(2, 2, 1, 9)") && said.contains("9 pairs"), "{said}");
        let open = |name: &str| Matrices::open(&path.join(name)).unwrap();
        let (mut whole, mut diagonal) = (open("k.npy"), open("d.npy"));
        for index in 0..4 {
            let whole = whole.read(index).unwrap();
            let expected: Vec<f64> = whole.iter().step_by(10).copied().collect();
            assert_eq!(diagonal.read(index).unwrap(), expected, "{net}");
        }
    }
    // Columns serve the normalisation alone.
    run(path, "kernel --x x.npy --y x.npy --diagonal --out d.npy --net fc --depth 3").fails(2, "--diagonal");
}

/// The test images as both rows and columns beside training images: their square is what the diagonal must be of.
#[test]
fn the_diagonal_is_that_of_images_normalised_by_the_training_images() {
    let folder = folder();
    let path = folder.path();
    let train: Vec<f32> = numbers(30 * 40, 1).iter().map(|value| 3.0 * value + 1.0).collect();
    let test = numbers(9 * 40, 2);
    write_array(&path.join("x.npy"), &[30, 2, 4, 5], train.iter().copied()).unwrap();
    write_array(&path.join("xt.npy"), &[9, 2, 4, 5], test.iter().copied()).unwrap();
    // By hand: the mean and the deviation of each channel of the training images.
    let channel = |at: usize| at / 20 % 2;
    let statistics = [0, 1].map(|wanted| {
        let values: Vec<f64> =
            (0..train.len()).filter(|&at| channel(at) == wanted).map(|at| f64::from(train[at])).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
        (mean, variance.sqrt())
    });
    let by_hand =
        (0..test.len()).map(|at| (f64::from(test[at]) - statistics[channel(at)].0) / statistics[channel(at)].1);
    write_array(&path.join("n.npy"), &[9, 2, 4, 5], by_hand).unwrap();
    let net = "--net cntk-v --depth 3 --precision f64 -q";
    run(path, &format!("kernel --x n.npy --out k.npy {net}")).ok();
    run(path, &format!("kernel --x xt.npy --y x.npy --normalise --diagonal --out d.npy {net}")).ok();
    run(path, &format!("kernel --x xt.npy --normalise --diagonal --out own.npy {net}")).ok();
    let read = |name: &str| read_matrix(&path.join(name)).unwrap().2;
    let (whole, diagonal, own) = (read("k.npy"), read("d.npy"), read("own.npy"));
    for (image, value) in diagonal.iter().enumerate() {
        let expected = whole[image * 10];
        assert!((value / expected - 1.0).abs() < SPECTRUM, "{value} {expected}");
    }
    assert_ne!(own, diagonal);
}

#[test]
fn a_diagonal_of_other_images_is_found_out() {
    let folder = folder();
    let path = folder.path();
    arrays(path);
    let sweep = |diagonal: &str| {
        run(path, &format!("sweep {FILES} --test-diagonal {diagonal} --ridge 0.1 --variance v.npy -q"))
    };
    let (_, _, right) = read_matrix(&path.join("kd.npy")).unwrap();
    let write = |name: &str, values: &[f64]| write_array(&path.join(name), &[1, 20], values.iter().copied()).unwrap();
    let with = |value: f64| {
        let mut values = right.clone();
        values[7] = value;
        values
    };
    write("bad.npy", &with(-1.0));
    sweep("bad.npy").fails(1, "test image 7");
    // Half of the prior is less than what the training images explain.
    write("half.npy", &right.iter().map(|value| value / 8.0).collect::<Vec<_>>());
    sweep("half.npy").fails(1, "normalised otherwise");
    write("zero.npy", &with(0.0));
    sweep("zero.npy").fails(1, "the variance of test image 7");
    assert!(!path.join("v.npy").exists());
    sweep("kd.npy").ok();
}

/// At a training image the process is known but for the noise; far from all of them it is as before.
#[test]
fn variances_are_those_of_a_gaussian_process() {
    let folder = folder();
    let path = folder.path();
    arrays(path);
    let files = format!("{FILES} --test-diagonal kd.npy");
    run(path, &format!("sweep {files} --ridge 0.1,1 --mean f.npy --variance v.npy --report s.json -q")).ok();
    let (rows, columns, variances) = read_matrix(&path.join("v.npy")).unwrap();
    assert_eq!((rows, columns), (2, 20));
    let (_, _, prior) = read_matrix(&path.join("kd.npy")).unwrap();
    for test in 0..20 {
        let [little, much] = [0, 1].map(|ridge| variances[ridge * 20 + test]);
        assert!(0.0 < little && little < much && much < prior[test], "{test}: {little} {much} {}", prior[test]);
    }
    let report = json(&path.join("s.json"));
    let mean = variances[..20].iter().sum::<f64>() / 20.0;
    assert!((report["results"][0]["variance"].as_f64().unwrap() / mean - 1.0).abs() < SPECTRUM);
    let mut means = Matrices::open(&path.join("f.npy")).unwrap();
    assert_eq!(means.shape(), [2, 20, 2]);
    // The class of the larger score is the prediction.
    run(path, &format!("regress {FILES} --ridge 0.1 --out p.npy -q")).ok();
    let predictions = ultrawide::data::npy::read_labels(&path.join("p.npy")).unwrap();
    let scores = means.read(0).unwrap();
    let larger: Vec<u16> = scores.chunks(2).map(|f| u16::from(f[1] > f[0])).collect();
    assert_eq!(larger, predictions);

    // The training images as test images: little but the noise is left.
    run(path, "kernel --x x.npy --diagonal --out xd.npy --net fc --depth 3 --kernel nngp --precision f64 -q").ok();
    let own = "--train k.npy --test k.npy --labels y.npy --test-diagonal xd.npy --ridge 1e-9 --variance own.npy -q";
    run(path, &format!("sweep {own}")).ok();
    let (_, _, known) = read_matrix(&path.join("own.npy")).unwrap();
    assert!(known.iter().all(|&variance| (0.0..KNOWN).contains(&variance)), "{known:?}");
}

/// The variances of a store are those of files with the same kernels and the diagonal of the same images.
#[test]
fn variances_of_a_store_are_those_of_files() {
    let folder = folder();
    let path = folder.path();
    // The prior by the library, of the same data set.
    let mut options = ultrawide::data::LoadOptions::new(ultrawide::data::Kind::Digits);
    (options.train_size, options.test_size) = (Some(40), Some(12));
    let data = ultrawide::data::load(&options).unwrap();
    let write = |name: &str, images: &ultrawide::data::Images| {
        let pixels = (0..images.len()).flat_map(|image| {
            let mut pixels = vec![0.0_f64; 64];
            images.write(image, &mut pixels);
            pixels
        });
        write_array(&path.join(name), &[images.len(), 1, 8, 8], pixels).unwrap();
    };
    write("x.npy", &data.train.images);
    write("xt.npy", &data.test.images);
    labels(path, "y.npy", &data.train.labels);
    for (nets, bent) in [("cntk-v,cntk-lap,fc", ""), ("fc", "--slope 0.1 --residual 0.7")] {
        let job = "run --train-size 40 --test-size 12 --kernel nngp,ntk --depth 3,4 --flip -q --precision f64";
        let store = nets.len();
        run(path, &format!("{job} --net {nets} {bent} --store {store}.zarr")).ok();
        run(path, &format!("sweep --store {store}.zarr --ridge 0.1,1 --variance v.npy --report s.json -q")).ok();
        let mut variances = Matrices::open(&path.join("v.npy")).unwrap();
        assert_eq!(variances.shape(), [4 * nets.split(',').count(), 2, 12]);
        let rows = json(&path.join("s.json"))["results"].as_array().unwrap().clone();
        for (index, rows) in rows.chunks(2).enumerate() {
            let text = |field: &str| rows[0][field].as_str().unwrap().to_owned();
            let net = text("net");
            let (net, lap) = net.split_once('(').map_or((net.as_str(), ""), |(net, _)| (net, "--lap 2"));
            let (kernel, depth) = (text("kernel"), rows[0]["depth"].as_u64().unwrap());
            let net = format!("--net {net} {lap} --kernel {kernel} --depth {depth} --flip --precision f64 -q {bent}");
            run(path, &format!("kernel --x x.npy --out k.npy {net}")).ok();
            run(path, &format!("kernel --x xt.npy --y x.npy --out kt.npy {net}")).ok();
            run(path, &format!("kernel --x xt.npy --diagonal --out kd.npy {net}")).ok();
            let files = "--train k.npy --test kt.npy --labels y.npy --test-diagonal kd.npy";
            run(path, &format!("sweep {files} --ridge 0.1,1 --variance w.npy -q")).ok();
            let alone = read_matrix(&path.join("w.npy")).unwrap().2;
            assert_eq!(variances.read(index).unwrap(), alone, "{net}");
        }
    }
    // Without the images there is no diagonal.
    run(path, "sweep --store 2.zarr --labels y.npy --variance v.npy").fails(2, "--test-diagonal");
}

#[test]
fn mistakes_are_named() {
    let folder = folder();
    let path = folder.path();
    arrays(path);
    let sweep = |options: &str| run(path, &format!("sweep {FILES} {options} -q"));
    sweep("--ridge -1").fails(2, "--ridge");
    sweep("--ridge nan").fails(2, "--ridge");
    sweep("--time -1").fails(2, "--time");
    sweep("--time nan").fails(2, "--time");
    sweep("--variance v.npy").fails(2, "--test-diagonal");
    sweep("--test-diagonal kd.npy --variance v.npy --time 1").fails(2, "--time");
    sweep("--test-diagonal k.npy --variance v.npy").fails(1, "(1, 20)");
    sweep("--report s.txt").fails(2, ".json or .csv");
    sweep("--mean k.npy").fails(2, "same file");
    run(path, "sweep --train k.npy --test kt.npy").fails(2, "--labels");
    run(path, "sweep --store nowhere.zarr").fails(1, "nowhere.zarr");
    // A kernel that is none: the row is named, a ridge is told, no file is written.
    let values = (0..16).map(|at| if at % 5 == 0 { 1.0_f64 } else { 2.0 });
    write_array(&path.join("bad.npy"), &[4, 4], values).unwrap();
    labels(path, "four.npy", &[0, 1, 0, 1]);
    let bad = "sweep --train bad.npy --test bad.npy --labels four.npy --ridge 0,5 --mean f.npy --report s.json -q";
    run(path, bad).fails(1, "not positive definite");
    assert!(!path.join("f.npy").exists());
    let rows = json(&path.join("s.json"))["results"].clone();
    assert!(rows[0]["error"].as_str().unwrap().contains("would do") && rows[1]["error"].is_null(), "{rows}");
}

/// What the diagonal and the labels of a store are found by is its manifest, whose JSON may say anything.
#[test]
fn a_garbled_manifest_is_named() {
    let folder = folder();
    let path = folder.path();
    let job = "run --train-size 20 --test-size 5 --depth 3 --train all -q --store s";
    run(path, &format!("{job} --net cntk-gap")).ok();
    let document = path.join("s/zarr.json");
    let good = std::fs::read_to_string(&document).unwrap();
    for (old, new, told) in [
        ("\"passes\"", "\"passed\"", "describes no network of all"),
        ("\"all\": {", "\"none\": {", "there is none of that name"),
        ("\"net\": \"cntk\"", "\"net\": \"rnn\"", "of an unknown kind"),
        ("\"net\": \"cntk\"", "\"net\": \"fc\"", "the arrays have other outputs"),
        ("\"trained\": \"all\"", "\"trained\": \"hidden\"", "is not of the images of the test kernel"),
        ("\"trained\": \"all\"", "\"trained\": 7", "which layers are trained is not told"),
        ("\"gap\"", "\"lap(-1)\"", "unknown readouts"),
        ("\"gap\"", "\"lap(18446744073709551615)\"", "the limit is 4096"),
        ("\"filter\": 3", "\"filter\": 4", "filter"),
        ("\"filter\": 3", "\"filter\": 1e300", "the filter is no number"),
        ("\"filter\": 3", "\"filter\": 3, \"slope\": \"steep\"", "the slope is no number"),
        ("\"ntk\"", "\"gp\"", "unknown kernels"),
        ("\"depths\": [\n        3", "\"depths\": [\n        18446744073709551615", "depth"),
        ("\"depths\": [\n        3", "\"depths\": [\n        -3", "unknown depths"),
        ("\"digits\"", "\"../../etc\"", "no known data set"),
        ("\"digits\"", "\"cifar10\"", "cifar"),
        ("\"subset\": \"first\"", "\"subset\": \"last\"", "subset"),
        ("\"images\": 20", "\"images\": 18446744073709551615", "18446744073709551615"),
        ("\"images\": 20", "\"images\": 19", "labels of digits are not those"),
        ("\"images\": 5", "\"images\": null", "labels of digits are not those"),
    ] {
        let garbled = good.replacen(old, new, 1);
        assert_ne!(garbled, good, "{old}");
        std::fs::write(&document, garbled).unwrap();
        let swept = run(path, "sweep -q --store s --variance v.npy");
        swept.fails(1, told);
        assert_eq!(swept.stderr.trim().lines().count(), 1, "{new}: {}", swept.stderr);
        assert!(!path.join("v.npy").exists(), "{new}");
    }
    std::fs::write(&document, good).unwrap();
    run(path, "sweep -q --store s --variance v.npy").ok();
}
