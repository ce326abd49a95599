//! `.npy` arrays, against files made by hand and against another implementation of the format.

use std::fs;

use ultrawide_core::Shape;

use super::super::npy::{ArrayWriter, images_from, labels_from, read_images, write_array};
use super::super::{Images, Pixels};
use super::{message, put};

/// A file of this version with this header and these bytes.
pub(super) fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut file = vec![0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
    match version {
        1 => file.extend((header.len() as u16).to_le_bytes()),
        _ => file.extend((header.len() as u32).to_le_bytes()),
    }
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

fn header(descr: &str, fortran: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}   \n")
}

fn array(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    file(1, &header(descr, "False", shape), data)
}

fn bytes<const N: usize>(values: impl IntoIterator<Item = [u8; N]>) -> Vec<u8> {
    values.into_iter().flatten().collect()
}

#[test]
fn images_keep_their_type() {
    let values = [0.5_f32, -1.0, 2.0, 3.25, 4.0, 5.0];
    let double = values.map(f64::from);
    let shape = Shape { channels: 3, height: 1, width: 1 };
    for (descr, data, expected) in [
        ("<f4", bytes(values.map(f32::to_le_bytes)), Pixels::F32(values.to_vec())),
        (">f4", bytes(values.map(f32::to_be_bytes)), Pixels::F32(values.to_vec())),
        ("<f8", bytes(double.map(f64::to_le_bytes)), Pixels::F64(double.to_vec())),
        (">f8", bytes(double.map(f64::to_be_bytes)), Pixels::F64(double.to_vec())),
        ("|u1", vec![1, 2, 3, 4, 5, 255], Pixels::U8(vec![1, 2, 3, 4, 5, 255])),
    ] {
        for version in 1..=3 {
            let file = file(version, &header(descr, "False", "(2, 3)"), &data);
            assert_eq!(images_from(&file[..], "x").unwrap(), Images::new(shape, expected.clone()).unwrap());
        }
    }
    let read = images_from(&array("|u1", "(1, 1, 2, 3)", &[1, 2, 3, 4, 5, 6])[..], "x").unwrap();
    assert_eq!(read.shape(), Shape { channels: 1, height: 2, width: 3 });
}

#[test]
fn fortran_order_is_put_into_c_order() {
    let shape = [2, 3, 4, 5];
    // Element (a, b, c, d) is its own C index; the file has the first index running fastest.
    let mut data = Vec::new();
    for d in 0..5 {
        for c in 0..4 {
            for b in 0..3 {
                for a in 0..2 {
                    data.push((((a * shape[1] + b) * shape[2] + c) * shape[3] + d) as u8);
                }
            }
        }
    }
    let file = file(1, &header("|u1", "True", "(2, 3, 4, 5)"), &data);
    assert_eq!(images_from(&file[..], "x").unwrap().pixels(), &Pixels::U8((0..120).collect()));
}

#[test]
fn headers_are_read_in_any_style() {
    for text in [
        "{'shape':(1,2),'fortran_order':False,'descr':'|u1'}",
        "{\"descr\": \"|u1\",\n \"fortran_order\": False, \"shape\": (1L, 2L)}",
        " { 'descr' : '<u1' , 'fortran_order' : False , 'shape' : ( 1 , 2 , ) , } ",
    ] {
        assert_eq!(images_from(&file(1, text, &[1, 2])[..], "x").unwrap().len(), 1);
    }
}

#[test]
fn bad_files_are_errors() {
    let deep = format!("{{'descr': '<f4', 'shape': {}", "(".repeat(60_000));
    let many = format!("({})", "1,".repeat(33));
    for (file, part) in [
        (b"PK\x03\x04 and more".to_vec(), "does not start with \\x93NUMPY"),
        (b"\x93NUM".to_vec(), "ends after 4 bytes"),
        (file(7, "{}", &[]), "version 7.0"),
        (file(2, &" ".repeat(70_000), &[]), "70000 bytes, the limit is 65535"),
        (file(1, &deep, &[]), "a dimension is no number"),
        (array("<f4", &many, &[]), "more than 32 dimensions"),
        (file(1, "", &[]), "its end where '{'"),
        (file(1, "{}", &[]), "has no \"descr\""),
        (file(1, "{'descr': '<f4', 'fortran_order': False}", &[]), "has no \"shape\""),
        (file(1, "{'descr': '<f4', 'order': False}", &[]), "unknown key \"order\""),
        (file(1, "{'descr': [('a', '<f4')]}", &[]), "arrays of records"),
        (file(1, "{'descr: 1}", &[]), "a string has no end"),
        (file(1, "{'fortran_order': 1}", &[]), "neither True nor False"),
        (file(1, "{'shape': (-1,)}", &[]), "no number"),
        (file(1, "{'shape': (99999999999999999999,)}", &[]), "too large to count"),
        (array("<f8", "(99999999999, 99999999999)", &[]), "too many elements to count"),
        (array("<f4", "(2, 3)", &[0; 23]), "ends after"),
        (array("<f4", "(2, 3)", &[0; 25]), "goes on after"),
        // An exabyte that is not there must not be asked for.
        (array("<f8", "(1, 144115188075855872)", &[0; 64]), "ends after"),
        (array("<f4", "(0, 3)", &[]), "shape (0, 3), expected (n, features)"),
        (array("<f4", "(3, 0)", &[]), "shape (3, 0)"),
        (array("<f4", "(6,)", &[0; 24]), "shape (6,)"),
        (array("<f4", "()", &[0; 4]), "shape ()"),
        (array("<f4", "(1, 2, 3)", &[0; 24]), "shape (1, 2, 3)"),
        (array("<i8", "(1, 1)", &[0; 8]), "dtype <i8, accepted are float32, float64 and uint8"),
        (array("<c16", "(1, 1)", &[0; 16]), "dtype <c16"),
        (array("|O", "(1, 1)", &[0; 16]), "dtype |O"),
        (array("<f2", "(1, 1)", &[0; 2]), "dtype <f2"),
        (
            array("<f4", "(1, 2)", &bytes([1.0, f32::NAN].map(f32::to_le_bytes))),
            "image 0, channel 1, row 0, column 0 is NaN",
        ),
    ] {
        message(images_from(&file[..], "x.npy"), &["x.npy: ", part]);
    }
}

#[test]
fn the_length_of_a_file_is_compared_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "x.npy", &array("<f4", "(2, 3)", &[0; 20]));
    let expected = array("<f4", "(2, 3)", &[0; 24]).len();
    message(read_images(&path), &[&format!("x.npy: {} bytes", expected - 4), "(2, 3)", "<f4", &expected.to_string()]);
    message(read_images(&folder.path().join("y.npy")), &["y.npy: "]);
    message(read_images(folder.path()), &[folder.path().to_str().unwrap()]);
}

#[test]
fn labels_are_read_from_any_integers() {
    for (descr, data) in [
        ("|u1", bytes([0_u8, 7, 65].map(u8::to_le_bytes))),
        ("|i1", bytes([0_i8, 7, 65].map(i8::to_le_bytes))),
        (">u2", bytes([0_u16, 7, 65].map(u16::to_be_bytes))),
        ("<i2", bytes([0_i16, 7, 65].map(i16::to_le_bytes))),
        ("<u4", bytes([0_u32, 7, 65].map(u32::to_le_bytes))),
        (">i4", bytes([0_i32, 7, 65].map(i32::to_be_bytes))),
        ("<u8", bytes([0_u64, 7, 65].map(u64::to_le_bytes))),
        ("<i8", bytes([0_i64, 7, 65].map(i64::to_le_bytes))),
    ] {
        assert_eq!(labels_from(&array(descr, "(3,)", &data)[..], "x").unwrap(), [0, 7, 65]);
    }
    for (descr, data, parts) in [
        ("<i8", (-1_i64).to_le_bytes(), ["label -1 of record 0", "65535"]),
        ("<i8", 65_536_i64.to_le_bytes(), ["label 65536 of record 0", "65535"]),
        ("<u8", u64::MAX.to_le_bytes(), ["label 18446744073709551615", "65535"]),
        ("<f8", 1.0_f64.to_le_bytes(), ["dtype <f8", "integers"]),
    ] {
        message(labels_from(&array(descr, "(1,)", &data)[..], "x.npy"), &["x.npy: ", parts[0], parts[1]]);
    }
    message(labels_from(&array("|u1", "(0,)", &[])[..], "x"), &["shape (0,)"]);
    message(labels_from(&array("|u1", "(1, 1)", &[1])[..], "x"), &["shape (1, 1)"]);
}

#[test]
fn written_arrays_are_read_by_another_implementation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k.npy");
    let values: Vec<f64> = (0..10_000).map(|i| f64::from(i).sqrt()).collect();
    for shape in [&[10_000][..], &[100, 100], &[4, 50, 50], &[1, 1, 10_000, 1]] {
        write_array(&path, shape, values.iter().copied()).unwrap();
        let bytes = fs::read(&path).unwrap();
        let peer = npyz::NpyFile::new(&bytes[..]).unwrap();
        assert_eq!(peer.shape(), shape.iter().map(|&dimension| dimension as u64).collect::<Vec<_>>());
        assert_eq!(peer.into_vec::<f64>().unwrap(), values);
        assert_eq!(bytes.len() % 64, values.len() * 8 % 64);
    }
    write_array(&path, &[], [1.5_f32]).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(npyz::NpyFile::new(&bytes[..]).unwrap().into_vec::<f32>().unwrap(), [1.5]);
    // Only the array is left in the folder.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_write_that_fails_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "k.npy", b"before");
    message(write_array(&path, &[2, 2], [1.0_f32; 3]), &["k.npy: not written: 3 numbers", "(2, 2) has 4"]);
    message(write_array(&path, &[2, 2], [1.0_f32; 5]), &["k.npy: not written: at least 5 numbers", "(2, 2) has 4"]);
    message(write_array(&path, &[2; 33], [1.0_f32]), &["at most 32 dimensions"]);
    message(write_array(&path, &[usize::MAX, 2], [1.0_f32]), &["a machine word"]);
    let mut dropped = ArrayWriter::create(&path, &[4]).unwrap();
    dropped.write(&[1.0, 2.0]).unwrap();
    drop(dropped);
    assert_eq!(fs::read(&path).unwrap(), b"before");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    message(write_array(folder.path(), &[1], [1.0_f32]), &["no regular file"]);
    message(write_array(&folder.path().join("no/k.npy"), &[1], [1.0_f32]), &["no/k.npy: "]);
}

#[cfg(unix)]
#[test]
fn written_files_are_as_readable_as_others() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode();
    let (usual, ours) = (put(folder.path(), "usual", b""), folder.path().join("ours.npy"));
    write_array(&ours, &[1], [0.0_f32]).unwrap();
    assert_eq!(mode(&ours), mode(&usual));
    message(write_array("/dev/null".as_ref(), &[1], [0.0_f32]), &["no regular file"]);
}
