"""What is said of mistakes: the same everywhere, in plain words, as JSON where JSON is asked for; help is never cut.

When Typer has changed and tests fail here, look at ``ragapp/cli/typer_adapter.py``.
"""

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from storekit import WordEmbedder, identity_of, put_text
from test_commands import commands

from ragapp.cli import output
from ragapp.cli.typer_adapter import first_line
from ragapp.errors import PathError
from ragapp.index.store import Store

# words of Python and of its libraries, which nobody should have to read
FOREIGN = re.compile(
    r"Traceback|\[Errno|\w+Error\b|\w+Exception\b|Value error|Input should|unable to parse"
    r"|GetPassWarning|<class |object at 0x"
    r"|\b1 (passages|documents|questions|chunks|files|pages|units|answers)\b"
)
MISTAKES = [
    (["serch", "x"], 2, ["no command 'serch'", "Did you mean: ragapp search"]),
    (["list"], 2, ["ragapp documents list"]),
    (["serve"], 2, ["ragapp ui"]),
    (["What is paid?"], 2, ['ragapp ask "What is paid?"']),
    (["notes.txt"], 2, ["ragapp ingest notes.txt"]),
    (["documents", "lst"], 2, ["no command 'lst' of ragapp documents", "ragapp documents list"]),
    (["xyzzy"], 2, ["See: ragapp --help"]),
    (["ask", "--jsn", "x"], 2, ["no option --jsn of ragapp ask", "--json"]),
    (["ask", "--zzz", "x"], 2, ["See: ragapp ask --help"]),
    (["ask", "what", "is", "paid"], 2, ['ragapp ask "what is paid"']),
    (["search", "what", "is", "paid"], 2, ['ragapp search "what is paid"']),
    (["search"], 2, ["ragapp search needs QUERY", 'Example: ragapp search "notice period"']),
    (["search", "x", "-k"], 2, ["-k needs a value"]),
    (["search", "x", "-k", "many"], 2, ["-k: a whole number is needed"]),
    (["search", "x", "-k", "0"], 2, ["-k: it must be at least 1"]),
    (["search", "x", "-k", "1.5"], 2, ["-k: a whole number is needed"]),
    (["ask", "x", "--caution", "much"], 2, ["--caution", "low", "normal", "high"]),
    (["ask", "x", "--json=1"], 2, ["--json takes no value"]),
    (["ask", "x", "--conversation", "one"], 2, ["'one' is not the number of a conversation"]),
    (["models", "tune", "--seconds", "1"], 2, ["--seconds: it must be at least 5"]),
    (["conversations", "show", "one"], 2, ["ID: a whole number is needed"]),
    (["conversations", "show", "99999999999999999999"], 1, ["no conversation 99999999999999999999"]),
    (["documents", "show", "99999999999999999999"], 1, ["no document 99999999999999999999"]),
    (["documents", "show", ""], 1, ["no document"]),
    (["documents", "remove", "not-there.pdf"], 1, ["no document named not-there.pdf"]),
    (["eval", "folder"], 1, ["folder cannot be read: it is a folder"]),
    (["eval", "missing.jsonl"], 1, ["missing.jsonl cannot be read: there is no such file"]),
    (["eval", "binary.jsonl"], 1, ["binary.jsonl cannot be read: it is not text in UTF-8"]),
    (["eval", "list.jsonl"], 2, ["list.jsonl line 1"]),
    (["eval", "broken.jsonl"], 2, ["broken.jsonl line 1", "it is not valid JSON"]),
    (["--settings", "folder", "documents", "list"], 1, ["folder"]),
    (["--settings", "binary.jsonl", "documents", "list"], 1, ["binary.jsonl cannot be read: it is not text in UTF-8"]),
    (["models", "show", "a\x00b"], 1, ["ragapp: "]),
    (["models", "show", "folder"], 1, ["folder"]),
    (["models", "use", "notes.txt"], 1, ["notes.txt"]),
    (["models", "verify", "a/b"], 1, ["a/b"]),
    (["completion", "tcsh"], 2, ["tcsh", "bash", "zsh", "fish"]),
]
IDS = [" ".join(arguments).replace("\x00", "NUL") for arguments, *_ in MISTAKES]


@pytest.fixture
def littered(home):
    """An installation without models, with things in it that are no questions, settings or models."""
    (home / "folder").mkdir()
    (home / "notes.txt").write_text("x", encoding="utf-8")
    (home / "binary.jsonl").write_bytes(b"\xff\xfe\x00\x01")
    (home / "list.jsonl").write_text("[1]\n", encoding="utf-8")
    (home / "broken.jsonl").write_text("{\n", encoding="utf-8")
    return home


@pytest.mark.parametrize(("arguments", "code", "says"), MISTAKES, ids=IDS)
def test_a_mistake_is_told_in_plain_words(ragapp, littered, arguments, code, says):
    got, out, err = ragapp(*arguments)
    assert (got, out) == (code, "")
    assert err.startswith("ragapp: ")
    assert not FOREIGN.search(err), err
    for text in says:
        assert text in err, err


@pytest.mark.parametrize(("arguments", "code", "says"), MISTAKES, ids=IDS)
def test_with_json_it_is_json_and_ends_alike(ragapp, littered, arguments, code, says):
    got, out, err = ragapp(*arguments, "--json")
    told = json.loads(out)
    assert got == told["exit_code"]
    assert got in (1, 2)
    assert set(told["error"]) >= {"message", "hint", "type", "code"}
    assert told["error"]["message"]
    # a person who looks at what went elsewhere is told, too
    assert told["error"]["message"].split("\n")[0].replace("\x00", "") in err
    assert not FOREIGN.search(told["error"]["message"] + told["error"]["hint"])


VARIABLES = [
    ("SERVER__PORT", "eighty", "`server.port` cannot be 'eighty': a whole number is needed"),
    ("SERVER__PORT", "0", "it must be at least 1"),
    ("RETRIEVAL__DENSE_WEIGHT", "often", "a number or 'auto' is needed"),
    ("LLM__THINKING", "perhaps", "true or false is needed"),
    ("ANSWER__CAUTION", "x", "'low', 'normal' or 'high' is needed"),
    ("INGEST__PASSWORDS", "hunter2", "RAGAPP_INGEST__PASSWORDS in the environment is not valid JSON"),
    ("INGEST__PASSWORDS", "{}", "`ingest.passwords` cannot be what it is: a list is needed"),
    ("LLM", "3", "names with values are needed"),
    ("LLM__MODL", "x", "`model`"),
]


@pytest.mark.parametrize(("name", "value", "says"), VARIABLES, ids=[f"{name}={value}" for name, value, _ in VARIABLES])
def test_variables_of_the_wrong_kind(ragapp, home, monkeypatch, name, value, says):
    monkeypatch.setenv(f"RAGAPP_{name}", value)
    code, _, err = ragapp("documents", "list")
    assert code == 1
    assert says in err
    assert "hunter2" not in err
    assert not FOREIGN.search(err)


@pytest.fixture
def stored(home):
    """Three documents, two of which are alike by name."""
    (home / "old").mkdir()
    with Store(home / "data", identity_of(WordEmbedder()), write=True) as store:
        for name in ("Travel policy 2025.pdf", "old/travel policy 2024.pdf", "2025"):
            put_text(store, WordEmbedder(), home / name, f"The text of {name}.")
    return home


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("1", "Travel policy 2025.pdf"),
        ("travel POLICY 2025.pdf", "Travel policy 2025.pdf"),
        ("policy 2024", "travel policy 2024.pdf"),
        ("old/", "travel policy 2024.pdf"),
        ("old/travel policy 2024.pdf", "travel policy 2024.pdf"),
        ("2025", "2025"),
    ],
)
def test_a_document_is_shown_by_a_part_of_its_name(ragapp, stored, typed, name):
    code, out, err = ragapp("documents", "show", typed, "--json")
    assert code == 0, err
    assert json.loads(out)["document"] == name


def test_where_several_fit_they_are_named(ragapp, stored):
    code, _, err = ragapp("documents", "show", "policy")
    assert code == 2
    assert "2 documents fit 'policy'" in err
    assert "1: Travel policy 2025.pdf" in err
    assert "2: old/travel policy 2024.pdf" in err
    code, _, err = ragapp("documents", "show", "travel policy 2023.pdf")
    assert (code, "Did you mean travel policy 202" in err.replace("Travel", "travel")) == (1, True)


def test_a_part_of_a_name_is_not_enough_to_remove(ragapp, stored):
    assert ragapp("documents", "remove", "policy 2024")[0] == 1
    assert len(json.loads(ragapp("documents", "list", "--json")[1])["documents"]) == 3
    code, out, _ = ragapp("documents", "remove", "2025", "Travel policy 2025.pdf", "2025", "--json")
    assert code == 0
    assert sorted(row["document"] for row in json.loads(out)["removed"]) == ["2025", "Travel policy 2025.pdf"]


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=[name for name, _ in commands()])
@pytest.mark.parametrize("width", [50, 80])
def test_help_is_whole_and_not_wider_than_the_terminal(ragapp, monkeypatch, name, command, width):
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, _ = ragapp(*name.split(), "--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= width + 2
    assert "..." not in out.replace("]...", "").replace("S...", "")
    assert not re.search(r"<(str|int|path|float)", out)


def test_the_overview_has_each_command_with_its_whole_sentence(ragapp, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = ragapp()
    assert (code, err) == (0, "")
    shown = " ".join(out.split())
    for name, command in commands():
        if " " not in name:
            assert f"{name} {first_line(command)}" in shown
    assert "ragapp demo" in out
    assert ragapp("documents")[0] == 2


def test_the_commands_in_the_docs_are_those_of_the_help(request):
    script = request.config.rootpath / "scripts" / "list_commands.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise")
def test_a_reader_that_goes_away_ends_it_quietly(stored):
    command = f'"{sys.executable}" -m ragapp documents list --json; echo "code $?" >&2'
    done = subprocess.run(["bash", "-c", f"({command}) | true"], cwd=stored, capture_output=True, text=True)
    assert done.stderr == "code 141\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
def test_a_full_disk_is_told(stored):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ragapp", "documents", "list"],
            cwd=stored,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, done.stderr) == (1, "ragapp: The output cannot be written: the disk is full.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="streams are closed by the shell")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_without_a_stream_it_does_its_work(stored, closed):
    command = f'"{sys.executable}" -m ragapp documents remove 1 {closed}'
    done = subprocess.run(["bash", "-c", command], cwd=stored, capture_output=True, text=True)
    assert (done.returncode, FOREIGN.search(done.stderr)) == (0, None)


def test_a_password_may_come_in_by_a_pipe(ragapp, home, monkeypatch):
    from ragapp.settings import load_settings
    from ragapp.web.passwords import is_password

    monkeypatch.setattr(sys, "stdin", io.StringIO("a long password\nsomething else\n"))
    code, _, err = ragapp("ui", "--set-password")
    assert (code, err) == (0, "")
    assert is_password("a long password", load_settings().server.password)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    code, _, err = ragapp("ui", "--set-password")
    assert (code, "nothing came in" in err) == (2, True)


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")
@pytest.mark.parametrize("typed", [b"\x03", b"\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_who_stops_at_a_question_changes_nothing(home, typed):
    import pty
    import time

    child, terminal = pty.fork()
    if not child:
        os.chdir(home)
        os.execv(sys.executable, [sys.executable, "-m", "ragapp", "ui", "--set-password"])
    shown = b""
    while b"Password of the page" not in shown:
        shown += os.read(terminal, 1024)
    time.sleep(0.5)
    os.write(terminal, typed)
    try:
        while piece := os.read(terminal, 1024):
            shown += piece
    except OSError:  # a terminal that nobody holds any more
        pass
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    assert b"Stopped; nothing was changed." in shown
    assert b"password" not in (home / "settings.yaml").read_bytes()


def test_ctrl_c_is_told_and_ends_with_its_own_code(ragapp, home, monkeypatch):
    import ragapp.cli.documents as command

    monkeypatch.setattr(command, "open_app", lambda *arguments, **options: os.kill(os.getpid(), signal.SIGINT))
    code, out, err = ragapp("documents", "list", "--json")
    assert (code, json.loads(out)["exit_code"], err) == (130, 130, "ragapp: Stopped.\n")


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (FileNotFoundError(2, "No such file or directory", "a.pdf"), 1, "a.pdf: there is no such file or folder."),
        (PermissionError(13, "Permission denied", "data"), 1, "data: your account may not do that"),
        (OSError(28, "No space left on device"), 1, "the disk is full."),
        (MemoryError(), 1, "not enough memory"),
        (RecursionError("maximum recursion depth exceeded"), 1, "a defect of ragapp"),
        (KeyError("a secret of a document"), 1, "a defect of ragapp"),
        (PathError("It is gone.", "Look."), 1, "ragapp: It is gone. Look."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_whatever_fails_is_told_in_words(ragapp, home, monkeypatch, tmp_path, error, code, says):
    import tempfile

    import ragapp.cli.documents as command

    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(command, "open_app", fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    got, _, err = ragapp("documents", "list")
    assert got == code
    assert says in err
    assert not FOREIGN.search(err)
    kept = list(tmp_path.glob("ragapp-error-*.txt"))
    assert len(kept) == ("defect" in says)
    for file in kept:  # what whoever mends it needs
        written = file.read_text(encoding="utf-8")
        assert type(error).__name__ in written
        assert "in fail" in written
        assert "secret" not in written
        assert sys.platform == "win32" or file.stat().st_mode & 0o077 == 0


def test_every_command_that_lists_or_changes_has_json():
    without = {name for name, command in commands() if not any("--json" in param.opts for param in command.params)}
    talking = {"chat", "demo", "ui", "mcp", "completion"}
    assert without <= talking | {"settings set", "settings unset", "token show", "token new"}


def test_counts_have_their_nouns():
    from ragapp.plain_words import counted

    assert [counted(n, "passage") for n in (0, 1, 2, 1200)] == [
        "0 passages",
        "1 passage",
        "2 passages",
        "1,200 passages",
    ]
    assert counted(2, "query", "queries") == "2 queries"
    assert output.CLOSED_PIPE == 128 + 13
