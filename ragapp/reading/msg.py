"""Reader of mails that Outlook saved (MSG).

Sources: Microsoft [MS-OXMSG] (the streams), [MS-OXPROPS] (the property tags), [MS-OXRTFCP] (compressed RTF).
"""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions, Unit
from ragapp.reading.html import add_html, decode_markup
from ragapp.reading.package import AGAIN, reading_errors
from ragapp.reading.protected import OLE_SIGNATURE
from ragapp.reading.rtf import add_rtf
from ragapp.reading.sections import split_long
from ragapp.reading.text import clean, decode, file_kind, read_bytes

_SUBJECT, _BODY, _HTML, _RTF = "0037", "1000", "1013", "1009"
_NAME, _ADDRESS, _SMTP, _RECIPIENT_KIND = "3001", "3003", "39FE", 0x0C15
_SENDER = ("0C1A", "5D01", "0C1F")  # name, address on the internet, address of any kind
_SHOWN_TO, _SHOWN_CC = "0E04", "0E03"
_FILE_NAMES = ("3707", "3704", _NAME)
_DATES = (0x0039, 0x0E06)  # sent, received
_CODE_PAGE = 0x3FFD
_PROPERTIES = "__properties_version1.0"
_ATTACHED = re.compile(r"__attach_version1\.0_#[0-9A-F]{8}", re.IGNORECASE)
_RECIPIENT = re.compile(r"__recip_version1\.0_#[0-9A-F]{8}", re.IGNORECASE)
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_MAX_RTF = 20_000_000
# what every compressed RTF begins with in its dictionary, by the specification
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def read_msg(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read one mail: its main headers, then its body; attachments are named and not read.

    Raises:
        ReadingError: the file cannot be opened or is not a mail of Outlook.
    """
    data = read_bytes(path)
    if not data.startswith(OLE_SIGNATURE):
        kind = file_kind(data)
        hint = "Give it the suffix of what it is." if kind else AGAIN
        raise ReadingError(f"the file is {kind or 'something else'}, not a mail of Outlook", hint)
    with reading_errors():
        import olefile

        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            mail = _Storage(ole, "")
            if not ole.exists(_PROPERTIES):
                raise ReadingError("the file is no mail of Outlook, but another old Office file", AGAIN)
            return _document(mail, path)


def _document(mail: _Storage, path: Path) -> Document:
    folders = sorted({entry[0] for entry in mail.ole.listdir(streams=True, storages=True)})
    recipients = [_Storage(mail.ole, f"{name}/") for name in folders if _RECIPIENT.fullmatch(name)]
    attached = [_Storage(mail.ole, f"{name}/") for name in folders if _ATTACHED.fullmatch(name)]
    subject = _line(mail.text(_SUBJECT))
    attachments = [name for name in map(_attachment, attached) if name]
    sender = _person(*(_line(mail.text(tag)) for tag in _SENDER))
    headers = {
        "From": sender,
        "To": _people(recipients, 1) or _line(mail.text(_SHOWN_TO)),
        "Cc": _people(recipients, 2) or _line(mail.text(_SHOWN_CC)),
        "Date": _date(mail),
        "Subject": subject,
        "Attachments": ", ".join(attachments),
    }
    out = BlockBuilder()
    out.text("\n".join(f"{name}: {value}" for name, value in headers.items() if value))
    notes = _add_body(out, mail)
    if attachments:
        notes.append("Attachments were not read: " + ", ".join(attachments) + ".")
    unit = Unit(1, "mail", blocks=list(split_long(out.blocks)))
    return Document(subject or path.stem, [unit], warnings=notes)


class _Storage:
    """The properties of a mail, a recipient or an attachment."""

    def __init__(self, ole: Any, prefix: str) -> None:
        self.ole = ole
        self._prefix = prefix
        self._fixed: dict[int, bytes] = {}
        name = f"{prefix}{_PROPERTIES}"
        if ole.exists(name):
            entries = ole.openstream(name).read()[8 if prefix else 32 :]
            for start in range(0, len(entries) - 15, 16):
                tag = int.from_bytes(entries[start + 2 : start + 4], "little")
                self._fixed[tag] = entries[start + 8 : start + 16]

    def number(self, tag: int) -> int | None:
        """A property of fixed size."""
        value = self._fixed.get(tag)
        return int.from_bytes(value, "little") if value is not None else None

    def data(self, tag: str, kind: str) -> bytes | None:
        """A property of any size; ``kind`` is its type, four hexadecimal digits."""
        name = f"{self._prefix}__substg1.0_{tag}{kind}"
        return self.ole.openstream(name).read() if self.ole.exists(name) else None

    def text(self, tag: str) -> str:
        """A property that is text; empty where it is missing."""
        data = self.data(tag, "001F")
        if data is not None:
            return data.decode("utf-16-le", "replace").rstrip("\x00")
        data = (self.data(tag, "001E") or b"").rstrip(b"\x00")
        page = self.number(_CODE_PAGE)
        try:
            return decode(data, f"cp{page & 0xFFFF}" if page and page != 65001 else "utf-8")[0] if data else ""
        except ReadingError:
            return data.decode("cp1252", "replace")


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def _person(name: str, *addresses: str) -> str:
    address = next((address for address in addresses if "@" in address), "")
    if not address or address.lower() == name.lower():
        return name
    return f"{name} <{address}>" if name else address


def _people(recipients: list[_Storage], kind: int) -> str:
    people = (
        _person(_line(person.text(_NAME)), _line(person.text(_SMTP)), _line(person.text(_ADDRESS)))
        for person in recipients
        if (person.number(_RECIPIENT_KIND) or 0) & 0xFF == kind
    )
    return ", ".join(filter(None, people))


def _attachment(storage: _Storage) -> str:
    return next((name for name in (_line(storage.text(tag)) for tag in _FILE_NAMES) if name), "an unnamed part")


def _date(mail: _Storage) -> str:
    for tag in _DATES:
        ticks = mail.number(tag)
        if ticks:
            try:
                return (_EPOCH + timedelta(microseconds=ticks // 10)).strftime("%a, %d %b %Y %H:%M:%S %z")
            except (OverflowError, ValueError):
                continue
    return ""


def _add_body(out: BlockBuilder, mail: _Storage) -> list[str]:
    """Add the plain text, else the HTML, else the RTF; they say the same."""
    plain = mail.text(_BODY)
    if plain.strip():
        out.paragraphs(plain)
        return []
    try:
        html = mail.text(_HTML)
        if not html.strip():
            html, notes = decode_markup(mail.data(_HTML, "0102") or b"")
        else:
            notes = []
        if html.strip():
            add_html(out, html)
            return notes
    except ReadingError as error:
        return [f"The body of the mail was not read: {error.message}."]
    packed = mail.data(_RTF, "0102")
    if packed:
        add_rtf(out, decompressed_rtf(packed))
    return []


def decompressed_rtf(data: bytes) -> bytes:
    """RTF as Outlook compresses it.

    Raises:
        ReadingError: it is damaged or too large.
    """
    size = int.from_bytes(data[4:8], "little")
    kind = data[8:12]
    if kind == b"MELA":
        return data[16 : 16 + size]
    if kind != b"LZFu" or size > _MAX_RTF:
        raise ReadingError("the body of the mail is damaged or too large", AGAIN)
    window = bytearray(4096)
    window[: len(_DICTIONARY)] = _DICTIONARY
    write = len(_DICTIONARY)
    out = bytearray()
    place = 16
    while place < len(data) and len(out) < size:
        control = data[place]
        place += 1
        for bit in range(8):
            if control >> bit & 1:
                if place + 2 > len(data):
                    return bytes(out[:size])
                reference = int.from_bytes(data[place : place + 2], "big")
                place += 2
                offset, length = reference >> 4, (reference & 15) + 2
                if offset == write % 4096:
                    return bytes(out[:size])  # the mark of the end
                piece = bytearray()
                for step in range(length):
                    byte = window[(offset + step) % 4096]
                    window[write % 4096] = byte
                    write += 1
                    piece.append(byte)
                out += piece
            elif place < len(data):
                window[write % 4096] = data[place]
                write += 1
                out.append(data[place])
                place += 1
    return bytes(out[:size])
