"""Numbers, sizes and dates as a language writes them."""

from __future__ import annotations

import re
from datetime import date, datetime

#: the narrow space that no line breaks at
NARROW = "\u202f"
# the decimal sign, and what stands between thousands
_SIGNS = {"en": (".", ","), "fr": (",", NARROW), "de": (",", "."), "es": (",", NARROW), "it": (",", ".")}
_BYTES = {"fr": "o"}
#: names of the months, January to December
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
}
_DATES = {
    "en": "{day} {month} {year}",
    "fr": "{day}{er} {month} {year}",
    "de": "{day}. {month} {year}",
    "es": "{day} de {month} de {year}",
    "it": "{day} {month} {year}",
}
# a number with decimals, or one of bytes
_FIGURE = re.compile(r"(-?\d[\d,]*\.\d+(?= |$)|-?\d[\d,]*(?= [kMGT]?i?B$))(?: ([kMGT]?i?)(B))?")
_ENGLISH_NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?")


def number(value: float, language: str, decimals: int | None = None) -> str:
    """A number with so many decimals, those that it has if not given: ``12,345.6``, ``12 345,6``."""
    shown = f"{value:,}" if decimals is None else f"{value:,.{decimals}f}"
    return local_number(shown, language)


def local_number(english: str, language: str) -> str:
    """A number that is written in the English way, as a language writes it; other text as it is."""
    if not _ENGLISH_NUMBER.fullmatch(english):
        return english
    decimal, thousands = _SIGNS.get(language, _SIGNS["en"])
    whole, point, part = english.partition(".")
    whole = whole.replace(",", "")
    # four digits stand together in most languages but English: 1234, 12 345
    if "," in english or len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", thousands)
    return f"{whole}{decimal if point else ''}{part}"


def size(count: int, language: str) -> str:
    """Bytes for people, by thousands: ``1.2 MB``, ``1,2 Mo``."""
    byte = _BYTES.get(language, "B")
    space = NARROW if language == "fr" else " "
    for unit, divisor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= divisor:
            return f"{number(count / divisor, language, 1 if count < 100 * divisor else 0)}{space}{unit}{byte}"
    return f"{count}{space}{byte}"


def local_figures(english: str, language: str) -> str:
    """A figure such as ``1.2 GiB`` or ``3.5``, written in the English way, as a language writes it.

    Other text, whole numbers among it, is given back as it is.
    """
    found = _FIGURE.fullmatch(english)
    if not found or language == "en":
        return english
    figure, prefix, unit = found.groups()
    space = NARROW if language == "fr" else " "
    byte = "o" if language == "fr" else "B"
    return local_number(figure, language) + (f"{space}{prefix}{byte}" if unit else "")


def day(when: date | datetime | str, language: str) -> str:
    """A date in words: ``29 November 2026``, ``1er décembre 2026``; of ISO 8601, or that text if it is not."""
    if isinstance(when, str):
        try:
            return day(datetime.fromisoformat(when), language)
        except ValueError:
            return when
    code = language if language in MONTHS else "en"
    first = "er" if when.day == 1 else ""
    return _DATES[code].format(day=when.day, er=first, month=MONTHS[code].split()[when.month - 1], year=when.year)


def short_day(when: date | datetime | str, language: str) -> str:
    """A date in figures, for tables: ``2026-11-29``, ``29/11/2026``."""
    text = when if isinstance(when, str) else when.isoformat()
    found = re.match(r"(\d{4})-(\d\d)-(\d\d)", text)
    if not found or language == "en":
        return text[:10]
    year, month, of_month = found.groups()
    sign = {"de": ".", "fr": "/"}.get(language, "/")
    return sign.join((of_month, month, year))
