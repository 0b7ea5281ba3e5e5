"""Tables: never wider than the terminal, no word broken that has room, every cell there; plain when piped."""

import io
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragapp.cli import output
from ragapp.cli.table import cells_of, fitted, plain, wrapped

COLUMNS = ("", "name", "size", "kind", "note", "path")
ROWS = [
    ("*", "qwen2.5-coder-1.5b-instruct", "1.04 GiB", "llm", "answers best", "models/qwen2.5-coder-1.5b-instruct.gguf"),
    ("", "旅行規程二〇二五年版", "465 MiB", "embedder", "", "models/旅行規程/二〇二五年版"),
]
CELL = st.text(st.sampled_from("abcde 旅é-/\u0301"), max_size=30)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("width", [200, 100, 80, 60, 40, 20])
def test_a_table_fits_the_terminal(width):
    header, body = fitted(COLUMNS, ROWS, width, drop=("kind", "note"), below="path", whole=("size",))
    assert max(map(cells_of, [*header, *body])) <= width
    text = re.sub(r"\s+", "", "".join(body))
    for row in ROWS:
        for must in (row[1], row[2].replace(" ", ""), row[5]):
            assert must in text


NAME = "qwen2.5-coder-1.5b-instruct"
FILE = f"models/{NAME}.gguf"
WIDTHS = [
    (120, "name size kind note path", f"*  {NAME}  1.04 GiB  llm       answers best  {FILE}"),
    (99, "name size note path", f"*  {NAME}  1.04 GiB  answers best  {FILE}"),
    (70, "name size kind note", f"*  {NAME}  1.04 GiB  llm       answers best"),
    (45, "name size", f"*  {NAME}  1.04 GiB"),
    (20, "", "*"),
]


@pytest.mark.parametrize(("width", "shown", "first"), WIDTHS)
def test_columns_go_by_their_importance(width, shown, first):
    header, body = fitted(COLUMNS, ROWS, width, drop=("kind", "note"), below="path", whole=("size",))
    assert " ".join("".join(header).split()) == shown
    assert body[0] == first
    if 20 < width < 99:
        assert body[1] == f"    {FILE}"


def test_wide_characters_stand_below_each_other():
    _, body = fitted(("a", "b"), [("東京", "x"), ("Rome", "x"), ("e\u0301te\u0301", "x")], 40)
    assert {cells_of(line.partition("x")[0]) for line in body} == {6}


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=4), st.integers(1, 90))
def test_no_line_is_wider_and_nothing_is_lost(rows, width):
    header, body = fitted(("one", "two", "three"), rows, width, below="three")
    if width > 1:  # a wide character takes two cells
        assert max(map(cells_of, [*header, *body]), default=0) <= max(width, 6)
    shown = sorted("".join("".join(body).split()))
    wanted = sorted("".join("".join("".join(row).split()) for row in rows))
    assert not set(wanted) - set(shown)
    assert all(shown.count(letter) >= wanted.count(letter) for letter in set(wanted))


@given(st.text(st.sampled_from("ab 旅\n"), max_size=60), st.integers(2, 20))
def test_words_are_broken_only_where_they_must(text, width):
    lines = wrapped(text, width)
    assert all(cells_of(line) <= width for line in lines if line.strip())
    if all(cells_of(word) <= width for word in text.split()):
        assert " ".join(lines).split() == text.split()


@pytest.mark.parametrize("columns", ["80", "200"])
def test_piped_there_are_tabs_and_no_padding(monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", columns)
    output.say_table(("id", "document", "note"), [(1, "a\tb\nc.pdf", ""), (22, "旅.pdf", "two words")])
    assert capsys.readouterr().out == "id\tdocument\tnote\n1\ta b c.pdf\t\n22\t旅.pdf\ttwo words\n"
    assert plain(("", ""), [("x", "y")]) == ["x\ty"]


@pytest.mark.parametrize("width", [40, 80])
def test_on_a_terminal_texts_are_wrapped_between_words(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    text = "The hotel limit for London is 175 pounds a night, and breakfast is paid for besides. " * 3
    output.say_text(f"- {text}", "    ")
    lines = terminal.getvalue().splitlines()
    assert all(len(line) <= width and line.startswith("    ") for line in lines)
    assert " ".join(terminal.getvalue().split()) == f"- {text}".strip()


def test_piped_a_text_stays_a_line(capsys):
    output.say_text("word " * 60)
    assert capsys.readouterr().out == "word " * 60 + "\n"
