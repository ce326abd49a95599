//! CIFAR-10 and its first two classes, from the official binary files.
//!
//! A record is one label byte, then 32×32 red, green and blue bytes, each plane row by row: 3,073 bytes. A file is 10,000
//! records; five of them are the training set, one is the test set.

use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use ultrawide_core::Shape;

use super::images::{Images, Labelled, Pixels};
use super::input::{fill, gunzip};
use super::quota::Quota;
use super::{DataError, Kind, Subset, cifar_archive};

/// The shape of every image.
pub const SHAPE: Shape = Shape { channels: 3, height: 32, width: 32 };
/// The bytes of one record: a label and 3·32·32 pixels.
pub const RECORD_LEN: usize = 3073;
/// The bytes of one file: 10,000 records.
pub const FILE_LEN: u64 = 30_730_000;

/// The names of the files, training set first.
pub(super) const FILES: [&str; 6] =
    ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", TEST_FILE];
const TEST_FILE: &str = "test_batch.bin";
const FOLDER: &str = "cifar-10-batches-bin";
const ARCHIVE: &str = "cifar-10-binary.tar.gz";

/// The largest label of the ten classes.
const LIMIT: u16 = 9;

/// Where the files are.
enum Place {
    Folder(PathBuf),
    Archive(PathBuf),
}

/// Images of records read one by one, as far as they are wanted.
pub(super) struct Collector {
    quota: Quota,
    /// The number of classes kept: 10, or 2 for CIFAR-2.
    classes: u16,
    pixels: Vec<u8>,
    labels: Vec<u16>,
}

impl Collector {
    fn new(quota: Quota, classes: u16) -> Self {
        Self { quota, classes, pixels: Vec::new(), labels: Vec::new() }
    }

    /// Takes the records of one file, and returns early when no more are wanted.
    pub(super) fn read(&mut self, reader: impl Read, name: &str) -> Result<(), DataError> {
        for_each_record(reader, name, usize::MAX, |label, pixels| {
            if label < self.classes && self.quota.keep(label) {
                self.labels.push(label);
                self.pixels.extend_from_slice(pixels);
            }
            !self.quota.is_met()
        })
    }

    /// Whether the set's file `batch`, counted from 0, may hold a wanted image.
    pub(super) fn may_want(&self, batch: usize) -> bool {
        let all_classes = self.classes > LIMIT;
        let enough = self.quota.enough().filter(|_| all_classes);
        enough.is_none_or(|enough| batch.saturating_mul(10_000) < enough)
    }

    fn finish(self) -> Result<Labelled, DataError> {
        self.quota.finish()?;
        Ok(Labelled { images: Images::new(SHAPE, Pixels::U8(self.pixels))?, labels: self.labels })
    }
}

/// Reads the wanted images of both sets, and where they were found.
pub(super) fn load(
    kind: Kind,
    data_dir: Option<&Path>,
    train: Quota,
    test: Quota,
) -> Result<(Labelled, Labelled, PathBuf), DataError> {
    let classes = if kind == Kind::Cifar2 { 2 } else { LIMIT + 1 };
    let mut train = Collector::new(train, classes);
    let mut test = Collector::new(test, classes);
    let path = match find(kind, data_dir)? {
        Place::Folder(folder) => {
            read_folder(kind, &folder, &mut train, &mut test)?;
            folder
        }
        Place::Archive(archive) => {
            cifar_archive::read(&archive, &mut train, &mut test)?;
            archive
        }
    };
    Ok((train.finish()?, test.finish()?, path))
}

/// Looks for the folder itself, the folder in it, the archive itself, and the archive in it.
fn find(kind: Kind, data_dir: Option<&Path>) -> Result<Place, DataError> {
    let not_found = |looked| not_found(kind, looked);
    let given = data_dir.ok_or_else(|| not_found("no folder was named".to_owned()))?;
    if given.is_file() {
        return Ok(Place::Archive(given.to_owned()));
    }
    for folder in [given.to_owned(), given.join(FOLDER)] {
        // Either end of the set: a folder in which only some files are missing is the right one, and its error says which.
        if [FILES[0], TEST_FILE].iter().any(|file| folder.join(file).is_file()) {
            return Ok(Place::Folder(folder));
        }
    }
    let archive = given.join(ARCHIVE);
    if archive.is_file() {
        return Ok(Place::Archive(archive));
    }
    Err(not_found(format!("{} holds neither {}, nor {FOLDER}, nor {ARCHIVE}", given.display(), FILES[0])))
}

fn not_found(kind: Kind, looked: String) -> DataError {
    DataError::NotFound {
        kind: kind.name(),
        looked,
        files: "cifar-10-binary.tar.gz (170052171 bytes), or the folder cifar-10-batches-bin unpacked from it \
            (data_batch_1.bin ... data_batch_5.bin and test_batch.bin, 30730000 bytes each),",
        page: "the CIFAR-10 page of the University of Toronto: cs.toronto.edu/~kriz/cifar.html",
    }
}

fn read_folder(kind: Kind, folder: &Path, train: &mut Collector, test: &mut Collector) -> Result<(), DataError> {
    let (test_file, train_files) = (folder.join(TEST_FILE), FILES.iter().take(5).map(|file| folder.join(file)));
    // The small check first: a long read of the training set should not end in a missing test set.
    check_len(kind, &test_file)?;
    for file in train_files {
        if train.quota.is_met() {
            break;
        }
        read_file(kind, &file, train)?;
    }
    read_file(kind, &test_file, test)
}

fn read_file(kind: Kind, path: &Path, collector: &mut Collector) -> Result<(), DataError> {
    check_len(kind, path)?;
    let file = File::open(path).map_err(|cause| DataError::io(path, cause))?;
    collector.read(file, &path.display().to_string())
}

fn check_len(kind: Kind, path: &Path) -> Result<(), DataError> {
    match fs::metadata(path) {
        Ok(metadata) => size(&path.display().to_string(), metadata.len()),
        Err(cause) if cause.kind() == ErrorKind::NotFound => {
            Err(not_found(kind, format!("there is no {}", path.display())))
        }
        Err(cause) => Err(DataError::io(path, cause)),
    }
}

/// Checks the length of a file of records.
pub(super) fn size(file: &str, found: u64) -> Result<(), DataError> {
    if found == FILE_LEN {
        return Ok(());
    }
    let what = "a CIFAR-10 file of 10000 records".to_owned();
    Err(DataError::Size { file: file.to_owned(), what, found, expected: FILE_LEN })
}

/// Reads up to `limit` records; fewer where the input ends.
///
/// `name` stands for the file in errors. Unlike [`load`](super::load), this takes any number of whole records.
///
/// # Errors
///
/// A label above 9; an input that ends inside a record; no record at all.
pub fn read_records(reader: impl Read, name: &str, limit: usize) -> Result<Labelled, DataError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for_each_record(reader, name, limit, |label, image| {
        labels.push(label);
        pixels.extend_from_slice(image);
        true
    })?;
    if labels.is_empty() {
        return Err(DataError::format(name, format!("no record, one is {RECORD_LEN} bytes")));
    }
    Ok(Labelled { images: Images::new(SHAPE, Pixels::U8(pixels))?, labels })
}

/// Reads the first images of the training set and of the test set from the archive `cifar-10-binary.tar.gz`, compressed or not.
///
/// `name` stands for the archive in errors. It is read to its end, where gzip has its checksum.
///
/// # Errors
///
/// No archive, or one without a needed file; a file of another length than [`FILE_LEN`]; a label above 9; 0 images wanted, or more
/// than there are.
pub fn read_archive(
    reader: impl Read,
    name: &str,
    train_size: Option<usize>,
    test_size: Option<usize>,
) -> Result<(Labelled, Labelled), DataError> {
    let classes = Kind::Cifar10.classes();
    let collector =
        |set, size| Ok::<_, DataError>(Collector::new(Quota::new(set, name, size, Subset::First, classes)?, LIMIT + 1));
    let (mut train, mut test) = (collector("training", train_size)?, collector("test", test_size)?);
    let reader = gunzip(reader).map_err(|cause| DataError::Io { file: name.to_owned(), cause })?;
    cifar_archive::read_archive(reader, name, &mut train, &mut test)?;
    Ok((train.finish()?, test.finish()?))
}

/// Calls `visit` with label and pixels of each record, up to `limit` of them, or until it returns `false`.
fn for_each_record(
    reader: impl Read,
    name: &str,
    limit: usize,
    mut visit: impl FnMut(u16, &[u8]) -> bool,
) -> Result<(), DataError> {
    let mut reader = BufReader::with_capacity(64 * RECORD_LEN, reader);
    let mut bytes = [0; RECORD_LEN];
    for record in 0..limit {
        let filled = fill(&mut reader, &mut bytes).map_err(|cause| DataError::Io { file: name.to_owned(), cause })?;
        if filled == 0 {
            break;
        }
        if filled < RECORD_LEN {
            let reason =
                format!("ends after {filled} bytes of record {record} (counted from 0), one is {RECORD_LEN} bytes");
            return Err(DataError::format(name, reason));
        }
        let [label, pixels @ ..] = &bytes;
        let label = u16::from(*label);
        if label > LIMIT {
            return Err(DataError::Label { file: name.to_owned(), record, value: label.into(), limit: LIMIT });
        }
        if !visit(label, pixels) {
            break;
        }
    }
    Ok(())
}
