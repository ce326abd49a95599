#!/usr/bin/env python3
"""Times `ultrawide kernel` beside neural-tangents: same machine, same run, same images, results compared.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/requirements.txt
    cargo build --release
    .venv/bin/python scripts/compare_neural_tangents.py --out comparison.json

What is timed: the NTK in f32, all layers trained, of random images of 3x32x32 pixels, in seconds per pair of images.
neural-tangents runs compiled (`jax.jit`), its compilation and first run left out, once for each tile size given; its best
tile counts, as a user would choose it. (It forms the four-dimensional covariance of every image with itself too, so a
larger tile costs less per pair, until memory gets in the way.) `ultrawide` computes more pairs in a run, because it
would be over too soon for the clock; the first pairs are those of neural-tangents, and there the two must agree.
"""

import argparse
import json
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
from neural_tangents import stax

SHAPE = (3, 32, 32)
# Both work in f32. neural-tangents sums in one running f32, the largest error here.
AGREEMENT = 1e-4
# What the report of a run calls the time spent on kernels alone.
REPORT_KEYS = ("kernel_seconds", "seconds_kernel")


def neural_tangents_kernel(readout, depth):
    """The compiled NTK of two arrays (n, P, Q, C)."""
    layers = []
    for _ in range(depth - 1):
        layers += [stax.Conv(1, (3, 3), padding="SAME"), stax.ABRelu(0, np.sqrt(2))]
    layers += [stax.GlobalAvgPool() if readout == "gap" else stax.Flatten(), stax.Dense(1)]
    kernel = stax.serial(*layers)[2]
    return jax.jit(lambda x, y: kernel(x, y, "ntk"))


def time_neural_tangents(net, images, tiles, depth, repeats):
    """Per tile size the seconds per pair of every repeat; and the kernel of the largest tile, in the paper's scale."""
    readout = net.removeprefix("cntk-")
    kernel = neural_tangents_kernel(readout, depth)
    measured, value = {}, None
    for tile in tiles:
        x, y = (np.moveaxis(a[:tile], 1, -1) for a in images)
        value = np.asarray(kernel(x, y).block_until_ready())
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            kernel(x, y).block_until_ready()
            seconds.append((time.perf_counter() - start) / tile**2)
        measured[tile] = seconds
        print(f"{net}: neural-tangents, tile {tile}x{tile}: {statistics.median(seconds) * 1e3:.4g} ms per pair", flush=True)
    return measured, value * reference.relation("gap" if readout == "gap" else "vanilla", SHAPE)


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
    inner = next((own[key] for key in REPORT_KEYS if key in own), None)
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
    size = max([*tiles, count])
    images = [generator.standard_normal((size, *SHAPE)).astype(np.float32) for _ in range(2)]
    theirs, expected = time_neural_tangents(net, images, tiles, arguments.depth, arguments.repeats)
    best = min(theirs, key=lambda tile: statistics.median(theirs[tile]))
    row = {
        "net": net,
        "depth": arguments.depth,
        "neural_tangents": {"seconds_per_pair": theirs, "best_tile": best, "median": statistics.median(theirs[best])},
    }
    if not arguments.skip_ultrawide:
        ours, kernel = time_ultrawide(arguments, net, images, count, arguments.depth)
        shared = expected[:count, :count]
        difference = float((abs(kernel[: shared.shape[0], : shared.shape[1]] - shared) / abs(shared)).max())
        row["ultrawide"] = {"seconds_per_pair": ours, "images": count, "median": statistics.median(ours)}
        row["ratio"] = row["neural_tangents"]["median"] / row["ultrawide"]["median"]
        row["largest_relative_difference"] = difference
    return row


def table(rows):
    yield "| kernel | depth | neural-tangents, per pair | ultrawide, per pair | ratio | largest difference |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        theirs = f"{row['neural_tangents']['median'] * 1e3:.4g} ms"
        if "ultrawide" in row:
            ours = [f"{row['ultrawide']['median'] * 1e3:.4g} ms", f"{row['ratio']:.3g}"]
            ours.append(f"{row['largest_relative_difference']:.1e}")
        else:
            ours = ["–"] * 3
        yield "| " + " | ".join([row["net"], str(row["depth"]), theirs, *ours]) + " |"


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
    parser.add_argument("--gap-images", type=int, default=16, help="images in each set of ultrawide")
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
    apart = [row["net"] for row in rows if not row.get("largest_relative_difference", 0) <= AGREEMENT]
    if apart:
        sys.exit(f"the kernels differ by more than {AGREEMENT}: {', '.join(apart)}")


if __name__ == "__main__":
    main()
