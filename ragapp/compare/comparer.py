"""Two documents of the store side by side: their differences in the order in which a person would want them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import pairwise

from ragapp.compare.matching import Matched, match
from ragapp.compare.sections import Section, Statement, heading_key, read_sections
from ragapp.compare.words import changed_facts, pieces_of
from ragapp.contract import Change, Comparison, Quote
from ragapp.errors import EmptyStoreError, StoreError, UsageError
from ragapp.index.catalog import Catalog
from ragapp.index.records import DocumentRow
from ragapp.plain_words import counted
from ragapp.reading.document import Unit

# share of the shorter document's statements that the other has, below which the two are no versions of one thing
LEAST_COMMON = 0.08
# further ones are told by their number
MOST_CHANGES = 1_000

#: the places of one document that are near a topic: unit, and offsets in its text
Near = Callable[[str, DocumentRow], Sequence[tuple[int, int, int]]]


class _Side:
    """One of the two documents."""

    def __init__(self, row: DocumentRow, units: Sequence[Unit]):
        self.row = row
        self.sections, self.left_out = read_sections(units)
        self.texts = {unit.number: unit.text for unit in units}
        self.statements = [statement for section in self.sections for statement in section.statements]
        self.order = {id(statement): number for number, statement in enumerate(self.statements)}

    def quote(self, first: Statement, last: Statement | None = None) -> Quote:
        """A statement, or several one behind the other in one unit, with all that stands between them."""
        quote = first.quoted(self.row.name, self.row.path)
        if last is None or last is first:
            return quote
        between = self.statements[self.order[id(first)] : self.order[id(last)] + 1]
        text = self.texts[first.unit]
        shown = between[0].shown
        for one, other in pairwise(between):
            shown += ("\n" if "\n" in text[one.end : other.start] else " ") + other.shown
        return replace(quote, text=text[first.start : last.end], shown=shown, end=last.end)


def compare_documents(
    catalog: Catalog, before: int, after: int, *, about: str = "", near: Near | None = None
) -> Comparison:
    """Hold two documents against each other; no model is needed, but for a topic the search.

    Args:
        before: id of the first document.
        after: id of the second one.
        about: keep what stands in the sections near this topic, which ``near`` finds.

    Raises:
        StoreError: there is no such document.
        UsageError: both are the same one, or the topic is blank.
        EmptyStoreError: one of them has no text.
    """
    started = time.monotonic()
    if before == after:
        raise UsageError("A document cannot be compared with itself.", "See: ragapp documents list")
    rows = [_row(catalog, number) for number in (before, after)]
    sides = [_side(catalog, row) for row in rows]
    first, second = sides
    notes = [note for side in sides for note in _notes(side)]
    found = match(first.sections, second.sections)
    shared = len(found.same) + len(found.changed) + len(found.moved)
    common = round(min(1.0, shared / max(1, min(len(first.statements), len(second.statements)))), 3)
    told = Comparison(rows[0].described(), rows[1].described(), (), common=common, unchanged=len(found.same))
    if common < LEAST_COMMON:
        notes.insert(0, "The two documents have next to nothing in common, so there are no changes to show.")
        return _ended(replace(told, related=False), notes, started)
    changes = _changes(found, first, second)
    sections: tuple[str, ...] = ()
    if about.strip() and near:
        changes, sections = _about(about, near, changes, sides)
    if rows[0].sha256 == rows[1].sha256:
        notes.insert(0, "Both files have the same content, byte for byte.")
    elif not changes and not about:
        notes.insert(0, "Their texts say the same; what may differ is how they look.")
    if len(changes) > MOST_CHANGES:
        notes.append(f"{len(changes) - MOST_CHANGES:,} further changes are left out.")
    told = replace(told, changes=tuple(changes[:MOST_CHANGES]), about=about.strip(), sections=sections)
    return _ended(told, notes, started)


def _ended(told: Comparison, notes: Iterable[str], started: float) -> Comparison:
    return replace(told, notes=tuple(notes), seconds=round(time.monotonic() - started, 3))


def _row(catalog: Catalog, number: int) -> DocumentRow:
    row = catalog.document(number)
    if row is None:
        raise StoreError(f"There is no document {number}.", "See: ragapp documents list")
    return row


def _side(catalog: Catalog, row: DocumentRow) -> _Side:
    side = _Side(row, [unit for unit, _ in catalog.units(row.id)])
    if not side.statements:
        told = f"{row.name} has no text that could be compared."
        if row.units_needing_ocr:
            raise EmptyStoreError(told, "Its pages are pictures whose text was not recognised.")
        raise EmptyStoreError(told, "See: ragapp documents show")
    return side


def _notes(side: _Side) -> list[str]:
    """What of a document could not be compared, or not surely."""
    row, notes = side.row, []
    if row.units_needing_ocr:
        pictures = counted(row.units_needing_ocr, "page")
        notes.append(f"{pictures} of {row.name} could not be compared: pictures whose text was not recognised.")
    if row.units_ocr:
        read = counted(row.units_ocr, "page")
        notes.append(f"The text of {read} of {row.name} was recognised by OCR; a difference there may be a misreading.")
    if side.left_out:
        rest = f"{side.left_out:,}"
        notes.append(f"{row.name} is too long to be compared whole: its last {rest} characters were left out.")
    return notes


def _changes(found: Matched, first: _Side, second: _Side) -> list[Change]:
    """All that differs: amounts, dates and numbers first, then as it stands in the second document, moves last."""
    behind = _places_of_removed(found, first, second)
    numbered: list[tuple[tuple[int, float], Change]] = []
    for one, other in found.changed:
        # another number of a heading says that others came before it
        texts = [heading_key(side.shown) if side.kind == "heading" else side.shown for side in (one, other)]
        facts, pieces = changed_facts(*texts), pieces_of(one.shown, other.shown)
        change = Change("changed", _named(other), facts, first.quote(one), second.quote(other), pieces)
        numbered.append(((0 if facts else 1, second.order[id(other)]), change))
    for run in _told_runs(found.removed, first):
        change = Change("removed", _named(run[0]), before=first.quote(run[0], run[-1]))
        numbered.append(((1, behind[id(run[0])]), change))
    for run in _told_runs(found.added, second):
        change = Change("added", _named(run[0]), after=second.quote(run[0], run[-1]))
        numbered.append(((1, second.order[id(run[0])]), change))
    for one, other in [*_moved_sections(found, first, second), *found.moved]:
        change = Change("moved", _named(other), before=first.quote(one), after=second.quote(other))
        numbered.append(((2, second.order[id(other)]), change))
    return [change for _, change in sorted(numbered, key=lambda one: one[0])]


def _named(statement: Statement) -> str:
    return " > ".join(statement.section)


def _places_of_removed(found: Matched, first: _Side, second: _Side) -> dict[int, float]:
    """Where in the second document each statement of the first one would stand: behind what stood before it."""
    there = {id(one): second.order[id(other)] for one, other in [*found.same, *found.changed]}
    ends = {
        second.order[id(statement)]: second.order[id(section.statements[-1])]
        for section in second.sections
        for statement in section.statements
    }
    places: dict[int, float] = {}
    last, beside = -1, None
    for statement in first.statements:
        if id(statement) in there:
            last, beside = there[id(statement)], statement.section
        # what stands below another heading stands behind the whole section
        place = last if last < 0 or statement.section == beside else ends[last]
        places[id(statement)] = place + 0.5
    return places


def _told_runs(statements: Iterable[Statement], side: _Side) -> list[list[Statement]]:
    """The runs of statements that are told: a heading with nothing below it of its own says little."""
    below = {one.section[:depth] for one in side.statements if one.kind != "heading" for depth in range(9)}
    runs = _runs(statements, side)
    return [run for run in runs if any(one.kind != "heading" or one.section not in below for one in run)]


def _runs(statements: Iterable[Statement], side: _Side) -> list[list[Statement]]:
    """Statements that stand one behind the other below one heading, in one unit."""
    runs: list[list[Statement]] = []
    for statement in sorted(statements, key=lambda one: side.order[id(one)]):
        last = runs[-1][-1] if runs else None
        if (
            last
            and side.order[id(statement)] == side.order[id(last)] + 1
            and (last.section, last.unit, last.to_unit) == (statement.section, statement.unit, statement.to_unit)
        ):
            runs[-1].append(statement)
        else:
            runs.append([statement])
    return runs


def _moved_sections(found: Matched, first: _Side, second: _Side) -> list[tuple[Statement, Statement]]:
    """The headings of sections that stand before others in one document and behind them in the other."""
    pairs = [(one.statements[0], other.statements[0]) for one, other in found.sections if one.title]
    by_before = sorted(range(len(pairs)), key=lambda n: first.order[id(pairs[n][0])])
    by_after = sorted(range(len(pairs)), key=lambda n: second.order[id(pairs[n][1])])
    stayed = {
        by_before[block.a + n]
        for block in SequenceMatcher(None, by_before, by_after, autojunk=False).get_matching_blocks()
        for n in range(block.size)
    }
    return [pair for number, pair in enumerate(pairs) if number not in stayed]


def _about(
    about: str, near: Near, changes: Sequence[Change], sides: Sequence[_Side]
) -> tuple[list[Change], tuple[str, ...]]:
    """The changes in the sections that a topic is near, and the names of these sections."""
    chosen = [_near_sections(side, near(about, side.row)) for side in sides]
    names = dict.fromkeys(section.title for sections in reversed(chosen) for section in sections if section.title)
    paths = [{" > ".join(section.headings) for section in sections} for sections in chosen]
    kept = [
        change
        for change in changes
        if any(quote and quote.section in own for quote, own in zip((change.before, change.after), paths, strict=True))
    ]
    return kept, tuple(names)


def _near_sections(side: _Side, places: Sequence[tuple[int, int, int]]) -> list[Section]:
    """The sections that have a statement at one of the places."""
    return [
        section
        for section in side.sections
        if any(
            statement.unit == unit and statement.start < end and begin < statement.end and statement.kind != "heading"
            for statement in section.statements
            for unit, begin, end in places
        )
    ]
