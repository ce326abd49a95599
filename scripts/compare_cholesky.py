#!/usr/bin/env python3
"""Times the Cholesky factorisation of this project beside SciPy's (LAPACK's, of OpenBLAS), in turn, in one run.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/requirements.txt
    cargo build --release -p ultrawide-benches
    .venv/bin/python scripts/compare_cholesky.py [--n 10000] [--rounds 5]

Both factor exp(-|i - j|/50) in place, in f64 and in f32, with all cores. SciPy's time is that of `scipy.linalg.cholesky` without
its check and without its copy; ours includes the copy of one triangle that keeps the kernel.
"""

import argparse
import pathlib
import statistics
import subprocess
import time

import numpy as np
import scipy.linalg

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent


def scipy_seconds(n, dtype):
    at = np.arange(n)
    matrix = np.empty((n, n), dtype=dtype, order="F")
    for column in range(n):
        matrix[:, column] = np.exp(-np.abs(at - column) / 50)
    start = time.perf_counter()
    scipy.linalg.cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--binary", default=str(REPOSITORY / "target/release/ultrawide-benches"))
    arguments = parser.parse_args()
    times = {name: [] for name in ["f64 ultrawide", "f64 scipy", "f32 ultrawide", "f32 scipy"]}
    for _ in range(arguments.rounds):
        command = [arguments.binary, "--factor", str(arguments.n)]
        double, single = map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
        times["f64 ultrawide"].append(double)
        times["f64 scipy"].append(scipy_seconds(arguments.n, np.float64))
        times["f32 ultrawide"].append(single)
        times["f32 scipy"].append(scipy_seconds(arguments.n, np.float32))
    operations = arguments.n**3 / 3e9
    print(f"scipy {scipy.__version__}, numpy {np.__version__}, n = {arguments.n}: median (best) of {arguments.rounds}")
    for name, seconds in times.items():
        median, best = statistics.median(seconds), min(seconds)
        rates = f"{operations / median:.1f} ({operations / best:.1f}) GFLOP/s"
        print(f"{name:<14} {median:.2f} ({best:.2f}) s  {rates}")


if __name__ == "__main__":
    main()
