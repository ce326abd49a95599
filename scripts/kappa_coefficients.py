#!/usr/bin/env python3
"""Derives the polynomials of the dual activations and writes core/src/coefficients.rs.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/requirements.txt
    .venv/bin/python scripts/kappa_coefficients.py            # rewrite the file
    .venv/bin/python scripts/kappa_coefficients.py --check    # fail if the file differs

The module documentation that this script writes into the Rust file tells the mathematics. The method: a Remez
exchange in multi-precision gives the polynomial of least relative error; then the coefficients are rounded to the
precision they are stored in, the constant term first, and after each rounding the free ones are fitted again, so
that they absorb most of what the rounding broke. The last one makes the value at u = 1 exact.
"""

import argparse
import pathlib
import sys

import mpmath as mp

mp.mp.dps = 60
TARGET = pathlib.Path(__file__).resolve().parent.parent / "core" / "src" / "coefficients.rs"

# Taylor coefficients at u = 0. The radius of convergence is 2, so on [0, 1] term k is below 2^-k of the first.
TERMS = 220
P_SERIES = [mp.sqrt(2) / mp.pi * mp.binomial(2 * k, k) / (mp.mpf(8) ** k * (2 * k + 1)) for k in range(TERMS)]
R_SERIES = [p / (k + mp.mpf(3) / 2) for k, p in enumerate(P_SERIES)]

# name, function, bits of the significand, degree, Rust type
TABLE = [
    ("KAPPA0_F32", "P", 24, 7, "f32"),
    ("KAPPA1_F32", "R", 24, 6, "f32"),
    ("KAPPA0_F64", "P", 53, 19, "f64"),
    ("KAPPA1_F64", "R", 53, 18, "f64"),
]


def evaluate(coefficients, u):
    """The value at u of a polynomial given lowest power first."""
    return mp.polyval(coefficients[::-1], u)


class Grid:
    """[0, 1], dense at both ends as the extrema of a minimax error are, with the function's values."""

    def __init__(self, series, size):
        self.u = [(1 - mp.cos(mp.pi * k / size)) / 2 for k in range(size + 1)]
        self.f = [evaluate(series, u) for u in self.u]

    def errors(self, coefficients):
        """The relative error of the polynomial at every point."""
        return [evaluate(coefficients, u) / f - 1 for u, f in zip(self.u, self.f)]


def alternation(errors, count):
    """Indices of `count` extrema of alternating sign, or None if the error alternates less often."""
    extrema = []
    for k, error in enumerate(errors):
        if not extrema or (error > 0) != (errors[extrema[-1]] > 0):
            extrema.append(k)
        elif abs(error) > abs(errors[extrema[-1]]):
            extrema[-1] = k
    if len(extrema) < count:
        return None
    while len(extrema) > count:
        extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
    return extrema


def remez(grid, degree, fixed):
    """The polynomial of least relative error on the grid whose lowest coefficients are `fixed`."""
    free = degree + 1 - len(fixed)
    count = free + 1
    size = len(grid.u) - 1
    # With the constant term fixed nothing can be gained at u = 0, and the system is singular there.
    first = 0 if not fixed else size // 40
    reference = [first + round((size - first) * (1 - mp.cos(mp.pi * k / (count - 1))) / 2) for k in range(count)]
    best, best_error = None, mp.inf
    for _ in range(12):
        matrix, right = mp.matrix(count, count), mp.matrix(count, 1)
        for row, k in enumerate(reference):
            u, f = grid.u[k], grid.f[k]
            for j in range(free):
                matrix[row, j] = u ** (len(fixed) + j) / f
            matrix[row, free] = (-1) ** row
            right[row] = 1 - evaluate(fixed, u) / f if fixed else 1
        solution = mp.lu_solve(matrix, right)
        coefficients = list(fixed) + [solution[j] for j in range(free)]
        errors = grid.errors(coefficients)
        largest = max(abs(e) for e in errors)
        if largest < best_error:
            best, best_error = coefficients, largest
        following = alternation(errors[first:], count)
        if following is None:
            break
        following = [first + k for k in following]
        if following == reference:
            break
        reference = following
    return best, best_error


def rounded(value, bits):
    """The number of `bits` significant bits nearest to the value."""
    with mp.workprec(bits):
        return +value


def derive(series, degree, bits):
    """Rounded coefficients, lowest power first, with the largest relative error before and after the rounding."""
    grid = Grid(series, 40 * (degree + 2))
    exact, exact_error = remez(grid, degree, [])
    fixed, current = [], exact
    for _ in range(degree):
        fixed.append(rounded(current[len(fixed)], bits))
        current, _ = remez(grid, degree, fixed)
    plain = [rounded(c, bits) for c in exact[:-1]]
    candidates = []
    # The refit is a heuristic: where the constant term cannot be met, plain rounding does better.
    for lower in (plain, fixed):
        # The last coefficient matters most at u = 1, that is λ = 0, where κ0 = 1/2 and κ1 = 1/π are to come out
        # exactly: unrelated inputs are common, and 1/π lies near the middle between two numbers of type f32.
        candidate = lower + [rounded(evaluate(series, 1) - sum(lower), bits)]
        candidates.append((max(abs(e) for e in grid.errors(candidate)), candidate))
    stored_error, stored = min(candidates, key=lambda c: c[0])
    return stored, exact_error, stored_error


def literal(value, bits):
    """The shortest decimal that reads back as the value: more digits would be noise, and clippy says so."""
    for digits in range(1, 18):
        text = mp.nstr(value, digits, min_fixed=0, max_fixed=0, strip_zeros=True)
        if rounded(mp.mpf(text), bits) == value:
            return text if "e" in text else text + "e0"
    raise AssertionError(f"{value} has no decimal of 17 digits")


HEADER = """\
//! Coefficients of P and R, highest power first. Written by `scripts/kappa_coefficients.py`: change that instead.
//!
//! With u = 1 − |λ| in [0, 1],
//!
//! ```text
//! P(u) = acos(1 − u) / (π √u)           R(u) = (κ1(1 − u) − (1 − u)) / (u √u)
//! ```
//!
//! acos has a square-root branch point at λ = 1; dividing it out leaves a smooth function, as the series shows:
//!
//! ```text
//! P(u) = Σ p_k u^k,   p_k = (√2/π) · binom(2k, k) / (8^k (2k + 1))
//! R(u) = Σ r_k u^k,   r_k = p_k / (k + 3/2)
//! ```
//!
//! The second line follows from the first: κ1' = κ0 = 1 − √u P(u) for λ ≥ 0, so κ1(1 − u) − (1 − u) is the integral of
//! √v P(v) over v from 0 to u. As binom(2k, k) grows like 4^k, both series converge for |u| < 2; the singularity is
//! the other branch point, λ = −1, that is u = 2. Mapped to [−1, 1] the interval has it at 3, on the Bernstein
//! ellipse with ρ = 3 + √8 ≈ 5.83: the best polynomial of degree n has an error of order ρ^−n, and each degree is worth
//! log2 ρ ≈ 2.5 bits.
//!
//! Each operation of the evaluation may be wrong by one unit in the last place of a significand, 2^-24 (`f32`) or
//! 2^-53 (`f64`). The degrees keep the polynomial's own error below a quarter of that where every multiplication counts
//! (`f32`), and out of sight where none does (`f64`). Largest relative error on [0, 1] in these units: of the best
//! polynomial of the degree, and of the stored one, whose coefficients are rounded and which is exact at u = 1, so that
//! κ0(0) = 1/2 and κ1(0) = 1/π. What rounding adds is the constant term's, which no other coefficient can mend at u = 0.
//!
//! | polynomial | degree | best | stored |
//! |---|---|---|---|
"""


def generate():
    """The text of the Rust file, and a line about each polynomial."""
    header, body, report = HEADER, "", []
    for name, function, bits, degree, rust_type in TABLE:
        series = P_SERIES if function == "P" else R_SERIES
        coefficients, best, stored = derive(series, degree, bits)
        unit = mp.mpf(2) ** -bits
        best, stored = mp.nstr(best / unit, 2), mp.nstr(stored / unit, 2)
        header += f"//! | `{name}` | {degree} | {best} | {stored} |\n"
        report.append(f"{name}: degree {degree}, relative error {best} x 2^-{bits}, after rounding {stored} x 2^-{bits}")
        body += f"\n/// {function}, degree {degree}.\npub(crate) const {name}: [{rust_type}; {degree + 1}] = [\n"
        literals = [literal(c, bits) + "," for c in coefficients]
        width = max(map(len, literals))
        # The comment names the power, and keeps rustfmt from joining the lines; it wants the comments aligned.
        for k in range(degree, -1, -1):
            body += f"    {literals[k]:<{width}} // u^{k}\n"
        body += "];\n"
    return header + body, report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    check = parser.parse_args().check
    text, report = generate()
    print("\n".join(report))
    if not check:
        TARGET.write_text(text, encoding="utf-8")
    elif TARGET.read_text(encoding="utf-8") != text:
        sys.exit(f"{TARGET.name} differs from what this script derives: run it without --check")


if __name__ == "__main__":
    main()
