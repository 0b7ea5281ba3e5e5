"""An answer in paragraphs, lists and tables, however its sentences come."""

import pytest

from ragapp.answer.layout import Item, Items, Paragraph, Row, Table, is_quotation, lay_out, plain_text, split_marks
from ragapp.contract import Answer, Citation, Passage, Sentence

TABLE = "| Role | Limit |\n|---|---|\n| Managers | 215 |\n| Staff | 175 |"


def said(text, *citations, supported=True):
    return Sentence(text, supported, citations)


def answer(*sentences, text=None, **fields):
    values = {"abstained": False, "confidence": 0.9, "sentences": sentences, **fields}
    return Answer("q", " ".join(one.text for one in sentences) if text is None else text, **values)


A, B = said("It is 175. [1]", 1), said("It is paid in May. [2]", 2)
HEAD, RULE = said("| | A | B |"), said("|---|:-:|---|")
FIRST, SECOND = said("| Price | 3 [1] | 4 [2] |", 1, 2), said("| Colour | red [1] | |", 1)
LAID = Table(("", "A", "B"), (Row(("Price", "3 [1]", "4 [2]")), Row(("Colour", "red [1]", ""))))


@pytest.mark.parametrize(
    ("made", "blocks"),
    [
        (answer(A, B), [Paragraph((A, B))]),
        (answer(A, B, text=f"{A.text}\n{B.text}"), [Paragraph((A,)), Paragraph((B,))]),
        (answer(A, B, text="of another version"), [Paragraph((A, B))]),
        (Answer("q", "Kept.", False, 0.5), [Paragraph((said("Kept."),))]),
        (
            answer(said("Two:"), said("- one [1]", 1), said("* two [2]", 2), text="Two:\n- one [1]\n* two [2]"),
            [Paragraph((said("Two:"),)), Items((Item((said("one [1]", 1),)), Item((said("two [2]", 2),))))],
        ),
        (
            answer(said("3. one"), said("7) two"), text="3. one\n7) two"),
            [Items((Item((said("one"),), 3), Item((said("two"),), 7)))],
        ),
        # a date is no list
        (answer(said("1. Mai ist frei. [1]", 1)), [Paragraph((said("1. Mai ist frei. [1]", 1),))]),
        # a table as a sentence a row, also where the head is no sentence, all of it is one, or no line is known
        (answer(HEAD, RULE, FIRST, SECOND, text="\n".join(one.text for one in (HEAD, RULE, FIRST, SECOND))), [LAID]),
        (answer(FIRST, SECOND, text="\n".join(one.text for one in (HEAD, RULE, FIRST, SECOND))), [LAID]),
        (answer(HEAD, RULE, FIRST, SECOND, text="else"), [LAID]),
        (answer(said("\n".join(one.text for one in (HEAD, RULE, FIRST, SECOND)), 1, 2)), [LAID]),
        (
            answer(A, FIRST, B, text=f"{A.text}\n{FIRST.text}\n{B.text}"),
            [Paragraph((A,)), Table((), (Row(("Price", "3 [1]", "4 [2]")),)), Paragraph((B,))],
        ),
        # a table of what the sentences say in other words
        (
            answer(
                said("A: it is red. [1]", 1),
                said("B: it is blue. [2]", 2),
                said("And so on. [2]", 2),
                said("C: it is green.", supported=False),
                text="| A | B |\n| --- | --- |\n| it is red. [1] | it is blue. [2] |\nAnd so on. [2]",
            ),
            [
                Table(("A", "B"), (Row(("it is red. [1]", "it is blue. [2]")),)),
                Paragraph((said("And so on. [2]", 2),)),
                Paragraph((said("C: it is green.", supported=False),)),
            ],
        ),
        # rows of several lengths; a citation that has no mark; one behind the last bar; what nothing states
        (
            answer(said("| a | b | c |", 1), said("| d |[2]", 2), said("| e | f |", supported=False), text="else"),
            [Table((), (Row(("a", "b", "c [1]")), Row(("d [2]", "", "")), Row(("e", "f", ""), False)))],
        ),
        (answer(said("| a \\| b | c |")), [Table((), (Row(("a | b", "c")),))]),
        (answer(said("|")), [Paragraph((said("|"),))]),
        (answer(said("")), [Paragraph((said(""),))]),
    ],
)
def test_sentences_stand_as_they_were_written(made, blocks):
    assert lay_out(made) == blocks


def test_a_quoted_row_has_the_names_of_its_columns():
    passage = Passage("a.md", "/a.md", 1, n=2, text=f"Limits\n{TABLE}\nEnd", score=1.0)
    row = said("| Staff | 175 | [2]", 2)
    (table,) = lay_out(answer(row, passages=(passage,)))
    assert table == Table(("Role", "Limit"), (Row(("Staff", "175 [2]")),))
    elsewhere = Passage("a.md", "/a.md", 1, n=1, text=TABLE, score=1.0)
    assert lay_out(answer(row, passages=(elsewhere,)))[0].header == ()


@pytest.mark.parametrize(
    ("text", "grade", "quoted"),
    [
        ("The desk books rooms. [1]", "likely", True),
        ("The desk  books\nrooms. [1]", "likely", True),
        ("The desk books cars. [1]", "likely", False),
        ("The desk books rooms. [1]", "answered", False),
    ],
)
def test_a_quotation_is_what_a_cited_passage_says_word_for_word(text, grade, quoted):
    citation = Citation("a.md", "/a.md", 1, n=1, quote="The desk\nbooks rooms.", start=0, end=21)
    assert is_quotation(answer(said(text, 1), citations=(citation,), grade=grade)) is quoted
    assert not is_quotation(answer(said(text, 2), citations=(citation,), grade=grade))


def test_a_refusal_is_no_quotation():
    assert not is_quotation(Answer("q", "No.", True, 0.1))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("£175 [1]", ["£175", 1]),
        ("£175 [1, 2] or [3]", ["£175", 1, 2, " or", 3]),
        ("[1]", [1]),
        ("", []),
        ("a[i]", ["a[i]"]),
    ],
)
def test_marks_are_told_from_words(text, pieces):
    assert split_marks(text) == pieces


def test_as_text_it_is_markdown_with_its_marks():
    lines = [A, said("- one", 1), HEAD, RULE, FIRST, said("Else.", supported=False)]
    made = answer(*lines, text="\n".join(one.text for one in lines))
    assert plain_text(made, "not found").split("\n") == [
        "It is 175. [1]",
        "- one",
        "",
        "|  | A | B |",
        "| --- | --- | --- |",
        "| Price | 3 [1] | 4 [2] |",
        "",
        "Else. (not found)",
    ]
