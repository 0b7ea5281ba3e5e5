"""The answer to a question with several parts: each from the passage that states it, or told as not stated."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from functools import partial
from itertools import zip_longest

from ragapp.answer.answerability import SURE, JudgedPassage
from ragapp.answer.draft import Draft
from ragapp.answer.grounding import MARK
from ragapp.answer.question_kind import Part
from ragapp.answer.single import answer_yes_or_no, write_several
from ragapp.answer.writing import Workbench, place_of
from ragapp.contract import Event, Sentence, Stage
from ragapp.index.analysis import known_terms
from ragapp.retrieval.passage import ScoredChunk

# passages that each part is searched for by itself
PASSAGES_OF_A_PART = 4
# passages that are read for all parts together, for each part
READ_FOR_A_PART = 2
# share of the words of a part that a sentence has which answers it
SAYING_SHARE = 0.75
# words of a part by which the passage's own sentence is chosen where the model says again what it said for another part
WORDS_TO_QUOTE = 2


def answer_parts(bench: Workbench, draft: Draft, parts: Sequence[Part]) -> Generator[Event, None, bool]:
    """Answer each part; False, and nothing is written, where no passage states any.

    A passage is read once and then asked for all open parts, since a further question about what the model has just
    read costs only its own words.
    """
    own = {part: bench.search(part.question, PASSAGES_OF_A_PART).passages for part in parts}
    best = yield from _read(bench, draft, parts, own)
    stated = [part for part in parts if part in best and best[part].probability >= bench.enough]
    if not stated:
        return False
    answered: set[Part] = set()
    asked = {part for part in parts if part not in stated}  # without result so far

    def note(*writing: Part) -> None:
        # Whoever stops it is told of no part that it is not stated before that was asked for, and what is told of the
        # grade meanwhile is never better at the end.
        draft.not_stated = [part.words for part in parts if part in asked and part not in answered]
        held = [best[part].probability for part in (*answered.intersection(stated), *writing)]
        draft.confidence = min(held) if held else max(best[part].probability for part in stated)

    note()
    for group in _by_passage(stated, best):
        passage = best[group[0]].passage
        # what needs several sentences is written by itself: a small model says less of it beside another part
        together = [part for part in group if part.kind != "yes_no" and not part.several]
        if len(together) > 1 and not bench.cancelled():
            whole = draft.question if len(together) == len(parts) else " ".join(part.question for part in together)
            answered |= yield from _write_together(bench, draft, passage, together, whole)
            note()
        for part in group:
            if part in answered or bench.cancelled():
                continue
            note(part)
            if (yield from _write(bench, draft, best[part], part)):
                answered.add(part)
            asked.add(part)
            note()
    # a sentence that was written for one part may answer another, for which no passage was likely enough
    answered |= {part for part in asked - answered if says(draft.sentences, part, bench.language)}
    note()
    if not answered:
        draft.confidence = min(best[part].probability for part in stated)
    return True


def _read(
    bench: Workbench, draft: Draft, parts: Sequence[Part], own: dict[Part, tuple[ScoredChunk, ...]]
) -> Generator[Event, None, dict[Part, JudgedPassage]]:
    """The likeliest passage of each part that was asked about one."""
    best: dict[Part, JudgedPassage] = {}
    highest: dict[int, JudgedPassage] = {}
    order = list(_order(bench.passages, list(own.values()), READ_FOR_A_PART * len(parts) + len(bench.passages)))
    for number, passage in enumerate(order, 1):
        open_parts = [part for part in parts if part not in best or best[part].probability < SURE]
        if not open_parts or bench.cancelled():
            break
        yield Stage("reading", len(order), number=number, place=place_of(passage))
        for part in open_parts:
            # as the search for the part found it
            scored = next((one for one in own[part] if one.chunk.id == passage.chunk.id), None)
            if scored is None and passage not in bench.passages[:2]:
                continue
            judge = bench.judge(part.question, part.kind)
            candidate = scored or passage
            if part in best and judge.hopeless(candidate, max(bench.enough, best[part].probability)):
                continue
            judged = bench.timed(partial(judge.read_one, candidate, bench.cancelled))
            if part not in best or judged.probability > best[part].probability:
                best[part] = judged
            known = highest.get(passage.chunk.id)
            if known is None or judged.probability > known.probability:
                highest[passage.chunk.id] = judged
    draft.judged = sorted(highest.values(), key=lambda one: -one.probability)
    read = [one.passage for one in draft.judged]
    draft.passages = read + [one for one in bench.passages if all(one.chunk.id != known.chunk.id for known in read)]
    draft.confidence = max((one.probability for one in draft.judged), default=0.0)
    return best


def _order(whole: Sequence[ScoredChunk], own: Sequence[Sequence[ScoredChunk]], most: int) -> Iterator[ScoredChunk]:
    """The passages of the whole question and of each part in turn, the best first, each once, ``most`` in all."""
    seen: set[int] = set()
    for rank in zip_longest(whole, *own):
        for passage in rank:
            if passage is not None and passage.chunk.id not in seen and len(seen) < most:
                seen.add(passage.chunk.id)
                yield passage


def _by_passage(stated: Sequence[Part], best: dict[Part, JudgedPassage]) -> list[list[Part]]:
    """The parts in the order of the question, those of one passage together, as it need not be read again then."""
    served: dict[int, list[Part]] = {}
    for part in stated:
        served.setdefault(best[part].passage.chunk.id, []).append(part)
    return list(served.values())


def _write_together(
    bench: Workbench, draft: Draft, passage: ScoredChunk, parts: Sequence[Part], question: str
) -> Generator[Event, None, set[Part]]:
    """Write what one passage states of several parts at once; those that are answered then.

    A small model forgets parts: one counts as answered where a sentence has a word that this part alone asks for.
    """
    before = len(draft.sentences)
    _, stated = yield from bench.tell(draft, question, [passage], bench.prompts.several)
    if not stated:
        return set()
    said = known_terms(" ".join(sentence.text for sentence in draft.sentences[before:]), bench.language)
    asked = {part: known_terms(part.words, bench.language) for part in parts}
    answered = set()
    for part in parts:
        others = [terms for other, terms in asked.items() if other != part]
        own = asked[part].difference(*others)
        if not own or own & said:
            answered.add(part)
    return answered


def _write(bench: Workbench, draft: Draft, judged: JudgedPassage, part: Part) -> Generator[Event, None, bool]:
    """Write one part alone; whether it is stated.

    It is checked by its own words: what other parts are about need not stand in its passage. Where the model only says
    again what was said for another part, the passage's own words are quoted.
    """
    passage, text, before = judged.passage, "", len(draft.sentences)
    if part.kind == "yes_no":
        stated = yield from answer_yes_or_no(bench, draft, part.question, [passage], part.words)
    elif part.several:
        stated = yield from write_several(bench, draft, part.question, [passage])
    else:
        request = bench.prompts.answer
        text, stated = yield from bench.tell(draft, part.question, [passage], request, checked=part.words, alone=True)
    if stated and len(draft.sentences) == before and not says(draft.sentences, part, bench.language):
        # "and for how long?" has no words by which another sentence could be told
        stated = len(known_terms(part.words, bench.language)) < WORDS_TO_QUOTE
        text = text if stated else ""
    for asked, near in ((part.words, f"{text} {part.question}"), (part.question, text)):
        stated = stated or bench.quote(draft, asked, passage, judged.probability, near, part.words)
    yield from draft.proved()
    return stated


def says(sentences: Sequence[Sentence], part: Part, language: str) -> bool:
    """Whether a sentence has nearly all words of a part and says something more: it answers it, whatever it was for."""
    asked = known_terms(part.words, language)
    for sentence in sentences:
        told = known_terms(MARK.sub("", sentence.text), language)
        if asked and told - asked and len(asked & told) >= SAYING_SHARE * len(asked):
            return True
    return False
