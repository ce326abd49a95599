#!/usr/bin/env python3
"""Times jobs beside what `ultrawide plan` says they take: docs/performance.md, "Cost before the run".

    cargo build --release
    scripts/compare_plan.py [--cifar10 DIR] [--tolerance 0.2]

A plan is that of a machine with nothing else to do, so a run is measured by the processor time of its process, divided by its threads. Each job
is planned before and after. Ends with 1 where a plan is off by more than the tolerance. Takes some five minutes of two cores.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def jobs(cifar10, folder):
    """Name and options of jobs that take a minute and more."""
    yield "digits, three nets, five depths", []
    if cifar10:
        data = ["--data", "cifar10", "--data-dir", cifar10]
        yield "CIFAR-10, CNTK-V, five depths, 1,000 / 10,000 images", [*data, "--net", "cntk-v", "--train-size", "1000"]
        sizes = ["--train-size", "100", "--test-size", "100"]
        stored = ["--store", f"{folder}/pooled.zarr"]
        yield "CIFAR-10, CNTK-GAP, depth 21, 100 / 100 images, stored", [*data, "--net", "cntk-gap", "--depth", "21", *sizes, *stored]


def planned(program, options, folder):
    report = f"{folder}/plan.json"
    subprocess.run([program, "plan", "--quiet", "--report", report, *options], check=True, stdout=subprocess.DEVNULL)
    plan = json.loads(pathlib.Path(report).read_text())
    return plan["seconds"], plan["threads"]


def measured(program, options):
    """Processor and wall seconds."""
    start = time.monotonic()
    process = subprocess.Popen([program, "run", "--quiet", *options], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{program} run {' '.join(options)} failed")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--cifar10", metavar="DIR", help="the folder with the files of CIFAR-10, for the jobs on them")
    parser.add_argument("--tolerance", type=float, default=0.2)
    options = parser.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    program, worst = ROOT / target / "release/ultrawide", 0.0
    print("| job | planned | processor time of the run / threads | error | wall time |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, words in jobs(options.cifar10, folder):
            # The store of the run does not exist yet when it is planned, and does afterwards: the second plan has one of its own.
            before, threads = planned(program, words, folder)
            processor, wall = measured(program, words)
            after, _ = planned(program, [word.replace("pooled", "again") for word in words], folder)
            errors = [plan / (processor / threads) - 1 for plan in (before, after)]
            worst = max([worst, *map(abs, errors)])
            told = ", ".join(f"{error:+.0%}" for error in errors)
            print(f"| {name} | {before:.1f} s, {after:.1f} s | {processor / threads:.1f} s | {told} | {wall:.0f} s |", flush=True)
    if worst > options.tolerance:
        sys.exit(f"a plan is off by {worst:.0%}")


main()
