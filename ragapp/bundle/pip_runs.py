"""The person's own pip, with its index, proxy and certificates, on behalf of a bundle in the making."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from ragapp import guard
from ragapp.disk_usage import tree_size
from ragapp.errors import BundleError
from ragapp.models.sources import pip_reason, run_command

#: told of the bytes that a run has fetched so far
Fetched = Callable[[int], None]


class Pip:
    """Runs pip, with a folder for what it needs in passing."""

    def __init__(self, work: Path):
        self._work = work

    def run(self, arguments: list[str], wanted: str, fetched: Fetched, variables: dict[str, str] | None = None) -> str:
        """Run pip for what is wanted; why it could not bring it, in one line, empty where it did.

        Raises BundleError: pip is missing, or no index can be reached.
        """
        scratch, log = self._work / "scratch", self._work / "pip.log"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)), **(variables or {})}
        command = [sys.executable, "-m", "pip", *arguments, "--disable-pip-version-check", "--no-input"]
        # which hosts the person's pip is set up for is not known here
        with guard.allow_program(command):
            code = run_command(command, environment, log, lambda: fetched(tree_size(scratch)))
        shutil.rmtree(scratch, ignore_errors=True)
        if not code:
            return ""
        reason = pip_reason(log, wanted)
        if "index could not be reached" in reason or "pip is not installed" in reason:
            raise BundleError(
                f"The packages cannot be fetched: {reason}.", "Run it again when that is mended; it goes on."
            )
        return reason
