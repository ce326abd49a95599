//! How much memory there is: a job that needs more is refused before the work rather than killed after hours of it.

use super::available::{Available, available};
use super::{Float, JobError, Machine};
use crate::gram::Gram;
use crate::regression::Method;

/// The bytes that a job needs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Need {
    /// The threads that compute tiles at the same time.
    pub(super) threads: f64,
    /// Each thread's.
    pub(super) thread: f64,
    /// The kernels that stay in memory.
    pub(super) kernels: f64,
    /// What is done with the kernels when the threads have ended.
    pub(super) after: f64,
    /// The solver that needs it, if it is a regression.
    pub(super) solver: Option<Method>,
}

impl Need {
    /// For the tiles of `gram`; kept in memory if `kept`.
    pub(super) fn of<S: Float>(gram: &Gram<'_>, kept: bool, machine: &Machine) -> Self {
        let (rows, columns) = (gram.x.len() as f64, gram.y.unwrap_or(gram.x).len() as f64);
        let tile = gram.tile as f64;
        let part = if gram.y.is_none() { ((columns + tile) / 2.0).min(columns) } else { columns };
        let numbers = rows * part * gram.net.outputs().len() as f64;
        // A place in the grid and one in the list of what is to be done.
        let tiles = (rows / tile).ceil() * (columns / tile).ceil();
        let kernels = if kept { numbers * S::PRECISION.bytes() as f64 } else { 0.0 } + tiles * 48.0;
        let threads = (machine.threads() as f64).min(tiles);
        Need { threads, thread: gram.thread_bytes::<S>(machine.backend), kernels, ..Need::default() }
    }

    /// With a regression when the threads have ended.
    pub(super) fn solving(self, method: Method, n: usize, classes: usize) -> Self {
        Need { after: method.bytes(n, classes), solver: Some(method), ..self }
    }

    /// Both after each other, the kernels of the first kept.
    pub(super) fn then(self, other: Self) -> Self {
        let larger = if self.threads * self.thread > other.threads * other.thread { self } else { other };
        let (kernels, after) = (self.kernels + other.kernels, self.after.max(other.after));
        Need { kernels, after, ..larger }
    }

    /// That of so many processes on one machine.
    #[cfg(feature = "mpi")]
    pub(super) fn times(self, processes: usize) -> Self {
        let processes = processes as f64;
        let (threads, kernels, after) = (self.threads * processes, self.kernels * processes, self.after * processes);
        Need { threads, kernels, after, ..self }
    }

    /// The most that is needed at one time.
    pub(super) fn bytes(self) -> f64 {
        self.kernels + self.after.max(self.threads * self.thread)
    }

    /// Tells what a job needs, and refuses it where that is more than there is; where the system does not tell what there
    /// is, only tells.
    ///
    /// # Errors
    /// [`JobError::Memory`].
    pub(super) fn check(self) -> Result<(), JobError> {
        self.check_against(available())
    }

    /// What may help where it is too much.
    fn advice(self) -> &'static str {
        match self.solver {
            Some(Method::Cholesky) if self.after > self.threads * self.thread => "use --solver auto or fewer images",
            Some(Method::Mixed) if self.after > self.threads * self.thread => {
                "use --store with --solver auto or cg, or fewer images"
            }
            _ => "use fewer --threads, a smaller --tile or --depth, or fewer images",
        }
    }

    fn check_against(self, available: Option<Available>) -> Result<(), JobError> {
        let mb = self.bytes() / 1e6;
        match available {
            Some(Available { bytes, limit }) if self.bytes() > bytes as f64 => Err(JobError::Memory {
                needed: self.bytes(),
                threads: self.threads,
                thread: self.thread,
                kernels: self.kernels,
                after: self.after,
                solver: self.solver,
                advice: self.advice(),
                available: bytes,
                limit: limit.words(),
            }),
            Some(available) => {
                if let Some(solver) = self.solver {
                    tracing::info!("solver: {solver}");
                }
                tracing::info!(
                    "memory: {mb:.0} MB needed, {:.0} MB available{}",
                    available.bytes as f64 / 1e6,
                    available.limit.words()
                );
                Ok(())
            }
            None => {
                tracing::warn!("memory: {mb:.0} MB needed; how much there is, this system does not tell");
                Ok(())
            }
        }
    }
}

/// The solvers that a kernel allows, those that take more memory first.
///
/// # Errors
/// [`JobError::Usage`] where another is asked for.
pub(super) fn offered(asked: Option<Method>, single: bool, tiles: bool) -> Result<Vec<Method>, JobError> {
    match asked {
        Some(Method::Mixed) if !single => {
            let reason = "--solver mixed keeps the kernel in f32, one of float64 would lose digits: use another solver";
            Err(JobError::Usage(reason.to_owned()))
        }
        Some(Method::Cg) if !tiles => {
            let reason =
                "--solver cg reads the tiles of a store again and again, a .npy file has none: use another solver";
            Err(JobError::Usage(reason.to_owned()))
        }
        _ => {
            let fits = |method: &Method| match method {
                Method::Cholesky => true,
                Method::Mixed => single,
                Method::Cg => tiles,
            };
            Ok(Method::ALL.into_iter().filter(fits).collect())
        }
    }
}

/// The solver that is asked for, or the first of `methods` for which there is memory; [`Method::Cholesky`] leaves half of the memory
/// to others where [`Method::Mixed`] can take its place, which is faster for such sizes.
///
/// # Errors
/// [`JobError::Memory`] where there is too little for any.
pub(super) fn choose(
    asked: Option<Method>,
    methods: &[Method],
    need: impl Fn(Method) -> Need,
) -> Result<Method, JobError> {
    choose_against(asked, methods, need, available())
}

/// The same without a refusal: where there is too little memory for any, the one that takes the least.
pub(super) fn pick(asked: Option<Method>, methods: &[Method], need: impl Fn(Method) -> Need) -> Method {
    pick_against(asked, methods, &need, available())
}

fn pick_against(
    asked: Option<Method>,
    methods: &[Method],
    need: &impl Fn(Method) -> Need,
    available: Option<Available>,
) -> Method {
    let share = |method| if method == Method::Cholesky && methods.contains(&Method::Mixed) { 0.5 } else { 1.0 };
    let fits = |&method: &Method| {
        available.is_none_or(|available| need(method).bytes() <= share(method) * available.bytes as f64)
    };
    let first = || methods.iter().copied().find(fits).or(methods.last().copied());
    asked.or_else(first).unwrap_or(Method::Cholesky)
}

fn choose_against(
    asked: Option<Method>,
    methods: &[Method],
    need: impl Fn(Method) -> Need,
    available: Option<Available>,
) -> Result<Method, JobError> {
    let method = pick_against(asked, methods, &need, available);
    need(method).check_against(available)?;
    Ok(method)
}

#[cfg(test)]
mod tests {
    use super::super::available::Limit;
    use super::*;

    fn of_machine(bytes: u64) -> Option<Available> {
        Some(Available { bytes, limit: Limit::Machine })
    }

    #[test]
    fn threads_and_regression_take_turns() {
        let need = Need { threads: 3.0, thread: 10.0, kernels: 100.0, after: 20.0, solver: None };
        assert_eq!(need.bytes(), 130.0);
        assert_eq!(Need { after: 50.0, ..need }.bytes(), 150.0);
        let other = Need { threads: 2.0, thread: 20.0, kernels: 7.0, ..Need::default() };
        assert_eq!(need.then(other).bytes(), 147.0);
        assert!(need.check_against(of_machine(130)).is_ok() && need.check_against(None).is_ok());
        let error = need.check_against(of_machine(129)).unwrap_err().to_string();
        assert!(error.contains("130 bytes") && error.contains("129 bytes are available:"), "{error}");
        let group = Some(Available { bytes: 1, limit: Limit::Group });
        let error = need.check_against(group).unwrap_err().to_string();
        assert!(error.contains("1 bytes are available below the limit of the control group"), "{error}");
    }

    #[test]
    fn the_solver_follows_the_memory() {
        let (n, classes) = (50_000, 10);
        let need = |method| Need { kernels: 1e9, ..Need::default() }.solving(method, n, classes);
        let choose = |asked, single, tiles, available: Option<u64>| {
            let methods = offered(asked, single, tiles)?;
            choose_against(asked, &methods, need, available.and_then(of_machine))
        };
        for (available, single, expected) in [
            (Some(42_000_000_000), true, Method::Cholesky),
            (Some(41_000_000_000), true, Method::Mixed),
            (Some(22_000_000_000), false, Method::Cholesky),
            (Some(20_000_000_000), false, Method::Cg),
            (Some(10_000_000_000), true, Method::Cg),
            (None, true, Method::Cholesky),
        ] {
            assert_eq!(choose(None, single, true, available).unwrap(), expected);
        }
        let error = |asked, single, tiles, available| choose(asked, single, tiles, available).unwrap_err().to_string();
        let text = error(Some(Method::Cholesky), true, true, Some(20_000_000_000));
        assert!(text.contains("21000000000 bytes") && text.contains("regression by cholesky 20000000000"), "{text}");
        let text = error(None, true, false, Some(10_000_000_000));
        assert!(text.contains("regression by mixed") && text.contains("10000000000 bytes are available"), "{text}");
        assert!(error(Some(Method::Mixed), false, true, None).contains("float64"));
        assert!(error(Some(Method::Cg), true, false, None).contains(".npy"));
    }
}
