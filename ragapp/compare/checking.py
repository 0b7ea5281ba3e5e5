"""What a language model has written of a change, held against its quotes, each half of "Before, …; now, …" by itself.

Grounding (:func:`ragapp.answer.grounding.ground`) holds words against one passage. Which of two quotes says what, and
what took what place, is looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from ragapp.answer import facts
from ragapp.answer.grounding import MARK, Similarity, ground
from ragapp.answer.prompts import PromptSet
from ragapp.contract import Change
from ragapp.data_files import load_yaml
from ragapp.index.analysis import content_words
from ragapp.index.sentences import sentence_spans
from ragapp.reading.tables import ROW, row_cells
from ragapp.retrieval.passage import ScoredChunk

# between the two halves of a sentence
_SEAM = r"(?:[;.,]|[;,]? (?:and|but|et|mais|und|aber|y|pero|e|ma|mas|en|maar))"
_DIRECTIONS: dict[str, dict[str, str]] = load_yaml("directions.yaml", __file__)


def checked_sentence(
    written: str,
    change: Change,
    passages: Sequence[ScoredChunk],
    language: str,
    prompts: PromptSet,
    similar: Similarity | None = None,
) -> str:
    """The sentence that a model has written of a change, as it is shown; empty where it must not be.

    Of a changed statement each half must be stated by its own quote, both must speak of what was changed, and figures
    of the two halves must be those that took each other's place. More or less is only said of figures that are, and
    a half restricts and denies what its quote does. A sentence about a row that does not name it is shown behind the
    row's first cell.

    Args:
        passages: the quotes as passages, the earlier one first.
        language: of what was written, ISO 639-1.
    """
    sentence = _one_sentence(written)
    if change.kind != "changed":
        stated = _stated(sentence, passages[0], language, similar)
        stated = stated and _restricts_as(sentence, passages[0].chunk.text, language)
        return _of_row(sentence, change) if stated else ""
    form = rf"(?:{prompts.once})\b[,:]?\s*(.+?)\s*{_SEAM} (?:{prompts.now})\b[,:]?\s*(.+)"
    halves = re.fullmatch(form, sentence, re.IGNORECASE)
    if not halves or halves[1].strip(" .") == halves[2].strip(" ."):
        return ""
    said = [half.strip(" ;,") for half in halves.groups()]
    if not all(_stated(half, passage, language, similar) for half, passage in zip(said, passages, strict=True)):
        return ""
    pairs = _replaced_figures(change)
    if not (_speaks_of(change, said, language) and _belong_together(said, pairs)):
        return ""
    if not _restrict_alike(said, [passage.chunk.text for passage in passages], language):
        return ""
    return "" if _wrong_direction(said, change, pairs, language) else _of_row(sentence, change)


def _of_row(sentence: str, change: Change) -> str:
    """A sentence about a row with the row's first cell in front, unless it names it: whose figure it is.

    Empty where that cell is another than before and the sentence does not name both.
    """
    quotes = [quote for quote in (change.before, change.after) if quote]
    if not all(ROW.fullmatch(quote.text) for quote in quotes):
        return sentence
    cells = dict.fromkeys(row_cells(quote.text)[0] for quote in quotes)
    unnamed = [cell for cell in cells if cell and cell.casefold() not in sentence.casefold()]
    if not unnamed:
        return sentence
    if len(cells) > 1:
        return ""
    # the first word of the form is no name
    begin = sentence[0].lower() if change.kind == "changed" else sentence[0]
    return f"{unnamed[0]}: {begin}{sentence[1:]}"


def _one_sentence(written: str) -> str:
    """A text on one line without marks; empty where it is no sentence, or several lines."""
    lines = [line.strip(' *"“”«»\t') for line in written.strip().split("\n") if line.strip()]
    sentence = " ".join(MARK.sub("", lines[0]).split()) if len(lines) == 1 else ""
    if not any(map(str.isalpha, sentence)):
        return ""
    return sentence if sentence[-1] in ".!?…" else f"{sentence}."


def _stated(text: str, passage: ScoredChunk, language: str, similar: Similarity | None) -> bool:
    """Whether every sentence of a text is stated by a passage."""
    sentences, _ = ground(text, "", [passage], language, similar)
    return bool(sentences) and all(sentence.supported for sentence in sentences)


def _replaced_figures(change: Change) -> list[tuple[set[str], set[str]]]:
    """The figures of the words that took each other's place, in order."""
    pairs: list[tuple[set[str], set[str]]] = []
    gone: set[str] = set()
    for piece in change.pieces:
        figures = set(facts.numbers(piece.text))
        if piece.kind == "added":
            pairs.append((gone, figures))
        gone = figures if piece.kind == "removed" else set()
    return [(before, after) for before, after in pairs if before and after]


def _belong_together(said: Sequence[str], pairs: Sequence[tuple[set[str], set[str]]]) -> bool:
    """Whether the changed figures of both halves are those that took each other's place: £160 by £175, not by £14."""
    before, after = (set(facts.numbers(half)) for half in said)
    used = [{n for n, pair in enumerate(pairs) if pair[side] & own} for side, own in enumerate((before, after))]
    return used[0] == used[1]


def _speaks_of(change: Change, said: Sequence[str], language: str) -> bool:
    """Whether each half has something of the words that were changed on its side, where there are any."""
    for kind, half in zip(("removed", "added"), said, strict=True):
        text = " ".join(piece.text for piece in change.pieces if piece.kind == kind)
        figures = set(facts.numbers(text))
        if change.facts and figures:
            if not figures & set(facts.numbers(half)):
                return False
        elif (words := content_words(text, language)) and not words & content_words(half, language):
            return False
    return True


def _restricts_as(text: str, quote: str, language: str) -> bool:
    """Whether a sentence restricts and denies no more than its quote, and, where that is one sentence, no less."""
    said, stated = facts.restrictions(text, language), facts.restrictions(quote, language)
    return said <= stated and (said == stated or len(list(sentence_spans(quote))) > 1)


def _restrict_alike(said: Sequence[str], quotes: Sequence[str], language: str) -> bool:
    """Whether each half restricts and denies no more than its quote, and does where the other quote does not."""
    own = [facts.restrictions(half, language) for half in said]
    stated = [facts.restrictions(quote, language) for quote in quotes]
    return all(own[side] <= stated[side] and stated[side] - stated[1 - side] <= own[side] for side in (0, 1))


def _wrong_direction(
    said: Sequence[str], change: Change, pairs: Sequence[tuple[set[str], set[str]]], language: str
) -> bool:
    """Whether more or less is said where neither the quotes say it nor the figures show it."""
    own = f"{change.before.shown if change.before else ''}\n{change.after.shown if change.after else ''}"
    numbers = set(facts.numbers(" ".join(said)))
    used = [pair for pair in pairs if pair[0] | pair[1] <= numbers and len(pair[0]) == len(pair[1]) == 1]
    grown = {float(next(iter(after))) > float(next(iter(before))) for before, after in used}
    for name, is_more in (("more", True), ("less", False)):
        pattern = _direction(name, language)
        words = [word for half in said for word in pattern.findall(half) if not re.search(re.escape(word), own, re.I)]
        if words and grown != {is_more}:
            return True
    return False


@cache
def _direction(name: str, language: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_DIRECTIONS[name][language]})\b", re.IGNORECASE)
