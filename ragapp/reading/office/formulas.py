"""Formulas of Office (ISO/IEC 29500-1, chapter 22.1) on one line: ``a/b``, ``x^2``, ``√(a+b)``, ``∑_(i=1)^n x``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_MAX_DEPTH = 60
_SKIPPED = frozenset(["del", "moveFrom"])  # tracked changes stand in formulas, too
# behind these, a letter or a figure would be taken for a part of them
_CLOSED = frozenset(["f", "sSup", "sSub", "sSubSup", "rad", "nary", "func", "limLow", "limUpp"])
_RAISED = str.maketrans("0123456789n+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ⁺⁻⁻")
_ROOTS = {"": "√", "2": "√", "3": "∛", "4": "∜"}
# what stands in numbers and over letters
_MARKS = re.compile("[.,\u0302\u0304\u0305\u0332]")
_HAT, _OVERLINE, _UNDERLINE = "\u0302", "\u0305", "\u0332"


def formula_text(element: Any, depth: int = 0) -> str:
    """The text of an ``m:oMath`` element, or of a part of one; parts of several signs are put in brackets."""
    name = _name(element)
    if name == "t":
        return element.text or ""
    if name.endswith("Pr") or name in _SKIPPED or depth > _MAX_DEPTH:
        return ""
    writer = _WRITERS.get(name)
    if writer is None:
        return _line(element, depth)
    return writer(element, lambda part: formula_text(part, depth + 1))


def _line(element: Any, depth: int) -> str:
    """Parts that follow each other; a figure next to a fraction or an exponent is kept apart from it: ``2 1/2``."""
    line, before = "", ""
    for child in element:
        name = _name(child)
        text = formula_text(child, depth + 1)
        if not text:
            continue
        apart = before in _CLOSED or name in ("f", "sPre", "func")
        if apart and line[-1:].isalnum() and (text[0].isalnum() or text[0] == "^"):
            line += " "
        line, before = line + text, name
    return line


_Text = Callable[[Any], str]


def _part(element: Any, name: str, text: _Text) -> str:
    found = element.find(f"{{*}}{name}")
    return text(found) if found is not None else ""


def _fraction(element: Any, text: _Text) -> str:
    above, below = _part(element, "num", text), _part(element, "den", text)
    if _property(element, "fPr", "type", "") == "noBar":
        return f"{above} over {below}"  # as in binomial coefficients
    return "/".join(_bracketed(part) for part in (above, below) if part)


def _scripts(element: Any, text: _Text) -> str:
    base = _bracketed(_part(element, "e", text))
    return base + _limits(_part(element, "sub", text), _part(element, "sup", text))


def _scripts_before(element: Any, text: _Text) -> str:
    raised, lowered = _part(element, "sup", text), _part(element, "sub", text)
    return _limits("", raised) + _limits(lowered, "") + _part(element, "e", text)


def _limits(below: str, above: str) -> str:
    return (f"_{_bracketed(below)}" if below else "") + (f"^{_bracketed(above)}" if above else "")


def _root(element: Any, text: _Text) -> str:
    degree, content = _part(element, "deg", text).strip(), _bracketed(_part(element, "e", text))
    if degree in _ROOTS:
        return _ROOTS[degree] + content
    raised = degree.translate(_RAISED)
    return f"{raised}√{content}" if not set(raised) & set(degree) else f"root_{_bracketed(degree)}({content})"


def _sum(element: Any, text: _Text) -> str:
    sign = _property(element, "naryPr", "chr", "∫")
    limits = _limits(_part(element, "sub", text), _part(element, "sup", text))
    return f"{sign}{limits} {_part(element, 'e', text)}".rstrip()


def _delimited(element: Any, text: _Text) -> str:
    separator = _property(element, "dPr", "sepChr", ",")
    inner = f"{separator} ".join(filter(None, (text(part) for part in element.iterchildren("{*}e"))))
    return _property(element, "dPr", "begChr", "(") + inner + _property(element, "dPr", "endChr", ")")


def _accented(element: Any, text: _Text) -> str:
    """Letters with the accent over them all."""
    if _name(element) == "bar":
        mark = _OVERLINE if _property(element, "barPr", "pos", "bot") == "top" else _UNDERLINE
    else:
        mark = _property(element, "accPr", "chr", _HAT)
    return "".join(sign + mark if sign.isalnum() else sign for sign in _part(element, "e", text))


def _limit(element: Any, text: _Text) -> str:
    below = _name(element) == "limLow"
    limit = _part(element, "lim", text)
    return _part(element, "e", text) + _limits(limit if below else "", "" if below else limit)


def _function(element: Any, text: _Text) -> str:
    content = _part(element, "e", text)
    bracketed = _bracketed(content)
    return f"{_part(element, 'fName', text)}{'' if bracketed[:1] == '(' else ' '}{bracketed}".rstrip()


def _shown(element: Any, text: _Text) -> str:
    """What takes room in a formula, unless it is not shown."""
    return "" if _property(element, "phantPr", "show", "1") in ("0", "false", "off") else _part(element, "e", text)


def _rows(element: Any, text: _Text) -> str:
    return "; ".join(filter(None, map(text, element.iterchildren("{*}mr", "{*}e"))))


def _cells(element: Any, text: _Text) -> str:
    return ", ".join(map(text, element.iterchildren("{*}e")))


_WRITERS: dict[str, Callable[[Any, _Text], str]] = {
    "f": _fraction,
    "sSup": _scripts,
    "sSub": _scripts,
    "sSubSup": _scripts,
    "sPre": _scripts_before,
    "rad": _root,
    "nary": _sum,
    "d": _delimited,
    "acc": _accented,
    "bar": _accented,
    "limLow": _limit,
    "limUpp": _limit,
    "func": _function,
    "phant": _shown,
    "m": _rows,
    "eqArr": _rows,
    "mr": _cells,
}


def _name(element: Any) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else "Pr"


def _property(element: Any, properties: str, name: str, otherwise: str) -> str:
    found = element.find(f"{{*}}{properties}/{{*}}{name}")
    if found is None:
        return otherwise
    return next((str(value) for key, value in found.items() if key.rsplit("}", 1)[-1] == "val"), otherwise)


def _bracketed(part: str) -> str:
    simple = _MARKS.sub("", part).lstrip("+-−").isalnum() or len(part) < 2
    return part if simple or _is_in_brackets(part) else f"({part})"


def _is_in_brackets(part: str) -> bool:
    """Whether one pair of brackets is around all of a part, unlike in ``(a)+(b)``."""
    depth = 0
    for place, sign in enumerate(part):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return sign == ")" and place == len(part) - 1
    return False
