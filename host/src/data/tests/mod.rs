//! Tests of the readers: good, truncated, oversized, garbled and mislabelled inputs, and arbitrary ones.

mod cifar;
mod hostile;
mod idx;
mod images;
mod load;
mod matrices;
mod npy;
mod real;

use std::fs;
use std::path::{Path, PathBuf};

use super::DataError;

/// The message of the error that `result` must be: one line that contains each of `parts`.
#[track_caller]
fn message<T>(result: Result<T, DataError>, parts: &[&str]) -> String {
    let message = match result {
        Ok(_) => panic!("no error, expected one with {parts:?}"),
        Err(error) => error.to_string(),
    };
    assert!(!message.contains('\n'), "more than one line: {message}");
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
    message
}

/// Writes a file into `folder`.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// The same bytes, gzip-compressed.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

/// One image as `f64`.
fn pixels(images: &super::Images, index: usize) -> Vec<f64> {
    let mut out = vec![0.0; images.shape().len().unwrap()];
    images.write(index, &mut out);
    out
}
