"""Completion in the real shells, of commands, options, documents and models; names are never taken for shell code."""

import os
import shutil
import subprocess
import sys

import pytest
from storekit import WordEmbedder, identity_of, put_text

from ragapp.index.store import Store

NAMES = (
    "travel policy 2025.pdf",
    "travel-policy-2024.docx",
    "a$(touch hacked)'\".txt",
    "b`touch hacked`\\",
    "旅行.pdf",
)


@pytest.fixture
def stored(home, tmp_path):
    """An installation with documents of odd names, and a command that completes in it."""
    with Store(home / "data", identity_of(WordEmbedder()), write=True) as store:
        for name in NAMES:
            put_text(store, WordEmbedder(), home / name, f"The text of {name}.")
    command = tmp_path / "bin" / "ragapp"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ragapp "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return home


def words(stored, *typed, shell="fish"):
    environment = {**os.environ, "_RAGAPP_COMPLETE": shell}
    result = subprocess.run(
        [sys.executable, "-m", "ragapp", *typed],
        cwd=stored,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.split("\t")[0] for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("typed", "among", "not_among"),
    [
        (["a"], ["ask"], ["search"]),
        ([""], ["ask", "documents", "completion"], ["list"]),
        (["documents", ""], ["list", "show", "remove"], ["ask"]),
        (["ask", "--"], ["--in", "--caution", "--json"], ["--force"]),
        (["ask", "--caution", ""], ["low", "normal", "high"], []),
        (["documents", "show", "trav"], list(NAMES[:2]), [NAMES[4]]),
        (["documents", "remove", "旅"], [NAMES[4]], [NAMES[0]]),
        (["ask", "--in", ""], list(NAMES), []),
        (["models", "pull", "q"], ["qwen2.5-coder-1.5b-instruct"], ["smollm2-135m-instruct"]),
        (["completion", ""], ["bash", "zsh", "fish"], []),
        (["ingest", ""], [], ["ask"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_a_word_could_become(stored, typed, among, not_among):
    found = words(stored, *typed)
    assert set(among) <= set(found)
    assert not set(not_among) & set(found)


def test_without_a_store_none_is_made(home):
    assert words(home, "documents", "show", "") == []
    assert not (home / "data").exists()


def test_broken_settings_are_no_noise(home):
    (home / "settings.yaml").write_text("llm: [\n", encoding="utf-8")
    assert words(home, "documents", "show", "") == []


def in_shell(stored, shell, line):
    """What a real shell offers for a line."""
    program = shutil.which(shell)
    if not program:
        pytest.skip(f"no {shell} here")
    scripts = {
        "bash": """
            source <(ragapp completion bash)
            eval "COMP_WORDS=($LINE)"
            [ "${LINE: -1}" = " " ] && COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _ragapp ragapp
            printf '%s\\n' "${COMPREPLY[@]}"
        """,
        "zsh": """
            autoload -Uz compinit; compinit -u -d "$PWD/.zcompdump"
            source <(ragapp completion zsh)
            compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -rl -- "$@" }
            words=("${(z)LINE}"); [[ $LINE == *" " ]] && words+=("")
            CURRENT=$#words
            _ragapp
        """,
        "fish": 'ragapp completion fish | source; complete -C "$LINE"',
    }
    path = f"{stored / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "LINE": line, "HOME": str(stored), "XDG_CONFIG_HOME": str(stored)}
    flags = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    result = subprocess.run(
        [program, *flags, "-c", scripts[shell]], cwd=stored, env=environment, capture_output=True, text=True, timeout=60
    )
    return [entry.split("\t")[0] for entry in result.stdout.splitlines()], result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_scripts_work_in_their_shells(stored, shell):
    found, told = in_shell(stored, shell, "ragapp documents sh")
    assert found == ["show"], told
    found, told = in_shell(stored, shell, "ragapp documents show trav")
    quoted = r"travel\ policy\ 2025.pdf" if shell == "bash" else "travel policy 2025.pdf"
    assert set(found) == {quoted, "travel-policy-2024.docx"}, told
    found, told = in_shell(stored, shell, "ragapp ask --in ")
    assert len(found) == len(NAMES), told
    assert not (stored / "hacked").exists()


def test_bash_puts_names_in_as_one_word(stored):
    found, _ = in_shell(stored, "bash", "ragapp documents show ")
    for name, typed in zip(sorted(NAMES), sorted(found), strict=True):
        back = subprocess.run(["bash", "-c", f"printf %s {typed}"], capture_output=True, text=True, check=True).stdout
        assert back in NAMES, name
