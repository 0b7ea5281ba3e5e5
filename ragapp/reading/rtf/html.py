"""HTML that Outlook keeps inside RTF, taken out again ([MS-OXRTFEX] 2.1, 3)."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    rb"\\(?:'([0-9a-fA-F]{2})|([a-zA-Z]+)(-?\d{1,9})? ?|([^a-zA-Z']))|([{}])|([^\\{}\r\n]+)|[\r\n]+", re.DOTALL
)
_HEAD = 1000
_CODE_PAGE = re.compile(rb"\\ansicpg(\d{1,5})")
_BREAKS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“"}
_SIGNS = _BREAKS | {b"rdblquote": "”", b"bullet": "•", b"endash": "–", b"emdash": "—"}
_SKIPPED = (b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"generator", b"mhtmltag", b"listtable")
_MAX_DEPTH = 1000


def html_in_rtf(rtf: bytes) -> str:
    """The HTML that RTF was made of; empty where it was not made of HTML."""
    if b"\\fromhtml" not in rtf[:_HEAD]:
        return ""
    page = _CODE_PAGE.search(rtf[:_HEAD])
    codec = _codec(page[1].decode("ascii") if page else "1252")
    return _Unpacker(codec).unpack(rtf)


def _codec(page: str) -> str:
    name = "utf-8" if page == "65001" else f"cp{page}"
    try:
        return b"".decode(name) or name
    except LookupError:
        return "cp1252"


class _Unpacker:
    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._parts: list[str] = []
        self._bytes = bytearray()  # characters of the code page, which may take two bytes
        # of the group: whether it is left out, whether it is a tag, whether it repeats the HTML as RTF
        self._skipped = self._tag = self._rtf = False
        self._stack: list[tuple[bool, bool, bool]] = []
        self._pending = 0  # characters that stand for the one before, for old programs

    def unpack(self, rtf: bytes) -> str:
        for match in _TOKEN.finditer(rtf):
            code, word, number, sign, brace, text = match.groups()
            if brace == b"{":
                self._stack.append((self._skipped, self._tag, self._rtf))
                if len(self._stack) > _MAX_DEPTH:
                    break
            elif brace == b"}":
                if self._stack:
                    self._skipped, self._tag, self._rtf = self._stack.pop()
            elif word:
                self._word(word, number)
            elif code:
                self._put(bytes.fromhex(code.decode("ascii")))
            elif sign:
                self._sign(sign)
            elif text:
                self._put(text)
        self._flush()
        return "".join(self._parts)

    def _word(self, word: bytes, number: bytes | None) -> None:
        if word == b"htmltag":
            self._tag, self._skipped = True, False
        elif word == b"htmlrtf":
            self._rtf = number != b"0"
        elif word in _SKIPPED:
            self._skipped = True
        elif self._skipped or self._rtf:
            return
        elif word == b"u" and number:
            self._flush()
            self._parts.append(chr(int(number) % 65536))
            self._pending = 1
        elif word in _SIGNS and not (self._tag and word not in (b"par", b"tab")):
            self._flush()
            self._parts.append(_SIGNS[word])

    def _sign(self, sign: bytes) -> None:
        if sign == b"*":
            self._skipped = True  # unless a tag follows
        elif sign == b"~":
            self._put(b"&nbsp;")
        elif sign in b"{}\\":
            self._put(sign)

    def _put(self, text: bytes) -> None:
        if self._skipped or self._rtf:
            return
        if self._pending:
            text, self._pending = text[self._pending :], 0
        self._bytes += text

    def _flush(self) -> None:
        if self._bytes:
            self._parts.append(self._bytes.decode(self._codec, "replace"))
            self._bytes.clear()
