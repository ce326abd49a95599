//! Gram matrices of real images are positive semidefinite at every depth: `accuracy spectrum` measures more of them.

use faer::{Mat, mat};
use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use ultrawide::data::{Images, Kind, LoadOptions, load};
use ultrawide::job::Machine;
use ultrawide::simd::Backend;
use ultrawide_accuracy::common::precision::{GRAM_F32, GRAM_SEEN, KERNEL_F32, REAL_F32};
use ultrawide_accuracy::growth::{Net, Of};
use ultrawide_accuracy::spectrum::{measure, row};
use ultrawide_core::Trained;

fn images(kind: Kind, data_dir: Option<PathBuf>, count: usize) -> Images {
    let options = LoadOptions { data_dir, train_size: Some(count), test_size: Some(1), ..LoadOptions::new(kind) };
    load(&options).expect("a data set").train.images
}

fn check(images: &Images, readouts: &[Net], depths: &[usize]) {
    let machine = Machine::new(Backend::select().expect("a backend"), None).expect("threads");
    let (mut least, mut entry) = (f64::INFINITY, 0f64);
    for trained in [Trained::All, Trained::Hidden] {
        let rows = measure(images, readouts, trained, depths, &machine).expect("finite kernels");
        let trains = depths.iter().filter(|&&depth| depth > 2 || trained == Trained::All).count();
        assert_eq!(rows.len(), 2 * trains * readouts.len().max(1));
        for row in rows {
            assert!(row.semidefinite(), "{row:?}");
            let tolerance = if row.depth < 21 { REAL_F32 } else { KERNEL_F32 };
            assert!(row.entry <= tolerance, "{:e}, allowed {tolerance:e}: {row:?}", row.entry);
            entry = entry.max(row.entry);
            least = least.min(row.least()[1]);
        }
    }
    println!(
        "{} images, {readouts:?}: smallest eigenvalue {least:.1e} of the largest, entries within {entry:.1e}",
        images.len()
    );
    assert!(least > GRAM_SEEN, "{least:e}");
}

#[test]
fn digits() {
    let depths: Vec<usize> = (2..=21).collect();
    check(&images(Kind::Digits, None, 200), &[], &depths);
    check(&images(Kind::Digits, None, 60), &[Net::Vanilla, Net::Gap, Net::Lap], &depths);
}

#[test]
fn cifar10() {
    let Some(folder) = env::var_os("ULTRAWIDE_CIFAR10").map(PathBuf::from) else {
        let _ = writeln!(
            io::stderr(),
            "\n==== SKIPPED: the eigenvalues of CIFAR-10, ULTRAWIDE_CIFAR10 names no folder ===="
        );
        return;
    };
    let depths: Vec<usize> = (2..=21).collect();
    check(&images(Kind::Cifar10, Some(folder.clone()), 100), &[], &depths);
    check(&images(Kind::Cifar10, Some(folder.clone()), 60), &[Net::Vanilla], &depths);
    check(&images(Kind::Cifar10, Some(folder), 6), &[Net::Gap, Net::Lap], &depths);
}

/// The check can fail: a matrix with a negative eigenvalue, in either precision, and an `f32` matrix too far from the other.
#[test]
fn what_is_not_semidefinite() {
    let judge = |f32: &Mat<f64>, f64: &Mat<f64>| {
        row((Net::Dense, Of::Nngp, 2), f32, f64, f64).expect("finite eigenvalues").semidefinite()
    };
    let with = |off: f64| mat![[1.0, off], [off, 1.0]];
    let good = with(1.0 - 1e-9);
    assert!(judge(&good, &good));
    assert!(!judge(&with(1.0 + 2e-7), &good), "the f32 matrix has the eigenvalue −2e-7");
    assert!(!judge(&good, &with(1.0 + 1e-13)), "the f64 matrix has the eigenvalue −1e-13");
    assert!(
        !judge(&with(1.0 - 4.0 * GRAM_F32), &good),
        "the matrices are 4 GRAM_F32 apart, the largest eigenvalue is 2"
    );
}
