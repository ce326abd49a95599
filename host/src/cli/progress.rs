//! How far a job is, on stderr: a bar on a terminal; elsewhere a plain line as a stage begins, and then every ten seconds.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::job::{Watch, Work};

const EVERY: Duration = Duration::from_secs(10);

/// Watches a job.
pub(super) struct Progress {
    quiet: bool,
    state: Mutex<State>,
}

struct State {
    bar: Option<ProgressBar>,
    started: Instant,
    told: Instant,
    /// What there was before this run.
    before: Work,
    done: Work,
    total: Work,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        let (before, done, total) = (Work::default(), Work::default(), Work::default());
        let (started, told) = (Instant::now(), Instant::now());
        Progress { quiet, state: Mutex::new(State { bar: None, started, told, before, done, total }) }
    }

    fn with(&self, act: impl FnOnce(&mut State)) {
        if !self.quiet {
            // A thread that panicked while it held the lock has left whole numbers behind.
            act(&mut self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        }
    }
}

impl State {
    /// Rate and time left. The pairs of different networks cost differently, so the time left goes by the work.
    fn text(&self) -> String {
        let seconds = self.started.elapsed().as_secs_f64();
        let pairs = (self.done.pairs - self.before.pairs) as f64;
        let work = self.done.entry_layers - self.before.entry_layers;
        let left = self.total.entry_layers - self.done.entry_layers;
        let rate = if seconds > 0.0 { pairs / seconds } else { 0.0 };
        let eta = if work > 0.0 { duration(seconds * left / work) } else { "?".to_owned() };
        format!("{} of {} pairs, {rate:.0} pairs/s, {eta} left", self.done.pairs, self.total.pairs)
    }

    fn line(&mut self, text: &str) {
        self.told = Instant::now();
        // Progress that cannot be shown is no reason to stop.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }
}

impl Watch for Progress {
    fn begin(&self, total: Work, done: Work) {
        self.with(|state| {
            (state.total, state.done, state.before, state.started) = (total, done, done, Instant::now());
            if std::io::stderr().is_terminal() {
                let bar = ProgressBar::new(1000);
                if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}") {
                    bar.set_style(style);
                }
                bar.enable_steady_tick(Duration::from_millis(500));
                state.bar = Some(bar);
            } else if done.pairs > 0 {
                state.line(&format!("{} of {} pairs lie in the store", done.pairs, total.pairs));
            }
        });
    }

    fn add(&self, work: Work) {
        self.with(|state| {
            state.done = state.done.plus(work);
            let text = state.text();
            if let Some(bar) = &state.bar {
                let part = state.done.entry_layers / state.total.entry_layers.max(1.0);
                bar.set_position((part * 1000.0) as u64);
                bar.set_message(text);
            } else if state.told.elapsed() >= EVERY {
                state.line(&text);
            }
        });
    }

    fn note(&self, what: &str) {
        self.with(|state| state.line(what));
    }

    fn stage(&self, what: &str) {
        self.with(|state| match &state.bar {
            Some(bar) => bar.set_message(what.to_owned()),
            None => state.line(what),
        });
    }

    fn step(&self, what: &str) {
        self.with(|state| {
            if let Some(bar) = &state.bar {
                bar.set_message(what.to_owned());
            } else if state.told.elapsed() >= EVERY {
                state.line(what);
            }
        });
    }

    fn end(&self) {
        self.with(|state| {
            if let Some(bar) = state.bar.take() {
                bar.finish_and_clear();
            }
        });
    }
}

/// Seconds as a reader takes them in: `48 s`, `3 min 20 s`, `5 h 07 min`, `12 d 4 h`, `5.2 years`.
pub(super) fn duration(seconds: f64) -> String {
    const DAY: u64 = 24 * 3600;
    let whole = seconds.round().clamp(0.0, 1e15) as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        3600..172_800 => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
        172_800..63_072_000 => format!("{} d {} h", whole / DAY, whole % DAY / 3600),
        _ => format!("{:.1} years", whole as f64 / (365.25 * DAY as f64)),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_told_in_two_units_at_most() {
        let cases = [
            (0.4, "0 s"),
            (59.6, "1 min 00 s"),
            (200.0, "3 min 20 s"),
            (18_420.0, "5 h 07 min"),
            (172_799.0, "47 h 59 min"),
            (1_051_200.0, "12 d 4 h"),
            (164_098_000.0, "5.2 years"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
        assert!(duration(f64::INFINITY).ends_with("years"));
    }
}
