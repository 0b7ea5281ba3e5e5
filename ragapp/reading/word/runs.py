"""The text of paragraphs of Word documents, run by run, as it is shown.

Source: ISO/IEC 29500-1, 17.3.3 (run content), 17.16 (fields and hyperlinks), 17.13.5 (tracked changes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, cast

from ragapp.reading.left_out import LeftOut
from ragapp.reading.links import address_beside
from ragapp.reading.office.formulas import formula_text
from ragapp.reading.scripts import Script, join_scripts
from ragapp.reading.symbol_fonts import symbol_char
from ragapp.reading.word.looks import VAL, Looks, W, is_on, script_of, shown_text

MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# what was deleted or moved away, properties, and marks without text
_SKIPPED = frozenset(
    f"{W}{name}"
    for name in (
        "del",
        "moveFrom",
        "delText",
        "delInstrText",
        "pPr",
        "rPr",
        "sdtPr",
        "sdtEndPr",
        "smartTagPr",
        "rubyPr",
    )
)
_PROPERTIES, _STYLE, _MARK, _FRAME = f"{W}pPr", f"{W}pStyle", f"{W}rPr", f"{W}framePr"
_TEXT, _FIELD, _CODE, _SIGN = f"{W}t", f"{W}fldChar", f"{W}instrText", f"{W}sym"
_FIELD_KIND = f"{W}fldCharType"
_DROP_CAP = f"{W}dropCap"
_DELETED = frozenset([f"{W}del", f"{W}moveFrom"])
_HIDDEN = frozenset([f"{W}vanish", f"{W}specVanish"])
_CHARACTERS = {f"{W}tab": "\t", f"{W}ptab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
# what is shown beside the text of the paragraph: boxes, pictures, charts, embedded objects, controls
_OBJECTS = frozenset(f"{W}{name}" for name in ("drawing", "pict", "object", "txbxContent", "control"))
_HOLDERS = (f"{W}object", f"{W}pict")
_CONTROL_HINT = "Save the document as PDF to have what they show read."
_LINKED_HINT = "Put the documents that it is made of into the folder, too."
_LINK_CODE = re.compile(r'^\s*HYPERLINK\s+(?!\\)("[^"]*"|\S+)', re.IGNORECASE)

# the code of a field and what it shows, to what is written for it; None where it shows what was saved
FieldText = Callable[[str, str], str | None]


def as_saved(_code: str, _shown: str) -> str | None:
    """Every field as it was saved."""
    return None


class Line(NamedTuple):
    """A paragraph as it is shown."""

    text: str
    objects: tuple[Any, ...] = ()  # elements that stand beside its text, in order


class _Field:
    """A field that has begun: its code, then what it shows."""

    def __init__(self, data: Any, start: int, paragraph: int) -> None:
        self.data = data  # w:ffData, of a form field
        self.code = ""
        self.in_code = True
        self.start = start  # of what it shows, among the pieces of the paragraph in which that begins
        self.paragraph = paragraph


class RunReader:
    """Reads the paragraphs of one story (the body, a note, a header), in order.

    Args:
        looks: of the document.
        left_out: counts struck-out and hidden passages.
        place: where the reader stands, for ``left_out``.
        link: the address of a relationship by its id; empty where there is none.
        written: what elements such as note references are written as, by their tag.
        field_text: what fields show.
        form_text: what a form field shows from its ``w:ffData``; None where it shows its result.
        control: what an ActiveX control shows, by the id of its relationship; None where it is not known.
    """

    def __init__(
        self,
        looks: Looks,
        left_out: LeftOut,
        *,
        place: Callable[[], str] = str,
        link: Callable[[str], str] = lambda _: "",
        written: Mapping[str, Callable[[Any], str]] | None = None,
        field_text: FieldText = as_saved,
        form_text: Callable[[Any], str | None] = lambda _: None,
        control: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._looks = looks
        self._left_out = left_out
        self._place = place
        self._link = link
        self._written = dict(written or {})
        self._field_text = field_text
        self._form_text = form_text
        self._control = control
        self._fields: list[_Field] = []
        self._paragraphs = 0
        self._strays: set[Any] = set()
        self._handlers: dict[str, Callable[[Any], None]] = {
            f"{W}r": self._run,
            f"{W}hyperlink": self._hyperlink,
            f"{W}fldSimple": self._simple_field,
            f"{W}ruby": self._ruby,
            f"{M}oMath": self._formula,
            f"{W}subDoc": self._linked_document,
            f"{MC}AlternateContent": self._alternatives,
        }
        self._begin(None)

    def _begin(self, style: str | None) -> None:
        self._pieces: list[tuple[str, Script]] = []
        self._objects: list[Any] = []
        self._style = style
        self._base = self._looks.base(style)
        self._look = self._base
        self._passage = ""  # the kind of the passage that was left out just before
        self._last_link: tuple[int, str] = (-1, "")
        self._size = self._base.size  # of the text on the line
        self._paragraphs += 1

    def story(self, root: Any) -> None:
        """Look over a story before it is read: a field that never ends is none, and hides nothing."""
        open_fields: list[Any] = []
        for mark in root.iter(f"{W}fldChar"):
            kind = mark.get(f"{W}fldCharType")
            if kind == "begin":
                open_fields.append(mark)
            elif kind == "end" and open_fields:
                open_fields.pop()
        self._strays.update(open_fields)

    def line(self, paragraph: Any, *before: Any) -> Line:
        """What a paragraph shows, behind paragraphs whose ends are deleted or hidden, so that it goes on their line."""
        self._begin(style_id(paragraph))
        for element in (*before, paragraph):
            self._walk(element)
        return Line(self._joined(), tuple(self._objects))

    def _joined(self) -> str:
        pieces = self._pieces
        if len(pieces) == 1:
            return pieces[0][0]
        if not any(script for _, script in pieces):
            return "".join(text for text, _ in pieces)
        shown = {script for text, script in pieces if text.strip()}
        if len(shown) == 1:
            return "".join(text for text, _ in pieces)  # nothing that it is raised above
        return join_scripts(pieces)

    def _walk(self, element: Any) -> None:
        handlers = self._handlers
        for child in element:
            handler = handlers.get(child.tag)
            if handler is not None:
                handler(child)
            elif child.tag in _OBJECTS:
                self._objects.append(child)
            elif child.tag not in _SKIPPED:
                self._walk(child)

    def _run(self, run: Any) -> None:
        before = self._look
        first = next(iter(run), None)
        is_set = first is not None and first.tag == _MARK
        self._look = self._looks.run(self._style, first) if is_set else self._base
        self._content(run)
        self._look = before

    def _content(self, run: Any) -> None:
        for node in run:
            tag = node.tag
            if tag == _TEXT:
                if text := node.text:
                    self._add(text)
            elif tag == _MARK:
                continue
            elif tag in _CHARACTERS:
                self._add(_CHARACTERS[tag])
            elif tag == _FIELD:
                self._field_mark(node)
            elif tag == _CODE:
                if self._fields and self._fields[-1].in_code:
                    self._fields[-1].code += node.text or ""
            elif tag == _SIGN:
                self._add(_symbol(node), is_sign=True)
            elif tag in self._written or tag in _OBJECTS:
                self._mark_or_object(node)
            elif tag in self._handlers:
                self._handlers[tag](node)
            elif tag not in _SKIPPED:
                self._content(node)

    def _mark_or_object(self, node: Any) -> None:
        """Write a mark, or a control that is drawn in the line; keep what stands beside the text."""
        if self._in_code():
            return
        if self._look.hidden:
            self._leave_out("a mark or a drawing", "hidden")
            return
        control = node.find(f"{W}control") if node.tag in _HOLDERS else None
        if control is not None:
            shown = self._control(control.get(f"{_R}id", ""))
            if shown is None:
                self._left_out.add("form control", "form controls", self._place(), hint=_CONTROL_HINT)
            self._put(shown or "", "")
        elif node.tag in self._written:
            self._put(self._written[node.tag](node), "")
        else:
            self._objects.append(node)

    def _in_code(self) -> bool:
        return any(field.in_code for field in self._fields)

    def _add(self, text: str, is_sign: bool = False) -> None:
        """Add text of the current look; its fonts do not change what is a sign already."""
        if self._fields and self._in_code():
            return
        look = self._look
        if look.is_plain:
            if not text.isascii() and not is_sign:
                text = shown_text(text, look)
            self._put(text, "")
        elif look.hidden or look.struck:
            self._leave_out(text, "hidden" if look.hidden else "struck-out")
        else:
            self._put(
                text if is_sign else shown_text(text, look), cast(Script, script_of(look, self._base, self._size))
            )
        if look.position == self._base.position:
            self._size = look.size

    def _put(self, text: str, script: Script) -> None:
        if self._passage and text.strip():
            # the spaces on both sides of what was left out are one
            if self._pieces and self._pieces[-1][0].endswith(" ") and text.startswith(" "):
                text = text[1:]
            self._passage = ""
        self._pieces.append((text, script))

    def _leave_out(self, text: str, kind: str) -> None:
        if not text.strip() or self._passage == kind:
            return
        self._passage = kind
        self._left_out.add(f"{kind} passage", f"{kind} passages", self._place())

    def _alternatives(self, element: Any) -> None:
        chosen = chosen_alternative(element)
        if chosen is not None:
            self._content(chosen) if _is_in_run(element) else self._walk(chosen)

    def _linked_document(self, _element: Any) -> None:
        self._left_out.add("linked document", "linked documents", self._place(), hint=_LINKED_HINT)

    def _formula(self, formula: Any) -> None:
        if not self._in_code():
            self._put(formula_text(formula), "")

    def _ruby(self, ruby: Any) -> None:
        """The base, then its reading in brackets."""
        base, reading = ruby.find(f"{W}rubyBase"), ruby.find(f"{W}rt")
        if base is not None:
            self._walk(base)
        start = len(self._pieces)
        if reading is not None:
            self._walk(reading)
        if shown := self._shown_since(start):
            self._pieces[start:] = [(f"({shown})", "")]

    def _hyperlink(self, element: Any) -> None:
        target = self._link(element.get(f"{_R}id", ""))
        anchor = element.get(f"{W}anchor", "")
        if target and anchor and "#" not in target:
            target = f"{target}#{anchor}"
        start = self._link_start(target)
        self._walk(element)
        self._add_target(start, target)

    def _link_start(self, target: str) -> int:
        """Where the words of a link begin; Word often writes one link as several, next to each other."""
        place, last = self._last_link
        if target and last == target and place == len(self._pieces) - 1:
            self._pieces.pop()
        return len(self._pieces)

    def _add_target(self, start: int, target: str) -> None:
        shown = self._shown_since(start)
        if shown.strip() and (address := address_beside(target, shown)):
            self._last_link = (len(self._pieces), target)
            self._pieces.append((f" ({address})", ""))

    def _shown_since(self, start: int) -> str:
        return "".join(text for text, _ in self._pieces[start:])

    # --- fields

    def _simple_field(self, element: Any) -> None:
        field = _Field(None, len(self._pieces), self._paragraphs)
        field.code, field.in_code = element.get(f"{W}instr", ""), False
        self._fields.append(field)
        self._walk(element)
        self._fields.remove(field)
        self._finish(field)

    def _field_mark(self, mark: Any) -> None:
        kind = mark.get(_FIELD_KIND)
        if kind == "begin":
            if mark not in self._strays:
                self._fields.append(_Field(mark.find(f"{W}ffData"), len(self._pieces), self._paragraphs))
        elif self._fields and kind == "separate":
            field = self._fields[-1]
            field.in_code, field.start, field.paragraph = False, len(self._pieces), self._paragraphs
        elif self._fields and kind == "end":
            self._finish(self._fields.pop())

    def _finish(self, field: _Field) -> None:
        """Write what a field shows, now that it has ended."""
        if self._in_code():
            return
        if field.in_code:  # it has no result
            field.start, field.paragraph = len(self._pieces), self._paragraphs
        if field.paragraph != self._paragraphs:
            return  # a list of contents, an index: its result is paragraphs
        shown = self._shown_since(field.start)
        text = self._form_text(field.data) if field.data is not None else self._field_text(field.code, shown)
        if text is not None:
            del self._pieces[field.start :]
            if not self._look.hidden:
                self._put(text, "")
        elif link := _LINK_CODE.match(field.code):
            self._add_target(field.start, link[1].strip('"'))


def chosen_alternative(element: Any) -> Any:
    """The way that current programs take through ``mc:AlternateContent``: its first choice (29500-3, 10.2.1)."""
    fallback = None
    for way in element:
        if way.tag == f"{MC}Choice":
            return way
        if way.tag == f"{MC}Fallback" and fallback is None:
            fallback = way
    return fallback


def paragraph_properties(paragraph: Any) -> Iterable[Any]:
    """What a paragraph says of itself: the children of its first child, ``w:pPr``."""
    for first in paragraph:
        return first if first.tag == _PROPERTIES else ()
    return ()


def style_id(paragraph: Any) -> str | None:
    """The id of the style that a paragraph names."""
    for node in paragraph_properties(paragraph):
        if node.tag == _STYLE:
            return cast(str | None, node.get(VAL))
    return None


def end_is_gone(paragraph: Any) -> bool:
    """Whether the next paragraph goes on in the line of this one.

    So it does where its end is deleted or hidden (17.13.5.15), and where it is a large first letter (17.3.1.11).
    """
    for node in paragraph_properties(paragraph):
        if node.tag == _MARK:
            return any(one.tag in _DELETED or (one.tag in _HIDDEN and is_on(one)) for one in node)
        if node.tag == _FRAME and node.get(_DROP_CAP, "none") != "none":
            return True
    return False


def _is_in_run(element: Any) -> bool:
    parent = element.getparent()
    return parent is not None and parent.tag == f"{W}r"


def _symbol(element: Any) -> str:
    """The sign of ``w:sym`` (17.3.3.30): a hexadecimal code in a font."""
    try:
        code = int(element.get(f"{W}char", ""), 16)
    except ValueError:
        return ""
    return symbol_char(element.get(f"{W}font", ""), code)
