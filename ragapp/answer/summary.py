"""A summary of one document: part by part, then of the parts, every sentence with the page that states it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, zip_longest

from ragapp.answer.grounding import MARK, Similarity, ground
from ragapp.answer.prompts import DEFAULT_LANGUAGE, PROMPTS, PromptSet, prompts_for, render_passage, summary_messages
from ragapp.contract import Answer, AnswerContext, Citation, Event, Sentence, Stage
from ragapp.errors import EmptyStoreError, UsageError
from ragapp.index.catalog import Catalog
from ragapp.llm.interface import LanguageModel
from ragapp.retrieval.passage import ScoredChunk
from ragapp.retrieval.scope import matching_documents
from ragapp.settings import Settings

# tokens of a part: a small model says the more of a part, the shorter that is
PART_TOKENS = 700
PART_ANSWER_TOKENS = 120
FEWEST_PARTS = 4
# so many sentences are a summary; more are summarised again
ENOUGH_SENTENCES = 8
# share of the passages that a shorter text must rest on, or of its sentences that must rest on one each
LEAST_SHARE = 2 / 3
# for the frame of the prompt and seams between its parts
FRAME_TOKENS = 250

_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")

# a sentence about the prompt's passages instead of about what they say
_TOLD = re.compile(r"(?:(?:the|this|these|le|ce|les|ces)\s+)?passages?\b", re.IGNORECASE)

# a sentence, and the passage that states it
Said = tuple[str, ScoredChunk]


class Summarizer:
    """Summarises documents of a catalog; ``similar`` is for :func:`ragapp.answer.grounding.ground`."""

    def __init__(
        self,
        catalog: Catalog,
        engine: Callable[[], LanguageModel],
        settings: Settings,
        similar: Similarity | None = None,
    ):
        self._catalog, self._engine, self._settings, self._similar = catalog, engine, settings, similar

    def summarize(
        self,
        pattern: str,
        cancelled: Callable[[], bool] = lambda: False,
        *,
        language: str = "",
        most: int = ENOUGH_SENTENCES,
    ) -> Iterator[Event]:
        """Summarise one document.

        Map and reduce: the model says in two sentences what each part says; sentences that the part does not state are
        left out.  Where that is more than a summary, the sentences of neighbouring parts are summarised again, and what
        comes out is held against the passages that they rest on.

        Args:
            pattern: a name or shell pattern that one document matches.
            cancelled: asked often; True ends with what there is so far.
            language: of the summary, ISO 639-1; that of the document when empty.
            most: sentences that it may have, one at least.

        Yields:
            A stage for each part, and one :class:`Answer` at the end.

        Raises:
            PathError: no document matches.
            UsageError: several do.
            EmptyStoreError: the document has no text.
        """
        started = time.monotonic()
        documents = self._catalog.documents()
        matching = set(matching_documents(documents, pattern))
        rows = [row for row in documents if row.id in matching]
        if len(rows) > 1:
            such = f"{rows[0].name}, {rows[1].name}"
            raise UsageError(f"{len(rows)} documents match {pattern!r}, such as {such}.", "Name one of them.")
        (row,) = rows
        chunks = self._catalog.chunks(self._catalog.chunk_ids([row.id])).values()
        passages = [
            ScoredChunk(chunk, 1.0, 0.0, 0.0) for chunk in sorted(chunks, key=lambda c: (c.unit, c.start, c.id))
        ]
        if not passages:
            raise EmptyStoreError(f"{row.name} has no text that could be summarised.", "See: ragapp documents show")
        engine = self._engine()
        language = language or (row.language if row.language in PROMPTS else DEFAULT_LANGUAGE)
        prompts = prompts_for(language, self._settings.answer.prompts)
        parts = list(_parts(passages, engine))
        if len(parts) == 1:  # of a short document, too, more is said by what its sections say
            parts = _split(passages, FEWEST_PARTS)
        said: list[Said] = []
        for number, part in enumerate(parts, 1):
            if cancelled():
                break
            yield Stage("summarising", len(part), part=number, parts=len(parts))
            said += self._say(engine, prompts, part, part, cancelled, language)
        of_parts = len(said)
        while len(said) > most and not cancelled():
            yield Stage("summarising", len(said), part=len(parts), parts=len(parts))
            shorter = self._shortened(engine, prompts, said, cancelled, language)
            # a small model often repeats what it is given, or its beginning alone
            said = shorter if len(shorter) < len(said) and _is_of_all(shorter, said) else _spread(said, most)
        answer = self._answer(row.name, said, prompts.not_found, language)
        yield replace(
            answer,
            model=engine.name,
            timings={"total_s": round(time.monotonic() - started, 3), "sentences_of_parts": of_parts},
            context=AnswerContext(engine.window, parts=len(parts), passages_used=len(passages)),
        )

    def _say(
        self,
        engine: LanguageModel,
        prompts: PromptSet,
        shown: Sequence[ScoredChunk],
        sources: Sequence[ScoredChunk],
        cancelled: Callable[[], bool],
        language: str,
        shorten: bool = False,
    ) -> list[Said]:
        """What the model says of passages, as far as their sources state it."""
        messages = summary_messages(prompts, shown, engine.escape, shorten)
        text = "".join(engine.generate(messages, max_tokens=PART_ANSWER_TOKENS, cancelled=cancelled))
        lines = "\n".join(_BULLET.sub("", line) for line in text.splitlines())
        sentences, _ = ground(lines, "", sources, language, self._similar)
        if engine.stats.ended == "limit" and len(sentences) > 1:  # the last one was cut off
            sentences = sentences[:-1]
        stated = ((MARK.sub("", sentence.text), sentence) for sentence in sentences if sentence.supported)
        said = [(words, sources[sentence.citations[0] - 1]) for words, sentence in dict(stated).items()]
        return [one for one in said if not _TOLD.match(one[0])] or said

    def _shortened(
        self,
        engine: LanguageModel,
        prompts: PromptSet,
        said: Sequence[Said],
        cancelled: Callable[[], bool],
        language: str,
    ) -> list[Said]:
        sources = {source.chunk.id: source for _, source in said}
        shown = [replace(source, chunk=replace(source.chunk, text=words)) for words, source in said]
        shorter: list[Said] = []
        for part in _parts(shown, engine):
            behind = list({one.chunk.id: sources[one.chunk.id] for one in part}.values())
            shorter += self._say(engine, prompts, part, behind, cancelled, language, shorten=True)
        return shorter

    def _answer(self, name: str, said: Sequence[Said], not_found: str, language: str) -> Answer:
        sources: list[ScoredChunk] = []
        sentences: list[Sentence] = []
        citations: list[Citation] = []
        for words, source in said:
            (sentence,), (citation,) = ground(words, "", [source], language, self._similar)
            if source not in sources:
                sources.append(source)
                citations.append(replace(citation, n=len(sources)))
            n = sources.index(source) + 1
            sentences.append(Sentence(f"{words} [{n}]", sentence.supported, (n,), sentence.quotes))
        return Answer(
            name,
            "\n".join(sentence.text for sentence in sentences) or not_found,
            not sentences,
            1.0 if sentences else 0.0,
            tuple(sentences),
            tuple(citations),
            tuple(passage.described(n) for n, passage in enumerate(sources, 1)),
            language=language,
            standalone=name,
        )


def _is_of_all(shorter: Sequence[Said], said: Sequence[Said]) -> bool:
    """Whether some sentences rest on most of the passages that the longer text rests on, as far as they can."""
    sources, kept = ({source.chunk.id for _, source in sentences} for sentences in (said, shorter))
    return bool(kept) and len(kept) >= LEAST_SHARE * min(len(sources), len(shorter))


def _spread(said: Sequence[Said], most: int) -> list[Said]:
    """So many of the sentences, in their order: the first of each passage, then second ones; evenly over passages."""
    of_each: dict[int, list[int]] = {}
    for number, (_, source) in enumerate(said):
        of_each.setdefault(source.chunk.id, []).append(number)
    taken: list[int] = []
    for numbers in zip_longest(*of_each.values()):
        there = [number for number in numbers if number is not None]
        count = min(most - len(taken), len(there))
        taken += [there[n * len(there) // count] for n in range(count)]
    return [said[number] for number in sorted(taken)]


def _split(passages: Sequence[ScoredChunk], count: int) -> list[list[ScoredChunk]]:
    """Successive passages in as many parts, or one for each."""
    count = min(count, len(passages))
    bounds = [number * len(passages) // count for number in range(count + 1)]
    return [list(passages[begin:end]) for begin, end in pairwise(bounds)]


def _parts(passages: Sequence[ScoredChunk], engine: LanguageModel) -> Iterator[list[ScoredChunk]]:
    """Successive passages, as many as fit a part, one at least."""
    room = budget = min(PART_TOKENS, engine.window - PART_ANSWER_TOKENS - FRAME_TOKENS)
    part: list[ScoredChunk] = []
    for passage in passages:
        tokens = engine.count(engine.escape(render_passage(len(part) + 1, passage)))
        if part and tokens > room:
            yield part
            part, room = [], budget
        part.append(passage)
        room -= tokens
    if part:
        yield part
