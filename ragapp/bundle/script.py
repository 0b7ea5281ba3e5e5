"""What ``install.py`` of a bundle does: the command line of the installer where there is no ragapp yet."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ragapp.bundle.installer import Installation
from ragapp.bundle.manifest import MANIFEST, damaged_files, read_manifest, sha256_of
from ragapp.errors import BundleError, RagappError

_EVERY_S = 10.0


def main(bundle: str) -> int:
    """Install the bundle, or only check it; the exit code.

    0 done; 1 could not, the message says why; 2 wrong usage; 130 stopped.
    """
    parser = argparse.ArgumentParser(
        prog="install.py", description="Installs ragapp from this folder, without network. To uninstall, delete FOLDER."
    )
    parser.add_argument("folder", nargs="?", metavar="FOLDER", help="where to; a new folder, or an installation")
    parser.add_argument("--check", action="store_true", help="check every byte of the bundle, and install nothing")
    parser.add_argument("--no-demo", action="store_true", help="do not ask a question in the end")
    parser.add_argument("--sha256", default="", help="of manifest.json, as it was told when the bundle was made")
    arguments = parser.parse_args()
    if not arguments.check and not arguments.folder:
        parser.error("FOLDER is missing: where to install it")
    try:
        _refuse_other_bundle(Path(bundle), arguments.sha256)
        if arguments.check:
            return _check(Path(bundle))
        installation = Installation(Path(bundle), Path(arguments.folder), _say, _Steps())
        installation.install()
        if not arguments.no_demo:
            installation.ask_demo()
        _say(f"Start it: {installation.launcher}. To uninstall it, delete {installation.folder}.")
    except RagappError as error:
        sys.stderr.write(f"ragapp: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("ragapp: Stopped; run it again, and it goes on.\n")
        return 130
    return 0


def _refuse_other_bundle(bundle: Path, expected: str) -> None:
    if not (bundle / MANIFEST).is_file():
        return
    actual = sha256_of(bundle / MANIFEST)
    if expected and actual != expected.strip().lower():
        raise BundleError(f"This is another bundle: SHA-256 of its manifest is {actual}.", "Have it copied again.")
    if not expected:
        _say(f"SHA-256 of the manifest, to compare with what was told when it was made: {actual}")


def _check(bundle: Path) -> int:
    manifest = read_manifest(bundle / MANIFEST)
    damaged = list(damaged_files(bundle, manifest, _Steps()))
    for name, status in damaged:
        _say(f"{status}: {name}")
    if not damaged:
        _say(f"{len(manifest.files)} files, {manifest.size / 1e9:.2f} GB: all as they were made.")
    return 1 if damaged else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class _Steps:
    """Shows how far a step is: on one line in a terminal, else by a line now and then."""

    def __init__(self) -> None:
        self._told, self._what = 0.0, ""

    def __call__(self, what: str, done: int, total: int) -> None:
        amount = f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB" if total else f"{done / 1e6:,.0f} MB"
        finished = bool(total) and done >= total
        now = time.monotonic()
        if what == self._what and not finished and now - self._told < (0.2 if sys.stderr.isatty() else _EVERY_S):
            return
        self._told, self._what = now, what
        end = "\n" if finished or not sys.stderr.isatty() else ""
        sys.stderr.write(f"\r{what}: {amount}   {end}" if sys.stderr.isatty() else f"{what}: {amount}\n")
        sys.stderr.flush()
