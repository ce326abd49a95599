//! Classifiers as source code.

use super::precision::{LEAST_ACCURACY, QUANTISATION};
use super::support::*;
use std::fs;
use std::path::Path;

/// Small enough to take a second.
const JOB: &str = "export --train-size 300 --test-size 40 --support 60 -q";

/// The numbers of an array of the source.
fn numbers(source: &str, name: &str) -> Vec<String> {
    let start = source.find(&format!("{name}[")).or_else(|| source.find(&format!("{name}:"))).expect(name);
    let (_, rest) = source[start..].split_once('=').expect("an array");
    let end = rest.find(';').expect("its end");
    let words = rest[..end].split([',', '[', ']', '{', '}', ' ', '\n']);
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn a_classifier_is_the_same_in_both_languages() {
    let folder = folder();
    let path = folder.path();
    let said = run(path, &format!("{JOB} --target rust --out a.rs --tests t.rs")).ok().stdout;
    for word in
        ["cntk-v ntk depth 3, 60 support images of 1x8x8", "3840 of images as u8, 2400 of weights", "40 test images"]
    {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(said.contains("the same bits with images as f32"), "{said}");
    run(path, &format!("{JOB} --target c --out a.c --tests t.c --name own")).ok();
    let [rust, c, rust_tests, c_tests] = ["a.rs", "a.c", "t.rs", "t.c"].map(|name| read(path, name));
    assert_eq!(numbers(&rust, "IMAGES"), numbers(&c, "own_images"));
    let floats: Vec<_> = numbers(&rust, "WEIGHTS").iter().map(|number| format!("{number}f")).collect();
    assert_eq!(floats.len(), 600);
    assert_eq!(floats, numbers(&c, "own_weights"));
    assert_eq!(numbers(&rust_tests, "TEST_SCORES"), numbers(&c_tests, "own_test_scores"));
    assert_eq!(numbers(&rust_tests, "TEST_SCORES").len(), 400);
    assert_eq!(numbers(&rust_tests, "TEST_PIXELS").len(), 40 * 64);
    assert!(
        c.contains("#define OWN_WORKSPACE") && c.contains(".depth = 3,") && c.contains("const uw_classifier own = {")
    );

    // Floats of the same images: the same scores.
    run(path, &format!("{JOB} --target rust --out f.rs --tests f_tests.rs --quantise f32")).ok();
    assert_eq!(read(path, "f_tests.rs"), rust_tests);
    assert_eq!(numbers(&read(path, "f.rs"), "IMAGES").len(), 60 * 64);
    // The same bytes again, and with another number of threads.
    for threads in ["", "--threads 1"] {
        run(path, &format!("{JOB} --target rust --out again.rs {threads}")).ok();
        assert!(read(path, "again.rs") == rust, "{threads}");
    }
}

#[test]
fn every_network_recognises_digits() {
    let folder = folder();
    for (net, text) in [
        ("--net fc --depth 4 --kernel nngp", "Network::Dense"),
        ("--net cntk-gap --depth 3", "Readout::Gap"),
        ("--net cntk-lap --lap 1 --filter 5 --depth 2 --train all", "Readout::Lap(1)"),
    ] {
        let said = run(folder.path(), &format!("{JOB} --target rust --out a.rs {net}")).ok().stdout;
        assert!(read(folder.path(), "a.rs").contains(text), "{net}");
        let accuracy = said.lines().find_map(|line| line.strip_prefix("accuracy")).unwrap().trim();
        let percent: f64 = accuracy.split_once(" %").unwrap().0.parse().unwrap();
        let share = percent / 100.0;
        assert!(share >= LEAST_ACCURACY, "{net}: {said}");
    }
}

#[test]
fn own_images_lose_a_step_of_255_at_most() {
    let folder = folder();
    let path = folder.path();
    images(path, "x.npy", &[30, 2, 3, 3], 5);
    labels(path, "y.npy", &[0, 1, 2].repeat(10));
    let sets = "--train-x x.npy --train-y y.npy --test-x x.npy --test-y y.npy";
    for form in ["u8", "f32"] {
        let job = format!("export --target c --out a.c {sets} --normalise --quantise {form} --tests t.c");
        let said = run(path, &job).ok().stdout;
        // The training images are the test images, and all are support images.
        assert!(said.contains("100.00 % of 30 test images; 100.00 % with images as"), "{said}");
        let source = read(path, "a.c");
        let pixels = numbers(&source, "classifier_images");
        assert_eq!(pixels.len(), 30 * 18);
        if form == "u8" {
            let bytes: Vec<f32> = pixels.iter().map(|byte| byte.parse().unwrap()).collect();
            let floats = |name: &str| -> Vec<f32> {
                numbers(&source, name).iter().map(|number| number.trim_end_matches('f').parse().unwrap()).collect()
            };
            let [scale, offset, input, input_offset] =
                ["bytes_scale", "bytes_offset", "input_scale", "input_offset"].map(floats);
            for (at, (&byte, raw)) in bytes.iter().zip(super::support::numbers(540, 5)).enumerate() {
                let channel = at / 9 % 2;
                let (stored, exact) =
                    (byte * scale[channel] + offset[channel], raw * input[channel] + input_offset[channel]);
                assert!((stored - exact).abs() <= QUANTISATION * scale[channel], "{at}: {stored} for {exact}");
            }
            assert!(bytes.contains(&0.0) && bytes.contains(&255.0));
        }
    }
}
