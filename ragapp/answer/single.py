"""The answer to one question: a fact, yes or no, or all that a few passages say to it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from ragapp.answer.answerability import JudgedPassage, select_sources
from ragapp.answer.draft import Draft
from ragapp.answer.grounding import own_sentences
from ragapp.answer.prompts import PROMPTS
from ragapp.answer.question_kind import Kind
from ragapp.answer.table_text import is_row, row_told
from ragapp.answer.writing import Workbench
from ragapp.answer.yes_no import decided, is_yes, probability_of_yes, split_particle, with_particle
from ragapp.contract import Event
from ragapp.index.analysis import known_terms
from ragapp.index.lead_in import lead_in
from ragapp.retrieval.passage import ScoredChunk

# Where more than one fact is asked for, a passage is written from as well that the search thinks so highly of, measured
# by the best, and that states the answer by itself; so many at the most.
WORTH_SHARE = 0.85
# From this probability on, a passage is answered from all the same, as likely, where one of its sentences has this
# share of the question's words, which are so many at least, of a yes/no question one less.
LOOK_AGAIN, ALL_SHARE, WORDS_TO_TELL = 0.35, 0.9, 3
# share of the words of a yes/no question that a sentence has which is quoted where the model's is not stated
TELLING_SHARE = 0.75
MOST_SOURCES = 3


def answer_single(bench: Workbench, draft: Draft, kind: Kind, several: bool) -> Generator[Event, None, None]:
    """Judge the passages and write from the likeliest; several things from all that surely state one."""
    question = draft.question
    judge = bench.judge(question, kind)
    read = yield from bench.read(judge, bench.passages)
    if bench.beyond and not bench.cancelled() and (not read or read[0].probability < bench.enough):
        # rather a longer wait than an answer that is lost
        further = yield from bench.read(judge, bench.beyond)
        read = sorted([*read, *further], key=lambda one: -one.probability)
    draft.judged = read
    draft.confidence = read[0].probability if read else 0.0
    ranked = [one.passage for one in read]
    draft.passages = ranked + [one for one in bench.passages if one not in ranked]
    probability = draft.confidence
    if read and LOOK_AGAIN <= probability < bench.enough and _says_all_words(bench, question, kind, read[0].passage):
        draft.confidence, probability = bench.enough, bench.sure
    if not read or draft.confidence < bench.enough:
        draft.used = select_sources(read)
        draft.prompt_tokens = bench.tokens_of(question, draft.used)
        return
    used = select_sources(read)
    if kind == "yes_no":  # where no sentence decides it, none is shown
        yield from answer_yes_or_no(bench, draft, question, used)
    elif several:
        if not (yield from write_several(bench, draft, question, used)):
            bench.quote(draft, question, used[0], probability)
        yield from draft.proved()
        for other in _others(bench, draft, read):
            yield from write_several(bench, draft, question, [other])
    else:
        text, stated = yield from bench.tell(draft, question, used, bench.prompts.answer, main=True)
        if not stated:
            bench.quote(draft, question, used[0], probability, text)
    yield from draft.proved()


def _says_all_words(bench: Workbench, question: str, kind: Kind, passage: ScoredChunk) -> bool:
    """Whether one sentence, row or point of a passage has, with what stands above it, nearly all of a question's words.

    A question that is about something that the documents do not say has, nearly always, a word that none of them has.
    """
    asked = known_terms(question, bench.language)
    if len(asked) < WORDS_TO_TELL - (kind == "yes_no") or bench.missing(question, passage):
        return False
    return own_sentences(question, passage, bench.language, least=ALL_SHARE) is not None


def write_several(
    bench: Workbench, draft: Draft, question: str, used: Sequence[ScoredChunk]
) -> Generator[Event, None, bool]:
    """Write all that passages, with what their sections say next, say to a question; whether anything is stated."""
    longer = [one for passage in used for one in bench.with_next(passage)]
    _, stated = yield from bench.tell(draft, question, longer, bench.prompts.several)
    return stated


def answer_yes_or_no(
    bench: Workbench, draft: Draft, question: str, used: Sequence[ScoredChunk], checked: str = ""
) -> Generator[Event, None, bool]:
    """Write yes or no and the sentence that decides it; the check is of the sentence alone. Whether it is stated.

    Where the words of the passage's sentence do not decide as the model does, that sentence is quoted without either.
    The question that the sentence is ``checked`` by is another one where it was put together with a further part.
    """
    text = yield from bench.write(draft, question, used, bench.prompts.decide)
    if bench.cancelled():
        return False
    said, rest = split_particle(text)
    if not any(map(str.isalnum, rest)):
        return _quote_deciding(bench, draft, question, used[0])
    sentences, citations = bench.ground(rest, checked or question, used)
    if not (sentences and sentences[0].supported):
        return _quote_deciding(bench, draft, question, used[0])
    if bench.language in PROMPTS:
        probable = probability_of_yes(bench.engine, bench.prompts, question, used, bench.cancelled)
        yes = is_yes(said, probable, sentences[0].text, question, bench.language)
        source = used[sentences[0].citations[0] - 1]
        above = "\n".join((source.chunk.title, *source.chunk.headings))
        if decided(question, _introduced(source, sentences[0].quotes[0]), bench.language, above) is not yes:
            # a sentence of the model's that echoes the question is stated by what denies it as well
            return draft.quote(question, source, rest)
        sentences[0] = replace(sentences[0], text=with_particle(sentences[0].text, yes, question, bench.language))
    return draft.state(sentences, citations, used)


def _quote_deciding(bench: Workbench, draft: Draft, question: str, passage: ScoredChunk) -> bool:
    """Quote the sentence, row or point of a passage that has nearly all words of a yes/no question; whether one has.

    With yes or no before it where its words decide.
    """
    found = own_sentences(question, passage, bench.language, least=TELLING_SHARE)
    if found is None or bench.language not in PROMPTS or bench.missing(question, passage):
        return False
    sentence, citation = found
    above = "\n".join((passage.chunk.title, *passage.chunk.headings))
    yes = decided(question, _introduced(passage, citation.quote), bench.language, above)
    if yes is not None:
        sentence = replace(sentence, text=with_particle(sentence.text, yes, question, bench.language))
    draft.own_words |= draft.state([sentence], [citation], [passage])
    return not draft.abstained


def _introduced(passage: ScoredChunk, quote: str) -> str:
    """A quote, that of a list's point behind the line that introduces it, that of a row without its bars."""
    text = passage.chunk.text
    begin = max(0, text.find(quote))
    if is_row(quote):
        return row_told(text, begin)
    lead = lead_in(text, begin)
    return f"{lead} {quote}" if lead else quote


def _others(bench: Workbench, draft: Draft, read: Sequence[JudgedPassage]) -> Generator[ScoredChunk, None, None]:
    """Further passages that state something asked for: those that were judged so, and those that were not read yet."""
    judge = bench.judge(draft.question)
    best = read[0].passage
    known = {one.passage.chunk.id: one for one in read}
    sources = len(draft.used)
    for passage in bench.passages:
        if sources >= MOST_SOURCES or bench.cancelled():
            return
        covered = any(_within(passage, one) for one in draft.used)
        if covered or passage.score < WORTH_SHARE * best.score or bench.strays(passage):
            continue
        one = known.get(passage.chunk.id)
        if one is None:
            one = judge.read_one(passage, bench.cancelled)
        if one.probability >= bench.sure:
            sources += 1
            yield passage


def _within(passage: ScoredChunk, other: ScoredChunk) -> bool:
    """Whether a passage is part of what another, grown one holds."""
    own, whole = passage.chunk, other.chunk
    same = (own.document_id, own.unit) == (whole.document_id, whole.unit)
    return same and whole.start <= own.start and own.end <= whole.end
