"""Formulas of Office (ISO/IEC 29500-1, chapter 22.1) on one line: ``a/b``, ``x^2``, ``√(a+b)``."""

from __future__ import annotations

from typing import Any

# how the parts of a formula are written on one line: a/b, x^2, x_1
_JOINED = {"sSup": ("", "^"), "sSub": ("", "_"), "sSubSup": ("", "_", "^"), "f": ("", "/")}
_MAX_DEPTH = 60


def formula_text(element: Any, depth: int = 0) -> str:
    """The text of an ``m:oMath`` element, or of a part of one; parts of several signs are put in brackets."""
    name = element.tag.rsplit("}", 1)[-1]
    if name == "t":
        return element.text or ""
    if name.endswith("Pr") or depth > _MAX_DEPTH:  # the properties of a part
        return ""
    parts = [formula_text(child, depth + 1) for child in element if isinstance(child.tag, str)]
    if marks := _JOINED.get(name):
        parts = [part for part in parts if part]
        return "".join(mark + _bracketed(part) for mark, part in zip(marks, parts, strict=False))
    if name == "rad":
        return f"{parts[-2] if len(parts) > 2 else ''}√{_bracketed(parts[-1])}" if parts else ""
    if name == "nary":
        return _property(element, "naryPr", "chr", "∫") + " ".join(filter(None, parts))
    if name == "d":
        inner = f"{_property(element, 'dPr', 'sepChr', ',')} ".join(filter(None, parts))
        return _property(element, "dPr", "begChr", "(") + inner + _property(element, "dPr", "endChr", ")")
    if name in ("m", "eqArr"):
        return "; ".join(filter(None, parts))
    if name == "mr":
        return ", ".join(parts)
    return "".join(parts)


def _property(element: Any, properties: str, name: str, otherwise: str) -> str:
    found = element.find(f"{{*}}{properties}/{{*}}{name}")
    if found is None:
        return otherwise
    return next((str(value) for key, value in found.items() if key.rsplit("}", 1)[-1] == "val"), otherwise)


def _bracketed(part: str) -> str:
    simple = part.replace(".", "").replace(",", "").lstrip("+-−").isalnum() or len(part) < 2
    return part if simple or (part[0] == "(" and part[-1] == ")") else f"({part})"
