import os
import stat

import pytest
import yaml

from ragapp.errors import SettingsError
from ragapp.settings import Settings, load_settings, write_setting


def write(folder, text, name="settings.yaml"):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_the_shipped_file_holds_every_default_and_nothing_else(request, tmp_path):
    shipped = request.config.rootpath / "settings.yaml"
    values = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    defaults = Settings().model_dump(mode="json")
    assert values == defaults


def test_every_setting_in_the_shipped_file_has_a_comment(request):
    lines = (request.config.rootpath / "settings.yaml").read_text(encoding="utf-8").splitlines()
    commented = [line.split(":")[0].strip() for line in lines if "#" in line and line.startswith("  ")]
    for section in Settings.model_fields.values():
        for key in section.annotation.model_fields:
            if key not in {"model", "port", "hub_url"}:  # said in the section's own comment, or by their name
                assert key in commented, key


def test_order_of_sources(tmp_path, monkeypatch):
    file = write(tmp_path, "llm:\n  context: 1000\n  threads: 1\n  seed: 1\nretrieval:\n  passages: 2\n")
    write(tmp_path, "llm:\n  threads: 2\n  seed: 2\n", "settings-big.yaml")
    monkeypatch.setenv("RAGAPP_PROFILE", "big")
    monkeypatch.setenv("RAGAPP_LLM__SEED", "3")
    settings = load_settings(file, {"retrieval": {"passages": 9}})
    assert settings.llm.context == 1000
    assert settings.llm.threads == 2
    assert settings.llm.seed == 3
    assert settings.retrieval.passages == 9
    assert settings.retrieval.candidates == 50


def test_the_command_line_wins_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("RAGAPP_SERVER__PORT", "9000")
    assert load_settings(write(tmp_path, ""), {"server": {"port": 9001}}).server.port == 9001


def test_paths_are_relative_to_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    settings = load_settings(write(tmp_path, "paths:\n  data: store\n"))
    assert settings.paths.data == tmp_path / "store"
    assert settings.paths.models == tmp_path / "models"


BAD = [
    ("llm:\n  modell: x\n", "llm.modell", "model"),
    ("lmm:\n  model: x\n", "lmm", "llm"),
    ("llm: [1]\n", "llm", ""),
    ("- a\n", "sections", ""),
    ("llm:\n\tmodel: x\n", "line 2", ""),
    ("llm:\n  context: many\n", "llm.context", "many"),
    ("llm:\n  context: 3\n", "llm.context", "greater"),
    ("retrieval:\n  dense_weight: 1.5\n", "retrieval.dense_weight", "less"),
    ("paths: {data: [1]}\n", "paths.data", ""),
]


@pytest.mark.parametrize(("text", "names", "says"), BAD, ids=[text.split("\n")[0] for text, *_ in BAD])
def test_a_wrong_file_is_refused_by_name(tmp_path, text, names, says):
    file = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert names in str(caught.value)
    assert says in str(caught.value)
    assert "settings.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("RAGAPP_LMM__MODEL", "x", "llm"),
        ("RAGAPP_LLM__MODELL", "x", "model"),
        ("RAGAPP_LLM__CONTEXT", "many", "RAGAPP_LLM__CONTEXT"),
        ("RAGAPP_LLM", "x", "llm"),
        ("RAGAPP_PROFILE", "nowhere", "settings-nowhere.yaml"),
        ("RAGAPP_SETTINGS", "/nowhere/settings.yaml", "/nowhere/settings.yaml"),
    ],
)
def test_a_wrong_variable_is_refused_by_name(tmp_path, monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)
    file = None if name == "RAGAPP_SETTINGS" else write(tmp_path, "")
    with pytest.raises(SettingsError, match=says):
        load_settings(file)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_bytes(b"\xff\xfe\x00\x01\x80")
    with pytest.raises(SettingsError):
        load_settings(file)


def test_without_any_file_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ragapp.settings.find_settings_file", lambda explicit=None: None)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings().paths.data == tmp_path / ".ragapp" / "data"


def test_write_setting_keeps_comments_and_order(tmp_path):
    text = "# top\nllm:\n  # why\n  model: old   # aside\n  context: 4096\n"
    file = write(tmp_path, text)
    assert write_setting("llm", "model", "new.gguf", file) == file
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[:3] == text.splitlines()[:3]
    assert lines[3].split() == ["model:", "new.gguf", "#", "aside"]
    assert lines[4:] == text.splitlines()[4:]
    assert load_settings(file).llm.model == "new.gguf"


def test_write_setting_adds_a_missing_section(tmp_path):
    file = write(tmp_path, "# nothing yet\n")
    write_setting("embedding", "model", "other", file)
    assert load_settings(file).embedding.model == "other"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_who_may_read_the_settings_stays_and_with_a_password_nobody_else(tmp_path):
    file = tmp_path / "settings.yaml"

    def mode_after(section, key, value):
        write_setting(section, key, value, file)
        return stat.S_IMODE(file.stat().st_mode)

    file.write_text("# mine\nllm:\n  context: 2048\n", encoding="utf-8")
    for mode in (0o644, 0o640, 0o600):
        file.chmod(mode)
        assert mode_after("llm", "context", 1024) == mode
    file.chmod(0o644)
    assert mode_after("server", "password", "scrypt$…") == 0o600
    assert mode_after("llm", "context", 512) == 0o600
    assert file.read_text(encoding="utf-8").startswith("# mine")
    assert [path.name for path in tmp_path.iterdir()] == ["settings.yaml"]
