//! Arbitrary bytes: whatever a file holds, a reader returns.

use proptest::prelude::*;
use ultrawide_core::Shape;

use super::super::npy::{Matrices, images_from, labels_from};
use super::super::readers::{read_images, read_labels, read_records};
use super::super::{Images, Kind, LoadOptions, Normalisation, Pixels, Subset, load};
use super::npy::file;
use super::{gzip, put};

/// Every reader of single inputs; what it returns only has to be in order.
fn read_all(bytes: &[u8]) {
    for images in [images_from(bytes, "x"), read_images(bytes, "x")] {
        match images {
            Ok(images) => assert!(!images.is_empty() && images.checksum().len() == 64),
            Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
        }
    }
    for labels in [labels_from(bytes, "x"), read_labels(bytes, "x", 9)] {
        match labels {
            Ok(labels) => assert!(!labels.is_empty()),
            Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
        }
    }
    if let Ok(records) = read_records(bytes, "x", usize::MAX) {
        assert_eq!(records.images.len(), records.labels.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..7000)) {
        read_all(&bytes);
    }

    #[test]
    fn idx_headers(magic in 0x801_u32..=0x803, words in prop::array::uniform3(prop_oneof![0_u32..9, any::<u32>()]),
                   data in prop::collection::vec(0_u8..11, 0..600)) {
        let mut bytes = magic.to_be_bytes().to_vec();
        words.iter().for_each(|word| bytes.extend(word.to_be_bytes()));
        bytes.extend(data);
        read_all(&bytes);
    }

    #[test]
    fn npy_headers(version in 0_u8..5, text in "[{}()\\[\\]'\":, 0-9LTrueFalsdcipon_<>|]{0,120}") {
        read_all(&file(version, &text, &[0; 16]));
    }

    #[test]
    fn npy_dictionaries(descr in "[<>|=]?[fiucOSb][0-9]{1,2}", fortran in any::<bool>(),
                        shape in prop::collection::vec(prop_oneof![0_u64..5, any::<u64>()], 0..5),
                        data in prop::collection::vec(any::<u8>(), 0..600)) {
        let shape: String = shape.iter().map(|dimension| format!("{dimension}, ")).collect();
        let fortran = if fortran { "True" } else { "False" };
        let text = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': ({shape}), }}\n");
        let bytes = file(1, &text, &data);
        read_all(&bytes);
        let folder = tempfile::tempdir().unwrap();
        if let Ok(mut matrices) = Matrices::open(&put(folder.path(), "k.npy", &bytes)) {
            for index in 0..matrices.count().min(3) {
                let _ = matrices.read(index);
            }
        }
    }

    #[test]
    fn folders_and_archives(contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 4),
                            magic in any::<bool>(), packed in any::<bool>(), balanced in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
        for (file, (name, content)) in names.into_iter().zip(&contents).enumerate() {
            let words: &[u32] = if file % 2 == 0 { &[0x803, 3, 2, 2] } else { &[0x801, 3] };
            let mut bytes: Vec<u8> = if magic { words.iter().flat_map(|word| word.to_be_bytes()).collect() } else { Vec::new() };
            bytes.extend(content.iter().map(|&byte| if file % 2 == 0 { byte } else { byte % 10 }).take(if file % 2 == 0 { 12 } else { 3 }));
            put(folder.path(), name, &if packed { gzip(&bytes) } else { bytes });
        }
        let subset = if balanced { Subset::Balanced } else { Subset::First };
        let mut options = LoadOptions { data_dir: Some(folder.path().to_owned()), train_size: Some(2), test_size: None, subset, kind: Kind::Mnist };
        let _ = load(&options);
        let archive = contents.concat();
        options.kind = Kind::Cifar10;
        options.data_dir = Some(put(folder.path(), "a.tar.gz", &if packed { gzip(&archive) } else { archive }));
        prop_assert!(load(&options).is_err());
    }

    /// A good tar header, then damaged anywhere.
    #[test]
    fn damaged_archives(position in 0_usize..512, value in any::<u8>(), kind in any::<u8>()) {
        let mut header = tar::Header::new_gnu();
        header.set_path("cifar-10-batches-bin/data_batch_1.bin").unwrap();
        header.set_size(700);
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_cksum();
        let mut archive = header.as_bytes().to_vec();
        archive.extend([b'7'; 1024]);
        archive[position] = value;
        let folder = tempfile::tempdir().unwrap();
        let data_dir = Some(put(folder.path(), "a.tar", &archive));
        let options = LoadOptions { data_dir, ..LoadOptions::new(Kind::Cifar10) };
        prop_assert!(load(&options).is_err());
    }

    #[test]
    fn images_of_any_floats(channels in 0_usize..4, height in 0_usize..4, count in 0_usize..4,
                            pixels in prop::collection::vec(any::<f64>(), 80)) {
        let shape = Shape { channels, height, width: 2 };
        let pixels = pixels[..(channels * height * 2 * count).min(80)].to_vec();
        if let Ok(mut images) = Images::new(shape, Pixels::F64(pixels)) {
            // Squares may overflow: then the normalisation is refused, and never applied.
            let (mean, std) = images.channel_statistics(0.5);
            let fits = images.set_normalisation(Normalisation { scale: 0.5, mean, std }).is_ok();
            let largest = images.len().checked_sub(1).map(|last| super::pixels(&images, last));
            prop_assert!(!fits || largest.iter().flatten().all(|pixel| pixel.is_finite()));

        }
    }
}
