"""Formulas of Office (OMML) as one line of text: ``a/b``, ``x^2``, ``√(x+1)``.

Source of the element names: ISO/IEC 29500-1, chapter 22.1.
"""

from __future__ import annotations

from typing import Any

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_JOINED = {f"{M}sSup": ("", "^"), f"{M}sSub": ("", "_"), f"{M}sSubSup": ("", "_", "^"), f"{M}f": ("", "/")}
_MAX_DEPTH = 60


def formula_text(element: Any, depth: int = 0) -> str:
    """The text of a formula, or of a part of one; parts of several signs are put in brackets."""
    if element.tag == f"{M}t":
        return element.text or ""
    if element.tag.endswith("Pr") or depth > _MAX_DEPTH:  # the properties of a part
        return ""
    parts = [formula_text(child, depth + 1) for child in element if isinstance(child.tag, str)]
    marks = _JOINED.get(element.tag)
    if marks:
        parts = [part for part in parts if part]
        return "".join(mark + _bracketed(part) for mark, part in zip(marks, parts, strict=False))
    if element.tag == f"{M}rad":
        return f"{parts[-2] if len(parts) > 2 else ''}√{_bracketed(parts[-1])}" if parts else ""
    if element.tag == f"{M}nary":
        sign = element.find(f"{M}naryPr/{M}chr")
        return (sign.get(f"{M}val", "∫") if sign is not None else "∫") + " ".join(filter(None, parts))
    if element.tag == f"{M}d":
        return f"({', '.join(filter(None, parts))})"
    return "".join(parts)


def _bracketed(part: str) -> str:
    simple = part.replace(".", "").replace(",", "").lstrip("+-−").isalnum() or len(part) < 2
    return part if simple or (part[0] == "(" and part[-1] == ")") else f"({part})"
