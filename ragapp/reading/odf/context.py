"""What the readers of one OpenDocument file share: its styles and counters, and what they met on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ragapp.reading.document import ReadOptions
from ragapp.reading.left_out import LeftOut
from ragapp.reading.odf.forms import form_controls
from ragapp.reading.odf.names import DC, DRAW
from ragapp.reading.odf.numbering import Numbering, note_marks
from ragapp.reading.odf.package import OdfParts
from ragapp.reading.odf.styles import Styles
from ragapp.reading.pages.pictures import PictureReader
from ragapp.reading.text import one_line

# of all charts and embedded sheets of one file
_MAX_OBJECT_ROWS = 20_000
_NOT_IN_FILE = "They are not in the file; index them as files of their own."


def _nowhere() -> str:
    return ""


class OdfContext:
    """The state of reading one file.

    Attributes:
        parts: of the file.
        styles: of the part that is read at present.
        numbering: the counters of its lists and headings.
        left_out: what was met and is not read.
        place: where the reader is at present, as warnings name it.
        notes: the foot- and endnotes that were met, as lines with their marks.
        comments: the comments that were met, as lines with their authors.
        text_of: the text of an element that holds paragraphs, one line for each.
        object_rows: how many more rows of charts and embedded sheets are read.
        is_unseen: whether nothing of what is read is kept.
        slide: the number of the slide that is read; 0 where none is.
        is_furniture: whether a header or footer is read, whose page numbers are none of the document's words.
    """

    def __init__(self, parts: OdfParts, options: ReadOptions) -> None:
        self.parts = parts
        self.styles = Styles(parts.styles, parts.content)
        self.numbering = Numbering(self.styles.list_styles, self.styles.outline)
        self.left_out = LeftOut()
        self._pictures = PictureReader(options, self.left_out)
        self.place: Callable[[], str] = _nowhere
        self.notes: list[str] = []
        self.comments: list[str] = []
        self.text_of: Callable[[Any], str] = lambda element: ""
        self.slide = 0
        self.is_furniture = False
        self.is_unseen = False
        self.object_rows = _MAX_OBJECT_ROWS
        self.controls = form_controls(parts.content)
        self._note_marks = note_marks(parts.styles)
        self._hidden_layers = frozenset(
            layer.get(f"{DRAW}name", "")
            for root in (parts.styles, parts.content)
            if root is not None
            for layer in root.iterfind(f".//{DRAW}layer-set/{DRAW}layer")
            if layer.get(f"{DRAW}display") == "none"
        )

    def note_mark(self, kind: str, label: str, saved: str) -> str:
        """The mark of the next note of a kind, ``footnote`` or ``endnote``."""
        marks = self._note_marks.get(kind) or self._note_marks["footnote"]
        return marks.mark(label, saved)

    def comment(self, annotation: Any, where: str = "") -> None:
        """Keep a comment with its author, to be read behind the text; ``where`` it stands, if that is known."""
        creator = one_line(annotation.findtext(f"{DC}creator") or "")
        if text := self.text_of(annotation):
            by = f" by {creator}" if creator else ""
            self.comments.append(f"Comment{by}{f' on {where}' if where else ''}: {text}")

    def take_comments(self) -> list[str]:
        """Remove and return the comments so far."""
        taken, self.comments = self.comments, []
        return taken

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """While it holds, what is read only counts: lists and notes that are not seen have their numbers."""
        kept = self.left_out, self.notes, self.comments, self.is_unseen
        self.left_out, self.notes, self.comments, self.is_unseen = LeftOut(), [], [], True
        try:
            yield
        finally:
            self.left_out, self.notes, self.comments, self.is_unseen = kept

    def hidden(self, count: int = 1) -> None:
        """Note that hidden text was left out."""
        self.left_out.add("hidden passage", "hidden passages", self.place(), count)

    def struck(self) -> None:
        """Note that text which is struck out was left out."""
        self.left_out.add("struck-out passage", "struck-out passages", self.place())

    def picture_text(self, image: Any) -> str:
        """The text in the picture of a ``draw:image``; empty where there is none, or where it is noted as left out."""
        data = self.parts.picture(image)
        if data is None:
            self.left_out.add("picture", "pictures", self.place(), hint=_NOT_IN_FILE)
            return ""
        return self._pictures.text(data, self.place())

    def is_on_hidden_layer(self, drawing: Any) -> bool:
        """Whether a shape is on a layer that is not shown."""
        return bool(self._hidden_layers) and drawing.get(f"{DRAW}layer") in self._hidden_layers


def is_true_condition(condition: str) -> bool | None:
    """What a condition of hidden text comes to, where it compares nothing but constants; None for every other."""
    formula = condition.partition(":")[2].strip().lower() or condition.strip().lower()
    if formula in ("1", "true"):
        return True
    if formula in ("0", "false", ""):
        return False
    for sign in ("==", " eq "):
        left, found, right = formula.partition(sign)
        if found and left.strip(' "').isdecimal() and right.strip(' "').isdecimal():
            return left.strip(' "') == right.strip(' "')
    return None
