from __future__ import annotations

import pytest

from ragapp.reading.pages.layout import Line, Piece
from ragapp.reading.pages.paragraphs import HYPHEN, dehyphenate, known_words, paragraphs


@pytest.mark.parametrize(
    ("text", "elsewhere", "whole"),
    [
        (f"reim{HYPHEN}bursement", "", "reimbursement"),
        (f"reim{HYPHEN}\nbursement", "", "reimbursement"),
        (f"Reise{HYPHEN}kosten", "", "Reisekosten"),
        (f"Marie{HYPHEN}Claude", "", "Marie-Claude"),
        (f"COVID{HYPHEN}19", "", "COVID-19"),
        (f"state-of-the{HYPHEN}art", "", "state-of-the-art"),
        (f"up{HYPHEN}to-date", "", "up-to-date"),
        (f"self{HYPHEN}employed", "", "self-employed"),
        (f"rendez{HYPHEN}vous", "", "rendez-vous"),
        (f"peut{HYPHEN}être", "", "peutêtre"),
        (f"peut{HYPHEN}être", "Il est peut-être là.", "peut-être"),
        (f"long{HYPHEN}term", "A long-term plan.", "long-term"),
        (f"over{HYPHEN}time", "Overtime is paid.", "overtime"),
        (f"SchwarzWeiß, Schwarz{HYPHEN}Weiß", "", "SchwarzWeiß, SchwarzWeiß"),
        (f"Geld{HYPHEN}und Sachleistungen", "", "Geld- und Sachleistungen"),
        (f"the end{HYPHEN}", "", "the end-"),
        ("nothing to do", "", "nothing to do"),
    ],
)
def test_words_broken_at_a_lines_end(text: str, elsewhere: str, whole: str) -> None:
    assert dehyphenate(text, known_words([text, elsewhere])) == whole


def stacked(*texts: str, width: float = 5.0, step: float = 12, start: float = 50) -> list[Line]:
    return [
        Line([Piece(text, start, 100 + step * row, start + width * len(text), 110 + step * row)])
        for row, text in enumerate(texts)
    ]


FULL = "The committee looked at the figures of the year and"


@pytest.mark.parametrize(
    ("lines", "made"),
    [
        ([FULL, "found them better than it had feared."], [f"{FULL} found them better than it had feared."]),
        ([FULL, "12 Tilthammer Road", "Sheffield"], [f"{FULL} 12 Tilthammer Road\nSheffield"]),
        (["Dear Ada,", FULL, "so on."], [f"Dear Ada,\n{FULL} so on."]),
        ([FULL, "• a list", "• goes on"], [f"{FULL}\n• a list\n• goes on"]),
        (
            ["1 Introduction . . . . . . . . . . . 1", "2 Method . . . . . . . . . . . . . . . 4"],
            ["1 Introduction . . . . . . . . . . . 1\n2 Method . . . . . . . . . . . . . . . 4"],
        ),
        (
            ["The plan covers what is due in the years 2024-", "2025 and no more."],
            ["The plan covers what is due in the years 2024-2025 and no more."],
        ),
    ],
)
def test_only_wrapped_lines_are_joined(lines: list[str], made: list[str]) -> None:
    assert paragraphs(stacked(*lines), 10) == made


def test_a_wider_gap_ends_a_paragraph() -> None:
    lower = stacked(FULL, "it shone.")
    lines = stacked(FULL, "it rained.") + [
        Line([Piece(line.text, line.x0, line.top + 36, line.x1, line.bottom + 36)]) for line in lower
    ]
    assert paragraphs(lines, 10) == [f"{FULL} it rained.", f"{FULL} it shone."]


def test_a_paragraph_goes_on_in_the_next_column() -> None:
    right = [
        Line([Piece(line.text, 350, line.top - 24, 350 + 5 * len(line.text), line.bottom - 24)])
        for line in stacked("found them good.", "So it went on.")
    ]
    made = paragraphs([*stacked(FULL.replace("year", "past"), FULL, FULL), *right], 10)
    assert made[0].endswith(f"{FULL} found them good.\nSo it went on.")


def test_nothing_makes_nothing() -> None:
    assert paragraphs([], 10) == []


def test_a_title_in_bold_is_a_paragraph_of_its_own_where_most_lines_are_not() -> None:
    lines = stacked(FULL, "found them good.", "Exclusions", "The plan does not cover:", "• moths", "• glass")
    assert paragraphs(lines, 10)[0].endswith("\nExclusions\nThe plan does not cover:\n• moths\n• glass")
    lines[2].pieces[0].bold = True
    assert paragraphs(lines, 10) == [
        f"{FULL} found them good.",
        "Exclusions",
        "The plan does not cover:\n• moths\n• glass",
    ]
    for line in lines:
        line.pieces[0].bold = True
    assert len(paragraphs(lines, 10)) == 1
