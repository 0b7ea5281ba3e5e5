"""Headers and footers: lines at the edge of most pages, which are told once and are no part of the running text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field

from ragapp.reading.pages.layout import Line

_MIN_PAGES = 3
_EDGE = 0.2  # part of the page's height that headers and footers lie in
_MAX_LINES = 8  # at each edge of a page
_LARGEST_BARE = 999  # a bare number above is more likely one of a batch: of an invoice, of a ticket
_NUMBER = re.compile(r"(?<![\w.,/-])\d{1,6}(?![\w,-]|\.\d|/\d+/)")
_PAGE = (
    r"(?:pages?|pag(?:e|ina|ine|inas)?|página|pág|pg|pp?|seite|s|side|sida|sid|sivu|sheet|slide|folio|fol|feuille|"
    r"feuillet|blatt|foglio|hoja|folha|bladzijde|blz|strona|str|stránka|strana|oldal|sayfa|страница|стр|лист|σελίδα|σελ)"
)
_BEFORE = re.compile(
    rf"(?<!\w){_PAGE}\s*[.:]?\s*(?:[-–—]\s*)?$|\b{_PAGE}\s*(?:no|nr|n°|№)\.?\s*$|第\s*$", re.IGNORECASE
)
_OF = r"\s*(?:/|\||of|von|de|sur|di|van|av|af|z|ze|из|out of)\s*\d{1,6}\b"
_BEHIND = re.compile(rf"(?:{_OF}|\s*\|?\s*p\s*a\s*g\s*e\b|\s*页|\s*頁|\s*ページ|\s*쪽)", re.IGNORECASE)
_RIM = re.compile(r"[\s|–—~•·.<>()\[\]-]*")
# what leads to a number that is no page's: "Invoice No.", "Ticket:", "#"
_NAMES_IT = re.compile(r"(?:[:#№=]|\b(?:no|nos|nr|num|nº|n°|number|nummer|numéro|ref)\b\.?)\s*$", re.IGNORECASE)
_PAGE_WORDS = re.compile(rf"\b{_PAGE}\b|{_OF}|\bpage\b|第|页|頁|ページ|쪽|\W", re.IGNORECASE)

_MARK = "\0"  # stands in a shape where the page's number is


@dataclass(slots=True)
class Running:
    """Pages without their headers and footers, and these where they are met first."""

    kept: list[list[Line]]  # the lines of each page
    heads: dict[int, list[Line]] = field(default_factory=dict)  # by page index, from top to bottom
    feet: dict[int, list[Line]] = field(default_factory=dict)


def split_headers_footers(
    pages: Sequence[list[Line]],
    heights: Sequence[float],
    labels: dict[int, str],
    tables: Sequence[Sequence[Sequence[Line]]] = (),
) -> Running:
    """Take out the header and footer lines that most pages, or most left or right ones, share.

    They may differ in the page's number where it stands like one ("Page 3", "3 / 12", a number by itself), or in the
    page's printed label.  A line that counts in any other way ("Invoice 5003") is content, as is the head of a table
    that is repeated on each page, and all that stands on a page with nothing else.  What is shared is given once, on
    the first page that has it, unless it is only the page's number.  Lines are in reading order; ``labels`` are by
    page index, where they differ from the number.  ``tables`` are, for each page, the lines of each drawn table: they
    are a header as a whole (a box with the document's number), or not at all (the header of a table that goes on).
    """
    found = Running([list(lines) for lines in pages])
    if len(pages) < _MIN_PAGES:
        return found
    in_tables = {id(line) for drawn in tables for lines in drawn for line in lines}
    gone: list[dict[int, tuple[Line, str, bool]]] = [{} for _ in pages]
    for from_top in (True, False):
        edges = [_edge_lines(lines, height, from_top) for lines, height in zip(pages, heights, strict=True)]
        for index, own in enumerate(_shared_lines(edges, labels, from_top, in_tables)):
            gone[index].update(
                (id(line), (line, shape, from_top)) for line, shape in own if id(line) not in gone[index]
            )
    for taken, drawn in zip(gone, tables, strict=False):
        for lines in drawn:
            if any(id(line) not in taken for line in lines):
                for line in lines:
                    taken.pop(id(line), None)
    told: set[tuple[str, bool]] = set()
    for index, taken in enumerate(gone):
        if taken and len(taken) == len(pages[index]):
            continue
        found.kept[index] = [line for line in pages[index] if id(line) not in taken]
        for line, shape, from_top in sorted(taken.values(), key=lambda one: one[0].top):
            words = _without_number(shape)
            if words and (words, from_top) not in told:
                told.add((words, from_top))
                (found.heads if from_top else found.feet).setdefault(index, []).append(line)
    return found


def _shared_lines(
    edges: list[list[Line]], labels: dict[int, str], from_top: bool, in_tables: Container[int]
) -> list[list[tuple[Line, str]]]:
    """(line, its shape) of those lines at one edge of each page that other pages share.

    ``in_tables`` are the ids of lines in drawn tables, of which it is told otherwise where the header of one stands.
    """
    found: list[list[tuple[Line, str]]] = [[] for _ in edges]
    for _ in range(_MAX_LINES):
        shapes = [
            _shapes(edge[len(own)], index, labels.get(index, ""))
            if len(own) < len(edge)
            and (id(edge[len(own)]) in in_tables or not _heads_a_table(edge, len(own), from_top))
            else []
            for index, (edge, own) in enumerate(zip(edges, found, strict=True))
        ]
        shared = _most_shared(shapes)
        if not shared:
            break
        for index, own in enumerate(found):
            shape = next((shape for shape in shapes[index] if shape in shared[index % 2]), None)
            if shape is not None:
                own.append((edges[index][len(own)], shape))
    return found


def _edge_lines(lines: list[Line], height: float, from_top: bool) -> list[Line]:
    ordered = sorted(lines, key=lambda line: line.top if from_top else -line.bottom)[:_MAX_LINES]
    if from_top:
        return [line for line in ordered if line.bottom < _EDGE * height]
    return [line for line in ordered if line.top > (1 - _EDGE) * height]


def _shapes(line: Line, index: int, label: str) -> list[str]:
    """The line as it is, and with the page's number or label in it written relative to the page's index."""
    text = line.text
    shapes = [text]
    for start, end, strong in _page_numbers(line):
        weak = "" if strong else _MARK
        shapes.append(f"{text[:start]}{_MARK}{int(text[start:end]) - index}{_MARK}{weak}{text[end:]}")
    if label and text.endswith(label):
        shapes.append(f"{text.removesuffix(label)}{_MARK}label")
    if label and text.startswith(label):
        shapes.append(f"{_MARK}label{text.removeprefix(label)}")
    return shapes


def _page_numbers(line: Line) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether it surely is one) of each number of a line that may be the page's.

    Not sure are numbers at the end or the beginning of the line, beside words: they count where left pages have them
    at one side and right pages at the other.
    """
    text, start = line.text, 0
    far = 6 * line.height
    right = float("-inf")
    for gap, piece in zip(["", *line.gaps], line.pieces, strict=True):
        start += len(gap)
        end = start + len(piece.text)
        for number in _NUMBER.finditer(text, start, end):
            a, b = number.span()
            alone = bool(_RIM.fullmatch(text, start, a) and _RIM.fullmatch(text, b, end)) and piece.x0 - right > far
            bare = alone and int(number[0]) <= _LARGEST_BARE and not _NAMES_IT.search(text[:a])
            sure = bare or bool(_BEFORE.search(text[:a]) or _BEHIND.match(text, b))
            if sure or a == 0 or b == len(text):
                yield a, b, sure
        start, right = end, piece.x1


def _without_number(shape: str) -> str:
    """What is in a line besides the page's number and words for it."""
    if _MARK not in shape:
        return shape
    return _PAGE_WORDS.sub("", re.sub(f"{_MARK}(?:-?\\d+{_MARK}+|label)", " ", shape))


def _most_shared(shapes: list[list[str]]) -> tuple[set[str], set[str]] | None:
    """What is shared by more than half of the pages, or by more than half of the even or the odd ones."""
    every = {shape for shape in _majority(shapes) if not _weak(shape)}
    sides = (side if len(side) >= _MIN_PAGES else [] for side in (shapes[::2], shapes[1::2]))
    even, odd = (every | _majority(side) for side in sides)
    mirrored = {_at_end(shape) for shape in even if _weak(shape)} ^ {_at_end(shape) for shape in odd if _weak(shape)}
    if len(mirrored) < 2:
        even, odd = ({shape for shape in side if not _weak(shape)} for side in (even, odd))
    return (even, odd) if even or odd else None


def _weak(shape: str) -> bool:
    return _MARK * 2 in shape


def _at_end(shape: str) -> bool:
    return shape.endswith(_MARK * 2)


def _majority(shapes: list[list[str]]) -> set[str]:
    counts = Counter(shape for own in shapes for shape in own)
    return {shape for shape, count in counts.items() if count > len(shapes) / 2 and count >= 2}


def _heads_a_table(edge: list[Line], depth: int, from_top: bool) -> bool:
    """Whether a row's cells stand above those of the next row."""
    if not from_top or depth + 1 >= len(edge):
        return False
    row, following = edge[depth], edge[depth + 1]
    if len(row.pieces) < 2 or len(following.pieces) < 2:
        return False
    slack = 0.5 * row.height
    aligned = sum(
        any(abs(cell.x0 - other.x0) < slack or abs(cell.x1 - other.x1) < slack for other in following.pieces)
        for cell in row.pieces
    )
    return aligned >= 2 and aligned >= len(row.pieces) / 2
