"""Paragraphs from lines: wrapped lines are joined, and words that were hyphenated at a line's end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from ragapp.reading.bullets import BULLETS, SHAPES, TICKS
from ragapp.reading.leaders import LEADERS
from ragapp.reading.pages.layout import Line

HYPHEN = "\ufffe"  # a hyphen at the end of a line that may or may not belong to the word
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_MARK = re.compile(rf"([^\W_]*(?:-[^\W_]+)*){HYPHEN}\s*([^\W_]*(?:-[^\W_]+)*)")
# "Geld- und Sachleistungen": the hyphen stands for the rest of the word
_SUSPENDED = frozenset(["und", "oder", "bzw", "sowie", "bis", "and", "or", "to", "et", "ou"])
_KEEPS_AFTER = frozenset(["self", "ex", "vice", "demi", "mi"])
_KEEPS_BEFORE = frozenset(["vous", "nous", "même", "mêmes"])  # French; no word breaks before these
_LIST_ITEM = re.compile(rf"(?:[{BULLETS}{SHAPES}{TICKS}]|\(?\d{{1,3}}[.)]|\(?[a-z][.)])\s")
_ENDS = tuple(".:;!?")
_TITLE_CHARACTERS = 100


def known_words(texts: Iterable[str]) -> Counter[str]:
    """Counts of the words of a document, those with hyphens included, without words broken at a line's end."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(word.casefold() for word in _WORD.findall(_MARK.sub(" ", text)))
    return counts


def dehyphenate(text: str, known: Counter[str]) -> str:
    """Join the words that :data:`HYPHEN` breaks.

    The hyphen stays where it is part of the word: the document writes it so elsewhere, the word goes on with a capital
    or a digit, or has other hyphens.
    """
    return _MARK.sub(lambda match: _joined(match[1], match[2], known), text) if HYPHEN in text else text


def _joined(first: str, second: str, known: Counter[str]) -> str:
    if not second:
        return first + "-"
    if second.casefold() in _SUSPENDED:
        return f"{first}- {second}"
    apart, whole = f"{first}-{second}", first + second
    if known[apart.casefold()] > known[whole.casefold()]:
        return apart
    if known[whole.casefold()]:
        return whole
    if not first[-1:].isalpha() or not second[0].islower() or "-" in first or "-" in second:
        return apart
    return apart if first.casefold() in _KEEPS_AFTER or second in _KEEPS_BEFORE else whole


def paragraphs(lines: Sequence[Line], em: float) -> list[str]:
    """The paragraphs of lines in reading order.

    A line that ends because the next word did not fit is joined to the next with a space; other line ends are kept,
    so addresses, lists, contents and code stay as they are.  A title in bold is a paragraph of its own.
    ``em`` is the usual height of a line on the page.
    """
    if not lines:
        return []
    leading = _leading(lines, em)
    titles = _titles(lines)
    out = [lines[0].text]
    for index in range(1, len(lines)):
        before, line = lines[index - 1], lines[index]
        pitch = line.bottom - before.bottom
        below = pitch > 0 and min(before.x1, line.x1) > max(before.x0, line.x0)
        same_size = 0.7 < line.height / max(before.height, 1e-9) < 1.4
        wraps = same_size and _wraps(lines, index - 1, em)
        if out[-1].endswith(HYPHEN):
            out[-1] += line.text
        elif (titles[index] != titles[index - 1] and not line.text[:1].islower()) or (
            below and pitch > 1.35 * leading and pitch > 1.5 * em
        ):
            out.append(line.text)
        elif wraps and (below or not before.text.endswith(_ENDS)):
            out[-1] += _glue(out[-1], line.text) + line.text
        elif below or abs(pitch) < 2 * em:
            out[-1] += "\n" + line.text
        else:
            out.append(line.text)  # the top of another column
    return out


def _titles(lines: Sequence[Line]) -> list[bool]:
    """Which lines are titles by their type: short, no sentence, and in bold where most are not.

    Their height tells less: raised figures and symbols make other lines as high.
    """
    bold = [all(piece.bold for piece in line.pieces) for line in lines]
    tells = 2 * sum(bold) < len(lines)
    return [
        len(line.pieces) == 1
        and tells
        and is_bold
        and len(line.text) <= _TITLE_CHARACTERS
        and not line.text.endswith((*_ENDS, ",", HYPHEN))
        and not _LIST_ITEM.match(line.text)
        and any(map(str.isalpha, line.text))
        for line, is_bold in zip(lines, bold, strict=True)
    ]


def _glue(text: str, following: str) -> str:
    """No space where a hyphen broke a number or a word; a dash between words keeps its spaces."""
    broken = text.endswith("-") and text[-2:-1].isalnum() and following[:1].isalnum()
    return "" if broken or text.endswith(HYPHEN) else " "


def _leading(lines: Sequence[Line], em: float) -> float:
    pitches = [b.bottom - a.bottom for a, b in pairwise(lines) if min(a.x1, b.x1) > max(a.x0, b.x0)]
    usual = [pitch for pitch in pitches if 0 < pitch < 3 * em]
    return median(usual) if usual else 1.4 * em


def _right_edge(lines: Sequence[Line], index: int, em: float) -> float:
    """The right edge of a line's column: that of the longest line nearby."""
    line = lines[index]
    near = (other for other in lines[max(0, index - 10) : index + 11] if abs(line.x0 - other.x0) < 4 * em)
    return max(other.x1 for other in near if min(line.x1, other.x1) > max(line.x0, other.x0))


def _wraps(lines: Sequence[Line], index: int, em: float) -> bool:
    """Whether the first word of the next line would not have fitted at the end of a line."""
    before, line = lines[index], lines[index + 1]
    text, following = before.text, line.text
    if len(before.pieces) > 1 or len(line.pieces) > 1 or LEADERS.search(text) or _LIST_ITEM.match(following):
        return False
    if len(text) < 25 and (text.endswith(_ENDS) or not following[:1].islower()):
        return False  # a short heading or label fills no column
    edge = _right_edge(lines, index, em)
    goes_on = following[:1].islower() and not text.endswith(_ENDS)
    if goes_on and before.x1 - before.x0 > 0.75 * (edge - before.x0):
        return True
    per_char = (before.x1 - before.x0) / max(len(text), 1)
    word = len(following.split(" ", 1)[0].split(HYPHEN, 1)[0])
    return before.x1 + (word + 0.6) * per_char >= edge - 0.5 * per_char
