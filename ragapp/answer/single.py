"""The answer to one question: a fact, yes or no, or all that a few passages say to it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from ragapp.answer.answerability import JudgedPassage, select_sources
from ragapp.answer.calibration import with_odds
from ragapp.answer.draft import Draft
from ragapp.answer.grounding import MARK, own_sentences
from ragapp.answer.prompts import PROMPTS
from ragapp.answer.question_kind import Kind
from ragapp.answer.table_text import is_row, row_told
from ragapp.answer.writing import Workbench, above, is_within
from ragapp.answer.yes_no import agreed, decided, is_yes, split_particle, with_particle
from ragapp.contract import Citation, Event, Sentence
from ragapp.index.analysis import known_terms
from ragapp.index.lead_in import introduced
from ragapp.retrieval.passage import ScoredChunk

# Where more than one fact is asked for, a passage is written from as well that the search thinks so highly of, measured
# by the best, and that states the answer by itself; so many at the most.
WORTH_SHARE = 0.85
# With these odds, in those that others need, a passage is answered from all the same, as likely, where one of its
# sentences has this share of the question's words, which are so many at least.
LOOK_AGAIN_ODDS, ALL_SHARE, WORDS_TO_TELL = 0.43, 0.9, 3
MOST_SOURCES = 3
# share of a question's words in a sentence that decides it where the model's own is not stated
ALL_BUT_FEW = 0.8
# a yes/no question of fewer terms is about something else where a passage lacks one; who asks in more tells a story
MANY_TERMS = 6
# a question of fewer terms ("Is it allowed?") is decided by many a sentence
FEWEST_TERMS = 2
# odds of a passage with such a sentence, in those that others need
DECIDED_ODDS = 0.25


def answer_single(bench: Workbench, draft: Draft, kind: Kind, several: bool) -> Generator[Event, None, None]:
    """Judge the passages and write from the likeliest; several things from all that surely state one."""
    question = draft.question
    judge = bench.judge(question, kind)
    read = yield from bench.read_found(judge)
    draft.judged = read
    draft.confidence = read[0].probability if read else 0.0
    ranked = [one.passage for one in read]
    draft.passages = ranked + [one for one in bench.passages if one not in ranked]
    probability = draft.confidence
    if kind == "yes_no" and not bench.cancelled() and _quote_deciding(bench, draft, question, read):
        yield from draft.proved()
        return
    near = with_odds(bench.enough, LOOK_AGAIN_ODDS) <= probability < bench.enough
    # of a yes/no question a sentence that has the words must decide it, see above
    if read and near and kind != "yes_no" and _says_all_words(bench, question, read[0].passage):
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


def _says_all_words(bench: Workbench, question: str, passage: ScoredChunk) -> bool:
    """Whether one sentence, row or point of a passage has, with what stands above it, nearly all of a question's words.

    A question that is about something that the documents do not say has, nearly always, a word that none of them has.
    """
    asked = known_terms(question, bench.language)
    if len(asked) < WORDS_TO_TELL or bench.lacks(question, passage):
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
    Where what the model writes is not stated, a sentence of the passage's own that decides it takes its place.
    The question that the sentence is ``checked`` by is another one where it was put together with a further part.
    """
    text = yield from bench.write(draft, question, used, bench.prompts.decide)
    if bench.cancelled():
        return False
    said, rest = split_particle(text)
    sentences, citations = bench.ground(rest, checked or question, used) if any(map(str.isalnum, rest)) else ([], [])
    stated = bool(sentences and sentences[0].supported)
    if not stated:
        sentences, citations = _deciding(bench, question, used, rest, ALL_BUT_FEW)
    if not sentences:
        sure = draft.confidence >= bench.sure and not bench.lacks(question, used[0])
        return sure and _is_about(bench, question, used[0]) and _quote_agreed(bench, draft, question, used[0], rest)
    if bench.language in PROMPTS:
        probable = bench.probability_of_yes(question, used)
        yes = is_yes(said if stated else "", probable, sentences[0].text, question, bench.language)
        source = used[sentences[0].citations[0] - 1]
        if decided(question, _introduced(source, sentences[0].quotes[0]), bench.language, above(source)) is not yes:
            # a sentence of the model's that echoes the question is stated by what denies it as well
            return _quote_agreed(bench, draft, question, source, rest)
        text = with_particle(sentences[0].text, yes, question, bench.language, quoted=not stated)
        sentences[0] = replace(sentences[0], text=text)
    draft.own_words |= not stated
    return draft.state(sentences, citations, used)


def _quote_deciding(bench: Workbench, draft: Draft, question: str, read: Sequence[JudgedPassage]) -> bool:
    """Add the sentence that decides a question by its words, where no passage is sure enough; whether there is one.

    A plain sentence that has all the words of the question is evidence beside the model's and the search's, so a
    quarter of the odds is enough; the answer is to be checked all the same.
    """
    if not read or read[0].probability >= bench.enough or bench.language not in PROMPTS:
        return False
    likely = [one.passage for one in read if one.probability >= with_odds(bench.enough, DECIDED_ODDS)]
    sentences, citations = _deciding(bench, question, likely, "", 1.0)
    if not sentences:
        return False
    source = likely[sentences[0].citations[0] - 1]
    draft.used = [source]
    draft.prompt_tokens = bench.tokens_of(question, draft.used)
    probable = bench.probability_of_yes(question, draft.used)
    yes = is_yes("", probable, sentences[0].text, question, bench.language)
    text = sentences[0].text
    if decided(question, _introduced(source, citations[0].quote), bench.language, above(source)) is yes:
        text = with_particle(text, yes, question, bench.language, quoted=True)
    draft.doubt, draft.own_words = bench.prompts.own_words, True
    return draft.state([replace(sentences[0], text=text, citations=(1,))], [replace(citations[0], n=1)], draft.used)


def _deciding(
    bench: Workbench, question: str, used: Sequence[ScoredChunk], written: str, share: float
) -> tuple[list[Sentence], list[Citation]]:
    """The sentence of some passages that decides a question by its words, nearly all of which it has."""
    if len(known_terms(question, bench.language)) < FEWEST_TERMS:
        return [], []
    for n, passage in enumerate(used, 1):
        found = own_sentences(question, passage, bench.language, written)
        if found is None or bench.lacks(question, passage):
            continue
        sentence, citation = found
        if decided(question, _introduced(passage, citation.quote), bench.language, above(passage), share) is not None:
            return [replace(sentence, citations=(n,))], [replace(citation, n=n)]
    return [], []


def _quote_agreed(bench: Workbench, draft: Draft, question: str, passage: ScoredChunk, written: str) -> bool:
    """Quote the sentence that is nearest to a yes/no question, behind yes or no where the model agrees with it."""
    similar = bench.similar if draft.confidence >= bench.sure else None
    found = own_sentences(question, passage, bench.language, MARK.sub("", written), similar=similar)
    if found is None or bench.cancelled():
        return False
    sentence, citation = found
    if bench.language in PROMPTS:
        probable = bench.probability_of_yes(question, [passage])
        yes = agreed(question, _introduced(passage, citation.quote), probable, bench.language)
        if yes is not None:
            text = with_particle(sentence.text, yes, question, bench.language, quoted=True)
            sentence = replace(sentence, text=text)
    draft.own_words = True
    return draft.state([sentence], [citation], [passage])


def _is_about(bench: Workbench, question: str, passage: ScoredChunk) -> bool:
    """Whether a passage has, with what stands above it, all words of a yes/no question that has few."""
    asked = known_terms(question, bench.language)
    return len(asked) >= MANY_TERMS or asked <= known_terms(f"{above(passage)}\n{passage.chunk.text}", bench.language)


def _introduced(passage: ScoredChunk, quote: str) -> str:
    """A quote, that of a list's point behind the line that introduces it, that of a row without its bars."""
    text = passage.chunk.text
    begin = max(0, text.find(quote))
    return row_told(text, begin) if is_row(quote) else introduced(text, begin, begin + len(quote))


def _others(bench: Workbench, draft: Draft, read: Sequence[JudgedPassage]) -> Generator[ScoredChunk, None, None]:
    """Further passages that state something asked for: those that were judged so, and those that were not read yet."""
    judge = bench.judge(draft.question)
    best = read[0].passage
    known = {one.passage.chunk.id: one for one in read}
    sources = len(draft.used)
    for passage in bench.passages:
        if sources >= MOST_SOURCES or bench.cancelled():
            return
        covered = any(is_within(passage, one) for one in draft.used)
        if covered or passage.score < WORTH_SHARE * best.score or bench.strays(passage):
            continue
        one = known.get(passage.chunk.id)
        if one is None:
            one = judge.read_one(passage, bench.cancelled)
        if one.probability >= bench.sure:
            sources += 1
            yield passage
