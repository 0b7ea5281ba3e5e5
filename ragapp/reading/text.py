"""Text from bytes: detection of binary formats and of encodings, and light normalization."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from pathlib import Path

from ragapp.errors import ReadingError
from ragapp.reading.discover import unreadable

# --- cleaning

_LINE_ENDS = re.compile("[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[\u00a0\u2007\u202f]")
# terminal colours, control characters, soft hyphens, zero-width spaces, direction marks, invisible tag characters
_COLOURS = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
# a joiner is part of the spelling in Persian, in Indic scripts and in emoji, and nowhere else
_JOINERS = re.compile("(?<![^\x00-\u024f])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\u024f])")
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Normalize lightly, so that quotes stay exact.

    The result is NFC with ``\\n`` line ends and ordinary spaces, without invisible characters, trailing spaces and
    lone surrogates, which become U+FFFD.
    """
    # one class of characters a pattern, and the rare ones only where they are: this is run over every text
    text = _LINE_ENDS.sub("\n", text.replace("\r\n", "\n"))
    if "\x1b[" in text:
        text = _COLOURS.sub("", text)
    text = _INVISIBLE.sub("", text)
    if not text.isascii():
        text = _SPACES.sub(" ", _SURROGATES.sub("\ufffd", text))
        if "\u200c" in text or "\u200d" in text:
            text = _JOINERS.sub("", text)
    return "\n".join(line.rstrip(" \t") for line in unicodedata.normalize("NFC", text).split("\n"))


def one_line(text: str) -> str:
    """The text, cleaned, with every run of white space as one space."""
    return " ".join(clean(text).split())


def whole_number(text: str, otherwise: int, digits: int = 9) -> int:
    """The number that an attribute holds; ``otherwise`` where it is none or has more than ``digits`` digits."""
    return int(text) if text.isdecimal() and len(text) <= digits else otherwise


# --- bytes to text

AGAIN = "Open it in its own program and save it again, or get a new copy."
SUFFIX = "Give it the suffix of what it is."

_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a zip archive or an Office file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or password-protected Office file"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the UTF-16 mark, so it is tried first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = frozenset("àâäáãåæçéèêëíìîïñóòôöõøœúùûüÿßÀÂÄÁÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜŸ«»‘’“”„–—…€£°§·•©®²×½¿¡ªº\xa0\xad")
# Python has codecs besides that escape or compress, and UTF-16 is known by its bytes
_TEXT_CODEC = re.compile("cp|iso8859|iso2022|utf-8|utf-7|gb|big5|euc|shift|koi8|mac|hz|johab|tis")
_SAMPLE = 65536


def read_bytes(path: Path) -> bytes:
    """The content of a file; TransientReadingError if it cannot be opened."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(error) from error


def file_kind(data: bytes) -> str:
    """The binary format whose signature a file begins with, in words; empty when none."""
    return next((name for signature, name in _SIGNATURES if data.startswith(signature)), "")


def wrong_format(data: bytes, wanted: str) -> ReadingError:
    """The error for a file that lacks the signature of its format."""
    kind = file_kind(data)
    if kind:
        return ReadingError(f"the file is {kind}, not {wanted}", SUFFIX)
    return ReadingError(f"the file is not {wanted}", AGAIN)


def decode(data: bytes, declared: str = "") -> tuple[str, list[str]]:
    """Decode bytes of any encoding: the text, not cleaned yet, and warnings; ReadingError for what is not text.

    A byte order mark and valid UTF-8 go before ``declared``, the encoding that the file names.
    """
    if file_kind(data):
        raise wrong_format(data, "text")
    encoding = _encoding(data, declared)
    guess = "" if encoding else _guessed(data)
    text = data.decode(encoding or guess, errors="replace")
    if _looks_binary(text):
        raise ReadingError("the file is binary data, not text", "Check the suffix of the file.")
    notes = [f"The encoding is not named in the file; it was taken for {guess}."] if guess else []
    if "\ufffd" in text:
        notes.append("Some characters could not be decoded and are shown as \ufffd.")
    return text, notes


def _encoding(data: bytes, declared: str) -> str:
    """The encoding by byte order mark, NUL bytes, valid UTF-8, declaration or letters; empty if undecided."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    head = data[:_SAMPLE]
    nuls_even, nuls_odd = head[::2].count(0), head[1::2].count(0)
    if max(nuls_even, nuls_odd) > len(head) * 0.2 and min(nuls_even, nuls_odd) < len(head) * 0.02:
        return "utf-16-be" if nuls_even > nuls_odd else "utf-16-le"
    declared = _known_codec(declared)
    if data.isascii():
        return declared if declared.startswith(("iso2022", "utf-7", "hz")) else "utf-8"
    lenient = data.decode("utf-8", errors="replace")
    bad = lenient.count("\ufffd")
    beyond_ascii = len(lenient) - len(lenient.encode("ascii", "ignore"))
    # a few broken bytes in much good UTF-8 are damage, not another encoding
    if bad * 20 <= beyond_ascii - bad:
        return "utf-8"
    if declared and declared != "utf-8":
        return declared
    return "cp1252" if _looks_western(_telling_lines(data)) else ""


def _known_codec(name: str) -> str:
    """Python's name of an encoding; empty where it is unknown or no text encoding."""
    try:
        codec = codecs.lookup(name.strip()).name if name.strip() else ""
    except (LookupError, ValueError):
        return ""
    if codec in ("iso8859-1", "ascii"):
        return "cp1252"  # what is labelled Latin-1 has cp1252's quotes and dashes; browsers do the same
    return codec if _TEXT_CODEC.match(codec) else ""


def _telling_lines(data: bytes) -> bytes:
    """The lines with bytes beyond ASCII, the only ones that tell encodings apart; in a long file they may come late."""
    return b"\n".join(line for line in data.split(b"\n") if not line.isascii())[:_SAMPLE]


def _guessed(data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(_telling_lines(data)).best()
    return best.encoding if best else "cp1252"


def _looks_western(sample: bytes) -> bool:
    """Whether it is cp1252 by its few letters beyond ASCII; statistical detection is poor on short texts."""
    text = sample.decode("cp1252", errors="replace")
    beyond = [char for char in text if char > "\x7f"]
    letters = sum(char.isalpha() for char in text)
    accented = sum(char.isalpha() for char in beyond)
    return sum(char in _WESTERN for char in beyond) >= 0.9 * len(beyond) and accented <= 0.4 * max(letters, 1)


def _looks_binary(text: str) -> bool:
    middle = len(text) // 2
    sample = text[:20000] + text[middle : middle + 20000]
    usual = "\t\n\r\x0b\x0c\x1b"
    odd = sum(
        count
        for char, count in Counter(sample).items()
        if char not in usual and (char == "\ufffd" or unicodedata.category(char) in ("Cc", "Cn", "Co", "Cs"))
    )
    return odd > 0.05 * len(sample)
