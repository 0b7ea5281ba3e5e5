from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragapp.index.analysis import terms
from ragapp.index.dates import Date, dates

MARCH_31 = Date(31, 3, 2025)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("31 March 2025", MARCH_31),
        ("the 31st of March, 2025", MARCH_31),
        ("March 31, 2025", MARCH_31),
        ("Mar 31 2025", MARCH_31),
        ("31/03/2025", MARCH_31),
        ("31.03.2025", MARCH_31),
        ("3/31/2025", MARCH_31),
        ("2025-03-31", MARCH_31),
        ("le 31 mars 2025", MARCH_31),
        ("31. März 2025", MARCH_31),
        ("31 de marzo de 2025", MARCH_31),
        ("le 1er août", Date(1, 8)),
        ("le 3 juin", Date(3, 6)),
        ("le 14 juillet 1789", Date(14, 7, 1789)),
        ("2 February", Date(2, 2)),
    ],
)
def test_dates_in_words_and_figures_are_the_same_day(text, found):
    assert [date for date, _ in dates(text)] == [found]


@pytest.mark.parametrize("text", ["99/99/2025", "version 1.2", "section 31", "Marchand 2025", "32 March 2025", ""])
def test_what_is_no_date(text):
    assert dates(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3 gennaio 2024", Date(3, 1, 2024)),
        ("5 mag. 2024", Date(5, 5, 2024)),
        ("il 1° giugno 2024", Date(1, 6, 2024)),
        ("7 mei 2024", Date(7, 5, 2024)),
        ("7 mrt 2024", Date(7, 3, 2024)),
        ("9 de março de 2024", Date(9, 3, 2024)),
        ("1.º de dezembro de 2024", None),
        ("1º de dezembro de 2024", Date(1, 12, 2024)),
        ("9 out 2024", Date(9, 10, 2024)),
        ("9 de abril del 2024", Date(9, 4, 2024)),
        ("le 9 févr. 2024", Date(9, 2, 2024)),
        ("9-Mar-2024", Date(9, 3, 2024)),
        ("du 3 au 5\nmars 2024", Date(5, 3, 2024)),
        ("3-5 mars 2024", Date(5, 3, 2024)),
        ("2024/3/9", Date(9, 3, 2024)),
        ("report-2024-03-09_final", Date(9, 3, 2024)),
        ("09-03-2024", Date(9, 3, 2024)),
        ("09/03/24", Date(9, 3, 2024)),
        ("09.03.87", Date(9, 3, 1987)),
    ],
)
def test_dates_of_other_languages_and_forms(text: str, found: Date | None) -> None:
    assert [date for date, _ in dates(text)] == ([found] if found else [])


@pytest.mark.parametrize(
    "text",
    [
        "3 out of 5",
        "2 set aside",
        "section 3.1.24",
        "1.2.3.2024",
        "12/2024/03",
        "192.10.12.2024",
        "9 ſept 2024",
        "9 agoo 2024",
    ],
)
def test_what_only_looks_like_a_date(text: str) -> None:
    assert dates(text) == []


def _dated(text: str, language: str) -> list[str]:
    return [term for term in terms(text, language) if term[0] == "d" and term[1:].isdigit()]


@pytest.mark.parametrize("language", ["en", "fr", "xx"])
@pytest.mark.parametrize(
    "text",
    [
        "on 9 March 2031",
        "March 9th, 2031",
        "the 9th of March 2031",
        "le 9 mars 2031",
        "Le 9 MARS 2031",
        "am 9. März 2031",
        "am 9. Marz 2031",
        "el 9 de marzo de 2031",
        "il 9 marzo 2031",
        "op 9 maart 2031",
        "em 9 de março de 2031",
        "09.03.2031",
        "9.3.2031",
        "2031-03-09",
        "2031-03-09T10:00",
        "9\u00a0mars\u00a02031",
    ],
)
def test_a_day_has_one_term_however_it_is_written(text: str, language: str) -> None:
    assert _dated(text, language) == ["d20310309"]


@pytest.mark.parametrize("text", ["March 2031", "mars 2031", "03/2031", "3/2031", "marzo de 2031", "d'AOÛT 2031"])
def test_so_has_a_month_of_a_year(text: str) -> None:
    assert _dated(text, "fr") == ["d203108" if "AO" in text else "d203103"]


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("03/04/2031", "fr", ["d20310403"]),
        ("03/04/2031", "en", ["d20310403", "d20310304"]),
        ("03.04.2031", "en", ["d20310403"]),
        ("2031/03/04", "en", ["d20310304"]),
        ("03/03/2031", "en", ["d20310303"]),
        ("03/14/2031", "fr", ["d20310314"]),
    ],
)
def test_english_is_written_in_either_order(text: str, language: str, found: list[str]) -> None:
    assert _dated(text, language) == found


@pytest.mark.parametrize("text", ["in March", "9 March", "2031", "the 2010-11 year", "March 20310", "13/2031", "3/4"])
def test_what_has_no_year_or_no_month_has_no_term(text: str) -> None:
    assert _dated(text, "en") == []


def test_a_date_is_one_term_however_often_it_stands_there() -> None:
    assert _dated("9 March 2031, 09.03.2031 and 2031-03-09, not 10 March 2031", "en") == ["d20310309", "d20310310"]


@given(st.dates(), st.sampled_from(["{0.day}/{0.month}/{0.year:04}", "{0.day:02}.{0.month:02}.{0.year:04}"]))
def test_every_day_is_read(day, form: str) -> None:
    expected = [Date(day.day, day.month, day.year)] if 1000 <= day.year < 3000 else []
    assert [date for date, _ in dates(form.format(day))] == expected


@given(st.text(alphabet="0123456789/.- marsoctundlé,\u0130ſ\n"))
def test_spans_lie_in_order_and_apart(text: str) -> None:
    found = dates(text)
    ends = [0, *(end for _, (_, end) in found)]
    assert all(end <= begin < after for end, (_, (begin, after)) in zip(ends, found, strict=False))


@pytest.mark.parametrize(
    "unit", ["9 mars 2031 ", "09/03/2031 ", "9 mars ", "mars ", "1/1/", "2031-", "mars    ", "9.9."]
)
def test_long_texts_take_no_more_than_their_length(unit: str) -> None:
    started = time.monotonic()
    terms("2031 " + unit * 20_000, "fr")
    dates(unit * 20_000)
    assert time.monotonic() - started < 5
