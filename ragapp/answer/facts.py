"""Facts that an answer must not change: numbers with their units, dates, names and negation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

_SPACES = " \u00a0\u202f"
_NUMBER = re.compile(rf"\d+(?:[.,{_SPACES}]\d+)*")
_SEPARATOR = re.compile(rf"[.,{_SPACES}]")

# the beginnings of the names of each month, accents folded: English, French, German, Spanish
_MONTH_STARTS = "jan ene|feb fev|mar|apr avr abr|may mai|jun juin|jul juil|aug aou ago|sep|oct okt|nov|dec dez dic"
_MONTHS = {start: month for month, starts in enumerate(_MONTH_STARTS.split("|"), 1) for start in starts.split()}
_MONTH_NAMES = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
    "|janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[uû]t|septembre|octobre|novembre|d[ée]cembre"
    "|januar|februar|märz|juni|juli|oktober|dezember"
    "|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
)
_DATES = (
    # 31 March 2025, 1er mars, 31. März 2025, 3 de marzo de 2025
    re.compile(
        rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|\.)?[ \u00a0](?:of |de )?(?P<m>{_MONTH_NAMES})\b\.?"
        rf"(?:,?[ \u00a0](?:de )?(?P<y>\d{{4}})\b)?",
        re.IGNORECASE,
    ),
    # March 31, 2025
    re.compile(
        rf"\b(?P<m>{_MONTH_NAMES})\.?[ \u00a0](?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?[ \u00a0](?P<y>\d{{4}})\b)?",
        re.IGNORECASE,
    ),
    # 2025-03-31
    re.compile(r"\b(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})\b"),
    # 31/03/2025, 31.03.2025; 3/31/2025 where there is no month 31
    re.compile(r"\b(?P<d>\d{1,2})[/.](?P<m>\d{1,2})[/.](?P<y>\d{4})\b"),
)

# Patterns of units, by dimension: a number with another unit of the same dimension is another quantity.
_UNITS: dict[str, dict[str, str]] = {
    "time": {
        "second": r"seconds?|secondes?|sec",
        "minute": r"minutes?|mins?",
        "hour": r"hours?|heures?|hrs?|h",
        "day": r"(?:working |calendar |business )?days?|jours?|tage?n?|d[ií]as?",
        "week": r"weeks?|semaines?|wochen?",
        "month": r"months?|mois|monate?n?|mes(?:es)?",
        "year": r"years?|ans?|ann[ée]es?|jahre?n?|años?",
    },
    "money": {
        "pound": r"£|pounds?|livres?|gbp",
        "pence": r"p|pence|penny",
        "euro": r"€|euros?|eur",
        "cent": r"cents?|centimes?|ct",
        "dollar": r"\$|dollars?|usd",
        "franc": r"francs?|chf",
        "yen": r"¥|yens?|jpy",
    },
    "length": {
        "mm": r"mm|millimet(?:er|re)s?|millim[èe]tres?",
        "cm": r"cm|centimet(?:er|re)s?|centim[èe]tres?",
        "m": r"m|met(?:er|re)s?|m[èe]tres?",
        "km": r"km|kilomet(?:er|re)s?|kilom[èe]tres?",
        "mile": r"miles?|mi",
        "foot": r"feet|foot|ft",
        "inch": r"inch(?:es)?",
    },
    "weight": {"g": r"g|grams?|grammes?", "kg": r"kg|kilos?|kilograms?|kilogrammes?", "t": r"tonnes?|tons?"},
    "share": {"percent": r"%|percent|per cent|pour ?cent|prozent", "permille": r"‰"},
    "power": {"w": r"w|watts?", "kw": r"kw|kilowatts?", "v": r"v|volts?", "a": r"amps?|amp[èe]res?"},
    "heat": {"celsius": r"°\s?c|degrees celsius", "fahrenheit": r"°\s?f|degrees fahrenheit"},
    "size": {"kb": r"kb|ko", "mb": r"mb|mo", "gb": r"gb|go", "tb": r"tb|to"},
    "scale": {"million": r"millions?", "billion": r"billions?|milliards?", "thousand": r"thousands?|mille|milliers?"},
}
_DIMENSION = {unit: dimension for dimension, units in _UNITS.items() for unit in units}
_ANY_UNIT = "|".join(f"(?P<{unit}>{pattern})" for units in _UNITS.values() for unit, pattern in units.items())
_UNIT_BEHIND = re.compile(rf"[{_SPACES}-]?(?:{_ANY_UNIT})(?![^\W_])", re.IGNORECASE)
_CURRENCY_BEFORE = {"£": "pound", "€": "euro", "$": "dollar", "¥": "yen"}

# words that negate what follows
_DENIALS = {
    "en": r"not|no|never|none|nor|neither|nobody|nothing|cannot|\w+n['’]t",
    "fr": r"ne|n(?=['’]\w)|non|aucune?|jamais|ni|sans|rien",
    "de": r"nicht|kein\w*|nie|niemals|weder|ohne",
    "es": r"no|nunca|ning[uú]n\w*|sin|tampoco|ni",
}
# words that forbid what precedes them
_FORBIDS = {
    "en": r"prohibited|forbidden|excluded|banned|disallowed",
    "fr": r"interdit\w*|prohib\w*|exclue?s?|refus[ée]\w*",
    "de": r"verboten\w*|untersagt\w*|ausgeschlossen\w*",
    "es": r"prohibid\w*|excluid\w*",
}
# other words that may express a negation
_HINTS = {
    "en": r"without|except|exclud\w*|unless|forbid\w*|forbidden|prohibit\w*|refus\w*|den(?:y|ied)|lack\w*|"
    r"fail\w*|un\w{4,}|in(?:valid|eligible|capable)|stop\w*|ban(?:ned)?|only|reject\w*|lapse\w*|avoid\w*|exempt\w*|less|free",
    "fr": r"sauf|except\w*|exclu\w*|interdi\w*|prohib\w*|refus\w*|seul\w*|uniquement|pas|plus|hors|impossible|"
    r"exempt\w*|dispens\w*|in\w{5,}",
    "de": r"außer|ausgeschlossen\w*|verboten\w*|nur|un\w{4,}|frei",
    "es": r"salvo|excepto|exclu\w*|prohib\w*|solo|sólo|in\w{5,}",
}


@dataclass(frozen=True, slots=True)
class Date:
    """A day, whose year may be unknown."""

    day: int
    month: int
    year: int | None = None

    def agrees(self, other: Date) -> bool:
        """Whether both may be the same day."""
        same_year = self.year is None or other.year is None or self.year == other.year
        return (self.day, self.month) == (other.day, other.month) and same_year


def numbers(text: str) -> list[str]:
    """The numbers of a text, normalised: ``1,250.00``, ``1 250,00`` and ``1250`` are the same.

    Leading zeros stay, as they belong to codes and telephone numbers.
    """
    return [normalise_number(found) for found in _NUMBER.findall(text)]


def normalise_number(text: str) -> str:
    """A normalised number; see :func:`numbers`."""
    compact = re.sub(rf"[{_SPACES}]", "", text)
    whole, decimals = compact, ""
    match = re.fullmatch(r"(.*)[.,](\d{1,2})", compact)
    if match:
        whole, decimals = match.groups()
    whole = re.sub(r"[.,]", "", whole)
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def number_variants(text: str) -> set[str]:
    """The numbers of a text, whole and in parts, since a space may separate two numbers as well as thousands."""
    found = set(numbers(text))
    for run in _NUMBER.findall(text):
        found.update(normalise_number(piece) for piece in re.split(rf"[{_SPACES}]", run))
        found.update(_SEPARATOR.split(run))
    return found


def quantities(text: str) -> set[tuple[str, str]]:
    """The numbers that have a known unit, with it: ``£1,250`` is ``("1250", "pound")``."""
    found = set()
    for match in _NUMBER.finditer(text):
        number = normalise_number(match[0])
        before = text[: match.start()].rstrip(_SPACES)[-1:]
        if unit := _CURRENCY_BEFORE.get(before):
            found.add((number, unit))
        behind = _UNIT_BEHIND.match(text, match.end())
        if behind and behind.lastgroup:
            found.add((number, behind.lastgroup))
    return found


def dates(text: str) -> list[tuple[Date, tuple[int, int]]]:
    """The dates of a text, in words or figures (day before month), with their offsets."""
    found: dict[tuple[int, int], Date] = {}
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if any(begin < match.end() and match.start() < end for begin, end in found):
                continue
            day, month, year = int(match["d"]), _month(match["m"]), match["y"]
            if month > 12 >= day:
                day, month = month, day
            if 1 <= month <= 12 and 1 <= day <= 31:
                found[match.span()] = Date(day, month, int(year) if year else None)
    return [(date, span) for span, date in sorted(found.items())]


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    folded = text.lower().translate(str.maketrans("éèûüä", "eeuua"))
    return next(month for start, month in _MONTHS.items() if folded.startswith(start))


def has_unsupported_figure(statement: str, source: str, given: str = "") -> bool:
    """Whether a statement has a number, quantity or date that its source and a ``given`` text, the question, lack."""
    rest, _ = blank_shared_dates(statement, f"{source}\n{given}")
    known = number_variants(source) | number_variants(given)
    if any(number not in known for number in numbers(rest)):
        return True
    return _changes_a_unit(rest, f"{source}\n{given}")


def blank_shared_dates(statement: str, source: str) -> tuple[str, int]:
    """A statement with the dates blanked that its source has too, however written, and their number."""
    known = [date for date, _ in dates(source)]
    rest, shared = list(statement), 0
    for date, (begin, end) in dates(statement):
        if any(date.agrees(other) for other in known):
            rest[begin:end] = " " * (end - begin)
            shared += 1
    return "".join(rest), shared


def _changes_a_unit(statement: str, source: str) -> bool:
    units: dict[str, set[str]] = {}
    for number, unit in quantities(source):
        units.setdefault(number, set()).add(unit)
    for number, unit in quantities(statement):
        others = units.get(number, set())
        # a number that has no unit in the source, as in a table's column, may have any
        if unit not in others and any(_DIMENSION[other] == _DIMENSION[unit] for other in others):
            return True
    return False


def names(text: str) -> list[str]:
    """Capitalised words that begin no sentence, line or quotation."""
    return [
        match[1]
        for match in re.finditer(r"(?<![.!?:…«“\"(\[\n*•–-])(?<!^)[ \u00a0]((?:[A-ZÀ-ÖØ-Þ][\w’'-]*\w))", text)
        if not match[1].isdigit()
    ]


def negates(statement: str, source: str, language: str, stems: Callable[[str], Iterable[str]]) -> bool:
    """Whether a statement negates its source, or the other way round.

    Only clear cases count, in languages whose negations are known: one has a negation right beside terms (by ``stems``)
    that both share, and the other has nothing that may express one in other words ("excluded" for "not included").
    """
    if language not in _DENIALS:
        return False
    strict, forbids, broad = _denial_patterns(language)
    for one, other in ((statement, source), (source, statement)):
        if broad.search(other):
            continue
        shared = set(stems(other))
        beside = [one[match.end() :].split()[:3] for match in strict.finditer(one)]
        beside += [one[: match.start()].split()[-4:] for match in forbids.finditer(one)]
        if any(shared & set(stems(" ".join(words))) for words in beside):
            return True
    return False


@lru_cache
def _denial_patterns(language: str) -> tuple[re.Pattern[str], ...]:
    strict, forbids = _DENIALS[language], _FORBIDS[language]
    every = (strict, forbids, f"{strict}|{forbids}|{_HINTS[language]}")
    return tuple(re.compile(rf"\b(?:{words})(?![^\W_])", re.IGNORECASE) for words in every)
