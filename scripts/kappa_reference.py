#!/usr/bin/env python3
"""Writes core/tests/data/kappa_f64.csv: correctly rounded values of κ0 and κ1 at f64 arguments.

    .venv/bin/python scripts/kappa_reference.py            # rewrite the file
    .venv/bin/python scripts/kappa_reference.py --check    # fail if the file differs

Each line holds the bits of λ, κ0(λ) and κ1(λ) as 16 hexadecimal digits. The values come from the defining formulas, not
from the series or the polynomials that the library uses; 400 bits outlast the cancellation near λ = −1, which costs
at most 106 of them.
"""

import argparse
import pathlib
import random
import struct
import sys

import mpmath as mp

TARGET = pathlib.Path(__file__).resolve().parent.parent / "core" / "tests" / "data" / "kappa_f64.csv"
mp.mp.prec = 400


def kappa0(x):
    return (mp.pi - mp.acos(x)) / mp.pi


def kappa1(x):
    return (x * (mp.pi - mp.acos(x)) + mp.sqrt(1 - x * x)) / mp.pi


def arguments():
    """Arguments in [−1, 1]: edges, every binade towards ±1 and (thinned) towards 0, uniform random ones."""
    generator = random.Random(1904)
    found = {0.0, 0.5, 1.0}
    for exponent in range(1, 54):
        scale = 2.0**-exponent
        found.update({1 - scale, 1 - scale * (1 + generator.random())})
        found.update(1 - scale * (1 + generator.random()) for _ in range(6))
    for exponent in [*range(1, 64), *range(64, 1075, 23), 1021, 1022, 1023, 1073, 1074]:
        scale = 2.0**-exponent
        found.update({scale, min(1.0, scale * (1 + generator.random()))})
    # κ1's polynomial enters most where u = 1 − |λ| is large, κ0's everywhere.
    found.update(generator.random() for _ in range(1000))
    found = {x for x in found if 0 <= x <= 1}
    return sorted(found | {-x for x in found if x > 0})


def bits(value):
    return f"{struct.unpack('<Q', struct.pack('<d', float(value)))[0]:016x}"


def nearest(value):
    with mp.workprec(53):
        return +value


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    check = parser.parse_args().check
    lines = ["lambda,kappa0,kappa1"]
    for argument in arguments():
        x = mp.mpf(argument)
        lines.append(",".join(bits(v) for v in (argument, nearest(kappa0(x)), nearest(kappa1(x)))))
    text = "\n".join(lines) + "\n"
    print(f"{len(lines) - 1} arguments")
    if not check:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(text, encoding="utf-8")
    elif TARGET.read_text(encoding="utf-8") != text:
        sys.exit(f"{TARGET.name} differs from what this script computes: run it without --check")


if __name__ == "__main__":
    main()
