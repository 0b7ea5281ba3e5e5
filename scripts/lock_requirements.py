#!/usr/bin/env python3
"""Writes requirements.lock: every package of constraints.txt with the SHA-256 of the files that pip takes for it.

pip is asked what it would install here, with the person's own configuration; nothing is installed.  What an earlier run
on another system or Python found for the same version stays, so that the lock grows to cover what it was run on.
PyTorch is left out: its builds for processor and GPU have the same version and other hashes.

    python scripts/lock_requirements.py [--report FILE]     FILE is what `pip install --dry-run --report FILE` wrote
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
LEFT_OUT = ("torch",)
HEADER = """\
# Every package of constraints.txt with the SHA-256 of the files that may be installed for it, by
# scripts/lock_requirements.py. Names, versions and hashes only: any package index will do.
# Install PyTorch first, as the README says, then: pip install --require-hashes --no-deps -r requirements.lock
"""
_ENTRY = re.compile(r"^(\S+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)


def pinned() -> dict[str, str]:
    """Version by package name, as constraints.txt has them."""
    lines = (line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines())
    versions = dict(line.split("==") for line in lines if line)
    return {name: version for name, version in versions.items() if name not in LEFT_OUT}


def read_lock(text: str) -> dict[tuple[str, str], set[str]]:
    """Hashes by name and version."""
    return {
        (match[1], match[2]): set(re.findall(r"sha256:([0-9a-f]{64})", match[3])) for match in _ENTRY.finditer(text)
    }


def ask_pip(versions: dict[str, str]) -> dict:
    """What pip would install here."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, report = Path(folder, "wanted.txt"), Path(folder, "report.json")
        wanted.write_text("".join(f"{name}=={version}\n" for name, version in versions.items()), "utf-8")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet"]
        subprocess.run([*command, "--report", report, "-r", wanted], check=True)
        return json.loads(report.read_text("utf-8"))


def found_hashes(report: dict) -> dict[tuple[str, str], str]:
    """SHA-256 by name, as indexes compare names, and version."""
    return {
        (_plain(item["metadata"]["name"]), item["metadata"]["version"]): item["download_info"]["archive_info"][
            "hashes"
        ]["sha256"]
        for item in report["install"]
    }


def write_lock(versions: dict[str, str], report: dict, before: str) -> str:
    """The lock's text.

    Raises:
        SystemExit: pip found no file for a package.
    """
    known, found = read_lock(before), found_hashes(report)
    entries = []
    for name, version in sorted(versions.items(), key=lambda item: item[0].lower()):
        hashes = set(known.get((name, version), ()))
        hashes |= {sha256 for (other, at), sha256 in found.items() if (other, at) == (_plain(name), version)}
        if not hashes:
            raise SystemExit(f"pip found no {name}=={version}")
        entries.append(" \\\n".join([f"{name}=={version}", *(f"    --hash=sha256:{sha}" for sha in sorted(hashes))]))
    return HEADER + "\n".join(entries) + "\n"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Write the lock."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", type=Path, help="what pip has already reported")
    arguments = parser.parse_args()
    versions = pinned()
    report = json.loads(arguments.report.read_text("utf-8")) if arguments.report else ask_pip(versions)
    LOCK.write_text(write_lock(versions, report, LOCK.read_text("utf-8") if LOCK.is_file() else ""), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
