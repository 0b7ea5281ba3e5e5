"""The results of fields that were not saved, worked out as Word does: captions, references, numbers in a line.

Source: ISO/IEC 29500-1, 17.16.5 (types of fields). A result that was saved is what a person sees, and stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ragapp.reading.symbol_fonts import symbol_char
from ragapp.reading.text import one_line, whole_number
from ragapp.reading.word.equation_fields import equation_text
from ragapp.reading.word.fields import CountedField
from ragapp.reading.word.labels import Item
from ragapp.reading.word.looks import W
from ragapp.reading.word.notes import NOTE_KINDS, NoteMarks
from ragapp.reading.word.numerals import word_numeral

_FORMATS = {  # 17.16.4.3.1, the general format switch
    "arabic": "decimal",
    "roman": "lowerRoman",
    "alphabetic": "lowerLetter",
    "ordinal": "ordinal",
    "cardtext": "cardinalText",
    "ordtext": "ordinalText",
    "hex": "hex",
    "arabicdash": "numberInDash",
}
# the levels of the lists that LISTNUM knows by name (17.16.5.36)
_LIST_LEVELS = {
    "numberdefault": ["1)", "a)", "i)", "(1)", "(a)", "(i)", "1.", "a.", "i."],
    "outlinedefault": ["I.", "A.", "1.", "a)", "(1)", "(a)", "(i)", "(a)", "(i)"],
}
_STYLES = {"1": "decimal", "a": "lowerLetter", "i": "lowerRoman", "A": "upperLetter", "I": "upperRoman"}
_MOST_NODES = 2000  # of a bookmark that are looked at
_LONGEST = 2000


class FieldResults:
    """Works out results that are missing, and writes them into the document."""

    def __init__(self, root: Any, items: Mapping[Any, Item], notes: NoteMarks, language: str = "en") -> None:
        self._root = root
        self._items = items
        self._notes = notes
        self._language = language
        self._sequences: Counter[str] = Counter()
        self._lists: dict[str, list[int]] = {}
        self._list_paragraph: Any = None
        self._known: dict[tuple[str, ...], str] = {}

    def write(self, fields: list[CountedField]) -> None:
        """Write the results of fields without one behind them, in their order."""
        if all(one.saved is not None for one in fields):
            return
        for one in fields:
            text = self._text(one)
            if one.saved is None and text:
                written = one.end.makeelement(f"{W}t")
                written.text = text[:_LONGEST]
                if one.end.tag == f"{W}fldSimple":
                    run = one.end.makeelement(f"{W}r")
                    run.append(written)
                    one.end.append(run)
                else:  # in the run of the mark, so that it looks like it
                    one.end.addnext(written)

    def _text(self, one: CountedField) -> str:
        words = one.words
        if one.kind == "SEQ":
            return self._sequence(one)
        if one.kind == "LISTNUM":
            return self._list_number(one)
        if one.saved is not None or len(words) < 2:
            return ""
        if words[0] in ("REF", "NOTEREF"):
            key = tuple(words)
            if key not in self._known:
                self._known[key] = self._reference(words)
            return self._known[key]
        if words[0] == "QUOTE":
            return words[1]
        if words[0] == "SYMBOL":
            return _symbol(words)
        if words[0] == "EQ":
            text = equation_text(one.code.strip()[2:_LONGEST])
            return f" {text}" if text[:1].isdigit() else text  # apart from a figure before it
        return " ".join(words[2:])  # the words on a button, behind the name of what it does

    def _sequence(self, one: CountedField) -> str:
        """The number of a caption: one more than the last of its kind, unless a switch says another."""
        name = one.words[1].lower() if len(one.words) > 1 else ""
        switches = _switches(one.words)
        saved = whole_number(one.saved.strip(), -1) if one.saved is not None else -1
        if "\\r" in switches:
            self._sequences[name] = whole_number(switches["\\r"], 0)
        elif "\\c" not in switches:
            self._sequences[name] += 1
        if saved >= 0:
            self._sequences[name] = saved
        if "\\s" in switches:
            return ""  # it begins again behind each heading of a level
        if "\\h" in switches and "\\*" not in switches:
            return ""
        return _formatted(self._sequences[name], one.words, self._language)

    def _list_number(self, one: CountedField) -> str:
        """A number inside a line. In a paragraph with a number, it is one level below that."""
        switches = _switches(one.words)
        named = one.words[1] if len(one.words) > 1 and not one.words[1].startswith("\\") else "NumberDefault"
        item = self._items.get(one.paragraph)
        above = item.level + 1 if item is not None and not item.label.bullet else 0
        level = min(max(whole_number(switches.get("\\l", ""), above + 1), 1), 9)
        numbers = self._lists.setdefault(named.lower(), [])
        if above and one.paragraph is not self._list_paragraph:
            del numbers[above:]
        self._list_paragraph = one.paragraph
        numbers += [0] * (level - len(numbers))
        del numbers[level:]
        numbers[-1] = whole_number(switches["\\s"], 1) if "\\s" in switches else numbers[-1] + 1
        if named.lower() == "legaldefault":
            return "".join(f"{max(number, 1)}." for number in numbers)
        pattern = _LIST_LEVELS.get(named.lower(), _LIST_LEVELS["numberdefault"])[level - 1]
        sign = pattern.strip("().")
        return pattern.replace(sign, word_numeral(numbers[-1], _STYLES[sign], self._language))

    def _reference(self, words: list[str]) -> str:
        """The text of a bookmark, the number of its paragraph, or the mark of the note in it."""
        nodes, places = self._bookmarks
        start = places.get(words[1].lower())
        if start is None:
            return ""
        if words[0] == "NOTEREF":
            marks = (self._mark(node) for node in _within(nodes, start) if node.tag in NOTE_KINDS)
            return next((mark for mark in marks if mark), "")
        switches = _switches(words)
        if any(switch in switches for switch in ("\\n", "\\r", "\\w")):
            item = self._items.get(_paragraph_of(nodes, start))
            label = item.label if item is not None else None
            return ((label.text if "\\n" in switches else label.full) if label else "").rstrip(".")
        texts = (node.text or "" if node.tag == f"{W}t" else " " for node in _within(nodes, start))
        return one_line("".join(texts))

    def _mark(self, reference: Any) -> str:
        return self._notes.marks.get((NOTE_KINDS[reference.tag], reference.get(f"{W}id", "")), "")

    @cached_property
    def _bookmarks(self) -> tuple[list[Any], dict[str, int]]:
        """What bookmarks can hold, in the order of the document, and where each of them begins in it."""
        names = ("p", "t", "tab", "bookmarkStart", "bookmarkEnd")
        nodes = list(self._root.iter(*(f"{W}{name}" for name in names), *NOTE_KINDS))
        starts = ((place, node) for place, node in enumerate(nodes) if node.tag == f"{W}bookmarkStart")
        return nodes, {node.get(f"{W}name", "").lower(): place for place, node in starts}


def _within(nodes: list[Any], start: int) -> list[Any]:
    """What stands in a bookmark, from its start to its end."""
    identifier = nodes[start].get(f"{W}id")
    found: list[Any] = []
    for node in nodes[start + 1 : start + _MOST_NODES]:
        if node.tag == f"{W}bookmarkEnd" and node.get(f"{W}id") == identifier:
            return found
        if node.tag not in (f"{W}bookmarkStart", f"{W}bookmarkEnd"):
            found.append(node)
    return []


def _paragraph_of(nodes: list[Any], start: int) -> Any:
    """The paragraph that a bookmark begins in, or the next one where it begins between two."""
    inside = next(nodes[start].iterancestors(f"{W}p"), None)
    if inside is not None:
        return inside
    return next((node for node in nodes[start : start + _MOST_NODES] if node.tag == f"{W}p"), None)


def _switches(words: list[str]) -> dict[str, str]:
    """The switches of a code, in small letters, each with the word behind it."""
    return {
        word.lower(): following for word, following in zip(words, [*words[1:], ""], strict=True) if word[:1] == "\\"
    }


def _formatted(number: int, words: list[str], language: str) -> str:
    """A number in the format that a ``\\*`` switch names; its case is that of the format's name."""
    named = [words[place + 1] for place, word in enumerate(words[:-1]) if word == "\\*"]
    style = next((name for name in named if name.lower() in _FORMATS), "Arabic")
    text = word_numeral(number, _FORMATS[style.lower()], language)
    if style.isupper() and style.lower() in ("roman", "alphabetic", "hex"):
        return text.upper()
    return text.lower() if style.lower() in ("cardtext", "ordtext") else text


def _symbol(words: list[str]) -> str:
    """The sign that a SYMBOL field names by its code and font."""
    code = words[1].lower()
    try:
        number = int(code, 16) if code.startswith("0x") else int(code)
    except ValueError:
        return ""
    return symbol_char(_switches(words).get("\\f", ""), number) if 0x20 <= number <= 0x10FFFF else ""
