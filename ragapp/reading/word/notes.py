"""Foot- and endnotes by the marks that Word prints for them.

Source: ISO/IEC 29500-1, 17.11. The marks are counted in the order of the references, which need not be that of the
notes in their part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ragapp.reading.symbol_fonts import symbol_char
from ragapp.reading.text import one_line, whole_number
from ragapp.reading.word.looks import OFF, Looks, W
from ragapp.reading.word.numbering import value
from ragapp.reading.word.numerals import word_numeral
from ragapp.reading.word.runs import MC, style_id
from ragapp.reading.word.tables import is_deleted, is_hidden

_GONE = frozenset([f"{W}del", f"{W}moveFrom", f"{MC}Fallback"])
# the elements of references, with the kind of note
NOTE_KINDS = {f"{W}footnoteReference": "footnote", f"{W}endnoteReference": "endnote"}
_DELETABLE = frozenset([f"{W}tr", f"{W}tc"])
_PAGE_BREAK = f"{W}lastRenderedPageBreak"
_MOST_BESIDE = 20  # runs that are looked at
_LONGEST_MARK = 20


@dataclass(slots=True)
class NoteMarks:
    """The marks of a document's notes.

    Attributes:
        marks: of the notes that are referred to, by kind (``footnote``, ``endnote``) and id, in the order of the
            references; the first one where there are several.
        written: what stands for each reference in the text; references that are not printed are not in it.
    """

    marks: dict[tuple[str, str], str] = field(default_factory=dict)
    written: dict[Any, str] = field(default_factory=dict)

    def text(self, reference: Any) -> str:
        """What stands for a reference in the text."""
        return self.written.get(reference, "")


@dataclass(frozen=True, slots=True)
class _Counting:
    """How the notes of one kind are counted in one section (17.11.17 to 17.11.20)."""

    style: str
    start: int
    restart: str


def note_marks(root: Any, looks: Looks, settings: Any = None, language: str = "en") -> NoteMarks:
    """Count the references to notes; each is written as ``[note 3]``, ``[note ii]``, ``[note *]``.

    Marks that were typed behind their references are taken out of the text.

    Args:
        root: of the document.
        settings: the root element of the settings, which say how notes are counted, as sections do.
        language: ISO 639-1 code, for marks in words.
    """
    found = NoteMarks()
    if next(root.iter(*NOTE_KINDS), None) is None:
        return found
    nodes = list(root.iter(f"{W}sectPr", _PAGE_BREAK, *NOTE_KINDS))
    sections = [node for node in nodes if node.tag == f"{W}sectPr" and node.getparent().tag != f"{W}sectPrChange"]
    ended: list[Any] = []  # paragraphs that are the last of their sections
    counters = {kind: _Counter(kind, sections, settings, language) for kind in NOTE_KINDS.values()}
    for node in nodes:
        if node.tag == _PAGE_BREAK:
            for counter in counters.values():
                counter.page()
        elif node.tag == f"{W}sectPr":
            if node.getparent().tag == f"{W}pPr":
                ended.append(node.getparent().getparent())
        elif not _is_gone(node, looks):
            # a section goes on to the end of its last paragraph
            section = len(ended) - (bool(ended) and ended[-1] in node.iterancestors(f"{W}p"))
            own = _own_mark(node) if node.get(f"{W}customMarkFollows", "0") not in OFF else ""
            kind = NOTE_KINDS[node.tag]
            mark = own or counters[kind].next(section)
            before, after = _text_beside(node, preceding=True), "" if own else _text_beside(node, preceding=False)
            space = " " if before and not before[-1].isspace() else ""
            found.written[node] = f"{space}[note {mark}]" + " " * after[:1].isalnum()
            found.marks.setdefault((kind, node.get(f"{W}id", "")), mark)
    return found


class _Counter:
    """Counts the references to notes of one kind."""

    def __init__(self, kind: str, sections: list[Any], settings: Any, language: str) -> None:
        self._kind = kind
        self._sections = sections
        self._settings = settings
        self._language = language
        self._section = -1
        self._how = self._counting(0)
        self._number = self._how.start - 1

    def page(self) -> None:
        """Begin a page, where the program that saved the file noted that one begins."""
        if self._how.restart == "eachPage":
            self._number = self._how.start - 1

    def next(self, section: int) -> str:
        """The mark of the next reference, in this section."""
        if section != self._section:
            self._how = self._counting(section)
            if self._how.restart == "eachSect":
                self._number = self._how.start - 1
            self._section = section
        self._number += 1
        return word_numeral(self._number, self._how.style, self._language) or str(self._number)

    def _counting(self, section: int) -> _Counting:
        path = f"{self._kind}Pr"
        places = [self._sections[section]] if section < len(self._sections) else []
        places += [self._settings] if self._settings is not None else []

        def said(name: str) -> str | None:
            return next((it for place in places if (it := value(place, f"{path}/{name}")) is not None), None)

        return _Counting(
            said("numFmt") or ("lowerRoman" if self._kind == "endnote" else "decimal"),
            whole_number(said("numStart") or "", 1, digits=6),
            said("numRestart") or "continuous",
        )


def _is_gone(reference: Any, looks: Looks) -> bool:
    """Whether a reference, or the row or cell that it is in, is deleted, hidden, struck out or in a second copy."""
    properties = None
    for above in reference.iterancestors():
        tag = above.tag
        if tag in _GONE or (tag == f"{W}tr" and is_hidden(above)) or (tag in _DELETABLE and is_deleted(above)):
            return True
        if tag == f"{W}r" and properties is None:
            properties = above.find(f"{W}rPr")
        elif tag == f"{W}p":
            look = looks.run(style_id(above), properties)
            if look.hidden or look.struck:
                return True
            properties = None
    return False


def _text_beside(reference: Any, *, preceding: bool) -> str:
    """The nearest text on the line of a reference, before or behind it; behind it only up to the next reference."""
    for start in (reference, reference.getparent()):
        for beside in islice(start.itersiblings(preceding=preceding), _MOST_BESIDE):
            texts = [node for node in beside.iter(f"{W}t", *NOTE_KINDS) if node.tag == f"{W}t" or not preceding]
            texts = [node for node in texts if node.tag != f"{W}t" or node.text]
            if texts:
                nearest = texts[-1 if preceding else 0]
                return (nearest.text or "") if nearest.tag == f"{W}t" else ""
    return ""


def _own_mark(reference: Any) -> str:
    """Take out the mark that was typed behind a reference: the rest of its run, or else the next run."""
    pieces = [node for node in reference.itersiblings() if node.tag in (f"{W}t", f"{W}sym")]
    run = reference.getparent()
    if not pieces and (after := run.getnext()) is not None and after.tag == f"{W}r":
        pieces = [node for node in after if node.tag in (f"{W}t", f"{W}sym")]
    mark = one_line("".join(map(_sign, pieces)))
    if len(mark) > _LONGEST_MARK:
        return ""  # no mark, but text that goes on
    for node in pieces:
        if node.tag == f"{W}t":
            node.text = ""
        else:
            node.getparent().remove(node)
    return mark


def _sign(node: Any) -> str:
    if node.tag == f"{W}t":
        return node.text or ""
    try:
        return symbol_char(node.get(f"{W}font", ""), int(node.get(f"{W}char", ""), 16))
    except ValueError:
        return ""
