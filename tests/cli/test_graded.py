"""How an answer is printed: its grade, why it is to be checked, tables and lists, and what is shown before it."""

import os
import sys

import pytest

from ragapp.cli.ask import say_answer, say_events, say_graded
from ragapp.contract import Answer, Citation, Place, Proved, Sentence, Stage
from ragapp.errors import CancelledError

QUOTE = Citation("a.pdf", "/a.pdf", 3, n=1, quote="It is £175.", start=0, end=11)


def answer(*texts, **fields):
    sentences = tuple(Sentence(text, not text.endswith("?"), (1,)) for text in texts)
    values = {"abstained": False, "confidence": 0.9, "sentences": sentences, "timings": {"total_s": 1.0}, **fields}
    return Answer("q", "\n".join(texts), **values)


@pytest.mark.parametrize(
    ("made", "printed"),
    [
        (answer("It is £175. [1]"), "✓ Answered\nIt is £175. [1]\n"),
        (
            answer("It is £175. [1]", grade="likely", doubt="Check it."),
            "! Likely: check the page\nCheck it.\nIt is £175. [1]\n",
        ),
        (
            answer("It is £175. [1]", grade="likely", citations=(QUOTE,)),
            "! Likely: check the page\n“It is £175. [1]”\n",
        ),
        (Answer("q", "Your documents do not say.", True, 0.1), "✗ Not in your documents\nYour documents do not say.\n"),
        (
            answer("It is £175. [1]", not_stated=("the waiting period", "who pays")),
            "✓ Answered\nIt is £175. [1]\nNot stated: the waiting period; who pays\n",
        ),
        (answer("Two:", "- one [1]", "- two?"), "✓ Answered\nTwo:\n- one [1]\n- two? (not found in the passages)\n"),
        (
            answer(
                "| | Paris | 東京 |", "|---|---|---|", "| Hotel, per night | €190 [1] | ¥9 [2] |", "| Tax | none | – |"
            ),
            "✓ Answered\n\tParis\t東京\nHotel, per night\t€190 [1]\t¥9 [2]\nTax\tnone\t– [1]\n",
        ),
        (answer("\x1b[31mred\x1b[0m", not_stated=("\x1b]0;x\x07day",)), "✓ Answered\nred\nNot stated: day\n"),
    ],
)
def test_an_answer_stands_below_its_grade(capsys, made, printed):
    say_graded(made)
    assert capsys.readouterr().out == printed


def test_a_note_is_printed_once(capsys):
    say_answer(answer("Hello.", basis="ragapp", note="This is no question about your documents."))
    assert capsys.readouterr().out.count("This is no question") == 1


def test_nothing_is_offered_for_a_likely_answer_but_its_page(capsys):
    say_answer(answer("It is £175. [1]", grade="likely", doubt="Check it.", citations=(QUOTE,)))
    out = capsys.readouterr().out
    assert "[1] a.pdf, p. 3\n    “It is £175.”" in out
    assert "--caution" not in out


def test_piped_the_answer_is_printed_once(capsys):
    made = answer("It is £175. [1]", citations=(QUOTE,))
    say_events(iter([Stage("writing"), Proved(made.sentences[0]), made]), "q")
    assert capsys.readouterr().out == "✓ Answered\nIt is £175. [1]\n\nSources:\n[1] a.pdf, p. 3\n    “It is £175.”\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")
def test_on_a_terminal_stages_and_what_is_proved_are_shown_until_the_answer_is_there(monkeypatch):
    import pty

    master, slave = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    made = answer("It is £175. [1]", "It is due in May. [1]", citations=(QUOTE,))
    events = [
        Stage("reading", 5, number=2, place=Place("travel.pdf", "/travel.pdf", 3)),
        *map(Proved, made.sentences),
        made,
    ]
    with os.fdopen(slave, "w", encoding="utf-8", newline="\n") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        say_events(iter(events), "q")
        terminal.flush()
        written = b""
        while not written.endswith("“It is £175.”\r\n".encode()):  # a terminal gives what it has by and by
            written += os.read(master, 65536)
    shown = written.decode()
    os.close(master)
    begun, last = shown.index("… reading travel.pdf, p. 3 (2 of 5) (0 s)"), shown.index("✓ Answered")
    early = shown.index("It is £175. [1] It is due in May. [1]", begun, last)
    assert shown.rindex("\x1b[2K", begun, last) > early  # taken away before the answer
    assert shown[last:].count("It is £175. [1]") == 1
    assert shown[last:].count("\x1b[1A") == 0


def test_what_was_proved_is_printed_where_no_answer_comes_any_more(capsys):
    def stopped():
        yield Proved(Sentence("It is £175. [1]", True, (1,)), (QUOTE,))
        raise CancelledError("Stopped.")

    with pytest.raises(CancelledError):
        say_events(stopped(), "q")
    assert capsys.readouterr().out == "It is £175. [1]\n\nSources:\n[1] a.pdf, p. 3\n    “It is £175.”\n"
