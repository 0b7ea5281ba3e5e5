"""What the tests of bundles share: a package index that is a folder."""

import os

import pytest


@pytest.fixture(autouse=True)
def index(tmp_path, monkeypatch):
    """The folder that pip takes its wheels from; nothing of this machine's own configuration holds."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in list(os.environ):
        if name.upper().startswith("PIP_"):
            monkeypatch.delenv(name)
    values = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return folder
