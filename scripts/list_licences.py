#!/usr/bin/env python3
"""Writes docs/licences.md: the licence of everything that ragapp is tested with, from the packages' own metadata.

Run it in the environment that constraints.txt was installed into; ``--check`` only says whether the file is current.
"""

from __future__ import annotations

import argparse
import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "licences.md"
INTRO = """# Licences

What ragapp is tested with, by `constraints.txt`, and the licence that each package states of itself. Made by
`scripts/list_licences.py`. ragapp itself is Apache-2.0; `ragapp models show NAME` tells that of a
model pack.

| package | version | licence |
|---|---|---|
"""
_CLASSIFIER = "License :: "
# what a text of a licence begins with, where a package holds the text in place of its name
_TEXTS = (
    ("Apache License", "Apache-2.0"),
    ("MIT License", "MIT"),
    ("Permission is hereby granted, free of charge", "MIT"),
    ("Redistribution and use in source and binary forms", "BSD"),
    ("Mozilla Public License", "MPL-2.0"),
)


def pinned() -> dict[str, str]:
    """Version by package name, as constraints.txt has them."""
    lines = (line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines())
    return dict(line.split("==") for line in lines if line)


def licence_of(name: str) -> str:
    """What an installed package says of its licence; empty where it is not installed or says nothing."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    classifiers = [value.rsplit(" :: ", 1)[-1] for value in about.get_all("Classifier", []) if _CLASSIFIER in value]
    stated = about.get("License-Expression") or about.get("License") or ""
    if len(stated) > 80 or "\n" in stated:
        stated = next((short for start, short in _TEXTS if start in stated), "")
    if stated.upper() in ("", "UNKNOWN", "DUAL LICENSE"):
        stated = ", ".join(name for name in classifiers if name != "OSI Approved")
    return re.sub(r"\s+", " ", stated.replace("|", "/")).strip() or _from_files(name)


def _from_files(name: str) -> str:
    for file in metadata.files(name) or ():
        if re.search(r"licen[cs]e|copying", file.name, re.IGNORECASE):
            text = file.locate().read_text("utf-8", "replace")
            for start, short in _TEXTS:
                if start in text:
                    return short
    return ""


def build(before: str) -> str:
    """The file's text; what is not installed here keeps what an earlier run found."""
    known = {row[0]: row[2] for row in (line.strip("| ").split(" | ") for line in before.splitlines()) if len(row) == 3}
    rows = []
    for name, version in sorted(pinned().items(), key=lambda item: item[0].lower()):
        licence = licence_of(name) or known.get(name, "")
        rows.append(f"| {name} | {version} | {licence or '?'} |")
    return INTRO + "\n".join(rows) + "\n"


def main() -> int:
    """Write or check the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the file is current")
    arguments = parser.parse_args()
    before = TARGET.read_text("utf-8") if TARGET.is_file() else ""
    text = build(before)
    if arguments.check:
        return int(text != before)
    TARGET.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
