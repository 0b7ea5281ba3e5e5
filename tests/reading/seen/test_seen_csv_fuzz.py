"""Separated values by chance: whatever stands above, between and below tables, every value is read, in its column."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ragapp.reading.registry import read_file
from ragapp.reading.tables import row_cells

words = st.sampled_from(
    ["name", "Rain mm", "12,5", "2024", "°C", "03.02.2025", "Total", "1.204,77 EUR", "# note", "x:"]
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.none() | words, max_size=6), min_size=1, max_size=14))
def test_every_value_is_read(lines: list[list[str | None]]) -> None:
    marked = [
        [
            "" if text is None else text if text[0].isdigit() else f"{text} r{row}c{column}"
            for column, text in enumerate(line)
        ]
        for row, line in enumerate(lines)
    ]
    read = _read("sep=;\n" + "\n".join(";".join(line) for line in marked))
    for line in marked:
        for text in line:
            assert text in read


@settings(max_examples=50, deadline=None)
@given(
    above=st.lists(st.sampled_from(["Report", "Station;Brekke", "Operator:;A. Lund", "Stand;01.02.2025"]), max_size=4),
    gap=st.booleans(),
    columns=st.integers(3, 6),
    rows=st.integers(3, 12),
    below=st.booleans(),
)
def test_the_header_is_that_of_the_table(above: list[str], gap: bool, columns: int, rows: int, below: bool) -> None:
    header = ";".join(["Day", *(f"Name {column}" for column in range(1, columns))])
    body = [
        ";".join([f"{row + 1:02}.03.2025", *(f"{row * 10 + column},5" for column in range(1, columns))])
        for row in range(rows)
    ]
    end = ["", "Kept by unit 7"] if below else []
    lines = _read("\n".join([*above, *([""] if gap else []), header, *body, *end])).split("\n")
    rule = next(number for number, line in enumerate(lines) if line.startswith("| ---"))
    assert row_cells(lines[rule - 1]) == header.split(";")
    assert [row_cells(line) for line in lines[rule + 1 : rule + 1 + rows]] == [line.split(";") for line in body]


def _read(text: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.csv"
        path.write_text(text + "\n", encoding="utf-8")
        return "\n\n".join(unit.text for unit in read_file(path).units)
