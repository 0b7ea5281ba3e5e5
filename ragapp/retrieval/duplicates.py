"""Passages that say what a better one says already."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ragapp.index.analysis import plain_words
from ragapp.retrieval.passage import Passage

# a word that was divided at the end of a line, or written with a hyphen in one version and without in another
_HYPHEN = re.compile(r"(?<=\w)[-\u2010\u2011\u00ad]\s*(?=\w)")


def without_duplicates(passages: Iterable[Passage], enough: int | None = None) -> list[Passage]:
    """Leave out each passage whose words all stand in a row in a better one.

    Case, accents, spaces, punctuation and hyphens do not count, nor what the better passage has before or behind.  All
    else does: two versions of a paragraph with another number, name, "not" or "may" for "must" are two passages.

    Args:
        passages: the best first.
        enough: how many are wanted; those behind are not looked at.

    Returns:
        The passages that stay, in order, each with the chunks that it stands for.
    """
    kept: list[Passage] = []
    said: list[str] = []
    for passage in passages:
        if len(kept) == enough:
            break
        words = f" {' '.join(plain_words(_HYPHEN.sub('', passage.chunk.text)))} "
        place = next((place for place, better in enumerate(said) if words in better), None)
        if place is None:
            kept.append(passage)
            said.append(words)
        else:
            better = kept[place]
            kept[place] = replace(better, also_in=(*better.also_in, passage.chunk))
    return kept
