"""Raised and lowered text on one line: ``10^3``, ``CO2``, ``1st``, so that 12 with a note mark 3 never reads 123."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Script = Literal["", "super", "sub"]

# 1st, 1er, XXe, 10h30, Mme, Dr, nº: endings that are raised by custom and are written on the line without loss
_JOINED = re.compile(
    r"\d(?:st|nd|rd|th|er|ers|re|res|e|è?me|ème|nde?|h|min)|[IVXLC](?:er|re|e|è?me|ème)"
    r"|M(?:me|mes|lle|lles|gr|rs?|s)|D(?:r|re|rs)|(?:n|N)(?:o|os)|S(?:te?)|C(?:ie)|V(?:ve)|\w(?:tm|sm)",
    re.IGNORECASE,
)
# marks that cannot be taken for a part of a number
_SIGNS = re.compile(r"[^\w\s+\-−–.,/()\[\]]+")
_MARK = re.compile(r"\w{1,3}\)")  # of a note, as German books print it
_SIMPLE = re.compile(r"[+\-−–]?\w+")


def raised(text: str, before: str) -> str:
    """How raised text is written behind ``before``, the text of its line so far; white space at its ends stays."""
    core = text.strip()
    if not core or _SIGNS.fullmatch(core):
        return text
    if _MARK.fullmatch(core):
        return text.replace(core, f"^{core}", 1)
    joined = _JOINED.fullmatch(before[-1:] + core.rstrip("."))
    return text if joined else text.replace(core, f"^{_bracketed(core)}", 1)


def lowered(text: str, before: str) -> str:
    """How lowered text is written behind ``before``: figures after a letter as they are (``CO2``), else ``x_i``."""
    core = text.strip()
    if not core or _SIGNS.fullmatch(core) or (before[-1:].isalpha() and core.isdecimal()):
        return text
    return text.replace(core, f"_{_bracketed(core)}", 1)


def join_scripts(pieces: Iterable[tuple[str, Script]]) -> str:
    """Pieces of one line, each on it, raised or lowered, as plain text; neighbours of one kind count as one piece."""
    line, pending, kind = "", "", ""
    for text, script in [*pieces, ("", "")]:
        if script != kind or not script:
            line += _written(pending, kind, line)
            pending, kind = "", script
        pending += text
        if not script:
            line, pending = line + pending, ""
    return line


def _written(text: str, script: str, before: str) -> str:
    return raised(text, before) if script == "super" else lowered(text, before) if script == "sub" else text


def _bracketed(core: str) -> str:
    inner = core[1:-1] if core[0] == "(" and core[-1] == ")" else core
    return inner if _SIMPLE.fullmatch(inner) and inner is core else f"({inner})"
