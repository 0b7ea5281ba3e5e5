"""What documents may try on the one who reads them."""

import ast
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragapp.cli import output
from ragapp.terminal_text import sanitize_json, sanitize_text

TERMINAL = [
    ("\x1b[31mred\x1b[0m", "red"),
    ("\x1b]0;new title\x07text", "text"),
    ("\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"),
    ("\x1b]52;c;cm0gLXJm\x07clipboard", "clipboard"),
    ("\x1bP1$r q\x1b\\report", "report"),
    ("\x1b_hidden\x1b\\shown", "shown"),
    ("\x9b2Jcleared", "cleared"),
    ("\x9d0;title\x9ctext", "text"),
    ("a\x1b[2K\rb", "ab"),
    ("\x1b[1;1H\x1b[2Jtop", "top"),
    ("\x1bcreset", "reset"),
    ("\x1b(0lines", "lines"),
    ("\x1b[?1049hother screen", "other screen"),
    ("cut \x1b", "cut "),
    ("cut \x1b[3", "cut "),
    ("never ended \x1b]0;title\nnext line", "never ended \nnext line"),
    ("back\x08\x08space\x7f", "backspace"),
    ("bell\x07 null\x00", "bell null"),
    ("invoice\u202efdp.exe", "invoicefdp.exe"),
    ("a\u2066b\u2069c", "abc"),
    ("tab\tand\nline, é ß 日本 🙂 stay", "tab\tand\nline, é ß 日本 🙂 stay"),
    ("array[0] = x; 3 [m]", "array[0] = x; 3 [m]"),
]


@pytest.mark.parametrize(("text", "shown"), TERMINAL)
def test_a_terminal_shows_and_does_nothing(text, shown):
    assert sanitize_text(text) == shown


@given(st.text(st.sampled_from("\x1b[]P_0;m\x07\\\x9b\x9c\x9dab\n\u202e"), max_size=30))
def test_nothing_is_left_that_a_terminal_acts_on(text):
    assert not set(sanitize_text(text)) & set("\x1b\x07\x9b\x9c\x9d\u202e")


def test_every_way_out_of_the_command_line_is_inert(capsys):
    attack = "\x1b]0;x\x07\x9b31mhi\u202e"
    output.say(attack)
    output.note(attack)
    output.say_table(["a"], [[attack]])
    output.say_json({"text": attack})
    out, err = capsys.readouterr()
    assert not set(out + err) & set("\x1b\x07\x9b\u202e")
    assert json.loads(out[out.index("{") :]) == {"text": attack}


def test_nothing_else_of_the_command_line_writes_to_the_terminal():
    folder = Path(output.__file__).parent
    writers = set()
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in ("print", "typer.echo", "typer.secho") or re.fullmatch(
                    r"sys\.std(out|err)\.write", called
                ):
                    writers.add((file.name, called))
    assert writers == {("output.py", "sys.stdout.write"), ("output.py", "sys.stderr.write")}


def test_json_stays_the_same_document():
    document = json.dumps({"a": "\x9b\x7f\u202e\u2069é"}, ensure_ascii=False)
    assert json.loads(sanitize_json(document)) == json.loads(document)
