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
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": path, **environment},
    )


def run_as_template(code: str, monkeypatch, tmp_path) -> str:
    """What code says that runs in place of the process that renders a file's chat template."""
    from ragapp.llm import sandbox

    (tmp_path / "child.py").write_text("input()\n" + code)
    monkeypatch.setattr(sandbox, "_CHILD", tmp_path / "child.py")
    answers = []
    chat = sandbox.Sandbox("x")
    real = chat._ask
    monkeypatch.setattr(chat, "_ask", lambda *request: answers.append(real(*request)))
    chat.start()
    chat.close()
    return answers[0]
