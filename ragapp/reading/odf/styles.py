"""Styles of an OpenDocument file: what the text of a paragraph or a span looks like, as far as it changes what is read.

A style takes what it does not say from its parent, and at last from the default of its family (OpenDocument 1.3 part
3, 16.2); the properties of a span go over those of the paragraph around it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ragapp.reading.odf.names import FO, OFFICE, STYLE, SVG, TEXT
from ragapp.reading.scripts import Script

# a chain of parents that is longer refers to itself
_MAX_PARENTS = 50
_LOOKS = {
    f"{STYLE}text-position": "position",
    f"{STYLE}text-line-through-style": "line_style",
    f"{STYLE}text-line-through-type": "line_type",
    f"{TEXT}display": "display",
    f"{STYLE}font-name": "font",
    f"{FO}font-family": "family",
}


@dataclass(frozen=True, slots=True)
class Look:
    """What of a style changes what a person reads."""

    script: Script = ""
    struck: bool = False
    hidden: bool = False
    font: str = ""  # the family's name

    @property
    def is_plain(self) -> bool:
        """Whether text of this look is read as it stands in the file."""
        return not (self.script or self.struck or self.hidden or self.font)


PLAIN = Look()


class Styles:
    """The styles that text of one part may name: the automatic ones of the part, and the common ones of the file."""

    def __init__(self, common: Any, automatic: Any) -> None:
        self._styles: dict[tuple[str, str], Any] = {}
        self._defaults: dict[str, Any] = {}
        self._fonts: dict[str, str] = {}
        self._own: dict[tuple[str, str], dict[str, str]] = {}
        self._looks: dict[tuple[str, str, Look], Look] = {}
        self.list_styles: dict[str, Any] = {}
        self.data_styles: dict[str, Any] = {}
        self.outline: Any = None
        for root, group in ((common, "styles"), (common, "automatic-styles"), (automatic, "automatic-styles")):
            for container in root.iterfind(f"{OFFICE}{group}") if root is not None else ():
                self._collect(container)
        for root in (common, automatic):
            for face in root.iterfind(f"{OFFICE}font-face-decls/{STYLE}font-face") if root is not None else ():
                self._fonts[face.get(f"{STYLE}name", "")] = face.get(f"{SVG}font-family", "").strip("'\" ")

    def _collect(self, container: Any) -> None:
        for element in container:
            if not isinstance(element.tag, str):
                continue
            name = element.get(f"{STYLE}name", "")
            if element.tag == f"{STYLE}style":
                self._styles[element.get(f"{STYLE}family", ""), name] = element
            elif element.tag == f"{STYLE}default-style":
                self._defaults[element.get(f"{STYLE}family", "")] = element
            elif element.tag == f"{TEXT}list-style":
                self.list_styles[name] = element
            elif element.tag == f"{TEXT}outline-style":
                self.outline = element
            elif name:
                self.data_styles[name] = element

    def chain(self, family: str, name: str | None) -> Iterable[Any]:
        """A style and its parents, nearest first, without the default of the family."""
        seen: list[str] = []
        while name and name not in seen and len(seen) < _MAX_PARENTS:
            # a file may leave out the family where it has one kind only
            style = self._styles.get((family, name), self._styles.get(("", name)))
            if style is None:
                return
            yield style
            seen.append(name)
            name = style.get(f"{STYLE}parent-style-name")

    def attribute(self, family: str, name: str | None, attribute: str) -> str | None:
        """An attribute of a style itself, or of the nearest parent that has it; it may be empty."""
        return next((found for style in self.chain(family, name) if (found := style.get(attribute)) is not None), None)

    def property(self, family: str, name: str | None, attribute: str) -> str | None:
        """A formatting property of a style, of the nearest parent that has it, or of its family's default."""
        default = self._defaults.get(family)
        for style in (*self.chain(family, name), *(() if default is None else (default,))):
            for properties in style:
                if (found := properties.get(attribute)) is not None:
                    return str(found)
        return None

    def look(self, family: str, name: str | None, around: Look = PLAIN) -> Look:
        """How text looks that a style is put on, inside text of another look."""
        key = (family, name or "", around)
        if (found := self._looks.get(key)) is None:
            found = self._looks[key] = self._resolved(family, name or "", around)
        return found

    def _resolved(self, family: str, name: str, around: Look) -> Look:
        said = self._said(family, name)
        if not said:
            return around
        look = around
        if position := said.get("position", "").split():
            look = replace(look, script=_script(position[0]))
        line_style, line_type = said.get("line_style"), said.get("line_type")
        if line_style or line_type:
            struck = line_style != "none" and line_type != "none"
            look = replace(look, struck=struck)
        if display := said.get("display"):
            look = replace(look, hidden=display == "none")
        if font := said.get("font") or said.get("family"):
            look = replace(look, font=self._sign_font(self._fonts.get(font) or font))
        return look

    def _said(self, family: str, name: str) -> dict[str, str]:
        """The text properties that change a look, by short names, with those of the parents."""
        key = (family, name)
        if (found := self._own.get(key)) is not None:
            return found
        said: dict[str, str] = {}
        default = self._defaults.get(family) if family != "text" else None
        for style in (*self.chain(family, name), *(() if default is None else (default,))):
            for properties in style.iterfind(f"{STYLE}text-properties"):
                here = {short: value for name, short in _LOOKS.items() if (value := properties.get(name)) is not None}
                if "font" in said or "family" in said:
                    here = {short: value for short, value in here.items() if short not in ("font", "family")}
                said = here | said
        self._own[key] = said
        return said

    @staticmethod
    def _sign_font(family: str) -> str:
        """The family, if its letters are signs; else empty, so that looks with usual fonts are the same."""
        from ragapp.reading.symbol_fonts import is_symbol_font

        name = family.split(",")[0].split(";")[0].strip("'\" ")
        return name if is_symbol_font(name) else ""


def _script(position: str) -> Script:
    if position in ("super", "sub"):
        return "super" if position == "super" else "sub"
    try:
        percent = float(position.rstrip("%"))
    except ValueError:
        return ""
    return "super" if percent > 0 else "sub" if percent < 0 else ""
