"""One paragraph of an OpenDocument file as a line of text: spans, fields, notes, links, what is hidden or struck out.

Source: OpenDocument 1.3 part 3, chapters 6 and 7.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ragapp.reading.html.mathml import math_line
from ragapp.reading.links import address_beside
from ragapp.reading.odf.context import OdfContext, is_true_condition
from ragapp.reading.odf.forms import TICKED, UNTICKED, field_mark
from ragapp.reading.odf.names import DRAW, FIELD, LOEXT, MATH, OFFICE, PRESENTATION, SVG, TEXT, XLINK, count
from ragapp.reading.odf.styles import PLAIN, Look
from ragapp.reading.scripts import Script, join_scripts
from ragapp.reading.symbol_fonts import symbol_text
from ragapp.reading.text import one_line

_SPACES = re.compile(r"[ \t\r\n]+")
_MAX_SPACES = 100
# code, and furigana, which repeats the words that it stands over
_UNREAD = frozenset(
    (f"{TEXT}script", f"{TEXT}ruby-text", f"{OFFICE}event-listeners", f"{OFFICE}forms", f"{TEXT}tracked-changes")
)
# what headers and footers fill in by page, by sheet or by day
_PAGE_FIELDS = frozenset(
    (
        *(f"{TEXT}{name}" for name in ("page-number", "page-count", "sheet-name", "date", "time")),
        *(f"{PRESENTATION}{name}" for name in ("footer", "header", "date-time")),
    )
)


@dataclass(slots=True)
class Line:
    """A paragraph as it was read."""

    text: str
    drawings: list[Any] = field(default_factory=list)  # frames and shapes that are anchored in it
    page_breaks: int = 0  # that the program found in it


def paragraph_line(paragraph: Any, context: OdfContext, around: Look = PLAIN) -> Line:
    """Read a ``text:p`` or ``text:h``, which stands in a cell or shape of a look."""
    style = paragraph.get(f"{TEXT}style-name")
    # in a cell, the default of paragraphs does not go over the cell's own style
    look = around if style is None and around is not PLAIN else context.styles.look("paragraph", style, around)
    if not len(paragraph) and look is PLAIN:  # most paragraphs
        text = paragraph.text or ""
        if "\n" in text or "  " in text or "\t" in text or text[:1] == " ":
            text = _SPACES.sub(" ", text).lstrip(" ")
        return Line(text if text.isascii() else symbol_text("", text))
    reader = _LineReader(context)
    reader.walk(paragraph, look)
    return reader.line()


class _LineReader:
    """Collects the pieces of one paragraph."""

    def __init__(self, context: OdfContext) -> None:
        self._context = context
        self._pieces: list[tuple[str, Script]] = []
        self._has_scripts = False
        self._drawings: list[Any] = []
        self._page_breaks = 0
        self._at_space = True  # whether white space of the file adds nothing here (6.1.2)
        self._left_out = ""  # what kind of text was left out right before
        self._after_mark = False
        self._is_hidden = False
        self._commands: list[int] = []  # where fields began whose command stands before their text

    def line(self) -> Line:
        """What was read."""
        if self._is_hidden:
            self._context.hidden()
            return Line("", [], self._page_breaks)
        text = join_scripts(self._pieces) if self._has_scripts else "".join([text for text, _ in self._pieces])
        return Line(text, self._drawings, self._page_breaks)

    def walk(self, element: Any, look: Look) -> None:
        """Read the text and the children of an element."""
        if element.text:
            self._add_text(element.text, look)
        for child in element:
            tag = child.tag
            if isinstance(tag, str):
                handler = _HANDLERS.get(tag)
                if handler is not None:
                    handler(self, child, look)
                elif tag.startswith(DRAW):
                    self._drawing(child, look)
                elif tag not in _UNREAD and not tag.startswith(SVG):
                    self.walk(child, look)
            if child.tail:
                self._add_text(child.tail, look)

    def _add_text(self, text: str, look: Look) -> None:
        if "  " in text or "\n" in text or "\t" in text:
            text = _SPACES.sub(" ", text)
        if self._at_space and text[:1] == " ":
            text = text.removeprefix(" ")
        if not text:
            return
        if look.hidden or look.struck:
            self._leave_out("hidden" if look.hidden else "struck", text)
            return
        self._at_space = text[-1] == " "
        if look.font or not text.isascii():
            text = symbol_text(look.font, text)
        self._add(text, look.script)

    def _leave_out(self, kind: str, text: str) -> None:
        if not text.strip() and not self._left_out:
            return
        if self._left_out != kind:
            self._context.hidden() if kind == "hidden" else self._context.struck()
        self._left_out = kind

    def _add(self, text: str, script: Script = "") -> None:
        if self._after_mark or self._left_out == "struck":
            before = self._pieces[-1][0][-1:] if self._pieces else ""
            # the figures before and behind a struck one, or a note's mark and a word behind it, are not one word
            if text[:1].isalnum() and ((before.isdecimal() and text[:1].isdecimal()) or self._after_mark):
                self._pieces.append((" ", ""))
        self._after_mark = False
        if self._left_out and text.strip():
            self._left_out = ""
        if script:
            self._has_scripts = True
        self._pieces.append((text, script))

    def _mark(self, text: str, look: Look) -> None:
        """Add a sign that is no text of the file."""
        if look.hidden or look.struck or not text:
            return
        self._add(text)
        self._at_space = False

    # --- white space

    def _space(self, element: Any, look: Look) -> None:
        if not look.hidden and not look.struck:
            self._add(" " * min(count(element, f"{TEXT}c"), _MAX_SPACES))
            self._at_space = False

    def _tab(self, element: Any, look: Look) -> None:
        if not look.hidden and not look.struck:
            self._add("\t")
            self._at_space = False

    def _line_break(self, element: Any, look: Look) -> None:
        if not look.hidden and not look.struck:
            self._add("\n")
            self._at_space = True

    def _soft_page_break(self, element: Any, look: Look) -> None:
        self._page_breaks += 1

    # --- spans and links

    def _span(self, element: Any, look: Look) -> None:
        self.walk(element, self._context.styles.look("text", element.get(f"{TEXT}style-name"), look))

    def _link(self, element: Any, look: Look) -> None:
        first = len(self._pieces)
        self.walk(element, self._context.styles.look("text", element.get(f"{TEXT}style-name"), look))
        shown = one_line("".join(text for text, _ in self._pieces[first:]))
        target = address_beside(element.get(f"{XLINK}href", ""), shown)
        if target and shown:
            self._mark(f" ({target})", look)

    def _ruby(self, element: Any, look: Look) -> None:
        for base in element.iterchildren(f"{TEXT}ruby-base"):
            self.walk(base, look)

    # --- notes and comments

    def _note(self, element: Any, look: Look) -> None:
        kind = element.get(f"{TEXT}note-class", "footnote")
        citation = element.find(f"{TEXT}note-citation")
        label = citation.get(f"{TEXT}label", "") if citation is not None else ""
        saved = one_line("".join(citation.itertext())) if citation is not None else ""
        mark = self._context.note_mark(kind, label, saved)
        if look.struck or look.hidden:
            return  # it is counted all the same
        self._note_mark(mark)
        # Word's own marks are a part of the note's text
        if text := self._context.text_of(element.find(f"{TEXT}note-body")).strip().removeprefix(f"{mark} ").strip():
            self._context.notes.append(f"{'Endnote' if kind == 'endnote' else 'Footnote'} {mark}: {text}")

    def _note_mark(self, mark: str) -> None:
        before = self._pieces[-1][0] if self._pieces else ""
        self._add(f"{' ' if before and not before[-1].isspace() else ''}[note {mark}]")
        self._at_space = False
        self._after_mark = True

    def _note_reference(self, element: Any, look: Look) -> None:
        mark = one_line("".join(element.itertext()))
        if look.script == "super" and mark and not look.hidden and not look.struck:
            self._note_mark(mark)
        else:
            self.walk(element, look)

    def _annotation(self, element: Any, look: Look) -> None:
        self._context.comment(element)

    # --- fields

    def _hidden_text(self, element: Any, look: Look) -> None:
        if _is_hidden(element):
            self._leave_out("hidden", element.get(f"{TEXT}string-value") or "".join(element.itertext()))
        else:
            self.walk(element, look)

    def _hidden_paragraph(self, element: Any, look: Look) -> None:
        self._is_hidden = self._is_hidden or _is_hidden(element)

    def _unless_hidden(self, element: Any, look: Look) -> None:
        """A field that may be set without being shown (7.7.4)."""
        if element.get(f"{TEXT}display") != "none":
            self.walk(element, look)

    def _page_field(self, element: Any, look: Look) -> None:
        if element.tag == f"{TEXT}page-number" and self._context.slide and not self._context.is_furniture:
            self._add_text(
                str(self._context.slide), look
            )  # what is saved is "<number>", in the language of its program
        elif not self._context.is_furniture or element.get(f"{TEXT}fixed") == "true":
            self.walk(element, look)

    def _drop_down(self, element: Any, look: Look) -> None:
        labels = list(element.iterchildren(f"{TEXT}label"))
        shown = "".join(element.itertext()).strip()
        chosen = next((node for node in labels if node.get(f"{TEXT}current-selected") == "true"), None)
        if not shown and chosen is not None:
            shown = chosen.get(f"{TEXT}value", "")
        self._add_text(shown, look)

    def _field_mark(self, element: Any, look: Look) -> None:
        self._mark(field_mark(element), look)

    def _field_start(self, element: Any, look: Look) -> None:
        self._mark(field_mark(element), look)
        self._commands.append(len(self._pieces))

    def _field_separator(self, element: Any, look: Look) -> None:
        if self._commands:
            del self._pieces[self._commands[-1] :]

    def _field_end(self, element: Any, look: Look) -> None:
        if self._commands:
            self._commands.pop()

    def _content_control(self, element: Any, look: Look) -> None:
        if element.get(f"{LOEXT}checkbox") == "true":
            self._mark(TICKED if element.get(f"{LOEXT}checked") == "true" else UNTICKED, look)
        else:
            self.walk(element, look)

    # --- what is anchored in the paragraph

    def _drawing(self, element: Any, look: Look) -> None:
        if look.hidden:
            self._leave_out("hidden", "a drawing")
        elif element.tag == f"{DRAW}control" and element.get(f"{TEXT}anchor-type", "as-char") == "as-char":
            self._mark(self._context.controls.get(element.get(f"{DRAW}control", ""), ""), look)
        elif (formula := formula_of(element, self._context)) is not None:
            self._mark(formula, look)
        else:
            self._drawings.append(element)


def formula_of(frame: Any, context: OdfContext) -> str | None:
    """A frame's formula on one line; None where it holds something else."""
    if frame.tag != f"{DRAW}frame":
        return None
    for drawn in frame.iterchildren(f"{DRAW}object"):
        root = context.parts.embedded(drawn)
        if root is not None and root.tag != f"{MATH}math":
            root = next(root.iter(f"{MATH}math"), None) if root.tag == f"{OFFICE}document" else None
        if root is None:
            return None
        if line := math_line(root):
            return line
        annotation = next(root.iter(f"{MATH}annotation"), None)
        return one_line(annotation.text or "") if annotation is not None else ""
    return None


def _is_hidden(element: Any) -> bool:
    said = element.get(f"{TEXT}is-hidden")
    return said == "true" or (said is None and is_true_condition(element.get(f"{TEXT}condition", "")) is True)


_Handler = Callable[[_LineReader, Any, Look], None]
_R = _LineReader
_HANDLERS: dict[str, _Handler] = {
    f"{TEXT}span": _R._span,
    f"{TEXT}s": _R._space,
    f"{TEXT}tab": _R._tab,
    f"{TEXT}line-break": _R._line_break,
    f"{TEXT}soft-page-break": _R._soft_page_break,
    f"{TEXT}a": _R._link,
    f"{TEXT}ruby": _R._ruby,
    f"{TEXT}note": _R._note,
    f"{TEXT}note-ref": _R._note_reference,
    f"{OFFICE}annotation": _R._annotation,
    f"{TEXT}hidden-text": _R._hidden_text,
    f"{TEXT}hidden-paragraph": _R._hidden_paragraph,
    f"{TEXT}variable-set": _R._unless_hidden,
    f"{TEXT}user-field-get": _R._unless_hidden,
    f"{TEXT}page-variable-set": _R._unless_hidden,
    f"{TEXT}drop-down": _R._drop_down,
    f"{FIELD}fieldmark": _R._field_mark,
    f"{FIELD}fieldmark-start": _R._field_start,
    f"{FIELD}fieldmark-separator": _R._field_separator,
    f"{FIELD}fieldmark-end": _R._field_end,
    f"{LOEXT}content-control": _R._content_control,
} | dict.fromkeys(_PAGE_FIELDS, _R._page_field)
