"""Fields: what is printed of them is their result, never their code.

Source: ISO/IEC 29500-1, 17.16. A field is a run of marks (begin, code, separate, result, end) over any number of
paragraphs, or one element around its result; fields stand in the code and in the results of others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from ragapp.reading.word.looks import W
from ragapp.reading.word.numbering import value
from ragapp.reading.word.runs import M, style_id

# of what stands in a run, this is no text, or says where pages begin
_KEPT = frozenset(f"{W}{name}" for name in ("rPr", "fldChar", "instrText", "delInstrText", "lastRenderedPageBreak"))
_PARAGRAPH, _RUN, _SIMPLE, _FORMULA = f"{W}p", f"{W}r", f"{W}fldSimple", f"{M}oMath"
_MARK, _MARK_KIND, _CODE = f"{W}fldChar", f"{W}fldCharType", f"{W}instrText"
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
# Word's own names are English inside the file; LibreOffice's are the second
_CONTENTS_STYLE = re.compile(r"(?:toc|contents) [1-9]|table of figures|index heading|index [1-9]", re.IGNORECASE)
_LONGEST_CODE = 20_000
_MOST_SAVED = 200  # pieces of a saved result that are looked at
# types whose results can be worked out from the document
COMPUTED = frozenset(["SEQ", "REF", "NOTEREF", "LISTNUM", "MACROBUTTON", "GOTOBUTTON", "QUOTE", "SYMBOL", "EQ"])
# lists of what the document says elsewhere, with page numbers, and results that are not printed
_UNPRINTED = frozenset(["TOC", "INDEX", "TOA", "SET", "ASK", "XE", "TC", "TA", "RD", "PRIVATE"])


def code_words(code: str) -> list[str]:
    """The words of a field's code, its type first, in capitals; what stands in quotes is one word."""
    words = [quoted or plain for quoted, plain in _TOKEN.findall(code[:_LONGEST_CODE])]
    return [words[0].upper(), *words[1:]] if words else [""]


def _kind(code: str) -> str:
    """The type of a field: the first word of its code, in capitals."""
    first = code.split(None, 1)[:1]
    return first[0].strip('"').upper() if first else ""


@dataclass(slots=True, eq=False)
class CountedField:
    """A field whose result may have to be worked out, or counts for those that have to.

    Attributes:
        kind: the first word of its code, in capitals.
        end: the mark that ends it, or the element that it is.
        paragraph: that it ends in.
        saved: the beginning of its saved result; None where there is none.
        code: as it stands.
    """

    kind: str
    end: Any
    paragraph: Any
    saved: str | None
    code: str

    @property
    def words(self) -> list[str]:
        """The words of its code."""
        return code_words(self.code)


@dataclass(slots=True)
class Settled:
    """What was found while a part was settled.

    Attributes:
        emptied: the paragraphs of which nothing is left.
        counted: the fields of types that can be worked out, in the order of their ends.
    """

    emptied: set[Any] = field(default_factory=set)
    counted: list[CountedField] = field(default_factory=list)


def settle_fields(root: Any, styles: Any = None) -> Settled:
    """Take what is not printed of fields out of a part: codes with all that stands in them, contents lists.

    A field without an end is none: its text stays. Contents lists are also known by the content control around them,
    and by their paragraphs' ``styles`` (the root element of that part). The marks of fields stay.
    """
    whole = [control for control in root.iter(f"{W}sdt") if _is_contents(control)]
    whole += [one for one in root.iter(f"{W}fldSimple") if _kind(one.get(f"{W}instr", "")) in _UNPRINTED]
    if lines := _contents_styles(styles):
        whole += [one for one in root.iter(f"{W}p") if style_id(one) in lines]
    if not whole and next(root.iter(f"{W}fldChar", f"{W}fldSimple"), None) is None:
        return Settled()
    walk, paragraph = _Walk(), None
    for element in root.iter(_PARAGRAPH, _RUN, _SIMPLE, _FORMULA):
        tag = element.tag
        if tag == _PARAGRAPH:
            paragraph = element
        elif tag == _RUN:
            for node in element:
                if walk.is_inside or node.tag == _MARK:  # most runs are in no field
                    walk.node(node, paragraph)
        elif tag == _SIMPLE:
            walk.simple(element, paragraph)
        elif walk.is_inside:
            walk.node(element, paragraph)
    return walk.settle(whole)


@dataclass(slots=True)
class _Open:
    begin: int
    separate: int | None = None
    code: list[str] = field(default_factory=list)


class _Walk:
    """What stands in fields, in its order, and which ranges of it are not printed."""

    def __init__(self) -> None:
        self._nodes: list[tuple[Any, Any]] = []  # each with its paragraph
        self._open: list[_Open] = []
        self._unprinted: list[tuple[int, int]] = []
        self._counted: list[tuple[int, int, CountedField]] = []

    @property
    def is_inside(self) -> bool:
        """Whether a field has begun and not ended."""
        return bool(self._open)

    def simple(self, element: Any, paragraph: Any) -> None:
        """Take a field that is an element; what is in it comes next."""
        code = element.get(f"{W}instr", "")
        kind = _kind(code)
        if kind in COMPUTED:
            pieces = [node.text or "" for node in element.iter(f"{W}t")]
            found = CountedField(kind, element, paragraph, "".join(pieces) if pieces else None, code)
            self._counted.append((len(self._nodes), len(self._nodes), found))

    def node(self, node: Any, paragraph: Any) -> None:
        """Take what stands next in a run."""
        if node.tag == _MARK:
            self._mark(node, node.get(_MARK_KIND), paragraph)
        elif node.tag == _CODE:
            if self._open and self._open[-1].separate is None:
                self._open[-1].code.append(node.text or "")
        elif node.tag not in _KEPT:
            self._nodes.append((node, paragraph))

    def settle(self, whole: list[Any]) -> Settled:
        """Remove what is not printed, and what stands in these elements."""
        depths = [0] * (len(self._nodes) + 1)
        for first, last in self._unprinted:
            depths[first] += 1
            depths[last] -= 1
        touched: set[Any] = set()
        for (node, paragraph), depth in zip(self._nodes, accumulate(depths), strict=False):
            if depth:
                node.getparent().remove(node)
                touched.add(paragraph)
        for element in whole:
            for part in list(element.iter(_RUN, _FORMULA)):
                touched.add(next(part.iterancestors(_PARAGRAPH), None))
                for node in [part] if part.tag == _FORMULA else list(part):
                    if node.tag not in _KEPT and node.getparent() is not None:
                        node.getparent().remove(node)
        cover = list(accumulate(depths))
        printed = [(first, last, one) for first, last, one in self._counted if not cover[first]]
        for first, last, one in printed:
            if one.saved is None and last > first:
                pieces = (node for node, _ in self._nodes[first : min(last, first + _MOST_SAVED)])
                one.saved = "".join(node.text or "" for node in pieces if node.tag == f"{W}t") or None
        emptied = {one for one in touched if one is not None and not _has_text(one)}
        return Settled(emptied, [one for _, _, one in printed])

    def _mark(self, node: Any, kind: str | None, paragraph: Any) -> None:
        if kind == "begin":
            self._open.append(_Open(len(self._nodes)))
        elif kind == "separate" and self._open and self._open[-1].separate is None:
            self._open[-1].separate = len(self._nodes)
        elif kind == "end" and self._open:
            self._end(self._open.pop(), node, paragraph)

    def _end(self, one: _Open, end: Any, paragraph: Any) -> None:
        last = len(self._nodes)
        between = last if one.separate is None else one.separate
        self._unprinted.append((one.begin, between))
        code = "".join(one.code)
        kind = _kind(code)
        if kind in _UNPRINTED:
            self._unprinted.append((between, last))
        elif kind in COMPUTED:
            self._counted.append((between, last, CountedField(kind, end, paragraph, None, code)))


def _is_contents(control: Any) -> bool:
    """Whether a content control is the contents list that Word, LibreOffice or Google Docs put in."""
    gallery = control.find(f"{W}sdtPr/{W}docPartObj/{W}docPartGallery")
    return gallery is not None and gallery.get(f"{W}val") == "Table of Contents"


def _contents_styles(styles: Any) -> set[str | None]:
    found = styles.iterchildren(f"{W}style") if styles is not None else ()
    return {style.get(f"{W}styleId") for style in found if _CONTENTS_STYLE.fullmatch(value(style, "name") or "")}


def _has_text(paragraph: Any) -> bool:
    return any((node.text or "").strip() for node in paragraph.iter(f"{W}t", f"{M}t"))
