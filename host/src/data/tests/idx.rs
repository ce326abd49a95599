//! IDX files, plain and compressed.

use std::path::Path;

use super::super::readers::{MAX_COUNT, MAX_SIDE, read_images, read_labels};
use super::super::{Kind, LoadOptions, Pixels, Subset, load};
use super::{gzip, message, put};

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn images(count: u32, rows: u32, columns: u32) -> Vec<u8> {
    let pixels = (0..count * rows * columns).map(|i| (i * 31 % 241) as u8);
    words(&[0x803, count, rows, columns]).into_iter().chain(pixels).collect()
}

fn labels(labels: &[u8]) -> Vec<u8> {
    [words(&[0x801, labels.len() as u32]), labels.to_vec()].concat()
}

fn put_all(folder: &Path, suffix: &str, pack: impl Fn(&[u8]) -> Vec<u8>) {
    let train: Vec<u8> = (0..30).map(|i| i % 10).collect();
    for (name, bytes) in [
        ("train-images-idx3-ubyte", images(30, 5, 4)),
        ("train-labels-idx1-ubyte", labels(&train)),
        ("t10k-images-idx3-ubyte", images(20, 5, 4)),
        ("t10k-labels-idx1-ubyte", labels(&train[..20])),
    ] {
        put(folder, &format!("{name}{suffix}"), &pack(&bytes));
    }
}

fn options(folder: &Path) -> LoadOptions {
    LoadOptions { data_dir: Some(folder.to_owned()), ..LoadOptions::new(Kind::Mnist) }
}

#[test]
fn good_files_are_read() {
    let read = read_images(&images(3, 4, 5)[..], "x").unwrap();
    assert_eq!((read.len(), read.shape().height, read.shape().width), (3, 4, 5));
    assert_eq!(read.pixels(), &Pixels::U8(images(3, 4, 5)[16..].to_vec()));
    assert_eq!(read_labels(&labels(&[3, 0, 9])[..], "x", 9).unwrap(), [3, 0, 9]);
}

#[test]
fn bad_headers_are_errors() {
    for (header, parts) in [
        (words(&[0x801, 1, 1, 1]), ["0x00000801", "0x00000803"]),
        (words(&[0x803, 0, 1, 1]), ["0 images", "10000000"]),
        (words(&[0x803, MAX_COUNT + 1, 1, 1]), ["10000001 images", "10000000"]),
        (words(&[0x803, 1, MAX_SIDE + 1, 1]), ["1025 rows", "1024"]),
        (words(&[0x803, 1, 1, u32::MAX]), ["4294967295 columns", "1024"]),
        // The most a header may promise: 10 TB, of which nothing is there.
        (words(&[0x803, MAX_COUNT, MAX_SIDE, MAX_SIDE]), ["ends after 16 bytes", "10485760000016"]),
        (words(&[0x803, 1, 1]), ["ends after 12 bytes", "16"]),
    ] {
        message(read_images(&header[..], "x"), &["x: ", parts[0], parts[1]]);
    }
    message(read_labels(&words(&[0x803, 1])[..], "x", 9), &["0x00000803", "0x00000801"]);
    message(read_labels(&words(&[0x801, u32::MAX])[..], "x", 9), &["4294967295 labels"]);
    message(read_labels(&words(&[0x801, MAX_COUNT])[..], "x", 9), &["ends after 8 bytes", "10000008"]);
}

#[test]
fn files_of_another_length_are_errors() {
    let good = images(3, 4, 5);
    message(read_images(&good[..75], "x"), &["x: ends after 75 bytes", "76"]);
    message(read_images(&[&good[..], &[0]].concat()[..], "x"), &["x: goes on after the 76 bytes"]);
    let good = labels(&[1, 2, 3]);
    message(read_labels(&good[..10], "x", 9), &["x: ends after 10 bytes", "11"]);
    message(read_labels(&[&good[..], &[0]].concat()[..], "x", 9), &["x: goes on after the 11 bytes"]);
    message(read_labels(&labels(&[1, 2, 10])[..], "x", 9), &["x: label 10 of record 2", "limit is 9"]);
}

#[test]
fn plain_and_compressed_files_load_alike() {
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    put_all(folders[0].path(), "", <[u8]>::to_vec);
    put_all(folders[1].path(), ".gz", gzip);
    // The contents decide: some browsers unpack, and keep the name.
    put_all(folders[2].path(), ".gz", <[u8]>::to_vec);
    let mut loaded = folders.iter().map(|folder| load(&options(folder.path())).unwrap());
    let first = loaded.next().unwrap();
    assert_eq!((first.train.images.len(), first.test.images.len()), (30, 20));
    for other in loaded {
        assert_eq!(other.train, first.train);
        assert_eq!(other.test.images.checksum(), first.test.images.checksum());
    }
}

#[test]
fn subsets_take_the_images_of_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    put_all(folder.path(), ".gz", gzip);
    let all = load(&options(folder.path())).unwrap();
    let few =
        LoadOptions { train_size: Some(13), test_size: Some(4), subset: Subset::Balanced, ..options(folder.path()) };
    let few = load(&few).unwrap();
    assert_eq!(few.train.labels, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2]);
    assert_eq!(few.test.labels, [0, 1, 2, 3]);
    let first: Vec<usize> = (0..13).collect();
    assert_eq!(few.train.images.pixels(), all.train.images.select(&first).unwrap().pixels());
    // Normalised by what is used, not by what the file holds.
    assert_ne!(few.train.images.normalisation(), all.train.images.normalisation());
    assert_eq!(few.train.images.normalisation(), few.test.images.normalisation());
}

#[test]
fn files_that_do_not_belong_together_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    put_all(path, "", <[u8]>::to_vec);
    put(path, "train-labels-idx1-ubyte", &labels(&[1; 29]));
    message(load(&options(path)), &["30 images", "29 labels"]);
    put_all(path, "", <[u8]>::to_vec);
    put(path, "t10k-images-idx3-ubyte", &images(20, 4, 4));
    message(load(&options(path)), &["1x5x4", "1x4x4"]);
    put_all(path, "", <[u8]>::to_vec);
    // Too long: noticed even if only the first images are wanted.
    put(path, "t10k-images-idx3-ubyte", &[images(20, 5, 4), vec![0]].concat());
    let few = LoadOptions { test_size: Some(1), ..options(path) };
    message(load(&few), &["t10k-images-idx3-ubyte: 417 bytes", "416"]);
}

#[test]
fn damaged_gzip_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    put_all(path, ".gz", gzip);
    let good = gzip(&images(30, 5, 4));
    // The last eight bytes are the checksum and the length.
    let mut damaged = good.clone();
    damaged[good.len() - 8] ^= 1;
    put(path, "train-images-idx3-ubyte.gz", &damaged);
    message(load(&options(path)), &["train-images-idx3-ubyte.gz: "]);
    put(path, "train-images-idx3-ubyte.gz", &good[..good.len() / 2]);
    message(load(&options(path)), &["train-images-idx3-ubyte.gz: "]);
    // A bomb: the promised bytes, then a million zeros. One of them is enough to see it.
    put(path, "train-images-idx3-ubyte.gz", &gzip(&[images(30, 5, 4), vec![0; 1_000_000]].concat()));
    message(load(&options(path)), &["goes on after the 616 bytes"]);
}

#[test]
fn what_is_not_there_is_said_with_where_to_get_it() {
    let empty = tempfile::tempdir().unwrap();
    let parts = ["mnist is not there", "47040016 bytes", "yann.lecun.com", "--data-dir"];
    message(load(&options(empty.path())), &parts);
    message(load(&LoadOptions::new(Kind::Mnist)), &parts);
    let fashion = LoadOptions { kind: Kind::FashionMnist, ..options(empty.path()) };
    message(load(&fashion), &["fashion-mnist is not there", "dataset-fashion-mnist", "train-images-idx3-ubyte"]);
}
