"""Title, page labels, outline and attachments of a PDF, by pdfium, and the sections that its outline makes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pypdfium2 import PdfDocument, PdfiumError

from ragapp.reading.pages.layout import Line
from ragapp.reading.text import clean, one_line

_MAX_DEPTH = 8
_MAX_ENTRIES = 20_000
_HEADING_LINES = 3  # lines that one heading may run over
# what programs write where nobody gave a title
_NO_TITLES = {"untitled", "(anonymous)", "unknown", "title", "document"}

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the outline."""

    path: Path  # its title below those above it, outermost first
    top: float | None = None  # points from the bottom of the page that it points to; None where it names only the page


@dataclass(slots=True)
class Structure:
    """What a PDF states besides its text."""

    title: str = ""
    labels: dict[int, str] = field(default_factory=dict)  # printed, by page index, where they differ from the number
    entries: dict[int, list[Entry]] = field(default_factory=dict)  # by page index
    attachments: list[str] = field(default_factory=list)  # names of the files inside


def read_structure(pdf: PdfDocument) -> Structure:
    """The structure of a document; what is broken in it is left out."""
    pages = len(pdf)
    title = one_line(pdf.get_metadata_value("Title"))
    found = Structure("" if title.casefold() in _NO_TITLES else title)
    for index in range(pages):
        label = clean(pdf.get_page_label(index)).strip()
        if label and label != str(index + 1):
            found.labels[index] = label
    try:
        for index, entry in _entries(pdf):
            if 0 <= index < pages:
                found.entries.setdefault(index, []).append(entry)
    except (PdfiumError, ValueError):
        pass  # a circle in a broken outline; what came before it holds
    for index in range(pdf.count_attachments()):
        try:
            found.attachments.append(clean(pdf.get_attachment(index).get_name()).strip() or f"number {index + 1}")
        except PdfiumError:
            found.attachments.append(f"number {index + 1}")
    return found


def _entries(pdf: PdfDocument) -> Iterator[tuple[int, Entry]]:
    path: list[str] = []
    for count, bookmark in enumerate(pdf.get_toc(max_depth=_MAX_DEPTH)):
        if count >= _MAX_ENTRIES:
            return
        name = one_line(bookmark.get_title())
        del path[bookmark.level :]
        path.extend([""] * (bookmark.level - len(path)))
        path.append(name)
        target = bookmark.get_dest()
        index = target.get_index() if target and name else None
        if index is not None:
            mode, view = target.get_view()
            top = view[1] if mode == 1 and len(view) > 1 else None  # 1: XYZ, left, top, zoom
            yield index, Entry(tuple(filter(None, path)), top or None)


def sections(
    lines: Sequence[Line], running: Path, entries: Sequence[Entry], height: float
) -> tuple[list[tuple[int, int, Path]], Path]:
    """Cut a page, whose lines are in reading order, at the headings of the outline that point to it.

    A heading is looked for as lines of its own; where it is not found, the height that the outline points to decides.
    ``running`` is the path of headings that holds at the top of the page; ``height`` is in points.  Gives (first line,
    lines of the heading itself, path) of each section, and the path that holds at the end.
    """
    cuts: list[tuple[int, int, Path]] = [(0, 0, running)]
    position = 0
    for entry in entries:
        place = _heading_at(lines, position, entry.path[-1])
        if place:
            cuts.append((*place, entry.path))
            position = sum(place)
            continue
        if entry.top is not None:
            below = [i for i, line in enumerate(lines) if line.bottom > height - entry.top and i >= position]
            start = below[0] if below else len(lines)
        elif len(entries) == 1:
            start = 0
        else:
            continue
        cuts.append((start, 0, entry.path))
        position = start
    return cuts, (entries[-1].path if entries else running)


def _heading_at(lines: Sequence[Line], start: int, title: str) -> tuple[int, int] | None:
    """(line, how many lines) where a title stands, with or without a number in front."""
    wanted = _bare(title)
    if not wanted:
        return None
    for index in range(start, len(lines)):
        text = ""
        for count in range(1, min(_HEADING_LINES, len(lines) - index) + 1):
            text += lines[index + count - 1].text + " "
            bare = _bare(text)
            number, _, rest = text.partition(" ")
            if bare == wanted or (_NUMBER.fullmatch(number) and _bare(rest) == wanted):
                return index, count
            if len(bare) > len(wanted) + 20:
                break
    return None


# 3, 3.2.1, (4), §7, B., iv)
_NUMBER = re.compile(r"[(\[]?(?:§?\d+(?:\.\d+)*|[A-Za-z]|[ivxlcIVXLC]{1,6})[.)\]:]*")


def _bare(text: str) -> str:
    return "".join(re.findall(r"[^\W_]", text.casefold()))
