"""Runs code in processes that are guarded as every command is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run_guarded(code: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    """Run code after what the ``ragapp`` command begins with."""
    return run_plain(f"import ragapp.__main__\n{code}", *arguments, **environment)


def run_plain(code: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    """Run code in a fresh Python that finds this ragapp."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": path, **environment},
    )  # fmt: skip
