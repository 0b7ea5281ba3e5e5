"""Grounding: which passage states each sentence of an answer, and in which words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from ragapp.answer import facts
from ragapp.answer.prompt_injection import blank_injections
from ragapp.answer.sentences import DRAWN, PARAGRAPH, sentence_spans
from ragapp.answer.table_rows import mixes_rows
from ragapp.answer.ticked_boxes import blank_options, blank_unticked, denies_ticks
from ragapp.contract import Citation, Sentence
from ragapp.index.analysis import content_terms, content_words, known_terms
from ragapp.retrieval.passage import ScoredChunk

#: a citation mark, such as ``[1]``
MARK = re.compile(r"\s*\[(\d{1,2}(?:\s*[,;]\s*\d{1,2})*)\]")
_LEADING_MARKS = re.compile(rf"(?:{MARK.pattern})+\s*")
_ITEM_NUMBER = re.compile(r"^(\d{1,2})[.)]\s+")
# share of a sentence's own terms that a passage which supports it must have
SUPPORT_SHARE = 0.5
# by how much the support of another passage must be higher to take a citation over
CITED_MARGIN = 0.34
# semantic similarity at which a sentence in other words is supported
SIMILAR = 0.75
# languages that capitalise all nouns, so that a capital is no sign of a name
_CAPITAL_NOUNS = {"de", "lb"}
MAX_QUOTE_CHARACTERS = 400
FIGURE_WEIGHT = 3
LONG_STATEMENT_CHARACTERS = 240
# space, and lines that are drawn with characters
_BLANK = re.compile(rf"(?:\s|{DRAWN})*+")

#: semantic similarity of a text to each of several others, 0 unrelated to 1 identical
Similarity = Callable[[str, Sequence[str]], Sequence[float]]
# offsets in a passage's text
Span = tuple[int, int]


def ground(
    answer: str, question: str, passages: Sequence[ScoredChunk], language: str, similar: Similarity | None = None
) -> tuple[list[Sentence], list[Citation]]:
    """Attribute each sentence of an answer to the passage that states it.

    A passage supports a sentence when it has every number (with its unit), date and name of the sentence and most of
    the words that the sentence adds to the question, and neither negates the other.  A citation of a passage that does
    not support its sentence is moved to one that does, or dropped.  Prompt injections in a passage support nothing.

    Args:
        answer: as the model wrote it, with marks such as ``[1]``, in ``language`` (ISO 639-1).
        question: repeating its words is no evidence.
        passages: in the order of their numbers in the prompt.
        similar: for sentences whose words differ from the passage's; None leaves those unsupported.

    Returns:
        The sentences with corrected marks, and one citation for each cited passage, in order of appearance.
    """
    evidence = _Evidence(question, [blank_injections(passage) for passage in passages], language, similar)
    sentences: list[Sentence] = []
    citations: dict[int, Citation] = {}
    written = split_sentences(answer)
    numbered = _is_numbered(written)
    for raw in written:
        cited = [int(n) for group in MARK.findall(raw) for n in re.findall(r"\d+", group)]
        text = MARK.sub("", raw).strip()
        claim = _ITEM_NUMBER.sub("", text) if numbered else text
        if not claim.strip(" .,;:!?"):
            continue
        found = evidence.find(claim, [n for n in dict.fromkeys(cited) if 1 <= n <= len(passages)])
        if found:
            n, span = found
            citations.setdefault(n, evidence.cite(n, span))
            sentences.append(Sentence(f"{text} [{n}]", True, (n,)))
        else:
            sentences.append(Sentence(text, False, ()))
    return sentences, list(citations.values())


def split_sentences(text: str) -> list[str]:
    """The sentences of an answer; a mark after the full stop belongs to its sentence, and a line break ends one."""
    sentences: list[str] = []
    for line in map(str.strip, text.splitlines()):
        for number, part in enumerate(line[begin:end] for begin, end in sentence_spans(line)):
            marks = _LEADING_MARKS.match(part)
            if number and marks:
                sentences[-1] += f" {marks[0].strip()}"
                part = part[marks.end() :]
            if part:
                sentences.append(part)
    return sentences


def _is_numbered(sentences: Sequence[str]) -> bool:
    """Whether an answer numbers its points; such numbers need no support."""
    numbers = [int(item[1]) for item in map(_ITEM_NUMBER.match, sentences) if item]
    return len(numbers) > 1 and numbers == list(range(1, len(numbers) + 1))


class _Evidence:
    """The passages that the sentences of an answer are checked against; they are numbered from 1."""

    def __init__(self, question: str, passages: Sequence[ScoredChunk], language: str, similar: Similarity | None):
        self._passages, self._question, self._language, self._similar = passages, question, language, similar
        self._asked, self._given = known_terms(question, language), facts.number_variants(question)
        chunks = [passage.chunk for passage in passages]
        self._shown = [" \n ".join((chunk.title, *chunk.headings, blank_unticked(chunk.text))) for chunk in chunks]
        # stemmed by the language of the passage and by that of the answer
        self._terms = [
            {term for code in (chunk.language, language) for term in known_terms(shown, code)}
            for chunk, shown in zip(chunks, self._shown, strict=True)
        ]

    def find(self, text: str, cited: Sequence[int]) -> tuple[int, Span] | None:
        """The passage that states a sentence, and where in it: a cited one if any does, else that with most support.

        Of equal ones, that with more of the question wins: two versions of a policy share many sentences, and the
        question says which is meant.
        """
        support = {n: self._support(text, n) for n in range(1, len(self._passages) + 1)}
        echoed = {n: self._echoed(self._terms[n - 1]) for n in support}
        best_first = sorted(support, key=lambda n: (-support[n], n not in cited, -echoed[n], n))
        # the model's own choice stands unless another passage has clearly more support
        kept = [n for n in cited if support[best_first[0]] - support[n] < CITED_MARGIN]
        for n in dict.fromkeys([*kept, *best_first]):
            if support[n] >= SUPPORT_SHARE and not self._denied(text, n):
                return n, self._span(text, n)
        return None

    def _echoed(self, terms: set[str]) -> int:
        """How many of the question's words a passage has."""
        return len(terms.intersection(content_terms(self._question, self._language, terms)))

    def cite(self, n: int, span: Span) -> Citation:
        chunk = self._passages[n - 1].chunk
        quote = chunk.text[slice(*span)]
        # a table chunk repeats its header: its rows stand in the unit at the end of its span
        shift = chunk.end - len(chunk.text)
        start = max(chunk.start, shift + span[0])
        place = (chunk.document, chunk.path, chunk.unit, chunk.label, chunk.kind)
        return Citation(*place, n=n, quote=quote, start=start, end=start + len(quote))

    def _support(self, text: str, n: int) -> float:
        """Share of what a sentence adds to the question that a passage has; 0 where a figure, date or name is missing.

        A number counts for two words, since the same figure is seldom there by chance.
        """
        shown, terms = self._shown[n - 1], self._terms[n - 1]
        if facts.has_unsupported_figure(text, shown, self._question):
            return 0.0
        text, days = facts.blank_shared_dates(text, shown)
        named = [] if self._language in _CAPITAL_NOUNS else facts.names(text)
        known = terms | self._asked
        if not set(content_terms(" ".join(named), self._language, known)) <= known:
            return 0.0
        figures = 2 * (sum(number not in self._given for number in facts.numbers(text)) + days)
        words = content_words(text, self._language, known)
        # a sentence that only repeats the question must be in the passage as a whole
        own = words - self._asked if figures else words - self._asked or words
        weight = len(own) + figures
        share = (len(own & terms) + figures) / weight if weight else 0.0
        if share < SUPPORT_SHARE and self._similar and weight:
            share = SUPPORT_SHARE if self._similar(text, [self._quote(text, n)])[0] >= SIMILAR else share
        return share

    def _denied(self, text: str, n: int) -> bool:
        if mixes_rows(text, self._passages[n - 1].chunk.text):
            return True
        language, chunk = self._language, self._passages[n - 1].chunk

        def stems(words: str) -> Iterable[str]:
            return content_terms(words, language, self._terms[n - 1])

        by_ticks = denies_ticks(text, chunk.text, stems)
        if by_ticks is not None or chunk.language != language:
            return bool(by_ticks)
        return facts.negates(text, blank_options(chunk.text)[slice(*self._span(text, n))], language, stems)

    def _quote(self, text: str, n: int) -> str:
        return self._passages[n - 1].chunk.text[slice(*self._span(text, n))]

    def _span(self, text: str, n: int) -> Span:
        """Where a passage states a sentence: its sentence or row that shares most with it, and with the question."""
        numbers, chunk = set(facts.numbers(text)), self._passages[n - 1].chunk
        wanted = known_terms(text, self._language) | numbers
        figures, asked = numbers - self._given, self._asked - wanted

        def score(statement: tuple[int, int, set[str]]) -> tuple[float, int]:
            start, _, terms = statement
            # a figure that the question did not give is what the person will look for
            shared = len(wanted & terms) + 0.5 * len(asked & terms) + FIGURE_WEIGHT * len(figures & terms)
            return shared / (len(terms) + 8) ** 0.25, -start

        start, end, _ = max(_statements(chunk.text, {self._language, chunk.language}, wanted | asked), key=score)
        return start, end


def _statements(passage: str, languages: set[str], known: set[str]) -> list[tuple[int, int, set[str]]]:
    """Sentences and rows of a passage as candidates for a quote, at least one: offsets and terms, as they are known."""
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
            terms = {term for language in languages for term in content_terms(piece, language, known)}
            statements.append((begin, end, terms | facts.number_variants(piece)))
    return statements or [(0, min(len(passage), MAX_QUOTE_CHARACTERS), set())]


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


class CitationMarkFilter:
    """Removes citation marks from a stream, since they are checked only when the answer has ended."""

    _OPEN = re.compile(r"\s*\[[\d,;\s]*$|\s+$")

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """The next text to show."""
        text = MARK.sub("", self._held + piece)
        match = self._OPEN.search(text)
        cut = match.start() if match else len(text)
        self._held = text[cut:]
        return text[:cut]
