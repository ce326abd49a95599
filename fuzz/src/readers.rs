//! The readers of data: bytes to images, labels and matrices.

use arbitrary::{Arbitrary, Unstructured};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::{Read, Write};
use ultrawide::data::npy::{ArrayWriter, Matrices, images_from, labels_from};
use ultrawide::data::readers::{
    FILE_LEN, MAX_SIDE, RECORD_LEN, gunzip, read_archive, read_images, read_labels, read_records,
};
use ultrawide::data::{DataError, Images, Labelled};

use crate::check_line;

fn check_images(images: Result<Images, DataError>) -> Option<Images> {
    match images {
        Ok(images) => {
            assert!(!images.is_empty() && !images.shape().is_empty());
            let mut pixels = vec![0.0_f64; images.shape().len().expect("images that are in memory")];
            images.write(images.len() - 1, &mut pixels);
            assert!(pixels.iter().all(|pixel| pixel.is_finite()));
            Some(images)
        }
        Err(error) => {
            check_line(&error);
            None
        }
    }
}

fn check_labels(labels: Result<Vec<u16>, DataError>, limit: u16) {
    match labels {
        Ok(labels) => assert!(!labels.is_empty() && labels.iter().all(|&label| label <= limit)),
        Err(error) => check_line(&error),
    }
}

fn check_labelled(found: &Labelled) {
    assert_eq!(found.images.len(), found.labels.len());
    assert!(found.labels.iter().all(|&label| label <= 9));
}

/// Records of CIFAR-10, as far as a limit that the first byte tells.
pub fn cifar(data: &[u8]) {
    let Some((&limit, data)) = data.split_first() else { return };
    let limit = if limit == 255 { usize::MAX } else { limit.into() };
    match read_records(data, "fuzz.bin", limit) {
        Ok(found) => {
            check_labelled(&found);
            let count = (data.len() / RECORD_LEN).min(limit);
            assert_eq!(found.images.len(), count);
            for (index, record) in data.chunks_exact(RECORD_LEN).take(count).enumerate() {
                assert_eq!(u16::from(record[0]), found.labels[index]);
            }
            check_images(Ok(found.images));
        }
        Err(error) => check_line(&error),
    }
}

/// A member of an archive that is in order but for what it is filled with.
#[derive(Arbitrary, Debug)]
struct Member<'a> {
    name: Name<'a>,
    /// What the header says, if not the length of the content.
    size: Option<u64>,
    kind: u8,
    /// Damage of the header: where, and by what.
    damage: Option<(u16, u8)>,
    content: &'a [u8],
}

#[derive(Arbitrary, Debug)]
enum Name<'a> {
    Train(u8),
    Test,
    Any(&'a str),
}

fn archive(members: &[Member<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Member { name, size, kind, damage, content } in members {
        let mut header = tar::Header::new_gnu();
        let path = match name {
            Name::Train(number) => format!("cifar-10-batches-bin/data_batch_{}.bin", number % 6),
            Name::Test => "cifar-10-batches-bin/test_batch.bin".to_owned(),
            Name::Any(name) => (*name).to_owned(),
        };
        // A name that the format cannot hold leaves the field empty, which is one more case.
        let _ = header.set_path(path);
        header.set_size(size.unwrap_or(content.len() as u64));
        header.set_entry_type(tar::EntryType::new(*kind));
        header.set_cksum();
        let mut header = *header.as_bytes();
        if let Some((at, by)) = damage {
            header[usize::from(*at) % 512] ^= by;
        }
        bytes.extend(header);
        bytes.extend_from_slice(content);
        if *size == Some(FILE_LEN) {
            // Whole, or nothing would ever come out of an archive: images of class 0 that are black.
            let content = bytes.len() - content.len();
            bytes.resize(content + FILE_LEN as usize, 0);
        }
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory is always there")
}

/// CIFAR-10's archive: the bytes as they are, and, after a `T`, members of a tar file, in a gzip file where the next byte is odd.
pub fn tar_gz(data: &[u8]) {
    match images_of_archive(data) {
        Ok((train, test)) => {
            assert_eq!((train.labels.len(), test.labels.len()), (3, 2));
            check_labelled(&train);
            check_labelled(&test);
        }
        Err(error) => check_line(&error),
    }
}

fn images_of_archive(data: &[u8]) -> Result<(Labelled, Labelled), DataError> {
    let bytes = match data {
        [b'T', flags, rest @ ..] => {
            let members = Vec::<Member<'_>>::arbitrary(&mut Unstructured::new(rest)).unwrap_or_default();
            let bytes = archive(&members[..members.len().min(8)]);
            if flags % 2 == 1 { compressed(&bytes) } else { bytes }
        }
        _ => data.to_vec(),
    };
    read_archive(&bytes[..], "fuzz.tar.gz", Some(3), Some(2))
}

/// IDX images and labels.
pub fn idx(data: &[u8]) {
    if let Some(images) = check_images(read_images(data, "fuzz.idx")) {
        let shape = images.shape();
        assert!(shape.height.max(shape.width) <= MAX_SIDE as usize);
        assert_eq!(data.len(), 16 + images.len() * shape.height * shape.width);
    }
    check_labels(read_labels(data, "fuzz.idx", 9), 9);
}

/// IDX in a gzip file: the bytes as they are, and, after a `Z`, compressed.
pub fn gzip(data: &[u8]) {
    let bytes = if let [b'Z', rest @ ..] = data { compressed(rest) } else { data.to_vec() };
    // A bomb: what comes out is read no further than the header of what it pretends to be promises.
    let reader = || gunzip(&bytes[..]).expect("a slice can be read");
    check_images(read_images(reader(), "fuzz.gz"));
    check_labels(read_labels(reader(), "fuzz.gz", 9), 9);
    let mut unpacked = Vec::new();
    if reader().take(1 << 20).read_to_end(&mut unpacked).is_ok()
        && let [b'Z', rest @ ..] = data
    {
        assert_eq!(unpacked, rest);
    }
}

/// A header of an array, mostly well formed, for the bytes that follow.
#[derive(Arbitrary, Debug)]
struct Header<'a> {
    version: u8,
    descr: Descr<'a>,
    fortran: bool,
    shape: Vec<Dimension>,
    padding: u8,
    data: &'a [u8],
}

#[derive(Arbitrary, Debug)]
enum Descr<'a> {
    Known(u8),
    Any(&'a str),
}

#[derive(Arbitrary, Debug)]
enum Dimension {
    Small(u8),
    Any(u64),
}

const DTYPES: [&str; 12] = ["<f4", "<f8", ">f4", ">f8", "|u1", "|i1", "<i2", ">i4", "<i8", "<u8", "<f2", "<c8"];

fn array(header: &Header<'_>) -> Vec<u8> {
    let descr = match header.descr {
        Descr::Known(index) => DTYPES[usize::from(index) % DTYPES.len()],
        Descr::Any(text) => text,
    };
    let dimensions = header.shape.iter().map(|dimension| match dimension {
        Dimension::Small(size) => format!("{}, ", size % 8),
        Dimension::Any(size) => format!("{size}, "),
    });
    let fortran = if header.fortran { "True" } else { "False" };
    let shape: String = dimensions.collect();
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': ({shape}), }}");
    text.extend(std::iter::repeat_n(' ', header.padding.into()));
    text.push('\n');
    let version = header.version % 4;
    let mut bytes = [b"\x93NUMPY".as_slice(), &[version, 0]].concat();
    match u16::try_from(text.len()) {
        Ok(len) if version < 2 => bytes.extend(len.to_le_bytes()),
        _ => bytes.extend((text.len() as u32).to_le_bytes()),
    }
    [&bytes, text.as_bytes(), header.data].concat()
}

/// NumPy's arrays as images, labels and matrices: the bytes as they are where they begin like such a file, elsewhere a header made
/// of them.
pub fn npy(data: &[u8]) {
    let bytes = if data.starts_with(b"\x93") {
        data.to_vec()
    } else {
        let Ok(header) = Header::arbitrary(&mut Unstructured::new(data)) else { return };
        array(&header)
    };
    check_images(images_from(&bytes[..], "fuzz.npy"));
    check_labels(labels_from(&bytes[..], "fuzz.npy"), u16::MAX);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, copy) = (folder.path().join("fuzz.npy"), folder.path().join("copy.npy"));
    fs::write(&path, &bytes).expect("a small file");
    let matrices = match Matrices::open(&path) {
        Ok(matrices) => matrices,
        Err(error) => return check_line(&error),
    };
    round_trip(matrices, &copy);
}

/// What was read and written again is what was read.
fn round_trip(mut matrices: Matrices, copy: &std::path::Path) {
    let mut read = |index| match matrices.read(index) {
        Ok(values) => Some(values),
        Err(error) => {
            check_line(&error);
            None
        }
    };
    let Some(values) = read(0) else { return };
    let (rows, columns) = (matrices.rows(), matrices.columns());
    assert_eq!(values.len(), rows * columns);
    let written = ArrayWriter::create(copy, &[rows, columns]).and_then(|mut writer| {
        writer.write(&values)?;
        writer.finish()
    });
    match written.and_then(|()| Matrices::open(copy)?.read(0)) {
        Ok(again) => assert!(again.iter().zip(&values).all(|(a, b)| a.to_bits() == b.to_bits())),
        Err(error) => panic!("an array that was read cannot be written and read again: {error}"),
    }
}

#[cfg(test)]
mod tests {
    /// The seed is taken apart by `arbitrary`, whose way of doing so may change.
    #[test]
    fn a_seed_reaches_the_images() {
        let (train, _) = super::images_of_archive(include_bytes!("../seeds/tar_gz/whole")).expect("a whole archive");
        assert_eq!(train.labels, [0; 3]);
    }
}
