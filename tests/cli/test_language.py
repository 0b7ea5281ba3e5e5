"""The language that commands speak: of the environment, of the settings; help, errors, notes."""

import os
import subprocess
import sys

import pytest

from ragapp.cli import language


def run(*arguments, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "RAGAPP_UI"))}
    command = [sys.executable, "-m", "ragapp", *arguments]
    return subprocess.run(command, env={**kept, **environment}, capture_output=True, text=True, encoding="utf-8")


@pytest.mark.parametrize(
    ("variables", "spoken"),
    [
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LC_MESSAGES": "fr_CA", "LANG": "en_GB"}, "fr"),
        ({"LANG": "ja_JP"}, "en"),
        ({}, "en"),
        ({"LANG": "en_GB", "RAGAPP_UI__LANGUAGE": "fr"}, "fr"),
        ({"LANG": "fr_FR", "RAGAPP_UI__LANGUAGE": "auto"}, "fr"),
    ],
)
def test_the_first_variable_that_is_set_decides(variables, spoken, monkeypatch):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "RAGAPP_UI__LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(language, "_chosen", "")
    assert language.terminal_language() == spoken


def test_the_settings_decide_before_the_environment(monkeypatch):
    monkeypatch.delenv("RAGAPP_UI__LANGUAGE", raising=False)
    monkeypatch.setenv("LC_ALL", "de_DE")
    monkeypatch.setattr(language, "_chosen", "")
    language.use_language("fr")
    assert language.spoken("Stopped.") == "Arrêté."
    language.use_language("auto")
    assert language.spoken("Stopped.") == "Stopped."


def test_an_error_is_told_in_french(tmp_path):
    done = run("--settings", str(tmp_path / "none.yaml"), "search", "x", LANG="fr_FR.UTF-8")
    assert done.returncode == 1
    assert "Aucun fichier de réglages" in done.stderr
    assert "There is" not in done.stderr


def test_the_settings_file_has_a_language(tmp_path):
    (tmp_path / "settings.yaml").write_text("ui: {language: fr}\npaths: {data: data, models: models}\n")
    done = run("--settings", str(tmp_path / "settings.yaml"), "search", "x", LANG="C")
    assert done.returncode == 1
    assert "ne se trouve pas dans" in done.stderr


def test_help_is_french():
    told = run("ask", "--help", LC_ALL="fr_FR.UTF-8").stdout
    assert "Répond à une question" in told
    assert "Afficher cette aide" in told
    assert "Show this" not in told
