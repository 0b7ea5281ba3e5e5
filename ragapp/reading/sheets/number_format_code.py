"""Number format codes of spreadsheets (ISO/IEC 29500-1, 18.8.31), taken apart into their sections and pieces."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

# Excel's own limit is 255; a longer code is not obeyed, so that a bad file cannot make each cell costly
MAX_CODE = 1024

Kind = Literal[
    "literal",  # shown as it is
    "digit",  # 0, # or ?
    "point",
    "comma",  # groups thousands, or scales
    "percent",
    "exponent",  # E+ or E-
    "slash",  # of a fraction, or a literal
    "date",  # y, m, d, h, s, b, e or g, once or more
    "elapsed",  # [h], [m] or [s], once or more
    "ampm",
    "general",
    "text",  # @
]


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a section, with its text."""

    kind: Kind
    text: str


@dataclass(frozen=True, eq=False)
class Section:
    """One section of a code; each is itself only, so that plans made of it are found quickly.

    Attributes:
        pieces: in their order.
        condition: operator and limit, such as ``(">=", 1000.0)``, or None.
        language: two letters, where a locale is named (``[$-40C]`` is ``fr``); else empty.
        is_buddhist: whether years are those of the Thai calendar (``[$-1070000]``).
    """

    pieces: tuple[Piece, ...]
    condition: tuple[str, float] | None = None
    language: str = ""
    is_buddhist: bool = False

    def has(self, *kinds: Kind) -> bool:
        """Whether there is a piece of one of these kinds."""
        return any(piece.kind in kinds for piece in self.pieces)

    @cached_property
    def shows(self) -> Literal["date", "number", "general", "literal"]:
        """What it makes of a number.

        Letters beside digits (``0 d``, ``CHF #,##0``) are a unit, no day and no hour; only zeros behind a point
        (``ss.00``) belong to dates. Excel wants such letters quoted, other programs write them as they are.
        """
        kinds = [piece.kind for piece in self.pieces]
        if "date" in kinds or "elapsed" in kinds or "ampm" in kinds:
            inside = False  # of the zeros behind a point
            for piece in self.pieces:
                inside = piece.kind in ("point", "comma") or (inside and piece.text == "0")
                if piece.kind in ("general", "text") or (piece.kind == "digit" and not inside):
                    break
            else:
                return "date"
        if "general" in kinds or self.is_text:
            return "general"
        return "number" if "digit" in kinds else "literal"

    @cached_property
    def is_text(self) -> bool:
        """Whether it shows text, and no numbers."""
        return self.has("text") and not self.has("digit", "general")


_TOKEN = re.compile(
    r"""
    "(?P<quoted>[^"]*)(?:"|$)
    |\\(?P<escaped>.?)
    |_(?P<blank>.?)
    |\*(?P<fill>.?)
    |\[(?P<bracket>[^\]]*)\]
    |(?P<general>General|Standard)
    |(?P<ampm>AM/PM|A/P|上午/下午|午前/午後|오전/오후)
    |(?P<exponent>E[+\-])
    |(?P<calendar>B[12](?=[ymd]))
    |(?P<date>y+|m+|d+|h+|s+|b+|e+|g+)
    |(?P<digit>[0#?])
    |(?P<end>;)
    |(?P<other>.)
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_CONDITION = re.compile(r"\s*(<=|>=|<>|<|>|=)\s*([+\-]?[\d.]+(?:E[+\-]?\d+)?)\s*", re.IGNORECASE)
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
# the third byte of a locale number is a calendar
_BUDDHIST = re.compile(r"[0-9A-F]{0,2}07[0-9A-F]{4}(?:,.*)?", re.IGNORECASE)
_OTHER: dict[str, Kind] = {".": "point", ",": "comma", "%": "percent", "/": "slash", "@": "text"}
# by the primary language of a Windows locale number (MS-LCID)
_LANGUAGES = {0x07: "de", 0x09: "en", 0x0A: "es", 0x0C: "fr", 0x10: "it", 0x11: "ja", 0x13: "nl", 0x16: "pt"}
_LANGUAGES |= {0x06: "da", 0x14: "no", 0x15: "pl", 0x19: "ru", 0x1D: "sv", 0x1F: "tr"}


@lru_cache(maxsize=4096)
def sections(code: str) -> tuple[Section, ...]:
    """The sections of a code, at least one; nothing is refused, what means nothing is a literal."""
    found: list[Section] = []
    pieces: list[Piece] = []
    condition, language, is_buddhist = None, "", False
    for match in _TOKEN.finditer(code[:MAX_CODE]):
        kind, text = match.lastgroup or "", match[match.lastgroup or 0] or ""
        if kind == "end":
            found.append(Section(tuple(pieces), condition, language, is_buddhist))
            pieces, condition, language, is_buddhist = [], None, "", False
        elif kind == "bracket":
            if comparison := _CONDITION.fullmatch(text):
                condition = (comparison[1], _number(comparison[2]))
            elif _ELAPSED.fullmatch(text):
                pieces.append(Piece("elapsed", text.lower()))
            elif text.startswith("$"):
                sign, _, locale = text[1:].partition("-")
                language = _language(locale) or language
                is_buddhist = is_buddhist or _BUDDHIST.fullmatch(locale) is not None
                pieces.append(Piece("literal", sign))
            # colours, [DBNum1] and the like change no words
        elif kind == "calendar":
            continue  # of the West or of Islam; dates are written in that of the West
        elif kind == "fill":
            # repeated as far as the column is wide; a gap behind a sign would part it from its number
            pieces.append(Piece("literal", " " if text == " " and _ends_a_word(pieces) else ""))
        else:
            pieces.append(_piece(kind, text))
    found.append(Section(tuple(pieces), condition, language, is_buddhist))
    return tuple(found)


def _ends_a_word(pieces: list[Piece]) -> bool:
    return bool(pieces) and pieces[-1].kind == "literal" and pieces[-1].text[-1:].isalnum()


def _piece(kind: str, text: str) -> Piece:
    if kind == "general":
        return Piece("general", text)
    if kind == "ampm":
        return Piece("ampm", text)
    if kind == "exponent":
        return Piece("exponent", text)
    if kind == "date":
        return Piece("date", text)
    if kind == "digit":
        return Piece("digit", text)
    if kind == "other":
        return Piece(_OTHER.get(text, "literal"), text)
    if kind == "blank":
        return Piece("literal", " ")  # a gap as wide as the character
    return Piece("literal", text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _language(locale: str) -> str:
    """Of ``407``, ``1010407``, ``de-DE`` or ``de-DE,1``: ``de``; empty where it is not known."""
    try:
        return _LANGUAGES.get(int(locale, 16) & 0x3FF, "")
    except ValueError:
        return locale[:2].lower() if locale[2:3] in ("", "-", ",") else ""
