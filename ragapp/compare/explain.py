"""Changes in one plain sentence each: the language model words it, and it is shown where the quotes state it.

The model finds no change: it is given one that :mod:`ragapp.compare.comparer` has found. What it writes is held against
the quotes by :mod:`ragapp.compare.checking`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from ragapp.answer.grounding import REFERS, Similarity
from ragapp.answer.prompts import DEFAULT_LANGUAGE, PROMPTS, PromptSet, change_messages, prompts_for
from ragapp.compare.checking import checked_sentence
from ragapp.contract import Change, Comparison, Explained, Quote, Stage
from ragapp.errors import CancelledError
from ragapp.index.records import StoredChunk
from ragapp.llm.interface import LanguageModel
from ragapp.reading.tables import ROW, row_cells
from ragapp.retrieval.passage import ScoredChunk
from ragapp.settings import Settings

#: changes that are put into words at a time, the first of a comparison: the most important ones
MOST_EXPLAINED = 10
#: a longer quote cannot be said in a sentence, and takes long to read
LONGEST_QUOTE = 1_200
ANSWER_TOKENS = 120


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
    if len(stored) == len(shown) and all(map(ROW.fullmatch, stored)):
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
