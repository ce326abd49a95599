//! The bundled digits, names, sizes, and the user's own arrays.

use sha2::{Digest, Sha256};

use super::super::checksum::hexadecimal;
use super::super::{Kind, LoadOptions, Pixels, Subset, digits, load, load_npy, npy};
use super::{message, pixels};
use crate::precision::NORMALISED;

#[test]
fn the_bundled_digits_are_those_of_the_readme() {
    let (images, labels) = digits::read().unwrap();
    let Pixels::U8(raw) = images.pixels() else { unreachable!() };
    let readme = include_str!("../../../data/README.md");
    let files: [(&[u32], Vec<u8>); 2] =
        [(&[0x803, 1797, 8, 8], raw.clone()), (&[0x801, 1797], labels.iter().map(|&label| label as u8).collect())];
    for (header, content) in files {
        let mut hash = Sha256::new();
        header.iter().for_each(|word| hash.update(word.to_be_bytes()));
        hash.update(content);
        assert!(readme.contains(&hexadecimal(&hash.finalize())));
    }
}

#[test]
fn digits_are_divided_as_documented() {
    let data = load(&LoadOptions::new(Kind::Digits)).unwrap();
    assert_eq!((data.train.images.len(), data.train.labels.len()), (1438, 1438));
    assert_eq!((data.test.images.len(), data.test.labels.len()), (359, 359));
    for class in 0..10 {
        let count = |labels: &[u16]| labels.iter().filter(|&&label| label == class).count();
        let (train, test) = (count(&data.train.labels), count(&data.test.labels));
        // Positions 2, 7, … of a class.
        assert_eq!(test, (train + test + 2) / 5);
    }
    // The first ten of the source are 0 to 9 in order, the third zero is a test image.
    assert_eq!(data.train.labels[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn training_images_end_up_with_mean_0_and_deviation_1() {
    for train_size in [None, Some(100)] {
        let data = load(&LoadOptions { train_size, ..LoadOptions::new(Kind::Digits) }).unwrap();
        let all: Vec<f64> = (0..data.train.images.len()).flat_map(|index| pixels(&data.train.images, index)).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let variance = all.iter().map(|pixel| (pixel - mean).powi(2)).sum::<f64>() / all.len() as f64;
        assert!(mean.abs() < NORMALISED && (variance - 1.0).abs() < NORMALISED, "{mean} {variance}");
        assert_eq!(data.train.images.normalisation(), data.test.images.normalisation());
    }
}

#[test]
fn sizes_beyond_the_set_are_errors() {
    let mut options = LoadOptions { train_size: Some(1439), ..LoadOptions::new(Kind::Digits) };
    message(load(&options), &["training set of digits holds 1438 images", "1439"]);
    options.subset = Subset::Balanced;
    message(load(&options), &["training set of digits, class ", "144 were asked for"]);
    options = LoadOptions { test_size: Some(0), ..LoadOptions::new(Kind::Digits) };
    message(load(&options), &["0 test images"]);
    options.test_size = Some(usize::MAX);
    message(load(&options), &["test set of digits holds 359 images"]);
}

#[test]
fn fewer_images_than_classes_are_those_of_the_first_classes() {
    let options = LoadOptions { train_size: Some(3), subset: Subset::Balanced, ..LoadOptions::new(Kind::Digits) };
    assert_eq!(load(&options).unwrap().train.labels, [0, 1, 2]);
}

#[test]
fn names_are_read_as_they_are_written() {
    for kind in Kind::ALL {
        assert_eq!(kind.to_string().parse::<Kind>().unwrap(), kind);
        assert!(matches!(kind.classes().len(), 2 | 10));
    }
    for subset in [Subset::First, Subset::Balanced] {
        assert_eq!(subset.to_string().parse::<Subset>().unwrap(), subset);
    }
    message("cifar".parse::<Kind>(), &["\"cifar\"", "cifar10"]);
    message("last".parse::<Subset>(), &["\"last\"", "balanced"]);
}

#[test]
fn own_arrays_become_a_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let array = |name: &str, rows: usize, columns: usize| {
        let data = (0..rows * columns).map(|i| (i * i % 17) as f32);
        npy::write_array(&path(name), &[rows, columns], data).unwrap();
    };
    let labels = |name: &str, labels: &[u8]| {
        let text = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({},)}}", labels.len());
        super::put(folder.path(), name, &super::npy::file(1, &text, labels));
    };
    array("train.npy", 4, 3);
    array("test.npy", 2, 3);
    labels("train-labels.npy", &[0, 2, 1, 0]);
    labels("test-labels.npy", &[4, 0]);
    let load = |normalised| {
        let [a, b, c, d] = ["train.npy", "train-labels.npy", "test.npy", "test-labels.npy"].map(path);
        load_npy(&a, &b, &c, &d, normalised)
    };
    let data = load(false).unwrap();
    assert_eq!(data.classes, ["0", "1", "2", "3", "4"]);
    assert_eq!(pixels(&data.train.images, 1), [9.0, 16.0, 8.0]);
    let data = load(true).unwrap();
    let sum: f64 = (0..4).map(|index| pixels(&data.train.images, index)[2]).sum();
    assert!(sum.abs() < NORMALISED);

    labels("test-labels.npy", &[4, 0, 1]);
    message(load(false), &["test.npy holds 2 images", "test-labels.npy holds 3 labels"]);
    array("test.npy", 3, 2);
    message(load(false), &["3x1x1", "2x1x1"]);
    array("test.npy", 3, 3);
    npy::write_array(&path("train.npy"), &[4, 3], [1.0, 2.0, 3.0, 4.0, 2.0, 6.0].repeat(2)).unwrap();
    message(load(true), &["train.npy: ", "channel 1", "equal"]);
}
