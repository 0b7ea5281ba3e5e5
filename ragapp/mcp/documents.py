"""Finding a document by what a program calls it, its pages and sections, their text and pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ragapp.contract import (
    CollectionSize,
    DocumentPart,
    Labelled,
    LabelledDocument,
    LabelList,
    TagSize,
    UnitText,
    UnreadFile,
)
from ragapp.errors import PathError, ReadingError, StoreError
from ragapp.index.catalog import Catalog
from ragapp.index.listing import Around, Query, list_page
from ragapp.index.records import DocumentRow
from ragapp.index.sqlite import TOO_LARGE
from ragapp.mcp.library import Library
from ragapp.reading.document import Unit
from ragapp.retrieval.scope import matching_documents
from ragapp.web.evidence import file_condition, is_drawn

#: characters of a unit that are given at once
PART = 20_000
#: characters of a whole document that are given as one resource
WHOLE = 200_000
# names that are told where a pattern fits several documents
_SHOWN = 5
_LISTED = "The tool list_documents has the documents."


def document_by_id(catalog: Catalog, number: int) -> DocumentRow:
    """A document by its id. Raises StoreError: there is none."""
    row = catalog.document(number) if 0 < number < TOO_LARGE else None
    if row is None:
        raise StoreError(f"There is no document {number}.", _LISTED)
    return row


def find_document(catalog: Catalog, named: int | str) -> DocumentRow:
    """The document that is meant by an id, a path, a name, or a pattern that no other fits.

    Raises PathError: none or several are meant; StoreError: there is none with this id.
    """
    if isinstance(named, int):
        return document_by_id(catalog, named)
    if row := catalog.document_at(named):
        return row
    rows = catalog.documents()
    try:
        ids = set(matching_documents(rows, named))
    except PathError:
        if named.strip().isdecimal():  # a program may write a number as text
            return document_by_id(catalog, int(named))
        raise PathError(f"There is no document named {named!r}.", _LISTED) from None
    found = [row for row in rows if row.id in ids]
    exact = [row for row in found if row.name == named]
    if len(exact) == 1:
        return exact[0]
    if len(found) > 1:
        such = "; ".join(f"{row.id}: {row.path}" for row in found[:_SHOWN])
        raise PathError(f"{len(found)} documents are named {named!r}.", f"Name one by its id or path: {such}")
    return found[0]


def find_unit(catalog: Catalog, row: DocumentRow, page: int | None, section: str) -> Unit:
    """A page, slide, sheet or section of a document by its number, or by the heading or label it has; the first where
    neither is named.

    Raises PathError: there is none.
    """
    number = 1 if page is None else page
    if section:
        number = _number_of(catalog, row, section)
    unit = catalog.unit(row.id, number) if 1 <= number <= row.units else None
    if unit is None:
        raise PathError(f"{row.name} has no page {number}.", f"Its pages are counted from 1 to {row.units:,}.")
    return unit


def _number_of(catalog: Catalog, row: DocumentRow, section: str) -> int:
    """The unit that is labelled so, or has such a heading; whole ones count before those that only contain it."""
    wanted = " ".join(section.split()).casefold()
    names: list[tuple[int, str]] = [(unit.number, unit.label) for unit in catalog.outline(row.id)]
    for unit, _ in catalog.units(row.id):
        names += [(unit.number, heading) for block in unit.blocks for heading in block.headings]
        names += [(unit.number, block.text) for block in unit.blocks if block.kind == "heading"]
    plain = [(number, " ".join(name.split()).casefold()) for number, name in names]
    for fits in (wanted.__eq__, lambda name: wanted in name):
        for number, name in plain:
            if name and fits(name):
                return number
    headings = list(dict.fromkeys(name for _, name in names if name))[:_SHOWN]
    hint = f"It has, among others: {'; '.join(headings)}" if headings else "Name its page instead, counted from 1."
    raise PathError(f"{row.name} has no section {section!r}.", hint)


def text_of(row: DocumentRow, unit: Unit, start: int = 0) -> UnitText:
    """A part of a unit's stored text, from an offset on. Raises PathError: the text ends before that."""
    text = unit.text
    if start and start >= len(text):
        raise PathError(f"The text ends before character {start:,}.", f"Its length is {len(text):,}.")
    part = text[start : start + PART]
    return UnitText(
        row.name,
        row.path,
        unit.number,
        unit.label,
        unit.kind,
        id=row.id,
        units=row.units,
        text=part,
        start=start,
        characters=len(text),
        next_start=start + len(part) if start + len(part) < len(text) else None,
        coverage=unit.coverage or "",
    )


def whole_text(catalog: Catalog, row: DocumentRow) -> str:
    """The text of a document, page by page; of a very long one the beginning, and how the rest is read."""
    pieces: list[str] = []
    length = 0
    for unit, text in catalog.units(row.id):
        if length + len(text) > WHOLE:
            pieces.append(f"[The rest is left out, from {unit.kind} {unit.number} of {row.units} on: read it by page.]")
            break
        head = f"[{unit.kind} {unit.number}{f' ({unit.label})' if unit.label else ''}]"
        pieces.append(f"{head}\n{text}" if row.units > 1 else text)
        length += len(text)
    return "\n\n".join(pieces)


def picture_of(library: Library, row: DocumentRow, page: int, width: int) -> bytes:
    """A page as JPEG. Raises ReadingError: it cannot be shown; PathError: there is no such page."""
    condition = file_condition(row)
    if not is_drawn(row, condition):
        why = {"gone": "its file is not where it was", "changed": "its file has changed since it was ingested"}
        reason = why.get(condition, "only pages of PDFs are drawn")
        raise ReadingError(f"{row.name} cannot be shown ({reason})", "Its text can be read: the tool read.")
    if not 1 <= page <= row.units:
        raise PathError(f"{row.name} has no page {page}.", f"Its pages are counted from 1 to {row.units:,}.")
    return library.picture(Path(row.path), page, width)


def list_part(catalog: Catalog, search: str, scope: str, offset: int, limit: int) -> DocumentPart:
    """A part of the list of documents and of the files that could not be read, by name; with a ``scope`` only of the
    documents that it lets through.

    Raises:
        PathError: it lets none through; UsageError: it cannot be read.
    """
    only = tuple(matching_documents(catalog.documents(), scope)) if scope else None
    page = list_page(catalog, Query(search=search, only=only, offset=offset, limit=limit), Around())
    lines = page.lines[offset - page.offset :]  # of a shorter list the last part is given, wherever that begins
    rows = [row for line in lines if line.id is not None and (row := catalog.document(line.id))]
    unread = [UnreadFile(line.path, line.reason, line.hint, line.day, line.size) for line in lines if line.id is None]
    after = offset + len(lines)
    documents = tuple(row.described() for row in rows)
    return DocumentPart(documents, tuple(unread), page.total, after if lines and after < page.total else None)


def labels_of(catalog: Catalog) -> LabelList:
    """The collections and tags, by name."""
    held = Counter(name for row in catalog.documents() for name in row.collections)
    collections = (CollectionSize(row.name, row.patterns, held[row.name]) for row in catalog.labels.collections())
    tags = (TagSize(tag, count) for tag, count in catalog.labels.tag_counts().items())
    return LabelList(tuple(collections), tuple(tags))


def labelled(catalog: Catalog, rows: Sequence[DocumentRow]) -> Labelled:
    """The tags and collections that some documents have now."""
    now = [row for one in rows if (row := catalog.document(one.id))]
    return Labelled(tuple(LabelledDocument(row.id, row.name, row.path, row.tags, row.collections) for row in now))
