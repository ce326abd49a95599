//! The real data sets, where they are. They are not in the repository: a test without them says so and passes.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::super::{Dataset, FASHION_DIR, Kind, LoadOptions, Subset, load};
use crate::precision::PUBLISHED;

/// Says so on the terminal itself: what a passing test prints, the test runner keeps to itself.
fn skipped(why: &str) {
    let _ = writeln!(io::stderr(), "\n==== SKIPPED: the real images, {why} ====");
}

/// The folder that the environment variable names, or a loud line that it names none.
fn folder(variable: &str) -> Option<PathBuf> {
    let folder = env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        skipped(&format!("{variable} names no folder"));
    }
    folder
}

fn check_counts(data: &Dataset, train: usize, test: usize) {
    let classes = data.classes.len();
    for (set, expected) in [(&data.train, train), (&data.test, test)] {
        assert_eq!((set.images.len(), set.labels.len()), (expected * classes, expected * classes));
        for class in 0..classes as u16 {
            assert_eq!(set.labels.iter().filter(|&&label| label == class).count(), expected, "class {class}");
        }
    }
}

fn check_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < PUBLISHED, "{found} {expected}");
    }
}

#[test]
fn cifar10() {
    let Some(folder) = folder("ULTRAWIDE_CIFAR10") else {
        return;
    };
    let mut options = LoadOptions { data_dir: Some(folder), ..LoadOptions::new(Kind::Cifar10) };
    let data = load(&options).unwrap();
    check_counts(&data, 5000, 1000);
    // The well-known statistics of the training set.
    let normalisation = data.train.images.normalisation().unwrap();
    check_close(&normalisation.mean, &[0.49140, 0.48216, 0.44653]);
    check_close(&normalisation.std, &[0.24703, 0.24349, 0.26159]);
    // The first training image is a frog, the first test image a cat.
    assert_eq!((data.classes[usize::from(data.train.labels[0])].as_str(), data.test.labels[0]), ("frog", 3));

    options.kind = Kind::Cifar2;
    check_counts(&load(&options).unwrap(), 5000, 1000);
    options.kind = Kind::Cifar10;
    (options.train_size, options.test_size, options.subset) = (Some(2000), Some(100), Subset::Balanced);
    check_counts(&load(&options).unwrap(), 200, 10);
    options.subset = Subset::First;
    let first = load(&options).unwrap();
    assert_eq!(first.train.labels, data.train.labels[..2000]);
}

#[test]
fn fashion_mnist() {
    if !Path::new(FASHION_DIR).is_dir() {
        skipped(&format!("no {FASHION_DIR}"));
        return;
    }
    let mut options = LoadOptions::new(Kind::FashionMnist);
    let data = load(&options).unwrap();
    check_counts(&data, 6000, 1000);
    let normalisation = data.train.images.normalisation().unwrap();
    check_close(&normalisation.mean, &[0.28604]);
    check_close(&normalisation.std, &[0.35302]);
    assert_eq!(data.classes[usize::from(data.train.labels[0])], "ankle boot");
    options.train_size = Some(100);
    assert_eq!(load(&options).unwrap().train.labels, data.train.labels[..100]);
}

#[test]
fn mnist() {
    let Some(folder) = folder("ULTRAWIDE_MNIST") else {
        return;
    };
    let data = load(&LoadOptions { data_dir: Some(folder), ..LoadOptions::new(Kind::Mnist) }).unwrap();
    assert_eq!((data.train.images.len(), data.test.images.len()), (60_000, 10_000));
    let normalisation = data.train.images.normalisation().unwrap();
    check_close(&normalisation.mean, &[0.1307]);
    check_close(&normalisation.std, &[0.3081]);
}
