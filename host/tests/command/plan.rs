//! What a run costs, before it.

use super::support::*;
use std::fs;

const JOB: &str = "-q --train-size 60 --test-size 20 --depth 3,4 --net cntk-v,cntk-gap,fc --tile 8 --threads 2";

#[test]
fn a_plan_counts_what_the_run_does() {
    let folder = folder();
    let path = folder.path();
    run(path, &format!("plan {JOB} --store s --nodes 3 --report plan.json")).ok();
    assert!(!path.join("s").exists(), "a plan leaves no store");
    run(path, &format!("run {JOB} --store s --report run.json")).ok();
    let (plan, ran) = (json(&path.join("plan.json")), json(&path.join("run.json")));
    assert_eq!(plan["command"], "plan");
    assert_eq!(plan["data"], ran["data"]);
    assert_eq!(plan["pairs"], ran["pairs"]);
    let (passes, done) = (plan["passes"].as_array().unwrap(), ran["passes"].as_array().unwrap());
    assert_eq!(passes.len(), done.len());
    for (pass, done) in passes.iter().zip(done) {
        for field in ["name", "layers", "entries", "pairs"] {
            assert_eq!(pass[field], done[field], "{field}");
        }
        let entry_layers = pass["entries"].as_f64().unwrap() * pass["layers"].as_f64().unwrap() * 3030.0;
        assert_eq!(pass["entry_layers"].as_f64().unwrap(), entry_layers);
        let seconds = |field: &str| pass[field].as_f64().unwrap();
        assert!(0.0 < seconds("write_seconds") && seconds("write_seconds") < seconds("seconds"), "{pass}");
        assert!(seconds("nodes_seconds") < seconds("seconds"), "{pass}");
    }
    assert_eq!(plan["regression"]["count"], 6);
    let store = tree(&path.join("s"));
    assert_eq!(plan["disk"]["files"], store.len());
    assert_eq!(plan["disk"]["bytes"], store.values().map(Vec::len).sum::<usize>());

    // Nothing is left to do, or half of it.
    let left = |options: &str| {
        run(path, &format!("plan {JOB} --store s {options} --report left.json")).ok();
        let left = json(&path.join("left.json"));
        (left["pairs"].as_u64().unwrap(), left["disk"]["missing"].as_u64())
    };
    assert_eq!(left("--resume").0, 0);
    for name in store.keys().filter(|name| name.starts_with("hidden-train/c")) {
        fs::remove_file(path.join("s").join(name)).unwrap();
    }
    assert_eq!(left("--resume").0, 1830);
    let shares = [left("--shard 1/2").0, left("--shard 2/2").0];
    assert_eq!(shares.iter().sum::<u64>(), 1830);
    assert!(shares.iter().all(|share| share.abs_diff(915) <= 64), "{shares:?}");
    let other = JOB.replace("--depth 3,4", "--depth 3,5");
    run(path, &format!("plan {other} --store s --resume")).fails(1, "depths");
}

#[test]
fn a_plan_is_a_table_for_people_and_lines_for_programs() {
    let folder = folder();
    let path = folder.path();
    let text = run(path, &format!("plan {JOB} --nodes 4 --report plan.csv")).ok().stdout;
    for word in
        ["preparation", "fc-all", "hidden", "6 regressions", "time on 4 nodes", "memory", "a --store would take"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
    let mut reader = csv::Reader::from_path(path.join("plan.csv")).unwrap();
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    let parts: Vec<&str> = records.iter().map(|record| &record[0]).collect();
    assert_eq!(parts, ["all", "hidden", "fc-all", "preparation", "regression", "total"]);
    run(path, &format!("plan {JOB} --report plan.txt")).fails(2, ".json or .csv");
    run(path, &format!("plan {JOB} --nodes 0")).fails(2, "--nodes");
    run(path, "plan --net cntk-v --lap 3").fails(2, "--lap");
}

/// The steps of an iteration are not known beforehand, and its trial is no iteration to the end.
#[test]
fn an_iteration_has_a_range() {
    let folder = folder();
    let path = folder.path();
    let job = "plan -q --train-size 1400 --test-size 300 --depth 3 --net fc --store s";
    for solver in ["cg", "mixed", "cholesky"] {
        let text = run(path, &format!("{job} --solver {solver} --report {solver}.json")).ok().stdout;
        let plan = json(&path.join(format!("{solver}.json")));
        let regression = &plan["regression"];
        let [seconds, few, many] =
            [&regression["seconds"], &regression["seconds_range"][0], &regression["seconds_range"][1]]
                .map(|value| value.as_f64().unwrap());
        assert!(few <= seconds && seconds <= many, "{regression}");
        assert_eq!(text.contains("as other kernels took"), solver != "cholesky", "{text}");
        assert_eq!(regression["steps"].is_null(), solver == "cholesky");
        assert_eq!(few < many, solver != "cholesky", "{regression}");
    }
    // What nodes hold together no single one holds.
    let memory = |nodes: usize| {
        run(path, &format!("{job} --solver cg --nodes {nodes} --report nodes.json")).ok();
        let plan = json(&path.join("nodes.json"));
        assert_eq!(plan["regression"]["nodes_solver"], "cg");
        (plan["nodes_memory"]["regression"].as_f64().unwrap(), plan["memory"]["regression"].as_f64().unwrap())
    };
    let (two, alone) = memory(2);
    let (seven, _) = memory(7);
    // 1,400 × 1,400 numbers of 4 bytes, in rows of whole tiles: 768 of them and 256.
    assert_eq!(two - alone, 768.0 * 1400.0 * 4.0);
    assert_eq!(two - seven, (768.0 - 256.0) * 1400.0 * 4.0);
    run(path, &format!("{job} --solver cholesky --nodes 2 --report one.json")).ok();
    let plan = json(&path.join("one.json"));
    assert!(plan["nodes_memory"].is_null());
    assert_eq!(plan["regression"]["nodes_solver"], "cholesky");
}

#[test]
fn what_takes_years_is_planned_in_seconds() {
    let folder = folder();
    let path = folder.path();
    images(path, "x.npy", &[1500, 1, 48, 48], 1);
    images(path, "t.npy", &[10, 1, 48, 48], 2);
    labels(path, "y.npy", &(0..1500).map(|image| image % 2).collect::<Vec<_>>());
    labels(path, "u.npy", &(0..10).map(|image| image % 2).collect::<Vec<_>>());
    let job =
        "plan -q --train-x x.npy --train-y y.npy --test-x t.npy --test-y u.npy --net cntk-gap --depth 1001 --flip";
    let text = run(path, &format!("{job} --report plan.json")).ok().stdout;
    assert!(text.contains(" d ") || text.contains(" years"), "{text}");
    let plan = json(&path.join("plan.json"));
    let entry_layers = 48f64.powi(4) * 1000.0 * 2.0 * (1500.0 * 1501.0 / 2.0 + 15_000.0);
    assert_eq!(plan["passes"][0]["entry_layers"].as_f64().unwrap(), entry_layers);
    let (whole, planning) = (plan["seconds"].as_f64().unwrap(), plan["planning_seconds"].as_f64().unwrap());
    assert!(whole > 100_000.0 * planning, "{whole} s were planned in {planning} s");
}
