"""What a console shows of a pull."""

from __future__ import annotations

import sys

import pytest

from ragapp.models.progress import SilentProgress, console_progress


@pytest.mark.parametrize("terminal", [True, False])
def test_console_progress_writes_to_stderr_only(capsys, monkeypatch, terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    progress = console_progress()
    for total in (0, 100):
        progress.start("tiny", total, 0)
        progress.advance(100)
    progress.finish()
    progress.finish()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "tiny" in captured.err


def test_silent_progress_is_silent(capsys):
    progress = SilentProgress()
    progress.start("x", 1, 0)
    progress.advance(1)
    progress.finish()
    assert capsys.readouterr() == ("", "")
