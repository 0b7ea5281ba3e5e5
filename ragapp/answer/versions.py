"""Versions: passages of other documents with nearly the same words but other figures, which may disagree.

Contracts of several clients, invoices and notes of one form have nearly the same words, too, and are about different
things; they are no versions of each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ragapp.answer import facts
from ragapp.index.analysis import content_words
from ragapp.index.records import DocumentRow
from ragapp.retrieval.passage import ScoredChunk

# Jaccard similarity of the words
ALIKE = 0.35
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")


# what tells versions of a document apart in its name or title
_VERSION = re.compile(
    r"(?<![^\W_])(?:(?:19|20)\d{2}(?:([-. ])\d{2}(?:\1\d{2})?|\d{4}|\d{2})?"
    r"|(?:version|vers|ver|v|rev|revision|issue|ed|edition|stand|fassung|release|r)[ ._-]*\d+(?:[._]\d+)*"
    r"|q[1-4]|h[12]|\(\d\)"
    r"|draft|final|old|new|copy|updated?|current|previous|archived?|entwurf|neu|alt|endg[uü]ltig|aktuell|kopie|brouillon"
    r"|nouveau|ancien|copie|définitif|borrador|nuevo|antiguo|copia|bozza|nuovo|vecchio|concept|definitief|oud|nieuw"
    r"|rascunho|novo|antigo)(?![^\W_])",
    re.IGNORECASE,
)
_PIECE = re.compile(r"[^\W\d_]+|\d+")


def other_versions(
    best: ScoredChunk, passages: Sequence[ScoredChunk], opening: Callable[[ScoredChunk], str] = lambda passage: ""
) -> list[ScoredChunk]:
    """Versions of the best passage among those that the search found; the first of each document, in that order.

    ``opening`` gives the beginning of a passage's document, by which documents with the same title are told apart.
    """
    found: dict[int, ScoredChunk] = {}
    words, figures = content_words(best.chunk.text, best.chunk.language), facts.number_variants(best.chunk.text)
    for passage in passages:
        chunk = passage.chunk
        if chunk.document_id == best.chunk.document_id or chunk.document_id in found:
            continue
        others = content_words(chunk.text, chunk.language)
        alike = len(words & others) / max(1, len(words | others))
        if alike >= ALIKE and facts.number_variants(chunk.text) != figures and _of_one_thing(best, passage, opening):
            found[chunk.document_id] = passage
    return list(found.values())


def _of_one_thing(one: ScoredChunk, other: ScoredChunk, opening: Callable[[ScoredChunk], str]) -> bool:
    """Whether two passages' documents are versions of one, by their names and titles, else by whom they name first."""
    names = [chunk.document.rpartition(".")[0] or chunk.document for chunk in (one.chunk, other.chunk)]
    first, second = (_pieces(name) for name in names)
    letters = [[piece for piece in pieces if piece.isalpha()] for pieces in (first, second)]
    if first == second:
        return True
    if letters[0] == letters[1]:
        return False  # a numbered batch
    shorter, longer = sorted(map(set, letters), key=len)
    if len(shorter) > 1 and shorter < longer:
        return True  # an amendment of it
    titles = [chunk.title for chunk in (one.chunk, other.chunk)]
    if all(titles) and titles[0] != titles[1] and _pieces(titles[0]) == _pieces(titles[1]):
        return True
    openings = [opening(passage) for passage in (one, other)]
    named = [set(facts.names(text)) for text in openings]
    said = [own | set(_PIECE.findall(text)) for own, text in zip(named, openings, strict=True)]
    return not (named[0] - said[1] and named[1] - said[0])


def _pieces(name: str) -> list[str]:
    """Words and numbers of a name without those that tell versions apart."""
    return _PIECE.findall(_VERSION.sub(" ", name.replace("_", " ")).casefold())


def figures_disagree(one: str, other: str, question: str) -> bool:
    """Whether two answers have different figures, not counting those of the question.

    Amounts of one unit are held against each other: "25 days, from 1 January" and "28 days, from 1 January" disagree.
    """
    given = facts.number_variants(question)
    first, second = (set(facts.numbers(text)) - given for text in (one, other))
    if not first or not second:
        return False
    amounts: list[dict[str, set[str]]] = []
    for text in (one, other):
        by_unit: dict[str, set[str]] = {}
        for number, unit in facts.quantities(text):
            if number not in given:
                by_unit.setdefault(unit, set()).add(number)
        amounts.append(by_unit)
    shared = amounts[0].keys() & amounts[1].keys()
    return not first & second or any(not amounts[0][unit] & amounts[1][unit] for unit in shared)


def document_date(row: DocumentRow) -> str:
    """The date of a document for people: the year in its name or title, else the day that it states, or its file."""
    years: list[str] = _YEAR.findall(row.name) or _YEAR.findall(row.title)
    if years:
        return years[-1]
    return row.day
