"""All that Word counts or works out itself and does not store, written into the parts of a document."""

from __future__ import annotations

from typing import Any

from ragapp.reading.word.field_results import FieldResults
from ragapp.reading.word.fields import settle_fields
from ragapp.reading.word.labels import Item, write_labels
from ragapp.reading.word.looks import Looks
from ragapp.reading.word.notes import NoteMarks, note_marks
from ragapp.reading.word.numbering import ListDefinitions


class Counts:
    """Numbers of paragraphs, marks of notes and results of fields of one document.

    Attributes:
        items: the paragraphs that are in lists, of all parts so far.
    """

    def __init__(self, numbering: Any, styles: Any, looks: Looks) -> None:
        """``numbering`` and ``styles`` are the root elements of these parts, None where there is no such part."""
        self.items: dict[Any, Item] = {}
        self._lists = ListDefinitions(numbering, styles)
        self._styles = styles
        self._looks = looks

    def write(self, root: Any, settings: Any = None) -> NoteMarks:
        """Settle a part, which is counted for itself; the marks of the notes that it refers to.

        ``settings`` is the root element of the document's settings, which say how notes are counted.
        """
        settled = settle_fields(root, self._styles)
        marks = note_marks(root, self._looks, settings, self._lists.language)
        items = write_labels(root, self._lists, self._looks, settled.emptied)
        FieldResults(root, items, marks, self._lists.language).write(settled.counted)
        self.items |= items
        return marks
