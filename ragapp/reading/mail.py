"""Mails: EML and MIME by Python's email, MSG of Outlook by olefile.

Sources: Microsoft [MS-OXMSG] (the streams), [MS-OXPROPS] (the property tags), [MS-OXRTFCP] (compressed RTF).
"""

from __future__ import annotations

import email
import io
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email import policy
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from typing import Any

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder, split_long
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions, Unit
from ragapp.reading.formats import OLE_SIGNATURE
from ragapp.reading.html import add_html, decode_markup
from ragapp.reading.package import reading_errors
from ragapp.reading.rtf import add_rtf
from ragapp.reading.text import AGAIN, decode, file_kind, one_line, read_bytes, wrong_format

_SHOWN = ("From", "To", "Cc", "Date", "Subject")
# a file with none of these is some other text
_TELLING = (*_SHOWN, "Received", "Message-ID", "Return-Path")
# property tags of MSG
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
_WINDOW = 4096
# what every compressed RTF begins with in its dictionary, by the specification
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def read_eml(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read one mail of the MIME format: its main headers, then its body; attachments are named and not read."""
    data = read_bytes(path).removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if file_kind(data):
        raise wrong_format(data, "a mail")
    try:
        mail = email.message_from_bytes(data, policy=policy.default)
    except RecursionError:
        hint = "Delete it unless you know its sender."
        raise ReadingError("the parts of the mail are nested too deep", hint) from None
    present = {name.lower() for name, _ in mail.raw_items()}
    if not any(name.lower() in present for name in _TELLING):
        raise ReadingError("the file is not a mail (no mail headers)", "Save the mail again as .eml.")
    bodies, attachments = _parts(mail)
    headers = {name: _header(mail, name) for name in _SHOWN}
    return _document(path, headers, attachments, lambda out: _add_body(out, bodies))


def _document(
    path: Path, headers: dict[str, str], attachments: list[str], add_body: Callable[[BlockBuilder], list[str]]
) -> Document:
    """A mail as a document; ``add_body`` adds its body and gives warnings."""
    shown = headers | {"Attachments": ", ".join(attachments)}
    out = BlockBuilder()
    out.text("\n".join(f"{name}: {value}" for name, value in shown.items() if value))
    notes = add_body(out)
    if attachments:
        notes.append(f"Attachments were not read: {shown['Attachments']}.")
    unit = Unit(1, "mail", blocks=list(split_long(out.blocks)))
    return Document(headers["Subject"] or path.stem, [unit], warnings=notes)


def _header(mail: Message, name: str) -> str:
    value = _tolerant(lambda: str(mail[name] or ""))
    if not value:
        value = str(next((value for key, value in mail.raw_items() if key.lower() == name.lower()), ""))
        with suppress(LookupError, ValueError):
            value = str(make_header(decode_header(value)))
    return one_line(_raw_bytes_as_text(value))


def _raw_bytes_as_text(value: str) -> str:
    """The text of a header with raw bytes beyond ASCII, which Python gives as surrogates, one a byte."""
    if value.isascii() or not any("\udc80" <= char <= "\udcff" for char in value):
        return value
    try:
        return decode(value.encode("utf-8", "surrogateescape"))[0]
    except (ReadingError, UnicodeEncodeError):
        return value


def _parts(mail: Message) -> tuple[list[Message], list[str]]:
    """The parts that are the body, and the names of the attachments; attached mails are not opened."""
    bodies: list[Message] = []
    attachments: list[str] = []
    pending = [mail]
    while pending:
        part = pending.pop(0)
        content = part.get_content_type()
        if content.startswith("multipart/") and isinstance(part.get_payload(), list):
            pending = list(part.get_payload()) + pending
        elif content in ("text/plain", "text/html") and not (
            _tolerant(part.get_content_disposition) == "attachment" or _tolerant(part.get_filename)
        ):
            bodies.append(part)
        elif not content.startswith("multipart/"):
            attachments.append(_attachment_name(part, content))
    return bodies, attachments


def _attachment_name(part: Message, content: str) -> str:
    inner = part.get_payload()
    if content == "message/rfc822" and isinstance(inner, list) and inner and isinstance(inner[0], Message):
        subject = _header(inner[0], "Subject") or "without a subject"
        return f'the mail "{subject}"'
    name = _raw_bytes_as_text(_tolerant(part.get_filename))
    return one_line(name) or f"an unnamed part ({content})"


def _tolerant(getter: Callable[[], str | None]) -> str:
    """The value of a getter, or empty: Python's header parser fails in many ways on malformed headers."""
    try:
        return getter() or ""
    except Exception:
        return ""


def _add_body(out: BlockBuilder, bodies: list[Message]) -> list[str]:
    """Add the plain text, else the HTML; a mail that has both says the same twice."""
    notes: list[str] = []
    texts = [(part.get_content_type(), _text(part, notes)) for part in bodies]
    plain = [text for content, text in texts if content == "text/plain" and text.strip()]
    for text in plain:
        out.paragraphs(text)
    if not plain:
        for content, text in texts:
            if content == "text/html":
                add_html(out, text)
    return list(dict.fromkeys(notes))


def _text(part: Message, notes: list[str]) -> str:
    data = part.get_payload(decode=True)
    try:
        text, remarks = decode(data if isinstance(data, bytes) else b"", _tolerant(part.get_content_charset))
    except ReadingError as error:
        notes.append(f"A part of the mail was not read: {error.message}.")
        return ""
    notes += remarks
    return text


# --- Outlook


def read_msg(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read one mail of Outlook: its main headers, then its body; attachments are named and not read."""
    data = read_bytes(path)
    if not data.startswith(OLE_SIGNATURE):
        raise wrong_format(data, "a mail of Outlook")
    with reading_errors():
        import olefile

        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            mail = _Storage(ole, "")
            if not ole.exists(_PROPERTIES):
                raise ReadingError("the file is no mail of Outlook, but another old Office file", AGAIN)
            folders = sorted({entry[0] for entry in ole.listdir(streams=True, storages=True)})
            recipients = [_Storage(ole, f"{name}/") for name in folders if _RECIPIENT.fullmatch(name)]
            attached = [_Storage(ole, f"{name}/") for name in folders if _ATTACHED.fullmatch(name)]
            names = (next(filter(None, (one_line(part.text(tag)) for tag in _FILE_NAMES)), "") for part in attached)
            attachments = [name or "an unnamed part" for name in names]
            headers = {
                "From": _person(*(one_line(mail.text(tag)) for tag in _SENDER)),
                "To": _people(recipients, 1) or one_line(mail.text(_SHOWN_TO)),
                "Cc": _people(recipients, 2) or one_line(mail.text(_SHOWN_CC)),
                "Date": _msg_date(mail),
                "Subject": one_line(mail.text(_SUBJECT)),
            }
            return _document(path, headers, attachments, lambda out: _add_msg_body(out, mail))


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


def _person(name: str, *addresses: str) -> str:
    address = next((address for address in addresses if "@" in address), "")
    if not address or address.lower() == name.lower():
        return name
    return f"{name} <{address}>" if name else address


def _people(recipients: list[_Storage], kind: int) -> str:
    wanted = (person for person in recipients if (person.number(_RECIPIENT_KIND) or 0) & 0xFF == kind)
    people = (_person(*(one_line(person.text(tag)) for tag in (_NAME, _SMTP, _ADDRESS))) for person in wanted)
    return ", ".join(filter(None, people))


def _msg_date(mail: _Storage) -> str:
    for tag in _DATES:
        if ticks := mail.number(tag):
            try:
                return (_EPOCH + timedelta(microseconds=ticks // 10)).strftime("%a, %d %b %Y %H:%M:%S %z")
            except (OverflowError, ValueError):
                continue
    return ""


def _add_msg_body(out: BlockBuilder, mail: _Storage) -> list[str]:
    """Add the plain text, else the HTML, else the RTF; they say the same."""
    plain = mail.text(_BODY)
    if plain.strip():
        out.paragraphs(plain)
        return []
    notes: list[str] = []
    try:
        html = mail.text(_HTML)
        if not html.strip():
            html, notes = decode_markup(mail.data(_HTML, "0102") or b"")
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
    """RTF out of Outlook's LZ77 compression (window: 4096 bytes); ReadingError if it is damaged or too large."""
    size = int.from_bytes(data[4:8], "little")
    kind = data[8:12]
    if kind == b"MELA":
        return data[16 : 16 + size]
    if kind != b"LZFu" or size > _MAX_RTF:
        raise ReadingError("the body of the mail is damaged or too large", AGAIN)
    # all that was written, behind a window that holds the dictionary at its start, and zeros
    out = bytearray(_WINDOW - len(_DICTIONARY)) + _DICTIONARY
    place = 16
    while place < len(data) and len(out) - _WINDOW < size:
        control = data[place]
        place += 1
        for bit in range(8):
            if not control >> bit & 1:
                out += data[place : place + 1]
                place += 1
                continue
            reference = int.from_bytes(data[place : place + 2], "big")
            back = (len(out) + len(_DICTIONARY) - (reference >> 4)) % _WINDOW
            if place + 2 > len(data) or not back:  # cut short, or the mark of the end
                return bytes(out[_WINDOW : _WINDOW + size])
            place += 2
            for _ in range((reference & 15) + 2):
                out.append(out[-back])
    return bytes(out[_WINDOW : _WINDOW + size])
