//! `accuracy search`.

use rayon::prelude::*;
use ultrawide_accuracy::common::precision::KERNEL_F32;
use ultrawide_accuracy::progress_bar;
use ultrawide_accuracy::search::{Relation, Trial, search};

#[derive(clap::Args)]
pub struct Args {
    /// Networks and pairs of inputs
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    trials: u64,
    /// The number of the first one: the same numbers are the same trials
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Those of these inputs alone
    #[arg(long, value_enum)]
    inputs: Option<Relation>,
    /// Changes of the numbers of the worst trial of each line that are tried, to make its error grow; what they reach is told
    #[arg(long, default_value_t = 0, value_name = "STEPS")]
    climb: usize,
}

impl Args {
    /// Whether all errors are within what is promised.
    pub fn run(self) -> bool {
        let bar = progress_bar(self.trials, "search");
        let findings = search(self.first, self.trials, self.inputs, || bar.inc(1));
        bar.finish_and_clear();
        println!("| network | inputs | pairs | largest error at depth 21 | of the bound | trial |");
        println!("|---|---|---|---|---|---|");
        for ((kind, relation), found) in &findings {
            let bound = if kind.starts_with("dense") { format!("{:.2}", found.off.of_bound) } else { String::new() };
            println!(
                "| {kind} | {relation:?} | {} | {:.2e} | {bound} | {} |",
                found.pairs, found.off.error, found.trial
            );
        }
        if self.climb > 0 {
            let climbed: Vec<_> = findings
                .par_iter()
                .map(|(key, found)| (key, Trial::new(found.trial).climb(found.trial, self.climb)))
                .collect();
            for ((kind, relation), error) in climbed {
                println!("{kind}, {relation:?}: {error:.2e} after {} changes", self.climb);
            }
        }
        let worst = findings.values().max_by(|a, b| a.off.error.total_cmp(&b.off.error));
        if let Some(worst) = worst {
            println!("the largest error, {:.2e}: {}", worst.off.error, Trial::new(worst.trial));
        }
        findings.values().all(|found| found.off.error <= KERNEL_F32 && found.off.of_bound <= 1.0)
    }
}
