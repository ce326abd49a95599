"""Check the accuracies of the reports in a folder, and the slopes of an experiment; exit non-zero where one is off or missing.

usage: accuracies.py FOLDER
"""

import json
import pathlib
import sys

# Per report: the smallest accuracy allowed for each net and depth, in %. For CIFAR-10 these are the figures of the fused backends,
# whose bits are the same everywhere; the slack is one test image, for the regression's own rounding.
SLACK = {"digits": 0.0, "cifar-v": 0.1, "cifar-gap": 1.0}
LEAST = {
    "digits": {(net, depth): 99.0 for net in ("cntk-v", "cntk-gap", "cntk-lap") for depth in (3, 4, 6, 11, 21)},
    "cifar-v": {("cntk-v", depth): least for depth, least in {3: 33.1, 4: 34.3, 6: 36.1, 11: 35.8, 21: 35.1}.items()},
    "cifar-gap": {("cntk-gap", 3): 18.0, ("cntk-gap", 11): 19.0},
}


def check(path, least):
    """The number of figures that are missing or too small."""
    results = json.loads(path.read_text())["results"]
    found = {(row["net"].split("(")[0], row["depth"]): row["accuracy"] for row in results}
    bad = 0
    for (net, depth), wanted in least.items():
        accuracy = found.get((net, depth))
        good = accuracy is not None and 100 * accuracy >= wanted - SLACK[path.stem] - 1e-9
        shown = "missing" if accuracy is None else f"{100 * accuracy:.2f} %"
        print(f"{path.stem:10} {net:8} depth {depth:2}: {shown} (at least {wanted:.2f}) {'ok' if good else 'OFF'}")
        bad += not good
    return bad


def slopes(path):
    """The number of slopes whose interval misses −½, or holds 0 as well and so says nothing."""
    bad = 0
    for claim in json.loads(path.read_text())["claims"]:
        center, half = claim["found"]["center"], claim["found"]["half"]
        good = abs(center - claim["expected"]) <= half < abs(center)
        print(f"{path.parent.name} {claim['what']}: {center:.3f} ± {half:.3f} {'ok' if good else 'OFF'}")
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
    if (folder / "cifar-v.json").exists():
        bad += slopes(folder / "cifar-init" / "init.json")
    sys.exit(f"{bad} figures are off" if bad else 0)


main()
