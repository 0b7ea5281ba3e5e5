import pytest
from commandkit import Command


@pytest.fixture
def ragapp(monkeypatch, capsys):
    """Call it with arguments; it gives exit code, stdout and stderr."""
    return Command(monkeypatch, capsys)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty installation: settings, nothing stored, no models; also the working folder."""
    (tmp_path / "settings.yaml").write_text("llm:\n  context: 2048\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def furnished(home, models_dir, monkeypatch):
    """An installation with a real embedder and the small language model, nothing stored."""
    monkeypatch.setenv("RAGAPP_PATHS__MODELS", str(models_dir))
    monkeypatch.setenv("RAGAPP_EMBEDDING__MODEL", "all-minilm-l6-v2")
    monkeypatch.setenv("RAGAPP_LLM__MODEL", "smollm2-135m-instruct")
    return home
