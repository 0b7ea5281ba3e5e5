"""Changes in one plain sentence each: the language model words it, and it is shown where the quotes state it.

The model finds no change: it is given one that :mod:`ragapp.compare.comparer` has found. What it writes is held against
the quotes by :func:`ragapp.answer.grounding.ground`, each half of "Before, …; now, …" against its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from ragapp.answer import facts, load_yaml
from ragapp.answer.grounding import MARK, REFERS, Similarity, ground
from ragapp.answer.prompts import DEFAULT_LANGUAGE, PROMPTS, PromptSet, change_messages, prompts_for
from ragapp.answer.sentences import sentence_spans
from ragapp.contract import Change, Comparison, Explained, Quote, Stage
from ragapp.errors import CancelledError
from ragapp.index.analysis import content_words
from ragapp.index.records import StoredChunk
from ragapp.llm.interface import LanguageModel
from ragapp.reading.tables import row_cells
from ragapp.retrieval.passage import ScoredChunk
from ragapp.settings import Settings

#: changes that are put into words at a time, the first of a comparison: the most important ones
MOST_EXPLAINED = 10
#: a longer quote cannot be said in a sentence, and takes long to read
LONGEST_QUOTE = 1_200
ANSWER_TOKENS = 120
_ROW = re.compile(r"\s*\|.*\|\s*")
# between the two halves of a sentence
_SEAM = r"(?:[;.,]|[;,]? (?:and|but|et|mais|und|aber|y|pero|e|ma|mas|en|maar))"
_DIRECTIONS: dict[str, dict[str, str]] = load_yaml("directions.yaml", "ragapp.compare")


class ChangeExplainer:
    """Puts changes into words; ``similar`` is for :func:`ragapp.answer.grounding.ground`."""

    def __init__(self, engine: Callable[[], LanguageModel], settings: Settings, similar: Similarity | None = None):
        self._engine, self._settings, self._similar = engine, settings, similar

    def explain(
        self, found: Comparison, cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[Stage | Explained | Comparison]:
        """Say the most important changes of a comparison in a plain sentence each, in the later document's language.

        A comparison of which some were read goes on with the next one.

        Args:
            cancelled: asked often; True ends with what there is so far.

        Yields:
            A stage before each change, an :class:`Explained` for each sentence that the quotes state, and at the end
            the comparison with these sentences.

        Raises:
            ModelError: the language model cannot be used.
        """
        chosen = explainable(found)
        changes = list(found.changes)
        read = min(found.explained, len(chosen))
        first = read + 1
        if chosen[read:] and not cancelled():
            yield Stage("explaining", part=first, parts=len(chosen))  # the model may have to be loaded
            engine = self._engine()
            language = found.after.language if found.after.language in PROMPTS else DEFAULT_LANGUAGE
            prompts = prompts_for(language, self._settings.answer.prompts)
            for number, at in enumerate(chosen[first - 1 :], first):
                if cancelled():
                    break
                if number > first:
                    yield Stage("explaining", part=number, parts=len(chosen))
                try:
                    sentence = self._sentence(engine, prompts, language, found, changes[at], cancelled)
                except CancelledError:
                    break
                read = number
                if sentence:
                    changes[at] = replace(changes[at], explanation=sentence)
                    yield Explained(at, sentence)
        yield replace(found, changes=tuple(changes), explained=read)

    def _sentence(
        self,
        engine: LanguageModel,
        prompts: PromptSet,
        language: str,
        found: Comparison,
        change: Change,
        cancelled: Callable[[], bool],
    ) -> str:
        """What the model says of a change, where the quotes state it; empty where they do not."""
        sides = ((change.before, found.before), (change.after, found.after))
        passages = [_passage(quote, document.title, document.language) for quote, document in sides if quote]
        messages = change_messages(prompts, passages, engine.escape)
        written = "".join(engine.generate(messages, max_tokens=ANSWER_TOKENS, cancelled=cancelled))
        if engine.stats.ended in ("limit", "stopped"):  # it was cut off
            return ""
        return checked_sentence(written, change, passages, language, prompts, self._similar)


def explainable(found: Comparison) -> list[int]:
    """Which changes of a comparison are put into words, by their places in it: the first ones that are no moves.

    Neither are those whose quotes are headings or long, or are about something that only the sentence before them
    names ("It is approved by …"): a model would name something else.
    """
    return [
        number
        for number, change in enumerate(found.changes)
        if change.kind != "moved"
        and not any(
            len(quote.shown) > LONGEST_QUOTE or _is_heading(quote) or _refers(quote, document.language)
            for quote, document in ((change.before, found.before), (change.after, found.after))
            if quote
        )
    ][:MOST_EXPLAINED]


def _is_heading(quote: Quote) -> bool:
    return " ".join(quote.section.rpartition(" > ")[2].split()) == quote.shown


def _refers(quote: Quote, language: str) -> bool:
    """Whether a quote begins by referring to what stands before it."""
    begin = REFERS.match(quote.shown)
    # a pronoun in Dutch, and an article in German
    return begin is not None and not (language == "de" and begin[0].strip().casefold() == "die")


def explained(events: Iterable[Stage | Explained | Comparison]) -> Comparison:
    """The comparison at the end of what :meth:`ChangeExplainer.explain` yields."""
    for event in events:
        if isinstance(event, Comparison):
            return event
    raise AssertionError("the events end with a Comparison")


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
    if not all(_ROW.fullmatch(quote.text) for quote in quotes):
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


def _passage(quote: Quote, title: str, language: str) -> ScoredChunk:
    """A quote as the model reads it and grounding checks it."""
    text = "\n".join(_with_header(*lines) for lines in _lines(quote))
    headings = tuple(quote.section.split(" > ")) if quote.section else ()
    place = {"document_id": 0, "document": quote.document, "title": title, "path": quote.path, "language": language}
    chunk = StoredChunk(
        quote.page,
        headings,
        text,
        0,
        len(text),
        id=0,
        label=quote.label,
        kind=quote.kind,
        **place,  # type: ignore[arg-type]
    )
    return ScoredChunk(chunk, 1.0, 0.0, 0.0)


def _lines(quote: Quote) -> list[tuple[str, str]]:
    """A quote as it is stored and as it is shown, row by row; of anything but rows, as it is shown."""
    stored, shown = quote.text.split("\n"), quote.shown.split("\n")
    if len(stored) == len(shown) and all(map(_ROW.fullmatch, stored)):
        return list(zip(stored, shown, strict=True))
    return [("", quote.shown)]


def _with_header(stored: str, shown: str) -> str:
    """A row below a header with the names of its columns, by which grounding tells one cell from another."""
    cells, names, at = row_cells(stored) if stored else [], [], 0
    for cell in cells:
        begin = shown.find(cell, at)
        if begin < 0:
            return shown
        names.append(shown[at:begin].strip("; ").removesuffix(":") if cell else "")
        at = begin + len(cell)
    if not any(names):
        return shown
    return "\n".join(f"| {' | '.join(row)} |" for row in (names, ["---"] * len(cells), cells))


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
