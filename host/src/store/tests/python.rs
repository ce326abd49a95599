//! Stores are read with zarr-python, by the script that the documentation shows.

use std::process::Command;

use super::*;

/// The environment variable that names a Python with zarr and NumPy.
const PYTHON: &str = "ULTRAWIDE_PYTHON";

#[test]
fn zarr_python_reads_the_same_numbers() {
    let Some(python) = std::env::var_os(PYTHON) else {
        return crash::skipped(&format!("reading with zarr-python: {PYTHON} names no Python that has zarr 3"));
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/read_store.py");
    for (precision, tile) in [(Precision::F32, 3), (Precision::F64, 4), (Precision::F64, 16)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.zarr");
        let plan = plan(tile, precision);
        finished(&path, &plan);
        for array in &plan.arrays {
            for (output, name) in array.outputs.iter().enumerate() {
                let out = folder.path().join("k.npy");
                let run = Command::new(&python).arg(&script).arg(&path).arg(&array.name).arg(name).arg(&out).output();
                let run = run.unwrap();
                assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
                let (shape, numbers) = read_npy(&out, precision);
                assert_eq!(shape, [array.rows as u64, array.cols as u64]);
                let expected: Vec<f64> = (0..array.rows * array.cols)
                    .map(|index| number(&array.name, output, index / array.cols, index % array.cols))
                    .collect();
                assert_eq!(numbers, expected, "{} {name} tile {tile} {precision}", array.name);
            }
        }

        // A tile that has changed is an error.
        let file = path.join("train/c/0/0/0");
        let mut bytes = fs::read(&file).unwrap();
        bytes[5] ^= 1;
        fs::write(&file, bytes).unwrap();
        let run = Command::new(&python).arg(&script).arg(&path).arg("train").arg("0").output().unwrap();
        let text = String::from_utf8_lossy(&run.stderr);
        assert!(!run.status.success() && text.starts_with("error: ") && text.contains("checksum"), "{text}");
        assert!(text.contains("train, rows 0 to"), "{text}");

        // So is a missing tile, not a patch of NaN in a kernel.
        fs::remove_file(path.join("train/c/0/0/0")).unwrap();
        let run = Command::new(&python).arg(&script).arg(&path).arg("train").arg("0").output().unwrap();
        let text = String::from_utf8_lossy(&run.stderr);
        assert!(!run.status.success() && text.contains("1 of") && text.contains("missing"), "{text}");
    }
}

fn read_npy(file: &Path, precision: Precision) -> (Vec<u64>, Vec<f64>) {
    let bytes = fs::read(file).unwrap();
    let npy = npyz::NpyFile::new(&bytes[..]).unwrap();
    let shape = npy.shape().to_vec();
    let numbers = match precision {
        Precision::F32 => npy.into_vec::<f32>().unwrap().into_iter().map(f64::from).collect(),
        Precision::F64 => npy.into_vec::<f64>().unwrap(),
    };
    (shape, numbers)
}
