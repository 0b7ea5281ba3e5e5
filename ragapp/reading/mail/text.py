"""Plain text of mails as a mail program shows it: flowed lines joined, marks of PGP left out."""

from __future__ import annotations

import html
import re

_QUOTES = re.compile(r">*")
_ENCRYPTED = re.compile(r"-----BEGIN PGP MESSAGE-----.*?(?:-----END PGP MESSAGE-----|\Z)", re.DOTALL)
_SIGNED = re.compile(r"-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z]+: [^\n]*\n)*\n")
_SIGNATURE = re.compile(r"-----BEGIN PGP SIGNATURE-----.*?(?:-----END PGP SIGNATURE-----|\Z)", re.DOTALL)
_TAG = re.compile(r"<(/?)([a-zA-Z-]+)>|<<")


def plain_body(text: str, flowed: bool, joined: bool, enriched: bool) -> tuple[str, bool]:
    """The text of a plain part, and whether some of it was encrypted and is left out.

    ``flowed`` and ``joined`` are the parameters format=flowed and delsp=yes (RFC 3676); ``enriched`` says that it is
    text/enriched (RFC 1896).
    """
    text = text.replace("\r\n", "\n")
    encrypted = False
    if "-----BEGIN PGP " in text:
        text, count = _ENCRYPTED.subn("", text)
        encrypted = count > 0
        if _SIGNED.search(text):
            text = re.sub("^- ", "", _SIGNATURE.sub("", _SIGNED.sub("", text)), flags=re.MULTILINE)
    if enriched:
        text = _from_enriched(text)
    return (_unflowed(text, joined) if flowed else text), encrypted


def _unflowed(text: str, joined: bool) -> str:
    """Join a line that ends in a space with the next of the same depth of quoting; not the mark of a signature."""
    paragraphs: list[list[str]] = []
    open_depth = -1  # of the paragraph that goes on
    for line in text.split("\n"):
        marks = _QUOTES.match(line)
        depth = marks.end() if marks else 0
        body = line[depth:].removeprefix(" ")
        soft = body.endswith(" ") and body != "-- "
        if depth != open_depth or body == "-- ":
            paragraphs.append([f"{'>' * depth} " if depth else ""])
        paragraphs[-1].append(body[:-1] if soft and joined else body)
        open_depth = depth if soft else -1
    return "\n".join(map("".join, paragraphs))


def _from_enriched(text: str) -> str:
    text = re.sub("<param>.*?</param>", "", text, flags=re.DOTALL | re.IGNORECASE)
    text = re.sub("\n+", lambda match: match[0][1:] or " ", text)
    return html.unescape(_TAG.sub(lambda match: "<" if match[0] == "<<" else "", text))
