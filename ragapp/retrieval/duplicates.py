"""Passages that say what a better one says already."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ragapp.index.analysis import plain_words
from ragapp.retrieval.passage import Passage

# a word that was divided at the end of a line, or written with a hyphen in one version and without in another
_HYPHEN = re.compile(r"[-\u2010\u2011\u00ad](?<=[^\W\d_].)\s*(?=[^\W\d_])")
# what makes another thing of a number: its sign, its currency, more than or less than, percent, the digits beside it
_TELLING = re.compile(r"[$€£¥₹<>≤≥≠=±+×÷%‰°]|[-\u2212](?=\d)")
_GROUPED = re.compile(r"(\d)[ .,'\u00a0\u202f](?=\d)")
_NAMES = {character: f" sign{ord(character)} " for character in "$€£¥₹<>≤≥≠=±+×÷%‰°-\u2212"}


def without_duplicates(passages: Iterable[Passage], enough: int | None = None) -> list[Passage]:
    """Leave out each passage whose words all stand in a row in a better one.

    Case, accents, spaces, punctuation and hyphens in words do not count, nor what the better passage has before or
    behind.  All else does: two versions of a paragraph with another number, sign, name, "not" or "may" for "must" are
    two passages.

    Args:
        passages: the best first.
        enough: how many are wanted; of those behind, twice as many are looked at for what they repeat.

    Returns:
        The passages that stay, in order, each with the chunks that it stands for.
    """
    kept: list[Passage] = []
    said: list[str] = []
    for looked, passage in enumerate(passages):
        if enough is not None and looked >= 3 * enough and len(kept) == enough:
            break
        words = _comparable(passage.chunk.text)
        place = next((place for place, better in enumerate(said) if words in better), None)
        if place is None and len(kept) != enough:
            kept.append(passage)
            said.append(words)
        elif place is not None:
            better = kept[place]
            kept[place] = replace(better, also_in=(*better.also_in, passage.chunk))
    return kept


def _comparable(text: str) -> str:
    """Words and telling signs in a row, between spaces."""
    whole = _GROUPED.sub(r"\1digit", _HYPHEN.sub("", text))
    return f" {' '.join(plain_words(_TELLING.sub(lambda sign: _NAMES[sign[0]], whole)))} "
