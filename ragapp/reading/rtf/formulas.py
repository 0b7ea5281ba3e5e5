r"""Formulas of RTF documents, whose groups are the elements of Office's formulas: ``{\mf{\mnum…}{\mden…}}``.

Source: Microsoft, Rich Text Format Specification 1.9.1, "Math"; ISO/IEC 29500-1, 22.1.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from ragapp.reading.office.formulas import formula_text

_MAX_LENGTH = 10_000  # elements of one formula


class Formula:
    """A formula while its groups are read."""

    def __init__(self) -> None:
        self.root: Any = etree.Element("oMath")
        self._length = 0

    def group(self, outer: Any, word: str) -> Any:
        r"""The element of a group that begins with a control word such as ``\mf``."""
        self._length += 1
        return outer if self._length > _MAX_LENGTH else etree.SubElement(outer, word[1:])

    @staticmethod
    def add(element: Any, text: str) -> None:
        """Add text to an element: what it says, and its value, where it is a property."""
        text = "".join(sign for sign in text if sign.isprintable())
        etree.SubElement(element, "t").text = text
        element.set("val", (element.get("val", "") + text).strip())

    def text(self) -> str:
        """The formula on one line."""
        return formula_text(self.root)
