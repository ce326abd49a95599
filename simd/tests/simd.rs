//! The vector types against scalar floats: one body of tests that runs on every backend of the architecture.
//!
//! A backend that this machine lacks is a failure, not a silence: set `ULTRAWIDE_ALLOW_MISSING_BACKENDS=1` where that is
//! known, and the backends that were left out are named on the terminal.
mod common;

use common::images::Random;
use std::io::Write;
use std::process::Command;
use ultrawide_core::Number;
use ultrawide_simd::{Backend, BackendError, Element, Job, VARIABLE};

const ALLOW: &str = "ULTRAWIDE_ALLOW_MISSING_BACKENDS";

/// The backends that this program was compiled with.
fn compiled() -> &'static [Backend] {
    if cfg!(target_arch = "x86_64") {
        &[Backend::Scalar, Backend::Avx2, Backend::Avx512]
    } else if cfg!(target_arch = "aarch64") {
        &[Backend::Scalar, Backend::Neon]
    } else {
        &[Backend::Scalar]
    }
}

#[test]
fn this_machine_has_every_backend_of_its_architecture() {
    let missing: Vec<_> = compiled().iter().filter(|backend| !backend.is_available()).collect();
    if missing.is_empty() {
        return;
    }
    assert!(
        std::env::var(ALLOW).is_ok_and(|value| value == "1"),
        "this machine lacks {missing:?}: nothing here tests them. Set {ALLOW}=1 if that is as it should be"
    );
    // Straight to the terminal: what a passing test prints is hidden.
    writeln!(std::io::stderr(), "\n==== SKIPPED: {missing:?}, which this machine lacks ====").expect("standard error");
}

#[test]
fn available_backends_are_those_that_were_compiled() {
    let available = Backend::available();
    assert_eq!(available[0], Backend::Scalar);
    assert!(available.iter().all(|backend| compiled().contains(backend)), "{available:?}");
    assert!(!(Backend::Neon.is_available() && Backend::Avx2.is_available()));
    for backend in available {
        let lanes = match backend {
            Backend::Scalar => [1, 1],
            Backend::Neon => [4, 2],
            Backend::Avx2 => [8, 4],
            Backend::Avx512 => [16, 8],
        };
        assert_eq!([backend.lanes::<f32>(), backend.lanes::<f64>()], lanes, "{backend}");
        assert_eq!(backend.is_fused(), backend != Backend::Scalar);
    }
}

#[test]
#[should_panic(expected = "this machine has only")]
fn running_a_missing_backend_says_so() {
    let missing = if cfg!(target_arch = "x86_64") { Backend::Neon } else { Backend::Avx512 };
    missing.lanes::<f32>();
}

/// A float with the operations that the expected values need.
trait Float: Element {
    fn fused(a: Self, b: Self, c: Self) -> Self;
    fn negative(self) -> Self;
    fn root(self) -> Self;
    fn is_nan(self) -> bool;
    fn bits(self) -> u64;
    fn from_random(bits: u64) -> Self;
    const SPECIAL: &'static [Self];
}

macro_rules! float {
    ($float:ident, $bits:ty) => {
        impl Float for $float {
            fn fused(a: Self, b: Self, c: Self) -> Self {
                a.mul_add(b, c)
            }
            fn negative(self) -> Self {
                -self
            }
            fn root(self) -> Self {
                self.sqrt()
            }
            fn is_nan(self) -> bool {
                <$float>::is_nan(self)
            }
            fn bits(self) -> u64 {
                self.to_bits().into()
            }
            fn from_random(bits: u64) -> Self {
                <$float>::from_bits(bits as $bits)
            }
            const SPECIAL: &'static [Self] = &[
                0.0,
                -0.0,
                1.0,
                -1.0,
                0.5,
                3.0,
                -1.0 / 3.0,
                $float::EPSILON,
                1.0 + $float::EPSILON,
                1.0 - $float::EPSILON / 2.0,
                $float::MIN_POSITIVE,
                -$float::MIN_POSITIVE,
                $float::MIN_POSITIVE / 2.0,
                $float::from_bits(1),
                -$float::from_bits(1),
                $float::MAX,
                $float::MIN,
                $float::INFINITY,
                $float::NEG_INFINITY,
                $float::NAN,
            ];
        }
    };
}

float!(f32, u32);
float!(f64, u64);

/// What a lane of each operation must be; `None` where the trait promises nothing.
fn expected<S: Float>(a: S, b: S, c: S, fused: bool) -> [(&'static str, Option<S>); 15] {
    let zero = S::from_f64(0.0);
    let mul_add = |a: S, b: S, c: S| if fused { S::fused(a, b, c) } else { a.mul(b).add(c) };
    // Of two equal numbers, and of a NaN and a number, `min` and `max` give the second; no NaN can come second.
    let of_numbers = |value: S| if b.is_nan() { None } else { Some(value) };
    [
        ("from_lanes", Some(a)),
        ("splat", Some(b)),
        ("add", Some(a.add(b))),
        ("sub", Some(a.sub(b))),
        ("mul", Some(a.mul(b))),
        ("div", Some(a.div(b))),
        ("mul_add", Some(mul_add(a, b, c))),
        ("mul_sub", Some(mul_add(a, b, c.negative()))),
        ("neg_mul_add", Some(mul_add(a.negative(), b, c))),
        ("sqrt", Some(a.root())),
        ("abs", Some(if a < zero { a.negative() } else { a })),
        ("min", of_numbers(if a < b { a } else { b })),
        ("max", of_numbers(if a > b { a } else { b })),
        ("select_negative", Some(if a < zero { b } else { c })),
        ("zero", Some(zero)),
    ]
}

/// All operations on all triples of numbers, lane by lane.
struct Operations<'a, S>(&'a [[S; 3]]);

impl<S: Float> Job<S> for Operations<'_, S> {
    type Output = Vec<[S; 15]>;

    fn run<N: Number<Scalar = S>>(self) -> Vec<[S; 15]> {
        let mut results = Vec::new();
        for triples in self.0.chunks(N::LANES) {
            let pick = |which: usize| N::from_lanes(|lane| triples[lane.min(triples.len() - 1)][which]);
            let (a, b, c) = (pick(0), pick(1), pick(2));
            let operations = [
                a,
                b,
                a.add(b),
                a.sub(b),
                a.mul(b),
                a.div(b),
                a.mul_add(b, c),
                a.mul_sub(b, c),
                a.neg_mul_add(b, c),
                a.sqrt(),
                a.abs(),
                a.min(b),
                a.max(b),
                a.select_negative(b, c),
                N::zero(),
            ];
            for (lane, triple) in triples.iter().enumerate() {
                let mut result = operations.map(|value| value.lane(lane));
                // Every lane of a splat holds the value, whichever lane is asked for.
                result[1] = N::splat(triple[1]).lane(N::LANES - 1 - lane);
                results.push(result);
            }
            assert_eq!(a.lane(usize::MAX).bits(), a.lane(N::LANES - 1).bits());
        }
        results
    }
}

fn check_operations<S: Float>() {
    let mut triples = Vec::new();
    for &a in S::SPECIAL {
        for &b in S::SPECIAL {
            triples.extend(S::SPECIAL.iter().map(|&c| [a, b, c]));
        }
    }
    let mut random = Random(31);
    triples.extend((0..100_000).map(|_| [(); 3].map(|()| S::from_random(random.bits()))));
    // Products near their third term: where one rounding and two differ most.
    triples.extend((0..100_000).map(|_| {
        let [a, b] = [(); 2].map(|()| S::from_f64(random.number()));
        [a, b, a.mul(b).negative()]
    }));
    for backend in Backend::available() {
        let results = backend.run(Operations(&triples));
        assert_eq!(results.len(), triples.len());
        for (&[a, b, c], values) in triples.iter().zip(results) {
            for (value, (name, expected)) in values.into_iter().zip(expected(a, b, c, backend.is_fused())) {
                let Some(expected) = expected else { continue };
                // The sign of a zero is free in `abs`, `min` and `max`, as is the payload of a NaN everywhere.
                let free_zero = matches!(name, "abs" | "min" | "max") && value == expected;
                assert!(
                    value.bits() == expected.bits() || free_zero || value.is_nan() && expected.is_nan(),
                    "{backend}: {name} of {a:?}, {b:?}, {c:?} is {value:?}, not {expected:?}"
                );
            }
        }
    }
}

#[test]
fn operations_on_f32() {
    check_operations::<f32>();
}

#[test]
fn operations_on_f64() {
    check_operations::<f64>();
}

#[test]
fn backends_by_name() {
    for backend in Backend::ALL {
        assert_eq!(backend.to_string().parse(), Ok(backend));
    }
    for name in ["", "AVX2", "avx", "avx2 ", "sse", "scalar\n", "ÄVX2"] {
        let error = name.parse::<Backend>().expect_err("not a name");
        assert_eq!(error, BackendError::Unknown(name.into()));
        let message = error.to_string();
        assert!(message.starts_with(&format!("ULTRAWIDE_SIMD={name}: unknown")), "{message}");
        assert!(Backend::ALL.iter().all(|backend| message.contains(&backend.to_string())), "{message}");
    }
}

#[test]
#[ignore = "run by `the_environment_forces_a_backend`, in a process with the variable set"]
fn print_selected_backend() {
    match Backend::select() {
        Ok(backend) => println!("selected <{backend}>"),
        Err(error) => println!("refused <{error}>"),
    }
}

#[test]
fn the_environment_forces_a_backend() {
    // A process of its own: the environment of this one is shared with the tests that run beside this one.
    let select = |value: Option<&str>| {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "print_selected_backend", "--ignored", "--nocapture"]).env_remove(VARIABLE);
        if let Some(value) = value {
            command.env(VARIABLE, value);
        }
        String::from_utf8(command.output().expect("this program runs").stdout).expect("text")
    };
    let fastest = Backend::available().pop().expect("scalar is always there");
    assert!(select(None).contains(&format!("selected <{fastest}>")));
    for backend in Backend::ALL {
        let output = select(Some(&backend.to_string()));
        let expected = if backend.is_available() {
            format!("selected <{backend}>")
        } else {
            format!("refused <backend {backend} was asked for, but this machine has only: scalar")
        };
        assert!(output.contains(&expected), "{backend}: {output}");
    }
    for wrong in ["", "sse", "AVX512"] {
        let output = select(Some(wrong));
        assert!(output.contains(&format!("refused <ULTRAWIDE_SIMD={wrong}: unknown backend")), "{output}");
    }
}
