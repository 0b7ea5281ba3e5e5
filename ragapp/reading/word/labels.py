"""Writing the numbers that Word counts into the paragraphs of a document, as if they had been typed.

What reads the paragraphs afterwards finds the numbers wherever these stand: in headings, in cells, in text boxes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from ragapp.reading.word.looks import VAL, Looks, W
from ragapp.reading.word.numbering import Label, ListCounter, ListDefinitions, ListLevels
from ragapp.reading.word.runs import MC, M, chosen_alternative

_PAGE_BREAK = f"{W}lastRenderedPageBreak"
_TEXT = (f"{W}t", f"{W}sym", f"{W}drawing", f"{W}pict", f"{W}object", f"{W}footnoteReference", f"{M}t")
_GONE = frozenset([f"{W}del", f"{W}moveFrom", f"{MC}Fallback"])
_HIDING = _GONE | {f"{W}p"}
_PLAIN = frozenset([f"{W}t", f"{M}t"])
_RUN = f"{W}r"
# a numbered paragraph is taken for the title of the paragraphs below it if it is no longer, and ends like none
_LONGEST_TITLE = 100
_SENTENCE_ENDS = (".", ";", ":", ",", "?", "!")

_Counted = tuple[Any, ListLevels, int, Label]  # a paragraph with its list, its level and its label


@dataclass(frozen=True, slots=True)
class Item:
    """A paragraph that is in a list.

    Attributes:
        label: what is printed in front of it; it is written into the paragraph, but for a bullet.
        level: its level, 0 the outermost.
        depth: how far it is moved in, below those above it that its label does not name.
        title: its level, 1 the outermost, if it is the title of the paragraphs below it, else 0.
        is_last: whether it is the last of a list with titles, so that none of them is above what follows.
    """

    label: Label
    level: int
    depth: int
    title: int = 0
    is_last: bool = False


@dataclass(slots=True)
class _Paragraph:
    """A paragraph with those of its properties that count here.

    Attributes:
        first: the paragraph that its line begins with, where the end of that one was deleted: the two are one then,
            with the settings of the later (17.13.5.15).
    """

    element: Any
    first: Any = None
    style: Any = None
    style_id: str | None = None
    number: Any = None
    mark: Any = None
    section: Any = None


_PROPERTIES = {f"{W}pStyle": "style", f"{W}numPr": "number", f"{W}rPr": "mark", f"{W}sectPr": "section"}


class Paragraphs:
    """The paragraphs of a part, as far as they are printed."""

    def __init__(self, root: Any, looks: Looks, emptied: Collection[Any] = ()) -> None:
        """``emptied``: paragraphs of which nothing is printed for another reason, such as those in a field's code."""
        self._root = root
        self._looks = looks
        self._unprinted = set(emptied)
        for choice in root.iter(f"{MC}AlternateContent"):
            chosen = chosen_alternative(choice)
            for way in choice:
                if way is not chosen:
                    self._unprinted.update(way.iter(f"{W}p"))
        for row in root.iter(f"{W}tr"):
            if row.find(f"{W}trPr/{W}del") is not None:
                self._unprinted.update(row.iter(f"{W}p"))

    def printed(self) -> Iterator[_Paragraph]:
        """The paragraphs that are lines, or the last parts of lines."""
        first = None
        for element in self._root.iter(f"{W}p"):
            if element in self._unprinted:
                continue
            if first is not None and first.getparent() is not element.getparent():
                first = None
            found = _Paragraph(element, first)
            for node in element[0] if len(element) and element[0].tag == f"{W}pPr" else ():
                if (name := _PROPERTIES.get(node.tag)) is not None:
                    setattr(found, name, node)
            if found.style is not None:
                found.style_id = found.style.get(VAL)
            mark = found.mark
            if mark is not None and (mark.find(f"{W}del") is not None or mark.find(f"{W}moveFrom") is not None):
                first = element if first is None and self.shows_text(found) else first
            # a paragraph that is hidden with its end has no number; a hidden end alone only joins it to the next
            elif not self._looks.run(found.style_id, mark).hidden or self.shows_text(found):
                yield found
                first = None

    def shows_text(self, paragraph: _Paragraph) -> bool:
        """Whether anything of its own is read of a paragraph."""
        for node in paragraph.element.iter(*_TEXT):
            if node.tag in _PLAIN and not (node.text or "").strip():
                continue
            for above in node.iterancestors():
                if above is paragraph.element:
                    return True
                if above.tag in _HIDING:
                    break
                if above.tag == _RUN:
                    look = self._looks.run(paragraph.style_id, above.find(f"{W}rPr"))
                    if look.hidden or look.struck:
                        break
        return False


def write_labels(
    root: Any, definitions: ListDefinitions, looks: Looks, emptied: Collection[Any] = ()
) -> dict[Any, Item]:
    """Count the numbered paragraphs of a part in their order, and write the numbers into them.

    Returns:
        the paragraphs that are in lists. Empty ones are counted, but nothing is written into them, except in cells.
    """
    counter = ListCounter(definitions.language)
    paragraphs = Paragraphs(root, looks, emptied)
    found: list[_Counted] = []
    for paragraph in paragraphs.printed():
        place = definitions.place(paragraph.style_id, paragraph.number)
        if place is None:
            continue
        shown = paragraph.first is not None or paragraphs.shows_text(paragraph) or _is_number_cell(paragraph.element)
        if not shown and paragraph.section is not None:
            continue  # the end of a section is no line
        label = counter.label(*place)
        found.append((paragraph.element, *place, label))
        if shown and label.text and not label.bullet:
            _write(paragraph.element if paragraph.first is None else paragraph.first, label)
    titles = _titles(found)
    titled = {key for key, _ in titles}
    last = {use.key: element for element, use, _, _ in found if use.key in titled}
    items: dict[Any, Item] = {}
    for element, use, level, label in found:
        if use.key in titled:
            depth = max(0, label.depth - sum((use.key, above) in titles for above in range(level)))
            title = level + 1 if (use.key, level) in titles else 0
            items[element] = Item(label, level, depth, title, last[use.key] is element)
        else:
            items[element] = Item(label, level, label.depth)
    return items


def _is_number_cell(paragraph: Any) -> bool:
    """Whether a paragraph is all that is in a cell, whose text is its number then, as in a column of row numbers."""
    cell = paragraph.getparent()
    return cell.tag == f"{W}tc" and next(cell.iter(*_TEXT), None) is None and len(list(cell.iter(f"{W}p"))) == 1


def _write(paragraph: Any, label: Label) -> None:
    """Put a run with the label in front of a paragraph's text, but behind the marks of pages that begin before it."""
    breaks, behind = [], ""
    for node in paragraph.iter(_PAGE_BREAK, f"{W}t"):
        if node.tag == _PAGE_BREAK:
            breaks.append(node)
        elif node.text and not node.text.isspace():
            behind = node.text
            break
    run = paragraph.makeelement(f"{W}r")
    typed = paragraph.makeelement(f"{W}t")
    typed.text = label.text + ("" if label.glued and not behind[:1].isalnum() else " ")
    run.extend([*breaks, typed])
    paragraph.insert(1 if paragraph[0].tag == f"{W}pPr" else 0, run)


def _titles(found: list[_Counted]) -> set[tuple[str, int]]:
    """The levels of lists whose paragraphs are all titles: § 2 Term, followed by (1) and (2).

    Contracts number plain paragraphs. Such a level gives its paragraphs to what stands below them, as headings do; but
    only if every one of its paragraphs can be one, or what follows another would be put below the wrong title.
    """
    candidates: set[tuple[str, int]] = set()
    ruled_out: set[tuple[str, int]] = set()
    shown = [one for one in found if one[3].bullet or next(one[0].iter(f"{W}t"), None) is not None]
    for one, following in zip_longest(shown, shown[1:]):
        paragraph, use, level, label = one
        if (use.key, level) in ruled_out:
            continue
        if not label.text or label.bullet or not _can_be_title(paragraph):
            ruled_out.add((use.key, level))
        elif following and following[1].key == use.key and following[2] > level:
            candidates.add((use.key, level))
    return candidates - ruled_out


def _can_be_title(paragraph: Any) -> bool:
    text = "".join(node.text or "" for node in paragraph.iter(f"{W}t")).strip()
    at_top = paragraph.getparent().tag in (f"{W}body", f"{W}sdtContent")
    return at_top and len(text) <= _LONGEST_TITLE and not text.endswith(_SENTENCE_ENDS)
