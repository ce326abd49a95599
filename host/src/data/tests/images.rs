//! Images in memory: order, normalisation, statistics, checksums.

use ultrawide_core::Shape;

use super::super::{Images, Normalisation, Pixels};
use super::{message, pixels};
use crate::precision::STATISTICS;

const SHAPE: Shape = Shape { channels: 2, height: 2, width: 3 };

fn bytes(count: usize) -> Images {
    Images::new(SHAPE, Pixels::U8((0..12 * count).map(|i| (i * 37 % 251) as u8).collect())).unwrap()
}

#[test]
fn a_pixel_is_where_its_index_says() {
    let images = bytes(3);
    assert_eq!(images.len(), 3);
    for index in 0..3 {
        let expected: Vec<f64> = (0..12).map(|i| ((12 * index + i) * 37 % 251) as f64).collect();
        assert_eq!(pixels(&images, index), expected);
    }
}

#[test]
fn the_first_pixel_that_is_not_finite_is_named() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        // Image 1, channel 1, row 0, column 2.
        let mut data = vec![0.0; 36];
        data[12 + 6 + 2] = value;
        data[30] = f64::NAN;
        let single = data.iter().map(|&value| value as f32).collect();
        let place = format!("image 1, channel 1, row 0, column 2 is {value}");
        message(Images::new(SHAPE, Pixels::F64(data)), &[&place]);
        message(Images::new(SHAPE, Pixels::F32(single)), &[&place]);
    }
}

#[test]
fn impossible_shapes_are_errors() {
    message(Images::new(SHAPE, Pixels::U8(vec![0; 13])), &["13", "2x2x3", "12"]);
    for shape in [Shape { channels: 0, height: 2, width: 2 }, Shape { channels: usize::MAX, height: 2, width: 2 }] {
        message(Images::new(shape, Pixels::U8(vec![0; 4])), &["no pixels"]);
    }
    assert!(Images::new(SHAPE, Pixels::U8(Vec::new())).unwrap().is_empty());
}

#[test]
fn what_no_pixel_belongs_to_becomes_nan() {
    let images = bytes(2);
    let mut out = [0.0_f32; 14];
    images.write(1, &mut out);
    assert!(out[..12].iter().all(|pixel| pixel.is_finite()) && out[12..].iter().all(|pixel| pixel.is_nan()));
    for index in [2, usize::MAX] {
        images.write(index, &mut out);
        assert!(out.iter().all(|pixel| pixel.is_nan()));
    }
    images.write(0, &mut out[..5]);
    assert_eq!(out[1], 37.0);
}

#[test]
fn normalised_pixels_are_rounded_once() {
    let mut images = bytes(2);
    let (mean, std) = (vec![0.25, 0.5], vec![0.3, 0.7]);
    let scale = 1.0 / 255.0;
    images.set_normalisation(Normalisation { scale, mean: mean.clone(), std: std.clone() }).unwrap();
    let mut single = [0.0_f32; 12];
    images.write(1, &mut single);
    for (i, (single, double)) in single.into_iter().zip(pixels(&images, 1)).enumerate() {
        let raw = ((12 + i) * 37 % 251) as f64;
        let expected = (raw * scale - mean[i / 6]) / std[i / 6];
        assert_eq!((single, double), (expected as f32, expected));
    }
}

#[test]
fn normalisations_that_do_not_fit_are_errors() {
    let mut images = bytes(1);
    let mut set = |scale, mean: &[f64], std: &[f64]| {
        images.set_normalisation(Normalisation { scale, mean: mean.to_vec(), std: std.to_vec() })
    };
    message(set(1.0, &[0.0], &[1.0, 1.0]), &["means of 1 channels", "2"]);
    message(set(1.0, &[0.0; 2], &[1.0; 3]), &["standard deviations of 3 channels", "2"]);
    message(set(0.0, &[0.0; 2], &[1.0; 2]), &["scale 0"]);
    message(set(1.0, &[0.5; 2], &[1.0, 0.0]), &["channel 1", "mean 0.5", "all pixels of this channel are equal"]);
    message(set(1.0, &[0.0; 2], &[f64::INFINITY, 1.0]), &["channel 0", "too large"]);
    assert!(images.normalisation().is_none());
}

#[test]
fn statistics_are_those_of_the_definition() {
    let images = bytes(50);
    let scale = 1.0 / 255.0;
    let (mean, std) = images.channel_statistics(scale);
    let Pixels::U8(raw) = images.pixels() else { unreachable!() };
    let as_f64: Vec<f64> = raw.iter().map(|&pixel| f64::from(pixel)).collect();
    let float = Images::new(SHAPE, Pixels::F64(as_f64.clone())).unwrap();
    let (float_mean, float_std) = float.channel_statistics(scale);
    for channel in 0..2 {
        let of_channel: Vec<f64> =
            as_f64.iter().enumerate().filter(|(i, _)| i / 6 % 2 == channel).map(|(_, pixel)| pixel * scale).collect();
        let count = of_channel.len() as f64;
        let expected_mean = of_channel.iter().sum::<f64>() / count;
        let variance = of_channel.iter().map(|pixel| (pixel - expected_mean).powi(2)).sum::<f64>() / count;
        for (found, expected) in [
            (mean[channel], expected_mean),
            (std[channel], variance.sqrt()),
            (float_mean[channel], expected_mean),
            (float_std[channel], variance.sqrt()),
        ] {
            assert!((found - expected).abs() < STATISTICS, "{found} {expected}");
        }
    }
}

#[test]
fn equal_pixels_have_a_deviation_of_exactly_zero() {
    // 0.1 has no finite binary expansion: the mean of 999 of them need not be 0.1.
    let shape = Shape { channels: 1, height: 3, width: 3 };
    for pixels in [Pixels::U8(vec![7; 999]), Pixels::F32(vec![0.1; 999]), Pixels::F64(vec![0.1; 999])] {
        let images = Images::new(shape, pixels).unwrap();
        assert_eq!(images.channel_statistics(0.1).1, [0.0]);
    }
}

#[test]
fn statistics_survive_a_large_offset() {
    // A one-pass variance loses all digits here; the mean of the deviations is 0 and their square 1.
    let shape = Shape { channels: 1, height: 1, width: 1 };
    let values = (0..1000).map(|i| if i % 2 == 0 { 1e9 } else { 1e9 + 2.0 }).collect();
    let images = Images::new(shape, Pixels::F64(values)).unwrap();
    assert_eq!(images.channel_statistics(1.0), (vec![1e9 + 1.0], vec![1.0]));
}

#[test]
fn selected_images_keep_order_and_normalisation() {
    let mut images = bytes(5);
    let (mean, std) = images.channel_statistics(1.0);
    images.set_normalisation(Normalisation { scale: 1.0, mean, std }).unwrap();
    let selected = images.select(&[4, 0, 4]).unwrap();
    for (new, old) in [4, 0, 4].into_iter().enumerate() {
        assert_eq!(pixels(&selected, new), pixels(&images, old));
    }
    message(images.select(&[0, 5]), &["image 5 of 5"]);
    assert!(images.select(&[]).unwrap().is_empty());
}

#[test]
fn checksums_differ_where_anything_differs_and_never_change() {
    let images = bytes(2);
    // Stores written by earlier versions are recognised by this.
    assert_eq!(images.checksum(), "76cca1ac6c15cc70189fb9af51c353589ae32cec7866322c961371b2408ed359");
    let mut normalised = images.clone();
    let normalisation = Normalisation { scale: 1.0, mean: vec![0.0; 2], std: vec![1.0; 2] };
    normalised.set_normalisation(normalisation).unwrap();
    let Pixels::U8(raw) = images.pixels() else { unreachable!() };
    let other_shape = Shape { channels: 1, height: 4, width: 3 };
    let single = Pixels::F32(raw.iter().map(|&pixel| f32::from(pixel)).collect());
    let double = Pixels::F64(raw.iter().map(|&pixel| f64::from(pixel)).collect());
    let checksums = [
        images.checksum(),
        normalised.checksum(),
        images.select(&[1, 0]).unwrap().checksum(),
        images.select(&[0]).unwrap().checksum(),
        Images::new(other_shape, images.pixels().clone()).unwrap().checksum(),
        Images::new(SHAPE, single).unwrap().checksum(),
        Images::new(SHAPE, double).unwrap().checksum(),
    ];
    for (i, first) in checksums.iter().enumerate() {
        assert!(checksums[i + 1..].iter().all(|second| first != second));
    }
}
