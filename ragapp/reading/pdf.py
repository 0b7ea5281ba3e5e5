"""PDF: text by pypdfium2 (14 times as fast as pypdf on office PDFs), structure by pypdf.

pypdf gives what it alone does well: metadata, page labels and the outline, which becomes the heading path of the
pages below each entry.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from pathlib import Path

from ragapp.errors import ReadingError
from ragapp.reading.document import Block, Document, Unit
from ragapp.reading.text import clean

# pdfium writes these where a word was hyphenated at the end of a line
_SOFT_HYPHEN = re.compile("[\ufffe\x02\u00ad]\\s*\n?")
_MAX_OUTLINE_DEPTH = 8
# what programs write where nobody gave a title
_NO_TITLES = {"untitled", "(anonymous)", "unknown", "title", "document"}
_MIN_PAGES_FOR_RUNNING_LINES = 3

# the heading path in force at the top of a page, and the paths that start on it
_PageOutline = tuple[tuple[str, ...], list[tuple[str, ...]]]


def read_pdf(path: Path) -> Document:
    """Read a PDF, one unit a page.

    Args:
        path: the file.

    Returns:
        The document; a page without text is a unit without blocks and is named in a warning.

    Raises:
        ReadingError: damaged, or protected by a password.
    """
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise ReadingError("the PDF is protected by a password", "Save a copy without the password.") from None
        raise ReadingError(f"not a readable PDF ({error})", "Open it in a viewer and save it again.") from None
    try:
        if len(pdf) == 0:
            raise ReadingError("the PDF has no pages", "Check the original.")
        title, labels, outline = _structure(path, len(pdf))
        warnings = []
        texts = []
        for index in range(len(pdf)):
            try:
                texts.append(_page_text(pdf, index))
            except pypdfium2.PdfiumError as error:
                texts.append("")
                warnings.append(f"Page {index + 1} could not be read ({error}).")
    finally:
        pdf.close()
    units = [
        Unit(index + 1, "page", labels.get(index, ""), _blocks(text, *outline[index]))
        for index, text in enumerate(_without_running_lines(texts))
    ]
    without_text = [unit.number for unit in units if not unit.blocks]
    if without_text:
        warnings.append(f"{len(without_text)} of {len(units)} pages have no text (scans?): {_ranges(without_text)}.")
    return Document(title or path.stem, units, warnings=warnings)


def _page_text(pdf, index: int) -> str:
    page = pdf[index]
    try:
        text_page = page.get_textpage()
        try:
            text = text_page.get_text_bounded()
        finally:
            text_page.close()
    finally:
        page.close()
    return clean(_SOFT_HYPHEN.sub("", text.replace("\r\n", "\n"))).strip()


def _without_running_lines(texts: list[str]) -> list[str]:
    """Pages without the header and footer lines that most pages share, but for one number that counts the pages."""

    def shapes(page: list[str], edge: int, index: int) -> set[str]:
        line = page[edge].strip() if page else ""
        if not line:
            return set()
        counted = (
            f"{line[: number.start()]}\0{int(number[0]) - index}\0{line[number.end() :]}"
            for number in re.finditer(r"(?<!\d)\d{1,6}(?!\d)", line)
        )
        return {line, *counted}

    lines = [text.split("\n") for text in texts]
    if len(lines) < _MIN_PAGES_FOR_RUNNING_LINES:
        return texts
    for edge in (0, -1):
        while True:
            counts = Counter(shape for index, page in enumerate(lines) for shape in shapes(page, edge, index))
            shared, count = max(counts.items(), key=lambda item: item[1], default=("", 0))
            if count <= len(lines) / 2:
                break
            for index, page in enumerate(lines):
                if shared in shapes(page, edge, index):
                    del page[edge]
    return ["\n".join(page).strip() for page in lines]


def _structure(path: Path, pages: int) -> tuple[str, dict[int, str], list[_PageOutline]]:
    """Title, printed labels that differ from the number, and each page's outline; what is broken is left out."""
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    nothing: list[_PageOutline] = [((), [])] * pages
    # pypdf raises many kinds of errors on broken structure; none of them may cost the text
    try:
        reader = pypdf.PdfReader(path)
        metadata = reader.metadata
        title = clean(str(metadata.title or "")).strip() if metadata else ""
        title = "" if title.casefold() in _NO_TITLES else title
    except Exception:
        return "", {}, nothing
    try:
        printed = reader.page_labels
        labels = {i: label for i, label in enumerate(printed[:pages]) if label and label != str(i + 1)}
    except Exception:
        labels = {}
    try:
        return title, labels, _spread(_outline_entries(reader, reader.outline, ()), pages)
    except Exception:
        return title, labels, nothing


def _outline_entries(reader, outline, above: tuple[str, ...]) -> list[tuple[int, tuple[str, ...]]]:
    """(page index, heading path) of each outline entry, in the outline's order."""
    entries: list[tuple[int, tuple[str, ...]]] = []
    current = above
    for item in outline:
        if isinstance(item, list):
            if len(current) < _MAX_OUTLINE_DEPTH:
                entries.extend(_outline_entries(reader, item, current))
            continue
        name = clean(str(item.title or "")).strip()
        if not name:
            continue
        current = (*above, name)
        page = reader.get_destination_page_number(item)
        if page is not None and page >= 0:
            entries.append((page, current))
    return entries


def _spread(entries: list[tuple[int, tuple[str, ...]]], pages: int) -> list[_PageOutline]:
    """For each page, the path that still runs at its top, and the paths that start on it."""
    starting: dict[int, list[tuple[str, ...]]] = {}
    for page, path in entries:
        starting.setdefault(page, []).append(path)
    spread: list[_PageOutline] = []
    running: tuple[str, ...] = ()
    for page in range(pages):
        paths = starting.get(page, [])
        spread.append((running, paths))
        running = paths[-1] if paths else running
    return spread


def _blocks(text: str, running: tuple[str, ...], starting: list[tuple[str, ...]]) -> list[Block]:
    """Cut a page's text where the outline's headings stand in it.

    A heading that is not found as a line of its own is left out of the cut: its text stays below the one before.
    """
    cuts: list[tuple[int, tuple[str, ...]]] = [(0, running)]
    position = 0
    for path in starting:
        words = r"\s+".join(re.escape(word) for word in path[-1].split())
        match = re.compile(rf"^[^\S\n]*(?:[\w.]+[^\S\n]+)?{words}[^\S\n]*$", re.MULTILINE | re.IGNORECASE).search(
            text, position
        )
        if match:
            cuts.append((match.start(), path))
            position = match.end()
        elif not starting[1:]:
            cuts.append((0, path))
    ends = [start for start, _ in cuts[1:]] + [len(text)]
    pieces = ((text[start:end].strip(), path) for (start, path), end in zip(cuts, ends, strict=True))
    return [Block(piece, "text", path) for piece, path in pieces if piece]


def _ranges(numbers: list[int]) -> str:
    """``[1, 2, 3, 7]`` -> ``1-3, 7``."""
    parts: list[str] = []
    start = previous = numbers[0]
    for number in [*numbers[1:], 0]:
        if number == previous + 1:
            previous = number
            continue
        parts.append(str(start) if start == previous else f"{start}-{previous}")
        start = previous = number
    return ", ".join(parts)
