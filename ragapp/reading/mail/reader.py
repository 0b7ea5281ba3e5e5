"""Mails: EML, MIME and saved web pages by Python's email, MSG of Outlook by olefile.

What a mail program shows is read: the HTML of a mail rather than its plain text, bodies wherever they stand, what is
signed (RFC 8551), invitations, cards, and mails inside the mail; all else that is attached is named.
"""

from __future__ import annotations

import base64
import binascii
import email
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from email import policy
from email.header import decode_header, make_header
from email.message import Message
from functools import partial
from pathlib import Path

from ragapp.errors import ReadingError
from ragapp.reading.document import DEFAULT_OPTIONS, Document, ReadOptions
from ragapp.reading.formats import OLE_SIGNATURE
from ragapp.reading.mail.cms import signed_content
from ragapp.reading.mail.content_lines import unfolded
from ragapp.reading.mail.letters import Letter, Letters
from ragapp.reading.mail.outlook import add_msg, add_tnef, is_tnef
from ragapp.reading.mail.text import plain_body
from ragapp.reading.rtf.reader import add_rtf
from ragapp.reading.text import decode, file_kind, one_line, read_bytes, wrong_format

_SHOWN = ("From", "To", "Cc", "Date", "Subject")
# a file with none of these is some other text
_TELLING = (*_SHOWN, "Received", "Message-ID", "Return-Path")
_MOST_NESTED = 60  # parts in parts; a mail program writes three or four
_TEXTS = ("text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "text/rtf")
_PAGES = ("text/html", "application/xhtml+xml")
_ENTRIES = ("text/calendar", "application/ics", "text/vcard", "text/x-vcard", "text/directory")
_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")
_CMS = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_REPORTS = ("message/delivery-status", "message/disposition-notification", "message/feedback-report")
_MAILS = ("message/rfc822", "message/global")
_MIME_HEAD = re.compile(rb"\s*(?:MIME-Version|Content-Type):", re.IGNORECASE)
_DECRYPT = "Open it in your mail program, save its text without encryption and index that."


def read_eml(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read one mail of the MIME format: its main headers, its body, then the mails inside it."""
    data = read_bytes(path).removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if file_kind(data):
        raise wrong_format(data, "a mail")
    letters = Letters(_add_file)
    _add_eml(letters, data)
    return letters.document(path)


def read_msg(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Document:
    """Read one mail of Outlook: its main headers, its body, then the mails inside it."""
    data = read_bytes(path)
    if not data.startswith(OLE_SIGNATURE):
        raise wrong_format(data, "an Outlook mail")
    letters = Letters(_add_file)
    add_msg(letters, data)
    return letters.document(path)


def _add_eml(letters: Letters, data: bytes) -> None:
    """Add the mail in these bytes; ReadingError if they are none, or its parts are nested too deep."""
    try:
        mail = email.message_from_bytes(data, policy=policy.default)
        present = {name.lower() for name, _ in mail.raw_items()}
        # Word writes no more than these two above a page
        if not any(name.lower() in present for name in _TELLING) and not {"mime-version", "content-type"} <= present:
            raise ReadingError("the file is not a mail (no mail headers)", "Save the mail again as .eml.")
        _read_mail(letters, mail)
    except RecursionError:
        hint = "Delete it unless you know its sender."
        raise ReadingError("the parts of the mail are nested too deep", hint) from None


def _read_mail(letters: Letters, mail: Message) -> None:
    headers = {name: _header(mail, name) for name in _SHOWN}

    def add_body(letter: Letter) -> None:
        if mail.get_content_type() in _TEXTS and not mail.is_multipart():
            _add_text(letters, letter, mail)  # even if it is marked as an attachment: it is all there is
        else:
            _add_part(letters, letter, mail, 0)

    letters.read(headers, add_body)


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


def _tolerant(getter: Callable[[], str | None]) -> str:
    """The value of a getter, or empty: Python's header parser fails in many ways on malformed headers."""
    try:
        return getter() or ""
    except Exception:
        return ""


# --- the parts of a mail


def _add_part(letters: Letters, letter: Letter, part: Message, depth: int) -> None:
    """Add a part of a mail with all that is in it."""
    content = part.get_content_type()
    inner = part.get_payload()
    parts = [one for one in inner if isinstance(one, Message)] if isinstance(inner, list) else []
    if depth > _MOST_NESTED:
        letters.note(f"Parts of the mail that are nested deeper than {_MOST_NESTED} were not read.")
    elif content == "multipart/encrypted":
        letters.note(f"The mail is encrypted (PGP) and was not read. {_DECRYPT}")
    elif content == "multipart/alternative" and parts:
        _add_alternatives(letters, letter, parts, depth + 1)
    elif content == "multipart/related" and parts:
        _add_related(letters, letter, part, parts, depth + 1)
    elif content.startswith("multipart/") and parts:
        for one in parts:
            _add_part(letters, letter, one, depth + 1)
    elif content in _MAILS and parts:
        _add_inner_mail(letters, letter, parts[0])
    elif content in _REPORTS:
        lines = (f"{name}: {_header(one, name)}" for one in parts for name in one)
        letter.out.text("\n".join(lines))
    elif not content.startswith("multipart/"):
        _add_leaf(letters, letter, part, content)
    elif isinstance(inner, str) and inner.strip():  # the mark of its parts is nowhere in it
        _add_text(letters, letter, part)


def _add_alternatives(letters: Letters, letter: Letter, parts: list[Message], depth: int) -> None:
    """Add the richest form that has words, as a mail program shows it, and invitations, which it shows besides."""
    before = len(letter.out.blocks)
    for part in sorted(parts, key=_richness, reverse=True):
        if len(letter.out.blocks) == before or _kinds(part) <= {*_ENTRIES}:
            _add_part(letters, letter, part, depth)
            continue
        for leaf in _leaves(part):  # what is attached to a form that is not shown
            if leaf.get_content_maintype() not in ("text", "image") or _tolerant(leaf.get_filename):
                _add_leaf(letters, letter, leaf, leaf.get_content_type())


def _richness(part: Message) -> int:
    kinds = _kinds(part)
    if kinds & {*_PAGES}:
        return 3
    return 2 if kinds & {"text/rtf", "text/enriched", "text/richtext"} else 1 if "text/plain" in kinds else 0


def _kinds(part: Message) -> set[str]:
    return {leaf.get_content_type() for leaf in _leaves(part)}


def _leaves(part: Message) -> Iterator[Message]:
    """The parts in a part, those of mails inside it left out."""
    pending = [part]
    while pending:
        one = pending.pop(0)
        inner = one.get_payload()
        if one.get_content_maintype() == "multipart" and isinstance(inner, list):
            pending = [part for part in inner if isinstance(part, Message)] + pending
        else:
            yield one


def _add_related(letters: Letters, letter: Letter, whole: Message, parts: list[Message], depth: int) -> None:
    """Add a page with the parts that it refers to (RFC 2387): frames and style sheets are part of what it shows."""
    start = _tolerant(lambda: str(whole.get_param("start") or "")).strip("<> ")
    root = next((part for part in parts if start and _header(part, "Content-ID").strip("<> ") == start), parts[0])
    others = [part for part in parts if part is not root]
    sheets = [part for part in others if part.get_content_type() == "text/css"]
    letter.sheets += [_text(letters, part) for part in sheets]
    _add_part(letters, letter, root, depth)
    for part in others:
        # what has an address is part of a saved web page
        if part in sheets or ("Content-Location" in part and part.get_content_type() not in _TEXTS):
            continue
        _add_part(letters, letter, part, depth)


def _add_inner_mail(letters: Letters, letter: Letter, mail: Message) -> None:
    payload = mail.get_payload()
    if not mail.keys() and isinstance(payload, str):
        with suppress(binascii.Error, ValueError):  # encoded, which the standard forbids
            data = base64.b64decode(re.sub(r"\s", "", payload), validate=True)
            mail = email.message_from_bytes(data, policy=policy.default)
    letter.attachments.append(f'the mail "{_header(mail, "Subject") or "without a subject"}"')
    letter.inner.append(partial(_read_mail, letters, mail))


def _add_leaf(letters: Letters, letter: Letter, part: Message, content: str) -> None:
    name = one_line(_raw_bytes_as_text(_tolerant(part.get_filename)))
    attached = _tolerant(part.get_content_disposition) == "attachment"
    if content in _SIGNATURES or content == "application/pgp-encrypted":
        return
    if content in _ENTRIES and letters.add_entries(letter, _text(letters, part)):
        return
    if content in _TEXTS and not attached:
        _add_text(letters, letter, part)
        return
    if content == "text/rfc822-headers":
        letter.out.text(_text(letters, part))
        return
    if content.startswith("text/") and content not in _ENTRIES and not attached and not name:
        _add_text(letters, letter, part)  # a kind of text that is not known is plain text (RFC 2046, 4.1.4)
        return
    if content.startswith("message/"):
        letters.attach(letter, name or f"an unnamed part ({content})")
        return
    data = _data(part)
    if content in _CMS and _add_smime(letters, letter, data):
        return
    letters.add_file(letter, name or f"an unnamed part ({content})", data)


def _add_file(letters: Letters, letter: Letter, name: str, data: bytes, may_hold_mail: bool) -> None:
    """Add an attachment by its name and bytes: mails, calendars, cards and signed mails are read, others named."""
    suffix = Path(name).suffix.lower()
    if is_tnef(data):
        add_tnef(letters, letter, data)
    elif suffix in (".ics", ".vcf", ".vcs") and _add_entries(letters, letter, data):
        letter.attachments.append(name)
    elif suffix in (".msg", ".eml") and data and letters.has_room(len(data)):
        letter.attachments.append(f'the mail "{name}"')
        add = add_msg if data.startswith(OLE_SIGNATURE) else _add_eml
        letter.inner.append(partial(_read_attached, letters, name, data, add))
    elif not ((may_hold_mail or suffix == ".p7m") and _add_smime(letters, letter, data)):
        letters.attach(letter, name)


def _add_entries(letters: Letters, letter: Letter, data: bytes) -> bool:
    try:
        return letters.add_entries(letter, decode(unfolded(data))[0])
    except ReadingError:
        return False


def _read_attached(letters: Letters, name: str, data: bytes, add: Callable[[Letters, bytes], None]) -> None:
    try:
        add(letters, data)
    except ReadingError as error:
        letters.note(f"The attached mail {name} was not read: {error.message}.")
        letters.unread.append(name)


def _add_smime(letters: Letters, letter: Letter, data: bytes) -> bool:
    """Add what an S/MIME part holds, or say that it is encrypted; whether it is such a part."""
    # Outlook keeps a mail that is signed beside its content as it was sent
    kind, inner = ("signed", data) if _MIME_HEAD.match(data) else signed_content(data)
    if kind == "encrypted":
        letters.note(f"The mail is encrypted (S/MIME) and was not read. {_DECRYPT}")
    elif kind == "signed" and letters.has_room(len(inner)):
        _add_part(letters, letter, email.message_from_bytes(inner, policy=policy.default), 0)
    return kind != "other"


def _add_text(letters: Letters, letter: Letter, part: Message) -> None:
    content, text = part.get_content_type(), _text(letters, part)
    if content == "text/html":
        letters.add_page(letter, text)
    elif content == "text/rtf":
        add_rtf(letter.out, _data(part))
    else:
        flowed = _tolerant(lambda: str(part.get_param("format") or "")).lower() == "flowed"
        joined = _tolerant(lambda: str(part.get_param("delsp") or "")).lower() == "yes"
        text, encrypted = plain_body(text, flowed, joined, content in ("text/enriched", "text/richtext"))
        if encrypted:
            letters.note(f"A part of the mail is encrypted (PGP) and was not read. {_DECRYPT}")
        letter.out.paragraphs(text)


def _data(part: Message) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except Exception:  # Python's parser fails in many ways on malformed parts
        return b""
    return data if isinstance(data, bytes) else b""


def _text(letters: Letters, part: Message) -> str:
    data = unfolded(_data(part)) if part.get_content_type() in _ENTRIES else _data(part)
    try:
        text, remarks = decode(data, _tolerant(part.get_content_charset)) if letters.has_room(len(data)) else ("", [])
    except ReadingError as error:
        letters.note(f"A part of the mail was not read: {error.message}.")
        return ""
    for remark in remarks:
        letters.note(remark)
    return text
