from __future__ import annotations

import random

import pytest
from pdfkit import PROSE, wrapped

from ragapp.reading.pages.layout import Line, Piece, climbs, in_reading_order, merge_rows, rows_of, spans_columns
from ragapp.reading.pages.table_detection import find_tables

EM = 10.0


def at(x: float, y: float, text: str, width: float | None = None, height: float = EM) -> Piece:
    return Piece(text, x, y, x + (5 * len(text) if width is None else width), y + height)


def lines_of(*pieces: Piece) -> list[Line]:
    return [Line([piece]) for piece in pieces]


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


LEFT = [at(50, 100 + 12 * row, line) for row, line in enumerate(wrapped(PROSE, 12))]
RIGHT = [at(300, 106 + 12 * row, line) for row, line in enumerate(wrapped(PROSE[9:], 12))]


@pytest.mark.parametrize("seed", range(5))
def test_columns_of_prose_in_any_order_are_read_one_after_the_other(seed: int) -> None:
    title = at(50, 60, "A title over both columns", 450)
    foot = at(50, 300, "A line below both of them, as wide as they are", 450)
    pieces = [title, *LEFT, *RIGHT, foot]
    random.Random(seed).shuffle(pieces)
    wanted = [piece.text for piece in (title, *LEFT, *RIGHT, foot)]
    assert texts(in_reading_order(lines_of(*pieces), EM)) == wanted


@pytest.mark.parametrize("seed", range(5))
def test_rows_of_a_table_in_any_order_stay_rows(seed: int) -> None:
    cells = [(50, "Code"), (150, "Unit"), (250, "Price")], [(50, "A1"), (150, "box"), (250, "3.10")]
    cells += ([(50, "B2"), (150, "bag"), (250, "4.20")], [(50, "C3"), (150, "can"), (250, "5.30")])
    pieces = [at(x, 100 + 14 * row, text) for row, line in enumerate(cells) for x, text in line]
    random.Random(seed).shuffle(pieces)
    assert texts(in_reading_order(lines_of(*pieces), EM)) == [
        "Code Unit Price",
        "A1 box 3.10",
        "B2 bag 4.20",
        "C3 can 5.30",
    ]


def test_lines_that_cross_columns_are_noticed() -> None:
    together = [Line([a, at(300, a.top, b.text)]) for a, b in zip(LEFT, RIGHT, strict=True)]
    assert spans_columns(together, EM)
    assert not spans_columns(lines_of(*LEFT), EM)
    table = [Line([at(50, 100 + 12 * row, "Name of it"), at(300, 100 + 12 * row, "12.50")]) for row in range(9)]
    assert not spans_columns(table, EM)


def test_going_back_up_counts_only_within_a_column() -> None:
    assert climbs(lines_of(*LEFT, *RIGHT)) == 0
    assert climbs(lines_of(*LEFT[3:], *LEFT[:3])) == 1


@pytest.mark.parametrize(
    ("second", "merged"),
    [
        (at(100, 97, "2", 4, 6), ["area of m2"]),  # a superscript
        (at(108, 100, "is let"), ["area of m is let"]),
        (at(100, 112, "next line"), ["area of m", "next line"]),
        (at(20, 100, "left"), ["area of m", "left"]),
    ],
)
def test_what_goes_on_at_the_same_height_is_one_line(second: Piece, merged: list[str]) -> None:
    assert texts(merge_rows(lines_of(at(50, 100, "area of m", 50), second), EM)) == merged


def test_rows_by_height() -> None:
    rows = rows_of([at(90, 101, "b"), at(50, 100, "a"), at(50, 130, "c")])
    assert [[piece.text for piece in row] for row in rows] == [["a", "b"], ["c"]]


# --- tables


def grid(*rows: list[str], step: float = 14, bold: int = 0) -> list[Line]:
    made = []
    for index, row in enumerate(rows):
        pieces = [at(50 + 100 * column, 100 + step * index, text) for column, text in enumerate(row) if text]
        for piece in pieces:
            piece.words = [(piece.text, piece.x0, piece.x1)]
            piece.bold = index < bold
        made.append(Line(pieces))
    return made


HEAD = ["Place", "Lunch", "Dinner"]
ROWS = [["London", "14", "32"], ["Paris", "19", "36"], ["Lyon", "17", "31"]]


def test_words_above_numbers_make_a_head() -> None:
    assert find_tables(grid(HEAD, *ROWS), (), EM) == [(0, 4, [HEAD, *ROWS])]


@pytest.mark.parametrize(
    ("rows", "bold", "rules", "is_table"),
    [
        ([HEAD, ["a", "b", "c"], ["d", "e", "f"]], 0, (), False),  # nothing says that the first row is a head
        ([HEAD, ["a", "b", "c"], ["d", "e", "f"]], 1, (), True),  # bold does
        ([HEAD, ["a", "b", "c"], ["d", "e", "f"]], 0, ((112, 40, 300), (126, 40, 300)), True),  # a ruled grid does
        ([["London", "14", "32"], *ROWS], 0, (), False),  # numbers in the first row
        ([["Place:", "Lunch:", "Dinner:"], *ROWS], 0, (), False),  # labels of a form
        ([["", "", "Dinner"], *ROWS], 1, (), False),  # a head that names one column
        ([HEAD], 1, (), False),
    ],
)
def test_what_is_a_table(rows: list[list[str]], bold: int, rules: tuple, is_table: bool) -> None:
    assert bool(find_tables(grid(*rows, bold=bold), rules, EM)) is is_table


def test_text_around_a_table_stays_outside() -> None:
    before = Line([at(50, 60, "The limits are these, for one night and one person each:", 300)])
    after = Line([at(50, 170, "Whoever spends more pays the rest, whatever the reason is.", 300)])
    assert find_tables([before, *grid(HEAD, *ROWS), after], (), EM) == [(1, 5, [HEAD, *ROWS])]


def test_a_cell_that_goes_on_below_is_one_cell() -> None:
    lines = grid(HEAD, *ROWS, step=30)
    lines.insert(2, Line([at(150, lines[1].bottom + 1, "or 15")]))
    assert find_tables(lines, (), EM)[0][2][1] == ["London", "14 or 15", "32"]


def test_a_head_drawn_in_one_run_is_cut_at_the_columns() -> None:
    body = grid(*ROWS, *ROWS)
    words = [("Place", 50, 75), ("of", 78, 88), ("stay", 91, 110), ("Lunch", 140, 165), ("Dinner", 240, 270)]
    head = Line([Piece("Place of stay Lunch Dinner", 50, 86, 270, 96, words=words)])
    assert find_tables([head, *body], (), EM)[0][2][0] == ["Place of stay", "Lunch", "Dinner"]


def test_two_tables_below_each_other_stay_two() -> None:
    cells = [["Month", "Total"], ["May", "70"], ["June", "80"], ["July", "95"]]
    second = [
        Line([at(50, 180 + 14 * row, name), at(190, 180 + 14 * row, value)]) for row, (name, value) in enumerate(cells)
    ]
    assert [rows[0] for _, _, rows in find_tables([*grid(HEAD, *ROWS), *second], (), EM)] == [HEAD, ["Month", "Total"]]
