"""What is done with ranked passages: near-duplicates grouped, neighbours joined, the context filled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from ragapp.index.analysis import folded_words
from ragapp.index.catalog import Catalog
from ragapp.index.records import StoredChunk
from ragapp.retrieval.passage import ScoredChunk

# a word that was divided at the end of a line, or written with a hyphen in one version and without in another
_HYPHEN = re.compile(r"[-\u2010\u2011\u00ad](?<=[^\W\d_].)\s*(?=[^\W\d_])")
# signs that change what a number means: sign, currency, comparison, percent, and the digits beside it
_TELLING = re.compile(r"[$€£¥₹<>≤≥≠=±+×÷%‰°]|[-\u2212](?=\d)")
# a text of no more is not left out because a longer one of another document happens to hold these words
_FEW_WORDS = 12
_GROUPED = re.compile(r"(\d)[ .,'\u00a0\u202f](?=\d)")


@dataclass(frozen=True, slots=True)
class Context:
    """What the language model gets to see: passages, the best first, and their tokens; ``dropped`` did not fit."""

    passages: tuple[ScoredChunk, ...]
    dropped: int
    tokens: int


def pack(
    passages: Sequence[ScoredChunk], render: Callable[[int, ScoredChunk], str], count: Callable[[str], int], budget: int
) -> Context:
    """Fill a context window with whole passages; one that does not fit is skipped, a smaller one behind it may fit.

    ``render`` gives the prompt's text for passage number n (1-based), and ``count`` its tokens.
    """
    taken: list[ScoredChunk] = []
    used = 0
    for passage in passages:
        tokens = count(render(len(taken) + 1, passage))
        if used + tokens <= budget:
            taken.append(passage)
            used += tokens
    return Context(tuple(taken), len(passages) - len(taken), used)


def without_duplicates(passages: Iterable[ScoredChunk], enough: int | None = None) -> list[ScoredChunk]:
    """Leave out each passage whose text is contained in that of a better one, which notes it in ``also_in``.

    A few words of another document are left out only where they are all that the better one says.

    Case, accents, spaces, punctuation and hyphens in words do not count.  All else does: two versions of a paragraph
    with another number, sign, name, "not" or "may" for "must" are two passages.  Where ``enough`` are wanted, twice as
    many behind them are compared with them.
    """
    kept: list[ScoredChunk] = []
    texts: list[str] = []
    for looked, passage in enumerate(passages):
        if enough is not None and looked >= 3 * enough and len(kept) == enough:
            break
        words = _comparable(passage.chunk.text)
        found = (place for place, better in enumerate(texts) if words in better)
        place = next((place for place in found if _says_the_same(passage, words, kept[place], texts[place])), None)
        if place is not None:
            kept[place] = replace(kept[place], also_in=(*kept[place].also_in, passage.chunk))
        elif len(kept) != enough:
            kept.append(passage)
            texts.append(words)
    return kept


def _says_the_same(passage: ScoredChunk, words: str, better: ScoredChunk, longer: str) -> bool:
    """Whether a text that a longer one contains adds nothing; a few words of another document are a case of its own."""
    same_document = passage.chunk.document_id == better.chunk.document_id
    return same_document or words == longer or words.count(" ") > _FEW_WORDS


def _comparable(text: str) -> str:
    """The words and telling signs of a text, between spaces."""
    whole = _GROUPED.sub(r"\1digit", _HYPHEN.sub("", text))
    return f" {' '.join(folded_words(_TELLING.sub(lambda sign: f' sign{ord(sign[0])} ', whole)))} "


def join_neighbours(passages: Sequence[ScoredChunk], catalog: Catalog, reach: int) -> list[ScoredChunk]:
    """Extend each passage by ``reach`` chunks before and behind it in the same unit and under the same headings.

    Passages that overlap then become one, in the place of the better.  The text is the exact text of the unit.  The
    chunks of a table are left as they are, since each of them repeats the header.
    """
    if reach <= 0:
        return list(passages)
    unit_text, unit_chunks = cache(catalog.unit_text), cache(catalog.unit_chunks)
    joined: list[ScoredChunk] = []
    for passage in passages:
        chunk = passage.chunk
        text = unit_text(chunk.document_id, chunk.unit)
        run, place = _run(unit_chunks(chunk.document_id, chunk.unit), text, chunk)
        if not run:
            joined.append(passage)
            continue
        around = run[max(0, place - reach) : place + reach + 1]
        start, end = around[0].start, max(other.end for other in around)
        met = [better for better in joined if _meet(better.chunk, chunk, start, end)]
        best = met[0] if met else passage
        start = min([start, *(better.chunk.start for better in met)])
        end = max([end, *(better.chunk.end for better in met)])
        also_in = tuple(dict.fromkeys(other for one in (*met, passage) for other in one.also_in))
        grown = replace(best, chunk=replace(best.chunk, text=text[start:end], start=start, end=end), also_in=also_in)
        joined = [grown if one is best else one for one in joined if one is best or one not in met]
        if not met:
            joined.append(grown)
    return joined


def continued(passage: ScoredChunk, catalog: Catalog, most: int) -> tuple[ScoredChunk, ...]:
    """A passage with what its section says next on its page, up to about ``most`` characters more.

    A table's rows go on below its header. Where the section reaches the end of the page and goes on on the next one,
    the first chunk there is a second passage, since its words stand elsewhere.
    """
    chunk = passage.chunk
    chunks = catalog.unit_chunks(chunk.document_id, chunk.unit)
    place = next((place for place, other in enumerate(chunks) if other.id == chunk.id), len(chunks))
    text, end = catalog.unit_text(chunk.document_id, chunk.unit), chunk.end
    sections = {chunk.headings}
    for other in chunks[place + 1 :]:
        if text[:end].rstrip().endswith(":") and other.headings[: len(chunk.headings)] == chunk.headings:
            sections.add(other.headings)  # what a colon announces belongs to it
        if other.headings not in sections or other.end - chunk.end > most:
            break
        end = max(end, other.end)
    else:
        if place < len(chunks) and (following := _next_page(chunk, catalog)) and len(following.text) <= most:
            return _grown(passage, text, end), replace(passage, chunk=following, also_in=())
    return (_grown(passage, text, end),)


def _grown(passage: ScoredChunk, unit_text: str, end: int) -> ScoredChunk:
    """A passage up to another end; what a table chunk repeats in front of its rows stays there."""
    chunk = passage.chunk
    return replace(passage, chunk=replace(chunk, text=chunk.text + unit_text[chunk.end : end], end=max(chunk.end, end)))


def _next_page(chunk: StoredChunk, catalog: Catalog) -> StoredChunk | None:
    """The first chunk of the next unit, where that has the same headings."""
    if not chunk.headings:
        return None
    first = next(iter(catalog.unit_chunks(chunk.document_id, chunk.unit + 1)), None)
    return first if first and first.headings == chunk.headings else None


def _run(chunks: Sequence[StoredChunk], text: str, chunk: StoredChunk) -> tuple[list[StoredChunk], int]:
    """The consecutive chunks around one that have its headings and are plain spans of the text; its place in them."""
    run: list[StoredChunk] = []
    place = -1
    for other in chunks:
        if other.headings == chunk.headings and text[other.start : other.end] == other.text:
            place = len(run) if other.id == chunk.id else place
            run.append(other)
        elif place >= 0:
            break
        else:
            run = []
    return (run, place) if place >= 0 else ([], -1)


def _meet(better: StoredChunk, chunk: StoredChunk, start: int, end: int) -> bool:
    same = (better.document_id, better.unit, better.headings) == (chunk.document_id, chunk.unit, chunk.headings)
    return same and start <= better.end and better.start <= end
