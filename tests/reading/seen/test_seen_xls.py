"""Old Excel workbooks: what Excel shows of them, and nothing else."""

from __future__ import annotations

import re
import struct
from contextlib import suppress
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from ragapp.errors import ReadingError
from ragapp.reading.registry import read_file
from tests.reading.seen.seenkit import Seen, check, table
from tests.reading.seen.xlskit import chart, drawn, link, note, record, rows, shape, ticked, xls

_STRUCK = "font: struck_out on"
_EXCEL = "Excel's format cells dialog; ISO/IEC 29500-1, 18.8.31"


def _values(name: str, code: str, *pairs: tuple[Any, str], never: tuple[str, ...] = (), source: str = _EXCEL) -> Seen:
    cells = [["What", "V"], *([f"r{at}", shape(value, code)] for at, (value, _) in enumerate(pairs))]
    sees = tuple(f"| r{at} | {seen} |" for at, (_, seen) in enumerate(pairs))
    return Seen(name, ".xls", xls(rows(*cells)), sees=sees, never=never, source=source)


def _1904(book: Any, _: Any) -> None:
    book.dates_1904 = True


def _rich(*runs: tuple[str, str]) -> Any:
    def step(book: Any, sheet: Any) -> None:
        fonts = {look: xlwt.easyfont(look) for _, look in runs}
        sheet.write_rich_text(1, 1, [(text, fonts[look]) if look else text for text, look in runs])

    return step


def _hide(*, row: int | None = None, column: int | None = None) -> Any:
    def step(_: Any, sheet: Any) -> None:
        if row is not None:
            sheet.row(row).hidden = True
        if column is not None:
            sheet.col(column).hidden = True

    return step


def _merge(top: int, bottom: int, left: int, right: int, text: str) -> Any:
    return lambda _, sheet: sheet.write_merge(top, bottom, left, right, text)


_PRICES = rows(["Item", "Price"], ["Pump", 640], ["Valve", 95])

CASES = [
    _values("euro behind", '#,##0.00\\ "€"', (1450, "1,450.00 €"), (-3.5, "-3.50 €")),
    _values("franc by locale", "[$CHF-100C] #,##0", (980, "CHF 980")),
    _values("unit", '0.0" kg"', (82.5, "82.5 kg"), (40, "40.0 kg")),
    _values("dose", '0" \xb5g"', (5, "5 \xb5g")),
    _values("phone", '0#" "##" "##" "##" "##', (612345678, "06 12 34 56 78"), never=("612345678",)),
    _values("invoice", '"INV-"00000', (42, "INV-00042")),
    _values("postal code", "00000", (1067, "01067")),
    _values("millions", '0.0,,\\ "M€"', (12345678, "12.3 M€ (in full: 12345678)")),
    _values("percent with a space", "0.0\\ %", (0.245, "24.5 %"), never=("0.245",)),
    _values("words for numbers", '[=1]"yes";[=0]"no";General', (1, "yes"), (0, "no"), (7, "7")),
    _values("nothing shown", ";;;", (987654, ""), ("secret", ""), never=("987654", "secret")),
    _values("negatives in brackets", "#,##0;[Red](#,##0)", (-1250, "(1,250)"), (700, "700")),
    _values("dash for zero", '0.00;-0.00;"-"', (0, "-"), (3.1, "3.10")),
    _values("text section", '0;0;0;"see "@', ("annex", "see annex")),
    _values("fraction", "# ?/?", (2.5, "2 1/2")),
    _values("exponent", "0.00E+00", (0.00012, "1.20E-04")),
    _values("hours beyond a day", "[h]:mm", (1.6875, "40:30"), (0, "0:00"), never=("1900",)),
    _values("minutes beyond an hour", "[mm]:ss", (0.0625, "90:00")),
    _values("day first", "dd.mm.yyyy", (datetime(2025, 4, 14), "14.04.2025")),
    _values("month by name", "d mmmm yyyy", (datetime(2025, 4, 14), "14 April 2025")),
    _values("month in French", "[$-40C]d mmmm yyyy", (datetime(2025, 8, 14), "14 août 2025")),
    _values("time of day", "h:mm AM/PM", (time(17, 5), "5:05 PM")),
    _values("the system's date", "M/D/YY", (datetime(2025, 4, 5), "2025-04-05"), source="built-in 14; MS-XLS 2.4.126"),
    _values("General", "General", (0.1 + 0.2, "0.3"), (1 / 3, "0.333333333"), (True, "TRUE")),
    _values("an article number", "General", (4006381333931, "4.00638E+12 (in full: 4006381333931)")),
    Seen(
        "days since 1904",
        ".xls",
        xls(_1904, rows(["What", "V"], ["d", shape(43830, "d.m.yyyy")], ["h", shape(-0.25, "h:mm")])),
        sees=("| d | 1.1.2024 |", "| h | -6:00 |"),
        source="MS-XLS 2.4.77, Date1904; Excel shows times below zero in this system only",
    ),
    Seen(
        "merged down",
        ".xls",
        xls(rows(["Site", "Who"], [None, "Ann"], [None, "Bob"], ["Nice", "Dan"]), _merge(1, 2, 0, 0, "Lyon")),
        sees=("| Lyon | Ann |", "| Lyon | Bob |", "| Nice | Dan |"),
        source="MS-XLS 2.4.168, MergeCells",
    ),
    Seen(
        "merged head of two rows",
        ".xls",
        xls(rows([None], ["Name", "Q1", "Q2"], ["Ann", 3, 4], ["Bob", 5, 6]), _merge(0, 0, 1, 2, "Sales")),
        sees=(re.compile(r"Sales[^|]*Q1 \| Sales[^|]*Q2"), "| Ann | 3 | 4 |"),
        source="Excel: a heading over two columns heads both",
    ),
    Seen(
        "hidden row",
        ".xls",
        xls(_PRICES, _hide(row=2)),
        sees=("| Pump | 640 |",),
        never=("Valve", "95"),
        warns=("1 hidden row was left out (sheet Data)",),
        source="MS-XLS 2.4.221, fDyZero",
    ),
    Seen(
        "hidden column",
        ".xls",
        xls(rows(["Item", "Margin", "Price"], ["Pump", 31, 640]), _hide(column=1)),
        sees=("| Pump | 640 |",),
        never=("Margin", "31"),
        warns=("1 hidden column was left out (sheet Data)",),
        source="MS-XLS 2.4.53, fHidden",
    ),
    Seen(
        "struck-out cells",
        ".xls",
        xls(rows(["Item", "Price"], ["FC-9", (64, _STRUCK)], [("FC-8", _STRUCK), 72])),
        sees=("| FC-9 |  |", "|  | 72 |"),
        never=("64", "FC-8"),
        warns=("2 struck-out passages were left out (sheet Data)",),
        source="MS-XLS 2.4.122, fStrikeOut",
    ),
    Seen(
        "struck-out words in a cell",
        ".xls",
        xls(rows(["Item", "Price"], ["FC-9"]), _rich(("64 euros", "struck_out on"), (" 58 euros", ""))),
        sees=("| FC-9 | 58 euros |",),
        never=("64",),
        warns=("1 struck-out passage",),
        source="MS-XLS 2.5.293, rgRun",
    ),
    Seen(
        "raised figure",
        ".xls",
        xls(rows(["What", "V"], ["leave"]), _rich(("12", ""), ("3", "escapement superscript"), (" days", ""))),
        sees=("| leave | 12^3 days |",),
        never=("123",),
        source="MS-XLS 2.4.122, sss",
    ),
    Seen(
        "lowered figure",
        ".xls",
        xls(rows(["What", "V"], ["gas"]), _rich(("CO", ""), ("2", "escapement subscript"))),
        sees=("| gas | CO2 |",),
        source="MS-XLS 2.4.122, sss",
    ),
    Seen(
        "runs behind signs of two units",
        ".xls",
        xls(rows(["What", "V"], ["a"]), _rich(("\U0001f4c8 12", ""), ("3", "escapement superscript"), (" days", ""))),
        sees=("12^3 days",),
        source="MS-XLS 2.5.129: runs count in characters of UTF-16",
    ),
    Seen(
        "signs of Wingdings",
        ".xls",
        xls(rows(["What", "V"], ["paid", ("\xfc", "font: name Wingdings")])),
        sees=(re.compile(r"paid \| [✓✔]"),),
        never=("\xfc",),
        source="Wingdings, 0xFC",
    ),
    Seen(
        "note at a cell",
        ".xls",
        xls(_PRICES, records=note(2, 1, "only until May")),
        sees=("| Valve | 95 |", "Note on B3 (Valve): only until May"),
        source="MS-XLS 2.4.179, Note",
    ),
    Seen(
        "note at a hidden row",
        ".xls",
        xls(_PRICES, _hide(row=2), records=note(2, 1, "only until May")),
        never=("May",),
        warns=("hidden row",),
        source="Excel shows no note there",
    ),
    Seen(
        "text box",
        ".xls",
        xls(_PRICES, records=drawn(0x06, "Prices in thousand kronor\r\x00".rstrip("\r\0"))),
        sees=("Prices in thousand kronor",),
        source="MS-XLS 2.4.329, TxO",
    ),
    Seen(
        "check boxes",
        ".xls",
        xls(_PRICES, records=drawn(0x0B, "Car needed", 1, ticked(0)) + drawn(0x0B, "Rail pass", 2, ticked(1))),
        sees=("☐ Car needed", "☒ Rail pass"),
        source="MS-XLS 2.5.137, FtCblsData",
    ),
    Seen(
        "option buttons",
        ".xls",
        xls(_PRICES, records=drawn(0x0C, "monthly", 1, ticked(1)) + drawn(0x0C, "weekly", 2, ticked(0))),
        sees=("◉ monthly", "○ weekly"),
        source="MS-XLS 2.5.137, FtCblsData",
    ),
    Seen(
        "chart",
        ".xls",
        xls(_PRICES, records=chart("Output per plant", "Tonnes", [("Graz", 12.5), ("Linz", 31)])),
        sees=("Output per plant", "| Graz | 12.5 |", "| Linz | 31 |", "Tonnes"),
        source="MS-XLS 2.1.7.20.3, chart sheet substream",
    ),
    Seen(
        "chart of cells",
        ".xls",
        xls(_PRICES, records=chart("", "", [])),
        sees=("| Pump | 640 |",),
        warns=("1 chart without data was left out (sheet Data). What it shows is in cells of the workbook.",),
        source="LibreOffice keeps no values in the charts that it writes",
    ),
    Seen(
        "picture",
        ".xls",
        xls(_PRICES, records=drawn(0x08)),
        sees=("| Pump | 640 |",),
        warns=("1 picture was left out (sheet Data)",),
        source="MS-XLS 2.5.143, ot 8",
    ),
    Seen(
        "link",
        ".xls",
        xls(_PRICES, records=link(1, 0, "https://pumps.example/640")),
        sees=("| Pump (https://pumps.example/640) | 640 |",),
        source="MS-XLS 2.4.140, HLink",
    ),
    Seen(
        "formula that was never computed",
        ".xls",
        xls(_PRICES, lambda _, sheet: sheet.write(3, 1, xlwt.Formula("B2+B3")), rows([])),
        sees=("| Valve | 95 |",),
        never=("| 0 |", "735"),
        warns=("1 formulas have no saved result",),
        source="MS-XLS 2.4.127; xlwt computes nothing",
    ),
    Seen(
        "formula with a zero that was never computed",
        ".xls",
        xls(_PRICES, records=record(0x06, struct.pack("<HHHdHIH", 3, 1, 15, 0.0, 3, 0, 3) + b"\x1e\x01\x00")),
        sees=("| Valve | 95 |",),
        never=("| 0 |",),
        warns=("1 formulas have no saved result",),
        source="MS-XLS 2.4.127; Spreadsheet::WriteExcel writes 0 and asks Excel to compute",
    ),
    Seen(
        "formula whose result is zero",
        ".xls",
        xls(
            rows(["Item", "Price"], ["Pump", 640], ["Rebate"]),
            records=record(0x06, struct.pack("<HHHdHIH", 2, 1, 15, 0.0, 0, 0, 3) + b"\x1e\x00\x00"),
        ),
        sees=("| Rebate | 0 |",),
        source="MS-XLS 2.4.127",
    ),
    Seen(
        "page header",
        ".xls",
        xls(_PRICES, lambda _, sheet: setattr(sheet, "header_str", b"&LConfidential&RPage &P")),
        sees=("Confidential",),
        never=("Page &P", "&L"),
        source="MS-XLS 2.4.136, Header",
    ),
    Seen(
        "page header once",
        ".xls",
        xls(
            lambda book, _: setattr(book.add_sheet("More"), "header_str", b"&LConfidential"),
            lambda _, sheet: setattr(sheet, "header_str", b"&LConfidential"),
            _PRICES,
        ),
        sees=("Confidential",),
        never=(re.compile("Confidential.*Confidential", re.DOTALL),),
        source="a running header is read once",
    ),
    Seen(
        "error values",
        ".xls",
        xls(_PRICES, records=record(0x205, b"\x03\x00\x01\x00\x0f\x00\x07\x01")),
        sees=("#DIV/0!",),
        source="MS-XLS 2.5.10, Bes",
    ),
]


@table(CASES)
def test_a_person_sees_just_this(case: Seen, tmp_path: Path) -> None:
    check(case, tmp_path)


@pytest.mark.parametrize("cut", [30, 60, 90])
def test_objects_that_end_early_cost_themselves_only(tmp_path: Path, cut: int) -> None:
    broken = drawn(0x06, "box")[:-8] + record(0x5D, b"\x15\x00\x12\x00"[: cut // 20]) + record(0x1B6, b"")
    xls(_PRICES, records=broken)(tmp_path / "a.xls")
    with suppress(ReadingError):
        assert "| Pump | 640 |" in read_file(tmp_path / "a.xls").units[0].text


_CODES = st.sampled_from(
    ["General", "0.00", "#,##0", "0%", "[h]:mm", "d.m.yyyy", '0" kg"', ";;;", '"x"', "00000", "0.0,,"]
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(10_000, 99_999), _CODES), min_size=1, max_size=6),
    st.sets(st.integers(1, 6)),
    st.booleans(),
)
def test_no_value_appears_that_the_sheet_does_not_show(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[int, str]], hidden: set[int], struck: bool
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "a.xls"
    style = _STRUCK if struck else ""
    written = [["What", "V"], *([f"r{at}", (value, style, code)] for at, (value, code) in enumerate(cells))]
    xls(rows(*written), *(_hide(row=row) for row in hidden if row < len(written)))(path)
    text = "\n".join(unit.text for unit in read_file(path).units)
    for row, (value, code) in enumerate(cells, start=1):
        seen = row not in hidden and not struck
        plain = code in ("General", "00000") and seen
        others = {number for at, (number, _) in enumerate(cells, start=1) if at != row}
        if not plain and value not in others and not (seen and code in ("0.00", "0%", '0" kg"', "0.0,,")):
            assert str(value) not in text
        if plain:
            assert str(value) in text
