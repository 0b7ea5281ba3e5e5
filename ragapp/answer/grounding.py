"""Grounding: which passage states each sentence of an answer, and in which words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from ragapp.answer import facts
from ragapp.answer.comparisons import gives_other_bound, misses_bound, misses_quarter, turns_bound
from ragapp.answer.conditions import leaves_out_condition
from ragapp.answer.prompt_injection import blank_injections
from ragapp.answer.repetition import stands
from ragapp.answer.rival_statements import Statement, clauses, is_of_a_rival, statement
from ragapp.answer.spelled_quantities import lacks_spelled_quantity
from ragapp.answer.subjects import CAPITAL_NOUNS, Subjects, particulars, says_it_of_a_sibling
from ragapp.answer.table_rows import (
    breaks_condition,
    mixes_rows,
    of_another_column,
    of_another_row,
    of_something_for_it,
    tells_no_change,
)
from ragapp.answer.table_text import head_of, is_row, row_told
from ragapp.answer.ticked_boxes import blank_options, blank_unticked, denies_ticks
from ragapp.answer.wanted_fact import asks_name, asks_quantity, asks_who, lacks_wanted_fact
from ragapp.answer.weekdays import weekdays
from ragapp.answer.yes_no import Polarity, asks_yes_or_no, split_particle
from ragapp.contract import Citation, Sentence
from ragapp.index.analysis import content_terms, content_words, folded_words, known_terms
from ragapp.index.dates import dates
from ragapp.index.lead_in import POINT, introduced, lead_in
from ragapp.index.records import StoredChunk
from ragapp.index.sentences import DRAWN, PARAGRAPH, sentence_spans
from ragapp.retrieval.passage import ScoredChunk

#: a citation mark, such as ``[1]``
MARK = re.compile(r"\s*\[(\d{1,2}(?:\s*[,;]\s*\d{1,2})*)\]")
_LEADING_MARKS = re.compile(rf"(?:{MARK.pattern})+\s*")
# characters behind a full stop by which it is known whether a sentence ends there, unless they are one word or a mark
_TELLING = 12
_OPEN_END = re.compile(r"[^\W\d_]+|\[[\d,;\s]*")
_ENDING = re.compile(r"[.!?…\n]")
_ITEM_NUMBER = re.compile(r"^(\d{1,2})[.)]\s+")
# share of a sentence's own terms that a passage which supports it must have
SUPPORT_SHARE = 0.5
# share of a question's words that a sentence must have, with the headings above it, to be shown as it stands
OWN_WORDS_SHARE = 0.5
# and a row, with the head of its table
ROW_SHARE = 0.65
# semantic similarity to a question at which a sentence may be shown that has few of its words, and what the share of
# the words counts beside it where sentences are compared
MEANT, WORDS_BESIDE = 0.3, 0.5
# words that such a sentence has at least: less is a label
SAYING_WORDS = 6
# by how much the support of another passage must be higher to take a citation over
CITED_MARGIN = 0.34
# semantic similarity at which a sentence in other words is supported, and one in another language, alone and where a
# figure or name of it stands there
SIMILAR = 0.75
SIMILAR_ACROSS, SIMILAR_WITH_FACT = 0.4, 0.3
# words that an answer to "who" may say it with, at its beginning
ACTOR_WORDS = 4
# so many sentences in a row may be put into one; and by so many more words another sentence is nearer than the one that
# has the figure
TOGETHER = 3
NEARER_WORDS = 2
MAX_QUOTE_CHARACTERS = 400
FIGURE_WEIGHT = 3
LONG_STATEMENT_CHARACTERS = 240
_LETTER = re.compile(r"[^\W_]")
# a question with a second one behind "and"
_PARTS = re.compile(
    r"\b(?:and|et|und|y|e|en)\s(?:\w+\s)?(?:what|who|whom|when|where|which|how|why|qui|quand|comment|combien|quels?|quelles?|où|wer"
    r"|wann|wie|was|welche\w*|wo|qué|quién|cuándo|cómo|cuánt\w*|cuál\w*|chi|quando|come|quant\w*|qual\w*|wat|wie|wanneer|hoe\w*"
    r"|quem|como|quanto\w*)\b|\b(?:differ|compar|unterschied|vergleich|différen|diferen|differen|verschil|vergelijk|confront)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;,|]\s|\s(?:and|but|et|mais|und|aber|y|pero|e|ma|en|maar|mas)\s")
#: words at the beginning of a sentence by which it is about what the sentence before it says
REFERS = re.compile(
    r"\W*(?:it|its|this|these|that|they|their|he|she|his|her|such|there|il|elle|ils|elles|ce|cette|ces|celui-ci|celle-ci|leur|er|sie"
    r"|es|dies\w*|dort|dessen|deren|ella|ellos|este|esta|estos|estas|esto|su|sus|esso|essa|questo|questa|questi|queste|suo|sua|het"
    r"|dit|deze|die|hij|zij|ze|isto|ele|ela|eles|elas|esse|essa)\b",
    re.IGNORECASE,
)
# what says of a denial where it does not hold
_EXCEPT = re.compile(
    r"\b(?:except(?:\s(?:for|to|in|when|where|if))?|unless|other than|sauf|hormis|excepté|à moins que"
    r"|à l['’]exception d\w*|außer|es sei denn|salvo|excepto|tranne|eccetto|behalve|tenzij|exceto)\b",
    re.IGNORECASE,
)
# a name of several words
_FULL_NAME = re.compile(r"(?<!\w)[A-ZÀ-ÖØ-Þ][\w’'-]*[a-zß-öø-ÿ](?: [A-ZÀ-ÖØ-Þ][\w’'-]*[a-zß-öø-ÿ])+")
# space, and lines that are drawn with characters
_BLANK = re.compile(rf"(?:\s|{DRAWN})*+")

#: semantic similarity of a text to each of several others, 0 unrelated to 1 identical
Similarity = Callable[[str, Sequence[str]], Sequence[float]]
# offsets in a passage's text
Span = tuple[int, int]


def ground(
    answer: str,
    question: str,
    passages: Sequence[ScoredChunk],
    language: str,
    similar: Similarity | None = None,
    subjects: Subjects | None = None,
) -> tuple[list[Sentence], list[Citation]]:
    """Attribute each sentence of an answer to the passage that states it.

    A passage supports a sentence when it has every number (with its unit), date and name of the sentence and most of
    the words that the sentence adds to the question, and neither negates the other.  They must stand together: in one
    row with what the question asks for, or in sentences next to each other.  The names, codes and years that the
    question gives must stand in the passage, in its headings, or at the beginning of its document.  A yes or no in
    front is held against the sentence that decides it.  A sentence in another language than the passage is held against
    its figures and its meaning.  A citation of a passage that does not support its sentence is moved to one that does,
    or dropped.  Prompt injections in a passage support nothing.

    Args:
        answer: as the model wrote it, with marks such as ``[1]``, in ``language`` (ISO 639-1).
        question: repeating its words is no evidence.
        passages: in the order of their numbers in the prompt.
        similar: for sentences whose words differ from the passage's; None leaves those unsupported.
        subjects: of the question; None knows of each passage no more than itself.

    Returns:
        The sentences with corrected marks, and one citation for each cited passage, in order of appearance.
    """
    grounding = Grounding(question, passages, language, similar, subjects)
    return grounding.read(answer, ended=True), grounding.citations


class Grounding:
    """The sentences of one text, each attributed as soon as nothing that may follow changes it.

    A sentence is held against the passages by itself, so that is the same as :func:`ground` of the whole text, which
    says what the arguments are. What comes later decides only where a sentence ends, whether points are numbered, and
    whether the model has begun to repeat itself.
    """

    def __init__(
        self,
        question: str,
        passages: Sequence[ScoredChunk],
        language: str,
        similar: Similarity | None = None,
        subjects: Subjects | None = None,
    ):
        self._question, self._passages, self._language = question, passages, language
        self._similar, self._subjects = similar, subjects
        self._citations: dict[int, Citation] = {}
        self._done = self._end = 0  # sentences of the text that were read, and where the last of them ends

    @property
    def citations(self) -> list[Citation]:
        """One for each passage that is cited so far, in order of appearance."""
        return list(self._citations.values())

    @cached_property
    def _evidence(self) -> _Evidence:
        passages = [blank_injections(passage) for passage in self._passages]
        return _Evidence(self._question, passages, self._language, self._similar, self._subjects)

    def waiting(self, text: str) -> int:
        """How many sentences of a text that is being written may be read and have not been."""
        if not _ENDING.search(text, self._end):  # asked for each token, mostly in the middle of a sentence
            return 0
        return max(0, _settled(text, _written(text)) - self._done)

    def read(self, text: str, *, ended: bool) -> list[Sentence]:
        """Attribute the sentences that were not read yet of a text, which has only grown since the last time.

        Args:
            ended: whether that is all of it; else what may change yet is left for later.
        """
        written = _written(text)
        settled = len(written) if ended else _settled(text, written)
        numbered = _is_numbered([one.text for one in written[:settled]], ended)
        sentences = []
        for one in written[self._done : settled]:
            cited = [int(n) for group in MARK.findall(one.text) for n in re.findall(r"\d+", group)]
            cited = [n for n in dict.fromkeys(cited) if 1 <= n <= len(self._passages)]
            told = MARK.sub("", one.text).strip()
            # its number is a part of it where the points are not numbered, and that may not be known yet
            bare = _ITEM_NUMBER.sub("", told)
            claims = dict.fromkeys([bare] if numbered else [told] if numbered is False else [told, bare])
            claim, *others = [(bool(claim.strip(" .,;:!?")), claim) for claim in claims]
            found = self._evidence.find(claim[1], cited) if claim[0] else None
            if others:
                says, other = others[0]
                if says != claim[0] or (self._evidence.find(other, cited) if says else None) != found:
                    break
            self._done, self._end = self._done + 1, one.end
            if not claim[0]:
                continue
            if found:
                n, span = found
                citation = self._evidence.cite(n, span)
                self._citations.setdefault(n, citation)
                for text in self._evidence.with_condition(told, claim[1], n, span):
                    sentences.append(Sentence(f"{text} [{n}]", True, (n,), (citation.quote,)))
            else:
                sentences.append(Sentence(told, False, ()))
        return sentences


def citation_of(chunk: StoredChunk, n: int, span: Span) -> Citation:
    """The citation with number ``n`` of some words of a chunk, by their offsets in its text."""
    quote = chunk.text[slice(*span)]
    # a table chunk repeats its header: its rows stand in the unit at the end of its span
    start = max(chunk.start, chunk.end - len(chunk.text) + span[0])
    place = (chunk.document, chunk.path, chunk.unit, chunk.label, chunk.kind)
    return Citation(*place, n=n, quote=quote, start=start, end=start + len(quote))


def own_sentences(
    question: str,
    passage: ScoredChunk,
    language: str,
    written: str = "",
    least: float = OWN_WORDS_SHARE,
    similar: Similarity | None = None,
) -> tuple[Sentence, Citation] | None:
    """The sentence or row of a passage that has most of a question's words, quoted; None where none has enough.

    For a passage that surely states the answer where what was ``written`` of it is not stated there; its words count,
    too, since it mostly is the right place told wrongly. A row is told with the names of its columns, a point of a list
    behind the line that introduces it.

    Args:
        least: share of the question's words that it must have, with what stands above it.
        similar: where it is given, the sentence is also told by its meaning, which people seldom ask for in its words.
    """
    # a name stands in a sentence that has the words; those that are only near to them have other names
    meaning = None if asks_name(question, language) else similar
    evidence = _Evidence(question, [blank_injections(passage)], language, meaning)
    span = evidence.nearest(written, least)
    if span is None:
        return None
    citation, text = evidence.cite(1, span), passage.chunk.text
    told = " ".join(citation.quote.split())
    if is_row(told):
        told = row_told(text, span[0])
    elif lead := lead_in(text, span[0]):
        told = f"{lead}: {POINT.sub('', told, count=1)}"
    return Sentence(f"{told} [1]", True, (1,), (citation.quote,)), citation


@dataclass(slots=True)
class _Written:
    """A sentence of a text, its marks behind it, and its offsets there."""

    text: str
    start: int
    end: int


def _written(text: str) -> list[_Written]:
    sentences: list[_Written] = []
    offset = 0
    for whole in text.splitlines(keepends=True):
        line = whole.strip()
        at = offset + len(whole) - len(whole.lstrip())
        offset += len(whole)
        for number, (begin, end) in enumerate(sentence_spans(line)):
            marks = _LEADING_MARKS.match(line[begin:end])
            if number and marks:
                told = marks[0].strip()
                sentences[-1].text += f" {told}"
                sentences[-1].end = at + begin + len(told)
                begin += marks.end()
            if begin < end:
                sentences.append(_Written(line[begin:end], at + begin, at + end))
    return sentences


def _settled(text: str, written: Sequence[_Written]) -> int:
    """How many of the sentences of a text that is being written stay as they are, whatever follows."""
    lines = text.splitlines(keepends=True)
    open_line = len(text) - (len(lines[-1]) if lines and lines[-1].splitlines()[0] == lines[-1] else 0)
    for number, one in enumerate(written):
        behind = text[written[number + 1].start :] if number + 1 < len(written) else ""
        ended = one.end <= open_line or (len(behind) >= _TELLING and not _OPEN_END.fullmatch(behind))
        if not ended or not stands(text, one.end):
            return number
    return len(written)


def _is_numbered(sentences: Sequence[str], ended: bool = True) -> bool | None:
    """Whether an answer numbers its points; such numbers need no support. None where only what follows tells."""
    numbers = [int(item[1]) for item in map(_ITEM_NUMBER.match, sentences) if item]
    if numbers != list(range(1, len(numbers) + 1)):
        return False
    return len(numbers) > 1 if ended else None


class _Evidence:
    """The passages that the sentences of an answer are checked against; they are numbered from 1."""

    def __init__(
        self,
        question: str,
        passages: Sequence[ScoredChunk],
        language: str,
        similar: Similarity | None,
        subjects: Subjects | None = None,
    ):
        self._passages, self._question, self._language, self._similar = passages, question, language, similar
        self._asked, self._given = known_terms(question, language), facts.number_variants(question)
        chunks = [passage.chunk for passage in passages]
        self._around = ["\n".join((chunk.document, chunk.title, *chunk.headings)) for chunk in chunks]
        self._shown = [" \n ".join((chunk.title, *chunk.headings, blank_unticked(chunk.text))) for chunk in chunks]
        # stemmed by the language of the passage and by that of the answer
        self._terms = [
            {term for code in (chunk.language, language) for term in known_terms(shown, code)}
            for chunk, shown in zip(chunks, self._shown, strict=True)
        ]
        self._lacking = list(map((subjects or Subjects(question, language)).missing, passages))
        self._yes_or_no = asks_yes_or_no(question)
        self._spans: dict[tuple[str, int], Span] = {}
        self._several = question.count("?") > 1 or bool(_PARTS.search(question))
        self._particulars = {one.text for one in particulars(question, language)}

    def find(self, text: str, cited: Sequence[int]) -> tuple[int, Span] | None:
        """The passage that states a sentence, and where in it: a cited one if any does, else that with most support.

        Of equal ones, that with more of the question wins: two versions of a policy share many sentences, and the
        question says which is meant.
        """
        said, rest = split_particle(text)
        if said and not _LETTER.search(rest):
            # a yes or no alone is the question, or its denial
            rest = self._question
        if self._cannot_answer(rest):
            return None
        support = {n: self._support(rest, n) for n in range(1, len(self._passages) + 1)}
        echoed = {n: self._echoed(self._terms[n - 1]) for n in support}
        best_first = sorted(support, key=lambda n: (-support[n], n not in cited, -echoed[n], n))
        # the model's own choice stands unless another passage has clearly more support
        kept = [n for n in cited if support[best_first[0]] - support[n] < CITED_MARGIN]
        for n in dict.fromkeys([*kept, *best_first]):
            if support[n] < SUPPORT_SHARE or self._of_another(text, n):
                continue
            span = self._span(rest, n)
            if rest is self._question:
                denied = self._denies_question(n, span)
                if denied is None or denied == (said == "yes"):
                    continue
            elif self._denied(rest, n, span) or (said and self._belied(said, rest, n, span)):
                continue
            if not (
                self._apart(rest, n, span)
                or self._of_another_day(rest, n, span)
                or self._of_another_actor(rest, n, span)
            ):
                return n, span
        return None

    def _cannot_answer(self, text: str) -> bool:
        """Whether a sentence tells nothing of the kind that the question wants, which asks for one thing."""
        if self._several:
            return False
        return lacks_wanted_fact(text, self._question, self._language) or gives_other_bound(text, self._question)

    def _of_another_actor(self, text: str, n: int, span: Span) -> bool:
        """Whether an answer to "who" begins with somebody of whom the passage speaks elsewhere.

        "You have to tell the office. The company reports …" does not say that the company tells the office.
        """
        if not asks_who(self._question, self._language) or self._foreign(n):
            return False
        actor = known_terms(" ".join(text.split()[:ACTOR_WORDS]), self._language) - self._asked
        chunk = self._passages[n - 1].chunk
        statements = _referring(chunk.text, _statements(chunk.text, {self._language, chunk.language}, actor))
        told = known_terms(self._around[n - 1], self._language)
        told = told.union(*(terms for begin, end, terms in statements if begin < span[1] and span[0] < end))
        return bool(actor) and not actor & told

    def _of_another_day(self, text: str, n: int, span: Span) -> bool:
        """Whether a sentence names days of the week that do not stand where it is taken from."""
        days = weekdays(text)
        return bool(days) and not days <= weekdays(f"{self._around[n - 1]}\n{self._introduced(n, span)}")

    def with_condition(self, told: str, claim: str, n: int, span: Span) -> list[str]:
        """A stated sentence, or the passage's own where what was written leaves out a condition under which it holds.

        Where the passage's sentence does not stand by itself, or what was written begins with yes or no, both.
        """
        chunk = self._passages[n - 1].chunk
        quote = " ".join(chunk.text[slice(*span)].split())
        whole = span[1] - span[0] < MAX_QUOTE_CHARACTERS
        if not self._question or self._foreign(n) or is_row(quote) or not whole:
            return [told]
        if not leaves_out_condition(
            claim, self._question, quote, chunk.language, lambda text: known_terms(text, chunk.language)
        ):
            return [told]
        own = POINT.sub("", quote, count=1)
        if split_particle(claim)[0] or REFERS.match(own):
            return [told, own]
        mark = POINT.match(told)
        return [f"{mark[0]}{own}" if mark else own]

    def nearest(self, written: str, least: float) -> Span | None:
        """Where the first passage has most of the words of the question, and half as much of what was written.

        A row has the words of its table's head as well, but must have one of the question's that the head lacks.
        """
        chunk = self._passages[0].chunk
        known = self._asked | known_terms(written, self._language)
        more = known - self._asked
        languages, days = {self._language, chunk.language}, weekdays(self._question)

        def score(statement: tuple[int, int, set[str]]) -> tuple[bool, float, int]:
            start, end, terms = statement
            of_day = bool(days) and days <= weekdays(chunk.text[start:end])
            return of_day, _density(len(self._asked & terms) + 0.5 * len(more & terms), terms), -start

        prose = []
        for start, end, terms in _referring(chunk.text, _statements(chunk.text, languages, known)):
            line = chunk.text[start:end]
            if self._is_title(line):
                continue
            if self._cannot_answer(line):
                continue
            if "|" not in line:
                prose.append((start, end, terms))
            elif is_row(line) and (head := head_of(chunk.text, start)):
                names = {term for code in languages for term in content_terms(" ".join(head), code, known)}
                if terms & self._asked - names:
                    prose.append((start, end, terms | names))
        if not prose:
            return None
        meant = self._meant(prose) if self._similar else {}
        start, end, terms = (
            max(prose, key=lambda one: (score(one)[0], meant[one[:2]])) if meant else max(prose, key=score)
        )
        if misses_bound(self._question, self._with_days(self._question, 1)):  # asked for is what is due before that day
            return None
        above = known_terms(self._around[0], self._language)
        if is_row(row := chunk.text[start:end]):
            if of_another_row(self._question, chunk.text, row, self._words_of):
                return None
            least = max(least, ROW_SHARE)
        elif (
            meant and meant[start, end] - WORDS_BESIDE * self._told(terms) >= MEANT and len(row.split()) >= SAYING_WORDS
        ):
            return start, end
        return (start, end) if terms & self._asked and self._told(terms | above) >= least else None

    def _is_title(self, line: str) -> bool:
        """Whether a line of the first passage is one of the titles above it, which say nothing by themselves."""
        return " ".join(line.split()).casefold() in self._around[0].casefold()

    def _meant(self, statements: Sequence[tuple[int, int, set[str]]]) -> dict[Span, float]:
        """How near each statement is to the question, by meaning and by words."""
        assert self._similar
        near = self._similar(self._question, [self._introduced(1, one[:2]) for one in statements])
        return {
            (start, end): one + WORDS_BESIDE * self._told(terms)
            for (start, end, terms), one in zip(statements, near, strict=True)
        }

    def _told(self, terms: set[str]) -> float:
        """Share of the question's words among some terms."""
        return len(self._asked & terms) / len(self._asked)

    def _echoed(self, terms: set[str]) -> int:
        """How many of the question's words a passage has."""
        return len(terms.intersection(content_terms(self._question, self._language, terms)))

    def cite(self, n: int, span: Span) -> Citation:
        return citation_of(self._passages[n - 1].chunk, n, span)

    def _foreign(self, n: int) -> bool:
        language = self._passages[n - 1].chunk.language
        return bool(language and self._language and language != self._language)

    def _of_another(self, text: str, n: int) -> bool:
        """Whether a passage lacks what the question gives: it is about something else than the sentence.

        Of a question with several parts, a passage may answer one; then what the sentence itself names counts.
        """
        lacking = self._lacking[n - 1]
        if not lacking:
            return False
        if self._several and lacking != self._particulars:
            return any(one in text for one in lacking)
        return True

    def _support(self, text: str, n: int) -> float:
        """Share of what a sentence adds to the question that a passage has; 0 where a figure, date or name is missing.

        A number counts for two words, since the same figure is seldom there by chance.
        """
        shown, terms = self._shown[n - 1], self._terms[n - 1]
        if facts.has_unsupported_figure(text, shown, self._question, self._around[n - 1]):
            return 0.0
        if not self._foreign(n) and lacks_spelled_quantity(text, f"{shown}\n{self._question}", self._language):
            return 0.0
        whole = text
        text, days = facts.blank_shared_dates(text, shown)
        named = [] if self._language in CAPITAL_NOUNS else facts.names(text)
        known = terms | self._asked
        if not self._foreign(n) and not set(content_terms(" ".join(named), self._language, known)) <= known:
            return 0.0
        figures = 2 * (sum(number not in self._given for number in facts.numbers(text)) + days)
        words = content_words(text, self._language, known)
        # a sentence that only repeats the question must be in the passage as a whole
        own = words - self._asked if figures else words - self._asked or words
        weight = len(own) + figures
        share = (len(own & terms) + figures) / weight if weight else 0.0
        if self._foreign(n):
            same = not self._names_another(text, n) and self._means_the_same(whole, n, bool(figures))
            return max(SUPPORT_SHARE, share) if same else 0.0
        if share < SUPPORT_SHARE and self._similar and weight:
            share = SUPPORT_SHARE if self._similar(text, [self._quote(text, n)])[0] >= SIMILAR else share
        return share

    def _names_another(self, text: str, n: int) -> bool:
        """Whether a sentence in another language names somebody of whom neither passage nor question has any word.

        Only names of several words count: of one word it may be a country or town, which each language calls otherwise.
        """
        if self._language in CAPITAL_NOUNS:
            return False
        there = set(folded_words(f"{self._around[n - 1]} {self._shown[n - 1]} {self._question}"))
        return any(not there & set(folded_words(name[0])) for name in _FULL_NAME.finditer(text))

    def _means_the_same(self, text: str, n: int, fact: bool) -> bool:
        """Whether a sentence in another language means what the passage's nearest sentence says."""
        if not self._similar:
            return fact
        near = self._similar(text, [self._quote(text, n)])[0]
        return near >= (SIMILAR_WITH_FACT if fact else SIMILAR_ACROSS)

    def _with_days(self, text: str, n: int) -> str:
        """The line with a date that has the words of a sentence beside its own date, such as ``Due date: 8 May``."""
        days = dates(text)
        ahead = content_terms(text[: days[0][1][0]] if days else text, self._language)

        def nearest(line: str) -> int:
            words = known_terms(facts.blank_shared_dates(line, line)[0], self._language)
            return max((place for place, word in enumerate(ahead) if word in words), default=-1)

        dated = [line for line in self._passages[n - 1].chunk.text.split("\n") if dates(line)]
        best = max(dated, key=nearest, default="")
        return best if best and nearest(best) >= 0 else ""

    def _words_of(self, text: str) -> set[str]:
        return {term for term in known_terms(text, self._language) if not term.isdigit()}

    def _stems(self, n: int) -> Callable[[str], Iterable[str]]:
        return lambda words: content_terms(words, self._language, self._terms[n - 1])

    def _denied(self, text: str, n: int, span: Span) -> bool:
        """Whether what a passage states there contradicts a sentence."""
        chunk = self._passages[n - 1].chunk
        quote = blank_options(chunk.text)[slice(*span)]
        if mixes_rows(text, chunk.text) or breaks_condition(self._question, chunk.text, quote):
            return True
        if of_another_row(text, chunk.text, quote, self._words_of):
            return True
        if of_another_column(text, self._question, chunk.text, quote, self._stems(n)):
            return True
        said = self._words_of(text) | self._asked
        if not self._foreign(n) and of_something_for_it(quote, self._particulars, self._words_of, said):
            return True
        if self._of_another_clause(text, quote) or self._of_a_rival(text, n, span):
            return True
        shown = f"{self._around[n - 1]}\n{chunk.text}\n{self._question}"
        if not is_row(quote) and says_it_of_a_sibling(text, quote, shown, self._language):
            return True
        if tells_no_change(text, self._question, chunk.text, quote):
            return True
        if misses_quarter(text, quote, self._shown[n - 1], self._question):
            return True
        if misses_bound(text, self._with_days(text, n) or quote) or turns_bound(text, quote):
            return True
        by_ticks = denies_ticks(text, chunk.text, self._stems(n))
        if by_ticks is not None:
            return by_ticks
        quote = self._introduced(n, span)
        if self._foreign(n):
            return facts.negates_across(text, self._language, quote, chunk.language)
        if self._says_exception(text, quote):
            return facts.denies(text, self._language)
        # what is not so is asked for, and the passage says what is so
        if not self._yes_or_no and facts.negates_alone(self._question, quote, self._language, self._stems(n)):
            return True
        return facts.negates(text, quote, self._language, self._stems(n))

    def _denies_question(self, n: int, span: Span) -> bool | None:
        """Whether the sentence that decides a question denies it; None where that cannot be told."""
        chunk, quote = self._passages[n - 1].chunk, self._introduced(n, span)
        if facts.denies(self._question, self._language) or not self._yes_or_no:
            return None
        if self._foreign(n):
            return facts.negates_across(self._question, self._language, quote, chunk.language)
        return facts.negates(self._question, quote, self._language, self._stems(n))

    def _says_exception(self, text: str, quote: str) -> bool:
        """Whether what a sentence says is the exception of a denial: "not covered, except to repair an injury"."""
        exception = _EXCEPT.search(quote)
        if not exception or not facts.denies(quote[: exception.start()], self._language):
            return False
        own = content_terms(text, self._language)
        told = known_terms(quote[exception.end() :], self._language)
        added = [term for term in own if term not in self._asked]
        return bool(added) and all(term in told for term in added)

    def _introduced(self, n: int, span: Span) -> str:
        """What a passage states there, a point of a list behind the line that introduces it."""
        return introduced(blank_options(self._passages[n - 1].chunk.text), *span)

    def _belied(self, said: Polarity, rest: str, n: int, span: Span) -> bool:
        """Whether the yes or no before a sentence is not what the sentence that decides says."""
        denied = self._denies_question(n, span)
        if denied is None or denied == (said == "no"):
            return False
        if said == "yes":
            return True
        # "No, it is 2.5" denies by what it says instead
        instead = set(facts.numbers(rest)) - self._given or content_words(rest, self._language) - self._asked
        return not instead and not facts.denies(rest, self._language)

    def _apart(self, text: str, n: int, span: Span) -> bool:
        """Whether what a sentence puts together stands apart in the passage.

        Its figures and names must stand in sentences next to each other, and no other sentence with a quantity of the
        kind may be clearly nearer to the words of sentence and question than the one whose figure is taken.
        """
        chunk = self._passages[n - 1].chunk
        if "|" in chunk.text[slice(*span)]:
            return False  # rows are judged by themselves
        figures = set(facts.numbers(facts.blank_shared_dates(text, chunk.text)[0])) - self._given
        if not figures:
            return False
        wanted = known_terms(text, self._language) | self._asked | figures
        languages = {self._language, chunk.language}
        prose = [one for one in _statements(chunk.text, languages, wanted) if "|" not in chunk.text[one[0] : one[1]]]
        near = self._around[n - 1]
        needed = {figure for figure in figures if figure not in facts.number_variants(near)}
        ends = [*(begin for begin, _, _ in prose[TOGETHER:]), *[len(chunk.text)] * TOGETHER]
        windows = (chunk.text[begin:end] for (begin, _, _), end in zip(prose, ends, strict=False))
        listed = sum(bool(POINT.match(chunk.text, one[0])) for one in prose) > 1
        together = listed or any(needed <= facts.number_variants(window) for window in windows)
        if prose and not together:
            return True
        return not self._foreign(n) and self._another_is_nearer(text, figures, prose, span, n)

    def _of_another_clause(self, text: str, quote: str) -> bool:
        """Whether a figure is taken from one clause of the quoted sentence for what another clause says with its own.

        "You pay 5%, the company pays 8.5%" does not state that the company pays 5%. A clause that has none of the words
        leaves them out, and belongs to the one before it.
        """
        figures = set(facts.numbers(text)) - self._given
        said, words = self._said_of(text, figures)
        own: set[str] = set()
        others: list[set[str]] = []
        for clause in _CLAUSE.split(quote):
            stated = {number for number, unit in facts.quantities(clause) if unit in said}
            shared = words & known_terms(clause, self._language)
            if stated & figures:
                own |= shared
            elif stated:
                others.append(shared)
        return bool(own) and _is_nearer(own, others)

    def _of_a_rival(self, text: str, n: int, span: Span) -> bool:
        """Whether a value is told of something that another sentence or clause is about, with a value of its own."""
        chunk = self._passages[n - 1].chunk
        quote = chunk.text[slice(*span)]
        if self._foreign(n) or "|" in quote:
            return False
        languages, known = {self._language, chunk.language}, self._words_of(text) | self._asked

        def terms(words: str) -> set[str]:
            return {term for language in languages for term in content_terms(words, language, known)}

        def stated(words: str, more: Iterable[str] = ()) -> Statement:
            return statement(words, terms, more, with_names=self._language not in CAPITAL_NOUNS)

        said, given = stated(" ".join([text, *sorted(self._particulars)])), stated(self._question)
        # what the question asks about by its number or day is what is said, even where only "it" stands for it
        asked = {value for value in given.values if value[0] != "name"}
        near = stated(self._around[n - 1])
        said = replace(said, words=said.words - near.words, values=(said.values | asked) - near.values)
        told = _referring(chunk.text, _statements(chunk.text, languages, known))
        prose = [(begin, end, more) for begin, end, more in told if "|" not in chunk.text[begin:end]]
        own = [number for number, (begin, end, _) in enumerate(prose) if begin < span[1] and span[0] < end]
        places = [stated(chunk.text[begin:end], more) for begin, end, more in prose]
        if own and is_of_a_rival(said, places, own, given):
            return True
        parts = list(map(stated, clauses(quote)))
        return any(is_of_a_rival(said, parts, [number], given) for number in range(len(parts)))

    def _said_of(self, text: str, figures: set[str]) -> tuple[set[str], set[str]]:
        """The units of a sentence's figures, and its words and those of the question without figures."""
        said = {unit for number, unit in facts.quantities(text) if number in figures}
        words = known_terms(text, self._language) | self._asked
        return said, {term for term in words if not any(map(str.isdigit, term))}

    def _another_is_nearer(
        self, text: str, figures: set[str], prose: Sequence[tuple[int, int, set[str]]], span: Span, n: int
    ) -> bool:
        passage = self._passages[n - 1].chunk.text
        said, words = self._said_of(text, figures)
        if not said or not words:
            return False
        own: set[str] = set()
        others: list[set[str]] = []
        for (begin, end, terms), (_, _, told) in zip(prose, _referring(passage, list(prose)), strict=True):
            if begin < span[1] and span[0] < end:
                own |= words & told
            elif any(unit in said and other not in figures for other, unit in facts.quantities(passage[begin:end])):
                others.append(words & terms)
        return _is_nearer(own, others) or self._misses_the_point(text, own & self._asked, others)

    def _misses_the_point(self, text: str, own: set[str], others: Sequence[set[str]]) -> bool:
        """Whether another place has more of the words of a question for an amount, of which a sentence says none.

        What a model copied from the wrong sentence is near to that by all of its own words.
        """
        if not asks_quantity(self._question, self._language):
            return False
        told = known_terms(text, self._language)
        for other in (other & self._asked for other in others):
            more = other - own
            if len(more) >= NEARER_WORDS and len(other) > len(own) and not more & told:
                return True
        return False

    def _quote(self, text: str, n: int) -> str:
        return self._passages[n - 1].chunk.text[slice(*self._span(text, n))]

    def _span(self, text: str, n: int) -> Span:
        if (text, n) not in self._spans:
            self._spans[text, n] = self._nearest_span(text, n)
        return self._spans[text, n]

    def _nearest_span(self, text: str, n: int) -> Span:
        """Where a passage states a sentence: its sentence or row that shares most with it, and with the question."""
        numbers, chunk = set(facts.numbers(text)), self._passages[n - 1].chunk
        wanted = known_terms(text, self._language) | numbers
        figures, asked = numbers - self._given, self._asked - wanted

        def score(statement: tuple[int, int, set[str]]) -> tuple[float, int]:
            start, _, terms = statement
            # a figure that the question did not give is what the person will look for
            shared = len(wanted & terms) + 0.5 * len(asked & terms) + FIGURE_WEIGHT * len(figures & terms)
            return _density(shared, terms), -start

        statements = _statements(chunk.text, {self._language, chunk.language}, wanted | asked)
        start, end, shared = max(statements, key=score)
        if self._similar and self._foreign(n) and not figures & shared:
            # words of another language tell little
            near = self._similar(text, [chunk.text[begin:end] for begin, end, _ in statements])
            start, end, _ = statements[max(range(len(statements)), key=lambda one: near[one])]
        return start, end


def _is_nearer(own: set[str], others: Sequence[set[str]]) -> bool:
    """Whether one of other places has all the words that a figure's own place has, and clearly more.

    One that lacks a word which stands there is about something else: "all three goals", "two of the three".
    """
    return any(own <= other and len(other) - len(own) >= NEARER_WORDS for other in others)


def _density(shared: float, terms: set[str]) -> float:
    """What a statement of some terms is worth that shares so many of those that are wanted; long ones share more."""
    return shared / math.sqrt(math.sqrt(len(terms) + 8))


def _statements(passage: str, languages: set[str], known: set[str]) -> list[tuple[int, int, set[str]]]:
    """Sentences and rows of a passage as candidates for a quote, at least one: offsets and terms, as they are known.

    The terms of a list's point are also those of the line that introduces it.
    """
    spans: list[Span] = []
    for paragraph in PARAGRAPH.finditer(passage):
        for begin, end in sentence_spans(passage, *paragraph.span()):
            spans.extend(_cut_long(passage, begin, end))
    statements = []
    for begin, end in spans:
        piece = passage[begin:end]
        begin, end = begin + _blank_before(piece), end - _blank_before(piece[::-1])
        if begin < end:
            piece = passage[begin:end]
            # figures come as whole numbers: 19.40 has no 19
            found = (term for language in languages for term in content_terms(piece, language, known))
            terms = {term for term in found if not term.isdigit()}
            if lead := lead_in(passage, begin):
                terms |= {term for language in languages for term in content_terms(lead, language, known)}
            statements.append((begin, end, terms | facts.number_variants(piece)))
    return statements or [(0, min(len(passage), MAX_QUOTE_CHARACTERS), set())]


def _referring(passage: str, statements: list[tuple[int, int, set[str]]]) -> list[tuple[int, int, set[str]]]:
    """Statements with the terms of the one before them, where their first word refers to that ("It is closed on …")."""
    told: list[tuple[int, int, set[str]]] = []
    for number, (begin, end, terms) in enumerate(statements):
        refers = number and REFERS.match(passage[begin:end])
        told.append((begin, end, terms | statements[number - 1][2] if refers else terms))
    return told


def _blank_before(text: str) -> int:
    blank = _BLANK.match(text)
    return blank.end() if blank else 0


def _cut_long(passage: str, begin: int, end: int) -> list[Span]:
    """The candidates in a sentence: of a table or list, which has no full stops, its lines, alone and in pairs."""
    text = passage[begin:end]
    if "\n" not in text.strip() or (len(text) <= LONG_STATEMENT_CHARACTERS and "|" not in text):
        return [(begin, min(end, begin + MAX_QUOTE_CHARACTERS))]
    bounds = [begin] + [begin + match.end() for match in re.finditer("\n", text)] + [end]
    lines = [(a, b) for a, b in pairwise(bounds) if passage[a:b].strip()]
    pairs = [(a, d) for (a, _), (_, d) in pairwise(lines) if "|" not in passage[a:d]]
    return lines + pairs
