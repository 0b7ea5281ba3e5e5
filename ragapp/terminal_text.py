"""Text for a terminal: that of documents, questions and models sanitised (for Markdown see
:mod:`ragapp.answer.export`), and seconds as a person says them."""

from __future__ import annotations

import re

from ragapp.words.forms import size

# ECMA-48: control strings (OSC, DCS, SOS, PM, APC) up to their end, control sequences, other escapes; both in the
# seven-bit form and as C1 characters.  An unterminated string ends with its line.
_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c|(?=\x1b|\n|\Z))"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# bidirectional controls reorder what is shown, so that a name or an amount reads as another
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_UNSAFE_JSON = re.compile(r"[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def sanitize_text(text: str) -> str:
    """Text without escape sequences, control characters but tab and line feed, and bidirectional controls."""
    return _BIDI.sub("", _CONTROLS.sub("", _ESCAPES.sub("", text)))


def sanitize_json(document: str) -> str:
    """The same JSON document with all that a terminal may act on as ``\\u`` escapes."""
    return _UNSAFE_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


def shown_size(count: float) -> str:
    """Bytes for people, in the decimal units that disks and downloads are told in: ``1.2 GB``."""
    return size(int(count), "en")


def shown_seconds(seconds: float) -> str:
    """Seconds as a person says them: ``48 s``, ``12 min``, ``3 h 20 min``."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
