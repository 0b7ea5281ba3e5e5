"""Headings of PDFs without an outline, told by their type."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdfkit import PROSE, new_canvas, wrapped

from ragapp.reading.pages.layout import Line, Piece
from ragapp.reading.pages.type_headings import Above, heading_types, typed_sections
from ragapp.reading.pdf.reader import read_pdf

BODY, BOLD = ("Helvetica", 10), ("Helvetica-Bold", 10)
CHAPTER, SECTION = ("Helvetica-Bold", 16), ("Helvetica-Bold", 12)
TEXT = wrapped(PROSE, 4, 80)


def booklet(path: Path, pages: list[list[tuple[tuple[str, int], str]]], outline: str = "") -> list:
    """A PDF of lines in their type, each twice its size below the one before; the blocks that are read from it."""
    canvas = new_canvas(path)
    for page in pages:
        top = 790.0
        for (font, size), text in page:
            top -= (1.2 if (font, size) == BODY else 2.0) * size
            canvas.setFont(font, size)
            canvas.drawString(72, top, text)
        if outline and page is pages[0]:
            canvas.bookmarkPage("x")
            canvas.addOutlineEntry(outline, "x", 0)
        canvas.showPage()
    canvas.save()
    return [
        (unit.number, block.kind, block.headings, block.text) for unit in read_pdf(path).units for block in unit.blocks
    ]


def text(*lines: str) -> list[tuple[tuple[str, int], str]]:
    return [(BODY, line) for line in lines]


def headings(blocks: list) -> list[tuple[int, tuple[str, ...]]]:
    return [(page, path) for page, kind, path, _ in blocks if kind == "heading"]


def test_larger_and_bold_lines_are_headings_by_size(tmp_path):
    blocks = booklet(
        tmp_path / "plan.pdf",
        [
            [(CHAPTER, "1. Joining"), *text(*TEXT), (SECTION, "Who may join"), *text(*TEXT)],
            [*text(*TEXT), (CHAPTER, "2. Leaving"), (SECTION, "How to claim"), *text(*TEXT)],
        ],
    )
    assert headings(blocks) == [
        (1, ("1. Joining",)),
        (1, ("1. Joining", "Who may join")),
        (2, ("2. Leaving",)),
        (2, ("2. Leaving", "How to claim")),
    ]
    # what stands at the top of a page goes on below the headings of the page before
    assert next(path for page, kind, path, _ in blocks if page == 2 and kind == "text") == (
        "1. Joining",
        "Who may join",
    )


def test_bold_lines_of_the_same_size_are_headings_and_emphasis_is_none(tmp_path):
    blocks = booklet(
        tmp_path / "rules.pdf",
        [
            [(BOLD, "Article 1 – Opening hours"), *text(*TEXT), (BOLD, "Article 2 – Lending"), *text(*TEXT)],
            [
                *text("Send the signed form, before the end of the month, to the"),
                (BOLD, "Office of the Registrar"),
                *text("which keeps it for ten years.", *TEXT),
            ],
        ],
    )
    assert headings(blocks) == [(1, ("Article 1 – Opening hours",)), (1, ("Article 2 – Lending",))]


def test_a_heading_over_two_lines_is_one(tmp_path):
    pages = [[(SECTION, "Loans and withdrawals while you"), (SECTION, "still work here"), *text(*TEXT)]]
    pages.append([(SECTION, "Beneficiaries"), *text(*TEXT)])
    found = headings(booklet(tmp_path / "two.pdf", pages))
    assert found == [(1, ("Loans and withdrawals while you still work here",)), (2, ("Beneficiaries",))]


def test_what_stands_once_or_only_in_front_is_above_nothing(tmp_path):
    cover = [(("Helvetica-Bold", 24), "Savings Booklet"), *text("As in force on January 1, for all employees.")]
    contents = [(CHAPTER, "Contents"), *text("1. Loans . . . . . . . . . 3", "2. Taxes . . . . . . . . . 4")]
    foreword = [(CHAPTER, "Foreword"), *text(*TEXT)]
    rest = [(SECTION, "1. Loans"), *text(*TEXT), (SECTION, "2. Taxes"), *text(*TEXT)]
    found = headings(booklet(tmp_path / "front.pdf", [cover, contents, foreword, rest]))
    assert found == [(2, ("Contents",)), (3, ("Foreword",)), (4, ("1. Loans",)), (4, ("2. Taxes",))]


def test_an_outline_of_chapters_has_the_sections_below_them(tmp_path):
    first = [(CHAPTER, "Loans"), *text(*TEXT), (SECTION, "Terms"), *text(*TEXT), (SECTION, "Fees"), *text(*TEXT)]
    blocks = booklet(tmp_path / "chapters.pdf", [first, text(*TEXT)], outline="Loans")
    assert headings(blocks) == [(1, ("Loans",)), (1, ("Loans", "Terms")), (1, ("Loans", "Fees"))]
    assert [path for page, _, path, _ in blocks if page == 2] == [("Loans", "Fees")]


def test_an_outline_is_kept_to(tmp_path):
    pages = [[(SECTION, "Loans"), *text(*TEXT), (SECTION, "Taxes"), *text(*TEXT)]]
    assert headings(booklet(tmp_path / "outline.pdf", pages, outline="Loans")) == [(1, ("Loans",))]


@pytest.mark.parametrize(
    "lines",
    [
        text(*TEXT, *TEXT),
        # a poster: hardly anything is text that they could head
        [(CHAPTER, "Summer party"), (CHAPTER, "on Saturday at the mill"), *text("Bring a friend."), (CHAPTER, "Come")],
        # a label that ends as a sentence, one of dots, one of a figure
        [
            (SECTION, "Please note."),
            *text(*TEXT),
            (SECTION, "Total: . . . . . . ."),
            *text(*TEXT),
            (SECTION, "12"),
            *text(*TEXT),
        ],
    ],
    ids=["one type", "poster", "no titles"],
)
def test_no_headings_where_none_are(tmp_path, lines):
    assert headings(booklet(tmp_path / "none.pdf", [lines])) == []


def test_bold_cells_of_a_drawn_table_are_none(tmp_path):
    path = tmp_path / "table.pdf"
    canvas = new_canvas(path)
    top = 780.0
    for row in (["Total", ""], ["Rent", "100"], ["Sum", ""], ["Heat", "20"]):
        for column, cell in enumerate(row):
            canvas.rect(72 + 150 * column, top - 6, 150, 20)
            canvas.setFont(*(SECTION if not row[1] else BODY))
            canvas.drawString(76 + 150 * column, top, cell)
        top -= 20
    canvas.setFont(*BODY)
    for line in TEXT:
        top -= 14
        canvas.drawString(72, top - 30, line)
    canvas.showPage()
    canvas.save()
    assert all(block.kind != "heading" for block in read_pdf(path).units[0].blocks)


def test_lines_that_do_not_say_their_type_have_no_headings():
    lines = [Line([Piece(words, 0, 20.0 * n, 100, 20.0 * n + 10)]) for n, words in enumerate(["Loans", *TEXT])]
    types = heading_types([lines], [[False] * len(lines)])
    whole = [(0, 0, ())]
    assert typed_sections(lines, [False] * len(lines), types, whole, Above()) == (whole, Above())
