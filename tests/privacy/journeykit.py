"""Runs the journeys once for all proofs: alone in a network namespace and traced, where the system allows it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

from ragapp.privacy import OFFLINE_ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = [ROOT / "sample_docs" / name for name in ("travel-policy-2025.pdf", "onboarding-guide-sheffield.md")]
# words of a document and of a question that nothing else holds
CANARY, QUESTION_CANARY, UPLOAD_CANARY = "qzxvkw", "jqxzvb", "wkxzqj"
# what continuous integration demands, so that no proof is skipped there unseen
DEMANDED = {part.strip() for part in os.environ.get("TESTS_DEMAND", "").split(",")}
NAMESPACE = ["unshare", "--net"] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["unshare", "-r", "--net"]
TRACER = ["strace", "-f", "--seccomp-bpf", "-e", "trace=network", "-o"]


@dataclass
class Journey:
    """What came of it; ``seen`` and ``trace`` are None where the system does not allow the proof."""

    home: Path
    seen: dict | None
    trace: str | None


def _works(command: list[str]) -> bool:
    """Whether a command can be run here."""
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def need(what: str, there: bool, how: str) -> None:
    """Skip loudly where a proof cannot be made; fail where it is demanded."""
    if there:
        return
    message = f"NOT PROVEN that nothing leaves the machine: {how}"
    if what in DEMANDED:
        pytest.fail(message)
    warnings.warn(message, stacklevel=2)
    pytest.skip(message)


def _hides(name: str) -> bool:
    """Whether a variable keeps libraries quiet that ragapp itself must keep quiet; some are where CI is named."""
    ours = name in OFFLINE_ENVIRONMENT or name.startswith(("RAGAPP_", "HF_", "NO_PROXY"))
    return (
        ours or name in ("CI", "CONTINUOUS_INTEGRATION", "BUILD_ID", "BUILD_NUMBER", "TF_BUILD") or name.endswith("_CI")
    )


def _environment(home: Path, models: Path) -> dict[str, str]:
    """Settings that have everything written below ``home``, and a small model answer shortly."""
    for name in ("drop", "tmp"):
        (home / name).mkdir()
    return {
        **{name: value for name, value in os.environ.items() if not _hides(name)},
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYTHONPATH": str(ROOT),
        "RAGAPP_SETTINGS": str(ROOT / "settings.yaml"),
        "RAGAPP_PATHS__DATA": str(home / "data"),
        "RAGAPP_PATHS__INGEST": str(home / "drop"),
        "RAGAPP_PATHS__MODELS": str(models),
        "RAGAPP_EMBEDDING__MODEL": "all-minilm-l6-v2",
        "RAGAPP_LLM__MODEL": "smollm2-135m-instruct",
        "RAGAPP_LLM__CONTEXT": "1024",
        "RAGAPP_RETRIEVAL__PASSAGES": "1",
        "RAGAPP_ANSWER__THRESHOLD": "0",
        "RAGAPP_ANSWER__MAX_TOKENS": "16",
        "RAGAPP_RETRIEVAL__CONTEXT_TOKENS": "512",
    }


def travel(home: Path, models: Path) -> Journey:
    """Run the script with everything that it writes below ``home``."""
    environment = _environment(home, models)
    (home / "docs").mkdir()
    (home / "docs" / "canary.md").write_text(f"# Code words\n\nThe code word of the cellar is {CANARY}.\n", "utf-8")
    trace = home.parent / f"{home.name}.trace"
    isolated = _works([*NAMESPACE, "true"])
    traced = _works([*TRACER, os.devnull, "true"])
    command = [*(NAMESPACE if isolated else []), *([*TRACER, trace] if traced else [])]
    script = [sys.executable, ROOT / "tests" / "privacy" / "journey.py"]
    done = subprocess.run(
        [*command, *script, QUESTION_CANARY, home / "docs", *SAMPLES],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    return Journey(
        home, seen if isolated else None, trace.read_text(encoding="utf-8", errors="replace") if traced else None
    )


def visit(home: Path, browser_home: Path, models: Path, chromium: str | None, flags: list[str]) -> dict | None:
    """Run the script of the person with a browser; what it saw, None where the system does not allow it."""
    if not chromium or not _works([*NAMESPACE, "true"]):
        return None
    script = [sys.executable, ROOT / "tests" / "privacy" / "browse.py"]
    done = subprocess.run(
        [*NAMESPACE, *script, chromium, browser_home, json.dumps(flags), UPLOAD_CANARY, QUESTION_CANARY],
        env=_environment(home, models),
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=290,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
