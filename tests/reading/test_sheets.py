from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt

from ragapp.errors import ReadingError
from ragapp.reading.document import Document
from ragapp.reading.registry import read_file
from ragapp.reading.sheets import units as sheets_module
from ragapp.reading.sheets.units import SheetUnits


def _xls(tmp_path: Path, rows: list[list[Any]], shape: str = "General") -> Document:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Feuille d’été")
    style = xlwt.easyxf(num_format_str=shape)
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            if value is not None:
                sheet.write(row, column, value, style)
    book.save(str(tmp_path / "file.xls"))
    return read_file(tmp_path / "file.xls")


def _labels(document: Document) -> list[tuple[int, str]]:
    return [(unit.number, unit.label) for unit in document.units]


def test_long_sheets_are_cut_into_ranges_of_rows_with_their_header(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Sales"
    book.active.append(["Year", "Name"])
    for number in range(2, 452):
        book.active.append([number, f"n{number}"])
    book.create_sheet("Small").append(["a", "b"])
    book.save(tmp_path / "file.xlsx")
    document = read_file(tmp_path / "file.xlsx")
    assert _labels(document) == [
        (1, "Sales, rows 2-201"),
        (2, "Sales, rows 202-401"),
        (3, "Sales, rows 402-451"),
        (4, "Small"),
    ]
    for unit in document.units[:3]:
        first, last = map(int, unit.label.split()[-1].split("-"))
        lines = unit.text.split("\n")
        assert lines[0] == "| Year | Name |"
        assert lines[2] == f"| {first} | n{first} |"
        assert lines[-1] == f"| {last} | n{last} |"
        assert len(lines) == last - first + 3


def test_row_numbers_are_those_of_the_file_and_headings_stay(tmp_path: Path) -> None:
    rows = [(3, ["Titre", ""]), (5, ["A", "B"]), *((number, [str(number), "x"]) for number in range(6, 400))]
    units = SheetUnits()
    units.sheet("S", rows)
    assert [unit.label for unit in units.units] == ["S, rows 3-204", "S, rows 205-399"]
    assert units.units[1].blocks[0].headings == ("Titre",)
    assert units.units[1].text.startswith("| A | B |\n| --- | --- |\n| 205 | x |")


def test_wide_rows_make_smaller_ranges() -> None:
    units = SheetUnits()
    units.table("S", [(1, ["A", "B"]), *((number, ["x" * 3000, str(number)]) for number in range(2, 32))])
    assert len(units.units) == 5
    assert max(len(unit.text) for unit in units.units) < sheets_module.UNIT_CHARACTERS + 100
    assert "".join(unit.text for unit in units.units).count("| A | B |") == 5


def test_remarks_of_many_rows_are_cut_as_well() -> None:
    rows = [(1, ["A", "B"]), (2, ["1", "2"]), *((number, [f"remark {number}"]) for number in range(4, 504))]
    units = SheetUnits()
    units.sheet("S", rows)
    assert [unit.label for unit in units.units] == ["S, rows 2-202", "S, rows 203-402", "S, rows 403-503"]
    assert "remark 202\n" not in units.units[0].text
    assert units.units[0].text.endswith("remark 202")


def test_more_cells_than_are_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets_module, "MAX_CELLS", 10)
    units = SheetUnits()
    units.table("S", ((number, ["a", "b"]) for number in range(1, 100)))
    assert units.units[0].text.count("\n") == 5
    assert "more than 10 filled cells" in units.document("a").warnings[0]


@pytest.mark.parametrize(("front", "first"), [("", 2), ("sep=;\n", 3)])
def test_csv_ranges_and_blank_lines(tmp_path: Path, front: str, first: int) -> None:
    lines = ["Nom;Prix", *(f"été {number};{number}" for number in range(first, 302)), "", "letzte;1"]
    (tmp_path / "a.csv").write_text(front + "\n".join(lines), encoding="utf-8")
    document = read_file(tmp_path / "a.csv")
    assert [unit.label for unit in document.units] == [f"rows {first}-{first + 199}", f"rows {first + 200}-303"]
    assert f"| été {first} | {first} |" in document.units[0].text
    assert document.units[1].text.startswith("| Nom | Prix |\n")


@pytest.mark.parametrize("line", ["a,b;" * 500_000, "word " * 500_000])
def test_csv_of_one_endless_line_is_text(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.csv").write_text(line)
    document = read_file(tmp_path / "a.csv")
    assert "too long for a table" in document.warnings[0]
    assert len(document.units) > 10


# --- XLS


def test_xls_sheets_titles_tables_and_accents(tmp_path: Path) -> None:
    document = _xls(tmp_path, [["Prix d’été"], [], ["Nom", "Prix"], ["Éclair", 2.5], [True, None]])
    assert _labels(document) == [(1, "Feuille d’été")]
    assert [(block.kind, block.text) for block in document.units[0].blocks] == [
        ("heading", "Prix d’été"),
        ("table", "| Nom | Prix |\n| --- | --- |\n| Éclair | 2.5 |\n| TRUE |  |"),
    ]


@pytest.mark.parametrize(
    ("value", "shape", "shown"),
    [
        (datetime(2025, 4, 14), "dd/mm/yyyy", "14/04/2025"),
        (date(2025, 4, 14), "d mmm yy", "14 Apr 25"),
        (datetime(2025, 4, 14, 8, 30), "dd/mm/yyyy hh:mm", "14/04/2025 08:30"),
        (time(8, 30), "hh:mm", "08:30"),
        (datetime(2025, 4, 14), "M/D/YY", "2025-04-14"),  # 14, the date of the reader's own system
        (0.24, "0%", "24%"),
        (1067, "00000", "01067"),
        (1234.5, "#,##0.00", "1,234.50"),
    ],
)
def test_xls_values(tmp_path: Path, value: Any, shape: str, shown: str) -> None:
    assert _xls(tmp_path, [[value, "other"]], shape).units[0].text.startswith(f"| {shown} | other |")


def test_xls_hidden_sheets_are_told(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    book.add_sheet("a").write(0, 0, "seen")
    hidden = book.add_sheet("b")
    hidden.write(0, 0, "secret")
    hidden.visibility = 1
    book.save(str(tmp_path / "file.xls"))
    document = read_file(tmp_path / "file.xls")
    assert document.warnings == ['The hidden sheet "b" was skipped.']
    assert "secret" not in "".join(unit.text for unit in document.units)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_xls_truncated(tmp_path: Path, share: float) -> None:
    _xls(tmp_path, [[f"text {number}", number] for number in range(2000)])
    path = tmp_path / "file.xls"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ReadingError, match="damaged"):
        read_file(path)
