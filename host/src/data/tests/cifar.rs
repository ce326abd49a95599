//! CIFAR-10 files and archives, made up here: no real image is in the repository.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use super::super::readers::{FILE_LEN, RECORD_LEN, read_records};
use super::super::{Dataset, Kind, LoadOptions, Pixels, Subset, load};
use super::message;

/// A record whose pixels tell its number and its file.
fn record(label: u8, number: usize, file: u8) -> Vec<u8> {
    let mut record = vec![number as u8; RECORD_LEN];
    record[0] = label;
    record[1] = file;
    record
}

/// Records with labels 0, 1, … 9, 0, …
fn records(count: usize, file: u8) -> Vec<u8> {
    (0..count).flat_map(|number| record((number % 10) as u8, number, file)).collect()
}

/// A file of the official length: these records, then black images of class 0, which take no room on the disk.
fn put_file(folder: &Path, name: &str, start: &[u8]) {
    let mut file = File::create(folder.join(name)).unwrap();
    file.write_all(start).unwrap();
    file.set_len(FILE_LEN).unwrap();
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in 1..=5 {
        put_file(folder.path(), &format!("data_batch_{file}.bin"), &records(40, file));
    }
    put_file(folder.path(), "test_batch.bin", &records(40, 6));
    folder
}

fn options(kind: Kind, path: &Path, train: usize, test: usize) -> LoadOptions {
    let sizes = (Some(train), Some(test));
    LoadOptions { data_dir: Some(path.to_owned()), train_size: sizes.0, test_size: sizes.1, ..LoadOptions::new(kind) }
}

fn raw(set: &super::super::Labelled) -> &[u8] {
    match set.images.pixels() {
        Pixels::U8(pixels) => pixels,
        _ => panic!("bytes did not stay bytes"),
    }
}

fn check_first_25(data: &Dataset) {
    let labels: Vec<u16> = (0..25).map(|number| number % 10).collect();
    assert_eq!(data.train.labels, labels);
    assert_eq!(data.test.labels, labels[..12]);
    assert_eq!(raw(&data.train).len(), 25 * 3072);
    // The first pixel is the file's number, all others are the record's.
    assert_eq!((raw(&data.train)[0], raw(&data.train)[24 * 3072 + 1]), (1, 24));
    assert_eq!((raw(&data.test)[0], raw(&data.test)[11 * 3072 + 3071]), (6, 11));
    assert_eq!(data.classes[3], "cat");
}

#[test]
fn records_are_read_up_to_the_limit() {
    let bytes = records(3, 1);
    let all = read_records(&bytes[..], "x", usize::MAX).unwrap();
    assert_eq!((all.labels.as_slice(), all.images.len()), (&[0, 1, 2][..], 3));
    // The limit also hides what is wrong behind it.
    assert_eq!(read_records(&bytes[..RECORD_LEN + 5], "x", 1).unwrap().images.len(), 1);
    let parts = ["x: ends after 5 bytes of record 1", "3073"];
    message(read_records(&bytes[..RECORD_LEN + 5], "x", 2), &parts);
    message(read_records(&[][..], "x", 2), &["x: no record"]);
    let mislabelled = [records(2, 1), record(10, 2, 1)].concat();
    message(read_records(&mislabelled[..], "x", 9), &["x: label 10 of record 2", "limit is 9"]);
}

#[test]
fn the_folder_and_the_one_above_it_are_found() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("cifar-10-batches-bin");
    std::fs::create_dir(&folder).unwrap();
    put_file(&folder, "data_batch_1.bin", &records(40, 1));
    put_file(&folder, "test_batch.bin", &records(40, 6));
    for path in [above.path(), &folder] {
        // Files 2 to 5 are not there, and not needed.
        check_first_25(&load(&options(Kind::Cifar10, path, 25, 12)).unwrap());
    }
    message(load(&options(Kind::Cifar10, above.path(), 10_001, 12)), &["data_batch_2.bin"]);
}

#[test]
fn balanced_subsets_take_as_many_of_each_class() {
    let folder = folder();
    let mut options = options(Kind::Cifar10, folder.path(), 53, 10);
    options.subset = Subset::Balanced;
    let data = load(&options).unwrap();
    let count = |class| data.train.labels.iter().filter(|&&label| label == class).count();
    assert_eq!((0..10).map(count).collect::<Vec<_>>(), [6, 6, 6, 5, 5, 5, 5, 5, 5, 5]);
    // File 1 has four of each class, but enough of class 0: the last one taken is the sixth of class 2, from file 2.
    assert_eq!(data.train.labels.last(), Some(&2));
    assert_eq!(raw(&data.train)[52 * 3072], 2);

    options.train_size = Some(210);
    message(load(&options), &["training set of cifar10, class automobile,", "holds 20 images", "21 were"]);
}

#[test]
fn cifar2_is_the_first_two_classes() {
    let folder = folder();
    let mut options = options(Kind::Cifar2, folder.path(), 7, 5);
    let data = load(&options).unwrap();
    assert_eq!(data.train.labels, [0, 1, 0, 1, 0, 1, 0]);
    assert_eq!(raw(&data.train)[3072 + 1], 1);
    assert_eq!(raw(&data.train)[2 * 3072 + 1], 10);
    assert_eq!(data.classes, ["airplane", "automobile"]);
    options.train_size = Some(60_000);
    message(load(&options), &["training set of cifar2 holds", "60000 were asked for"]);
}

#[test]
fn a_file_of_another_length_is_an_error() {
    let folder = folder();
    let options = options(Kind::Cifar10, folder.path(), 20_000, 5);
    for (file, len) in [("data_batch_2.bin", FILE_LEN - 1), ("test_batch.bin", FILE_LEN + RECORD_LEN as u64)] {
        let path = folder.path().join(file);
        File::options().write(true).open(&path).unwrap().set_len(len).unwrap();
        message(load(&options), &[file, &len.to_string(), "30730000"]);
        File::options().write(true).open(&path).unwrap().set_len(FILE_LEN).unwrap();
    }
    put_file(folder.path(), "data_batch_1.bin", &[records(3, 1), record(77, 0, 0)].concat());
    message(load(&options), &["data_batch_1.bin: label 77 of record 3", "limit is 9"]);
    std::fs::remove_file(folder.path().join("test_batch.bin")).unwrap();
    message(load(&options), &["cifar10 is not there", "test_batch.bin;", "30730000 bytes"]);
}

#[test]
fn equal_pixels_cannot_be_normalised() {
    let folder = tempfile::tempdir().unwrap();
    put_file(folder.path(), "data_batch_1.bin", &[]);
    put_file(folder.path(), "test_batch.bin", &[]);
    let error = load(&options(Kind::Cifar10, folder.path(), 100, 5));
    message(error, &["channel 0", "all pixels of this channel are equal"]);
}

/// An archive of these entries, each filled up to its length with zeros.
fn archive(entries: &[(&str, Vec<u8>, u64)]) -> Vec<u8> {
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(encoder);
    for (name, start, len) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(*len);
        header.set_mode(0o644);
        let content = start.chain(io::repeat(0)).take(*len);
        archive.append_data(&mut header, format!("cifar-10-batches-bin/{name}"), content).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn the_archive_gives_what_the_folder_gives() {
    // Out of order, among others, and with a file that is not needed and broken.
    let bytes = archive(&[
        ("data_batch_2.bin", Vec::new(), 5),
        ("test_batch.bin", records(40, 6), FILE_LEN),
        ("readme.html", Vec::new(), 88),
        ("data_batch_1.bin", records(40, 1), FILE_LEN),
    ]);
    let above = tempfile::tempdir().unwrap();
    let path = super::put(above.path(), "cifar-10-binary.tar.gz", &bytes);
    for path in [above.path(), &path] {
        let data = load(&options(Kind::Cifar10, path, 25, 12)).unwrap();
        check_first_25(&data);
        assert!(data.source.ends_with("cifar-10-binary.tar.gz"));
    }
    message(load(&options(Kind::Cifar10, &path, 10_001, 12)), &["data_batch_2.bin: 5 bytes", "30730000"]);
    // One bit of the checksum, or of what it is the sum of, after the last file that is needed too.
    for from_the_end in [6, 20, bytes.len() / 2] {
        let mut altered = bytes.clone();
        altered[bytes.len() - from_the_end] ^= 4;
        super::put(above.path(), "cifar-10-binary.tar.gz", &altered);
        message(load(&options(Kind::Cifar10, &path, 25, 12)), &["cifar-10-binary.tar.gz: "]);
    }
    // Cut in the middle of the training file.
    super::put(above.path(), "cifar-10-binary.tar.gz", &bytes[..bytes.len() - 4000]);
    message(load(&options(Kind::Cifar10, &path, 25, 12)), &["cifar-10-binary.tar.gz: is no CIFAR-10 archive"]);
}

#[test]
fn archives_without_a_file_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let check = |bytes: &[u8], part: &str| {
        let path = super::put(folder.path(), "a.tar.gz", bytes);
        message(load(&options(Kind::Cifar10, &path, 5, 5)), &["a.tar.gz: ", part]);
    };
    check(&archive(&[("readme.html", Vec::new(), 88)]), "does not hold data_batch_1.bin");
    check(b"not an archive at all", "is neither a gzip nor a tar file");
    check(b"", "does not hold data_batch_1.bin");
    check(&super::gzip(&[7; 2000]), "holds no tar file");
}

#[test]
fn what_is_not_there_is_said_with_where_to_get_it() {
    let empty = tempfile::tempdir().unwrap();
    let mut options = options(Kind::Cifar2, empty.path(), 5, 5);
    let parts = ["cifar2 is not there", "cs.toronto.edu/~kriz/cifar.html", "30730000 bytes", "170052171", "--data-dir"];
    message(load(&options), &parts);
    message(load(&options), &[empty.path().to_str().unwrap()]);
    options.data_dir = None;
    message(load(&options), &parts);
}
