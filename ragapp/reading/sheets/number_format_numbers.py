"""Numbers by a section of a format code: digits, groups, scale, percent, exponents, fractions, and General."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from ragapp.reading.sheets.number_format_code import Piece, Section

# wide enough for any double with as many places and signs of percent as a code has room for
_CONTEXT = Context(prec=6000, rounding=ROUND_HALF_UP)
_ONE = Decimal(1)
# General shows so many characters, the sign not counted
_GENERAL_WIDTH = 11
# the places of a denominator that are tried; Excel has no more than 3 in practice
_MAX_DENOMINATOR = 7


def exact(value: int | float) -> Decimal:
    """A number by the 15 significant digits that Excel keeps."""
    return Decimal(f"{value:.15g}")


def general(value: int | float) -> str:
    """A number as the format General shows it in a wide cell: 11 characters, rounded or with an exponent."""
    if isinstance(value, int) and -(10**11) < value < 10**11:
        return str(value)
    short = f"{value:.15g}"
    if len(short) <= _GENERAL_WIDTH + (value < 0) and "e" not in short:
        return "0" if short == "-0" else short
    if 1e-4 <= abs(value) < 1e10 and "e" not in short:
        # the digits before the point and the point leave room for so many decimals
        places = 10 - max(short.find(".") - (value < 0), 1)
        if not _is_tie(short, places):
            return _trimmed(f"{value:.{places}f}")
    sign, number = ("-" if value < 0 else ""), abs(exact(value))
    power = number.adjusted()
    if -5 < power < 11:
        rounded = number.quantize(_ONE.scaleb(-min(9, max(0, 9 - power))), context=_CONTEXT)
        if rounded < 10**11:
            return sign + _trimmed(f"{rounded:f}")
    plain = _trimmed(f"{number:f}") if -10 < power < 0 else ""
    if plain and len(plain) <= _GENERAL_WIDTH:
        return sign + plain
    mantissa = number.scaleb(-power, _CONTEXT).quantize(Decimal("0.00001"), context=_CONTEXT)
    if mantissa >= 10:
        mantissa, power = Decimal(1), power + 1
    return f"{sign}{_trimmed(f'{mantissa:f}')}E{'-' if power < 0 else '+'}{abs(power):02}"


def _is_tie(short: str, places: int) -> bool:
    """Whether 15 digits of a number lie half way between two numbers with so many decimals: half goes up, then."""
    return short[-1] == "5" and len(short) - short.find(".") - 1 == places + 1


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


@dataclass(frozen=True, slots=True, eq=False)
class NumberPlan:
    """What a section does with a number.

    Attributes:
        before, after: pieces on both sides of the decimal point; ``after`` ends before an exponent.
        point: whether a decimal point is shown.
        unit: of the last decimal that is kept; ``places`` how many there are.
        rounded: that as a format of Python, for numbers below ``most``.
        grouped: whether thousands are grouped.
        scale: how many commas divide by 1000.
        power: powers of ten that the value is moved by, from signs of percent and from scaling.
        tail: literals behind an exponent; ``exponent`` its sign piece and the digits of it, or empty.
        whole: the least count of whole digits, where digits stand together and all decimals are 0; else -1.
        prefix, suffix: the literals around them then.
    """

    before: tuple[Piece, ...]
    after: tuple[Piece, ...]
    point: bool
    places: int
    unit: Decimal
    rounded: str
    most: float
    grouped: bool
    scale: int
    power: int
    exponent: tuple[Piece, ...] = ()
    tail: tuple[Piece, ...] = ()
    whole: int = -1
    prefix: str = ""
    suffix: str = ""


@lru_cache(maxsize=4096)
def number_plan(section: Section) -> NumberPlan:
    """What a section that shows numbers does."""
    pieces, grouped, scale = _without_commas(section.pieces)
    percents = sum(piece.kind == "percent" for piece in pieces)
    cut = _index(pieces, "exponent")
    mantissa, rest = (pieces, []) if cut < 0 else (pieces[:cut], pieces[cut:])
    exponent: list[Piece] = []
    while rest and (not exponent or rest[0].kind == "digit"):
        exponent.append(rest.pop(0))
    at = _index(mantissa, "point")
    before, after = (mantissa, []) if at < 0 else (mantissa[:at], mantissa[at + 1 :])
    places = sum(piece.kind == "digit" for piece in after)
    whole, prefix, suffix = -1, "", ""
    simple = _simple(before, after) if not exponent and (at >= 0 or not after) else None
    if simple and not (grouped and simple[0] > 1):
        whole, prefix, suffix = simple
    return NumberPlan(
        tuple(before),
        tuple(after),
        at >= 0,
        places,
        _ONE.scaleb(-places),
        f"{',' if grouped else ''}.{places}f",
        10.0 ** (12 - places),
        grouped,
        scale,
        2 * percents - 3 * scale,
        tuple(exponent),
        tuple(rest),
        whole,
        prefix,
        suffix,
    )


def _index(pieces: Sequence[Piece], kind: str) -> int:
    return next((place for place, piece in enumerate(pieces) if piece.kind == kind), -1)


def _without_commas(pieces: Sequence[Piece]) -> tuple[list[Piece], bool, int]:
    """Pieces without the commas that group or scale; whether they group; how many scale."""
    digits = [place for place, piece in enumerate(pieces) if piece.kind == "digit"]
    point = _index(pieces, "point")
    kept: list[Piece] = []
    grouped, scale, follows = False, 0, False  # follows: a digit, or commas behind one
    for place, piece in enumerate(pieces):
        if piece.kind != "comma":
            kept.append(piece)
            follows = piece.kind == "digit"
        elif not follows:
            kept.append(Piece("literal", piece.text))
        elif place > digits[-1] or (place < point and not any(place < digit < point for digit in digits)):
            scale += 1
        elif point < 0 or place < point:
            grouped = True
    return kept, grouped, scale


def _simple(before: list[Piece], after: list[Piece]) -> tuple[int, str, str] | None:
    """Whole digits and the literals around, where digits stand together, without ? and with 0 decimals only."""
    shape = "".join(piece.text if piece.kind == "digit" else "l" for piece in before)
    inner = shape.strip("l")
    decimals = "".join(piece.text if piece.kind == "digit" else "l" for piece in after).rstrip("l")
    if not inner or "?" in inner or "l" in inner or decimals.strip("0"):
        return None
    front = len(shape) - len(shape.lstrip("l"))
    prefix = "".join(piece.text for piece in before[:front])
    trailing = before[front + len(inner) :]
    if trailing and decimals:
        return None  # literals before the point
    suffix = "".join(piece.text for piece in [*trailing, *after[len(decimals) :]])
    zero = inner.find("0")
    return (0 if zero < 0 else len(inner) - zero), prefix, suffix


def shown_number(value: int | float, section: Section) -> str:
    """A number that is not negative, by a section without General, date or text."""
    plan = number_plan(section)
    if plan.whole >= 0 and not (plan.point and not plan.places):
        return plan.prefix + _quick(value, plan) + plan.suffix
    if plan.exponent:
        return _scientific(value, plan)
    fraction = _fraction(value, section)
    if fraction is not None:
        return fraction
    moved = exact(value).scaleb(plan.power, _CONTEXT)
    return _filled(moved, plan)


def _quick(value: int | float, plan: NumberPlan) -> str:
    if not plan.power and (isinstance(value, int) or value.is_integer()) and value < 10**15:
        digits = f"{int(value):,}" if plan.grouped else str(int(value))
        if plan.places:
            digits += "." + "0" * plan.places
    else:
        moved = value * 100 if plan.power == 2 else value
        short = f"{moved:.15g}" if plan.power in (0, 2) else "e"
        # near 15 digits Python would write what Excel does not keep
        if "e" in short or moved >= plan.most or _is_tie(short, plan.places):
            number = exact(value).scaleb(plan.power, _CONTEXT).quantize(plan.unit, context=_CONTEXT)
            digits = f"{number:,f}" if plan.grouped else f"{number:f}"
        else:
            digits = format(moved, plan.rounded)
    if plan.whole == 1:
        return digits
    if plan.whole == 0:
        return digits[1:] if digits[0] == "0" else digits
    return digits.zfill(plan.whole + (plan.places + 1 if plan.places else 0))


def _filled(number: Decimal, plan: NumberPlan) -> str:
    """Digits put into their places, between the literals."""
    rounded = number.quantize(plan.unit, context=_CONTEXT)
    whole, _, decimals = f"{rounded:f}".partition(".")
    whole = whole.lstrip("0")
    text = _whole_digits(whole, plan.before, plan.grouped)
    if plan.point:
        text += "."
    return text + _decimals(decimals, plan.after)


def _whole_digits(digits: str, pieces: Sequence[Piece], grouped: bool) -> str:
    """Whole digits in their places from the right; the first place takes what is left."""
    places = sum(piece.kind == "digit" for piece in pieces)
    if not places:
        return "".join(piece.text for piece in pieces) + digits
    parts: list[str] = []
    index, left = 0, list(digits)
    for piece in reversed(pieces):
        if piece.kind != "digit":
            parts.append(piece.text)
            continue
        places -= 1
        taken = 0
        while left and (not taken or not places):
            parts.append(_grouped(left.pop(), index, grouped))
            index, taken = index + 1, 1
        if not taken and piece.text != "#":
            parts.append(_grouped("0" if piece.text == "0" else " ", index, grouped))
            index += 1
    return "".join(reversed(parts))


def _grouped(digit: str, index: int, grouped: bool) -> str:
    # the parts are put together from the right
    return digit + ("," if digit != " " else " ") if grouped and index and index % 3 == 0 else digit


def _decimals(digits: str, pieces: Sequence[Piece]) -> str:
    last = len(digits.rstrip("0"))
    text, place = "", 0
    for piece in pieces:
        if piece.kind != "digit":
            text += piece.text
            continue
        if place < last or piece.text == "0":
            text += digits[place]
        elif piece.text == "?":
            text += " "
        place += 1
    return text


def _scientific(value: int | float, plan: NumberPlan) -> str:
    """With an exponent, which is a multiple of the count of whole digits (``##0.0E+0`` shows thousands)."""
    step = max(1, sum(piece.kind == "digit" for piece in plan.before))
    number = exact(value).scaleb(plan.power, _CONTEXT)
    power = (number.adjusted() // step) * step if number else 0
    mantissa = number.scaleb(-power, _CONTEXT)
    if mantissa.quantize(plan.unit, context=_CONTEXT) >= 10**step:
        power += step
        mantissa = number.scaleb(-power, _CONTEXT)
    sign = "-" if power < 0 else "+" if plan.exponent[0].text[1] == "+" else ""
    digits = _whole_digits(str(abs(power)).lstrip("0"), plan.exponent[1:], False) or "0"
    return _filled(mantissa, plan) + "E" + sign + digits + "".join(piece.text for piece in plan.tail)


@dataclass(frozen=True, slots=True)
class _FractionPlan:
    whole: tuple[Piece, ...]
    numerator: tuple[Piece, ...]
    denominator: tuple[Piece, ...]
    fixed: int  # the denominator, or 0
    tail: tuple[Piece, ...]


@lru_cache(maxsize=1024)
def _fraction_plan(section: Section) -> _FractionPlan | None:
    pieces = section.pieces
    slash = _index(pieces, "slash")
    start = slash
    while start > 0 and pieces[start - 1].kind == "digit":
        start -= 1
    stop = slash + 1
    while stop < len(pieces) and (pieces[stop].kind == "digit" or pieces[stop].text in set("123456789")):
        stop += 1
    if slash < 1 or start == slash or stop == slash + 1:
        return None
    denominator = pieces[slash + 1 : stop]
    written = "".join(piece.text for piece in denominator)
    fixed = int(written) if written.isdecimal() and written.strip("0") else 0
    whole = pieces[:start]
    if not any(piece.kind == "digit" for piece in whole):
        return _FractionPlan((), (*whole, *pieces[start:slash]), denominator, fixed, pieces[stop:])
    return _FractionPlan(whole, pieces[start:slash], denominator, fixed, pieces[stop:])


def _fraction(value: int | float, section: Section) -> str | None:
    """As a fraction by ``# ?/?`` or ``# ?/16``; None if the section shows none."""
    plan = _fraction_plan(section)
    if plan is None:
        return None
    number = Fraction(exact(value))
    most = 10 ** min(len(plan.denominator), _MAX_DENOMINATOR) - 1
    whole = number.numerator // number.denominator if plan.whole else 0
    part = number - whole
    if plan.fixed:
        over, under = int(part * plan.fixed + Fraction(1, 2)), plan.fixed
    else:
        near = part.limit_denominator(most)
        over, under = near.numerator, near.denominator
    if plan.whole and over == under:
        whole, over, under = whole + 1, 0, plan.fixed or 1
    tail = "".join(piece.text for piece in plan.tail)
    front = _whole_digits(str(whole).lstrip("0"), plan.whole, False) if plan.whole else ""
    if plan.whole and not over and not any(piece.text == "0" for piece in plan.numerator):
        return (front if whole or front.strip() else "0") + tail
    below = str(under) if plan.fixed else _whole_digits(str(under), plan.denominator, False).strip()
    above = _whole_digits(str(over).lstrip("0"), plan.numerator, False)
    return front + (above if above.strip() else "0") + "/" + below + tail
