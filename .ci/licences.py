"""Check the licences and the sources of all dependencies against deny.toml; exit non-zero where one is not allowed.

The same two lists that `cargo deny check licenses sources` reads, without the minutes that it takes to build that program.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib


# Not c/header, which runs cbindgen (MPL-2.0) to write a file and links nothing of it into anything.
WORKSPACES = [".", "firmware"]


def allowed(expression, allow):
    """Whether an SPDX expression can be met by allowed licences alone."""
    tokens = re.findall(r"[()]|[^\s()]+(?: WITH [^\s()]+)?", expression.replace("/", " OR "))
    words = {"(": "(", ")": ")", "OR": "or", "AND": "and"}
    return eval(" ".join(words.get(token, str(token in allow)) for token in tokens), {"__builtins__": {}})


def main():
    allow = set(tomllib.loads(pathlib.Path("deny.toml").read_text())["licenses"]["allow"])
    packages = {}
    for workspace in WORKSPACES:
        command = ["cargo", "metadata", "--locked", "--format-version", "1", "--manifest-path", f"{workspace}/Cargo.toml"]
        metadata = subprocess.run(command, check=True, capture_output=True, text=True)
        packages |= {package["id"]: package for package in json.loads(metadata.stdout)["packages"]}
    bad = []
    for package in packages.values():
        name = f"{package['name']} {package['version']}"
        if not package["license"] or not allowed(package["license"], allow):
            bad.append(f"{name}: licence {package['license']} is not allowed")
        if package["source"] and not package["source"].startswith("registry+"):
            bad.append(f"{name}: source {package['source']} is no registry")
    print(f"{len(packages)} packages")
    sys.exit("\n".join(bad) if bad else 0)


main()
