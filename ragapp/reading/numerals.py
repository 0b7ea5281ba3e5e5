"""Numbers as lists, notes and pages print them: 4, iv, D, 04, 4th, §."""

from __future__ import annotations

from typing import Literal

NumeralStyle = Literal[
    "decimal", "decimal-zero", "lower-letter", "upper-letter", "lower-roman", "upper-roman", "ordinal", "symbol", "none"
]
_ROMAN = tuple(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ("m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"),
        strict=True,
    )
)
_SYMBOLS = "*†‡§"
# a letter is not repeated more often; a damaged file may count without end
_MOST_REPEATS = 30
_MOST_ROMAN = 32_767


def numeral(number: int, style: NumeralStyle = "decimal", *, repeat_letters: bool = True) -> str:
    """A number as it is printed in a style; decimal where the style has no sign for it (0, negative, very large).

    ``repeat_letters``: whether z is followed by aa, bb, cc, as in Word, or by aa, ab, ac, as in a column's name.
    """
    if style == "none":
        return ""
    if style == "decimal-zero":
        return f"{number:02d}"
    if style == "ordinal":
        return f"{number}{_english_ordinal(number)}"
    if number < 1:
        return str(number)
    if style in ("lower-roman", "upper-roman") and number <= _MOST_ROMAN:
        text = _roman(number)
    elif style in ("lower-letter", "upper-letter"):
        text = _letters(number, repeat_letters)
    elif style == "symbol":
        return _SYMBOLS[(number - 1) % 4] * min((number - 1) // 4 + 1, _MOST_REPEATS)
    else:
        return str(number)
    return text.upper() if style.startswith("upper") else text


def _roman(number: int) -> str:
    text = ""
    for value, sign in _ROMAN:
        text += sign * (number // value)
        number %= value
    return text


def _letters(number: int, repeat: bool) -> str:
    if repeat:
        times = (number - 1) // 26 + 1
        return chr(97 + (number - 1) % 26) * times if times <= _MOST_REPEATS else str(number)
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(97 + rest) + text
    return text


def _english_ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
