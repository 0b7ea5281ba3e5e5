"""Pages of a PDF that are pictures of text and have other text, too: a stamp on a scan, or a layer recognised before.

A stamp is little text on a page that pictures cover: the line of a fax, a file number, a Bates number.  The page is
recognised without it, and it stays.  Text without ink over a picture, or below one, is what another program recognised
in it.  It is held against the picture in a few lines, and where it says something else, the page is recognised.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragapp.reading.pages.layout import Line, Piece, in_reading_order, median_line_height
from ragapp.reading.pdf.objects import COVERED, Picture, covered
from ragapp.reading.pdf.text import Direction, TextLayer

_STAMP = 0.04  # part of the page that stamps take at most: four full lines of type of 11 points
_EDGE = 0.09  # part of the page on which what stands is a stamp however long it is
_MANY_ODD = 0.15  # part of the words
_WORD = re.compile(r"[^\W_](?:\S*[^\W_])?")
# a capital after a small letter, a figure between letters, signs within a word, five consonants and more
_ODD_WORD = re.compile(r"[a-z][A-Z]|[^\W\d_]\d+[^\W\d_]|\w[^\w\s.,/'’@:&+–-]+\w|(?i:[bcdfghjklmnpqrstvwxz]{6})")
_NO_VOWEL = re.compile(r"[bcdfghjklmnpqrstvwxz]{4,}")


def is_stamped(pictures: Sequence[Picture], layer: TextLayer, size: tuple[float, float]) -> bool:
    """Whether pictures cover a page, and its text is so little, or stands so at its edge, that it is a stamp."""
    area = sum(_inner_area(direction) for direction in layer.directions)
    if not layer.directions or area >= _STAMP * size[0] * size[1]:
        return False
    return covered((one.box for one in pictures), size) >= COVERED


def _inner_area(direction: Direction) -> float:
    """What lines take of the page that do not stand at its edge, in square points."""
    width, height = direction.space.size
    left, right, top, bottom = _EDGE * width, width * (1 - _EDGE), _EDGE * height, height * (1 - _EDGE)
    return sum(
        (line.x1 - line.x0) * line.height
        for line in direction.lines
        if not (line.bottom < top or line.top > bottom or line.x1 < left or line.x0 > right)
    )


def odd_share(text: str) -> float:
    """The part of the words that no language writes so: ``t11e``, ``rn;t``, ``tHe``, ``xzkq``."""
    words = [word for word in _WORD.findall(text) if len(word) > 2 and not word.isdigit()]
    odd = sum(bool(_ODD_WORD.search(word) or _NO_VOWEL.fullmatch(word)) for word in words)
    return odd / len(words) if words else 0.0


def has_many_odd_words(text: str) -> bool:
    """Whether a text may be what was recognised wrongly."""
    return odd_share(text) >= _MANY_ODD


def is_latin(text: str) -> bool:
    """Whether the engine that knows fewest scripts can read it."""
    letters = [char for char in text if char.isalpha()]
    return sum(char < "\u0250" for char in letters) >= 0.8 * len(letters)


def bare(text: str) -> str:
    """Its letters and figures."""
    return "".join(re.findall(r"[^\W_]", text.casefold()))


def agrees(layer: str, shown: str) -> bool:
    """Whether half of the words of a layer are among those recognised; a layer by another good program has 0.8."""
    wanted = re.findall(r"\w{3,}", layer.casefold())
    found = set(re.findall(r"\w{3,}", shown.casefold()))
    return 2 * sum(word in found for word in wanted) >= len(wanted)


def with_stamps(recognised: Sequence[Line], stamps: Sequence[Line], scale: float) -> list[Line]:
    """Recognised lines and the lines of the text on the same page, in reading order; boxes are in pixels.

    Args:
        stamps: with boxes in points, which are of ``scale`` pixels.
    """
    known = {bare(line.text) for line in stamps}
    lines = [line for line in recognised if bare(line.text) not in known or not bare(line.text)]
    return in_reading_order([*lines, *(_scaled(line, scale) for line in stamps)], median_line_height(lines))


def _scaled(line: Line, scale: float) -> Line:
    pieces = [
        Piece(
            piece.text,
            piece.x0 * scale,
            piece.top * scale,
            piece.x1 * scale,
            piece.bottom * scale,
            piece.bold,
            [(word, x0 * scale, x1 * scale) for word, x0, x1 in piece.words],
        )
        for piece in line.pieces
    ]
    return Line(pieces, line.gaps)
