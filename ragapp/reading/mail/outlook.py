"""Mails of Outlook: MSG files by olefile, winmail.dat by tnefparse.

Sources: Microsoft [MS-OXMSG] (the streams), [MS-OXPROPS] (the property tags), [MS-OXRTFCP] (compressed RTF),
[MS-OXTNEF] (winmail.dat).
"""

from __future__ import annotations

import io
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ragapp.errors import ReadingError
from ragapp.reading.html.reader import decode_markup
from ragapp.reading.mail.letters import Letter, Letters
from ragapp.reading.package import reading_errors
from ragapp.reading.rtf.html import html_in_rtf
from ragapp.reading.rtf.reader import add_rtf
from ragapp.reading.text import AGAIN, decode, one_line

if TYPE_CHECKING:
    from tnefparse import TNEF

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
_INNER_MAIL, _DATA = "3701000D", "3701"
_CLASS = "001A"
_STARTS, _ENDS = 0x0060, 0x0061  # of an appointment
_SIGNED_CLASS = "IPM.Note.SMIME"
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_MAX_RTF = 20_000_000
_WINDOW = 4096
# what every compressed RTF begins with in its dictionary, by the specification
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def add_msg(letters: Letters, data: bytes) -> None:
    """Add the mail of an MSG file; ReadingError if it is damaged or none."""
    with reading_errors():
        import olefile

        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            if not ole.exists(_PROPERTIES):
                raise ReadingError("the file is not an Outlook mail, but another old Office file", AGAIN)
            _read_storage(letters, _Storage(ole, "", 32))


def _read_storage(letters: Letters, mail: _Storage) -> None:
    recipients = [_Storage(mail.ole, folder) for folder in mail.folders(_RECIPIENT)]
    headers = {
        "From": _person(*(one_line(mail.text(tag)) for tag in _SENDER)),
        "To": _people(recipients, 1) or one_line(mail.text(_SHOWN_TO)),
        "Cc": _people(recipients, 2) or one_line(mail.text(_SHOWN_CC)),
        "Date": _msg_date(mail, *_DATES),
        "Subject": one_line(mail.text(_SUBJECT)),
    }
    if mail.text(_CLASS).startswith(("IPM.Appointment", "IPM.Schedule")):
        headers |= {"Start": _msg_date(mail, _STARTS), "End": _msg_date(mail, _ENDS)}
    letters.read(headers, lambda letter: _add_storage(letters, letter, mail))


def _add_storage(letters: Letters, letter: Letter, mail: _Storage) -> None:
    _add_body(letters, letter, mail.text(_BODY), _html(letters, mail), mail.data(_RTF, "0102") or b"")
    signed = mail.text(_CLASS).startswith(_SIGNED_CLASS)
    for folder in mail.folders(_ATTACHED):
        part = _Storage(mail.ole, folder)
        name = next(filter(None, (one_line(part.text(tag)) for tag in _FILE_NAMES)), "") or "an unnamed part"
        inner = f"{folder}__substg1.0_{_INNER_MAIL}/"
        if mail.ole.exists(f"{inner}{_PROPERTIES}"):
            letter.attachments.append(f'the mail "{name}"')
            letter.inner.append(lambda inner=inner: _read_storage(letters, _Storage(mail.ole, inner, 24)))  # type: ignore[misc]
        else:
            letters.add_file(letter, name, part.data(_DATA, "0102") or b"", signed)


def _html(letters: Letters, mail: _Storage) -> str:
    html = mail.text(_HTML)
    if html.strip():
        return html
    try:
        html, notes = decode_markup(mail.data(_HTML, "0102") or b"")
    except ReadingError as error:
        letters.note(f"The body of the mail was not read as HTML: {error.message}.")
        return ""
    for text in notes:
        letters.note(text)
    return html


def _add_body(letters: Letters, letter: Letter, plain: str, html: str, packed: bytes) -> None:
    """Add the HTML, else the RTF, else the plain text, which is made of one of them: the first that has words."""
    if html.strip():
        letters.add_page(letter, html)
    if not letter.out.blocks and packed:
        try:
            _add_rtf_body(letters, letter, decompressed_rtf(packed))
        except ReadingError as error:
            if not plain.strip():
                letters.note(f"The body of the mail was not read: {error.message}.")
    if not letter.out.blocks:
        letter.out.paragraphs(plain)


def _add_rtf_body(letters: Letters, letter: Letter, rtf: bytes) -> None:
    if not letters.has_room(len(rtf)):
        return
    html = html_in_rtf(rtf)
    if html:
        letters.add_page(letter, html)
    else:
        add_rtf(letter.out, rtf)


class _Storage:
    """The properties of a mail, a recipient or an attachment."""

    def __init__(self, ole: Any, prefix: str, head: int = 8) -> None:
        """``head`` is how many bytes stand before its properties: 32 in a mail, 24 in one inside another."""
        self.ole = ole
        self.prefix = prefix
        self._fixed: dict[int, bytes] = {}
        name = f"{prefix}{_PROPERTIES}"
        if ole.exists(name):
            entries = ole.openstream(name).read()[head:]
            for start in range(0, len(entries) - 15, 16):
                tag = int.from_bytes(entries[start + 2 : start + 4], "little")
                self._fixed[tag] = entries[start + 8 : start + 16]

    def number(self, tag: int) -> int | None:
        """A property of fixed size."""
        value = self._fixed.get(tag)
        return int.from_bytes(value, "little") if value is not None else None

    def data(self, tag: str, kind: str) -> bytes | None:
        """A property of any size; ``kind`` is its type, four hexadecimal digits."""
        name = f"{self.prefix}__substg1.0_{tag}{kind}"
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

    def folders(self, pattern: re.Pattern[str]) -> list[str]:
        """The paths of the recipients or attachments in it, each with a slash at its end."""
        depth = self.prefix.count("/")
        inside = (entry for entry in self.ole.listdir(streams=True, storages=True) if len(entry) > depth)
        names = {entry[depth] for entry in inside if "".join(f"{name}/" for name in entry[:depth]) == self.prefix}
        return [f"{self.prefix}{name}/" for name in sorted(names) if pattern.fullmatch(name)]


def _person(name: str, *addresses: str) -> str:
    address = next((address for address in addresses if "@" in address), "")
    if not address or address.lower() == name.lower():
        return name
    return f"{name} <{address}>" if name else address


def _people(recipients: list[_Storage], kind: int) -> str:
    wanted = (person for person in recipients if (person.number(_RECIPIENT_KIND) or 0) & 0xFF == kind)
    people = (_person(*(one_line(person.text(tag)) for tag in (_NAME, _SMTP, _ADDRESS))) for person in wanted)
    return ", ".join(filter(None, people))


def _msg_date(mail: _Storage, *tags: int) -> str:
    for tag in tags:
        if ticks := mail.number(tag):
            try:
                return (_EPOCH + timedelta(microseconds=ticks // 10)).strftime("%a, %d %b %Y %H:%M:%S %z")
            except (OverflowError, ValueError):
                continue
    return ""


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


# --- winmail.dat

_TNEF_SIGNATURE = bytes.fromhex("789f3e22")
_MOST_ATTRIBUTES = 20_000
_CODE_PAGE_NAME = b"\x07\x90"
_WESTERN = b"\x01" + _CODE_PAGE_NAME + b"\x06\x00\x08\x00\x00\x00\xe4\x04\x00\x00\x00\x00\x00\x00\xe8\x00"


def is_tnef(data: bytes) -> bool:
    """Whether these bytes are a winmail.dat."""
    return data.startswith(_TNEF_SIGNATURE)


def add_tnef(letters: Letters, letter: Letter, data: bytes) -> None:
    """Add what a winmail.dat holds: the body, where the mail has none yet, and the attachments."""
    logging.getLogger("tnefparse").setLevel(logging.CRITICAL)
    try:
        if not letters.has_room(len(data)) or len(_attributes(data)) > _MOST_ATTRIBUTES:
            raise ValueError("too large")
        from tnefparse import TNEF

        tnef = TNEF(_with_code_page(data), do_checksum=False)
        if not (tnef.has_body() or tnef.attachments):
            raise ValueError("nothing in it")
        _add_unpacked(letters, letter, tnef)
    except Exception:  # the library raises anything over a damaged file
        letters.attach(letter, "winmail.dat")
        letters.note("A part in Outlook's own format (winmail.dat) was not read. Ask its sender to send it as HTML.")


def _attributes(data: bytes) -> list[bytes]:
    """The names of its attributes, up to a bound; the library copies the rest of the file for each."""
    place = 6
    names: list[bytes] = []
    while place + 11 <= len(data) and len(names) <= _MOST_ATTRIBUTES:
        names.append(data[place + 1 : place + 3])
        place += 11 + int.from_bytes(data[place + 5 : place + 9], "little")
    return names


def _with_code_page(data: bytes) -> bytes:
    """The file with Western European stated where it states no code page, without which the library reads no text."""
    return data if _CODE_PAGE_NAME in _attributes(data)[:20] else data[:6] + _WESTERN + data[6:]


def _add_unpacked(letters: Letters, letter: Letter, tnef: TNEF) -> None:
    if not letter.out.blocks:
        rtf = tnef.rtfbody or b""
        plain, html = _as_text(tnef.body), _as_text(tnef.htmlbody)
        if rtf.startswith(b"{\\rtf") and not html.strip():
            _add_rtf_body(letters, letter, rtf)
            rtf = b""
        _add_body(letters, letter, plain, html, rtf)
    for part in tnef.attachments:
        name = one_line(_as_text(part.long_filename())) or "an unnamed part"
        inner = getattr(part, "embed", None)
        if inner is not None:
            letter.attachments.append(f'the mail "{name}"')
            headers = {"Subject": name}
            letter.inner.append(
                lambda inner=inner, headers=headers: letters.read(  # type: ignore[misc]
                    headers, lambda below: _add_unpacked(letters, below, inner)
                )
            )
        else:
            letters.add_file(letter, name, part.data if isinstance(part.data, bytes) else b"")


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return decode(value.rstrip(b"\x00"))[0] if value.strip(b"\x00") else ""
    return str(value or "").rstrip("\x00")
