"""Tables of the terminal: as wide as it is, measured in the cells that characters take; plain when piped.

On a terminal a table that is too wide first loses its least important columns, then wraps texts between words, then
shows one column below its row, and at last becomes a list of names and values. No word is broken that has room.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

GAP = 2
# a text is wrapped down to so many cells, or to its longest word
LEAST_TEXT = 16
# where there is no other way, words are broken that are longer than so many cells
LONG_WORD = 32
# of what stands below its row, and of lines that go on
INDENT = "    "
# spaces that no line breaks at stand within a word: French has them before its signs and in its numbers
_SPACE = re.compile(r"[^\S\u00a0\u202f]+")


def plain(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table for a program: cells with tabs between them, a row a line."""
    header = [columns] if any(columns) else []
    return ["\t".join(" ".join(_words(cell)) for cell in row) for row in [*header, *rows]]


def fitted(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    drop: Sequence[str] = (),
    below: str = "",
    whole: Sequence[str] = (),
) -> tuple[list[str], list[str]]:
    """The lines of a table's header, and those of its rows, for a person; none is wider than ``width`` cells.

    Args:
        columns: their names; there is no header where all are empty, or where rows have become lists.
        rows: of the table, a text for each column; line feeds in texts are kept.
        width: of the terminal, in cells.
        drop: columns that may be left out, the first one first.
        below: the column that may stand below its row.
        whole: columns whose texts are not wrapped, since their words belong together.
    """
    used = [n for n in range(len(columns)) if any(row[n] for row in rows)]
    apart = columns.index(below) if below in columns else -1
    order = [columns.index(name) for name in drop if name in columns]
    for longest_word, last in ((sys.maxsize, -1), (sys.maxsize, apart), (LONG_WORD, apart)):
        least = [
            _least([name, *(row[n] for row in rows)], name in whole, longest_word) for n, name in enumerate(columns)
        ]
        if last < 0 <= apart and rows:  # beside the others in two lines at the most
            least[apart] = max(least[apart], max(_widest(row[apart]) for row in rows) // 2 + 1)
        gone: set[int] = set()
        for candidate in [*order, -1]:
            shown = [n for n in used if n not in gone and n != last]
            if shown and sum(least[n] for n in shown) + GAP * (len(shown) - 1) <= width:
                if last < 0 <= apart and apart in used and len(gone) > 1:
                    break  # rather a column below its row than several that are left out
                return _laid_out(columns, rows, shown, [least[n] for n in shown], width, last)
            gone.add(candidate)
    return [], _listed(columns, rows, used, width)


def _least(texts: Sequence[str], whole: bool, longest_word: int) -> int:
    """The cells that a column needs, where words are broken that are longer than that."""
    natural = max(map(_widest, texts))
    longest = max((cells_of(word) for text in texts for word in _words(text)), default=0)
    return natural if whole else min(natural, max(LEAST_TEXT, min(longest, longest_word)))


def _widest(text: str) -> int:
    return max(map(cells_of, text.split("\n")))


def _laid_out(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    shown: Sequence[int],
    least: Sequence[int],
    width: int,
    below: int,
) -> tuple[list[str], list[str]]:
    cells = [[line[n] for n in shown] for line in [columns, *rows]]
    # where there is no room, texts give way to each other, the widest one first
    widths = [max(map(_widest, column)) for column in zip(*cells, strict=True)]
    while sum(widths) > width - GAP * (len(widths) - 1):
        widths[max((n for n in range(len(widths)) if widths[n] > least[n]), key=widths.__getitem__)] -= 1
    body = []
    for row, texts in zip(rows, cells[1:], strict=True):
        body += _row(texts, widths)
        if below >= 0 and row[below]:
            body += wrapped(row[below], width, INDENT)
    return _row(cells[0], widths) if any(cells[0]) else [], body


def _row(texts: Sequence[str], widths: Sequence[int]) -> list[str]:
    folded = [wrapped(text, width) for text, width in zip(texts, widths, strict=True)]
    lines = []
    for n in range(max(map(len, folded))):
        parts = [cell[n] if n < len(cell) else "" for cell in folded]
        padded = [part + " " * (width - cells_of(part)) for part, width in zip(parts, widths, strict=True)]
        lines.append((" " * GAP).join(padded).rstrip())
    return lines


def _listed(columns: Sequence[str], rows: Sequence[Sequence[str]], used: Sequence[int], width: int) -> list[str]:
    lines: list[str] = []
    for row in rows:
        lines += [""] if lines else []
        for n in used:
            if row[n]:
                lines += wrapped(f"{columns[n]}: {row[n]}" if columns[n] else row[n], width)
    return lines


def _words(text: str) -> list[str]:
    return [word for word in _SPACE.split(text) if word]


def cells_of(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """A text in lines of at most ``width`` cells, broken between words; a word that is longer is broken.

    Lines of the text stay lines, also those that are indented; ``indent`` stands in front of each.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        bare = paragraph.lstrip(" ")
        longest = max(map(cells_of, _words(bare)), default=0)
        lead = (indent + paragraph[: len(paragraph) - len(bare)])[: max(0, min(width // 2, width - longest))]
        room = max(1, width - len(lead))
        pieces = [bare] if cells_of(bare) <= room else _broken(bare, room)
        lines += [f"{lead}{piece}" if piece else "" for piece in pieces]
    return lines


def _broken(text: str, room: int) -> list[str]:
    lines, line, taken = [], "", 0
    for word in _words(text):
        size = cells_of(word)
        if line and taken + 1 + size <= room:
            line, taken = f"{line} {word}", taken + 1 + size
            continue
        if line:
            lines.append(line)
        *full, line = _chopped(word, room)
        lines += full
        taken = cells_of(line)
    return [*lines, line]


def _chopped(word: str, room: int) -> list[str]:
    """A word in pieces of at most ``room`` cells, or of one character where that is wider."""
    pieces, piece, taken = [], "", 0
    for character in word:
        size = cells_of(character)
        if piece and taken + size > room:
            # better behind a sign of a long name than within one of its words
            at = max(piece.rfind(sign) for sign in "-_./\\") + 1
            at = at if at > len(piece) // 2 else len(piece)
            pieces.append(piece[:at])
            piece, taken = piece[at:], cells_of(piece[at:])
        piece, taken = piece + character, taken + size
    return [*pieces, piece]
