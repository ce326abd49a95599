#!/usr/bin/env python3
"""Mutation testing of the core: changes its source in one place at a time and looks whether a test notices.

    scripts/mutants.py                 all mutants: about three hours on two cores
    scripts/mutants.py --calls         those of method calls alone, an hour
    scripts/mutants.py --file dual     those of one file
    scripts/mutants.py --since COMMIT  operators in lines that have changed since then
    scripts/mutants.py --list          the mutants of method calls, without running them; fails if docs/mutants.md names others

cargo-mutants changes operators and what whole functions return. The recursions are written over a trait and know no operators:
their arithmetic is calls, `x.mul_add(y, z)`, which it leaves alone. So this script changes those as well, each to a call
of the same type. Survivors that docs/mutants.md does not explain make the script fail.

Needs cargo-mutants; those of method calls do without. Works in a copy; the tree is not touched.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
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
# The tests that take least to compile and to run first: they notice most.
STAGES = [
    ["--lib", "--test", "errors", "--test", "kappa", "--test", "sums", "--test", "tricks"],
    ["--test", "properties", "--test", "reference"],
    ["--test", "close", "--test", "passes"],
]

# Seconds after which a test is taken not to end.
TIMEOUT = 600


def mutants(files):
    """(file, name, mutated text) of every call that is changed. The name ends with the line of the source, which tells it from others of the file."""
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
            call, line = match[1], line.strip()
            for other in SWAPS.get(call, []):
                yield path, f"{at}: replace .{call} with .{other}: {line}", text[: match.start(1)] + other + text[match.end(1) :]
            if call in INSERTS:
                other = INSERTS[call]
                yield path, f"{at}: put .{other} before .{call}: {line}", text[: match.start() + 1] + f"{other}." + text[match.start() + 1 :]
            if call in DROPS and text[match.end()] == ")":
                yield path, f"{at}: drop .{call}(): {line}", text[: match.start()] + text[match.end() + 1 :]


def settings(tree):
    """The environment of whatever is compiled."""
    return {**os.environ, "CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_INCREMENTAL": "1", "CARGO_TARGET_DIR": str(tree / "target")}


def fails(command, tree, environment):
    """Whether the command fails, or does not end: a mutant may loop for ever."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=tree, env=environment, start_new_session=True, **quiet)
    try:
        return process.wait(timeout=TIMEOUT) != 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


def survives(tree):
    """Whether no test fails; None where the mutant does not compile."""
    environment = settings(tree) | {"RUSTFLAGS": "--cap-lints=allow"}
    if fails(["cargo", "build", "--offline", "-p", "ultrawide-core"], tree, environment):
        return None
    return not any(fails(["cargo", "test", "--offline", "-p", "ultrawide-core", *tests], tree, environment) for tests in STAGES)


def unplaced(name):
    """The name of a mutant without the place in the file, which moves."""
    return re.sub(r":\d+:\d+:", ":", name, count=1)


def explained():
    """The survivors that docs/mutants.md lists, by file, description and, of calls, line of the source."""
    text = (ROOT / "docs/mutants.md").read_text()
    # A table has its bars escaped.
    return {unplaced(entry).replace(r"\|", "|") for entry in re.findall(r"`(core/src/[^`:]*: [^`]*)`", text)}


def ambiguous():
    """The entries for calls in docs/mutants.md that are not those of one mutant each."""
    counts = Counter(unplaced(name) for _, name, _ in mutants(FILES))
    of_calls = [entry for entry in explained() if re.search(r": (replace|put|drop) \.", entry)]
    return [f"docs/mutants.md: {counts[entry]} mutants are called: {entry}" for entry in of_calls if counts[entry] != 1]


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


def operators(tree, files, since):
    command = ["cargo", "mutants", "-p", "ultrawide-core", "--in-place", "--no-shuffle", "--baseline=skip", f"--timeout={TIMEOUT}"]
    command += [option for name in files for option in ["--file", f"core/src/{name}.rs"]]
    command += ["--cap-lints=true", "--output", str(tree.parent)]
    if since:
        change = tree.parent / "change.diff"
        change.write_text(subprocess.run(["git", "diff", since, "--", "core/src"], cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        command += ["--in-diff", str(change)]
    for stage, tests in enumerate(STAGES):
        # Those that no test has noticed yet. The tests are named when they are compiled, too.
        chosen = [f"--cargo-arg={word}" for word in tests]
        subprocess.run([*command, *["--iterate"] * (stage > 0), *chosen], cwd=tree, env=settings(tree))
    missed = []
    for result in ["missed", "timeout"]:
        missed += (tree.parent / f"mutants.out/{result}.txt").read_text().splitlines()
    return missed


def complain(lines):
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--calls", action="store_true", help="only the mutants of method calls")
    parser.add_argument("--file", choices=FILES, help="only those of core/src/FILE.rs")
    parser.add_argument("--since", metavar="COMMIT", help="only mutants of operators in lines changed since this commit")
    parser.add_argument("--list", action="store_true", help="list the mutants of method calls and end")
    options = parser.parse_args()
    files = [options.file] if options.file else FILES
    if options.list:
        for _, name, _ in mutants(files):
            print(name)
        return complain(ambiguous())
    with tempfile.TemporaryDirectory() as folder:
        tree = copy(folder)
        missed = ([] if options.since else calls(tree, files)) + ([] if options.calls else operators(tree, files, options.since))
    known = explained()
    new = [name for name in missed if unplaced(name) not in known]
    return complain(ambiguous() + [f"survived, and docs/mutants.md does not say why: {name}" for name in new])


if __name__ == "__main__":
    sys.exit(main())
