"""Texts and styles of SpreadsheetML (ISO/IEC 29500-1, 18.4 and 18.8): rich text, escapes, fonts, number formats."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ragapp.reading.excel.xlsx_parts import is_on, local
from ragapp.reading.scripts import Script, join_scripts
from ragapp.reading.symbol_fonts import symbol_text

# ST_Xstring (22.9.2.19): characters that XML can't hold, as _x000D_; an underscore that would begin one is _x005F_
_ESCAPED = re.compile(r"(?:_x[0-9A-Fa-f]{4}_)+")
_SCRIPTS: dict[str | None, Script] = {"superscript": "super", "subscript": "sub"}


class Run(NamedTuple):
    """Text of one look. None is what the cell's own font says."""

    text: str
    script: Script | None = None
    struck: bool | None = None
    font: str | None = None


# text without marks of its own, or its runs
Rich = str | tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class CellStyle:
    """What of a cell's format (18.8.45) changes what is read."""

    code: str | int = 0  # the number format, or the id of a built-in one
    font: str = ""
    script: Script = ""
    struck: bool = False


@dataclass(frozen=True, slots=True)
class SeenText:
    """A text as it is read, and how many passages of it are struck out."""

    text: str
    struck: int = 0


def unescaped(text: str) -> str:
    """Text without the escapes of ST_Xstring."""
    return _ESCAPED.sub(_characters, text) if "_x" in text else text


def rich_text(element: Any) -> Rich:
    """The text of ``si``, ``is`` or ``text`` (18.4.8); phonetic hints (``rPh``) are not part of it."""
    runs: list[Run] = []
    for child in element:
        kind = local(child)
        if kind == "t":
            runs.append(Run(unescaped(child.text or "")))
        elif kind == "r":
            runs.append(_run(child))
    if all(run[1:] == (None, None, None) for run in runs):
        return "".join(run.text for run in runs)
    return tuple(runs)


def seen_text(text: Rich, style: CellStyle) -> SeenText:
    """A cell's text as its runs and its style show it: scripts on the line, struck-out passages left out."""
    runs = (Run(text),) if isinstance(text, str) else text
    pieces: list[tuple[str, Script]] = []
    struck, before = 0, False
    for run in runs:
        is_struck = (style.struck if run.struck is None else run.struck) and bool(run.text.strip())
        struck += is_struck and not before
        before = is_struck
        if not is_struck:
            script = style.script if run.script is None else run.script
            pieces.append((symbol_text(style.font if run.font is None else run.font, run.text), script))
    return SeenText(join_scripts(pieces), struck)


def shared_strings(root: Any) -> list[Rich]:
    """The table of shared strings (18.4.9)."""
    return [] if root is None else [rich_text(item) for item in root if local(item) == "si"]


def cell_styles(root: Any) -> list[CellStyle]:
    """The formats of cells by index (``cellXfs``); unknown attributes and elements do not matter."""
    if root is None:
        return []
    parts = {local(child): child for child in root}
    codes = {
        _number(item.get("numFmtId")): unescaped(item.get("formatCode") or "")
        for item in parts.get("numFmts", ())
        if local(item) == "numFmt"
    }
    fonts = [_font(font) for font in parts.get("fonts", ()) if local(font) == "font"]
    styles = []
    for item in parts.get("cellXfs", ()):
        if local(item) == "xf":
            number, font = _number(item.get("numFmtId")), _number(item.get("fontId"))
            look = fonts[font] if 0 <= font < len(fonts) else CellStyle()
            styles.append(replace(look, code=codes.get(number, number)))
    return styles


def style_at(styles: Sequence[CellStyle], index: str | None) -> CellStyle:
    """The style that a cell's ``s`` names; the default for one that is not there."""
    place = _number(index)
    return styles[place] if 0 <= place < len(styles) else CellStyle()


def _font(font: Any) -> CellStyle:
    script, struck, name = _look(font)
    return CellStyle(font=name or "", script=script or "", struck=bool(struck))


def _run(element: Any) -> Run:
    text, look = "", Run("")
    for child in element:
        kind = local(child)
        if kind == "t":
            text += child.text or ""
        elif kind == "rPr":
            script, struck, font = _look(child)
            # properties of a run stand in place of the cell's, they do not add to them
            look = Run("", script or "", bool(struck), font or "")
    return look._replace(text=unescaped(text))


def _look(properties: Iterable[Any]) -> tuple[Script | None, bool | None, str | None]:
    script: Script | None = None
    struck: bool | None = None
    font: str | None = None
    for item in properties:
        kind, value = local(item), item.get("val")
        if kind == "vertAlign":
            script = _SCRIPTS.get(value, "")
        elif kind == "strike":
            struck = value is None or is_on(value)
        elif kind in ("rFont", "name"):
            font = value
    return script, struck, font


def _characters(escaped: re.Match[str]) -> str:
    units = b"".join(int(code, 16).to_bytes(2, "little") for code in re.findall("_x(.{4})_", escaped[0]))
    return units.decode("utf-16-le", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _number(value: str | None) -> int:
    try:
        return int(value or 0)
    except ValueError:
        return 0
