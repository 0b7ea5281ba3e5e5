"""Formulas in MathML on one line: ``a/b``, ``x^2``, ``√(a+b)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ragapp.reading.text import one_line

_MAX_DEPTH = 60
_LEFT_OUT = ("annotation", "annotation-xml", "mphantom", "none", "mprescripts")


def math_line(element: Any, depth: int = 0) -> str:
    """The text of a ``math`` element of any parser with lxml's interface, on one line.

    Fractions, roots, raised and lowered parts and tables are written with signs (MathML Core, 3); what has no sign of
    its own is written as its text.
    """
    name = _name(element)
    if name in _LEFT_OUT:
        return ""
    if depth > _MAX_DEPTH:
        return one_line("".join(element.itertext()))
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        return " " if name == "mspace" else one_line(element.text or "")
    parts = [math_line(child, depth + 1) for child in children]
    line = _LAYOUTS[name](parts) if name in _LAYOUTS and _enough(name, parts) else None
    if line is not None:
        return line
    if name == "mfenced":
        return f"{element.get('open', '(')}{', '.join(parts)}{element.get('close', ')')}"
    if name in ("mtr", "mtable"):
        return (", " if name == "mtr" else "; ").join(parts)
    # a factor behind a fraction is not part of what stands below its line
    spaced = [part + " " * (_name(child) == "mfrac") for child, part in zip(children, parts, strict=True)]
    return one_line("".join(spaced)) if len(parts) > 1 else parts[0]


def _grouped(text: str) -> str:
    return text if len(text) < 2 or text.isalnum() or (text[0] == "(" and text[-1] == ")") else f"({text})"


def _scripted(base: str, low: str, high: str) -> str:
    return base + (f"_{_grouped(low)}" if low else "") + (f"^{_grouped(high)}" if high else "")


def _enough(name: str, parts: list[str]) -> bool:
    return len(parts) >= (3 if name in ("msubsup", "munderover") else 1 if name == "msqrt" else 2)


_LAYOUTS: dict[str, Callable[[list[str]], str]] = {
    "mfrac": lambda parts: f"{_grouped(parts[0])}/{_grouped(parts[1])}",
    "msqrt": lambda parts: f"√{_grouped(''.join(parts))}",
    "mroot": lambda parts: f"{_grouped(parts[1])}√{_grouped(parts[0])}",
    "msup": lambda parts: _scripted(_grouped(parts[0]), "", parts[1]),
    "msub": lambda parts: _scripted(_grouped(parts[0]), parts[1], ""),
    "msubsup": lambda parts: _scripted(_grouped(parts[0]), parts[1], parts[2]),
    "munder": lambda parts: _scripted(parts[0], parts[1], ""),
    "mover": lambda parts: parts[0] + parts[1] if len(parts[1]) == 1 else _scripted(parts[0], "", parts[1]),
    "munderover": lambda parts: _scripted(parts[0], parts[1], parts[2]),
    "semantics": lambda parts: parts[0],
}


def _name(element: Any) -> str:
    """Its name without a namespace, or a prefix of one that the HTML parser left in it."""
    return str(element.tag).rsplit("}", 1)[-1].rsplit(":", 1)[-1]
