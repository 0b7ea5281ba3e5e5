"""EQ fields: what they draw from their code, on one line: ``1/2``, ``√(a+b)``, ``東(とう)``, ``①``.

They have no saved result. Source: ISO/IEC 29500-1, 17.16.5.18 (EQ).  Word's own lists of arguments are separated by
commas, or by semicolons where the comma is the decimal sign; phonetic guides and enclosed signs are such fields, too.
"""

from __future__ import annotations

import re

from ragapp.reading.scripts import Script, join_scripts
from ragapp.reading.word.numerals import word_numeral

_MOST_DEPTH = 20
# how the field is set: its style, font and size
_FORMATS = re.compile(r'\\\*\s*(?:"[^"]*"|\S+)')
_TOKENS = re.compile(r"\\[a-z]+[+-]?\d*|\\.|[(),;]|[^\\(),;]+", re.IGNORECASE | re.DOTALL)
_NO_TEXT = re.compile(r"\s*\d*\s*")  # between an option and the arguments: a measure in points
_SIGNS = {"i": "∫", "su": "∑", "pr": "∏"}
_BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_SIMPLE = re.compile(r"[^\W_]+(?:[.,]\d+)?")
_RINGS = frozenset("○◯〇")


def equation_text(code: str) -> str:
    """What an EQ field shows, from its code behind the word ``EQ``."""
    return " ".join(_Equation(_FORMATS.sub("", code)).text().split())


class _Equation:
    """Reads the code from left to right."""

    def __init__(self, code: str) -> None:
        self._tokens = _TOKENS.findall(code)
        self._place = 0
        # the comma separates arguments unless semicolons do
        self._separator = ";" if ";" in self._tokens else ","

    def text(self, depth: int = 0, inside: bool = False) -> str:
        """The text up to the end, or to the end of an argument."""
        found = ""
        open_brackets = 0
        while self._place < len(self._tokens):
            token = self._tokens[self._place]
            if inside and not open_brackets and token in (")", self._separator):
                break
            self._place += 1
            open_brackets += (token == "(") - (token == ")")
            if token[0] != "\\":
                found += token
            elif not token[1:2].isalpha():
                found += token[1:]  # a sign that would separate arguments
            elif depth < _MOST_DEPTH:
                shown = self._drawn(token[1:].lower(), depth + 1)
                # 5 in front of a fraction is five and a half, not fifty-one over two
                found += " " * (found[-1:].isdigit() and shown[:1].isdigit()) + shown
        return found

    def _drawn(self, name: str, depth: int) -> str:
        options: list[str] = []
        while self._peek()[:1] == "\\" or (self._peek() and _NO_TEXT.fullmatch(self._peek())):
            token = self._peek().strip()
            if token[:1] == "\\":
                options.append(token[1:].lower())
                if token[1:].lower() in ("lc", "rc", "bc", "fc", "vc"):  # a character follows
                    self._place += 1
                    options[-1] += self._peek().strip().removeprefix("\\")[:1]
            self._place += 1
        return _SHAPES.get(name.rstrip("+-0123456789"), _beside)(options, self._arguments(depth), name)

    def _arguments(self, depth: int) -> list[str]:
        if self._peek() != "(":
            return []
        found = []
        while self._peek() not in (")", ""):
            self._place += 1
            found.append(self.text(depth, inside=True).strip())
        self._place += 1
        return found

    def _peek(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""


def _fraction(_options: list[str], parts: list[str], _name: str) -> str:
    return "/".join(map(_grouped, parts))


def _root(_options: list[str], parts: list[str], _name: str) -> str:
    degree = parts[0] if len(parts) > 1 else ""
    return f"{'' if degree in ('', '2') else join_scripts([(degree, 'super')])}√{_grouped(parts[-1] if parts else '')}"


def _script(options: list[str], parts: list[str], _name: str) -> str:
    kinds = ["sub" if option.startswith("do") else "super" for option in options if option[:2] in ("up", "do")]
    if len(parts) > 1 and not kinds:
        kinds = ["super", "sub"]
    written = ""
    for number, part in enumerate(parts):
        kind = kinds[min(number, len(kinds) - 1)] if kinds else "super"
        script: Script = "sub" if kind == "sub" else "super"
        written += join_scripts([("1", ""), (part, script)])[1:]
    return written


def _sum(options: list[str], parts: list[str], _name: str) -> str:
    sign = next((_SIGNS[option] for option in options if option in _SIGNS), "∫")
    sign = next((option[2:] for option in options if option[:2] in ("fc", "vc") and option[2:]), sign)
    below, above, content = [*parts, "", "", ""][:3]
    return sign + "_" * bool(below) + _grouped(below) + "^" * bool(above) + _grouped(above) + f" {content}"


def _overlaid(_options: list[str], parts: list[str], _name: str) -> str:
    raised = [part for part in parts if part[:1] in "^_" and part]
    plain = [part for part in parts if part not in raised]
    if raised and plain:  # the reading of a word above it
        return "".join(plain) + "".join(f"({part[1:].strip('()')})" for part in raised)
    if len(plain) == 2 and plain[0] in _RINGS:
        number = int(plain[1]) if plain[1].isdecimal() and len(plain[1]) < 3 else 0
        return word_numeral(number, "decimalEnclosedCircle") if 0 < number <= 20 else f"({plain[1]})"
    return "".join(parts)


def _bracketed(options: list[str], parts: list[str], _name: str) -> str:
    left, right = "(", ")"
    for option in options:
        sign = option[2:]
        if option[:2] == "bc" and sign:
            left, right = sign, _BRACKETS.get(sign, sign)
        elif option[:2] == "lc":
            left, right = sign, right if any(one.startswith("rc") for one in options) else ""
        elif option[:2] == "rc":
            left, right = left if any(one.startswith("lc") for one in options) else "", sign
    return f"{left}{', '.join(parts)}{right}"


def _rows(options: list[str], parts: list[str], _name: str) -> str:
    columns = next((int(option[2:]) for option in options if re.fullmatch(r"co\d{1,2}", option)), 1) or 1
    return "; ".join(", ".join(parts[start : start + columns]) for start in range(0, len(parts), columns))


def _beside(_options: list[str], parts: list[str], _name: str) -> str:
    return ", ".join(parts)


_SHAPES = {"f": _fraction, "r": _root, "s": _script, "i": _sum, "o": _overlaid, "b": _bracketed, "a": _rows}


def _grouped(part: str) -> str:
    return part if not part or _SIMPLE.fullmatch(part) else f"({part})"
