//! The ways to solve the equations.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// How K + ridge·I is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A Cholesky factor in f64.
    Cholesky,
    /// A Cholesky factor in f32, in half of the memory, as the preconditioner of conjugate gradients in f64.
    Mixed,
    /// Conjugate gradients alone: the tiles of the kernel are read again and again.
    Cg,
}

impl Method {
    /// All of them, from the one that takes the most memory to the one that takes the least.
    pub const ALL: [Method; 3] = [Method::Cholesky, Method::Mixed, Method::Cg];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Method::Cholesky => "cholesky",
            Method::Mixed => "mixed",
            Method::Cg => "cg",
        }
    }

    /// The bytes that a solve of n images with so many classes holds at one time.
    pub fn bytes(self, n: usize, classes: usize) -> f64 {
        let (n, classes) = (n as f64, classes as f64);
        match self {
            Method::Cholesky => 8.0 * n * n,
            Method::Mixed => 4.0 * n * n + 8.0 * n * VECTORS * classes,
            Method::Cg => 8.0 * n * (super::RANK as f64 + VECTORS * classes),
        }
    }
}

/// The vectors of length n for each class that an iteration holds: targets, solution, residual, direction, product and what is
/// added to form it, and the preconditioned residual.
const VECTORS: f64 = 9.0;

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Method::ALL.into_iter().find(|method| method.name() == name).ok_or_else(|| format!("{name} is no solver"))
    }
}
