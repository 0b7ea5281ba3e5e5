"""Runs a command in this process, as the console script would."""

import sys

import pytest

from ragapp.cli.main import run


class Command:
    """Calls ``ragapp`` and keeps its exit code and output."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["ragapp", *map(str, arguments)])
        # it could never be taken off again, and other tests start browsers; tests/privacy runs guarded processes
        self._monkeypatch.setattr("ragapp.guard.install", lambda: None)
        code = 0
        try:
            run()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = self._capsys.readouterr()
        return code, out, err
