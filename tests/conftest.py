"""What the tests share: offline switches, the real models fetched once, a store of the sample documents."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ragapp.privacy import go_offline

go_offline()

# a shell ignores Ctrl-C for what it runs in the background, and so would every process that a test stops by it
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
TEST_LLM = "smollm2-135m-instruct"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch):
    """A developer's own RAGAPP_ variables must not decide what the tests see."""
    for name in list(os.environ):
        if name.upper().startswith("RAGAPP_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """A folder with the real embedder and the small language model, kept between runs."""
    from ragapp.models.packs import get_pack
    from ragapp.models.pull import SilentProgress, pull_pack

    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ragapp-tests" / "models"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("all-minilm-l6-v2", TEST_LLM):
        pull_pack(get_pack(name), folder, hub_url="", use_hub=False, progress=SilentProgress())
    return folder


@pytest.fixture(scope="session")
def sample_store(models_dir, tmp_path_factory) -> Path:
    """A data folder into which the sample documents were taken; do not change it."""
    from ragapp.app import App
    from ragapp.settings import load_settings

    data = tmp_path_factory.mktemp("sample-store") / "data"
    overrides = {"paths": {"data": data, "models": models_dir}}
    with App(load_settings(ROOT / "settings.yaml", overrides), write=True) as app:
        report = app.pipeline.run([ROOT / "sample_docs"])
    assert report.count("failed") == 0
    assert report.count("indexed") == 12
    return data


@pytest.fixture
def sample_settings(models_dir, sample_store):
    """Settings on the sample store with the small language model."""
    from ragapp.settings import load_settings

    overrides = {"paths": {"data": sample_store, "models": models_dir}, "llm": {"model": TEST_LLM, "context": 2048}}
    return load_settings(ROOT / "settings.yaml", overrides)
