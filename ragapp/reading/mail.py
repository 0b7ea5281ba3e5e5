"""Reader of mails."""

from __future__ import annotations

import email
from collections.abc import Callable
from email import policy
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

from ragapp.errors import ReadingError
from ragapp.reading.blocks import BlockBuilder
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions, Unit
from ragapp.reading.html import add_html
from ragapp.reading.sections import split_long
from ragapp.reading.text import clean, decode, file_kind, read_bytes

_SHOWN = ("From", "To", "Cc", "Date", "Subject")
# a file with none of these is some other text
_TELLING = (*_SHOWN, "Received", "Message-ID", "Return-Path")


def read_eml(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read one mail: its main headers, then its body; attachments are named and not read.

    Raises:
        ReadingError: the file cannot be opened or is not a mail.
    """
    data = read_bytes(path).removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    kind = file_kind(data)
    if kind:
        raise ReadingError(f"the file is {kind}, not a mail", "Give it the suffix of what it is.")
    try:
        mail = email.message_from_bytes(data, policy=policy.default)
    except RecursionError:
        hint = "Delete it unless you know its sender."
        raise ReadingError("the parts of the mail are nested too deep", hint) from None
    present = {name.lower() for name, _ in mail.raw_items()}
    if not any(name.lower() in present for name in _TELLING):
        raise ReadingError("the file is not a mail (no mail headers)", "Save the mail again as .eml.")
    out = BlockBuilder()
    bodies, attachments = _parts(mail)
    headers = {name: _header(mail, name) for name in _SHOWN} | {"Attachments": ", ".join(attachments)}
    out.text("\n".join(f"{name}: {value}" for name, value in headers.items() if value))
    notes = _add_body(out, bodies)
    if attachments:
        notes.append("Attachments were not read: " + ", ".join(attachments) + ".")
    unit = Unit(1, "mail", blocks=list(split_long(out.blocks)))
    return Document(headers["Subject"] or path.stem, [unit], warnings=notes)


def _header(mail: Message, name: str) -> str:
    value = _tolerant(lambda: str(mail[name] or ""))
    if not value:
        raw = next((value for key, value in mail.raw_items() if key.lower() == name.lower()), "")
        value = _decoded_words(str(raw))
    return " ".join(clean(_raw_bytes_as_text(value)).split())


def _decoded_words(raw: str) -> str:
    try:
        return str(make_header(decode_header(raw)))
    except (LookupError, ValueError):
        return raw


def _raw_bytes_as_text(value: str) -> str:
    """Headers with bytes that no standard allows come as surrogates, one for each byte."""
    if value.isascii() or not any("\udc80" <= char <= "\udcff" for char in value):
        return value
    try:
        return decode(value.encode("utf-8", "surrogateescape"))[0]
    except (ReadingError, UnicodeEncodeError):
        return value


def _parts(mail: Message) -> tuple[list[Message], list[str]]:
    """The parts that are text to be shown, and the names of the others; mails in the mail stay closed."""
    bodies: list[Message] = []
    attachments: list[str] = []
    pending = [mail]
    while pending:
        part = pending.pop(0)
        content = part.get_content_type()
        if content.startswith("multipart/") and isinstance(part.get_payload(), list):
            pending = list(part.get_payload()) + pending
        elif content in ("text/plain", "text/html") and not _is_attached(part):
            bodies.append(part)
        elif not content.startswith("multipart/"):
            attachments.append(_attachment_name(part, content))
    return bodies, attachments


def _is_attached(part: Message) -> bool:
    return _tolerant(part.get_content_disposition) == "attachment" or bool(_tolerant(part.get_filename))


def _attachment_name(part: Message, content: str) -> str:
    inner = part.get_payload()
    if content == "message/rfc822" and isinstance(inner, list) and inner:
        subject = _header(inner[0], "Subject") or "without a subject"
        return f'the mail "{subject}"'
    name = _raw_bytes_as_text(_tolerant(part.get_filename))
    return " ".join(clean(name).split()) or f"an unnamed part ({content})"


def _tolerant(getter: Callable[[], str | None]) -> str:
    """What a getter of the standard library finds; its header parser fails in many ways on malformed headers."""
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
    data = part.get_payload(decode=True) or b""
    try:
        text, remarks = decode(data, _tolerant(part.get_content_charset))
    except ReadingError as error:
        notes.append(f"A part of the mail was not read: {error.message}.")
        return ""
    notes += remarks
    return text
