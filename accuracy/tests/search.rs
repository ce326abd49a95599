//! A small part of `accuracy search`: it finds nothing beyond what is promised, and would see it.

use clap::ValueEnum;
use ultrawide_accuracy::common::precision::{BOUND_USED, KERNEL_F32};
use ultrawide_accuracy::search::{Relation, Trial, search};

/// Kinds of networks.
const KINDS: usize = 4;

#[test]
fn nothing_is_beyond_what_is_promised() {
    let findings = search(1, 6000, None, || ());
    assert_eq!(
        findings.len(),
        KINDS * Relation::value_variants().len(),
        "not every kind of networks and inputs was met"
    );
    let (mut error, mut of_bound) = (0f64, 0f64);
    for ((kind, inputs), found) in &findings {
        let (off, trial) = (found.off, Trial::new(found.trial));
        assert!(
            off.error <= KERNEL_F32 && off.of_bound <= 1.0,
            "{kind}, {inputs:?}: {off:?}, trial {}: {trial}",
            found.trial
        );
        // Errors that are none would be none of these kernels.
        assert!(off.error > KERNEL_F32 * BOUND_USED.powi(2), "{kind}, {inputs:?}: {off:?}");
        (error, of_bound) = (error.max(off.error), of_bound.max(off.of_bound));
    }
    println!("search: at most {error:.2e} at depth 21 and {of_bound:.2} of the bound of dense nets");
    assert!(error > KERNEL_F32 * BOUND_USED && of_bound > BOUND_USED, "{error:e}, {of_bound}");
}

/// The findings depend on the numbers of the trials alone, and a trial on its own.
#[test]
fn a_trial_is_found_again() {
    let all = search(1, 400, None, || ());
    for ((kind, inputs), found) in all {
        let alone = search(found.trial, 1, Some(inputs), || ());
        let again = &alone[&(kind, inputs)];
        assert_eq!((again.pairs, again.off.error.to_bits()), (1, found.off.error.to_bits()), "{kind}, {inputs:?}");
    }
}
