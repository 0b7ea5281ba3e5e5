import os
import stat
from pathlib import Path

import pytest
import yaml

from ragapp.errors import SettingsError
from ragapp.setting_sources import decided_elsewhere, overridden_settings, setting_rows
from ragapp.settings import Settings, load_settings, remove_setting, write_setting


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
    ("llm:\n  context: 3\n", "llm.context", "at least 512, or 'auto'"),
    ("retrieval:\n  dense_weight: 1.5\n", "retrieval.dense_weight", "at most 1, or 'auto'"),
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


SHIPPED = "# top\nllm:\n  # why\n  model: old   # aside\n  context: 4096\n"


def test_what_a_person_changes_goes_into_a_file_of_its_own(tmp_path):
    file = write(tmp_path, SHIPPED)
    shipped = file.read_bytes()
    own = tmp_path / "settings.local.yaml"
    assert write_setting("llm", "model", "new.gguf", file) == own
    assert write_setting("retrieval", "passages", 6, file) == own
    assert file.read_bytes() == shipped
    settings = load_settings(file)
    assert (settings.llm.model, settings.llm.context, settings.retrieval.passages) == ("new.gguf", 4096, 6)
    assert yaml.safe_load(own.read_text(encoding="utf-8")) == {
        "llm": {"model": "new.gguf"},
        "retrieval": {"passages": 6},
    }
    assert remove_setting("llm", "model", file) == own
    assert load_settings(file).llm.model == "old"
    assert load_settings(file).retrieval.passages == 6


def test_the_persons_own_file_stands_between_the_shipped_one_and_profile_and_environment(tmp_path, monkeypatch):
    file = write(tmp_path, "llm:\n  seed: 1\n  threads: 1\n  context: 1000\n")
    write(tmp_path, "llm:\n  seed: 2\n  threads: 2\n  context: 2000\n", "settings.local.yaml")
    write(tmp_path, "llm:\n  seed: 3\n  threads: 3\n", "settings-big.yaml")
    monkeypatch.setenv("RAGAPP_PROFILE", "big")
    monkeypatch.setenv("RAGAPP_LLM__SEED", "4")
    llm = load_settings(file).llm
    assert (llm.seed, llm.threads, llm.context) == (4, 3, 2000)


def test_without_a_settings_file_the_persons_own_lies_where_the_data_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ragapp.settings.find_settings_file", lambda explicit=None: None)
    monkeypatch.setenv("HOME", str(tmp_path))
    before = load_settings().paths.data
    own = write_setting("llm", "seed", 5)
    assert own == tmp_path / ".ragapp" / "settings.local.yaml"
    assert load_settings().llm.seed == 5
    assert load_settings().paths.data == before


def test_a_wrong_value_of_the_persons_own_file_is_told_with_that_file(tmp_path):
    file = write(tmp_path, "llm:\n  seed: 1\n")
    write(tmp_path, "server:\n  port: eighty\n", "settings.local.yaml")
    with pytest.raises(SettingsError, match=r"settings\.local\.yaml: setting `server\.port`"):
        load_settings(file)


@pytest.mark.parametrize(
    ("section", "key", "value", "says"),
    [("llm", "modle", "x", "`model`"), ("lmm", "model", "x", "`llm`"), ("server", "port", 70000, "server.port")],
)
def test_what_cannot_be_set_is_refused_before_the_file_is_touched(tmp_path, section, key, value, says):
    file = write(tmp_path, "")
    with pytest.raises(SettingsError, match=says):
        write_setting(section, key, value, file)
    assert [path.name for path in tmp_path.iterdir()] == ["settings.yaml"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_who_may_read_the_settings_stays_and_with_a_password_nobody_else(tmp_path):
    shipped, file = write(tmp_path, ""), tmp_path / "settings.local.yaml"

    def mode_after(section, key, value):
        write_setting(section, key, value, shipped)
        return stat.S_IMODE(file.stat().st_mode)

    assert mode_after("llm", "context", 2048) == 0o600
    file.write_text("# mine\nllm:\n  context: 2048\n", encoding="utf-8")
    for n, mode in enumerate((0o644, 0o640, 0o600)):
        file.chmod(mode)
        assert mode_after("llm", "context", 1024 + n) == mode
    file.chmod(0o644)
    assert mode_after("server", "password", "scrypt$…") == 0o600
    assert mode_after("llm", "context", 512) == 0o600
    assert file.read_text(encoding="utf-8").startswith("# mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["settings.local.yaml", "settings.yaml"]


def test_where_settings_come_from(monkeypatch, tmp_path):
    file = write(tmp_path, "llm:\n  threads: 3\n  seed: 42\ningest:\n  passwords: [geheim]\n  workers: 3\n")
    write(tmp_path, "# mine\nanswer:\n  caution: high\n", "settings.local.yaml")
    monkeypatch.setenv("RAGAPP_ANSWER__MAX_TOKENS", "99")
    settings = load_settings(file, {"server": {"port": 9000}})
    overridden = overridden_settings(settings, file)
    assert overridden == {"server.port"}

    def rows():
        return {row.key: row for part in setting_rows(settings, file, overridden).values() for row in part}

    first = rows()
    told = {key: (row.value, row.source, Path(row.file).name, row.line, row.variable) for key, row in first.items()}
    assert told["llm.threads"] == (3, "file", "settings.yaml", 2, "")
    assert told["answer.caution"] == ("high", "local", "settings.local.yaml", 3, "")
    assert told["answer.max_tokens"] == (99, "environment", "", 0, "RAGAPP_ANSWER__MAX_TOKENS")
    assert told["server.port"] == (9000, "command", "", 0, "")
    # stands in the file, and is the default all the same
    assert told["llm.seed"] == (42, "default", "", 0, "")
    assert told["paths.data"][1] == told["retrieval.passages"][1] == "default"
    assert "geheim" not in str(first["ingest.passwords"].value)
    assert not any(row.pending for row in first.values())
    assert decided_elsewhere("answer", "max_tokens", file)
    assert not decided_elsewhere("llm", "threads", file)
    # what a file says since then holds from the next start on
    write_setting("llm", "threads", 5, file)
    file.write_text(file.read_text(encoding="utf-8").replace("workers: 3", "workers: 4"), encoding="utf-8")
    later = rows()
    assert [key for key, row in later.items() if row.pending] == ["ingest.workers", "llm.threads"]
    assert later["llm.threads"].value == 3
    assert later["server.port"].source == "command"


def test_a_profile_that_decides_is_told(monkeypatch, tmp_path):
    file = write(tmp_path, "")
    write(tmp_path, "llm:\n  threads: 2\n", "settings-big.yaml")
    monkeypatch.setenv("RAGAPP_PROFILE", "big")
    assert decided_elsewhere("llm", "threads", file) == str(tmp_path / "settings-big.yaml")
