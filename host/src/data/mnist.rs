//! MNIST and Fashion-MNIST: four IDX files in a folder, plain or gzip-compressed.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::idx;
use super::images::{Images, Labelled, Pixels};
use super::input::{expect_end, gunzip};
use super::quota::Quota;
use super::{DataError, Kind};

/// The expected files, for the error that says they are not there.
pub(super) const FILES: &str = "train-images-idx3-ubyte (47040016 bytes), train-labels-idx1-ubyte (60008 bytes), \
    t10k-images-idx3-ubyte (7840016 bytes) and t10k-labels-idx1-ubyte (10008 bytes), or the same with .gz";

/// The folder in which Debian's package `dataset-fashion-mnist` puts the files.
pub const FASHION_DIR: &str = "/usr/share/datasets/fashion-mnist";

/// Where to get the files.
fn page(kind: Kind) -> &'static str {
    match kind {
        Kind::FashionMnist => "Debian's package dataset-fashion-mnist or github.com/zalandoresearch/fashion-mnist",
        _ => "the MNIST page of Yann LeCun: yann.lecun.com/exdb/mnist",
    }
}

/// Reads the wanted images of both sets, and the folder they are in.
pub(super) fn load(
    kind: Kind,
    data_dir: Option<&Path>,
    train: Quota,
    test: Quota,
) -> Result<(Labelled, Labelled, PathBuf), DataError> {
    let folder = match (data_dir, kind) {
        (Some(folder), _) => folder,
        (None, Kind::FashionMnist) => Path::new(FASHION_DIR),
        (None, _) => return Err(not_found(kind, "no folder was named".to_owned())),
    };
    // Both sets are looked for before either is read: half a minute of reading should not end in "not there".
    let find = |name| find(kind, folder, name);
    let train_files = (find("train-images-idx3-ubyte")?, find("train-labels-idx1-ubyte")?);
    let test_files = (find("t10k-images-idx3-ubyte")?, find("t10k-labels-idx1-ubyte")?);
    let train = read_set(&train_files.0, &train_files.1, train)?;
    let test = read_set(&test_files.0, &test_files.1, test)?;
    if train.images.shape() != test.images.shape() {
        return Err(DataError::Mismatch {
            first: train_files.0.display().to_string(),
            first_value: format!("images of shape {}", train.images.shape()),
            second: test_files.0.display().to_string(),
            second_value: format!("images of shape {}", test.images.shape()),
        });
    }
    Ok((train, test, folder.to_owned()))
}

/// The first of the names under which the file is handed on that exists.
fn find(kind: Kind, folder: &Path, name: &str) -> Result<PathBuf, DataError> {
    let dotted = name.replace("-idx", ".idx");
    [name, &dotted]
        .iter()
        .flat_map(|name| [folder.join(name), folder.join(format!("{name}.gz"))])
        .find(|path| path.is_file())
        .ok_or_else(|| not_found(kind, format!("{} holds neither {name} nor {name}.gz", folder.display())))
}

fn not_found(kind: Kind, looked: String) -> DataError {
    DataError::NotFound { kind: kind.name(), looked, files: FILES, page: page(kind) }
}

/// Reads one set: the labels first, because they decide which images are wanted.
fn read_set(images: &Path, labels: &Path, mut quota: Quota) -> Result<Labelled, DataError> {
    let (images_name, labels_name) = (images.display().to_string(), labels.display().to_string());
    let labels = idx::read_labels(open(labels)?, &labels_name, 9)?;
    let mut reader = open(images)?;
    let header = idx::read_header(&mut reader, &images_name)?;
    if header.count != labels.len() {
        return Err(DataError::Mismatch {
            first: images_name,
            first_value: format!("{} images", header.count),
            second: labels_name,
            second_value: format!("{} labels", labels.len()),
        });
    }
    check_len(images, &images_name, header.file_len())?;

    let kept: Vec<usize> = (0..labels.len()).filter(|&index| quota.keep(labels[index])).collect();
    quota.finish()?;
    let pixels = idx::read_selected(&mut reader, &images_name, header, kept.iter().copied())?;
    if kept.last() == Some(&(labels.len() - 1)) {
        expect_end(&mut reader, &images_name, header.file_len())?;
    }
    let images = Images::new(header.shape(), Pixels::U8(pixels)).map_err(|error| error.inside(&images_name))?;
    Ok(Labelled { images, labels: kept.iter().map(|&index| labels[index]).collect() })
}

fn open(path: &Path) -> Result<Box<dyn Read>, DataError> {
    File::open(path).and_then(gunzip).map_err(|cause| DataError::io(path, cause))
}

/// Compares the length of a plain file with its header, so that a wrong one is noticed even if little of it is read.
fn check_len(path: &Path, name: &str, expected: u64) -> Result<(), DataError> {
    let check = || -> io::Result<Option<u64>> {
        let mut start = Vec::new();
        File::open(path)?.take(2).read_to_end(&mut start)?;
        let plain = start != [0x1f, 0x8b];
        Ok(if plain { Some(fs::metadata(path)?.len()) } else { None })
    };
    match check().map_err(|cause| DataError::io(path, cause))? {
        Some(found) if found != expected => {
            Err(DataError::Size { file: name.to_owned(), what: "its header".to_owned(), found, expected })
        }
        _ => Ok(()),
    }
}
