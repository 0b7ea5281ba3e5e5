r"""Rich Text Format.

The tokens are walked here: the library that there is (striprtf) gives bare text, without headings and without rows.
Source of the control words: Microsoft, Rich Text Format Specification 1.9.1.
"""

from __future__ import annotations

import codecs
import re
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from ragapp.reading.blocks import BlockBuilder, section_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.package import given_title
from ragapp.reading.text import read_bytes, wrong_format

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?"  # control word, its number
    rb"|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n\x00]+|([^\\{}\r\n\x00]+)|\\"
)
_MAX_DEPTH = 1000
_MAX_SKIP = 8  # characters that stand for one of \u
_CHARACTERS = {"tab": "\t", "bullet": "•", "endash": "–", "emdash": "—", "lquote": "‘", "rquote": "’"}
_CHARACTERS |= {"ldblquote": "“", "rdblquote": "”", **dict.fromkeys(("emspace", "enspace", "qmspace"), " ")}
_CHARACTERS |= dict.fromkeys(("line", "softline", "page", "column"), "\n")
_SYMBOLS = {"~": " ", "_": "-", "-": "", "\\": "\\", "{": "{", "}": "}"}
# groups that hold no text of the body
_MARGINS = ["header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"]
_MARKS = ["xe", "tc", "tcf", "bkmkstart", "bkmkend", "annotation", "atnid", "atnauthor"]
_LINES = ["ftnsep", "ftnsepc", "aftnsep", "aftnsepc"]  # between the text and its notes
_TABLES = ["colortbl", "filetbl", "listtable", "listoverridetable", "rsidtbl", "latentstyles", "themedata", "datastore"]
_PROPERTIES = ["info", "generator", "template", "operator", "author", "company", "shprslt", "upr", "fldinst"]
_SKIPPED = frozenset(["pict", "nonshppict", "object", "objdata"]).union(_MARGINS, _MARKS, _LINES, _TABLES, _PROPERTIES)
# groups with a buffer of their own
_NOTES = {"footnote": "note", "listtext": "mark", "pntext": "mark"}
_OWN = {"fonttbl": "fonts", "stylesheet": "styles", "title": "title", **_NOTES}
_SHOWN = frozenset(["shptxt", "ud", "result"])  # text inside groups that are left out otherwise
# Windows charset -> codec
_CHARSETS = {77: "mac_roman", 128: "cp932", 129: "cp949", 134: "cp936", 136: "cp950", 222: "cp874", 238: "cp1250"}
_CHARSETS |= {161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251"}
_BASES = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_HEADING = re.compile(r"\s*(?:heading|titre|überschrift|título|titolo) ([1-9])\b", re.IGNORECASE)


def read_rtf(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read an RTF document; a long one is cut into its sections."""
    data = read_bytes(path)
    if not data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{\\rtf"):
        raise wrong_format(data, "an RTF document")
    out = BlockBuilder()
    title, whole = add_rtf(out, data)
    notes = [] if whole else ["The file ends in the middle; what comes before was read."]
    return Document(given_title(title) or out.title or path.stem, section_units(out), warnings=notes)


def add_rtf(out: BlockBuilder, data: bytes) -> tuple[str, bool]:
    """Add the blocks of RTF; the title in its properties, and whether every group is closed."""
    walker = _Walker(out)
    walker.walk(data)
    return walker.title, walker.depth == 0


@dataclass(slots=True)
class _State:
    """What a group inherits from the one around it."""

    into: str = ""  # the buffer that text goes to; empty for the body
    skipped: bool = False
    hidden: bool = False
    font: int = -1
    replaced: int = 1  # characters after \u that say the same for old programs
    style: int = -1
    level: int | None = None
    in_table: bool = False


class _Walker:
    def __init__(self, out: BlockBuilder) -> None:
        self._out = out
        self._state = _State()
        self._stack: list[_State] = []
        self.depth = 0
        self.title = ""
        self._base = "cp1252"
        self._font_codecs: dict[int, str] = {}
        self._font, self._style = -1, 0
        self._levels: dict[int, int] = {}
        self._style_level: int | None = None
        self._buffers: dict[str, list[str]] = {"": []}
        self._bytes = bytearray()
        self._to_skip = 0
        self._starred = False
        self._mark = ""
        self._cell: list[str] = []
        self._row: list[str] = []
        self._rows: list[list[str]] = []
        self._notes: list[str] = []

    def walk(self, data: bytes) -> None:
        place = max(data.find(b"{\\rtf"), 0)
        while token := _TOKEN.match(data, place):
            place = token.end()
            word, number, code, symbol, brace, text = token.groups()
            if text is not None:
                if not (self._state.skipped or self._state.hidden):
                    self._add_bytes(text)
            elif word is not None:
                if word == b"bin" and number:  # raw bytes follow
                    place += max(0, int(number))
                    continue
                self._word(word.decode("ascii"), int(number) if number else None)
            elif code is not None:
                self._add_bytes(bytes([int(code, 16)]))
            elif brace is not None:
                self._brace(opens=brace == b"{")
            elif symbol == b"*":
                self._starred = True
            elif symbol in (b"\r", b"\n"):
                self._paragraph()
            elif symbol is not None:
                self._add(_SYMBOLS.get(symbol.decode("latin-1"), ""))
        while len(self._stack) > 1:
            self._leave()
        self._paragraph()
        self._end_table()
        self._out.end_list()
        for number, note in enumerate(self._notes, start=1):
            self._out.text(f"Footnote {number}: {note}")

    def _brace(self, opens: bool) -> None:
        self._flush()
        self._starred, self._to_skip = False, 0
        if opens:
            self.depth += 1
            if self.depth <= _MAX_DEPTH:
                self._stack.append(self._state)
                self._state = copy(self._state)
        elif self.depth:
            if self.depth <= _MAX_DEPTH:
                self._leave()
            self.depth -= 1

    def _leave(self) -> None:
        left, self._state = self._state, self._stack.pop()
        if left.into == "styles" and self._style_level is not None:
            self._levels[self._style] = self._style_level
            self._style_level = None
        if left.into and left.into != self._state.into:
            text = _joined(self._buffers.pop(left.into, []))
            if left.into == "note" and text.strip():
                self._notes.append(" ".join(text.split()))
            elif left.into == "title":
                self.title = text
            elif left.into == "mark":
                self._mark = text.strip() if any(map(str.isalnum, text)) else "-"

    def _word(self, word: str, number: int | None) -> None:
        state = self._state
        starred, self._starred = self._starred, False
        if word in _OWN:
            self._flush()
            state.into, state.skipped = _OWN[word], False
        elif word in _SHOWN:
            state.skipped = False
        elif word in _SKIPPED or (starred and word not in ("shppict",)):
            state.skipped = True
        elif word == "u" and number is not None:
            self._flush()
            self._add(chr(number & 0xFFFF))
            self._to_skip = state.replaced
        elif word == "par" or word == "sect":
            self._paragraph()
        elif word in ("cell", "nestcell", "row", "nestrow"):
            self._table_word(word)
        elif word in _CHARACTERS:
            self._add(_CHARACTERS[word])
        else:
            self._property(state, word, number)

    def _property(self, state: _State, word: str, number: int | None) -> None:
        if word == "f" and number is not None:
            self._flush()
            state.font = self._font = number
        elif word == "fcharset" and number is not None:
            self._font_codecs[self._font] = _CHARSETS.get(number, "")
        elif word == "plain":
            self._flush()
            state.font, state.hidden = -1, False
        elif word in ("v", "deleted"):
            self._flush()
            state.hidden = number != 0
        elif word == "uc" and number is not None:
            state.replaced = max(0, min(number, _MAX_SKIP))
        elif word == "pard":
            state.style, state.level, state.in_table = -1, None, False
        elif word == "intbl":
            state.in_table = True
        elif word == "s" and number is not None:
            state.style = self._style = number
        elif word == "outlinelevel" and number is not None and 0 <= number < 9:
            state.level = number + 1
            if state.into == "styles":
                self._style_level = number + 1
        elif word == "ansicpg" and number:
            self._base = _codec(f"cp{number}") or ("utf-8" if number == 65001 else self._base)
        elif word in _BASES:
            self._base = _BASES[word]

    def _table_word(self, word: str) -> None:
        self._flush()
        if self._state.skipped:
            return
        self._cell.append(self._take())
        if word == "cell":
            self._row.append("\n".join(filter(None, self._cell)))
            self._cell = []
        elif word == "row":
            if self._row:
                self._rows.append(self._row)
            self._row, self._cell = [], []

    def _paragraph(self) -> None:
        self._flush()
        state = self._state
        if state.skipped:
            return
        if state.into:
            self._buffers.setdefault(state.into, []).append("\n")
            return
        text, mark = self._take(), self._mark
        self._mark = ""
        if state.in_table:
            self._cell.append(text)
            return
        if not text:
            return
        self._end_table()
        level = state.level if state.level is not None else self._levels.get(state.style)
        if level is None and mark:
            self._out.list_item(f"{mark} {text}")
        elif level is not None:
            self._out.heading(level, f"{mark} {text}" if mark not in ("", "-") else text)
        else:
            self._out.text(text)

    def _take(self) -> str:
        text = _joined(self._buffers[""]).strip()
        self._buffers[""] = []
        return text

    def _end_table(self) -> None:
        if self._row:
            self._rows.append(self._row)
        rows, self._rows, self._row, self._cell = self._rows, [], [], []
        if rows:
            self._out.table(rows)

    def _add_bytes(self, data: bytes) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(data))
            self._to_skip -= skipped
            data = data[skipped:]
        if not self._state.skipped and not self._state.hidden:
            self._bytes += data

    def _add(self, text: str) -> None:
        if self._to_skip:
            self._to_skip -= 1
            return
        self._flush()
        if text and not self._state.skipped and not self._state.hidden:
            self._buffers.setdefault(self._state.into, []).append(text)

    def _flush(self) -> None:
        """Decode the bytes gathered so far; characters of several bytes come one byte a token."""
        if not self._bytes:
            return
        state = self._state
        text = self._bytes.decode(self._font_codecs.get(state.font) or self._base, errors="replace")
        self._bytes.clear()
        if state.into == "styles":
            if named := _HEADING.match(text):
                self._style_level = int(named[1])
            elif text.strip(" ;").lower() == "title":
                self._style_level = 0
        elif state.into != "fonts":
            self._buffers.setdefault(state.into, []).append(text)


def _joined(parts: list[str]) -> str:
    """Characters beyond the basic plane come as two halves."""
    text = "".join(parts)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""
