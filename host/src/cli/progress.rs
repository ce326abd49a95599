//! How far a job is, on stderr: a bar on a terminal; elsewhere a plain line for each stage that is not over at once, and then
//! every ten seconds.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::job::{Watch, Work};

const EVERY: Duration = Duration::from_secs(10);
/// A stage that takes longer is told.
const SOON: Duration = Duration::from_millis(500);

/// Watches a job.
pub(super) struct Progress {
    quiet: bool,
    state: Arc<Mutex<State>>,
}

/// The place where progress is told: a bar on a terminal, lines elsewhere.
pub(super) struct Place {
    bar: Option<ProgressBar>,
    told: Instant,
}

impl Place {
    pub(super) fn new() -> Self {
        Place { bar: None, told: Instant::now() }
    }

    /// Puts a bar there, where that can be; whether it could.
    pub(super) fn begin(&mut self) -> bool {
        if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(1000);
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(500));
            self.bar = Some(bar);
        }
        self.bar.is_some()
    }

    /// This part is done, from 0 to 1.
    pub(super) fn show(&mut self, part: f64, text: String) {
        if let Some(bar) = &self.bar {
            bar.set_position((part * 1000.0) as u64);
            bar.set_message(text);
        } else if self.told.elapsed() >= EVERY {
            self.line(&format!("{:.0} %, {text}", 100.0 * part));
        }
    }

    /// Between two parts.
    fn note(&mut self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
        } else if self.told.elapsed() >= EVERY {
            self.line(text);
        }
    }

    fn line(&mut self, text: &str) {
        self.told = Instant::now();
        // Progress that cannot be shown is no reason to stop.
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    pub(super) fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

struct State {
    place: Place,
    started: Instant,
    /// A stage that has not been told, and when it began.
    begun: Option<(Instant, String)>,
    /// What there was before this run.
    before: Work,
    done: Work,
    total: Work,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        let (before, done, total) = (Work::default(), Work::default(), Work::default());
        let state = State { place: Place::new(), started: Instant::now(), begun: None, before, done, total };
        let state = Arc::new(Mutex::new(state));
        if !quiet {
            let state = Arc::downgrade(&state);
            let tell = move || {
                while let Some(state) = state.upgrade() {
                    locked(&state).tell_stage();
                    drop(state);
                    thread::sleep(SOON / 2);
                }
            };
            // Without this thread a stage is told when it has something to tell itself.
            let _ = thread::Builder::new().name("progress".to_owned()).spawn(tell);
        }
        Progress { quiet, state }
    }

    fn with(&self, act: impl FnOnce(&mut State)) {
        if !self.quiet {
            act(&mut locked(&self.state));
        }
    }
}

/// A thread that panicked while it held the lock has left whole numbers behind.
fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Tells a stage that has gone on for a while. Those that are over at once would be many lines about nothing.
    fn tell_stage(&mut self) {
        if let Some((_, text)) = self.begun.take_if(|(begun, _)| begun.elapsed() >= SOON) {
            self.place.line(&text);
        }
    }
}

impl Watch for Progress {
    fn begin(&self, total: Work, done: Work) {
        self.with(|state| {
            (state.total, state.done, state.before, state.started) = (total, done, done, Instant::now());
            if !state.place.begin() && done.pairs > 0 {
                state.place.line(&format!("{} of {} pairs lie in the store", done.pairs, total.pairs));
            }
        });
    }

    fn add(&self, work: Work) {
        self.with(|state| {
            state.done = state.done.plus(work);
            let text = state.text();
            state.place.show(state.done.entry_layers / state.total.entry_layers.max(1.0), text);
        });
    }

    fn note(&self, what: &str) {
        self.with(|state| state.place.line(what));
    }

    fn stage(&self, what: &str) {
        self.with(|state| match &state.place.bar {
            Some(bar) => bar.set_message(what.to_owned()),
            None => state.begun = Some((Instant::now(), what.to_owned())),
        });
    }

    fn step(&self, what: &str) {
        self.with(|state| state.place.note(what));
    }

    fn end(&self) {
        self.with(|state| {
            state.begun = None;
            state.place.end();
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
