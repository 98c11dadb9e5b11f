"""Holds the tree of dependencies to deny.toml, offline: licences, sources, duplicates, and what is denied by name.

    cargo metadata --locked --format-version 1 --all-features | python3 .ci/tree.py deny.toml
"""

import json
import re
import sys
import tomllib
from collections import defaultdict


def allows(expression, allowed):
    """Evaluates an SPDX expression: `A/B` is an old way to write `A OR B`; an exception only adds permissions."""
    expression = re.sub(r"\s+WITH\s+[\w.-]+", "", expression.replace("/", " OR "))
    words = re.sub(r"[\w.+-]+", lambda word: word[0] if word[0] in ("AND", "OR") else str(word[0] in allowed), expression)
    return eval(words.replace("AND", "and").replace("OR", "or"), {"__builtins__": {}})


def main(path):
    with open(path, "rb") as file:
        rules = tomllib.load(file)
    packages = [package for package in json.load(sys.stdin)["packages"] if package["source"]]
    allowed = set(rules["licenses"]["allow"])
    skipped = {entry["crate"] for entry in rules["bans"]["skip"]}
    denied = set(rules["bans"]["deny"])
    faults = []
    versions = defaultdict(set)
    for package in packages:
        name = f"{package['name']}@{package['version']}"
        versions[package["name"]].add(package["version"])
        if not allows(package["license"] or "none", allowed):
            faults.append(f"{name}: licence {package['license']}")
        if not package["source"].startswith("registry+"):
            faults.append(f"{name}: from {package['source']}")
        if package["name"] in denied:
            faults.append(f"{name}: denied")
    for name, found in sorted(versions.items()):
        if len(found) > 1 and not any(f"{name}@{version}" in skipped for version in found):
            faults.append(f"{name}: more than one version, {', '.join(sorted(found))}")
    print(len(packages), "packages from registries,", len(faults), "faults", *faults, sep="\n")
    sys.exit(bool(faults))


main(sys.argv[1])
