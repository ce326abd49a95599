//! What has been found is told, whatever becomes of the files; and the scores of the solvers are the same.

use super::precision::METHODS;
use super::support::*;
use std::path::Path;
use std::process::Command;
use ultrawide::data::npy::{Matrices, read_labels, write_array};

/// The command where no file may grow beyond some kB: a stand-in for a disk that fills up at the end.
#[cfg(target_os = "linux")]
fn cramped(folder: &Path, arguments: &str) -> Ran {
    let command = env!("CARGO_BIN_EXE_ultrawide");
    let mut shell = Command::new("sh");
    shell.current_dir(folder).env_remove("ULTRAWIDE_SIMD");
    // Without the trap the signal would end the process, as it does not where a disk is full.
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f 1; exec {command} {arguments}")]);
    ran(shell)
}

#[test]
#[cfg(target_os = "linux")]
fn a_report_that_cannot_be_written_takes_no_result_away() {
    let folder = folder();
    let path = folder.path();
    let job = "run --train-size 60 --test-size 20 --depth 3,4,5 --net fc,cntk-v -q";
    run(path, &format!("{job} --store s")).ok();
    for (command, word) in [
        (format!("{job} --report r.json"), "depth 5"),
        ("regress --store s --report r.json -q".to_owned(), "depth 5"),
        ("regress --store s --mean f.npy -q".to_owned(), "depth 5"),
        ("sweep --store s --ridge 0.1,1,10 --report r.json -q".to_owned(), "left-out error"),
        ("sweep --store s --ridge 0.1,1,10 --mean f.npy -q".to_owned(), "left-out error"),
    ] {
        let said = cramped(path, &command);
        let file = if command.contains("r.json") { "r.json" } else { "f.npy" };
        said.fails(1, file);
        assert!(said.stdout.contains(word), "{command}: {}", said.stdout);
        assert!(!path.join(file).exists(), "{command}");
    }
}

#[test]
fn regress_writes_the_scores_of_which_it_predicts() {
    let folder = folder();
    let path = folder.path();
    run(path, "run --train-size 60 --test-size 20 --depth 3,4 --net fc --store s -q").ok();
    run(path, "regress --store s --mean f.npy -q").ok();
    assert_eq!(open(path, "f.npy").shape(), [2, 20, 10]);
    run(path, "run --train-size 60 --test-size 20 --depth 3 --net fc --store one -q").ok();
    run(path, "regress --store one --out p.npy --mean f.npy -q").ok();
    let mut scores = open(path, "f.npy");
    assert_eq!(scores.shape(), [20, 10]);
    let predictions = read_labels(&path.join("p.npy")).unwrap();
    for (image, f) in scores.read(0).unwrap().chunks(10).enumerate() {
        let best = (0..10).fold(0, |best, class| if f[class] > f[best] { class } else { best });
        assert_eq!(usize::from(predictions[image]), best);
    }
    run(path, "regress --store s --mean s/f.npy").fails(2, "--mean");
}

fn open(folder: &Path, name: &str) -> Matrices {
    Matrices::open(&folder.join(name)).expect("matrices")
}

/// The scores of the three solvers on the kernels of a store, against each other.
fn agree(path: &Path, data: &str) {
    for solver in ["cholesky", "mixed", "cg"] {
        run(path, &format!("regress --store s {data} --solver {solver} --mean {solver}.npy -q")).ok();
    }
    let [mut direct, mut mixed, mut cg] =
        ["cholesky", "mixed", "cg"].map(|solver| open(path, &format!("{solver}.npy")));
    for index in 0..direct.count() {
        let expected = direct.read(index).unwrap();
        let size = expected.iter().fold(0.0, |max: f64, f| max.max(f.abs()));
        for other in [&mut mixed, &mut cg] {
            let got = other.read(index).unwrap();
            let error = got.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / size;
            assert!(error <= METHODS, "{} {index}: {error:e}", other.name());
        }
    }
}

#[test]
fn the_scores_of_all_solvers_agree_on_digits() {
    let folder = folder();
    let path = folder.path();
    run(path, "run --train-size 1400 --test-size 300 --net fc,cntk-v --depth 3 --store s -q --solver cg").ok();
    agree(path, "");
}

#[test]
fn the_scores_of_all_solvers_agree_on_cifar_10() {
    let Some(data) = std::env::var_os("ULTRAWIDE_CIFAR10") else {
        return skipped("the solvers on CIFAR-10: ULTRAWIDE_CIFAR10 names no folder with its files");
    };
    let folder = folder();
    let path = folder.path();
    let data = data.to_str().expect("a path without oddities");
    let job = "--train-size 1500 --test-size 300 --net cntk-v --depth 3,21 --store s -q --solver cg";
    run(path, &format!("run --data cifar10 --data-dir {data} {job}")).ok();
    agree(path, &format!("--data-dir {data}"));
}

/// What takes a while is told as it begins, also where nobody looks at a terminal.
#[test]
fn the_stages_of_a_sweep_are_told() {
    let folder = folder();
    let path = folder.path();
    // Large enough to take seconds: on a fast machine the digits are over at once.
    const N: usize = 2500;
    let entry = |at: usize| (1 + (at / N).abs_diff(at % N)) as f32;
    write_array(&path.join("k.npy"), &[N, N], (0..N * N).map(|at| 1.0 / entry(at))).unwrap();
    write_array(&path.join("t.npy"), &[1, N], (0..N).map(|at| 1.0 / entry(at))).unwrap();
    labels(path, "y.npy", &[0, 1].repeat(N / 2));
    let said = run(path, "sweep --train k.npy --test t.npy --labels y.npy --threads 1").ok();
    assert!(said.stderr.lines().any(|line| line == "eigenvalues: k.npy matrix 0"), "{}", said.stderr);
}

/// Of a matrix that is singular and one that is not: a failed row is one line, the rest is told.
#[test]
fn a_singular_kernel_is_called_so() {
    let folder = folder();
    let path = folder.path();
    let entry = |at: usize| if (at / 4 < 2) == (at % 4 < 2) { 1.0 } else { 0.5 };
    write_array(&path.join("k.npy"), &[4, 4], (0..16).map(|at| entry(at) as f32)).unwrap();
    labels(path, "y.npy", &[0, 1, 0, 1]);
    let failed = run(path, "regress --train k.npy --test k.npy --labels y.npy --solver mixed -q");
    failed.fails(1, "singular to working precision");
}
