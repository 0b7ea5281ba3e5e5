"""Numbers as Chinese, Japanese and Korean documents write them: 一, 十二, 一百零五, 壹拾 (29500-1, 17.18.59)."""

from __future__ import annotations

from typing import NamedTuple

_PLAIN, _LEGAL = "〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "十", "百", "千")
_LARGEST = 9999


class _System(NamedTuple):
    """How numbers are built.

    Attributes:
        digits: from zero to nine.
        units: for tens, hundreds and thousands; none where digits stand side by side.
        zero: for places that are left out between others, empty where nothing stands for them.
        ones: whether a one is written in front of hundreds and thousands; 2 for in front of tens, too.
        most: from which number on the digits stand side by side.
    """

    digits: str
    units: tuple[str, ...] = ()
    zero: str = ""
    ones: int = 1
    most: int = _LARGEST


_SYSTEMS = {
    "ideographDigital": _System(_PLAIN),
    "japaneseDigitalTenThousand": _System(_PLAIN),
    "taiwaneseDigital": _System("○" + _PLAIN[1:]),
    "koreanDigital": _System("영일이삼사오육칠팔구"),
    "koreanDigital2": _System("零" + _PLAIN[1:]),
    "chineseCounting": _System(_PLAIN, _UNITS, most=99),
    "taiwaneseCounting": _System("○" + _PLAIN[1:], _UNITS, most=99),
    "chineseCountingThousand": _System(_PLAIN, _UNITS, zero="零"),
    "taiwaneseCountingThousand": _System(_PLAIN, _UNITS, zero="零"),
    "japaneseCounting": _System(_PLAIN, _UNITS, ones=0),
    "koreanCounting": _System("영일이삼사오육칠팔구", ("", "십", "백", "천"), ones=0),
    "chineseLegalSimplified": _System(_LEGAL, ("", "拾", "佰", "仟"), zero="零", ones=2),
    "ideographLegalTraditional": _System("零壹貳參肆伍陸柒捌玖", ("", "拾", "佰", "仟"), zero="零", ones=2),
    "japaneseLegal": _System("〇壱弐参四五六七八九", ("", "拾", "百", "阡"), ones=2),
}


def east_asian_numeral(number: int, name: str) -> str:
    """A number in a format of ``ST_NumberFormat``; empty where it is none of these, or the number is too large."""
    system = _SYSTEMS.get(name)
    if system is None or not 0 < number <= _LARGEST:
        return ""
    digits = [int(digit) for digit in str(number)]
    if not system.units or number > system.most:
        return "".join(system.digits[digit] for digit in digits)
    text, is_left_out = "", False
    for place, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        if not digit:
            is_left_out = True
            continue
        if is_left_out and text:
            text += system.zero
        is_left_out = False
        is_first_ten = place == 1 and not text and system.ones < 2
        is_bare = digit == 1 and place > 0 and (system.ones == 0 or is_first_ten)
        text += ("" if is_bare else system.digits[digit]) + system.units[place]
    return text
