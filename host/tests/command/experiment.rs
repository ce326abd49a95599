//! Networks of finite width, as the command shows them.

use super::support::*;

/// Small enough for a test.
const SMALL: &str = "--quick --width 8,16 --seeds 2 --train-size 12 -q";

#[test]
fn a_seed_gives_the_same_files() {
    let folder = folder();
    let path = folder.path();
    let files = |seed: u64, report: &str, threads: usize| {
        for (which, sizes) in [
            ("init", SMALL),
            ("drift", SMALL),
            ("flow", SMALL),
            ("equivalence", SMALL),
            ("double-descent", SMALL),
            ("tricks", SMALL),
            ("table", "--quick --width 4 --seeds 2 --train-size 12 --epochs 2 --batch 4 --step 0.1,0.5 -q"),
        ] {
            let arguments = format!("experiment {which} {sizes} --seed {seed} --report {report} --threads {threads}");
            let text = run(path, &arguments).ok().stdout;
            assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
        }
        let mut files = tree(&path.join(report));
        assert_eq!(files.len(), 7 * 4);
        // Pages tell how long it took.
        files.retain(|name, _| name.extension().is_none_or(|extension| extension != "html"));
        assert_eq!(files.len(), 7 * 3);
        files
    };
    let first = files(7, "a", 1);
    assert_eq!(files(7, "b", 2), first);
    let other = files(8, "c", 2);
    assert!(first.iter().all(|(name, bytes)| other[name] != *bytes));
}

#[test]
fn all_experiments_are_on_one_page() {
    let folder = folder();
    let path = folder.path();
    let ran = run(
        path,
        "experiment all --quick --width 8,16 --seeds 2 --train-size 12 --test-size 9 --epochs 2 --report figures",
    )
    .ok();
    let page = std::fs::read_to_string(path.join("figures/index.html")).unwrap();
    let names = ["init", "drift", "flow", "equivalence", "table", "double-descent", "tricks"];
    for name in names {
        assert!(page.contains(&format!("<section id=\"{name}\"")), "{name}");
        let finding = json(&path.join(format!("figures/{name}.json")));
        let (rows, columns) = (finding["rows"].as_array().unwrap(), finding["columns"].as_array().unwrap());
        let distinct: std::collections::HashSet<_> = columns.iter().filter_map(|column| column.as_str()).collect();
        assert_eq!(distinct.len(), columns.len(), "{name}: {columns:?}");
        assert!(rows.iter().all(|row| row.as_array().unwrap().len() == columns.len()), "{name}: {rows:?}");
        let mut reader = csv::Reader::from_path(path.join(format!("figures/{name}.csv"))).unwrap();
        assert_eq!(reader.headers().unwrap().len(), columns.len(), "{name}");
        assert_eq!(reader.records().count(), rows.len(), "{name}");
        assert_eq!(finding["settings"]["seed"], 1, "{name}");
        assert!(ran.stdout.contains(finding["title"].as_str().unwrap()), "{name}");
        // The command in the settings leads to the same figures, though `all` takes options that it does not.
        let command = finding["settings"]["command"].as_str().unwrap().strip_prefix("ultrawide ").unwrap();
        run(path, &format!("{command} --report again -q")).ok();
        assert!(path.join(format!("again/{name}.html")).is_file(), "{name}");
        assert_eq!(json(&path.join(format!("again/{name}.json"))), finding, "{command}");
        assert!(page.contains(command), "{command}");
    }
    assert!(page.contains("<code>--quick</code>"));
    assert_eq!(page.matches("<svg").count(), names.len());
}

#[test]
#[cfg(target_os = "linux")]
fn networks_that_no_memory_holds_are_refused() {
    let folder = folder();
    for arguments in
        ["init --width 40000 --depth 200", "table --width 6000 --depth 60", "flow --width 40000 --depth 99"]
    {
        let ran = run(folder.path(), &format!("experiment {arguments} --report figures"));
        ran.fails(1, "are available: use a smaller --width");
        ran.fails(1, "000 and kernels of");
    }
}
