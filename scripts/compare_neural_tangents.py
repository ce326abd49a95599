#!/usr/bin/env python3
"""Times `ultrawide kernel` beside neural-tangents: same machine, same run, same images, both results checked.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/requirements.txt
    cargo build --release
    .venv/bin/python scripts/compare_neural_tangents.py --out comparison.json

What is timed: the NTK in f32, all layers trained, of random images of 3x32x32 pixels, in seconds per pair of images.
neural-tangents runs compiled (`jax.jit`), its compilation and first run left out, once for each tile size given; its best
tile counts, as a user would choose it. (It forms the four-dimensional covariance of every image with itself too, so a
larger tile costs less per pair, until memory gets in the way.) `ultrawide` computes more pairs in a run, because it
would be over too soon for the clock. The judge of both results is neural-tangents in f64, on the first pairs: its f32
alone would not do, for it is itself some 6e-4 off where it averages 2^20 entries.
"""

import argparse
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import jax
import numpy as np
import reference
from jax.experimental import enable_x64
from neural_tangents import stax

SHAPE = (3, 32, 32)
# The largest relative error that an f32 kernel of `ultrawide` may have. Wrong conventions show as 1e-2 and more.
AGREEMENT = 1e-5
# The images in each set of the comparison with f64.
JUDGED = {"cntk-v": 8, "cntk-gap": 2}
# What the report of a run calls the time spent on kernels alone.
REPORT_KEY = "kernel_seconds"


def channels_last(images):
    return np.moveaxis(images, 1, -1)


def neural_tangents_kernel(net, depth):
    """The compiled NTK of two arrays (n, P, Q, C)."""
    layers = []
    for _ in range(depth - 1):
        layers += [stax.Conv(1, (3, 3), padding="SAME"), stax.ABRelu(0, math.sqrt(2))]
    layers += [stax.GlobalAvgPool() if net == "cntk-gap" else stax.Flatten(), stax.Dense(1)]
    kernel = stax.serial(*layers)[2]
    return jax.jit(lambda x, y: kernel(x, y, "ntk"))


def time_neural_tangents(net, images, tiles, depth, repeats):
    """Per tile size the seconds per pair of every repeat, and the processor seconds, which tell a busy machine."""
    kernel = neural_tangents_kernel(net, depth)
    measured, busy = {}, {}
    for tile in tiles:
        x, y = (channels_last(a[:tile]) for a in images)
        kernel(x, y).block_until_ready()
        seconds, processor_seconds = [], []
        for _ in range(repeats):
            start, processor_start = time.perf_counter(), time.process_time()
            kernel(x, y).block_until_ready()
            seconds.append((time.perf_counter() - start) / tile**2)
            processor_seconds.append((time.process_time() - processor_start) / tile**2)
        measured[tile], busy[tile] = seconds, processor_seconds
        wall, used = (statistics.median(s) * 1e3 for s in (seconds, processor_seconds))
        print(f"{net}: neural-tangents, tile {tile}x{tile}: {wall:.4g} ms per pair, {used:.4g} ms of processors", flush=True)
    return measured, busy


def judge(net, images, depth):
    """The kernel of the first images in f64, and the largest relative error of neural-tangents in f32."""
    scale = reference.relation("gap" if net == "cntk-gap" else "vanilla", SHAPE)
    x, y = (channels_last(a[: JUDGED[net]]) for a in images)
    single = np.asarray(neural_tangents_kernel(net, depth)(x, y)) * scale
    with enable_x64():
        x, y = (a.astype(np.float64) for a in (x, y))
        double = np.asarray(neural_tangents_kernel(net, depth)(x, y)) * scale
    assert double.dtype == np.float64 and single.dtype == np.float32, "the two precisions are not what they should be"
    return double, relative_error(single, double)


def relative_error(value, exact):
    return float((abs(value - exact) / abs(exact)).max())


def run_ultrawide(arguments, net, x, y, depth, folder):
    """(kernel, seconds): the run's own account of its kernel time, or else that of the whole process."""
    paths = {name: folder / f"{name}.npy" for name in ("x", "y", "k")}
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    np.save(paths["x"], x)
    np.save(paths["y"], y)
    command = [arguments.binary, "kernel", "--x", paths["x"], "--y", paths["y"], "--out", paths["k"], "--net", net]
    command += ["--depth", depth, "--train", "all", "--kernel", "ntk", "--precision", "f32"]
    command += ["--threads", arguments.threads] if arguments.threads else []
    command += ["--report", report] if arguments.report else []
    start = time.perf_counter()
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    own = json.loads(report.read_text()) if report.exists() else {}
    inner = own.get(REPORT_KEY)
    return np.load(paths["k"]), wall, inner


def time_ultrawide(arguments, net, images, count, depth):
    """Seconds per pair of every repeat, and the kernel."""
    x, y = (a[:count] for a in images)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        # Start, files and thread pool, to be taken off a process that does not time its kernels itself.
        overhead = min(run_ultrawide(arguments, net, x[:1], y[:1], 2, folder)[1] for _ in range(3))
        seconds = []
        for _ in range(arguments.repeats):
            kernel, wall, inner = run_ultrawide(arguments, net, x, y, depth, folder)
            seconds.append((wall - overhead if inner is None else inner) / count**2)
    print(f"{net}: ultrawide, {count}x{count}: {statistics.median(seconds) * 1e3:.4g} ms per pair", flush=True)
    return seconds, kernel


def processor():
    """The processor's name, where the system tells it."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def compare(arguments, net, tiles, count):
    """One line of the table."""
    generator = np.random.default_rng(7)
    size = max([*tiles, count, JUDGED[net]])
    images = [generator.standard_normal((size, *SHAPE)).astype(np.float32) for _ in range(2)]
    theirs, busy = time_neural_tangents(net, images, tiles, arguments.depth, arguments.repeats)
    best = min(theirs, key=lambda tile: statistics.median(theirs[tile]))
    exact, error = judge(net, images, arguments.depth)
    row = {"net": net, "depth": arguments.depth}
    row["neural_tangents"] = {"seconds_per_pair": theirs, "tile": best, "median": statistics.median(theirs[best])}
    row["neural_tangents"] |= {"processor_seconds_per_pair": busy, "error": error}
    if not arguments.skip_ultrawide:
        ours, kernel = time_ultrawide(arguments, net, images, max(count, JUDGED[net]), arguments.depth)
        error = relative_error(kernel[: len(exact), : len(exact)], exact)
        row["ultrawide"] = {"seconds_per_pair": ours, "median": statistics.median(ours), "error": error}
        row["ratio"] = row["neural_tangents"]["median"] / row["ultrawide"]["median"]
    return row


def table(rows):
    yield "| kernel, depth | neural-tangents, per pair | ultrawide, per pair | ratio | error of neural-tangents | of ultrawide |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        theirs, ours = row["neural_tangents"], row.get("ultrawide")
        times = [f"{side['median'] * 1e3:.4g} ms" if side else "–" for side in (theirs, ours)]
        errors = [f"{side['error']:.1e}" if side else "–" for side in (theirs, ours)]
        ratio = f"{row['ratio']:.3g}" if ours else "–"
        yield "| " + " | ".join([f"{row['net']}, {row['depth']}", *times, ratio, *errors]) + " |"


def sizes(text):
    return sorted(int(word) for word in text.split(","))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="target/release/ultrawide")
    parser.add_argument("--skip-ultrawide", action="store_true", help="time neural-tangents alone")
    parser.add_argument("--report", action="store_true", help="ask the binary for a report and take its time from there")
    parser.add_argument("--threads", type=int, help="threads of ultrawide; neural-tangents takes what it finds")
    parser.add_argument("--depth", type=int, default=11)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--gap-tiles", type=sizes, default=[1, 2, 4], help="tile sizes of neural-tangents")
    parser.add_argument("--vanilla-tiles", type=sizes, default=[8, 32, 64], help="tile sizes of neural-tangents")
    parser.add_argument("--gap-images", type=int, default=64, help="images in each set of ultrawide")
    parser.add_argument("--vanilla-images", type=int, default=512, help="images in each set of ultrawide")
    parser.add_argument("--out", type=pathlib.Path, help="write the measurements to this JSON file")
    arguments = parser.parse_args()
    rows = [
        compare(arguments, "cntk-v", arguments.vanilla_tiles, arguments.vanilla_images),
        compare(arguments, "cntk-gap", arguments.gap_tiles, arguments.gap_images),
    ]
    machine = {"processor": processor(), "cores": os.cpu_count(), "threads": arguments.threads, "jax": jax.__version__}
    print("\n".join(["", f"{machine['processor']}, {machine['cores']} cores", *table(rows)]))
    if arguments.out:
        arguments.out.write_text(json.dumps({"machine": machine, "rows": rows}, indent=2) + "\n")
    wrong = [row["net"] for row in rows if "ultrawide" in row and not row["ultrawide"]["error"] <= AGREEMENT]
    if wrong:
        sys.exit(f"kernels of ultrawide with a relative error above {AGREEMENT}: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
