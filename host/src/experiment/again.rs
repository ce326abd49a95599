//! What leads to a finding, so that it can be had again.

use serde_json::{Value, json};

use super::{Experiment, Setting};

impl Setting<'_> {
    /// The settings of an experiment for its report: its own, and those that all have.
    pub(super) fn report(&self, which: Experiment, own: Value) -> Value {
        let mut all =
            json!({ "command": self.command(which), "data": self.data.name, "seed": self.seed, "quick": self.quick });
        if let (Value::Object(all), Value::Object(own)) = (&mut all, own) {
            all.extend(own);
        }
        all
    }

    /// The command that gives the same figures: what concerns other experiments is left out, as it would be refused.
    fn command(&self, which: Experiment) -> String {
        let (sizes, table) = (&self.sizes, which == Experiment::Table);
        // Some take a list, others the first of it.
        let list =
            |values: &[usize], whole: bool| joined(&values[..if whole { values.len() } else { values.len().min(1) }]);
        let options = [
            ("train-size", joined(sizes.train.as_slice())),
            ("test-size", joined(sizes.test.filter(|_| which.is_tested()).as_slice())),
            ("width", list(&sizes.widths, !table)),
            ("depth", list(&sizes.depths, table)),
            ("seeds", joined(sizes.seeds.as_slice())),
            ("epochs", joined(sizes.epochs.filter(|_| table).as_slice())),
            ("batch", joined(sizes.batch.filter(|_| table).as_slice())),
            ("step", joined(if table { &sizes.steps } else { &[] })),
            ("seed", self.seed.to_string()),
        ];
        let mut command = format!("ultrawide experiment {}", which.name());
        if !self.images.is_empty() {
            command = format!("{command} {}", self.images);
        }
        for (option, value) in options.into_iter().filter(|(_, value)| !value.is_empty()) {
            command = format!("{command} --{option} {value}");
        }
        if self.quick { command + " --quick" } else { command }
    }
}

fn joined<T: ToString>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}
