//! Memory: limits that are told before the work, and what was taken in the end.

use super::support::*;
#[cfg(target_os = "linux")]
use std::process::Command;

/// The command below a limit on its address space, in kB.
#[cfg(target_os = "linux")]
fn limited(folder: &std::path::Path, kilobytes: usize, arguments: &str) -> Ran {
    let command = env!("CARGO_BIN_EXE_ultrawide");
    let mut shell = Command::new("sh");
    shell.current_dir(folder).env_remove("ULTRAWIDE_SIMD");
    shell.args(["-c", &format!("ulimit -v {kilobytes}; exec {command} {arguments}")]);
    ran(shell)
}

#[test]
#[cfg(target_os = "linux")]
fn a_limit_on_the_address_space_is_told_before_the_work() {
    let folder = folder();
    let path = folder.path();
    if limited(path, 1_000_000, "info").code != Some(0) {
        return skipped("a limit on the address space: this build needs more than there is for any program");
    }
    // 9,000 images: a kernel of 162 MB and an n×n array of 648 MB.
    images(path, "x.npy", &[9000, 2], 1);
    labels(path, "y.npy", &(0..9000).map(|image| image % 2).collect::<Vec<_>>());
    let job = "run --train-x x.npy --train-y y.npy --test-x x.npy --test-y y.npy --net fc --depth 2 --solver cholesky --threads 2 -q";
    limited(path, 900_000, job).fails(1, "below the limit on the address space (ulimit -v)");
    limited(path, 900_000, "kernel --x x.npy --out k.npy --net fc --depth 2,3,4,5,6,7 --threads 2 -q")
        .fails(1, "ulimit -v");
    assert!(!path.join("k.npy").exists());
    // What takes little, but for the buffers of the threads, which are as many as the cores: refused or done, and nothing else.
    let small = "run --train-size 60 --test-size 20 --depth 3 --net fc -q";
    for kilobytes in [300_000, 400_000, 600_000] {
        let said = limited(path, kilobytes, small);
        if said.code != Some(0) {
            said.fails(1, "ulimit -v");
        }
    }
    // What fits is not refused.
    limited(path, 1_000_000_000, small).ok();
}

#[test]
fn the_peak_is_told_beside_the_plan() {
    let folder = folder();
    let path = folder.path();
    let said = run(path, "run --train-size 60 --test-size 20 --depth 3 --net fc --store s --report run.json -q").ok();
    assert!(said.stdout.contains("planned for kernels and solver"), "{}", said.stdout);
    run(path, "regress --store s --report regress.json -q").ok();
    let said = run(path, "sweep --store s --report sweep.json -q").ok();
    assert!(said.stdout.contains("planned for kernels and solver"), "{}", said.stdout);
    for report in ["run.json", "regress.json", "sweep.json"] {
        let memory = json(&path.join(report))["memory"].clone();
        assert!(memory["planned_bytes"].as_f64().unwrap() > 0.0, "{report}: {memory}");
        if cfg!(target_os = "linux") {
            assert!(memory["peak_bytes"].as_u64().unwrap() > 1_000_000, "{report}: {memory}");
        }
    }
}
