#!/usr/bin/env python3
"""Mutation testing of the core: changes its source in one place at a time and looks whether a test notices.

    scripts/mutants.py                 all mutants: about three hours on two cores
    scripts/mutants.py --calls         those of method calls alone, an hour
    scripts/mutants.py --file dual     those of one file
    scripts/mutants.py --list          the mutants of method calls, without running them

cargo-mutants changes operators and what whole functions return. The recursions are written over a trait and know no operators:
their arithmetic is calls, `x.mul_add(y, z)`, which it leaves alone. So this script changes those as well, each to a call
of the same type. Survivors that docs/mutants.md does not explain make the script fail.

Needs cargo-mutants and cargo-nextest; those of method calls do without. Works in a copy; the tree is not touched.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = ["accumulate", "close", "coefficients", "conv", "dense", "dual", "error", "network", "number", "readout", "scale", "shape", "variance"]
# Calls and what takes their place; all of a line's have the same signature for every type they are used on.
SWAPS = {
    "add": ["sub"],
    "sub": ["add"],
    "mul": ["add"],
    "div": ["mul"],
    "mul_add": ["neg_mul_add", "mul_sub"],
    "mul_sub": ["mul_add"],
    "neg_mul_add": ["mul_add"],
    "min": ["max"],
    "max": ["min"],
    "saturating_add": ["saturating_sub"],
    "saturating_sub": ["saturating_add"],
    "saturating_mul": ["saturating_add"],
    "chunks_exact": ["rchunks_exact"],
    "first": ["last"],
    "last": ["first"],
    "any": ["all"],
    "all": ["any"],
}
# A call that is dropped: what it was called on remains.
DROPS = ["abs", "sqrt", "rev"]
# A call before which another is put: a condition that never holds.
INSERTS = {"select_negative": "abs()"}
# The runner that ends at the first failure, or the one that is always there.
RUN = ["nextest", "run"] if shutil.which("cargo-nextest") else ["test"]
# The quick tests first, unoptimised: they notice most. Then the others, which need the optimiser.
STAGES = [
    ({"CARGO_PROFILE_DEV_OPT_LEVEL": "0", "CARGO_PROFILE_DEV_DEBUG": "0"}, ["--lib", "--test", "errors", "--test", "passes", "--test", "sums"]),
    ({}, ["--test", "close", "--test", "kappa", "--test", "properties", "--test", "reference", "--test", "tricks"]),
]


def mutants(files):
    """(file, description, mutated text) of every call that is changed."""
    for name in files:
        path = ROOT / "core/src" / f"{name}.rs"
        text = path.read_text()
        end = text.find("#[cfg(test)]")
        for match in re.finditer(r"\.(\w+)\(", text[: end if end >= 0 else None]):
            start = text.rfind("\n", 0, match.start()) + 1
            line = text[start : text.find("\n", start)]
            if line.lstrip().startswith("//"):
                continue
            at = f"core/src/{name}.rs:{text.count(chr(10), 0, start) + 1}:{match.start() - start + 1}"
            call = match[1]
            for other in SWAPS.get(call, []):
                yield path, f"{at}: replace .{call} with .{other}", text[: match.start(1)] + other + text[match.end(1) :]
            if call in INSERTS:
                other = INSERTS[call]
                yield path, f"{at}: put .{other} before .{call}", text[: match.start() + 1] + f"{other}." + text[match.start() + 1 :]
            if call in DROPS and text[match.end()] == ")":
                yield path, f"{at}: drop .{call}()", text[: match.start()] + text[match.end() + 1 :]


def fails(command, tree, environment):
    """Whether the command fails, or does not end: a mutant may loop for ever."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=tree, env=environment, start_new_session=True, **quiet)
    try:
        return process.wait(timeout=300) != 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


def survives(tree):
    """Whether no test fails; None where the mutant does not compile."""
    for stage, (settings, tests) in enumerate(STAGES):
        environment = {**os.environ, **settings, "CARGO_TARGET_DIR": str(tree / f"target-{stage}"), "RUSTFLAGS": "--cap-lints=allow"}
        if fails(["cargo", "build", "--offline", "-p", "ultrawide-core"], tree, environment):
            return None
        if fails(["cargo", *RUN, "--offline", "-p", "ultrawide-core", *tests], tree, environment):
            return False
    return True


def explained():
    """The survivors that docs/mutants.md lists, by file and description, without line numbers: those move."""
    text = (ROOT / "docs/mutants.md").read_text()
    return {re.sub(r":\d+:\d+:", ":", entry) for entry in re.findall(r"`(core/src/[^`]*)`", text)}


def copy(folder):
    tree = Path(folder) / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("target", ".git"))
    return tree


def calls(tree, files):
    if not survives(tree):
        sys.exit("the tests fail without any mutant")
    missed, count = [], 0
    for path, name, text in mutants(files):
        file = tree / path.relative_to(ROOT)
        file.write_text(text)
        result = survives(tree)
        file.write_text(path.read_text())
        print({None: "unviable", False: "caught", True: "MISSED"}[result], name, flush=True)
        count += result is not None
        if result:
            missed.append(name)
    print(f"{count} mutants of calls, {len(missed)} survived")
    return missed


def operators(tree, files):
    missed = []
    for stage, (settings, tests) in enumerate(STAGES):
        command = ["cargo", "mutants", "-p", "ultrawide-core", "--in-place", "--no-shuffle", "--baseline=skip", "--timeout=120"]
        command += [option for name in files for option in ["--file", f"core/src/{name}.rs"]]
        command += ["--cap-lints=true", "--test-tool=nextest", "--output", str(tree.parent)] + ["--iterate"] * (stage > 0)
        subprocess.run([*command, "--", *tests], cwd=tree, env={**os.environ, **settings})
    for result in ["missed", "timeout"]:
        missed += (tree.parent / f"mutants.out/{result}.txt").read_text().splitlines()
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--calls", action="store_true", help="only the mutants of method calls")
    parser.add_argument("--file", choices=FILES, help="only those of core/src/FILE.rs")
    parser.add_argument("--list", action="store_true", help="list the mutants of method calls and end")
    options = parser.parse_args()
    files = [options.file] if options.file else FILES
    if options.list:
        for _, name, _ in mutants(files):
            print(name)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        tree = copy(folder)
        missed = calls(tree, files) + ([] if options.calls else operators(tree, files))
    known = explained()
    new = [name for name in missed if re.sub(r":\d+:\d+:", ":", name) not in known]
    for name in new:
        print(f"survived, and docs/mutants.md does not say why: {name}")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())
