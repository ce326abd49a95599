//! What each subcommand is for.

use super::precision::{KERNEL_F64, LEAST_ACCURACY, RESIDUAL};
use super::support::*;
use ultrawide::data::npy::{Matrices, read_labels, read_matrix, write_array};

#[test]
fn a_small_run_recognises_digits() {
    let folder = folder();
    let arguments = "run --train-size 400 --test-size 100 --depth 4,3 --net cntk-v,cntk-lap,fc --report r.json";
    let text = run(folder.path(), arguments).ok().stdout;
    for word in ["cntk-v", "cntk-lap(2)", "fc", "depth 3", "depth 4", "regression", "pairs/s"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let report = json(&folder.path().join("r.json"));
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), 6);
    for result in results {
        assert!(result["accuracy"].as_f64().unwrap() >= LEAST_ACCURACY, "{result}");
        assert_eq!(result["per_class"].as_array().unwrap().len(), 10);
        assert!(result["solve"]["condition"].as_f64().unwrap() > 1.0);
    }
    assert_eq!(results[0]["depth"], 3, "depths are sorted");
    assert_eq!(report["seed"], serde_json::Value::Null);
    for part in ["version", "target", "core", "faer", "zarrs"] {
        assert!(report["software"][part].is_string(), "{part}: {}", report["software"]);
    }
    assert_eq!(report["data"]["train"]["images"], 400);
    assert_eq!(report["data"]["train"]["sha256"].as_str().unwrap().len(), 64);
    // The convolutional nets train the same layers, so they share a pass.
    assert_eq!(report["passes"].as_array().unwrap().len(), 2);
}

#[test]
fn a_report_as_csv_has_a_line_for_each_result() {
    let folder = folder();
    run(folder.path(), "run --train-size 60 --test-size 20 --depth 3,4 --net fc --report r.csv -q").ok();
    let mut reader = csv::Reader::from_path(folder.path().join("r.csv")).unwrap();
    let column = reader.headers().unwrap().iter().position(|name| name == "accuracy").unwrap();
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record[column].parse::<f64>().is_ok()));
}

#[test]
fn kernels_have_the_promised_shapes_and_feed_a_regression() {
    let folder = folder();
    let path = folder.path();
    images(path, "x.npy", &[20, 2, 4, 3], 1);
    images(path, "t.npy", &[7, 2, 4, 3], 2);
    run(path, "kernel --x x.npy --out k.npy --net cntk-v --depth 3 --report k.json").ok();
    let (n, m, k) = read_matrix(&path.join("k.npy")).unwrap();
    assert_eq!((n, m), (20, 20));
    assert!((0..n).all(|i| (0..n).all(|j| k[i * n + j] == k[j * n + i])));
    let report = json(&path.join("k.json"));
    assert_eq!(report["pairs"], 210);
    assert!(report["kernel_seconds"].as_f64().unwrap() > 0.0);
    assert!(report["seconds_per_pair"].as_f64().unwrap() > 0.0);

    // X beside itself is the same matrix, also without the symmetry.
    run(path, "kernel --x x.npy --y x.npy --out kk.npy --net cntk-v --depth 3").ok();
    assert_eq!(read_matrix(&path.join("kk.npy")).unwrap().2, k);

    run(path, "kernel --x x.npy --out ks.npy --net cntk-v --depth 4,3").ok();
    run(path, "kernel --x t.npy --y x.npy --out ts.npy --net cntk-v --depth 3,4").ok();
    let mut several = Matrices::open(&path.join("ks.npy")).unwrap();
    assert_eq!((several.count(), several.rows()), (2, 20));
    assert_eq!(several.read(0).unwrap(), k);

    labels(path, "y.npy", &[0, 1, 2, 3].repeat(5));
    labels(path, "yt.npy", &[0, 1, 2, 3, 0, 1, 2]);
    let regress = "regress --train ks.npy --test ts.npy --labels y.npy --out p.npy --report r.json --ridge 1e-6";
    run(path, &format!("{regress} --test-labels yt.npy")).ok();
    assert_eq!(json(&path.join("r.json"))["results"].as_array().unwrap().len(), 2);
    run(path, regress).ok();
    run(path, "kernel --x t.npy --y x.npy --out t1.npy --net cntk-v --depth 3").ok();
    run(path, "regress --train k.npy --test t1.npy --labels y.npy --out p1.npy").ok();
    assert_eq!(read_labels(&path.join("p1.npy")).unwrap().len(), 7);

    // Two kernels: each is the same regression as alone.
    let nets = "--net cntk-v --depth 3,4 --precision f64";
    for (kernels, files) in [("ntk,nngp", "4"), ("nngp", "3")] {
        run(path, &format!("kernel --x x.npy --out k{files}.npy --kernel {kernels} {nets}")).ok();
        run(path, &format!("kernel --x t.npy --y x.npy --out t{files}.npy --kernel {kernels} {nets}")).ok();
        let files = format!("--train k{files}.npy --test t{files}.npy --out p{files}.npy --report r{files}.json");
        run(path, &format!("regress {files} --labels y.npy --test-labels yt.npy")).ok();
    }
    assert_eq!(Matrices::open(&path.join("k4.npy")).unwrap().shape(), [2, 2, 20, 20]);
    let bytes = std::fs::read(path.join("p4.npy")).unwrap();
    assert!(String::from_utf8_lossy(&bytes[..128]).contains("(2, 2, 7)"));
    assert!(bytes.ends_with(&std::fs::read(path.join("p3.npy")).unwrap()[128..]));
    let (all, alone) = (json(&path.join("r4.json")), json(&path.join("r3.json")));
    for (index, (kernel, depth)) in [("0", 0), ("0", 1), ("1", 0), ("1", 1)].into_iter().enumerate() {
        let row = &all["results"][index];
        assert_eq!((row["kernel"].as_str(), row["depth"].as_u64()), (Some(kernel), Some(depth)));
    }
    for (row, same) in [(2, 0), (3, 1)] {
        let accuracy = |report: &serde_json::Value, row: usize| report["results"][row]["accuracy"].clone();
        assert_eq!(accuracy(&all, row), accuracy(&alone, same));
    }
}

#[test]
fn the_training_images_are_recognised() {
    let folder = folder();
    let path = folder.path();
    images(path, "x.npy", &[30, 6], 5);
    labels(path, "y.npy", &[0, 1, 2].repeat(10));
    run(path, "kernel --x x.npy --out k.npy --net fc --depth 3 --precision f64").ok();
    run(path, "regress --train k.npy --test k.npy --labels y.npy --test-labels y.npy --report r.json").ok();
    assert_eq!(json(&path.join("r.json"))["results"][0]["accuracy"], 1.0);
    run(path, "run --train-x x.npy --train-y y.npy --test-x x.npy --test-y y.npy --net fc --depth 3 --report s.json")
        .ok();
    assert_eq!(json(&path.join("s.json"))["results"][0]["accuracy"], 1.0);
}

#[test]
fn leaky_relus_and_residual_connections() {
    let folder = folder();
    let path = folder.path();
    let (some, features) = (numbers(10 * 12, 9), 12);
    let opposite: Vec<f32> = some.iter().map(|x| -x).collect();
    for (shape, net) in [(vec![10, 12], "fc"), (vec![10, 1, 3, 4], "cntk-v")] {
        write_array(&path.join("x.npy"), &shape, some.iter().copied()).unwrap();
        write_array(&path.join("y.npy"), &shape, opposite.iter().copied()).unwrap();
        let kernel = |options: &str| {
            run(path, &format!("kernel --x x.npy --out k.npy --net {net} --depth 4 --precision f64 {options}")).ok();
            read_matrix(&path.join("k.npy")).unwrap().2
        };
        let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= KERNEL_F64 * b.abs().max(1.0));
        // The absolute value is the same for z and −z: so is the kernel of it.
        let of_self = kernel("--kernel nngp --slope -1");
        let with_opposite = kernel("--kernel nngp --slope -1 --y y.npy");
        assert!(near(&with_opposite, &of_self) && !near(&kernel("--kernel nngp --y y.npy"), &of_self), "{net}");
        if net == "fc" {
            // A slope of 1 is no bend at all: the products of the inputs, four times in the NTK of four layers.
            let linear = kernel("--slope 1 --kernel nngp");
            let product = |i: usize, j: usize| {
                let (x, y) = (&some[i * features..][..features], &some[j * features..][..features]);
                x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>()
            };
            let products: Vec<f64> = (0..10).flat_map(|i| (0..10).map(move |j| product(i, j))).collect();
            assert!(near(&linear, &products));
            assert!(near(&kernel("--slope 1"), &products.iter().map(|k| 4.0 * k).collect::<Vec<_>>()));
            // Connections of strength 1 and linear layers leave the covariances as they are; much stronger ones are layers without connections.
            assert!(near(&kernel("--slope 1 --kernel nngp --residual 1"), &products));
            let plain = kernel("");
            assert!(near(&kernel("--residual 1e9"), &plain) && !near(&kernel("--residual 1"), &plain));
        }
    }
}

#[test]
fn every_solver_gives_the_same_accuracies() {
    let folder = folder();
    let path = folder.path();
    let small = "--train-size 300 --test-size 100 --depth 3 --net cntk-v,fc";
    let results = |file: &str, solver: &str| {
        let report = json(&path.join(file));
        let rows = report["results"].as_array().unwrap().clone();
        assert_eq!(rows.len(), 2);
        for row in &rows {
            assert_eq!(row["solve"]["solver"], solver, "{row}");
            assert!(row["solve"]["relative_residual"].as_f64().unwrap() < RESIDUAL, "{row}");
            assert_eq!(row["solve"]["iterations"] == 0, solver == "cholesky", "{row}");
        }
        rows.iter().map(|row| (row["accuracy"].clone(), row["per_class"].clone())).collect::<Vec<_>>()
    };
    run(path, &format!("run {small} --store k.zarr --report auto.json")).ok();
    let expected = results("auto.json", "cholesky");
    for solver in ["cholesky", "mixed", "cg"] {
        let text = run(path, &format!("run {small} --solver {solver} --report run.json -v")).ok().stdout;
        assert!(text.contains(solver) && text.contains("iterations"), "{text}");
        assert_eq!(results("run.json", solver), expected, "{solver}");
        run(path, &format!("regress --store k.zarr --solver {solver} --report regress.json")).ok();
        assert_eq!(results("regress.json", solver), expected, "{solver}");
        assert_eq!(json(&path.join("regress.json"))["settings"]["solver"], solver);
        run(path, &format!("regress --store k.zarr --solver {solver} --report regress.csv")).ok();
        let mut reader = csv::Reader::from_path(path.join("regress.csv")).unwrap();
        let column = reader.headers().unwrap().iter().position(|name| name == "solver").unwrap();
        assert!(reader.records().all(|record| record.unwrap()[column] == *solver));
    }

    // Arrays are no tiles, and what is f64 stays it.
    images(path, "x.npy", &[20, 6], 1);
    labels(path, "y.npy", &[0, 1].repeat(10));
    for precision in ["f32", "f64"] {
        run(path, &format!("kernel --x x.npy --out {precision}.npy --net fc --depth 3 --precision {precision}")).ok();
    }
    let regress = |precision: &str, solver: &str| {
        let files = format!("--train {precision}.npy --test {precision}.npy --labels y.npy");
        run(path, &format!("regress {files} --solver {solver} --out {solver}.npy"))
    };
    regress("f32", "cholesky").ok();
    regress("f32", "mixed").ok();
    let classes = |solver: &str| read_labels(&path.join(format!("{solver}.npy"))).unwrap();
    assert_eq!(classes("mixed"), classes("cholesky"));
    regress("f32", "cg").fails(2, "a .npy file has none");
    regress("f64", "mixed").fails(2, "float64 would lose digits");
    run(path, &format!("run {small} --precision f64 --solver mixed")).fails(2, "float64 would lose digits");
    run(path, "run --solver lu").fails(2, "auto, cholesky, mixed, cg");
}

#[test]
fn information_and_completions() {
    let folder = folder();
    let text = run(folder.path(), "info").ok().stdout;
    assert!(text.contains("backend") && text.contains("scalar"), "{text}");
    let value: serde_json::Value = serde_json::from_str(&run(folder.path(), "info --json").ok().stdout).unwrap();
    assert!(value["cores"].as_u64().unwrap() >= 1);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(run(folder.path(), &format!("completions {shell}")).ok().stdout.contains("cntk-lap"), "{shell}");
    }
    for subcommand in ["", "run", "kernel", "regress", "export", "experiment", "info", "completions"] {
        assert!(run(folder.path(), &format!("{subcommand} --help")).ok().stdout.contains("Examples:"), "{subcommand}");
    }
}
