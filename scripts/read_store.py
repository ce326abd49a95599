#!/usr/bin/env python3
"""Read one kernel matrix out of a tile store of ultrawide, as a NumPy array.

A store is an ordinary Zarr v3 group, so this needs no code of ultrawide:

    pip install "zarr>=3" numpy
    python scripts/read_store.py run.zarr                          # what is in it
    python scripts/read_store.py run.zarr train "ntk gap 21" k.npy # one matrix, saved

or, from Python,

    from read_store import read_matrix
    k = read_matrix("run.zarr", "train", "ntk gap 21")

Each array has the shape (outputs, rows, columns). A tile is one shard, each output
in it a chunk with its checksum, which zarr compares. The attribute `outputs` names
the outputs; where the attribute `symmetric` is "lower", only the tiles on and
below the diagonal are stored, and the rest is their mirror image. The settings
of the run are in the group's attribute `manifest`.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import zarr


def missing_tiles(path, name):
    """The tiles (i, j) of an array that have not been computed, and the number of all.

    Zarr reads a missing chunk as NaN, so they have to be looked for as files.
    """
    array = zarr.open_group(path, mode="r")[name]
    symmetric = array.attrs["symmetric"] == "lower"
    grid = [-(-length // tile) for length, tile in zip(array.shape, array.chunks)]
    tiles = [(i, j) for i in range(grid[1]) for j in range(i + 1 if symmetric else grid[2])]
    folder = Path(path) / name / "c" / "0"
    return [(i, j) for i, j in tiles if not (folder / str(i) / str(j)).is_file()], len(tiles)


def read_matrix(path, name, output):
    """One output of an array as a (rows, columns) matrix, symmetric arrays in full.

    `output` is an index or one of the names in the array's attribute `outputs`.
    """
    group = zarr.open_group(path, mode="r")
    if name not in group:
        raise ValueError(f"{path}: has no array {name!r}, only {group.attrs['arrays']}")
    array = group[name]
    names = array.attrs["outputs"]
    if output in names:
        output = names.index(output)
    elif not (isinstance(output, int) and 0 <= output < len(names)):
        raise ValueError(f"{path}: array {name} has no output {output!r}, only {names}")

    missing, count = missing_tiles(path, name)
    if missing:
        raise ValueError(f"{path}: {len(missing)} of {count} tiles of {name} are missing, the first is {missing[0]}")

    # One row of tiles at a time, of a symmetric array up to the diagonal: nothing is read that is not there.
    _, rows, cols = array.shape
    symmetric = array.attrs["symmetric"] == "lower"
    matrix = np.empty((rows, cols), dtype=array.dtype)
    tile = array.chunks[1]
    for start in range(0, rows, tile):
        stop = min(start + tile, rows)
        try:
            band = array[output, start:stop, : stop if symmetric else cols]
        except ValueError as error:  # A wrong checksum.
            raise ValueError(f"{path}: {name}, rows {start} to {stop - 1}: {error}") from error
        if not symmetric:
            matrix[start:stop] = band
            continue
        matrix[start:stop, :stop] = band
        matrix[:stop, start:stop] = band.T
        # The diagonal tile is stored in full and stays as it is.
        matrix[start:stop, start:stop] = band[:, start:stop]
    return matrix


def describe(path):
    """Print the manifest and the arrays of a store."""
    group = zarr.open_group(path, mode="r")
    print(json.dumps(group.attrs["manifest"], indent=2))
    for name in group.attrs["arrays"]:
        array = group[name]
        missing, count = missing_tiles(path, name)
        print(f"{name}: {array.shape} {array.dtype}, {count - len(missing)} of {count} tiles")
        for index, output in enumerate(array.attrs["outputs"]):
            print(f"  {index}: {output}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", help="folder of the store")
    parser.add_argument("array", nargs="?", help="name of an array, for instance train")
    parser.add_argument("output", nargs="?", default="0", help="name or index of an output (default: 0)")
    parser.add_argument("npy", nargs="?", help="file to save the matrix to")
    args = parser.parse_args()
    if args.array is None:
        describe(args.store)
        return
    output = int(args.output) if args.output.isdigit() else args.output
    try:
        matrix = read_matrix(args.store, args.array, output)
    except ValueError as error:
        sys.exit(f"error: {error}")
    if args.npy:
        np.save(args.npy, matrix)
    print(f"{args.array}: {matrix.shape} {matrix.dtype}, mean diagonal {np.diagonal(matrix).mean():.6g}")


if __name__ == "__main__":
    main()
