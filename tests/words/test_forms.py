from datetime import date

import pytest

from ragapp.words.forms import day, local_figures, local_number, number, short_day, size


@pytest.mark.parametrize(
    ("value", "decimals", "english", "french"),
    [
        (1234.5, 1, "1,234.5", "1\u202f234,5"),
        (12345, None, "12,345", "12\u202f345"),
        (1234567, None, "1,234,567", "1\u202f234\u202f567"),
        (999, None, "999", "999"),
        (0.256, 2, "0.26", "0,26"),
        (-1234, None, "-1,234", "-1\u202f234"),
    ],
)
def test_numbers(value, decimals, english, french):
    assert number(value, "en", decimals) == english
    assert number(value, "fr", decimals) == french


def test_a_number_in_a_message_is_rewritten_and_other_text_is_not():
    assert local_number("12,345.50", "fr") == "12\u202f345,50"
    for text in ("1.2.3", "127.0.0.1", "v1.5", "1,2", "", "12,34,567"):
        assert local_number(text, "fr") == text


@pytest.mark.parametrize(
    ("text", "french"),
    [
        ("1.2 GiB", "1,2\u202fGio"),
        ("12 MB", "12\u202fMo"),
        ("3.5", "3,5"),
        ("2026", "2026"),
        ("12345", "12345"),
        ("1.2.3", "1.2.3"),
        ("1.5 kg", "1.5 kg"),
    ],
)
def test_figures(text, french):
    assert local_figures(text, "fr") == french
    assert local_figures(text, "en") == text


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [
        (12, "12 B", "12\u202fo"),
        (1234, "1.2 kB", "1,2\u202fko"),
        (1_250_000, "1.2 MB", "1,2\u202fMo"),
        (345_000_000, "345 MB", "345\u202fMo"),
        (1_100_000_000, "1.1 GB", "1,1\u202fGo"),
    ],
)
def test_sizes(count, english, french):
    assert size(count, "en") == english
    assert size(count, "fr") == french


def test_dates():
    assert day(date(2026, 11, 29), "fr") == "29 novembre 2026"
    assert day("2026-12-01T08:00:00", "fr") == "1er décembre 2026"
    assert day("2026-12-01", "en") == "1 December 2026"
    assert day("yesterday", "fr") == "yesterday"
    assert short_day("2026-11-29T10:00:00", "fr") == "29/11/2026"
    assert short_day("2026-11-29T10:00:00", "en") == "2026-11-29"
