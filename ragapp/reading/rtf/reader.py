r"""Rich Text Format.

The tokens are walked here: the library that there is (striprtf) gives bare text, without headings and without rows.
Source of the control words: Microsoft, Rich Text Format Specification 1.9.1.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from ragapp.reading.blocks import BlockBuilder, section_units
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.left_out import LeftOut
from ragapp.reading.numerals import numeral
from ragapp.reading.package import given_title
from ragapp.reading.rtf.fields import Field
from ragapp.reading.rtf.formulas import Formula
from ragapp.reading.rtf.lists import LEVELS, ListTable
from ragapp.reading.rtf.state import (
    BASES,
    CHARACTERS,
    CHARSETS,
    COUNTS,
    HEADING,
    KNOWN,
    MARGINS,
    NOTE_WORDS,
    OWN,
    READ,
    ROW_WORDS,
    RUN_WORDS,
    SHOWN,
    SKIPPED,
    STRIKES,
    SYMBOL_CHARSET,
    TICKS,
    Font,
    NoteCount,
    State,
)
from ragapp.reading.rtf.tables import TableBuilder, add_table
from ragapp.reading.scripts import Script, join_scripts
from ragapp.reading.symbol_fonts import is_symbol_font, symbol_text
from ragapp.reading.text import one_line, read_bytes, wrong_format
from ragapp.reading.word.running import running_text

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?"  # control word, its number
    rb"|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n\x00]+|([^\\{}\r\n\x00]+)|\\"
)
_MAX_DEPTH = 1000
_MAX_SKIP = 8  # characters that stand for one of \u
_SYMBOLS = {"~": " ", "_": "-", "-": "", "\\": "\\", "{": "{", "}": "}"}
_MOST_BOXES = 10_000  # text boxes of one document

Piece = list[str]  # a text and its script; the text of a note's mark is filled in when the note has been read


def read_rtf(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read an RTF document; a long one is cut into its sections."""
    data = read_bytes(path)
    if not data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{\\rtf"):
        raise wrong_format(data, "an RTF document")
    out, left_out = BlockBuilder(), LeftOut()
    title, whole = add_rtf(out, data, left_out)
    notes = [] if whole else ["The file ends in the middle; what comes before was read."]
    warnings = [*notes, *left_out.warnings()]
    return Document(given_title(title) or out.title or path.stem, section_units(out), warnings=warnings)


def add_rtf(out: BlockBuilder, data: bytes, left_out: LeftOut | None = None) -> tuple[str, bool]:
    """Add the blocks of RTF; the title in its properties, and whether every group is closed.

    What is not read is counted in ``left_out``.
    """
    walker = _Walker(out, left_out or LeftOut())
    walker.walk(data)
    return walker.title, walker.depth == 0


class _Walker:
    def __init__(self, out: BlockBuilder, left_out: LeftOut) -> None:
        self._out = out
        self._left_out = left_out
        self._state = State()
        self._stack: list[State] = []
        self.depth = 0
        self.title = ""
        self._base = "cp1252"
        self._fonts: dict[int, Font] = {}
        self._default_font = -1
        self._font, self._style = -1, 0
        self._levels: dict[int, int] = {}
        self._style_level: int | None = None
        self._buffers: dict[str, list[Piece]] = {"": []}
        self._bytes = bytearray()
        self._to_skip = 0
        self._starred = False
        self._dropping = ""  # why the text before was left out; a passage is counted once
        self._mark = ""
        self._lists = ListTable()
        self._old_count = 0
        self._table = TableBuilder()
        self._formula = Formula()
        self._drawn = ""  # the name of the property of a drawing whose value follows
        self._boxes: list[str] = []
        self._notes = {False: NoteCount("Footnote"), True: NoteCount("Endnote")}
        self._note_mark: Piece | None = None  # in the text, while its note has not been read
        self._note_is_counted = False
        self._commenter = ""
        self._comments: list[str] = []
        self._margins: dict[str, str] = {}  # text -> where it stands
        self._field_starts: list[tuple[Field, str, int]] = []
        self._paragraphs = 0

    def walk(self, data: bytes) -> None:
        place = max(data.find(b"{\\rtf"), 0)
        match = _TOKEN.match
        while token := match(data, place):
            place = token.end()
            word, number, code, symbol, brace, text = token.groups()
            if text is not None:
                if self._to_skip:
                    self._add_bytes(text)
                elif not self._state.skipped:
                    self._bytes += text
            elif word is not None:
                if word == b"bin" and number:  # raw bytes follow
                    place += max(0, int(number))
                    continue
                known = KNOWN.get(word)
                if known is None and (self._starred or self._state.into == "formula"):
                    known = word.decode("ascii")
                if known is not None:
                    self._word(known, int(number) if number else None)
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
        for notes in self._notes.values():
            for note in notes.texts:
                self._out.text(note)
        for comment in self._comments:
            self._out.text(comment)
        for text, where in self._margins.items():
            self._out.text(f"{where.capitalize()}: {text}")

    # groups

    def _brace(self, opens: bool) -> None:
        self._flush()
        self._starred, self._to_skip = False, 0
        if opens:
            self.depth += 1
            if self.depth <= _MAX_DEPTH:
                self._stack.append(self._state)
                self._state = self._state.copy()
        elif self.depth:
            if self.depth <= _MAX_DEPTH:
                self._leave()
            self.depth -= 1

    def _leave(self) -> None:
        left, self._state = self._state, self._stack.pop()
        if left.into == "styles" and self._style_level is not None:
            self._levels[self._style] = self._style_level
            self._style_level = None
        if left.field is not None and left.field is not self._state.field:
            self._end_field(left.field)
        if left.old is not self._state.old and left.into != "note":
            self._state.old = left.old  # the numbering that a group gives is its paragraph's
        if left.into and left.into != self._state.into:
            self._end_buffer(left)

    def _end_buffer(self, left: State) -> None:
        pieces = self._buffers.pop(left.into, [])
        if left.into == "note":
            self._note(pieces, left.endnote)
            return
        text = _joined(pieces)
        if left.into == "title":
            self.title = text
        elif left.into == "mark":
            sign = text.strip()
            self._mark = sign if any(map(str.isalnum, sign)) else f"- {sign}" if sign in TICKS else "-"
            if sign and self._state.into:  # of a paragraph in a box, a header or a note
                self._buffers.setdefault(self._state.into, []).append([f"{self._mark} ", ""])
                self._mark = ""
        elif left.into == "instruction" and left.field:
            left.field.instruction += text
        elif left.into == "choice" and left.field:
            left.field.choices.append(text.strip())
        elif left.into == "shape":
            self._box(text.strip())
        elif left.into == "property":
            self._drawn = text.strip()
        elif left.into == "drawn":
            if self._drawn == "gtextUNICODE":  # words as art
                self._box(text.strip())
        elif left.into == "formula":
            if text := self._formula.text():
                self._append(text)
        elif left.into == "commenter":
            self._commenter = one_line(text)
        elif left.into == "comment":
            by = f" ({self._commenter})" if self._commenter else ""
            self._comments += [f"Comment{by}: {one_line(text)}"] if text.strip() else []
            self._commenter = ""
        elif left.into in ("header", "footer"):
            if shown := running_text(text):
                self._margins.setdefault(shown, left.into)
        elif left.into == "level":
            self._lists.level_text(text)
        elif left.into == "places":
            self._lists.level_places(text)
        elif left.into in ("before", "after") and left.old:
            setattr(left.old, left.into, text)

    def _box(self, text: str) -> None:
        """Keep the text of a box until its paragraph ends; in a header, a note or another box, it is a line of that."""
        if text and self._state.into:
            self._buffers.setdefault(self._state.into, []).append([f"\n{text}\n", ""])
        elif text and len(self._boxes) < _MOST_BOXES:
            self._boxes.append(text)

    def _note(self, pieces: list[Piece], is_endnote: bool) -> None:
        """A note with its mark, which is counted or, where it was typed, stands raised in front of the note."""
        notes = self._notes[is_endnote]
        if self._note_mark is not None or self._note_is_counted:
            label = numeral(notes.next, notes.style)
            notes.next += 1
            if self._note_mark is not None:
                self._note_mark[0] = f" [note {label}]"
            self._note_mark, self._note_is_counted = None, False
        elif pieces and pieces[0][1] == "super":
            label, pieces = pieces[0][0].strip(), pieces[1:]
        else:
            label = ""
        text = one_line(_joined(pieces))
        if text:
            notes.texts.append(f"{notes.label} {label}: {text}" if label else f"{notes.label}: {text}")

    # control words

    def _word(self, word: str, number: int | None) -> None:
        state = self._state
        starred, self._starred = self._starred, False
        if word in ROW_WORDS:
            self._table.word(word, number, state.depth)
        elif word in RUN_WORDS:
            self._run_property(state, word, number)
        elif word in ("pard", "intbl"):
            self._property(state, word, number)
        elif word in OWN and not (state.into == "lists" and word == "title"):
            self._own(word)
        elif word in SHOWN:
            state.skipped = False
        elif word in SKIPPED or (starred and word not in READ):
            state.fallback = state.fallback or word == "shprslt"
            if word == "pict" and (not state.skipped or (state.into == "drawn" and self._drawn == "pib")):
                self._left_out.add("picture", "pictures")
            elif word == "object" and not state.skipped:
                self._left_out.add("embedded document", "embedded documents")
            state.skipped = True
        elif word == "u" and number is not None:
            self._flush()
            self._add(chr(number if 0xFFFF < number < 0x110000 else number & 0xFFFF))
            self._to_skip = state.replaced
        elif word in ("par", "sect"):
            self._paragraph()
            if word == "sect" and not state.skipped:
                for notes in self._notes.values():
                    notes.next = notes.start if notes.restarts else notes.next
        elif word in ("cell", "nestcell", "row", "nestrow"):
            self._table_word(word)
        elif word in CHARACTERS:
            self._add(CHARACTERS[word])
        elif word == "field":
            state.field = Field()
            self._flush()
            self._field_starts.append((state.field, state.into, self._place_in_buffer()))
        elif word == "chftn":
            self._count_mark()
        elif word == "fldrslt":
            state.skipped = state.skipped or (state.field is not None and state.field.is_contents)
        elif state.into == "formula" and word.startswith("m"):
            self._flush()
            if state.formula is self._stack[-1].formula:  # the first word of its group
                state.formula = self._formula.group(state.formula, word)
        elif not ((state.into == "lists" and self._lists.word(word, number)) or state.list_word(word, number)):
            self._property(state, word, number)

    def _own(self, word: str) -> None:
        self._flush()
        state = self._state
        if word == "dptxbxtext" and state.fallback:
            return  # the box was read in its newer form
        if word == "moMath":
            self._formula = Formula()
            state.formula = self._formula.root
        state.into, state.skipped = OWN[word], False
        state.end_run()
        if word == "footnote":
            state.endnote = False
            state.end_paragraph()
        elif word in ("shptxt", "annotation") or word in MARGINS:
            state.end_paragraph()

    def _run_property(self, state: State, word: str, number: int | None) -> None:
        """Take what is said of characters."""
        on = number != 0
        if word == "f" and number is not None:
            self._flush()
            state.font = self._font = number
        elif word == "plain":
            self._flush()
            state.end_run()
        elif word in ("super", "sub", "nosupersub", "up", "dn"):
            self._flush()
            raised: Script = "super" if word in ("super", "up") else "sub"
            state.script = raised if on and word != "nosupersub" else ""
        elif word in STRIKES:
            self._flush()
            state.struck = on
        elif word == "v":
            self._flush()
            state.hidden = on
        elif word in ("deleted", "mvf"):
            self._flush()
            state.deleted = on

    def _property(self, state: State, word: str, number: int | None) -> None:
        if word == "pard":
            self._flush()
            state.end_paragraph()
        elif word == "intbl":
            state.in_table = True
        elif word == "fcharset" and number is not None:
            font = self._fonts.setdefault(self._font, Font())
            font.codec, font.is_symbol = CHARSETS.get(number, ""), number == SYMBOL_CHARSET
        elif word == "cpg" and number:
            self._fonts.setdefault(self._font, Font()).codec = _codec(f"cp{number}")
        elif word == "deff" and number is not None:
            self._default_font = number
        elif word == "uc" and number is not None:
            state.replaced = max(0, min(number, _MAX_SKIP))
        elif word == "itap" and number is not None:
            state.depth = number
            state.in_table = state.in_table or number > 0
        elif word == "s" and number is not None:
            state.style = self._style = number
        elif word == "outlinelevel" and number is not None and 0 <= number < 9:
            state.level = number + 1
            if state.into == "styles":
                self._style_level = number + 1
        elif word == "ansicpg" and number:
            self._base = _codec(f"cp{number}") or ("utf-8" if number == 65001 else self._base)
        elif word in BASES:
            self._base = BASES[word]
        elif word == "ftnalt":
            state.endnote = True
        elif found := NOTE_WORDS.get(word):
            self._note_word(self._notes[found[0]], found[1], number)
        elif state.field is not None and number is not None:
            if word == "fftype":
                state.field.form = number
            elif word == "ffres":
                state.field.result = number
            elif word == "ffdefres":
                state.field.default = number

    # notes and fields

    def _note_word(self, notes: NoteCount, word: str, number: int | None) -> None:
        """Take how notes of a kind are counted, in the document or, from the place that is read on, in a section."""
        if word == "start" and number is not None:
            notes.start = notes.next = number
        elif word.startswith("rst"):
            notes.restarts = False
        elif word == "restart":
            notes.restarts = True
        elif word[1:] in COUNTS:
            notes.style = COUNTS[word[1:]]

    def _count_mark(self) -> None:
        """The place of a note's mark; inside the note it is the note's own, which its label says."""
        if self._state.skipped or self._dropped():
            return
        if self._state.into == "note":
            self._note_is_counted = True
            return
        self._flush()
        self._note_mark = ["", ""]
        self._buffers.setdefault(self._state.into, []).append(self._note_mark)

    def _place_in_buffer(self) -> int:
        return len(self._buffers.setdefault(self._state.into, []))

    def _end_field(self, ended: Field) -> None:
        if not self._field_starts or self._field_starts[-1][0] is not ended:
            return
        _, into, start = self._field_starts.pop()
        buffer = self._buffers.get(into)
        if buffer is None or self._state.skipped:
            return
        result = _joined(buffer[start:])
        shown = ended.shown(result)
        if shown != result:
            if result and shown.startswith(result):  # its raised text and its notes stay as they are
                if start and buffer[start - 1] == [shown[len(result) :], ""]:
                    buffer[start - 1][0] = ""  # one link in several pieces is told once
                buffer.append([shown[len(result) :], ""])
            else:
                buffer[start:] = [[shown, ""]]

    # paragraphs and tables

    def _table_word(self, word: str) -> None:
        self._flush()
        if self._state.skipped or self._state.into:
            self._add("\t" if word in ("cell", "nestcell") else "\n")
            return
        depth = max(self._state.depth, 2) if word.startswith("nest") else 1
        text = self._take() if self._buffers[""] else ""
        if word in ("cell", "nestcell"):
            text = self._numbered(text)
        if text:
            self._table.add(text, depth)
        if self._boxes:
            for box in self._boxes:
                self._table.add(box, depth)
            self._boxes = []
        if word in ("cell", "nestcell"):
            self._table.end_cell(depth)
        else:
            self._table.end_row(depth)

    def _paragraph(self) -> None:
        self._flush()
        state = self._state
        if state.skipped:
            return
        if state.into:
            self._dropping = ""
            self._buffers.setdefault(state.into, []).append(["\n", ""])
            return
        text = self._take()
        if state.in_table:
            if text := self._numbered(text):
                self._table.add(text, state.depth)
            return
        boxes, self._boxes = self._boxes, []
        mark = self._label(text)
        if text or self._table.is_between_rows:  # a blank line ends a table, too
            self._end_table()
            level = state.level if state.level is not None else self._levels.get(state.style)
            if not text:
                pass
            elif level is not None:
                self._out.heading(level, f"{mark} {text}" if mark not in ("", "-") else text)
            elif mark:
                indent = "  " * max(0, min(state.list_level, LEVELS - 1))
                self._out.list_item(f"{indent}{mark} {text}")
            else:
                self._out.text(text)
        for box in boxes:
            self._end_table()
            self._out.text(box)

    def _numbered(self, text: str) -> str:
        mark = self._label(text)
        if not text:  # a column of numbers
            return "" if mark == "-" else mark
        return f"{mark} {text}" if mark else text

    def _label(self, text: str) -> str:
        """The number of the paragraph that ends; the one that its program noted goes before the one counted here."""
        state, noted = self._state, self._mark
        self._mark, dropped = "", self._dropping
        self._dropping = ""
        if dropped and not text:
            return ""  # what is hidden or deleted as a whole does not count
        counted = self._lists.label(state.list, state.list_level) if state.list else None
        if state.old is None:
            self._old_count = 0
        else:
            counted = state.old.label(self._old_count)
            self._old_count += 1
        return noted or counted or ""

    def _take(self) -> str:
        text = _joined(self._buffers[""]).strip()
        self._buffers[""] = []
        # a field that is still open goes on in the next paragraph
        if self._field_starts:
            self._field_starts = [(opened, into, start if into else 0) for opened, into, start in self._field_starts]
        return text

    def _end_table(self) -> None:
        if rows := self._table.take():
            add_table(self._out, rows)

    # text

    def _dropped(self) -> bool:
        return self._state.hidden or self._state.struck or self._state.deleted

    def _add_bytes(self, data: bytes) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(data))
            self._to_skip -= skipped
            data = data[skipped:]
        if not self._state.skipped:
            self._bytes += data

    def _add(self, text: str) -> None:
        if self._to_skip:
            self._to_skip -= 1
            return
        self._flush()
        if text and not self._state.skipped:
            font = self._fonts.get(self._font_number())
            self._append(symbol_text(font.name, text) if font and font.is_symbol else text)

    def _font_number(self) -> int:
        return self._state.font if self._state.font >= 0 else self._default_font

    def _flush(self) -> None:
        """Decode the bytes gathered so far; characters of several bytes come one byte a token."""
        if not self._bytes:
            return
        state = self._state
        if not state.into and self._bytes.isascii() and not self._font_is_symbols():
            text = self._bytes.decode("ascii")
            self._bytes.clear()
            self._append(text)
            return
        font = self._fonts.get(self._font_number())
        if font and font.is_symbol and is_symbol_font(font.name) and state.into not in ("fonts", "styles"):
            text = symbol_text(font.name, self._bytes.decode("latin-1"))
        elif state.into in ("level", "places"):
            text = self._bytes.decode("latin-1")
        else:
            text = self._bytes.decode((font.codec if font else "") or self._base, errors="replace")
        self._bytes.clear()
        if state.into == "styles":
            if named := HEADING.match(text):
                self._style_level = int(named[1])
            elif text.strip(" ;").lower() == "title":
                self._style_level = 0
        elif state.into == "fonts":
            known = self._fonts.setdefault(self._font, Font())
            known.name = (known.name + text).partition(";")[0].strip()
            known.is_symbol = known.is_symbol or is_symbol_font(known.name)
        elif state.into != "lists":
            self._append(text)

    def _font_is_symbols(self) -> bool:
        font = self._fonts.get(self._font_number())
        return font is not None and font.is_symbol

    def _append(self, text: str) -> None:
        state = self._state
        if not (state.into or state.hidden or state.struck or state.deleted or self._dropping):
            self._buffers[""].append([text, state.script])
            return
        if self._dropped():
            reason = "" if state.deleted else "hidden" if state.hidden else "struck-out"
            if reason and text.strip() and self._dropping != reason:
                self._left_out.add(f"{reason} passage", f"{reason} passages")
                self._dropping = reason
            return
        if text.strip():
            self._dropping = ""
        if state.into == "formula":
            self._formula.add(state.formula, text)
            return
        self._buffers.setdefault(state.into, []).append([text, state.script])


def _joined(pieces: list[Piece]) -> str:
    """The text of some pieces; characters beyond the basic plane come as two halves."""
    if len(pieces) == 1 and pieces[0][0].isascii() and not pieces[0][1]:
        return pieces[0][0]
    scripts: dict[str, Script] = {"super": "super", "sub": "sub"}
    text = join_scripts((text, scripts.get(script, "")) for text, script in pieces)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""
