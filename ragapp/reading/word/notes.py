"""Foot- and endnotes by the marks that Word prints for them.

Source: ISO/IEC 29500-1, 17.11. The marks are counted in the order of the references, which need not be that of the
notes in their part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ragapp.reading.symbol_fonts import symbol_char
from ragapp.reading.text import one_line, whole_number
from ragapp.reading.word.looks import OFF, Looks, W
from ragapp.reading.word.numbering import value
from ragapp.reading.word.numerals import word_numeral
from ragapp.reading.word.runs import MC

_GONE = frozenset([f"{W}del", f"{W}moveFrom", f"{MC}Fallback"])
# the elements of references, with the kind of note
NOTE_KINDS = {f"{W}footnoteReference": "footnote", f"{W}endnoteReference": "endnote"}
_PAGE_BREAK = f"{W}lastRenderedPageBreak"
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
    nodes = list(root.iter(f"{W}p", f"{W}t", f"{W}sectPr", _PAGE_BREAK, *NOTE_KINDS))
    sections = [node for node in nodes if node.tag == f"{W}sectPr" and node.getparent().tag != f"{W}sectPrChange"]
    ended: list[Any] = []  # paragraphs that are the last of their sections
    counters = {kind: _Counter(kind, sections, settings, language) for kind in NOTE_KINDS.values()}
    before = ""
    for node, following in zip(nodes, [*nodes[1:], None], strict=True):
        if node.tag == f"{W}p":
            before = ""
        elif node.tag == f"{W}t":
            before = node.text or before
        elif node.tag == _PAGE_BREAK:
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
            after = (following.text or "") if following is not None and following.tag == f"{W}t" and not own else ""
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
    """Whether a reference is deleted, hidden, struck out or in a second copy."""
    for above in reference.iterancestors():
        if above.tag in _GONE:
            return True
        if above.tag == f"{W}r":
            look = looks.run(None, above.find(f"{W}rPr"))
            if look.hidden or look.struck:
                return True
    return False


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
