import os
import subprocess
import sys

import pytest

from ragapp.privacy import OFFLINE_ENVIRONMENT, go_offline


def test_protection_overrides_what_was_set(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "True")
    go_offline()
    assert {name: os.environ[name] for name in OFFLINE_ENVIRONMENT} == OFFLINE_ENVIRONMENT


def test_a_command_is_offline_before_any_library_is_imported():
    code = (
        "import os, sys; os.environ['HF_HUB_OFFLINE'] = '0'; sys.argv = ['ragapp', '--version'];"
        "from ragapp.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "import huggingface_hub.constants as c; print(c.HF_HUB_OFFLINE, os.environ['ANONYMIZED_TELEMETRY'])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "True False"


@pytest.mark.real
def test_ingesting_and_searching_connect_to_nothing(models_dir, tmp_path):
    """Every socket that Python opens to another machine, or name that it looks up, would be caught here."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("The kettle is green.", encoding="utf-8")
    code = f"""
import sys
tried = []
def hook(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        tried.append((event, str(arguments[1:])))
sys.addaudithook(hook)
from pathlib import Path
from ragapp.privacy import go_offline
go_offline()
from ragapp.app import App
from ragapp.settings import load_settings
paths = {{"data": Path({str(tmp_path / "data")!r}), "models": Path({str(models_dir)!r})}}
settings = load_settings(None, {{"paths": paths,
                                "llm": {{"model": "smollm2-135m-instruct", "context": 1024}}}})
if __name__ == "__main__":
    with App(settings, write=True) as app:
        app.pipeline.run([Path({str(tmp_path / "docs")!r})])
        assert app.assistant.answer("What colour is the kettle?").passages
    print(tried)
"""
    script = tmp_path / "run.py"
    script.write_text(code, encoding="utf-8")
    result = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "[]"
