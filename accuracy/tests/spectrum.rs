//! Gram matrices of real images are positive semidefinite at every depth: `accuracy spectrum` measures more of them.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use ultrawide::data::{Images, Kind, LoadOptions, load};
use ultrawide::job::Machine;
use ultrawide::simd::Backend;
use ultrawide_accuracy::common::precision::{GRAM_F32, GRAM_SEEN};
use ultrawide_accuracy::growth::{Net, Of};
use ultrawide_accuracy::spectrum::{Row, measure};
use ultrawide_core::Trained;

fn images(kind: Kind, data_dir: Option<PathBuf>, count: usize) -> Images {
    let options = LoadOptions { data_dir, train_size: Some(count), test_size: Some(1), ..LoadOptions::new(kind) };
    load(&options).expect("a data set").train.images
}

fn check(images: &Images, readouts: &[Net], depths: &[usize]) {
    let machine = Machine::new(Backend::select().expect("a backend"), None).expect("threads");
    let mut least = f64::INFINITY;
    for trained in [Trained::All, Trained::Hidden] {
        let rows = measure(images, readouts, trained, depths, &machine).expect("finite kernels");
        let trains = depths.iter().filter(|&&depth| depth > 2 || trained == Trained::All).count();
        assert_eq!(rows.len(), 2 * trains * readouts.len().max(1));
        for row in rows {
            assert!(row.semidefinite(), "{row:?}");
            least = least.min(row.least()[1]);
        }
    }
    println!("{} images, {readouts:?}: smallest eigenvalue {least:.1e} of the largest", images.len());
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
    check(&images(Kind::Cifar10, Some(folder), 60), &[Net::Vanilla], &depths);
}

/// The check can fail: an eigenvalue below what rounding explains, and an `f32` matrix too far from the other.
#[test]
fn what_is_not_semidefinite() {
    let good = Row {
        net: Net::Dense,
        of: Of::Nngp,
        depth: 2,
        images: 9,
        f64: [1e-9, 1.0],
        f32: [-1e-7, 1.0],
        distance: 1.2e-7,
    };
    assert!(good.semidefinite());
    for bad in [
        Row { f64: [-1e-13, 1.0], ..good.clone() },
        Row { f32: [-2e-7, 1.0], ..good.clone() },
        Row { distance: 2.0 * GRAM_F32, ..good },
    ] {
        assert!(!bad.semidefinite(), "{bad:?}");
    }
}
