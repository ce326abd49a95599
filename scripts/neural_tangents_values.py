#!/usr/bin/env python3
"""Writes host/tests/data: kernels by neural-tangents and by scripts/reference.py, for the tests to compare with.

    python3 -m venv .venv && .venv/bin/pip install -r scripts/requirements.txt
    .venv/bin/python scripts/neural_tangents_values.py            # rewrite the files
    .venv/bin/python scripts/neural_tangents_values.py --check    # fail if a file differs by more than rounding

`neural_tangents/` holds what neural-tangents computes in f64, scaled to the paper (see `reference.relation`). Before a file
is written its values are compared with scripts/reference.py, which shares no code with either. `reference/` holds cases
that neural-tangents has no option or no special treatment for, by scripts/reference.py alone: flip augmentation, black
pixels and black images, an image that stands in both sets or appears scaled. Those of `parallel.json` are known to about
1e-8 only, as told there.

Every file is one JSON object:

    shape     [C, P, Q], or [features] for a dense network
    filter    q (absent if dense)
    flip      whether the kernels are averaged over flipped copies of x (`reference/` only)
    depths    the depths, in the order of the results
    x, y      the images, nested as [n][C][P][Q], or [n][features]; every number is an f32
    results   one object per readout: {"readout": "vanilla" | "gap" | "lap1" | … | "dense",
              "nngp": [depth][n][m], "ntk": …, "ntk_hidden": …}

`ntk` trains all layers, `ntk_hidden` all but the first and the last.
"""

import argparse
import json
import pathlib
import sys

import jax
import numpy as np
import reference
from neural_tangents import stax

jax.config.update("jax_enable_x64", True)

TARGET = pathlib.Path(__file__).resolve().parent.parent / "host" / "tests" / "data"
DEPTHS = [2, 3, 4, 6, 11]
# shape, filter, readouts
CONVOLUTIONAL = [
    ((1, 1, 9), 3, ["vanilla", "gap", "lap1"]),
    ((1, 1, 9), 5, ["vanilla", "gap"]),
    ((3, 7, 5), 3, ["vanilla", "gap", "lap1", "lap2"]),
    ((3, 7, 5), 5, ["vanilla", "gap", "lap1"]),
    ((1, 12, 3), 3, ["vanilla", "gap", "lap2"]),
    ((1, 12, 3), 5, ["vanilla", "gap"]),
    ((3, 8, 8), 3, ["vanilla", "gap", "lap1", "lap4"]),
    ((3, 8, 8), 5, ["vanilla", "gap", "lap2"]),
]
FEATURES = 20
# The formulas' own conditioning: κ0 turns an error e in λ near ±1 into √e. The inputs are far from there.
AGREEMENT = 1e-12


def images(generator, count, shape):
    """Standard normal, rounded to 1/1024: exact in f32, and short in decimal."""
    return np.round(generator.standard_normal((count, *shape)) * 1024) / 1024


@stax.layer
def forget_tangent():
    """A layer that sets the tangent kernel to 0, as if the layers before it were not trained."""

    def init(key, shape):
        return shape, ()

    def apply(params, inputs, **_):
        return inputs

    @stax.requires()
    def kernel(k, **_):
        return k.replace(ntk=k.ntk * 0)

    return init, apply, kernel


def network(depth, q, readout, hidden):
    """The kernel function; with `hidden` the first layer's tangent kernel is dropped and no output layer is appended."""
    relu = stax.ABRelu(0, np.sqrt(2))
    width = 1  # of no consequence for the kernels
    if readout == "dense":
        weights, pooling = (lambda: stax.Dense(width)), []
    else:
        weights = lambda: stax.Conv(width, (q, q), padding="SAME")  # noqa: E731
        pooling = {"vanilla": [stax.Flatten()], "gap": [stax.GlobalAvgPool()]}.get(readout)
        if pooling is None:
            window = 2 * int(readout.removeprefix("lap")) + 1
            # With normalised edges the windows that overlap the border would weigh their fewer pixels more.
            pool = stax.AvgPool((window, window), (1, 1), padding="SAME", normalize_edges=False)
            pooling = [pool, stax.Flatten()]
    layers = [weights()] + ([forget_tangent()] if hidden else [])
    for _ in range(depth - 2):
        layers += [relu, weights()]
    layers += [relu, *pooling] + ([] if hidden else [stax.Dense(1)])
    return stax.serial(*layers)[2]


def neural_tangents(x, y, depths, readout, q):
    """{kernel: array of shape (depths, n, m)} in the paper's scale."""
    scale = reference.relation(readout, x.shape[1:])
    if readout != "dense":
        x, y = (np.moveaxis(images, 1, -1) for images in (x, y))
    result = {kernel: [] for kernel in reference.KERNELS}
    for depth in depths:
        full = network(depth, q, readout, hidden=False)(x, y, ("nngp", "ntk"))
        hidden = network(depth, q, readout, hidden=True)(x, y, "ntk")
        for kernel, value in zip(reference.KERNELS, (full.nngp, full.ntk, hidden)):
            result[kernel].append(np.asarray(value, dtype=np.float64) * scale)
    return {kernel: np.array(values) for kernel, values in result.items()}


def case(x, y, q, results, **more):
    shape = list(x.shape[1:])
    head = {"shape": shape} | ({} if q is None else {"filter": q}) | more | {"depths": DEPTHS}
    arrays = {"x": x.tolist(), "y": y.tolist()}
    readouts = [
        {"readout": name} | {kernel: value.tolist() for kernel, value in kernels.items()} for name, kernels in results
    ]
    return head | arrays | {"results": readouts}


def from_neural_tangents(generator):
    """(file name, contents) per shape and filter, after a comparison with the reference."""
    worst = 0.0
    for shape, q, readouts in [*CONVOLUTIONAL, ((FEATURES,), None, ["dense"])]:
        x, y = images(generator, 3, shape), images(generator, 2, shape)
        results = []
        for readout in readouts:
            theirs = neural_tangents(x, y, DEPTHS, readout, q)
            ours = reference.kernels(x, y, DEPTHS, readout, q)
            for kernel in reference.KERNELS:
                # Relative to the depth's largest value; at depth 2 every layer of ntk_hidden is frozen and all are 0.
                size = abs(ours[kernel]).max(axis=(1, 2), keepdims=True)
                error = (abs(theirs[kernel] - ours[kernel]) / np.where(size > 0, size, 1)).max()
                worst = max(worst, error)
                if not error < AGREEMENT:
                    sys.exit(f"{shape} filter {q} {readout} {kernel}: neural-tangents and the reference differ by {error:.1e}")
            results.append((readout, theirs))
        name = f"dense_{FEATURES}" if q is None else "x".join(map(str, shape)) + f"_q{q}"
        yield f"neural_tangents/{name}.json", case(x, y, q, results)
    print(f"neural-tangents and scripts/reference.py agree within {worst:.1e}, relative")


def from_reference(generator):
    """(file name, contents) of the cases that neural-tangents lacks."""

    def computed(x, y, q, readouts, flip=False):
        results = [(readout, reference.kernels(x, y, DEPTHS, readout, q, flip)) for readout in readouts]
        return case(x, y, q, results, **({} if q is None else {"flip": flip}))

    x, y = images(generator, 3, (3, 6, 5)), images(generator, 2, (3, 6, 5))
    yield "reference/flip.json", computed(x, y, 3, ["vanilla", "gap", "lap1"], flip=True)

    # A black border wider than the filter leaves pixels whose variance is 0 in the first layers; one image is all black.
    x, y = images(generator, 3, (2, 7, 6)), images(generator, 2, (2, 7, 6))
    x[0, :, :3], x[1], y[0, :, :, 2:] = 0, 0, 0
    yield "reference/black.json", computed(x, y, 3, ["vanilla", "gap", "lap1"])

    x = images(generator, 3, (2, 5, 6))
    y = np.stack([x[1], images(generator, 1, (2, 5, 6))[0], x[0]])
    yield "reference/same.json", computed(x, y, 3, ["vanilla", "gap", "lap2"])

    # λ is ±1 for the same pixel of a multiple, but no image is bitwise the other: the rounding error e of λ becomes √e.
    yield "reference/parallel.json", computed(x, np.stack([3 * x[0], -x[2]]), 3, ["vanilla", "gap", "lap2"])

    x = images(generator, 4, (FEATURES,))
    x[3] = 0
    yield "reference/dense.json", computed(x, np.stack([x[1], x[3]]), None, ["dense"])


def differs(old, new):
    """Whether two contents differ by more than the rounding of another machine's mathematics library."""
    if isinstance(new, dict):
        return old.keys() != new.keys() or any(differs(old[key], value) for key, value in new.items())
    if isinstance(new, list):
        return len(old) != len(new) or any(differs(a, b) for a, b in zip(old, new))
    return not np.isclose(old, new, rtol=1e-10, atol=1e-12) if isinstance(new, float) else old != new


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    check = parser.parse_args().check
    for cases in (from_neural_tangents(np.random.default_rng(1)), from_reference(np.random.default_rng(2))):
        for name, contents in cases:
            path = TARGET / name
            if check:
                if differs(json.loads(path.read_text()), contents):
                    sys.exit(f"{name} differs from what this script computes: run it without --check")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(contents, separators=(",", ":")) + "\n")
            print(name)


if __name__ == "__main__":
    main()
