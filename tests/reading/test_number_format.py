"""Number formats, held against what LibreOffice shows (``make_number_formats.py``) and what is known of Excel."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragapp.reading.sheets.number_format import builtin_code, is_date_code, shown, shown_with_raw

_TABLE = Path(__file__).with_name("number_formats.csv")


def _rows() -> list[dict[str, str]]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_pairs_of_format_and_value_are_shown_as_in_the_table() -> None:
    rows = _rows()
    assert len(rows) > 1000
    wrong = []
    for row in rows:
        wanted = row["excel"] if row["why"] else row["libreoffice"]
        found = " ".join(shown(json.loads(row["value"]), row["code"]).split())
        if found != wanted:
            wrong.append((row["code"], row["value"], found, wanted))
    assert wrong == []


def test_each_difference_from_libreoffice_says_why() -> None:
    rows = _rows()
    assert all(bool(row["why"]) >= bool(row["excel"]) for row in rows)
    assert sum(bool(row["why"]) for row in rows) < len(rows) / 7


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (60, "yyyy-mm-dd", "1900-02-29"),  # the day that never was, ISO/IEC 29500-1, 18.17.4.1
        (61, "ddd yyyy-mm-dd", "Thu 1900-03-01"),
        (59, "yyyy-mm-dd", "1900-02-28"),
        (2958465, "yyyy-mm-dd", "9999-12-31"),
        (2958466, "yyyy-mm-dd", "2958466"),  # Excel: ########
        (-1, "yyyy-mm-dd", "-1"),
        (-0.25, "h:mm", "-0.25"),
        (-0.25, "[h]:mm", "-6:00"),
        (0.99999, "h:mm", "23:59"),
        (0.999999, "h:mm:ss", "0:00:00"),
        (45382, "[$-411]ggge\u5e74m\u6708d\u65e5", "\u4ee4\u548c6\u5e743\u670831\u65e5"),
        (45382, "[$-411]ge.m.d", "R6.3.31"),
        (45382, "[$-de-DE]mmmm", "M\u00e4rz"),
        (45382, "[$-x-sysdate]mmmm", "March"),
        (45382.75, "\u4e0a\u5348/\u4e0b\u5348h\u65f6", "\u4e0b\u53486\u65f6"),
        (45382, "bbbb", "2567"),
        (True, "0.00", "TRUE"),
        (False, "General", "FALSE"),
        (12, '0.00;-0.00;;"t"@', "12.00"),
        ("x", "0;0;0", "x"),
        ("x", "", "x"),
        (float("nan"), "0", "#NUM!"),
        (10**400, "General", "#NUM!"),
        (1, "0" * 5000, "1"),  # longer than any code may be
        (5, '"unclosed', "unclosed"),
        (1234567890123456789, "0", "1234567890123460000"),  # 15 digits are kept
        (999999.5, "0.00E+00", "1.00E+06"),
        (0.99999, "# ?/?", "1"),
        (0, "# ?/?", "0"),
        (1e-300, "0.00%", "0.00%"),
        (1e300, "0%%%", "1" + "0" * 306 + "%%%"),
        (-1.5, "-0.0", "--1.5"),
        (1450, "CHF #,##0.00", "CHF 1,450.00"),
        (3, "US$ 0", "US$ 3"),
        (7.5, "0.0 h", "7.5 h"),
        (0.5, "h:mm:ss.00", "12:00:00.00"),
        (5, "[=1]0", "5"),  # no section is for it
    ],
)
def test_values_at_the_edges(value: Any, code: str, expected: str) -> None:
    assert shown(value, code) == expected


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (0, "yyyy-mm-dd", "1904-01-01"),
        (-0.25, "h:mm", "-6:00"),
        (43830, "d.m.yyyy", "1.1.2024"),
        (1.6875, "[h]:mm", "40:30"),
    ],
)
def test_days_counted_from_1904(value: float, code: str, expected: str) -> None:
    assert shown(value, code, date_1904=True) == expected


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (12345678, '0.0,,\\ "M€"', "12.3 M€ (in full: 12345678)"),
        (12000000, "0,,", "12 (in full: 12000000)"),
        (-1234.5, '0.0,"k";(0.0,"k")', "(1.2k) (in full: -1234.5)"),
        (4006381333931, "General", "4.00638E+12 (in full: 4006381333931)"),
        (1234567890123456, "0", "1234567890123460 (in full: 1234567890123456)"),
        (10**15, "General", "1E+15 (in full: 1000000000000000)"),
        (123456789012345, "0", "123456789012345"),
        (1234567, "0.00E+00", "1.23E+06 (in full: 1234567)"),
        (0.00012, "0.0E+00", "1.2E-04"),
        (3.14159, "0.00", "3.14"),
        (0.245, "0.0%", "24.5%"),
        (987654, ";;;", ""),
        (987654, '"yes"', "yes"),
        (0, "0.0,,", "0.0"),
        (45292, "d mmm yyyy", "1 Jan 2024"),
        ("0,,", "0,,", "0,,"),
        (True, "0,,", "TRUE"),
        (500, '[>=1000]0,"k";0', "500"),
        (5000, '[>=1000]0,"k";0', "5k (in full: 5000)"),
    ],
)
def test_the_value_in_full_stands_beside_one_that_is_scaled(value: Any, code: str, expected: str) -> None:
    assert shown_with_raw(value, code) == expected


def test_built_in_formats() -> None:
    assert shown(-1500, builtin_code(8)) == "($1,500.00)"
    days = [shown(45292.5, builtin_code(number)) for number in (14, 22, 27, 36, 50, 58)]
    assert days == ["2024-01-01", "2024-01-01 12:00", *["2024-01-01"] * 4]
    assert shown(45292.5, builtin_code(32)) == "12:00:00"
    assert shown(1500, builtin_code(44)) == "$1,500.00"
    assert shown(1.5, builtin_code(46)) == "36:00:00"
    assert builtin_code(163) == builtin_code(-1) == "General"
    assert [code for code in (builtin_code(14), '0.0" d"', "0 d", "[ss]") if is_date_code(code)] == [
        "yyyy-mm-dd",
        "[ss]",
    ]


_PARTS = '0 # ? , . % E+ E- / y mm dddd h ss AM/PM [h] [mm] @ ; " \\ _ * [ ] [>=5] [<0] [$€-407] General - ( 1 g e b 年'


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(_PARTS.split()), max_size=14).map("".join),
    st.one_of(st.floats(), st.integers(), st.text(max_size=5)),
)
def test_any_code_shows_something_of_any_value(code: str, value: Any) -> None:
    assert len(shown_with_raw(value, code)) < 5000
    assert len(shown(value, code, date_1904=True)) < 5000


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("[$-1070000]d/mm/yyyy;@", "15/03/2566"),  # the Thai calendar
        ("[$-D07041E]d/m/yy", "15/3/66"),
        ("B1d/mm/yyyy", "15/03/2023"),
        ("[$-41D]dddd d mmmm", "onsdag 15 mars"),
        ("[$-406]d. mmmm yyyy", "15. marts 2023"),
        ("[$-415]d mmmm yyyy", "15 marca 2023"),
        ("[$-415]mmmm yyyy", "marzec 2023"),
        ("[$-FC19]dd mmmm yyyy", "15 марта 2023"),
        ("[$-41F]d mmmm dddd", "15 Mart Çarşamba"),
    ],
)
def test_calendars_and_languages_of_dates(code: str, text: str) -> None:
    assert shown(45000, code) == text
