"""Finds a quote in a text that is hyphenated, spaced and ordered in another way."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher

# where the words of a quote are found one by one, so many characters in a row must be alike
_SHORTEST_RUN = 4
# and so much of the quote must be found in all
_ENOUGH = 0.5
# a page longer than this is not searched word by word
_MOST_CHARACTERS = 40_000


# signs of a word's parting, which pdfium has for a hyphen at a line's end, and which are not shown otherwise
_SOFT_HYPHENS = "\x02\ufffe\xad"
# signs that belong to the word before or behind them
_CLOSING, _OPENING = ".,;:!?%°)]»”’", "£$€§#([«“‘"


def quote_spans(text: str, quote: str, near: float = 0.0) -> list[tuple[int, int]]:
    """Spans of a text, (start, end) in order, that hold a quote.

    Only letters and digits count; case, accents, ligatures, spaces, line ends, hyphens and table rules do not. Of
    several places the one nearest to ``near`` (0 to 1) is taken. One span where the quote stands in one piece; several
    where its words are apart; none where less than half of it is there.
    """
    (there, places), (wanted, _) = _letters(text), _letters(quote)
    if not wanted:
        return []
    if starts := _occurrences(there, wanted):
        expected = near * max(len(there), 1)
        start = min(starts, key=lambda at: abs(at - expected))
        return [_with_signs(text, *_span(places, start, start + len(wanted)))]
    return _scattered(there, wanted, places) if len(there) <= _MOST_CHARACTERS else []


def occurrences(text: str, words: str) -> list[tuple[int, int]]:
    """Spans of a text, (start, end) in order, where some words stand as they were typed.

    Case, accents, ligatures, the kind of space, line ends and hyphens at line ends do not count; all else does.
    """
    wanted, _ = _folded(words.strip())
    wanted = wanted.strip()
    if not wanted:
        return []
    there, places = _folded(text)
    found = []
    at = there.find(wanted)
    while at >= 0:
        found.append(_span(places, at, at + len(wanted)))
        at = there.find(wanted, at + len(wanted))
    return found


def _folded(text: str) -> tuple[str, list[int]]:
    """A text case-folded and without accents, each run of spaces as one, and the offset of each character."""
    kept: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character in _SOFT_HYPHENS:
            while kept and kept[-1] == " ":
                kept.pop()
                places.pop()
            kept.append("")  # what follows is the same word
            places.append(place)
        elif character.isspace():
            if kept and kept[-1] and kept[-1] != " " and not (kept[-1] == "-" and character in "\r\n"):
                kept.append(" ")
                places.append(place)
        elif character.isascii():
            kept.append(character.lower())
            places.append(place)
        else:
            parts = [part for part in unicodedata.normalize("NFKD", character.casefold()) if not _is_mark(part)]
            kept += parts
            places += [place] * len(parts)
    there = [(part, place) for part, place in zip(kept, places, strict=True) if part]
    return "".join(part for part, _ in there), [place for _, place in there]


def _is_mark(character: str) -> bool:
    return bool(unicodedata.combining(character))


def _letters(text: str) -> tuple[str, list[int]]:
    """Letters and digits of a text, case-folded and without accents, and the offset of each in the text."""
    kept: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character.isascii():
            if character.isalnum():
                kept.append(character.lower())
                places.append(place)
            continue
        for part in unicodedata.normalize("NFKD", character.casefold()):
            if part.isalnum():
                kept.append(part)
                places.append(place)
    return "".join(kept), places


def _occurrences(text: str, wanted: str) -> list[int]:
    found = []
    at = text.find(wanted)
    while at >= 0:
        found.append(at)
        at = text.find(wanted, at + 1)
    return found


def _span(places: list[int], start: int, end: int) -> tuple[int, int]:
    return places[start], places[end - 1] + 1


def _with_signs(text: str, start: int, end: int) -> tuple[int, int]:
    while start > 0 and text[start - 1] in _OPENING:
        start -= 1
    while end < len(text) and text[end] in _CLOSING:
        end += 1
    return start, end


def _scattered(there: str, wanted: str, places: list[int]) -> list[tuple[int, int]]:
    """Spans of a quote whose parts are drawn in another order, or with something in between."""
    matcher = SequenceMatcher(None, there, wanted, autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size >= _SHORTEST_RUN]
    if sum(block.size for block in blocks) < _ENOUGH * len(wanted):
        return []
    return [_span(places, block.a, block.a + block.size) for block in blocks]
