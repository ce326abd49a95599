//! The words that the target `arguments` makes command lines of.

use std::collections::BTreeSet;
use ultrawide_fuzz::WORDS;

/// A word that is not among them is never met but letter by letter.
#[test]
fn every_word_of_the_command_is_among_them() {
    let missing: Vec<String> = ultrawide::cli::words().into_iter().filter(|word| !WORDS.contains(&&**word)).collect();
    assert!(missing.is_empty(), "fuzz/src/arguments.rs lacks {missing:?}");
}

/// None that the command has no longer.
#[test]
fn every_option_is_one_of_the_command() {
    let known = ultrawide::cli::words();
    let unknown: Vec<_> = WORDS.iter().filter(|word| word.starts_with("--") && !known.contains(**word)).collect();
    assert!(unknown.is_empty(), "the command has no {unknown:?}");
}

/// Each stands for a byte that is not 0, and once.
#[test]
fn words_are_few_and_different() {
    assert!(WORDS.len() < 256, "{}", WORDS.len());
    let different: BTreeSet<_> = WORDS.iter().collect();
    assert_eq!(different.len(), WORDS.len());
}
