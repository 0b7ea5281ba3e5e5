"""What is another within a changed statement: word by word, and whether an amount, a date or a number is."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher

from ragapp.answer import facts
from ragapp.contract import ChangedFact, Piece
from ragapp.index.dates import dates
from ragapp.reading.spelled_numbers import cardinal_words

_TOKEN = re.compile(r"[£€$¥]?\d+(?:[.,:/’'-]\d+)*%?|\w+(?:['’-]\w+)*|\s+|[^\w\s]")
# as many letters between two changes are no landmark, so the two are shown as one
_SHORT = 3
# of longer statements (a table's row of a thousand cells) the two are shown whole
_MOST_TOKENS = 3_000
# pairs of words from which on a text is long
_LONG = 40_000
_LETTERS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# one, un: an article as often as a number
_SPELLED = {cardinal_words(n, language): str(n) for language in ("en", "fr") for n in range(2, 100)}
_MONEY = frozenset({"pound", "euro", "dollar", "yen", "franc"})


def pieces_of(before: str, after: str) -> tuple[Piece, ...]:
    """Two texts as one: what both have, and what one of them has, in the order of the words."""
    one, other = _TOKEN.findall(before), _TOKEN.findall(after)
    if max(len(one), len(other)) > _MOST_TOKENS:
        return Piece("removed", before), Piece("added", after)
    # in long texts the most frequent words are no landmarks, else the search for them would take minutes
    frequent_left_out = len(one) * len(other) > _LONG
    matcher = SequenceMatcher(None, one, other, autojunk=frequent_left_out)
    runs: list[tuple[bool, str, str]] = []  # whether it is the same, in the first text, in the second
    codes = matcher.get_opcodes()
    for number, (tag, a, b, c, d) in enumerate(codes):
        gone, there = "".join(one[a:b]), "".join(other[c:d])
        between = 0 < number < len(codes) - 1
        same = tag == "equal" and not (between and sum(map(str.isalnum, there)) <= _SHORT)
        if runs and not runs[-1][0] and not same:
            runs[-1] = (False, runs[-1][1] + gone, runs[-1][2] + there)
        else:
            runs.append((same, gone, there))
    pieces: list[Piece] = []
    for same, gone, there in runs:
        if same:
            pieces.append(Piece("same", there))
            continue
        pieces += [Piece("removed", gone)] if gone else []
        pieces += [Piece("added", there)] if there else []
    return tuple(pieces)


def changed_facts(before: str, after: str) -> tuple[ChangedFact, ...]:
    """Of what the figures of two texts differ; nothing where they are the same, however they are written."""
    found: list[ChangedFact] = []
    amounts = [{one for one in facts.quantities(text) if one[1] in _MONEY} for text in (before, after)]
    before, after = map(_in_figures, (before, after))
    days = [sorted((d.year or 0, d.month, d.day) for d, _ in dates(text)) for text in (before, after)]
    numbers = [Counter(facts.numbers(_undated(text))) for text in (before, after)]
    if amounts[0] != amounts[1]:
        found.append("amount")
    if days[0] != days[1]:
        found.append("date")
    paid = {number for side in amounts for number, _ in side}
    if {n: c for n, c in numbers[0].items() if n not in paid} != {n: c for n, c in numbers[1].items() if n not in paid}:
        found.append("number")
    return tuple(found)


def _in_figures(text: str) -> str:
    """A text with its numbers in words as figures: "7 days" for "seven days"."""
    return _LETTERS.sub(lambda word: _SPELLED.get(word[0].casefold(), word[0]), text)


def _undated(text: str) -> str:
    letters = list(text)
    for _, (begin, end) in dates(text):
        letters[begin:end] = " " * (end - begin)
    return "".join(letters)
