"""Documents as sections of statements: sentences, points of lists, rows of tables, each with its exact place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ragapp.contract import Quote
from ragapp.index.sentences import sentence_spans
from ragapp.ingest.titles import titled_parts
from ragapp.reading.bullets import BULLETS, SHAPES
from ragapp.reading.document import Unit
from ragapp.reading.tables import RULE, row_cells

# of a longer document the rest is left out, and that is said
MOST_STATEMENTS = 20_000
# a line of this many characters was broken by the page rather than by who wrote it
_BROKEN_LINE = 60
_NUMBERING = re.compile(
    r"^\s*(?:(?:section|article|art\.?|chapter|chapitre|§)\s*)?(?:\d+(?:\.\d+)*|[ivxlc]+|[a-z])[.):]?\s+(?=\S)",
    re.IGNORECASE,
)
_MARK = re.compile(rf"^\s*(?:[{BULLETS}{SHAPES}]|\(?\d{{1,2}}[.)]|\(?[a-z][.)])\s+", re.IGNORECASE)
_WORD = re.compile(r"\w+(?:[.,'’]\w+)*|[%€£$]")
_ENDED = re.compile(r"[.!?:;…][\"'”’»)\]]*$")

StatementKind = Literal["heading", "sentence", "row"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, a point, a row or a heading.

    Attributes:
        text: exact words, of two units where it goes on in the next.
        shown: the same for people, on one line; a row's cells with their columns.
        key: what two statements have in common that say the same.
        words: of the key.
        section: heading path.
        unit: number of the unit that it begins in.
        start: offset in that unit's text.
        end: offset behind it, in the unit ``to_unit`` where it goes on there.
    """

    kind: StatementKind
    text: str
    shown: str
    key: str
    words: tuple[str, ...]
    section: tuple[str, ...]
    unit: int
    start: int
    end: int
    label: str = ""
    unit_kind: str = "page"
    to_unit: int | None = None
    row_label: str = ""

    def quoted(self, document: str, path: str) -> Quote:
        """The statement as it leaves the core."""
        return Quote(
            document,
            path,
            self.unit,
            self.label,
            self.unit_kind,
            section=" > ".join(self.section),
            text=self.text,
            shown=self.shown,
            start=self.start,
            end=self.end,
            to_page=self.to_unit,
        )


@dataclass(slots=True)
class Section:
    """What stands below one heading path, in order; the heading itself, where it is written, is the first statement."""

    headings: tuple[str, ...]
    statements: list[Statement] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The innermost heading."""
        return self.headings[-1] if self.headings else ""


def heading_key(heading: str) -> str:
    """What two headings have in common that differ in number, case or years alone: ``4.1 Hotels`` and ``5 Hotels``."""
    return _key(_NUMBERING.sub("", heading))


def read_sections(units: Sequence[Unit]) -> tuple[list[Section], int]:
    """The sections of a document with statements, and how many characters of it were left out for its length."""
    sections: list[Section] = []
    count = left_out = 0
    for unit, parts in zip(units, titled_parts(units), strict=True):
        text = unit.text
        for part in parts:
            if not sections or sections[-1].headings != part.headings:
                sections.append(Section(part.headings))
            for statement in _statements(unit, text, part.start, part.end, part.kind, part.headings):
                if count >= MOST_STATEMENTS:
                    left_out += part.end - statement.start
                    break
                _add(sections[-1], sections, statement)
                count += 1
    return [section for section in sections if section.statements], left_out


def _add(section: Section, sections: Sequence[Section], statement: Statement) -> None:
    """Add a statement, or put it behind the sentence of the page before that goes on with it."""
    before = next((one.statements for one in reversed(sections) if one.statements), [])
    last = before[-1] if before else None
    goes_on = (
        last is not None
        and last.kind == statement.kind == "sentence"
        and last.unit + 1 == statement.unit
        and last.to_unit is None
        and not _ENDED.search(last.shown)
        and statement.shown[:1].islower()
    )
    if not goes_on or last is None:
        section.statements.append(statement)
        return
    text, shown = f"{last.text} {statement.text}", f"{last.shown} {statement.shown}"
    before[-1] = Statement(
        "sentence",
        text,
        shown,
        _key(shown),
        _words(shown),
        last.section,
        last.unit,
        last.start,
        statement.end,
        last.label,
        last.unit_kind,
        statement.unit,
    )


def _statements(
    unit: Unit, text: str, begin: int, end: int, kind: str, headings: tuple[str, ...]
) -> Iterator[Statement]:
    place = {"section": headings, "unit": unit.number, "label": unit.label, "unit_kind": unit.kind}
    if kind == "table":
        header: list[str] = []
        for number, (first, last) in enumerate(_lines(text, begin, end)):
            line = text[first:last]
            if RULE.match(line):
                continue
            cells = row_cells(line)
            named = [f"{name}: {cell}" if name else cell for name, cell in zip(header, cells, strict=False) if cell]
            header = header or cells
            shown = "; ".join(named if number and named else filter(None, cells))
            joined = " ".join(filter(None, cells))
            if _telling(joined):
                label = _key(cells[0]) if number else ""
                found = {"kind": "row", "text": line, "shown": shown, "row_label": label}
                yield Statement(**found, key=_key(joined), words=_words(joined), start=first, end=last, **place)  # type: ignore[arg-type]
        return
    spans = [(begin, end)] if kind == "heading" else _sentences(text, begin, end)
    for first, last in spans:
        while first < last and text[first].isspace():
            first += 1
        while first < last and text[last - 1].isspace():
            last -= 1
        words = text[first:last]
        shown = " ".join(_MARK.sub("", words).split())
        if not _telling(shown):
            continue
        key = heading_key(shown) if kind == "heading" else _key(shown)
        found = {"kind": "heading" if kind == "heading" else "sentence", "text": words, "shown": shown}
        yield Statement(**found, key=key, words=_words(key), start=first, end=last, **place)  # type: ignore[arg-type]


def _sentences(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Sentences, and lines that no sentence goes over: points, an address, the lines of a form."""
    runs: list[list[int]] = []
    for first, last in _lines(text, begin, end):
        line = text[first:last]
        if runs and _goes_on(text[runs[-1][0] : runs[-1][1]].rpartition("\n")[2], line):
            runs[-1][1] = last
        else:
            runs.append([first, last])
    for first, last in runs:
        yield from sentence_spans(text, first, last)


def _goes_on(line: str, following: str) -> bool:
    """Whether what a line says goes on in the next one."""
    if _MARK.match(following):
        return False
    return following[:1].islower() or (len(line) >= _BROKEN_LINE and not _ENDED.search(line.strip()))


def _lines(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Offsets of the lines with something on them."""
    at = begin
    for line in text[begin:end].split("\n"):
        if line.strip():
            yield at, at + len(line)
        at += len(line) + 1


def _telling(text: str) -> bool:
    return any(map(str.isalnum, text))


def _key(text: str) -> str:
    """A text by its letters and figures: case, punctuation between words, spaces and forms of characters fall away."""
    return " ".join(_words(text))


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
