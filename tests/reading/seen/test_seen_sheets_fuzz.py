"""Sheets by chance: what a sheet does not show is not read, and what it shows is."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ragapp.reading.document import Document
from ragapp.reading.excel.xlsx_sheet import cell_name
from ragapp.reading.registry import read_file
from ragapp.reading.sheets.grid import Area
from tests.reading.seen.xlsxkit import NAMES, cell, merged, xlsx

ROWS, COLUMNS = 9, 6
CODES = ("General", "0", "0.0%", "#,##0", '"no. "0', "000000")
STYLES = (
    f"<styleSheet {NAMES}><numFmts>"
    + "".join(
        f'<numFmt numFmtId="{170 + n}" formatCode="{code.replace(chr(34), "&quot;")}"/>' for n, code in enumerate(CODES)
    )
    + '<numFmt numFmtId="190" formatCode=";;;"/></numFmts><fonts><font/><font><strike/></font></fonts><cellXfs>'
    + "".join(f'<xf numFmtId="{170 + n}"/>' for n in range(len(CODES)))
    + '<xf numFmtId="190"/><xf numFmtId="0" fontId="1"/></cellXfs></styleSheet>'
)
UNSEEN = (len(CODES), len(CODES) + 1)  # styles: a format that hides, a font that strikes out

areas = st.tuples(
    st.integers(1, ROWS), st.integers(0, COLUMNS - 1), st.integers(0, ROWS - 1), st.integers(0, COLUMNS - 1)
).map(lambda a: (a[0], a[1], min(ROWS, a[0] + a[2]), min(COLUMNS - 1, a[1] + a[3])))
places = st.tuples(st.integers(1, ROWS), st.integers(0, COLUMNS - 1))


def _read(
    filled: dict[tuple[int, int], int], hidden_rows: set[int], hidden_columns: set[int], merges: list[Area]
) -> Document:
    """A workbook in which each filled cell holds a number of its own, in a style."""
    data = ""
    for row in range(1, ROWS + 1):
        line = "".join(
            cell(cell_name(row, column), _number(row, column), f' s="{filled[row, column]}"')
            if filled[row, column] >= 0
            else cell(cell_name(row, column), f"word{_number(row, column)}")
            for column in range(COLUMNS)
            if (row, column) in filled
        )
        hidden = ' hidden="1"' if row in hidden_rows else ""
        data += f'<row r="{row}"{hidden}>{line}</row>' if line or hidden else ""
    columns = "".join(f'<col min="{column + 1}" max="{column + 1}" hidden="1"/>' for column in sorted(hidden_columns))
    names = [f"{cell_name(top, left)}:{cell_name(bottom, right)}" for top, left, bottom, right in merges]
    build = xlsx(
        data,
        before=f"<cols>{columns}</cols>" if columns else "",
        after=merged(*names) if names else "",
        book_related=[("styles", "styles.xml")],
        parts={"xl/styles.xml": STYLES},
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.xlsx"
        build(path)
        return read_file(path)


def _number(row: int, column: int) -> int:
    return 7_001 + row * 97 + column * 13  # no two are alike, none is part of another, with and without a percent sign


def _shown(document: Document) -> set[int]:
    text = "\n".join(unit.text for unit in document.units)
    numbers = {int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*", re.sub(r"00\.0%", "", text))}
    return numbers


@settings(max_examples=50, deadline=None)
@given(
    filled=st.dictionaries(places, st.integers(-1, len(CODES) + 1), max_size=40),
    hidden_rows=st.sets(st.integers(1, ROWS), max_size=4),
    hidden_columns=st.sets(st.integers(0, COLUMNS - 1), max_size=3),
    merges=st.lists(areas, max_size=4),
)
def test_only_what_a_sheet_shows_is_read(
    filled: dict[tuple[int, int], int], hidden_rows: set[int], hidden_columns: set[int], merges: list[Area]
) -> None:
    apart: list[Area] = []
    covered: dict[tuple[int, int], Area] = {}
    for top, left, bottom, right in merges:
        under = [(row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)]
        if not any(place in covered for place in under):
            apart.append((top, left, bottom, right))
            covered |= dict.fromkeys(under, apart[-1])
    seen, maybe = set(), set()
    for place, style in filled.items():
        area = covered.get(place, (*place, *place))
        if area[:2] != place or style in UNSEEN:
            continue
        rows = set(range(area[0], area[2] + 1)) - hidden_rows
        columns = set(range(area[1], area[3] + 1)) - hidden_columns
        if rows and columns:
            # a merged cell whose first row is hidden is seen in the next, if the file has that row
            (seen if place[0] in rows else maybe).add(_number(*place))
    shown = _shown(_read(filled, hidden_rows, hidden_columns, apart))
    assert seen <= shown <= seen | maybe


@settings(max_examples=50, deadline=None)
@given(filled=st.dictionaries(places, st.integers(-1, len(CODES) - 1), max_size=40), merges=st.lists(areas, max_size=8))
def test_merged_areas_that_overlap_do_no_harm(filled: dict[tuple[int, int], int], merges: list[Area]) -> None:
    assert _shown(_read(filled, set(), set(), merges)) <= {_number(*place) for place in filled}
